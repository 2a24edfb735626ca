"""``impact power``; parse, call, print."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from impact.cli.faults import err
from impact.cli.options import AsJson, ProgrammeFolder
from impact.cli.printing import out, print_json
from impact.cli.programmes import sound
from impact.cli.terminal.power import print_power
from impact.errors import UsageError
from impact.expect.power import power_reports
from impact.figures.power import write_power_curves
from impact.files import check_place

app = typer.Typer(add_completion=False)


@app.command()
def power(
    programme: ProgrammeFolder,
    figure: Annotated[Path | None, typer.Option(help="Write the power curves to this HTML file.")] = None,
    simulate: Annotated[bool, typer.Option(help="Simulate designs that have a closed form too.")] = True,
    as_json: AsJson = False,
) -> None:
    """Say what each declared plan could show, before the money is spent; no data is read."""
    loaded = sound(programme)
    if figure is not None:
        check_place(figure, ".html")
    reports = power_reports(loaded, simulate=simulate)
    if not reports:
        raise UsageError(f"no indicator of {loaded.id} declares ex_ante.power; see docs/how-to/plan_for_power.md")
    if as_json:
        print_json([dataclasses.asdict(report) for report in reports])
    else:
        print_power(out, reports)
    if figure is not None:
        write_power_curves(loaded, reports, figure)
        err.print(f"Wrote {figure}")
