"""Programmes as commands take them: all that can be wrong before data are read, and names that a database holds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from impact.declare import Programme, check_programme, load_programme
from impact.errors import Problem, ProblemsError, UsageError
from impact.expect.declared import forecast_problems
from impact.expect.registration import verify_registrations

if TYPE_CHECKING:
    from impact.store.warehouse import Warehouse


def problems_of(loaded: Programme) -> list[Problem]:
    """Return all that can be wrong with a programme before its data are read."""
    return [*check_programme(loaded), *verify_registrations(loaded), *forecast_problems(loaded)]


def sound(folder: Path) -> Programme:
    """Load a programme, and refuse one whose declarations do not hold together."""
    loaded = load_programme(folder)
    if problems := check_programme(loaded):
        raise ProblemsError(problems)
    return loaded


def check_name(warehouse: Warehouse, programme: str | None) -> None:
    """Refuse the name of a programme that was never loaded, and say which were."""
    rows = warehouse.rows("SELECT DISTINCT programme FROM impact.load ORDER BY programme")
    names = [name for (name,) in rows]
    if programme is not None and programme not in names:
        listed = ", ".join(names) or "none"
        raise UsageError(f"the database holds no programme '{programme}'; it holds {listed}")
