"""Programmes as commands take them: loaded, and holding together."""

from __future__ import annotations

from pathlib import Path

from impact.declare import Programme, check_programme, load_programme
from impact.errors import ProblemsError


def sound(folder: Path) -> Programme:
    """Load a programme, and refuse one whose declarations do not hold together."""
    loaded = load_programme(folder)
    if problems := check_programme(loaded):
        raise ProblemsError(problems)
    return loaded
