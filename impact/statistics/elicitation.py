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

    Examples
    --------
    >>> elicited = elicit(np.array([0.25, 0.5, 0.75]), np.array([8.0, 10.0, 12.0]), "normal")
    >>> [round(parameter, 2) for parameter in elicited.predictive.parameters]
    [10.0, 2.97]
    """
    p = floats(levels)
    v = floats(values)
    _check_quantiles(p, v, family, low, high)
    ends = (low, high) if family == "beta" else ()

    def build(x: Floats) -> Predictive:
        first, second = x[0], math.exp(x[1])
        if family not in ("normal", "lognormal"):
            first = math.exp(first)
        return Predictive(family, (float(first), second, *ends))

    def misfit(x: Floats) -> Floats:
        shares = build(x).frozen().cdf(v)
        return floats(shares - p)

    # A straight line through the quantiles, on the scale on which the family is about normal, to start from
    plain = _on_line_scale(v, family, low, high)
    z = stats.norm.ppf(p)
    start = _STARTS[family](plain, z)
    # Least squares on the probabilities F(v) − p (O'Hagan et al.)
    best = optimize.least_squares(misfit, start, x_scale="jac", xtol=1e-14, ftol=1e-14, gtol=1e-14)
    predictive = build(best.x)
    law = predictive.frozen()
    misses = np.abs(law.cdf(v) - p)
    largest = float(misses.max())
    return Elicited(predictive, p, v, law.ppf(p), largest)


def _on_line_scale(v: Floats, family: Elicitable, low: float, high: float) -> Floats:
    """Return the values on the scale from which the fit starts: as they are, as a share of the range, or in logs."""
    if family == "normal":
        return v
    if family == "beta":
        width = high - low
        return (v - low) / width
    return floats(np.log(v))


def _check_quantiles(p: Floats, v: Floats, family: Elicitable, low: float, high: float) -> None:
    """Refuse quantiles that are too few, do not rise, or lie outside the range of the family."""
    finite = np.isfinite(v)
    if p.ndim != 1 or p.shape != v.shape or len(p) < 2 or not finite.all():
        raise NotEstimable(
            Said("statistics.fewer_two_quantiles_value_missing"), Said("statistics.two_levels_with_values")
        )
    inside = (p > 0) & (p < 1)
    steps = np.concatenate([np.diff(p), np.diff(v)])
    if not inside.all() or (steps <= 0).any():
        raise NotEstimable(Said("statistics.quantiles_do_not_rise"), Said("statistics.rising_levels_and_values"))
    if family not in _STARTS:
        raise NotEstimable(
            Said("statistics.family_cannot_elicited", family=family), Said("statistics.one_family", names=_STARTS)
        )
    lowest, highest = -math.inf, math.inf
    if family in ("lognormal", "gamma"):
        lowest = 0.0
    if family == "beta":
        lowest, highest = low, high
    within = lowest < v[0] and v[-1] < highest
    if not within:
        raise NotEstimable(
            Said("statistics.value_lies_outside_range", lowest=lowest, highest=highest, family=family),
            Said("statistics.other_values"),
        )


def _start_beta(values: Floats, z: Floats) -> Floats:
    """Return a start from the straight line through the quantiles, on the scale of the range."""
    slope, middle = np.polyfit(z, values, 1)
    mean = float(np.clip(middle, 0.01, 0.99))
    complement = 1 - mean
    variance = mean * complement
    # a + b = mean (1 − mean) / variance − 1, by the method of moments
    total = max(variance / slope**2 - 1, 0.5)
    a, b = mean * total, complement * total
    return np.array([math.log(a), math.log(b)])


def _start_gamma(logs: Floats, z: Floats) -> Floats:
    """Return a start from the line through the logarithms: their variance is about one over the shape."""
    middle, log_spread = _start_normal(logs, z)
    log_shape = -2 * log_spread
    log_scale = middle + 2 * log_spread
    return np.array([log_shape, log_scale])


def _start_normal(values: Floats, z: Floats) -> Floats:
    """Return mean and log spread of the straight line through the quantiles."""
    slope, middle = np.polyfit(z, values, 1)
    return np.array([middle, math.log(slope)])


_STARTS = {"normal": _start_normal, "lognormal": _start_normal, "gamma": _start_gamma, "beta": _start_beta}
