"""``impact context``: official statistics as sources of a programme; parse, call, print."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from impact.cli.add_series import Added, SourceFields, add_context
from impact.cli.faults import Terminal
from impact.errors import UsageError

app = typer.Typer(
    name="context",
    help="Series from official statistics, beside what a programme measures.",
    no_args_is_help=True,
    add_completion=False,
)
out = Terminal(soft_wrap=True, highlight=False)
PLURALS = (
    ("series", "series", "series"),
    ("territories", "territory", "territories"),
    ("periods", "period", "periods"),
)


@app.callback()
def _context() -> None:
    """Keep ``add`` a command of its own."""


@app.command()
def add(
    file: Annotated[Path, typer.Argument(metavar="FILE", readable=False, help="File as downloaded, gzipped or not.")],
    programme: Annotated[
        Path, typer.Argument(metavar="PROGRAMME", readable=False, help="Folder that holds programme.yaml.")
    ],
    *,
    name: Annotated[str, typer.Option("--id", help="Id of the source, and of its series.")],
    form: Annotated[str, typer.Option("--format", help="eurostat_tsv, sdmx_csv or sdmx_ml.")],
    territory: Annotated[str, typer.Option(help="Dimension that holds the territory: geo, REF_AREA, ITTER107 …")],
    title: Annotated[str, typer.Option(help="Title of the series.")],
    publisher: Annotated[str, typer.Option(help="Who publishes it.")],
    licence: Annotated[str, typer.Option(help="Terms under which it may be used.")],
    keep: Annotated[
        list[str] | None, typer.Option(metavar="DIM=CODE[,CODE]", help="What to choose; repeat it.")
    ] = None,
    document: Annotated[str, typer.Option(help="Code of the data set.")] = "",
    url: Annotated[str, typer.Option(help="Where it was downloaded.")] = "",
    retrieved: Annotated[str, typer.Option(help="When it was downloaded, YYYY-MM-DD.")] = "",
    unit: Annotated[str, typer.Option(help="Unit of measurement of the values.")] = "",
) -> None:
    """Copy a file of Eurostat or another office into a programme and declare it, if it can be read as told."""
    provenance = {"title": title, "kind": "real", "publisher": publisher, "document": document, "url": url}
    provenance |= {"licence": licence, "retrieved": retrieved}
    declared: SourceFields = {
        "id": name,
        "series": {"format": form, "territory": territory, "keep": _selection(keep or ())},
        "set": {"series": name, "series_title": title} | ({"unit": unit} if unit else {}),
        "provenance": {field: value for field, value in provenance.items() if value},
    }
    try:
        _print(add_context(programme, file, declared))
    except ValidationError as error:
        raise UsageError(_first_error(error)) from None


def _first_error(error: ValidationError) -> str:
    first = error.errors()[0]
    path = map(str, first["loc"])
    field = ".".join(path)
    return f"{field}: {first['msg']}"


def _selection(options: Sequence[str]) -> dict[str, str | list[str]]:
    """Read ``DIM=CODE`` and ``DIM=CODE,CODE``; the same dimension may come again."""
    selection: dict[str, list[str]] = {}
    for option in options:
        name, _, listed = option.partition("=")
        dimension = name.strip()
        codes = [code.strip() for code in listed.split(",")]
        if not dimension or not all(codes):
            raise UsageError(f"--keep takes DIM=CODE, not '{option}'")
        selection.setdefault(dimension, []).extend(codes)
    return {dimension: codes[0] if len(codes) == 1 else codes for dimension, codes in selection.items()}


def _print(added: Added) -> None:
    summary = added.summary
    counts = ", ".join(_count(getattr(summary, field), singular, plural) for field, singular, plural in PLURALS)
    flags = ", ".join(f"{flag} {count}" for flag, count in summary.flags.items()) or "none"
    periods = f"{summary.first_period} to {summary.last_period}"
    _print_line(f"Added {added.source}: {counts} ({periods})")
    _print_line(f"  {summary.observations} observations, {summary.missing} without a value; flags: {flags}")
    _print_line(f"  {added.rows_good} rows good, {added.rows_bad} to be set aside; copied to {added.file}")


def _count(count: int, singular: str, plural: str) -> str:
    return f"{count} {singular if count == 1 else plural}"


def _print_line(line: str) -> None:
    out.print(line, markup=False)
