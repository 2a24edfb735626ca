"""``impact trace``; parse, call, print."""

from __future__ import annotations

from typing import Annotated

import typer

from impact.cli.options import DEFAULT_DB, AsJson, Database
from impact.cli.printing import out, print_json
from impact.cli.terminal.trace import print_trace
from impact.publish.trace import trace_finding
from impact.store.snapshot import open_reader

app = typer.Typer(add_completion=False)


@app.command()
def trace(
    finding: Annotated[str, typer.Argument(help="A finding, such as nsw/earnings.")],
    db: Database = DEFAULT_DB,
    as_json: AsJson = False,
) -> None:
    """Follow one number back: definition, query, rows, file, hash, run."""
    with open_reader(db) as warehouse:
        path = trace_finding(warehouse, finding)
    if as_json:
        print_json(path.plain())
    else:
        print_trace(out, path)
