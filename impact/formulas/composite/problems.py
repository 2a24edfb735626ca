"""Whether components can be one index: cut by the column whose codes are compared, with a direction and a reference."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from impact.declare.declaration import Declaration
from impact.declare.location import twice
from impact.errors import Problem
from impact.formulas.derived.problems import operand_problems

if TYPE_CHECKING:
    from impact.formulas.composite.model import Composite


def composite_problems(formula: Composite, at: Declaration) -> Iterator[Problem]:
    """Yield what is wrong with an index."""
    yield from operand_problems(at, "formula.components")
    for name in twice(formula.indicators()):
        yield at.problem(f"'{name}' stands in the index twice", "formula.components", fix="Give it one weight.")
    cuts = (*at.indicator.scope, *at.indicator.by)
    if set(cuts) != {formula.units}:
        what = f"'{at.indicator.id}' compares the codes of '{formula.units}', and is cut by these alone"
        yield at.problem(what, "by", formula.units, ", ".join(cuts))
    if formula.method == "ampi":
        yield from _adjusted(formula, at)


def _adjusted(formula: Composite, at: Declaration) -> Iterator[Problem]:
    """Yield what an adjusted Mazziotta-Pareto index lacks: the sign of its penalty, and where it is 100."""
    if at.indicator.direction == "maintain":
        what = "the penalty for imbalance is subtracted where the index should increase, added where it should decrease"
        yield at.problem(what, "direction", "increase or decrease", "maintain")
    lacking = [
        component.indicator
        for component in formula.components
        if component.goalposts is None and component.reference is None
    ]
    if lacking and at.contract.wave and formula.base is None:
        fix = "Name the wave whose value of the whole scores 100 (base), or give each a reference."
        yield at.problem(f"nothing says at which value {', '.join(lacking)} scores 100", "formula.base", fix=fix)
