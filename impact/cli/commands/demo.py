"""``impact demo``; parse, call, print."""

from __future__ import annotations

import dataclasses
import importlib
from pathlib import Path
from typing import Annotated

import typer

from impact.cli.options import AsJson, Database
from impact.cli.printing import out, print_json, progress_bar
from impact.cli.terminal.findings import print_findings
from impact.cli.terminal.runs import print_report
from impact.declare.load import load_programme
from impact.declare.read import shipped
from impact.publish.rows import json_rows
from impact.publish.tables import findings_table, read_table
from impact.run.flow import run_programme
from impact.store.warehouse import Warehouse
from impact.tables.process import Claim

app = typer.Typer(add_completion=False)
DEMO_DB = Path("impact-demo.duckdb")


@app.command()
def demo(
    db: Database = DEMO_DB,
    serve: Annotated[bool, typer.Option("--serve", help="Open the findings in a browser app on this machine.")] = False,
    port: Annotated[int, typer.Option(help="Port of the app.", min=1024, max=65535)] = 8050,
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
        print_findings(out, findings, show_parts=False)
        for report in reports:
            print_report(out, report, claims)
        _print_next_steps(db)
    if serve:
        importlib.import_module("impact_dashboards.server.serve").serve(db, port=port)


def _examples() -> list[Path]:
    """Return the folders of the example programmes, in the order of their names."""
    folders = [path.parent for path in shipped("data").glob("*/programme.yaml")]
    return sorted(folder for folder in folders if folder.name != "local")


def _print_next_steps(db: Path) -> None:
    """Say what a reader of the examples may try with them."""
    out.print(f"\nWrote {db}. Next:", soft_wrap=True)
    lines = (
        f"  impact trace nsw/earnings --db {db}      the path of one number back to its rows",
        f"  impact quarantine wecare --db {db}       the rows set aside, and why",
        "  impact init my_programme                           a folder of your own that runs as it is",
    )
    for line in lines:
        out.print(line, soft_wrap=True)
