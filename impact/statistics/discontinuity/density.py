"""Whether units sorted themselves across the cutoff: a jump of the density, or a heap on the first value beyond it.

Stands on :mod:`impact.statistics.discontinuity.local_polynomial`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.polynomial import Polynomial
from numpy.polynomial.hermite_e import hermeval
from numpy.typing import ArrayLike
from scipy import stats

from impact.errors import NotEstimable, UsageError
from impact.statistics.core import Floats, t_two_sided
from impact.statistics.discontinuity.local_polynomial import Kernel, Pair, as_pair, local_polynomial, numbers
from impact.statistics.discontinuity.observations import ABOVE, BELOW
from impact.words.said import Said

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
        Jackknife error of the difference of the two densities.
    bandwidth
        (left, right), in the unit of the running variable.
    n_left, n_right
        Observations below the cutoff, and at or above it.
    n_effective_left, n_effective_right
        Observations within the bandwidth of each side.
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

    Examples
    --------
    >>> x = np.linspace(-1, 1, 201)
    >>> round(density_test(x, bandwidth=0.5).density_right, 2)
    0.5
    """
    if kernel not in SHAPES:
        raise UsageError(f"kernel is {kernel!r}; it can be {', '.join(SHAPES)}")
    values = _values(running, cutoff)
    widths = _density_bandwidths(values, kernel) if bandwidth is None else as_pair(bandwidth)
    width0, width1 = widths
    # f̂₋ and f̂₊: slopes of a cubic fitted to F on each side, at bandwidths for a quadratic
    orders = (ORDER + 1, 1)
    f0, variance0, near0 = _slope(values, 0, width0, orders, kernel)
    f1, variance1, near1 = _slope(values, 1, width1, orders, kernel)
    error = math.sqrt(variance0 + variance1)
    statistic = (f1 - f0) / error
    p_value = t_two_sided(statistic, math.inf)
    on_left = values.distance < 0
    n = len(on_left)
    n_left = int(np.sum(on_left))
    n_right = n - n_left
    return DensityTest(statistic, p_value, f0, f1, error, widths, n_left, n_right, near0, near1)


@dataclass(frozen=True)
class StepTest:
    """Test that a running variable in steps does not heap on the first value at or above the cutoff.

    Parameters
    ----------
    below, at, above
        Observations at the last value below the cutoff, the first at or above it, and the next.
    share
        Share of the three values' units that have the one at the cutoff.
    p_value
        Exact binomial, two-sided, at the curvature allowed.
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

    Examples
    --------
    >>> ages = np.repeat([16, 17, 18, 19], [100, 100, 180, 100])
    >>> test = step_test(ages, cutoff=18)
    >>> round(test.share, 2), test.p_value < 0.01
    (0.47, True)
    """
    n_rows = len(np.asarray(running))
    x = numbers(running, Said("statistics.the_running_variable"), n_rows)
    values = np.unique(x)
    step = float(np.diff(values).min(initial=np.inf))
    first = values[0]
    steps = (x - first) / step
    numbered = np.round(steps)
    misses = np.abs(steps - numbered)
    if not np.isfinite(step) or misses.max() > GRID:
        raise NotEstimable(
            Said("discontinuity.repeated_values_not_in_steps"),
            Said("discontinuity.no_repeats_or_equal_steps"),
        )
    where = (cutoff - first) / step
    middle = math.ceil(where - GRID)
    if cutoff_is_below:
        middle = math.floor(where + GRID) + 1
    before, at, following = (int(np.sum(numbered == middle + shift)) for shift in (-1, 0, 1))
    n = before + at + following
    if n < MIN_LOCAL:
        raise NotEstimable(
            Said("discontinuity.few_units_at_three_values", n=n),
            Said("discontinuity.at_least_so_many", least=MIN_LOCAL),
        )
    # Values on a line hold a third in the middle; with the curvature, between these two shares
    fewest = (1 - curvature) / (3 - curvature)
    most = (1 + curvature) / (3 + curvature)
    too_few = stats.binom.cdf(at, n, fewest)
    too_many = stats.binom.sf(at - 1, n, most)
    tail = float(min(too_few, too_many))
    p_value = min(1.0, 2 * tail)
    return StepTest(before, at, following, at / n, p_value)


def _values(running: ArrayLike, cutoff: float) -> _Values:
    """Return sorted distances and their distribution, refusing sides with too few values."""
    n = len(np.asarray(running))
    raw = numbers(running, Said("statistics.the_running_variable"), n)
    x = np.sort(raw - cutoff)
    needed = MIN_LOCAL + ORDER + 1
    for values, side in ((x[x < 0], BELOW), (x[x >= 0], ABOVE)):
        distinct = len(np.unique(values))
        if distinct < needed:
            raise NotEstimable(
                Said("discontinuity.few_values_on_side", n=len(values), distinct=distinct, side=side),
                Said("discontinuity.distinct_values_or_binomial_test", needed=needed),
            )
    not_above = np.searchsorted(x, x, side="right") - 1
    return _Values(x, not_above / (n - 1))


