"""``impact brief``; parse, call, print."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Annotated

import typer

from impact.cli.options import DEFAULT_DB, Database, PublishedProgramme, page_language_of
from impact.cli.printing import out

app = typer.Typer(add_completion=False)


@app.command()
def brief(
    programme: PublishedProgramme,
    out_file: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where to write: ends with .html or .pdf.")],
    db: Database = DEFAULT_DB,
    lang: Annotated[str, typer.Option(help="it, en, or another that the pages have, such as de.")] = "it",
) -> None:
    """Write one page to decide on: promise, result, effect, certainty, cost, risk, what would change it."""
    language = page_language_of(lang)
    importlib.import_module("impact_dashboards.server.brief").write_brief(db, programme, language, out_file)
    out.print(f"Wrote {out_file}", soft_wrap=True)
