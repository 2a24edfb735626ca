"""Local polynomials on one side of a cutoff, and the bandwidths that are optimal for their difference.

Stands below :mod:`impact.statistics.discontinuity.jump`, which gives estimates at these bandwidths. Every coefficient
of a local polynomial is a weighted sum of the outcome; variances, biases and bandwidths all follow from those weights.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from impact.errors import NotEstimable, UsageError
from impact.statistics.core import Floats, Ints, cluster_sums
from impact.words.said import Said, Text

Kernel = Literal["triangular", "uniform", "epanechnikov"]
Selection = Literal["mserd", "msetwo", "cerrd"]
Errors = Literal["nn", "HC0", "HC1", "HC2", "HC3", "cluster"]
Pair = tuple[float, float]
MAX_ORDER = 4
NEIGHBOURS = 3
MASS_POINT_SHARE = 0.2
MIN_DISTINCT = 10
REGULARISATION = 3.0
PILOT = {"triangular": 2.576, "uniform": 1.843, "epanechnikov": 2.34}


@dataclass(frozen=True)
class Side:
    """Observations on one side of the cutoff, or within a bandwidth of it.

    Parameters
    ----------
    outcome
        Shape (n,).
    distance
        Running variable minus the cutoff, shape (n,).
    covariates
        Shape (n, k); k may be 0.
    clusters
        Cluster codes, shape (n,), or None.
    """

    outcome: Floats
    distance: Floats
    covariates: Floats
    clusters: Ints | None

    def within(self, bandwidth: float, kernel: Kernel) -> Side:
        """Return the observations to which the kernel gives weight."""
        keep = kernel_weights(self.distance, bandwidth, kernel) > 0
        clusters = None if self.clusters is None else self.clusters[keep]
        return Side(self.outcome[keep], self.distance[keep], self.covariates[keep], clusters)

    def less_covariates(self, coefficients: Floats) -> Side:
        """Return the same observations with covariates taken out of the outcome."""
        outcome = self.outcome - self.covariates @ coefficients
        return Side(outcome, self.distance, self.covariates, self.clusters)


@dataclass(frozen=True)
class LocalFit:
    """A kernel-weighted polynomial in the distance to the cutoff.

    Parameters
    ----------
    functionals
        Row k gives the coefficient of ``distance**k`` as a weighted sum of the outcome; shape (order + 1, n).
    leverage
        Shape (n,); 0 where the kernel gives no weight.
    """

    functionals: Floats
    leverage: Floats


@dataclass(frozen=True)
class Plan:
    """How a discontinuity is estimated: polynomial ``order``, ``kernel``, ``selection``, ``errors``, ``masspoints``."""

    order: int
    kernel: Kernel
    selection: Selection
    errors: Errors
    masspoints: Literal["adjust", "off"]

    def __post_init__(self) -> None:
        allowed = {
            "order": range(MAX_ORDER + 1),
            "kernel": get_args(Kernel),
            "selection": get_args(Selection),
            "errors": get_args(Errors),
            "masspoints": ("adjust", "off"),
        }
        for name, values in allowed.items():
            if getattr(self, name) not in values:
                raise UsageError(f"{name} is {getattr(self, name)!r}; it can be {', '.join(map(str, values))}")


@dataclass(frozen=True)
class _Parts:
    """Constants of the mean squared error of one coefficient on one side: variance, bias, variance of the bias."""

    variance: float
    bias: float
    regularisation: float


def numbers(values: ArrayLike, name: Text, n: int) -> Floats:
    """Return finite numbers with n rows."""
    found = np.asarray(values, dtype=np.float64)
    if len(found) != n:
        raise UsageError(f"{name} has {len(found)} rows, the running variable {n}")
    if not np.isfinite(found).all():
        raise NotEstimable(
            Said("statistics.not_finite", names=name),
            Said("discontinuity.complete_rows_reason_others_left_out"),
        )
    return found


def kernel_weights(distance: Floats, bandwidth: float, kernel: Kernel) -> Floats:
    """Return kernel weights K(distance / bandwidth) / bandwidth, shape (n,)."""
    u = np.abs(distance / bandwidth)
    shape = {"triangular": 1 - u, "uniform": np.full_like(u, 0.5), "epanechnikov": 0.75 * (1 - u**2)}[kernel]
    return np.where(u <= 1, shape, 0.0) / bandwidth


def as_pair(width: float | Pair) -> Pair:
    """Return a bandwidth as (left, right)."""
    left, right = (width, width) if isinstance(width, int | float) else width
    if not (math.isfinite(left) and math.isfinite(right) and min(left, right) > 0):
        raise UsageError(f"a bandwidth is a positive number, not {width}")
    return float(left), float(right)


def counts_within(side: Side, width: float, kernel: Kernel) -> tuple[int, int]:
    """Return observations and distinct values of the running variable within a bandwidth."""
    near = side.distance[kernel_weights(side.distance, width, kernel) > 0]
    return len(near), len(np.unique(near))


def powers(distance: Floats, order: int) -> Floats:
    """Return the columns 1, distance, …, distance**order, shape (n, order + 1)."""
    return np.vander(distance, order + 1, increasing=True)


def local_polynomial(distance: Floats, bandwidth: float, order: int, kernel: Kernel) -> LocalFit:
    """Return the weights with which a local polynomial turns outcomes into coefficients.

    Raises
    ------
    NotEstimable
        If distinct distances with weight are not more than the coefficients.
    """
    root = np.sqrt(kernel_weights(distance, bandwidth, kernel))
    distinct = len(np.unique(distance[root > 0]))
    if distinct <= order + 1:
        raise few_distinct(distinct)
    q, r = np.linalg.qr(root[:, None] * powers(distance / bandwidth, order))
    scale = bandwidth ** -np.arange(order + 1.0)
    return LocalFit(scale[:, None] * np.linalg.solve(r, q.T * root), np.sum(q**2, axis=1))


def few_distinct(found: int) -> NotEstimable:
    """Return the refusal of a running variable with too few distinct values near the cutoff."""
    return NotEstimable(
        Said("discontinuity.few_distinct_values", found=found),
        Said("discontinuity.more_distinct_values", least=MIN_DISTINCT),
    )


def neighbour_residuals(outcome: Floats, distance: Floats) -> Floats:
    """Return each outcome minus the mean of its nearest neighbours, scaled to the variance of one observation.

    Notes
    -----
    ``e_i = sqrt(J/(J+1)) · (y_i − mean of the J nearest)`` with J = 3; neighbours as near as the third all count.
    Distances that differ by rounding only are equal, so that moving the origin changes nothing.
    """
    values, codes, counts = np.unique(distance, return_inverse=True, return_counts=True)
    sums = np.bincount(codes, weights=outcome)
    steps = np.r_[-NEIGHBOURS:0, 1 : NEIGHBOURS + 1]
    places = np.arange(len(values))[:, None] + steps
    exists = (places >= 0) & (places < len(values))
    places = np.clip(places, 0, len(values) - 1)
    gaps = np.where(exists, np.abs(values[:, None] - values[places]), np.inf)
    ranked = np.sort(gaps, axis=1)
    held = np.take_along_axis(np.where(exists, counts[places], 0), np.argsort(gaps, axis=1), axis=1)
    reached = np.column_stack([counts - 1, counts[:, None] - 1 + np.cumsum(held, axis=1)]) >= NEIGHBOURS
    limits = np.column_stack([np.zeros(len(values)), ranked])
    limit = np.where(reached.any(axis=1), limits[np.arange(len(values)), reached.argmax(axis=1)], np.inf)
    rounding = 8 * np.finfo(float).eps * np.abs(values).max()
    used = exists & (gaps <= limit[:, None] + rounding) & (limit > 0)[:, None]
    number = (counts - 1 + np.sum(used * counts[places], axis=1))[codes]
    total = (sums + np.sum(used * sums[places], axis=1))[codes] - outcome
    scaled: Floats = np.sqrt(number / (number + 1)) * (outcome - total / number)
    return scaled


def residuals(side: Side, fit: LocalFit, errors: Errors) -> Floats:
    """Return the residuals that stand for the outcome's variance, shape (n,).

    Parameters
    ----------
    side
        Observations within a bandwidth.
    fit
        The local polynomial whose residuals are wanted; nearest neighbours do not use it.
    errors
        ``nn``; ``HC0`` … ``HC3``, with the usual corrections by leverage; ``cluster`` leaves residuals as they are.
    """
    if errors == "nn":
        return neighbour_residuals(side.outcome, side.distance)
    order = len(fit.functionals) - 1
    plain = side.outcome - powers(side.distance, order) @ (fit.functionals @ side.outcome)
    n = len(plain)
    if errors == "HC1":
        return plain * math.sqrt(n / (n - order - 1))
    exponent = {"HC2": 0.5, "HC3": 1.0}.get(errors, 0.0)
    if exponent and fit.leverage.max() > 1 - 1e-10:
        raise NotEstimable(
            Said("discontinuity.one_observation_bends_polynomial", errors=errors),
            Said("discontinuity.errors_nn"),
        )
    scaled: Floats = plain / (1 - fit.leverage) ** exponent
    return scaled


def variance(influence: Floats, clusters: Ints | None, n_coefficients: int) -> float:
    """Return the variance of a weighted sum of outcomes from weight times residual, shape (n,).

    Notes
    -----
    ``Σ influence²``, or, with clusters, the sum of squared cluster totals times ``(n−1)/(n−k) · G/(G−1)``.
    """
    if clusters is None:
        return float(influence @ influence)
    found, codes = np.unique(clusters, return_inverse=True)
    n, groups = len(influence), len(found)
    if groups < 2:
        raise NotEstimable(
            Said("discontinuity.one_side_cutoff_has_single_cluster"), Said("discontinuity.least_two_clusters_each_side")
        )
    totals = cluster_sums(influence, codes.astype(np.int64), groups)
    return float(totals @ totals) * (n - 1) / (n - n_coefficients) * groups / (groups - 1)


def without_polynomial(values: Floats, side: Side, fit: LocalFit) -> Floats:
    """Return columns, shape (n, m), less their local polynomial."""
    return values - powers(side.distance, len(fit.functionals) - 1) @ (fit.functionals @ values)


def _adjusted(side: Side, width: float, order: int, kernel: Kernel) -> Side:
    """Take covariates out of the outcome by their local regression on this side alone."""
    if not side.covariates.shape[1]:
        return side
    near = side.within(width, kernel)
    fit = local_polynomial(near.distance, width, order, kernel)
    both = without_polynomial(np.column_stack([near.outcome, near.covariates]), near, fit)
    both *= np.sqrt(kernel_weights(near.distance, width, kernel))[:, None]
    scale = np.maximum(np.abs(near.covariates).max(axis=0), np.finfo(float).tiny)
    coefficients = np.linalg.lstsq(both[:, 1:] / scale, both[:, 0], rcond=1e-10)[0]
    return side.less_covariates(coefficients / scale)


def _parts(side: Side, orders: tuple[int, int, int], widths: Pair, plan: Plan) -> _Parts:
    """Return what the mean squared error of coefficient ``nu`` of a polynomial of order ``o`` is made of.

    ``orders`` is (o, nu, order of the polynomial that estimates the bias), ``widths`` the bandwidths of the variance
    and of the bias.
    """
    order, nu, bias_order = orders
    side = _adjusted(side, widths[0], order, plan.kernel)
    near, weights, spread = _coefficient(side, (order, nu), widths[0], plan)
    wide, bias_weights, bias_spread = _coefficient(side, (bias_order, order + 1), widths[1], plan)
    power = order + 1 - nu
    constant = float(weights @ near.distance ** (order + 1)) / widths[0] ** power
    return _Parts(
        (2 * nu + 1) * widths[0] ** (2 * nu + 1) * spread,
        float(np.sqrt(2 * power)) * constant * float(bias_weights @ wide.outcome),
        REGULARISATION * 2 * power * constant**2 * bias_spread,
    )


def _coefficient(side: Side, orders: tuple[int, int], width: float, plan: Plan) -> tuple[Side, Floats, float]:
    """Return the observations within a bandwidth, the weights of a coefficient on them, and its variance."""
    near = side.within(width, plan.kernel)
    fit = local_polynomial(near.distance, width, orders[0], plan.kernel)
    weights = fit.functionals[orders[1]]
    return near, weights, variance(weights * residuals(near, fit, plan.errors), near.clusters, orders[0] + 1)


def _optimal(parts: tuple[_Parts, _Parts], order: int, *, regularised: bool, two: bool) -> Pair:
    """Return the bandwidths that minimise the mean squared error, of the jump or of each side."""
    left, right = parts
    if two:
        return _root(left, order, regularised), _root(right, order, regularised)
    joint = _Parts(left.variance + right.variance, right.bias - left.bias, left.regularisation + right.regularisation)
    width = _root(joint, order, regularised)
    return width, width


def _root(parts: _Parts, order: int, regularised: bool) -> float:
    below = parts.bias**2 + (parts.regularisation if regularised else 0.0)
    if not (parts.variance > 0 and below > 0):
        raise NotEstimable(
            Said("discontinuity.outcome_does_not_vary_near_cutoff"), Said("discontinuity.outcome_varies_both_sides")
        )
    return math.pow(parts.variance / below, 1 / (2 * order + 3))


def _quartile(ordered: Floats, share: float) -> float:
    """Return a quantile of sorted values, averaging the two neighbours where it falls between observations."""
    place = share * len(ordered)
    low = int(np.ceil(place)) - 1
    return float((ordered[low] + ordered[low + 1]) / 2 if place == int(place) else ordered[low])


def _pilot(sides: tuple[Side, Side], plan: Plan) -> float:
    """Return the rule-of-thumb bandwidth at which variances are first estimated."""
    distance = np.sort(np.concatenate([side.distance for side in sides]))
    n = len(np.unique(distance)) if plan.masspoints == "adjust" else len(distance)
    iqr = _quartile(distance, 0.75) - _quartile(distance, 0.25)
    spread = min(float(distance.std(ddof=1)), iqr / 1.349)
    return PILOT[plan.kernel] * spread * math.pow(n, -0.2)


def has_mass_points(running: Floats) -> bool:
    """Return whether a fifth or more of the observations repeat a value of the running variable, shape (n,)."""
    return 1 - len(np.unique(running)) / len(running) >= MASS_POINT_SHARE


def _bounds(sides: tuple[Side, Side], plan: Plan) -> tuple[Pair, Pair]:
    """Return the least preliminary and the greatest bandwidth of each side."""
    steps = [np.unique(np.abs(side.distance)) for side in sides]
    reach: Pair = (float(steps[0][-1]), float(steps[1][-1]))
    floor: Pair = (0.0, 0.0)
    if plan.masspoints == "adjust" and any(has_mass_points(side.distance) for side in sides):
        left, right = (float(s[min(MIN_DISTINCT, len(s)) - 1]) * (1 + 1e-9) for s in steps)
        floor = (left, right)
    if plan.selection == "msetwo":
        return floor, reach
    return (max(floor), max(floor)), (max(reach), max(reach))


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
    """
    p, two = plan.order, plan.selection == "msetwo"
    floor, reach = _bounds(sides, plan)
    pilot = max(min(_pilot(sides, plan), max(reach)), *floor)
    if pilot == 0:
        raise few_distinct(min(len(np.unique(side.distance)) for side in sides))
    widths: Pair = (float(np.abs(sides[0].distance).max()), float(np.abs(sides[1].distance).max()))
    found: list[Pair] = []
    for number, orders in enumerate([(p + 2, p + 2, p + 3), (p + 1, p + 1, p + 2), (p, 0, p + 1)]):
        parts = tuple(_parts(side, orders, (pilot, width), plan) for side, width in zip(sides, widths, strict=True))
        left, right = _optimal((parts[0], parts[1]), orders[0], regularised=number > 0, two=two)
        widths = (min(left, reach[0]), min(right, reach[1]))
        if number == 0:
            widths = (max(widths[0], floor[0]), max(widths[1], floor[1]))
        found.append(widths)
    shrink = _coverage_rate(sides, p) if plan.selection == "cerrd" else 1.0
    return (widths[0] * shrink, widths[1] * shrink), found[1]


def _coverage_rate(sides: tuple[Side, Side], order: int) -> float:
    """Return n^(−p/((3+p)(3+2p))), which takes the rate of the squared error to that of coverage; n counts clusters."""
    n = sum(len(side.outcome if side.clusters is None else np.unique(side.clusters)) for side in sides)
    return math.pow(n, -order / ((3 + order) * (3 + 2 * order)))
