"""``impact status``; parse, call, print."""

from __future__ import annotations

import datetime
from typing import Annotated

import typer

from impact.cli.names import check_name
from impact.cli.options import DEFAULT_DB, AsJson, Database, PublishedProgramme
from impact.cli.printing import out, print_json
from impact.cli.terminal.status import print_status
from impact.publish.attention import Followed, attention
from impact.publish.rows import json_rows
from impact.publish.tables import read_table
from impact.store.snapshot import open_reader
from impact.tables.charts import ChartPoint
from impact.tables.milestones import Milestone
from impact.tables.monitoring import Report

app = typer.Typer(add_completion=False)
FIRST = 20
"""Lines that are printed without ``--all``."""


@app.command()
def status(
    programme: PublishedProgramme,
    db: Database = DEFAULT_DB,
    on: Annotated[
        datetime.datetime | None, typer.Option("--on", formats=["%Y-%m-%d"], help="Look from this day; today.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help=f"Print every line, not the first {FIRST}.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show who is late, who is off course, and which values are signals: what to look at first."""
    today = on.date() if on else datetime.date.today()
    with open_reader(db) as warehouse:
        check_name(warehouse, programme)
        tables = (read_table(warehouse, record, programme) for record in (ChartPoint, Milestone, Report))
        followed = Followed(*tables)
    lines = attention(followed, today)
    if as_json:
        print_json(json_rows(lines))
        return
    print_status(out, followed, lines, today, limit=None if everything else FIRST)