def _slope(
    values: _Values, side: int, width: float, orders: tuple[int, int], kernel: Kernel
) -> tuple[float, float, int]:
    """Return a coefficient of the distribution's local polynomial, its jackknife variance, and observations used.

    ``orders`` is (order of the polynomial, which coefficient).
    """
    order, coefficient = orders
    x = values.distance
    on_side = (x >= 0) if side else (x < 0)
    size = np.abs(x)
    used = on_side & (size <= width)
    weights = local_polynomial(x[used], width, order, kernel).functionals[coefficient]
    # Σ_{j: x_j ≥ x_i} w_j for each observation, less its own weight: what the jackknife moves
    backwards = np.cumsum(weights[::-1])
    tails = np.append(backwards[::-1], 0.0)
    first = np.searchsorted(x[used], x, side="left")
    spread = tails[first]
    spread[used] -= weights
    variance = float(spread @ spread) / (len(x) - 1) ** 2
    estimate = float(weights @ values.share[used])
    return estimate, variance, int(used.sum())


def _moments(order: int, which: int, target: int, kernel: Kernel) -> tuple[float, float]:
    """Return the constants of variance and bias of a coefficient at a boundary.

    Notes
    -----
    With w(u) the kernel's weight for the coefficient on (0, 1): ``∫ (∫_t^1 w)² dt`` and ``∫ w(u) u^target du``.
    """
    shape = SHAPES[kernel]
    highest = max(order, target)
    basis = [Polynomial.basis(j) for j in range(highest + 1)]
    fitted = basis[: order + 1]
    # Γ = ∫ K(u) r(u) r(u)' du, and the weights w(u) = K(u) r(u)'Γ⁻¹e of one coefficient
    products = [[_integral(shape * a * b) for a in fitted] for b in fitted]
    gram = np.array(products)
    unit = np.eye(order + 1)[which]
    unit_weights = np.linalg.solve(gram, unit)
    weights = shape * Polynomial(unit_weights)
    antiderivative = weights.integ()
    tail = antiderivative(1.0) - antiderivative
    squared_tail = tail * tail
    bias = weights * basis[target]
    return _integral(squared_tail), _integral(bias)


def _integral(polynomial: Polynomial) -> float:
    """Return the integral from 0 to 1."""
    antiderivative = polynomial.integ()
    return float(antiderivative(1.0))


def _normal_width(distance: Floats, orders: tuple[int, int]) -> float:
    """Return the best bandwidth for a coefficient if the running variable were normal and the kernel uniform.

    ``orders`` is (order of the polynomial, which coefficient).
    """
    order, which = orders
    target, rate = order + 1, 2 * order + 1
    deviation = distance.std(ddof=1)
    spread = float(deviation)
    z = float(distance.mean() / distance.std(ddof=1))
    spread_constant, bias_constant = _moments(order, which, target, "uniform")
    # φ and its derivative of order o (a Hermite polynomial times φ), over (o + 1)!
    density = float(stats.norm.pdf(z))
    unit = np.eye(order + 1)[order]
    hermite = float(hermeval(z, unit))
    slope = hermite / math.factorial(target)
    squared_bias = (bias_constant * slope) ** 2 * density
    tiny = np.finfo(float).tiny
    bias = max(squared_bias, tiny)
    factor = (2 * which - 1) / (2 * (target - which))
    n = len(distance)
    ratio = factor * spread_constant / bias / n
    return spread * math.pow(ratio, 1 / rate)


def _density_bandwidths(values: _Values, kernel: Kernel) -> Pair:
    """Return the bandwidths best for the density of each side, by the median of three criteria."""
    of_slope, of_curvature = (ORDER, 1), (ORDER + 2, ORDER + 1)
    distance = values.distance
    bias_width = _regular(values, _normal_width(distance, of_curvature), (0, 1))
    width = _regular(values, _normal_width(distance, of_slope), (0, 1))
    # Constants of variance and bias of f̂₋ and f̂₊
    _, constant = _moments(ORDER, 1, ORDER + 1, kernel)
    n = len(distance)
    spreads, curves = [], []
    for side in (0, 1):
        _, variance, _ = _slope(values, side, width, of_slope, kernel)
        curvature, _, _ = _slope(values, side, bias_width, of_curvature, kernel)
        spreads.append(n * width * variance)
        curves.append(curvature * constant)
    # A boundary on the left reverses the sign of the bias of odd orders only; the order here is even.
    (spread0, spread1), (curve0, curve1) = spreads, curves
    spread = spread0 + spread1
    of_difference = _best(values, spread, curve1 - curve0, (0, 1))
    of_sum = _best(values, spread, curve1 + curve0, (0, 1))
    alone0 = _best(values, spread0, curve0, (0,))
    alone1 = _best(values, spread1, curve1, (1,))
    width0 = np.median([alone0, of_difference, of_sum])
    width1 = np.median([alone1, of_difference, of_sum])
    return float(width0), float(width1)


def _best(values: _Values, spread: float, bias: float, sides: tuple[int, ...]) -> float:
    """Return the bandwidth of least mean squared error ``(V / (2p B² n))^(1/(2p + 1))``, kept within the data."""
    n = len(values.distance)
    tiny = np.finfo(float).tiny
    squared = max(bias**2, tiny)
    divisor = 2 * ORDER * squared * n
    rate = 1 / (2 * ORDER + 1)
    width = math.pow(spread / divisor, rate)
    return _regular(values, width, sides)


def _regular(values: _Values, width: float, sides: tuple[int, ...]) -> float:
    """Keep a bandwidth within the data and wide enough for 23 distinct values on the sides it serves."""
    x = values.distance
    least = farthest = 0.0
    for side in sides:
        on_side = (x >= 0) if side else (x < 0)
        distances = np.unique(np.abs(x[on_side]))
        enough = float(distances[MIN_LOCAL + ORDER])
        last = float(distances[-1])
        least = max(least, enough)
        farthest = max(farthest, last)
    within = min(width, farthest)
    return max(within, least)
