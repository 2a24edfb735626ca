"""``impact value``; parse, call, print."""

from __future__ import annotations

from typing import Annotated

import typer

from impact.cli.names import check_name
from impact.cli.options import DEFAULT_DB, AsJson, Database
from impact.cli.printing import out, print_json
from impact.cli.terminal.value import print_valuations
from impact.errors import UsageError
from impact.publish.rows import json_rows
from impact.publish.tables import read_table
from impact.store.snapshot import open_reader
from impact.tables.valuation import Valuation

app = typer.Typer(add_completion=False)


@app.command()
def value(
    programme: Annotated[str, typer.Argument(help="A programme in the database.")],
    db: Database = DEFAULT_DB,
    as_json: AsJson = False,
) -> None:
    """Show what a decision needs: dimensions of impact, pooled effects, costs, payments, with their intervals."""
    with open_reader(db) as warehouse:
        check_name(warehouse, programme)
        table = read_table(warehouse, Valuation, programme)
    if table.empty:
        raise UsageError(f"{programme} declares nothing of value; see docs/how-to/value_a_programme.md")
    if as_json:
        print_json(json_rows(table))
        return
    print_valuations(out, table)
