"""``impact portfolio``; parse, call, print."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from impact.cli.options import DEFAULT_DB, AsJson, Database
from impact.cli.printing import out, print_json
from impact.cli.terminal.portfolio import portfolio_json, print_portfolio
from impact.declare.portfolio import read_portfolio
from impact.publish.published import ReaderTables
from impact.store.snapshot import open_reader
from impact.tables.finding import Finding
from impact.tables.frames import to_records
from impact.value.portfolio import read_positions

app = typer.Typer(add_completion=False)


@app.command()
def portfolio(
    file: Annotated[Path, typer.Argument(metavar="FILE", readable=False, help="A portfolio.yaml.")],
    db: Database = DEFAULT_DB,
    as_json: AsJson = False,
) -> None:
    """Hold money against outcomes across programmes, and say what the next euro should learn or fund."""
    declared, lines = read_portfolio(file)
    with open_reader(db) as warehouse:
        findings = to_records(Finding, ReaderTables(warehouse).findings())
    reading = read_positions(declared, lines, file.name, findings)
    if as_json:
        print_json(portfolio_json(reading))
        return
    print_portfolio(out, reading)
