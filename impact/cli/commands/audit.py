"""``impact audit``; parse, call, print."""

from __future__ import annotations

import typer

from impact.cli.faults import err
from impact.cli.options import DEFAULT_DB, AsJson, Database, ProgrammeFolder
from impact.cli.printing import out, print_json, progress_bar
from impact.cli.terminal.claims import print_claims
from impact.declare.load import load_programme
from impact.errors import UsageError
from impact.publish.rows import json_rows
from impact.run.flow import audit_programme
from impact.states import ClaimState
from impact.store.state import behind
from impact.store.warehouse import Warehouse

app = typer.Typer(add_completion=False)


@app.command()
def audit(programme: ProgrammeFolder, db: Database = DEFAULT_DB, as_json: AsJson = False) -> None:
    """Recompute the totals a programme reported about itself; exit code 1 if any differs."""
    loaded = load_programme(programme)
    if not loaded.claims:
        raise UsageError(f"{loaded.id} declares no claims; see docs/how-to/audit_claims.md")
    with Warehouse(db) as warehouse, progress_bar(not as_json) as progress:
        claims = audit_programme(loaded, warehouse, progress=progress)
        waiting = behind(warehouse)
    if as_json:
        print_json(json_rows(claims))
    else:
        print_claims(out, claims)
    if waiting:
        err.print(f"Rows have changed: readers see the last whole run until {', '.join(waiting)} is run to the end.")
    raise typer.Exit(1 if (claims["state"] == ClaimState.DIFFERS).any() else 0)
