"""What matching returns: an effect on the treated among matched units, with who was matched.

:mod:`impact.statistics.observational.matching` and :mod:`impact.statistics.observational.strata` stand on it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from impact.statistics.core import Estimate, Floats
from impact.statistics.observational.inputs import Bools
from impact.words.said import Said


@dataclass(frozen=True)
class Matched:
    """An effect on the treated among matched units.

    Parameters
    ----------
    estimate
        The difference of the weighted means of treated and comparison units, in the unit of the outcome.
    estimand
        ``ATT``, or ``ATT of the matched`` if some treated units found no match.
    weights
        Shape (n,), 1 for matched treated units, the weight of comparison units, 0 for the rest.
    n_treated, n_treated_matched, n_comparison, n_comparison_matched
        Units in each arm and how many of them are used.
    """

    estimate: Estimate
    estimand: Said
    weights: Floats = field(repr=False, compare=False)
    n_treated: int
    n_treated_matched: int
    n_comparison: int
    n_comparison_matched: int


def counted(estimate: Estimate, arm: Bools, weights: Floats) -> Matched:
    """Return an estimate with the units in each arm, and how many of them are used."""
    used, comparison = weights > 0, ~arm
    matched = used & arm
    compared = used & comparison
    n_treated, n_matched = int(arm.sum()), int(matched.sum())
    n_comparison, n_used = int(comparison.sum()), int(compared.sum())
    estimand = Said("estimand.att")
    if n_matched < n_treated:
        estimand = Said("estimand.att_of_matched")
    return Matched(estimate, estimand, weights, n_treated, n_matched, n_comparison, n_used)
