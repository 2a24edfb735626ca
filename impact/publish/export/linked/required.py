"""What a format needs of ``export.yaml``: all that is not declared is said at once, and nothing is made up."""

from __future__ import annotations

from collections.abc import Mapping

from impact.errors import Problem, ProblemsError

Needs = Mapping[str, tuple[object, str]]
"""By dotted path in ``export.yaml``: what stands there, and an example of what could."""


def missing(form: str, needs: Needs) -> list[Problem]:
    """Return what a format needs and nobody declared; one of each that is empty or None."""
    return [
        Problem(
            f"{form} needs {path}, which is not declared",
            "export.yaml",
            field=path,
            expected=example,
            fix="Declare it, and run the programme again.",
        )
        for path, (there, example) in needs.items()
        if not there
    ]


def require(problems: list[Problem]) -> None:
    """Refuse to write where anything is missing, with all of it.

    Raises
    ------
    ProblemsError
        If there is a problem.
    """
    if problems:
        raise ProblemsError(problems)
