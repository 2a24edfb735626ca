"""``impact version``; parse, call, print."""

from __future__ import annotations

import typer

from impact.cli.printing import out
from impact.run.stage import ENGINE

app = typer.Typer(add_completion=False)


@app.command()
def version() -> None:
    """Print the version of the engine."""
    out.print(ENGINE)
