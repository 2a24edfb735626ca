"""``impact quarantine``; parse, call, print."""

from __future__ import annotations

from typing import Annotated

import typer

from impact.cli.names import check_name
from impact.cli.options import DEFAULT_DB, AsJson, Database
from impact.cli.printing import out, print_json
from impact.cli.terminal.runs import print_quarantine
from impact.publish.rows import json_rows
from impact.publish.tables import read_table
from impact.store.snapshot import open_reader
from impact.tables.files import Quarantine

app = typer.Typer(add_completion=False)


@app.command()
def quarantine(
    programme: Annotated[str | None, typer.Argument(help="Only this programme.")] = None,
    db: Database = DEFAULT_DB,
    limit: Annotated[int, typer.Option(min=1, help="How many reasons to list.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Show the rows that were set aside or warned about, with all their reasons."""
    with open_reader(db, "validate") as warehouse:
        check_name(warehouse, programme)
        table = read_table(warehouse, Quarantine, programme)
    if as_json:
        print_json(json_rows(table))
    elif table.empty:
        out.print("The quarantine is empty.")
    else:
        print_quarantine(out, table, limit)
    raise typer.Exit(0 if table.empty else 1)
