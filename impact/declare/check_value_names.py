"""What all parts of ``value.yaml`` are checked for: that the indicators they name are there."""

from __future__ import annotations

from collections.abc import Iterator

from impact.declare.load import Programme
from impact.declare.location import Location
from impact.errors import Problem

FILE = "value.yaml"


def known_indicator(programme: Programme, name: str, at: Location) -> Iterator[Problem]:
    """Yield the problem of an indicator that is not declared."""
    names = [indicator.id for indicator in programme.indicators]
    if name not in names:
        yield at.problem(f"there is no indicator '{name}'", ", ".join(names))
