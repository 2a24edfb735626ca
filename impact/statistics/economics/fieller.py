"""Cost per unit of effect: the ratio of two correlated estimates with Fieller's set, in its three shapes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from impact.errors import NotEstimable
from impact.statistics.core import CONFIDENCE, t_quantile
from impact.statistics.economics.checks import above_zero, number, numbers, same_length
from impact.words.said import Said

Shape = Literal["interval", "complement", "whole_line"]


@dataclass(frozen=True)
class Increment:
    """How much more one option costs, and gives, than another: two estimates, roughly normal.

    Parameters
    ----------
    cost, effect
        Differences, in a currency and in the unit of the effect.
    cost_error, effect_error
        Standard errors; zero if known exactly.
    correlation
        Of the two estimates, −1 to 1; it must be said, also where it is taken as zero.
    """

    cost: float
    cost_error: float
    effect: float
    effect_error: float
    correlation: float

    def __post_init__(self) -> None:
        number("cost", self.cost)
        number("effect", self.effect)
        number("cost_error", self.cost_error, low=0)
        number("effect_error", self.effect_error, low=0)
        number("correlation", self.correlation, low=-1, high=1)

    @property
    def covariance(self) -> float:
        """Covariance of the two estimates."""
        return self.correlation * self.cost_error * self.effect_error


@dataclass(frozen=True)
class FiellerSet:
    """Cost per unit of effect with all values that the data do not reject.

    Parameters
    ----------
    ratio
        Quotient of the estimates. Its sign does not tell the quadrant: see :func:`~.cost_effectiveness.quadrants`.
    shape
        ``interval``: from ``low`` to ``high``. ``complement``: all but what lies between ``low`` and ``high``, since
        the effect may be zero. ``whole_line``: nothing is rejected.
    low, high
        The two limits; None for the whole line. One of them is infinite where the set is a half-line.
    g
        ``q² se² / effect²``: at 1 or more the effect cannot be told from zero.
    level
        Confidence, such as 0.95.
    delta_error
        Standard error of the ratio by the delta method, for comparison; good only for a small ``g``.
    rule
        Fieller's set with its reference distribution.
    """

    ratio: float
    shape: Shape
    low: float | None
    high: float | None
    g: float
    level: float
    delta_error: float
    rule: Said

    def __contains__(self, value: float) -> bool:
        if self.low is None or self.high is None:
            return True
        if self.shape == "interval":
            return self.low <= value <= self.high
        return value <= self.low or value >= self.high


def fieller_set(increment: Increment, *, df: float = math.inf, level: float = CONFIDENCE) -> FiellerSet:
    """Return the cost per unit of effect with Fieller's set.

    Parameters
    ----------
    increment
        Cost and effect with errors and correlation.
    df
        Degrees of freedom of the t reference; normal if infinite.
    level
        Confidence inside 0 to 1.

    Raises
    ------
    NotEstimable
        If the estimate of the effect is zero, so that there is no ratio.

    Notes
    -----
    All R with ``(c − R e)² ≤ q² (se_c² − 2 R cov + R² se_e²)``: a quadratic in R whose leading coefficient is
    ``e² (1 − g)``. It always holds the ratio of the estimates, so it is never empty. Source: Fieller (1954), Some
    problems in interval estimation, https://www.jstor.org/stable/2984043; Willan and O'Brien (1996), Confidence
    intervals for cost-effectiveness ratios,
    https://doi.org/10.1002/(SICI)1099-1050(199607)5:4<297::AID-HEC216>3.0.CO;2-T.

    Examples
    --------
    >>> found = fieller_set(Increment(1200.0, 300.0, 0.08, 0.02, correlation=0.3))
    >>> found.shape, round(found.low), round(found.high)
    ('interval', 7804, 28831)
    """
    c, e = increment.cost, increment.effect
    if e == 0:
        raise NotEstimable(Said("economics.effect_zero"), Said("economics.net_benefit_instead"))
    number("level", level, low=1e-9, high=1 - 1e-9)
    quantile = t_quantile(0.5 + level / 2, above_zero("df", df) if math.isfinite(df) else df)
    ratio = c / e
    g = (quantile * increment.effect_error / e) ** 2
    shape, low, high = _limits(increment, quantile**2)
    # Var(c − R e) / e² at the ratio
    variance = increment.cost_error**2 - 2 * ratio * increment.covariance + (ratio * increment.effect_error) ** 2
    delta = math.sqrt(max(variance, 0.0)) / abs(e)
    rule = Said("economics.fieller_z") if math.isinf(df) else Said("economics.fieller_t", df=df)
    return FiellerSet(ratio, shape, low, high, g, level, delta, rule)


def _limits(increment: Increment, q2: float) -> tuple[Shape, float | None, float | None]:
    """Return shape and limits of the R with ``a R² − 2 b R + k ≤ 0``."""
    c, e = increment.cost, increment.effect
    a = e**2 - q2 * increment.effect_error**2
    b = c * e - q2 * increment.covariance
    k = c**2 - q2 * increment.cost_error**2
    if a == 0:
        return _half_line(b, k)
    inside = b**2 - a * k
    if a < 0 and inside <= 0:
        return "whole_line", None, None
    # The root that does not cancel first; the other from their product
    far = b + math.copysign(math.sqrt(max(inside, 0.0)), b)
    roots = (far / a, k / far) if far else (0.0, 0.0)
    return ("interval" if a > 0 else "complement"), min(roots), max(roots)


def _half_line(b: float, k: float) -> tuple[Shape, float | None, float | None]:
    """Return the R with ``−2 b R + k ≤ 0``, where the effect is exactly as far from zero as the level asks."""
    if b == 0:
        return "whole_line", None, None
    end = k / (2 * b)
    return ("complement", -math.inf, end) if b > 0 else ("complement", end, math.inf)


def increment_of_arms(
    costs: ArrayLike, effects: ArrayLike, control_costs: ArrayLike, control_effects: ArrayLike
) -> Increment:
    """Return differences in mean cost and effect between two arms of independent units.

    Parameters
    ----------
    costs, effects
        Shape (n,), of the units of the arm.
    control_costs, control_effects
        Shape (m,), of the other arm.

    Raises
    ------
    NotEstimable
        If a number is missing, or an arm has fewer than two units.

    Notes
    -----
    Variances and covariances of the arms, each over its size, add up; divisor n − 1.

    Examples
    --------
    >>> found = increment_of_arms([3.0, 5.0], [1.0, 3.0], [1.0, 1.0], [0.0, 1.0])
    >>> found.cost, found.effect, found.cost_error
    (3.0, 1.5, 1.0)
    """
    with_it, without = _arm(costs, effects), _arm(control_costs, control_effects)
    cost, effect = with_it.mean(axis=1) - without.mean(axis=1)
    spread = np.cov(with_it) / with_it.shape[1] + np.cov(without) / without.shape[1]
    cost_error, effect_error = np.sqrt(np.diag(spread))
    product = cost_error * effect_error
    correlation = float(np.clip(spread[0, 1] / product, -1, 1)) if product > 0 else 0.0
    return Increment(float(cost), float(cost_error), float(effect), float(effect_error), correlation)


def _arm(costs: ArrayLike, effects: ArrayLike) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Return costs and effects of an arm, shape (2, n)."""
    pair = numbers("cost", costs, least=2), numbers("effect", effects, least=2)
    same_length("effect", *pair)
    return np.array(pair)
