"""An expert's quantiles become a predictive distribution of a declared family.

Stands on :mod:`impact.statistics.forecast`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import optimize, stats

from impact.errors import NotEstimable
from impact.statistics.core import Floats, floats
from impact.statistics.forecast import Predictive
from impact.words.said import Said

Elicitable = Literal["normal", "lognormal", "gamma", "beta"]


@dataclass(frozen=True)
class Elicited:
    """A distribution fitted to an expert's quantiles.

    Parameters
    ----------
    predictive
        The distribution of the declared family that fits best.
    levels, values, fitted
        Shape (m,): the probabilities, the expert's values, the distribution's values at these probabilities.
    worst
        Largest misfit in probability, 0 to 1. In the tails a small one can be far in values: compare ``fitted``.
    """

    predictive: Predictive
    levels: Floats
    values: Floats
    fitted: Floats
    worst: float


def elicit(levels: Floats, values: Floats, family: Elicitable, *, low: float = 0.0, high: float = 1.0) -> Elicited:
    """Fit a declared family to an expert's quantiles by least squares on the probabilities.

    As in O'Hagan et al. (2006), Uncertain Judgements, https://doi.org/10.1002/0470033312.

    Parameters
    ----------
    levels, values
        Shape (m,): probabilities such as 0.05, 0.5, 0.95, and the expert's values at them.
    family, low, high
        ``normal``, ``lognormal`` and ``gamma`` (values above 0), ``beta`` (values inside ``low`` to ``high``).

    Raises
    ------
    NotEstimable
        If the quantiles do not rise with the probabilities, or lie outside the family's range, or fewer than two.
    """
    p = floats(levels)
    v = floats(values)
    _check_quantiles(p, v, family, low, high)
    ends = (low, high) if family == "beta" else ()

    def build(x: Floats) -> Predictive:
        first = x[0] if family in ("normal", "lognormal") else math.exp(x[0])
        return Predictive(family, (float(first), math.exp(x[1]), *ends))

    def misfit(x: Floats) -> Floats:
        shares = build(x).frozen().cdf(v)
        return floats(shares - p)

    plain = v if family == "normal" else (v - low) / (high - low) if family == "beta" else np.log(v)
    start = _STARTS[family](plain, stats.norm.ppf(p))
    best = optimize.least_squares(misfit, start, x_scale="jac", xtol=1e-14, ftol=1e-14, gtol=1e-14)
    predictive = build(best.x)
    law = predictive.frozen()
    largest = float(np.abs(law.cdf(v) - p).max())
    return Elicited(predictive, p, v, law.ppf(p), largest)


def _check_quantiles(p: Floats, v: Floats, family: Elicitable, low: float, high: float) -> None:
    if p.ndim != 1 or p.shape != v.shape or len(p) < 2 or not np.isfinite(v).all():
        raise NotEstimable(
            Said("statistics.fewer_two_quantiles_value_missing"), Said("statistics.two_levels_with_values")
        )
    if not ((p > 0) & (p < 1)).all() or (np.diff(p) <= 0).any() or (np.diff(v) <= 0).any():
        raise NotEstimable(Said("statistics.quantiles_do_not_rise"), Said("statistics.rising_levels_and_values"))
    if family not in _STARTS:
        raise NotEstimable(
            Said("statistics.family_cannot_elicited", family=family), Said("statistics.one_family", names=_STARTS)
        )
    ends = {"lognormal": (0.0, math.inf), "gamma": (0.0, math.inf), "beta": (low, high)}
    lowest, highest = ends.get(family, (-math.inf, math.inf))
    if not lowest < v[0] or not v[-1] < highest:
        raise NotEstimable(
            Said("statistics.value_lies_outside_range", lowest=lowest, highest=highest, family=family),
            Said("statistics.other_values"),
        )


def _start_beta(values: Floats, z: Floats) -> Floats:
    """Return a start from the straight line through the quantiles, on the scale of the range."""
    slope, middle = np.polyfit(z, values, 1)
    mean = float(np.clip(middle, 0.01, 0.99))
    variance = mean * (1 - mean)
    total = max(variance / slope**2 - 1, 0.5)
    return np.array([math.log(mean * total), math.log((1 - mean) * total)])


def _start_gamma(logs: Floats, z: Floats) -> Floats:
    middle, log_spread = _start_normal(logs, z)
    return np.array([-2 * log_spread, middle + 2 * log_spread])


def _start_normal(values: Floats, z: Floats) -> Floats:
    slope, middle = np.polyfit(z, values, 1)
    return np.array([middle, math.log(slope)])


_STARTS = {"normal": _start_normal, "lognormal": _start_normal, "gamma": _start_gamma, "beta": _start_beta}
