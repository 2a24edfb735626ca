"""``impact findings``; parse, call, print."""

from __future__ import annotations

from typing import Annotated

import typer

from impact.cli.names import check_name
from impact.cli.options import DEFAULT_DB, AsJson, Database
from impact.cli.printing import out, print_json
from impact.cli.terminal.findings import print_findings
from impact.publish.rows import json_rows
from impact.publish.tables import findings_table
from impact.store.snapshot import open_reader

app = typer.Typer(add_completion=False)


@app.command()
def findings(
    programme: Annotated[str | None, typer.Argument(help="Only this programme.")] = None,
    db: Database = DEFAULT_DB,
    everything: Annotated[bool, typer.Option("--all", help="Show projects, territories and groups too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what was found: ex ante beside ex post, effect and evidence."""
    with open_reader(db) as warehouse:
        check_name(warehouse, programme)
        table = findings_table(warehouse, programme)
    if as_json:
        print_json(json_rows(table))
        return
    print_findings(out, table, show_parts=everything)
