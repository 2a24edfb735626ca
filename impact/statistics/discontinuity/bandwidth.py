"""Bandwidths that are optimal for the difference of two local polynomials at a cutoff.

Stands on :mod:`impact.statistics.discontinuity.local_polynomial`; :mod:`impact.statistics.discontinuity.jump` gives
estimates at these bandwidths.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from impact.errors import NotEstimable, UsageError
from impact.statistics.core import Floats
from impact.statistics.discontinuity.local_polynomial import (
    MIN_DISTINCT,
    Errors,
    Kernel,
    Pair,
    Side,
    few_distinct,
    kernel_weights,
    local_polynomial,
    residuals,
    variance,
    without_polynomial,
)
from impact.words.said import Said

Selection = Literal["mserd", "msetwo", "cerrd"]
MAX_ORDER = 4
MASS_POINT_SHARE = 0.2
REGULARISATION = 3.0
PILOT = {"triangular": 2.576, "uniform": 1.843, "epanechnikov": 2.34}
_SETTINGS: dict[str, Sequence[int | str]] = {
    "order": range(MAX_ORDER + 1),
    "kernel": get_args(Kernel),
    "selection": get_args(Selection),
    "errors": get_args(Errors),
    "masspoints": ("adjust", "off"),
}
"""What each setting can be."""


@dataclass(frozen=True)
class Plan:
    """How a discontinuity is estimated: polynomial ``order``, ``kernel``, ``selection``, ``errors``, ``masspoints``."""

    order: int
    kernel: Kernel
    selection: Selection
    errors: Errors
    masspoints: Literal["adjust", "off"]

    def __post_init__(self) -> None:
        for name, choices in _SETTINGS.items():
            value = getattr(self, name)
            if value not in choices:
                listed = ", ".join(map(str, choices))
                raise UsageError(f"{name} is {value!r}; it can be {listed}")


@dataclass(frozen=True)
class _ErrorTerms:
    """Constants of the mean squared error of one coefficient on one side: variance, bias, variance of the bias."""

    variance: float
    bias: float
    regularisation: float


def _adjusted(side: Side, width: float, order: int, kernel: Kernel) -> Side:
    """Take covariates out of the outcome by their local regression on this side alone."""
    if not side.covariates.shape[1]:
        return side
    near = side.within(width, kernel)
    fit = local_polynomial(near.distance, width, order, kernel)
    columns = np.column_stack([near.outcome, near.covariates])
    free = without_polynomial(columns, near, fit)
    weights = kernel_weights(near.distance, width, kernel)
    root = np.sqrt(weights)
    free *= root[:, None]
    sizes = np.abs(near.covariates)
    largest = sizes.max(axis=0)
    scale = np.maximum(largest, np.finfo(float).tiny)
    scaled = free[:, 1:] / scale
    solved = np.linalg.lstsq(scaled, free[:, 0], rcond=1e-10)[0]
    coefficients = solved / scale
    return side.less_covariates(coefficients)


def _error_terms(side: Side, orders: tuple[int, int, int], widths: Pair, plan: Plan) -> _ErrorTerms:
    """Return what the mean squared error of coefficient ``nu`` of a polynomial of order ``o`` is made of."""
    order, nu, bias_order = orders
    h, b = widths
    side = _adjusted(side, h, order, plan.kernel)
    near, weights, spread = _coefficient(side, (order, nu), h, plan)
    wide, bias_weights, bias_spread = _coefficient(side, (bias_order, order + 1), b, plan)
    # Bias: the constant of the kernel times the derivative of order o + 1, estimated with the wider bandwidth
    power = order + 1 - nu
    powers_of_distance = near.distance ** (order + 1)
    moment = float(weights @ powers_of_distance)
    constant = moment / h**power
    derivative = float(bias_weights @ wide.outcome)
    # V, B and R of h = (V / (B² + R))^(1/(2p + 3))
    rate = 2 * nu + 1
    variance_term = rate * h**rate * spread
    root = float(np.sqrt(2 * power))
    bias = root * constant * derivative
    regularisation = REGULARISATION * 2 * power * constant**2 * bias_spread
    return _ErrorTerms(variance_term, bias, regularisation)


def _coefficient(side: Side, orders: tuple[int, int], width: float, plan: Plan) -> tuple[Side, Floats, float]:
    """Return the observations within a bandwidth, the weights of a coefficient on them, and its variance."""
    order, coefficient = orders
    near = side.within(width, plan.kernel)
    fit = local_polynomial(near.distance, width, order, plan.kernel)
    weights = fit.functionals[coefficient]
    noise = residuals(near, fit, plan.errors)
    noise_of_sum = weights * noise
    n_coefficients = order + 1
    spread = variance(noise_of_sum, near.clusters, n_coefficients)
    return near, weights, spread


def _optimal(terms: tuple[_ErrorTerms, _ErrorTerms], order: int, *, regularised: bool, two: bool) -> Pair:
    """Return the bandwidths that minimise the mean squared error, of the jump or of each side."""
    lower, upper = terms
    if two:
        return _root(lower, order, regularised), _root(upper, order, regularised)
    # Of the difference: variances add up, biases are subtracted
    spread = lower.variance + upper.variance
    bias = upper.bias - lower.bias
    regularisation = lower.regularisation + upper.regularisation
    joint = _ErrorTerms(spread, bias, regularisation)
    width = _root(joint, order, regularised)
    return width, width


def _root(terms: _ErrorTerms, order: int, regularised: bool) -> float:
    """Return ``(V / (B² + R))^(1/(2o+3))``."""
    denominator = terms.bias**2
    if regularised:
        denominator = denominator + terms.regularisation
    if not (terms.variance > 0 and denominator > 0):
        raise NotEstimable(
            Said("discontinuity.outcome_does_not_vary_near_cutoff"), Said("discontinuity.outcome_varies_both_sides")
        )
    rate = 1 / (2 * order + 3)
    return math.pow(terms.variance / denominator, rate)


def _quartile(ordered: Floats, share: float) -> float:
    """Return a quantile of sorted values, averaging the two neighbours where it falls between observations."""
    at = share * len(ordered)
    position = int(np.ceil(at)) - 1
    value = ordered[position]
    if at == int(at):
        following = ordered[position + 1]
        return float((value + following) / 2)
    return float(value)


def _pilot(sides: tuple[Side, Side], plan: Plan) -> float:
    """Return the rule-of-thumb bandwidth at which variances are first estimated."""
    distances = [side.distance for side in sides]
    distance = np.sort(np.concatenate(distances))
    n = len(distance)
    if plan.masspoints == "adjust":
        n = len(np.unique(distance))
    # c · min(s, IQR/1.349) · n^(−1/5)
    upper = _quartile(distance, 0.75)
    lower = _quartile(distance, 0.25)
    iqr = upper - lower
    deviation = float(distance.std(ddof=1))
    spread = min(deviation, iqr / 1.349)
    rate = math.pow(n, -0.2)
    return PILOT[plan.kernel] * spread * rate


def has_mass_points(running: Floats) -> bool:
    """Return whether a fifth or more of the observations repeat a value of the running variable, shape (n,).

    Examples
    --------
    >>> has_mass_points(np.array([1.0, 1.0, 2.0, 3.0])), has_mass_points(np.array([1.0, 2.0, 3.0, 4.0]))
    (True, False)
    """
    distinct = len(np.unique(running))
    share = 1 - distinct / len(running)
    return share >= MASS_POINT_SHARE


def _bounds(sides: tuple[Side, Side], plan: Plan) -> tuple[Pair, Pair]:
    """Return the least preliminary and the greatest bandwidth of each side."""
    lower, upper = (np.unique(np.abs(side.distance)) for side in sides)
    reach: Pair = (float(lower[-1]), float(upper[-1]))
    floor: Pair = (0.0, 0.0)
    repeated = any(has_mass_points(side.distance) for side in sides)
    if plan.masspoints == "adjust" and repeated:
        floor = (_least_width(lower), _least_width(upper))
    if plan.selection == "msetwo":
        return floor, reach
    lowest, farthest = max(floor), max(reach)
    return (lowest, lowest), (farthest, farthest)


def _least_width(steps: Floats) -> float:
    """Return the bandwidth that just holds enough of the distinct distances ``steps``."""
    last = min(MIN_DISTINCT, len(steps)) - 1
    width = float(steps[last])
    rounding = 1 + 1e-9
    return width * rounding


def select_bandwidths(sides: tuple[Side, Side], plan: Plan) -> tuple[Pair, Pair]:
    """Return the bandwidths (left, right) of the estimate and of its bias.

    Parameters
    ----------
    sides
        Observations left and right of the cutoff, with distances in the unit of the running variable.
    plan
        ``mserd`` minimises the mean squared error of the jump, ``msetwo`` of each side alone; ``cerrd`` shrinks
        ``mserd`` to the coverage-error rate.

    Notes
    -----
    With variance constant V and bias constant B, ``h = (V / (B² + R))^(1/(2p+3))``, where R is three times the
    variance of the estimated bias. B needs a higher derivative, whose own bandwidth is chosen in the same way one
    order up; its first stage uses the whole range of each side. Variances are estimated at a rule-of-thumb bandwidth.

    Raises
    ------
    NotEstimable
        If the outcome does not vary or the running variable has too few distinct values.

    References
    ----------
    Calonico, Cattaneo & Titiunik (2014), https://doi.org/10.3982/ECTA11757; Calonico, Cattaneo, Farrell & Titiunik
    (2019), https://doi.org/10.1162/rest_a_00760; Calonico, Cattaneo & Farrell (2020),
    https://doi.org/10.1093/ectj/utz022.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> x = rng.uniform(-1, 1, 400)
    >>> data = np.column_stack([x + (x >= 0) + rng.normal(size=400) / 4, x])
    >>> empty = np.empty((200, 0))
    >>> rows = [data[x < 0][:150], data[x >= 0][:150]]
    >>> sides = tuple(Side(part[:, 0], part[:, 1], np.empty((150, 0)), None) for part in rows)
    >>> (h, _), (b, _) = select_bandwidths(sides, Plan(1, "triangular", "mserd", "nn", "adjust"))
    >>> 0 < h < b < 1
    True
    """
    p, two = plan.order, plan.selection == "msetwo"
    floor, reach = _bounds(sides, plan)
    farthest = max(reach)
    narrow = min(_pilot(sides, plan), farthest)
    pilot = max(narrow, *floor)
    if pilot == 0:
        counts = [len(np.unique(side.distance)) for side in sides]
        raise few_distinct(min(counts))
    sizes0, sizes1 = (np.abs(side.distance) for side in sides)
    widths: Pair = (float(sizes0.max()), float(sizes1.max()))
    # Three steps, each with the width of the one before for its bias: of the bias's derivative, the bias, the jump
    chosen: list[Pair] = []
    steps = [(p + 2, p + 2, p + 3), (p + 1, p + 1, p + 2), (p, 0, p + 1)]
    for number, orders in enumerate(steps):
        lower = _error_terms(sides[0], orders, (pilot, widths[0]), plan)
        upper = _error_terms(sides[1], orders, (pilot, widths[1]), plan)
        optimal0, optimal1 = _optimal((lower, upper), orders[0], regularised=number > 0, two=two)
        widths = (min(optimal0, reach[0]), min(optimal1, reach[1]))
        if number == 0:
            width0, width1 = widths
            widths = (max(width0, floor[0]), max(width1, floor[1]))
        chosen.append(widths)
    shrink = 1.0
    if plan.selection == "cerrd":
        shrink = _coverage_rate(sides, p)
    width0, width1 = widths
    main = (width0 * shrink, width1 * shrink)
    return main, chosen[1]


def _coverage_rate(sides: tuple[Side, Side], order: int) -> float:
    """Return n^(−p/((3+p)(3+2p))), which takes the rate of the squared error to that of coverage; n counts clusters."""
    n = 0
    for side in sides:
        units = side.outcome if side.clusters is None else np.unique(side.clusters)
        n += len(units)
    denominator = (3 + order) * (3 + 2 * order)
    rate = -order / denominator
    return math.pow(n, rate)
