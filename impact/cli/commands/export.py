"""``impact export``: what is published of a programme as files; parse, call, print."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from impact.cli.faults import Terminal
from impact.cli.options import DEFAULT_DB, Database, PublishedProgramme, language_of
from impact.files import check_apart
from impact.publish.export import FORMATS, Takes, export_programme
from impact.publish.official.data_set import Selection
from impact.store.snapshot import open_reader

app = typer.Typer(add_completion=False)
out = Terminal(soft_wrap=True, highlight=False)
OWN = ", ".join(name for name, form in FORMATS.items() if form.takes in (Takes.TABLE, Takes.DOSSIER))


@app.command()
def export(
    programme: PublishedProgramme,
    *,
    path: Annotated[
        Path,
        typer.Option(
            "--out",
            metavar="PATH",
            help="Where to write: a new folder, a .zip, or one file that ends as its format does.",
        ),
    ],
    form: Annotated[
        str | None,
        typer.Option("--format", help=f"{OWN}, or one that a package adds; by default as PATH ends, else csv."),
    ] = None,
    tables: Annotated[
        list[str] | None,
        typer.Option("--table", metavar="NAME", help="Only this table, such as findings; repeat it. All by default."),
    ] = None,
    areas: Annotated[
        list[str] | None,
        typer.Option("--area", metavar="CODE", help="Only observations of this area, such as ITC1; repeat it."),
    ] = None,
    periods: Annotated[
        list[str] | None,
        typer.Option("--period", metavar="PERIOD", help="Only observations of this period, such as 2021; repeat it."),
    ] = None,
    indicators: Annotated[
        list[str] | None,
        typer.Option("--indicator", metavar="ID", help="Only observations of this indicator; repeat it."),
    ] = None,
    rows: Annotated[
        bool, typer.Option("--rows", help="Write rows of persons too, where the format is made of them.")
    ] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Replace a file or ZIP that exists.")] = False,
    db: Database = DEFAULT_DB,
    lang: Annotated[str, typer.Option(help="it or en: of sentences and meanings.")] = "it",
) -> None:
    """Write what is published of a programme as files, without what is suppressed."""
    language = language_of(lang)
    check_apart(path, db, "export")  # what is read is a copy of it
    selection = Selection(tuple(areas or ()), tuple(periods or ()), tuple(indicators or ()))
    with open_reader(db) as warehouse:
        exported = export_programme(
            warehouse, programme, path, form=form, names=tables or (), language=language, selection=selection,
            rows=rows, replace=replace,
        )  # fmt: skip
    counts = f"{_counted(len(exported.files), 'file')}, {_counted(exported.rows, 'row')}"
    held = f"; {exported.validation}" if exported.validation else ""
    out.print(f"Wrote {path}: {counts}{held}", markup=False)


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
