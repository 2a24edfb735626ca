"""What a plan can say: values within their range, a level of significance, a probability.

:mod:`impact.statistics.power.closed_form` and :mod:`impact.statistics.power.other_tests` stand on it.
"""

from __future__ import annotations

import math

from impact.errors import NotEstimable
from impact.words.said import Said

FROM_TO, STRICT, STRICT_F = "power.from_to", "power.strictly_between", "power.strictly_between_f"
"""Which ends are possible values; strictly between agrees with the noun's gender, where a language has one."""


def refuse_outside(what: Said, low: float, high: float, *values: float, ends: str = FROM_TO) -> None:
    """Refuse values outside a range."""
    for value in values:
        inside = low <= value <= high if ends == FROM_TO else low < value < high
        if not inside or math.isinf(value):
            raise NotEstimable(
                Said("power.impossible", what=what, value=value), Said(ends, what=what, low=low, high=high)
            )


def tail_level(alpha: float, sides: int) -> float:
    """Return the level of one tail of a test.

    Examples
    --------
    >>> tail_level(0.05, 2)
    0.025
    """
    refuse_outside(Said("power.significance_level"), 0, 1, alpha, ends=STRICT)
    if sides not in (1, 2):
        raise NotEstimable(Said("power.test_sides_does_not_exist", sides=sides), Said("power.one_two_sides"))
    return alpha / sides


def as_probability(probability: float) -> float:
    """Return a probability without rounding beyond 0 and 1, refusing what could not be evaluated.

    Examples
    --------
    >>> as_probability(1.0 + 1e-16)
    1.0
    """
    if not math.isfinite(probability):
        raise NotEstimable(
            Said("power.noncentral_distribution_could_not_evaluated_here"), Said("power.less_extreme_design")
        )
    return min(max(probability, 0.0), 1.0)
