"""``impact run``; parse, call, print."""

from __future__ import annotations

import dataclasses
from typing import Annotated

import typer

from impact.cli.options import DEFAULT_DB, AsJson, Database, InFull, ProgrammeFolder
from impact.cli.printing import out, print_json, progress_bar
from impact.cli.terminal.headlines import print_found
from impact.cli.terminal.runs import print_report
from impact.declare.load import load_programme
from impact.errors import UsageError
from impact.publish.rows import json_rows
from impact.publish.tables import findings_table, read_table
from impact.run.flow import run_programme
from impact.store.state import STAGES
from impact.store.warehouse import Warehouse
from impact.tables.process import Claim

app = typer.Typer(add_completion=False)


@app.command()
def run(
    programme: ProgrammeFolder,
    db: Database = DEFAULT_DB,
    until: Annotated[str, typer.Option(help=f"Stop after a stage: {', '.join(STAGES)}.")] = "publish",
    in_full: InFull = False,
    as_json: AsJson = False,
) -> None:
    """Take a programme from raw files to findings; only what changed is done again."""
    if until not in STAGES:
        raise UsageError(f"--until takes one of {', '.join(STAGES)}, not '{until}'")
    loaded = load_programme(programme)
    with Warehouse(db) as warehouse:
        with progress_bar(not as_json) as progress:
            report = run_programme(loaded, warehouse, until=until, progress=progress)
        findings = findings_table(warehouse, loaded.id)
        claims = read_table(warehouse, Claim, loaded.id)
    if as_json:
        run_report = dataclasses.asdict(report)
        print_json({"report": run_report, "findings": json_rows(findings)})
    else:
        print_report(out, report, claims)
        if report.stage == "publish":
            print_found(out, findings, in_full=in_full)
        out.print(f"Kept in {db}. Next: impact trace FINDING, impact quarantine, impact findings --all")
    raise typer.Exit(1 if report.rows_bad else 0)
