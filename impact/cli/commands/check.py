"""``impact check``; parse, call, print."""

from __future__ import annotations

import typer

from impact.cli.options import AsJson, ProgrammeFolder
from impact.cli.printing import out, print_json
from impact.cli.terminal.frameworks import owed_json, print_owed
from impact.cli.terminal.problems import print_problems
from impact.declare.frameworks.owed import all_owed
from impact.declare.load import Programme, load_programme
from impact.expect.declared import problems_without_data

app = typer.Typer(add_completion=False)


@app.command()
def check(programme: ProgrammeFolder, as_json: AsJson = False) -> None:
    """Check everything about a programme that can be known without its data."""
    loaded = load_programme(programme)
    problems = problems_without_data(loaded)
    if as_json:
        described = [problem.as_dict() for problem in problems]
        owed = [owed_json(one) for one in all_owed(loaded)]
        print_json({"programme": loaded.id, "problems": described, "frameworks": owed})
    elif problems:
        print_problems(out, problems)
    else:
        _print_counts(loaded)
        for one in all_owed(loaded):
            print_owed(out, one)
    raise typer.Exit(1 if problems else 0)


def _print_counts(loaded: Programme) -> None:
    """Say what a sound programme declares, and which nodes of its theory have no indicator."""
    nodes = loaded.header.theory_of_change.nodes
    counts = f"{len(nodes)} nodes, {len(loaded.indicators)} indicators, {len(loaded.sources)} sources"
    out.print(f"{loaded.id} holds together: {counts}")
    measured = {indicator.node for indicator in loaded.indicators}
    unmeasured = [node.id for node in nodes if node.id not in measured]
    if unmeasured:
        out.print(f"  nobody measures: {', '.join(unmeasured)}")
