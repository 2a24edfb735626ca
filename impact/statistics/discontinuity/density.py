"""Checks of a discontinuity design: sorting across the cutoff, and placebo cutoffs.

Stands above :mod:`impact.statistics.discontinuity.jump`, whose estimates the placebo repeats.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Unpack

import numpy as np
from numpy.polynomial import Polynomial
from numpy.polynomial.hermite_e import hermeval
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from impact.errors import NotEstimable, UsageError
from impact.statistics.core import Estimate, Floats, t_two_sided
from impact.statistics.discontinuity.bandwidth import (
    Kernel,
    Pair,
    as_pair,
    local_polynomial,
    numbers,
)
from impact.statistics.discontinuity.jump import ABOVE, BELOW, Discontinuity, Options, regression_discontinuity
from impact.words.said import Remark, Said

MIN_LOCAL = 20
GRID = 1e-3
"""Share of a step by which a value may miss its place, for decimals are no exact multiples."""
CURVATURE = 0.02
"""How far three values in a row may depart from a line, as a share of the outer two: a normal with sd of five steps."""
ORDER = 2
SHAPES = {
    "triangular": Polynomial([1.0, -1.0]),
    "uniform": Polynomial([0.5]),
    "epanechnikov": Polynomial([0.75, 0.0, -0.75]),
}


@dataclass(frozen=True)
class DensityTest:
    """Test that the density of the running variable does not jump at the cutoff.

    Parameters
    ----------
    statistic, p_value
        Of the null that it does not; standard normal, two-sided.
    density_left, density_right
        Estimates at the cutoff, per unit of the running variable.
    std_error
        Of their difference.
    bandwidth
        (left, right), in the unit of the running variable.
    n_left, n_right
        Observations on each side.
    n_effective_left, n_effective_right
        Observations within the bandwidths.
    """

    statistic: float
    p_value: float
    density_left: float
    density_right: float
    std_error: float
    bandwidth: Pair
    n_left: int
    n_right: int
    n_effective_left: int
    n_effective_right: int


@dataclass(frozen=True)
class Labelled:
    """One line of a check: its label, the cutoff or multiple it stands for, and the estimate or why there is none."""

    label: Said
    at: float
    estimate: Estimate | None
    reason: Remark = ""


@dataclass(frozen=True)
class _Values:
    """Sorted distances to the cutoff, shape (n,), and the share of other observations not above each."""

    distance: Floats
    share: Floats


def density_test(
    running: ArrayLike,
    *,
    cutoff: float = 0.0,
    kernel: Kernel = "triangular",
    bandwidth: float | Pair | None = None,
) -> DensityTest:
    """Test whether units sorted themselves across the cutoff.

    Parameters
    ----------
    running
        Shape (n,): all units, also those without an outcome; at or above ``cutoff`` is right.
    bandwidth
        In the unit of ``running``, one number or (left, right); chosen for a quadratic if None.

    Notes
    -----
    On each side a cubic is fitted to the empirical distribution function F; its slope at the cutoff, ``Σ w_j F(x_j)``,
    is the density. Its jackknife variance is ``Σ_i (Σ_{j≠i} w_j 1(x_i ≤ x_j))² / (n−1)²``. Bandwidths minimise the mean
    squared error of a quadratic, so that the cubic takes out its bias: on each side the median of those that are best
    for that side, for the difference and for the sum. Tied values share one value of F. Assumes that without sorting
    the density is smooth at the cutoff, and independent observations.

    Raises
    ------
    NotEstimable
        If values are missing, or a side has fewer than 23 distinct values or too few within a given bandwidth.
    UsageError
        If the kernel or a bandwidth is not one.

    References
    ----------
    Cattaneo, Jansson & Ma (2020), https://doi.org/10.1080/01621459.2019.1635480; Cattaneo, Jansson & Ma (2018),
    https://doi.org/10.1177/1536867X1801800115.
    """
    if kernel not in SHAPES:
        raise UsageError(f"kernel is {kernel!r}; it can be {', '.join(SHAPES)}")
    values = _values(running, cutoff)
    widths = _density_bandwidths(values, kernel) if bandwidth is None else as_pair(bandwidth)
    (left, left_var, near_left), (right, right_var, near_right) = (
        _slope(values, i, width, (ORDER + 1, 1), kernel) for i, width in enumerate(widths)
    )
    error = math.sqrt(left_var + right_var)
    n_left = int(np.sum(values.distance < 0))
    return DensityTest(
        (right - left) / error,
        t_two_sided((right - left) / error, math.inf),
        left,
        right,
        error,
        widths,
        n_left,
        len(values.distance) - n_left,
        near_left,
        near_right,
    )


@dataclass(frozen=True)
class StepTest:
    """Test that a running variable in steps does not heap on the first value at or above the cutoff.

    Parameters
    ----------
    below, at, above
        Observations at the last value below the cutoff, the first at or above it, and the next.
    share
        ``at`` among the three.
    p_value
        Exact, two-sided.
    """

    below: int
    at: int
    above: int
    share: float
    p_value: float


def step_test(
    running: ArrayLike, *, cutoff: float = 0.0, cutoff_is_below: bool = False, curvature: float = CURVATURE
) -> StepTest:
    """Test whether units moved to the first value beyond the cutoff, or away from it.

    Parameters
    ----------
    running
        Shape (n,): all units, also those without an outcome, in equal steps; a step may be empty.
    cutoff_is_below
        A unit exactly at the cutoff counts as below it.
    curvature
        Frandsen's k: how far the frequency at a value may lie from the mean of those beside it, as a share of it.

    Notes
    -----
    Among units at three values in a row, the middle one has a share between ``(1−k)/(3−k)`` and ``(1+k)/(3+k)`` if
    frequencies are smooth; the p-value is twice the smaller binomial tail beyond these. A local polynomial
    (:func:`density_test`) would run over a gap of one step.

    Raises
    ------
    NotEstimable
        If values are missing or not in equal steps, or fewer than 20 units have the three values at the cutoff.

    References
    ----------
    Frandsen (2017), https://doi.org/10.1108/S0731-905320170000038012.
    """
    x = numbers(running, Said("statistics.the_running_variable"), len(np.asarray(running)))
    values = np.unique(x)
    step = float(np.diff(values).min(initial=np.inf))
    places = (x - values[0]) / step
    if not np.isfinite(step) or np.abs(places - np.round(places)).max() > GRID:
        raise NotEstimable(
            Said("discontinuity.repeated_values_not_in_steps"),
            Said("discontinuity.no_repeats_or_equal_steps"),
        )
    where = (cutoff - values[0]) / step
    middle = math.floor(where + GRID) + 1 if cutoff_is_below else math.ceil(where - GRID)
    below, at, above = (int(np.sum(np.round(places) == middle + beside)) for beside in (-1, 0, 1))
    n = below + at + above
    if n < MIN_LOCAL:
        raise NotEstimable(
            Said("discontinuity.few_units_at_three_values", n=n),
            Said("discontinuity.at_least_so_many", least=MIN_LOCAL),
        )
    tails = (
        stats.binom.cdf(at, n, (1 - curvature) / (3 - curvature)),
        stats.binom.sf(at - 1, n, (1 + curvature) / (3 + curvature)),
    )
    return StepTest(below, at, above, at / n, min(1.0, 2 * float(min(tails))))


def _values(running: ArrayLike, cutoff: float) -> _Values:
    """Return sorted distances and their distribution, refusing sides with too few values."""
    n = len(np.asarray(running))
    x = np.sort(numbers(running, Said("statistics.the_running_variable"), n) - cutoff)
    needed = MIN_LOCAL + ORDER + 1
    for part, side in ((x[x < 0], BELOW), (x[x >= 0], ABOVE)):
        if len(np.unique(part)) < needed:
            raise NotEstimable(
                Said(
                    "discontinuity.few_values_on_side",
                    n=len(part),
                    distinct=len(np.unique(part)),
                    side=side,
                ),
                Said("discontinuity.distinct_values_or_binomial_test", needed=needed),
            )
    return _Values(x, (np.searchsorted(x, x, side="right") - 1) / (n - 1))


def _slope(
    values: _Values, side: int, width: float, orders: tuple[int, int], kernel: Kernel
) -> tuple[float, float, int]:
    """Return a coefficient of the distribution's local polynomial, its jackknife variance, and observations used.

    ``orders`` is (order of the polynomial, which coefficient).
    """
    x = values.distance
    used = ((x >= 0) if side else (x < 0)) & (np.abs(x) <= width)
    weights = local_polynomial(x[used], width, orders[0], kernel).functionals[orders[1]]
    above = np.append(np.cumsum(weights[::-1])[::-1], 0.0)
    spread = above[np.searchsorted(x[used], x, side="left")]
    spread[used] -= weights
    return float(weights @ values.share[used]), float(spread @ spread) / (len(x) - 1) ** 2, int(used.sum())


def _moments(order: int, which: int, target: int, kernel: Kernel) -> tuple[float, float]:
    """Return the constants of variance and bias of a coefficient at a boundary.

    Notes
    -----
    With w(u) the kernel's weight for the coefficient on (0, 1): ``∫ (∫_t^1 w)² dt`` and ``∫ w(u) u^target du``.
    """
    shape = SHAPES[kernel]
    basis = [Polynomial.basis(j) for j in range(max(order, target) + 1)]
    gram = np.array([[_integral(shape * a * b) for a in basis[: order + 1]] for b in basis[: order + 1]])
    weights = shape * Polynomial(np.linalg.solve(gram, np.eye(order + 1)[which]))
    tail = weights.integ()(1.0) - weights.integ()
    return _integral(tail * tail), _integral(weights * basis[target])


def _integral(polynomial: Polynomial) -> float:
    return float(polynomial.integ()(1.0))


def _normal_width(distance: Floats, orders: tuple[int, int]) -> float:
    """Return the best bandwidth for a coefficient if the running variable were normal and the kernel uniform.

    ``orders`` is (order of the polynomial, which coefficient).
    """
    order, which = orders
    target, rate = order + 1, 2 * order + 1
    z, spread = float(distance.mean() / distance.std(ddof=1)), float(distance.std(ddof=1))
    spread_constant, bias_constant = _moments(order, which, target, "uniform")
    density = float(stats.norm.pdf(z))
    slope = float(hermeval(z, np.eye(order + 1)[order])) / math.factorial(target)
    bias = max((bias_constant * slope) ** 2 * density, np.finfo(float).tiny)
    power = target - which
    return spread * math.pow((2 * which - 1) / (2 * power) * spread_constant / bias / len(distance), 1 / rate)


def _density_bandwidths(values: _Values, kernel: Kernel) -> Pair:
    """Return the bandwidths best for the density of each side, by the median of three criteria."""
    bias_width = _regular(values, _normal_width(values.distance, (ORDER + 2, ORDER + 1)), (0, 1))
    width = _regular(values, _normal_width(values.distance, (ORDER, 1)), (0, 1))
    constant = _moments(ORDER, 1, ORDER + 1, kernel)[1]
    n = len(values.distance)
    spreads = [n * width * _slope(values, side, width, (ORDER, 1), kernel)[1] for side in (0, 1)]
    curves = [_slope(values, side, bias_width, (ORDER + 2, ORDER + 1), kernel)[0] * constant for side in (0, 1)]

    def best(spread: float, bias: float, sides: tuple[int, ...]) -> float:
        wide = math.pow(spread / (2 * ORDER * max(bias**2, np.finfo(float).tiny) * n), 1 / (2 * ORDER + 1))
        return _regular(values, wide, sides)

    # a boundary on the left reverses the sign of the bias of odd orders only; the order here is even
    shared = [best(sum(spreads), curves[1] - curves[0], (0, 1)), best(sum(spreads), curves[1] + curves[0], (0, 1))]
    left, right = (float(np.median([best(spreads[i], curves[i], (i,)), *shared])) for i in (0, 1))
    return left, right


def _regular(values: _Values, width: float, sides: tuple[int, ...]) -> float:
    """Keep a bandwidth within the data and wide enough for 23 distinct values on the sides it serves."""
    x = values.distance
    parts = [np.unique(np.abs(x[(x >= 0) if side else (x < 0)])) for side in sides]
    least = max(float(part[MIN_LOCAL + ORDER]) for part in parts)
    return max(min(width, max(float(part[-1]) for part in parts)), least)


def placebo_cutoffs(
    outcome: ArrayLike,
    running: ArrayLike,
    *,
    cutoff: float = 0.0,
    clusters: ArrayLike | None = None,
    covariates: ArrayLike | None = None,
    **options: Unpack[Options],
) -> tuple[Labelled, Labelled]:
    """Estimate jumps where there should be none: at the median of each side, from that side's data alone.

    A placebo that cannot be estimated keeps its line, with the reason.
    """
    y, x = np.asarray(outcome), np.asarray(running, dtype=np.float64)
    z, groups = (None if a is None else np.asarray(a) for a in (covariates, clusters))

    def one(label: Said, keep: NDArray[np.bool_]) -> Labelled:
        at = float(np.median(x[keep])) if keep.any() else cutoff
        part = None if groups is None else groups[keep]
        fixed = None if z is None else z[keep]

        def estimate() -> Discontinuity:
            return regression_discontinuity(y[keep], x[keep], cutoff=at, clusters=part, covariates=fixed, **options)

        return _line(label, at, estimate)

    below, above = Said("discontinuity.median_below"), Said("discontinuity.median_above")
    return one(below, x < cutoff), one(above, x >= cutoff)


def _line(label: Said, at: float, estimate: Callable[[], Discontinuity]) -> Labelled:
    """Return a line with the robust estimate, or the reason there is none."""
    try:
        return Labelled(label, at, estimate().robust)
    except NotEstimable as error:
        return Labelled(label, at, None, error.reason)
