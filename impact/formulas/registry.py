"""All formulas, a line each, and those that installed packages add; what every other room asks about a kind.

Between the modules of the kinds and the rooms that read them; models of declarations take it from
:mod:`impact.formulas.models`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping

from impact.formulas import (
    change,
    composite,
    count,
    count_distinct,
    derived,
    network,
    quantile,
    ratio,
    sum,
    territory_map,
)
from impact.formulas.base import FormulaModel
from impact.formulas.installed import installed
from impact.formulas.kind import FormulaKind
from impact.formulas.rows import ROW_FORMULAS

FORMULAS: Mapping[str, FormulaKind] = {
    kind.name: kind
    for kind in (
        *ROW_FORMULAS,
        change.KIND,
        ratio.KIND,
        sum.KIND,
        count.KIND,
        count_distinct.KIND,
        quantile.KIND,
        network.KIND,
        territory_map.KIND,
        derived.KIND,
        composite.KIND,
    )
}
"""The engine's own, by what is written as ``kind``; those that give each row a value are listed apart."""


@functools.cache
def formulas() -> Mapping[str, FormulaKind]:
    """Return the engine's formulas and those of installed packages, by name.

    Raises
    ------
    UsageError
        As :func:`impact.formulas.installed.installed` does.
    """
    return {**FORMULAS, **installed()}


def kind_of(formula: FormulaModel) -> FormulaKind:
    """Return what is true of the kind of a declared formula."""
    return FORMULAS.get(formula.kind) or installed()[formula.kind]


def names_of(holds: Callable[[FormulaKind], bool]) -> list[str]:
    """Return the names of the formulas of which something is true.

    Examples
    --------
    >>> names_of(lambda kind: kind.share)
    ['proportion', 'threshold']
    """
    return [name for name, kind in formulas().items() if holds(kind)]
