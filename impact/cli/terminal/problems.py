"""Problems in the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape

from impact.errors import Problem


def print_problems(console: Console, problems: Sequence[Problem]) -> None:
    """Print problems, each with its place and its mend."""
    for problem in problems:
        _print_problem(console, problem)
    noun = "problem" if len(problems) == 1 else "problems"
    console.print(f"{len(problems)} {noun}")


def _print_problem(console: Console, problem: Problem) -> None:
    """Print where a problem is, what it is, and what was expected, found and is to be done."""
    where = escape(problem.where())
    console.print(f"[bold red]✗[/] [bold]{where}[/]" if where else "[bold red]✗[/]")
    console.print(f"  {escape(problem.what)}")
    details = {"expected": problem.expected, "found": problem.found, "do": problem.fix}
    for name, text in details.items():
        if text:
            console.print(f"  [dim]{name}[/] {escape(text)}")
