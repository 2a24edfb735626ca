"""What the checks of all parts of ``value.yaml`` share: where an entry stands, and whether what it names is there."""

from __future__ import annotations

from collections.abc import Iterator

from impact.declare.indicators import Indicator
from impact.declare.load import Programme
from impact.declare.location import Location
from impact.errors import Problem

FILE = "value.yaml"


def known_indicator(programme: Programme, name: str, at: Location) -> Iterator[Problem]:
    """Yield the problem of an indicator that is not declared."""
    names = [indicator.id for indicator in programme.indicators]
    if name not in names:
        yield at.problem(f"there is no indicator '{name}'", ", ".join(names))


def indicators_of(programme: Programme, *names: str) -> list[Indicator]:
    """Return the indicators of some names, as far as they are declared, in the order of the names."""
    declared = {indicator.id: indicator for indicator in programme.indicators}
    return [declared[name] for name in names if name in declared]


def known_codes(programme: Programme, indicator: Indicator, column: str) -> tuple[str, ...]:
    """Return the codes that a column of an indicator's contract allows; none where any may stand there."""
    declared = programme.contracts[indicator.contract].columns.get(column)
    if declared is None or (declared.codes is None and declared.codelist not in programme.codelists):
        return ()
    return programme.column_codes(declared)
