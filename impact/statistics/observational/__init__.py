"""Comparisons by observed characteristics: who gets the programme, matching, weighting, and hidden bias."""

from impact.statistics.observational.balancing import entropy_balance
from impact.statistics.observational.matched import Matched
from impact.statistics.observational.matching import Pairs, nearest
from impact.statistics.observational.oster import Oster, oster
from impact.statistics.observational.propensity import Logit, Overlap, logit, overlap
from impact.statistics.observational.rosenbaum import Sensitivity, rosenbaum_bounds
from impact.statistics.observational.sensitivity import (
    EValue,
    Robustness,
    e_value,
    e_value_difference,
    robustness_value,
)
from impact.statistics.observational.strata import Strata, coarsened_exact, subclassify
from impact.statistics.observational.weighting import aipw, ipw

__all__ = [
    "EValue",
    "Logit",
    "Matched",
    "Oster",
    "Overlap",
    "Pairs",
    "Robustness",
    "Sensitivity",
    "Strata",
    "aipw",
    "coarsened_exact",
    "e_value",
    "e_value_difference",
    "entropy_balance",
    "ipw",
    "logit",
    "nearest",
    "oster",
    "overlap",
    "robustness_value",
    "rosenbaum_bounds",
    "subclassify",
]
