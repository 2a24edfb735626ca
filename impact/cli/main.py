"""The command line: it lists the commands, and imports the one that is chosen.

What goes wrong is told by :mod:`impact.cli.faults`.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from impact.cli.faults import Guarded, stopping, tell

COMMANDS: Mapping[str, str] = {
    "check": "Check everything about a programme that can be known without its data.",
    "run": "Take a programme from raw files to findings; only what changed is done again.",
    "audit": "Recompute the totals a programme reported about itself; exit code 1 if any differs.",
    "demo": "Run the example programmes into one database and print what was found, level by level.",
    "serve": "Serve the app over what was published last; runs and readers do not wait for each other.",
    "token": "Make a token by which a programme reads the SDMX service, and the line that admits it.",
    "report": (
        "Write the report of a programme: one file, readable without a network; as PDF where a browser can print it."
    ),
    "brief": "Write one page to decide on: promise, result, effect, certainty, cost, risk, what would change it.",
    "export": ("Write what is published of a programme as files, without what is suppressed."),
    "init": "Make a programme folder that runs as it is, commented, with schemas for your editor.",
    "register": "Freeze the plan (theory of change, measures, promises, designs) with its hash and the time.",
    "power": "Say what each declared plan could show, before the money is spent; no data is read.",
    "assign": "Draw who is offered the programme, from rows that `impact run --until validate` has loaded.",
    "findings": "Show what was found: ex ante beside ex post, effect and evidence.",
    "status": "Show who is late, who is off course, and which values are signals: what to look at first.",
    "value": "Show what a decision needs: dimensions of impact, pooled effects, costs, payments, with their intervals.",
    "portfolio": "Hold money against outcomes across programmes, and say what the next euro should learn or fund.",
    "compare": "Put every programme beside every indicator of a framework, with totals where definitions agree.",
    "quarantine": "Show the rows that were set aside or warned about, with all their reasons.",
    "trace": "Follow one number back: definition, query, rows, file, hash, run.",
    "version": "Print the version of the engine.",
    "context": "Series from official statistics, beside what a programme measures.",
}
"""The modules of :mod:`impact.cli.commands`, each with the sentence by which its command is listed."""


class Commands(Guarded):
    """All commands; help knows them by their sentences, and one is imported when it is chosen."""

    def __init__(self, **settings: Any) -> None:
        listed = {name: TyperCommand(name, help=sentence) for name, sentence in COMMANDS.items()}
        super().__init__(**{**settings, "commands": listed})

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a whole command; None where there is none of that name."""
        return whole_command(cmd_name) if cmd_name in COMMANDS else None

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help without importing any of the commands."""
        TyperGroup(name=self.name, commands=dict(self.commands), params=self.params, help=self.help).format_help(
            ctx, formatter
        )


@functools.cache
def whole_command(name: str) -> Any:
    """Import a command by its name."""
    return typer.main.get_command(import_module(f"impact.cli.commands.{name}").app)


app = typer.Typer(
    name="impact",
    cls=Commands,
    help="Impact measurement and evaluation: ex-ante promises against ex-post outcomes, checked down to the row.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


@app.callback()
def _impact() -> None:
    """Take the name of a command."""


def main() -> None:
    """Run the command line; turn whatever went wrong into words and an exit code."""
    try:
        with stopping():
            try:
                app()
            finally:
                sys.stdout.flush()
    except Exception as error:  # the last place: nothing leaves as a trace unless it is asked for
        sys.exit(tell(error, as_json="--json" in sys.argv))
