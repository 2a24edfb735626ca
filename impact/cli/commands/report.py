"""``impact report``; parse, call, print."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Annotated

import typer

from impact.cli.options import DEFAULT_DB, Database, PublishedProgramme, language_of
from impact.cli.printing import out

SHORT, WHOLE, SLIDES = "report", "whole", "slides"
"""The report to be read, the one with its appendix, the one to be shown with a finding a page."""
FORMATS = f"{SHORT}; {WHOLE}, with its appendix; {SLIDES}; or a framework with a checklist, as vis."
app = typer.Typer(add_completion=False)


@app.command()
def report(
    programme: PublishedProgramme,
    out_file: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where to write: ends with .html or .pdf.")],
    db: Database = DEFAULT_DB,
    lang: Annotated[str, typer.Option(help="it or en.")] = "it",
    form: Annotated[str, typer.Option("--format", help=FORMATS)] = SHORT,
) -> None:
    """Write the report of a programme: one file, readable without a network; as PDF where a browser can print it."""
    language = language_of(lang)
    if form in {SHORT, WHOLE}:
        module = importlib.import_module("impact_dashboards.server.report")
        module.write_report(db, programme, language, out_file, appendix=form == WHOLE)
    elif form == SLIDES:
        importlib.import_module("impact_dashboards.server.slides").write_slides(db, programme, language, out_file)
    else:
        checklist = importlib.import_module("impact_dashboards.server.checklist")
        checklist.write_checklist(db, programme, form, language, out_file)
    out.print(f"Wrote {out_file}", soft_wrap=True)
