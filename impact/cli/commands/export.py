"""``impact export``: the published tables of a programme as files; parse, call, print."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from impact.cli.faults import Terminal
from impact.cli.options import DEFAULT_DB, Database, PublishedProgramme, language_of
from impact.files import check_apart
from impact.publish.export import FORMATS, Takes, export_programme
from impact.store.snapshot import open_reader

app = typer.Typer(add_completion=False)
out = Terminal(soft_wrap=True, highlight=False)
OWN = ", ".join(name for name, form in FORMATS.items() if form.takes is Takes.TABLE)


@app.command()
def export(
    programme: PublishedProgramme,
    *,
    path: Annotated[
        Path,
        typer.Option(
            "--out",
            metavar="PATH",
            help="Where to write: a new folder, a .zip, or a file of one table that ends as its format does.",
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
    db: Database = DEFAULT_DB,
    lang: Annotated[str, typer.Option(help="it or en: of sentences and meanings.")] = "it",
) -> None:
    """Write the published tables of a programme as files, without what is suppressed and without rows of persons."""
    language = language_of(lang)
    check_apart(path, db, "export")  # what is read is a copy of it
    with open_reader(db) as warehouse:
        exported = export_programme(warehouse, programme, path, form=form, names=tables or (), language=language)
    rows = sum(len(table.frame) for table in exported)
    counts = f"{_counted(len(exported), 'table')}, {_counted(rows, 'row')}"
    out.print(f"Wrote {path}: {counts}", markup=False)


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
