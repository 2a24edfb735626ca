"""Effects of single studies (or projects) in the light of all others: shrunken effects, and who met a target."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

from impact.errors import NotEstimable
from impact.statistics.core import CONFIDENCE, Floats, floats, t_quantile
from impact.statistics.meta.between import Method, studies
from impact.statistics.meta.pooled import Interval, Pooled, pool
from impact.words.said import Said

Side = Literal["above", "below"]


@dataclass(frozen=True, eq=False)
class Shrunken:
    """The effect of each study, drawn to the mean as far as its own error is large.

    Parameters
    ----------
    effects
        Shape (k,): ``λ y + (1 − λ) μ``.
    shares
        Shape (k,): ``λ = τ²/(τ² + s²)``, the weight of the study's own estimate, 0 to 1.
    std_errors
        Shape (k,): with the uncertainty of the mean, ``√(λ s² + (1 − λ)² se²)``.
    std_errors_given_mean
        Shape (k,): as if the mean were known, ``√(λ s²)``; zero where τ² is.
    low, high
        Shape (k,): ends of the normal 95 % interval, by ``std_errors``.
    pooled
        The mean and the spread that they are drawn to.
    """

    effects: Floats
    shares: Floats
    std_errors: Floats
    std_errors_given_mean: Floats
    low: Floats
    high: Floats
    pooled: Pooled


def shrunken(estimates: Floats, std_errors: Floats, *, method: Method = "REML", interval: Interval = "z") -> Shrunken:
    """Return the best linear unbiased predictions of the studies' true effects.

    Parameters
    ----------
    estimates, std_errors
        Shape (k,): in the unit of the effects.
    method, interval
        As in :func:`~impact.statistics.meta.pooled.pool`; the interval decides which error of the mean is carried on.

    Notes
    -----
    τ² counts as known, also where it is estimated from few studies; then these errors are too small (Raudenbush & Bryk
    1985, https://doi.org/10.3102/10769986010002075). Where τ² is zero every study has the mean's effect.

    Raises
    ------
    NotEstimable
        As :func:`~impact.statistics.meta.pooled.pool`.

    Examples
    --------
    >>> found = shrunken(np.array([0.2, 0.4, 0.6]), np.array([0.1, 0.1, 0.1]))
    >>> found.effects.round(3).tolist(), found.shares.round(2).tolist()
    ([0.25, 0.4, 0.55], [0.75, 0.75, 0.75])
    """
    sample = studies(estimates, std_errors)
    pooled = pool(estimates, std_errors, method=method, interval=interval)
    mean, error = pooled.effect.estimate, pooled.effect.std_error
    shares = pooled.tau2 / (pooled.tau2 + sample.variance)
    effects = mean + shares * (sample.y - mean)
    given_mean = np.sqrt(shares * sample.variance)
    errors = np.hypot(given_mean, (1 - shares) * error)
    half = t_quantile(0.5 + CONFIDENCE / 2, math.inf) * errors
    return Shrunken(effects, shares, floats(errors), floats(given_mean), effects - half, effects + half, pooled)


@dataclass(frozen=True, eq=False)
class TargetMet:
    """Probabilities that a target was met.

    Parameters
    ----------
    target, side
        The target, in the unit of the effects, and the side of it that meets it.
    each
        Shape (k,): that the study's own effect meets it, by its shrunken effect.
    unshrunken
        Shape (k,): by its own estimate alone.
    mean, new
        That the mean effect meets it; that the effect of a new study of the same kind does.
    """

    target: float
    side: Side
    each: Floats
    unshrunken: Floats
    mean: float
    new: float


def target_met(
    estimates: Floats,
    std_errors: Floats,
    target: float,
    *,
    side: Side,
    method: Method = "REML",
    interval: Interval = "z",
) -> TargetMet:
    """Return the probability that each study, their mean, and a new study met a target.

    Parameters
    ----------
    estimates, std_errors
        Shape (k,): in the unit of the effects.
    target
        In the unit of the effects.
    side
        Whether an effect ``above`` or ``below`` the target meets it.
    method, interval
        As in :func:`shrunken`.

    Notes
    -----
    ``Φ(±(effect − target)/error)``, normal (empirical Bayes) with τ² taken as known; a new study's error is
    ``√(τ² + se²)``. Not a test: it presupposes that the studies' true effects are normal around one mean.

    Raises
    ------
    NotEstimable
        As :func:`~impact.statistics.meta.pooled.pool`, or without a finite target.

    Examples
    --------
    >>> found = target_met(np.array([0.2, 0.4, 0.6]), np.array([0.1, 0.1, 0.1]), 0.3, side="above")
    >>> found.each.round(2).tolist(), round(found.new, 2)
    ([0.29, 0.86, 1.0], 0.68)
    """
    if not math.isfinite(target) or side not in ("above", "below"):
        raise NotEstimable(Said("meta.no_target"), Said("meta.finite_target"))
    found = shrunken(estimates, std_errors, method=method, interval=interval)
    sample = studies(estimates, std_errors)
    mean, error = found.pooled.effect.estimate, found.pooled.effect.std_error
    sign = 1.0 if side == "above" else -1.0

    def probability(effect: Floats | float, spread: Floats | float) -> Floats:
        distance = sign * (np.asarray(effect) - target)
        return floats(stats.norm.cdf(distance / spread))

    each = probability(found.effects, found.std_errors)
    alone = probability(sample.y, np.sqrt(sample.variance))
    of_mean = float(probability(mean, error))
    of_new = float(probability(mean, math.hypot(math.sqrt(found.pooled.tau2), error)))
    return TargetMet(float(target), side, each, alone, of_mean, of_new)
