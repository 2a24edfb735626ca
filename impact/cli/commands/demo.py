"""``impact demo``; parse, call, print."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from impact.cli.options import AsJson, Database, InFull
from impact.cli.printing import out, print_json, progress_bar
from impact.cli.terminal.headlines import print_found, print_refused
from impact.cli.terminal.runs import print_report
from impact.declare.load import load_programme
from impact.declare.read import shipped
from impact.publish.rows import json_rows
from impact.publish.tables import findings_table, read_table
from impact.run.flow import RunReport, run_programme
from impact.store.warehouse import Warehouse
from impact.tables.process import Claim

app = typer.Typer(add_completion=False)
DEMO_DB = Path("impact-demo.duckdb")


@app.command()
def demo(
    db: Database = DEMO_DB,
    serve: Annotated[bool, typer.Option("--serve", help="Open the findings in a browser app on this machine.")] = False,
    port: Annotated[int, typer.Option(help="Port of the app.", min=1024, max=65535)] = 8050,
    in_full: InFull = False,
    as_json: AsJson = False,
) -> None:
    """Run the example programmes into one database and print what was found, level by level."""
    with Warehouse(db) as warehouse:
        with progress_bar(not as_json) as progress:
            reports = [run_programme(load_programme(folder), warehouse, progress=progress) for folder in _examples()]
        findings = findings_table(warehouse)
        claims = read_table(warehouse, Claim)
    if as_json:
        run_reports = [dataclasses.asdict(report) for report in reports]
        print_json({"reports": run_reports, "findings": json_rows(findings)})
    else:
        print_found(out, findings, in_full=in_full)
        _print_runs(reports, claims, in_full=in_full)
        _print_next_steps(db)
    if serve:
        importlib.import_module("impact_dashboards.server.serve").serve(db, port=port)


def _print_runs(reports: Sequence[RunReport], claims: pd.DataFrame, *, in_full: bool) -> None:
    """Print what each run did; where not all is asked for, what was set aside."""
    if not in_full:
        print_refused(out, reports, claims)
        return
    for report in reports:
        print_report(out, report, claims)


def _examples() -> list[Path]:
    """Return the folders of the example programmes, in the order of their names."""
    folders = [path.parent for path in shipped("data").glob("*/programme.yaml")]
    return sorted(folder for folder in folders if folder.name != "local")


def _print_next_steps(db: Path) -> None:
    """Say what a reader of the examples may try with them."""
    out.print(f"Wrote {db}. Next:", soft_wrap=True)
    commands = (
        (f"serve --db {db}", "the app, in the browser"),
        (f"findings --db {db}", "every finding"),
        (f"trace nsw/earnings --db {db}", "a number back to its rows"),
        (f"quarantine wecare --db {db}", "rows set aside, and why"),
        ("init my_programme", "a folder that runs as it is"),
    )
    width = max(len(command) for command, _ in commands)
    for command, what in commands:
        out.print(f"  impact {command:<{width}}  {what}", soft_wrap=True)
