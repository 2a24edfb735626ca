"""``impact register``; parse, call, print."""

from __future__ import annotations

from typing import Annotated

import typer

from impact.cli.options import ProgrammeFolder
from impact.cli.printing import out
from impact.declare.load import load_programme
from impact.errors import ProblemsError
from impact.expect.declared import problems_without_data
from impact.expect.registration import register_plan

app = typer.Typer(add_completion=False)


@app.command()
def register(
    programme: ProgrammeFolder,
    author: Annotated[str, typer.Option(help="Who registers the plan.")],
    note: Annotated[str, typer.Option(help="Why, for an amendment.")] = "",
) -> None:
    """Freeze the plan (theory of change, measures, promises, designs) with its hash and the time."""
    loaded = load_programme(programme)
    if problems := problems_without_data(loaded):
        raise ProblemsError(problems)
    entry = register_plan(loaded, author, note)
    if entry is None:
        out.print("This plan is registered already; nothing was written.")
    else:
        where = f"{loaded.folder.name}/registrations.yaml"
        out.print(f"Registered plan {entry.plan_hash[:12]} at {entry.registered_at}: {where}", soft_wrap=True)
