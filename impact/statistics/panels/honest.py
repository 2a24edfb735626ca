"""Event studies when trends are not parallel: intervals for bounded violations, and how much a finding bears.

A room for pure numbers: coefficients and their covariance in, frozen results out. It needs no solver beyond scipy.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from impact.errors import NotEstimable
from impact.statistics.core import CONFIDENCE
from impact.statistics.panels.honest_relative import accepted_by_any, relative_interval, step_tests
from impact.statistics.panels.honest_smooth import smooth_interval
from impact.statistics.panels.honest_study import Interval, Study, checked_study
from impact.words.said import Said

Restriction = Literal["relative_magnitudes", "smoothness"]
LARGEST_M = 1e4


@dataclass(frozen=True)
class HonestBounds:
    """Robust 95 % intervals of a weighted sum of post-treatment effects.

    Parameters
    ----------
    estimate
        The weighted sum, in the unit of the outcome.
    parallel
        Usual interval, with exactly parallel trends.
    table
        One (m, low, high) per m asked for.
    breakdown
        Largest m at which the interval leaves zero out; 0 if it never does, infinite if it still does at 10⁴ (for
        smoothness: 10⁴ standard errors).
    restriction
        What m bounds: ``relative_magnitudes`` or ``smoothness``.
    """

    estimate: float
    parallel: Interval
    table: tuple[tuple[float, float, float], ...]
    breakdown: float
    restriction: Restriction


def honest_bounds(
    estimates: ArrayLike,
    covariance: ArrayLike,
    n_pre: int,
    *,
    rng: np.random.Generator,
    m: Sequence[float] = (0.5, 1.0, 1.5, 2.0),
    weights: ArrayLike | None = None,
    restriction: Restriction = "relative_magnitudes",
) -> HonestBounds:
    """Return intervals that hold when violations of parallel trends are bounded.

    Parameters
    ----------
    estimates, covariance
        Shapes (k,) and (k, k): event-study coefficients in order of time, without the reference period, which is the
        last before treatment; periods are consecutive.
    n_pre
        How many of the coefficients, the first ones, lie before the reference period; at least one.
    rng
        For the first-stage critical value of ``relative_magnitudes``.
    m
        ``relative_magnitudes``: violations after treatment, from one period to the next, are at most m times the
        largest one before. ``smoothness``: the slope of the violations changes by at most m per period, in the unit of
        the outcome.
    weights
        Shape (k − n_pre,): of the effects after treatment; by default equal, summing to one.

    Raises
    ------
    NotEstimable
        Without coefficients on either side, with missing values, a covariance that is none, a target without error, or
        negative m.

    Notes
    -----
    Relative magnitudes: hybrid of the conditional and the least favourable test (first stage α/10), inverted; the union
    over every earlier step and sign that may be the largest. With g_t = Σ_{s ≥ t} l_s the nuisance parameters drop out
    of the linear programme, whose dual has the vertices ``±(θ̂ − θ) − m‖g‖₁Δ`` and ``−2mΔ``, each over the standard
    errors of its moments; no solver is needed. Moments after treatment only, as in the authors' software (which, with a
    single period after treatment, adds earlier ones). Smoothness: shortest fixed-length interval around an affine
    estimator. Both take the coefficients as normal with known covariance.

    References
    ----------
    Rambachan, Roth (2023), https://doi.org/10.1093/restud/rdad018. Andrews, Roth, Pakes (2023),
    https://doi.org/10.1093/restud/rdac113.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> result = honest_bounds([0.0, 0.1, 1.0], np.eye(3) / 100, 2, rng=rng, restriction="smoothness", m=[0.0])
    >>> round(result.estimate, 1), [round(end, 2) for end in result.parallel]
    (1.0, [0.8, 1.2])
    """
    study = checked_study(estimates, covariance, n_pre, weights, rng)
    bounds = [float(value) for value in m]
    possible = [math.isfinite(value) and value >= 0 for value in bounds]
    if not all(possible):
        raise NotEstimable(Said("panels.bound_m_negative_no_number"), Said("panels.values_m_0"))
    if restriction not in ("relative_magnitudes", "smoothness"):
        raise NotEstimable(
            Said("panels.restriction_not_known", restriction=restriction), Said("panels.relative_magnitudes_smoothness")
        )
    relative = restriction == "relative_magnitudes"
    interval = relative_interval if relative else smooth_interval
    # l'β̂ with its usual interval: exact for parallel trends
    centre = float(study.direction @ study.beta)
    level = 0.5 + CONFIDENCE / 2
    quantile = float(stats.norm.ppf(level))
    half = quantile * study.error
    parallel = (centre - half, centre + half)
    table = tuple((value, *interval(study, value)) for value in bounds)

    def excludes(value: float) -> bool:
        """Return whether the interval under this bound leaves zero out."""
        return _leaves_zero(study, value, relative=relative)

    first_guess = 1.0 if relative else study.error
    breakdown = _breakdown(excludes, first_guess)
    return HonestBounds(centre, parallel, table, breakdown, restriction)


def _breakdown(excludes: Callable[[float], bool], scale: float) -> float:
    """Return the largest m whose interval leaves zero out."""
    if not excludes(0.0):
        return 0.0
    high = scale
    while excludes(high):
        high *= 2
        if high > LARGEST_M * scale:
            return math.inf
    low = 0.0 if high == scale else high / 2
    while high - low > 1e-6 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if excludes(middle) else (low, middle)
    return low


def _leaves_zero(study: Study, m: float, *, relative: bool) -> bool:
    """Say whether the interval under a bound leaves out zero."""
    if relative:
        tests = step_tests(study, m)
        return not bool(accepted_by_any(tests, np.zeros(1))[0])
    low, high = smooth_interval(study, m)
    return low > 0 or high < 0
