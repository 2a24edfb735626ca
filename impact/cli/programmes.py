"""Programmes as commands take them: all that can be wrong with them before data are read."""

from __future__ import annotations

from pathlib import Path

from impact.declare import Programme, check_programme, load_programme
from impact.errors import Problem, ProblemsError
from impact.expect.declared import forecast_problems
from impact.expect.registration import verify_registrations


def problems_of(loaded: Programme) -> list[Problem]:
    """Return all that can be wrong with a programme before its data are read."""
    return [*check_programme(loaded), *verify_registrations(loaded), *forecast_problems(loaded)]


def sound(folder: Path) -> Programme:
    """Load a programme, and refuse one whose declarations do not hold together."""
    loaded = load_programme(folder)
    if problems := check_programme(loaded):
        raise ProblemsError(problems)
    return loaded
