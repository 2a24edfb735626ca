"""``impact compare``; parse, call, print."""

from __future__ import annotations

from typing import Annotated

import typer

from impact.cli.options import DEFAULT_DB, AsJson, Database
from impact.cli.printing import out, print_json
from impact.cli.terminal.comparison import comparison_json, print_comparison
from impact.publish.compare import compare_framework
from impact.publish.published import ReaderTables
from impact.store.snapshot import open_reader

app = typer.Typer(add_completion=False)


@app.command()
def compare(
    framework: Annotated[str, typer.Argument(metavar="FRAMEWORK", help="A framework that programmes use.")],
    db: Database = DEFAULT_DB,
    as_json: AsJson = False,
) -> None:
    """Put every programme beside every indicator of a framework, with totals where definitions agree."""
    with open_reader(db) as warehouse:
        comparison = compare_framework(ReaderTables(warehouse), framework)
    if as_json:
        print_json(comparison_json(comparison))
        return
    print_comparison(out, comparison)
