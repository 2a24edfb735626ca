"""``impact token``: a token by which a programme reads the app's SDMX service; parse, call, print."""

from __future__ import annotations

import importlib
from typing import Annotated

import typer

from impact.cli.faults import Terminal

app = typer.Typer(add_completion=False)
out = Terminal(soft_wrap=True, highlight=False)


@app.command()
def token(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Who will use it, as the access file names it.")],
    programmes: Annotated[
        list[str],
        typer.Option("--programme", metavar="ID", help="A programme whose results it opens, or all; repeat it."),
    ],
    role: Annotated[str, typer.Option(help="The role it reads by.")] = "statistics_office",
    parts: Annotated[
        list[str] | None,
        typer.Option("--part", metavar="COLUMN=CODE", help="Only this part, such as territory=ITC11; repeat it."),
    ] = None,
) -> None:
    """Make a token by which a programme reads the SDMX service, and the line that admits it."""
    tokens = importlib.import_module("impact_dashboards.server.tokens")
    made = tokens.new_token()
    line = tokens.access_line(name, tokens.digest(made), role, programmes, parts or ())
    out.print(f"The token of {name}, shown this once:\n\n  {made}\n", markup=False)
    out.print("Put this under tokens: in the access file, and start the app again:\n", markup=False)
    out.print(f"  - {line}", markup=False)
