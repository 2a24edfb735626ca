"""Local polynomials on one side of a cutoff.

Every coefficient is a weighted sum of the outcome; :mod:`impact.statistics.discontinuity.bandwidth` chooses how far the
polynomial looks, :mod:`impact.statistics.discontinuity.jump` compares the two sides.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from impact.errors import NotEstimable, UsageError
from impact.statistics.core import Floats, Ints, cluster_codes, cluster_sums, floats
from impact.words.said import Said, Text

Kernel = Literal["triangular", "uniform", "epanechnikov"]
Errors = Literal["nn", "HC0", "HC1", "HC2", "HC3", "cluster"]
Pair = tuple[float, float]
Bools = NDArray[np.bool_]
NEIGHBOURS = 3
MIN_DISTINCT = 10
COLLINEAR = 1e-8


@dataclass(frozen=True)
class Side:
    """Observations on one side of the cutoff, or within a bandwidth of it.

    Parameters
    ----------
    outcome
        Shape (n,), in its own unit.
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
        weights = kernel_weights(self.distance, bandwidth, kernel)
        return self.rows(weights > 0)

    def rows(self, chosen: Bools) -> Side:
        """Return some of the observations."""
        outcome, distance = self.outcome[chosen], self.distance[chosen]
        covariates = self.covariates[chosen]
        clusters = self.clusters
        if clusters is not None:
            clusters = clusters[chosen]
        return Side(outcome, distance, covariates, clusters)

    def less_covariates(self, coefficients: Floats) -> Side:
        """Return the same observations with covariates taken out of the outcome."""
        fitted = self.covariates @ coefficients
        outcome = self.outcome - fitted
        return replace(self, outcome=outcome)


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


def numbers(values: ArrayLike, name: Text, n: int) -> Floats:
    """Return finite numbers with n rows."""
    array = floats(values)
    n_rows = len(array)
    if n_rows != n:
        raise UsageError(f"{name} has {n_rows} rows, the running variable {n}")
    finite = np.isfinite(array)
    if not finite.all():
        raise NotEstimable(
            Said("statistics.not_finite", names=name),
            Said("discontinuity.complete_rows_reason_others_left_out"),
        )
    return array


def kernel_weights(distance: Floats, bandwidth: float, kernel: Kernel) -> Floats:
    """Return kernel weights K(distance / bandwidth) / bandwidth, shape (n,).

    Examples
    --------
    >>> kernel_weights(np.array([-1.0, 0.0, 1.0, 3.0]), 2.0, "triangular").tolist()
    [0.25, 0.5, 0.25, 0.0]
    """
    u = np.abs(distance / bandwidth)
    if kernel == "triangular":
        shape = 1 - u
    elif kernel == "uniform":
        shape = np.full_like(u, 0.5)
    else:
        shape = 0.75 * (1 - u**2)
    return np.where(u <= 1, shape, 0.0) / bandwidth


def as_pair(width: float | Pair) -> Pair:
    """Return a bandwidth as (left, right).

    Examples
    --------
    >>> as_pair(0.5)
    (0.5, 0.5)
    """
    widths = (width, width) if isinstance(width, int | float) else width
    width0, width1 = widths
    finite = math.isfinite(width0) and math.isfinite(width1)
    if not finite or min(widths) <= 0:
        raise UsageError(f"a bandwidth is a positive number, not {width}")
    return float(width0), float(width1)


def counts_within(side: Side, width: float, kernel: Kernel) -> tuple[int, int]:
    """Return observations and distinct values of the running variable within a bandwidth."""
    weights = kernel_weights(side.distance, width, kernel)
    near = side.distance[weights > 0]
    distinct = np.unique(near)
    return len(near), len(distinct)


def powers(distance: Floats, order: int) -> Floats:
    """Return the columns 1, distance, …, distance**order, shape (n, order + 1).

    Examples
    --------
    >>> powers(np.array([1.0, 2.0]), 2).tolist()
    [[1.0, 1.0, 1.0], [1.0, 2.0, 4.0]]
    """
    return np.vander(distance, order + 1, increasing=True)


def local_polynomial(distance: Floats, bandwidth: float, order: int, kernel: Kernel) -> LocalFit:
    """Return the weights with which a local polynomial turns outcomes into coefficients.

    Raises
    ------
    NotEstimable
        If distinct distances with weight are not more than the coefficients.

    Examples
    --------
    >>> x = np.array([0.0, 1.0, 2.0, 3.0])
    >>> fit = local_polynomial(x, 5.0, 1, "uniform")
    >>> (fit.functionals @ (1 + 2 * x)).round(6).tolist()
    [1.0, 2.0]
    """
    kernel_of_rows = kernel_weights(distance, bandwidth, kernel)
    root = np.sqrt(kernel_of_rows)
    weighted = distance[root > 0]
    distinct = len(np.unique(weighted))
    if distinct <= order + 1:
        raise few_distinct(distinct)
    # b = H⁻¹ R⁻¹ Q'K^½ y in distances over the bandwidth, H taking them back to the unit of the running variable
    scaled = distance / bandwidth
    columns = root[:, None] * powers(scaled, order)
    q, r = np.linalg.qr(columns)
    exponents = np.arange(order + 1.0)
    scale = bandwidth**-exponents
    weighted_basis = q.T * root
    solved = np.linalg.solve(r, weighted_basis)
    functionals = scale[:, None] * solved
    leverage = np.sum(q**2, axis=1)
    return LocalFit(functionals, leverage)


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

    Examples
    --------
    >>> neighbour_residuals(np.array([1.0, 1.0, 1.0, 5.0]), np.arange(4.0)).round(3).tolist()
    [-1.155, -1.155, -1.155, 3.464]
    """
    values, codes, counts = np.unique(distance, return_inverse=True, return_counts=True)
    n = len(values)
    sums = np.bincount(codes, weights=outcome)
    # Candidates: for each distinct value the J before and the J after it, shape (values, 2J)
    steps = np.r_[-NEIGHBOURS:0, 1 : NEIGHBOURS + 1]
    positions = np.arange(n)
    candidates = positions[:, None] + steps
    exists = (candidates >= 0) & (candidates < n)
    candidates = np.clip(candidates, 0, n - 1)
    candidate_counts = counts[candidates]
    gap_sizes = np.abs(values[:, None] - values[candidates])
    gaps = np.where(exists, gap_sizes, np.inf)
    members = np.where(exists, candidate_counts, 0)
    limit = _reach(gaps, members, counts)
    largest = np.abs(values).max()
    rounding = 8 * np.finfo(float).eps * largest
    within = gaps <= limit[:, None] + rounding
    reachable = (limit > 0)[:, None]
    used = exists & within & reachable
    # Neighbours of an observation: those at its own value but itself, and those of the candidates in reach
    n_near = np.sum(used * candidate_counts, axis=1)
    sum_near = np.sum(used * sums[candidates], axis=1)
    number = (counts - 1 + n_near)[codes]
    total = (sums + sum_near)[codes] - outcome
    # √(J/(J + 1)) (y_i − the mean of its J neighbours)
    mean = total / number
    factor = np.sqrt(number / (number + 1))
    scaled: Floats = factor * (outcome - mean)
    return scaled


def _reach(gaps: Floats, members: Ints, counts: Ints) -> Floats:
    """Return how far each value must look for J neighbours, shape (values,): 0 where its own observations suffice."""
    order = np.argsort(gaps, axis=1)
    by_distance = np.take_along_axis(members, order, axis=1)
    alike = counts - 1
    cumulated = alike[:, None] + np.cumsum(by_distance, axis=1)
    reached = np.column_stack([alike, cumulated]) >= NEIGHBOURS
    zeros = np.zeros(len(gaps))
    limits = np.column_stack([zeros, np.sort(gaps, axis=1)])
    first = reached.argmax(axis=1)
    rows = np.arange(len(gaps))
    nearest = limits[rows, first]
    within = reached.any(axis=1)
    return np.where(within, nearest, np.inf)


def residuals(side: Side, fit: LocalFit, errors: Errors) -> Floats:
    """Return the residuals that stand for the outcome's variance, shape (n,).

    Parameters
    ----------
    side
        The observations within a bandwidth on which ``fit`` was made.
    fit
        The local polynomial whose residuals are wanted; nearest neighbours do not use it.
    errors
        ``nn``; ``HC0`` … ``HC3``, with the usual corrections by leverage; ``cluster`` leaves residuals as they are.
    """
    if errors == "nn":
        return neighbour_residuals(side.outcome, side.distance)
    order = len(fit.functionals) - 1
    coefficients = fit.functionals @ side.outcome
    columns = powers(side.distance, order)
    plain = side.outcome - columns @ coefficients
    if errors == "HC1":
        n = len(plain)
        df = n - order - 1
        return plain * math.sqrt(n / df)
    exponent = {"HC2": 0.5, "HC3": 1.0}.get(errors, 0.0)
    if exponent and fit.leverage.max() > 1 - 1e-10:
        raise NotEstimable(
            Said("discontinuity.one_observation_bends_polynomial", errors=errors),
            Said("discontinuity.errors_nn"),
        )
    divisor = (1 - fit.leverage) ** exponent
    scaled: Floats = plain / divisor
    return scaled


def variance(influence: Floats, clusters: Ints | None, n_coefficients: int) -> float:
    """Return the variance of a weighted sum of outcomes from weight times residual, shape (n,).

    Notes
    -----
    ``Σ influence²``, or, with clusters, the sum of squared cluster totals times ``(n−1)/(n−k) · G/(G−1)``.

    Examples
    --------
    >>> variance(np.array([1.0, -2.0]), None, 1)
    5.0
    """
    if clusters is None:
        return float(influence @ influence)
    codes, groups = cluster_codes(clusters)
    n = len(influence)
    if groups < 2:
        raise NotEstimable(
            Said("discontinuity.one_side_cutoff_has_single_cluster"), Said("discontinuity.least_two_clusters_each_side")
        )
    # Σ_g (Σ ψ)² (n − 1)/(n − k) · G/(G − 1)
    totals = cluster_sums(influence, codes, groups)
    squares = float(totals @ totals)
    df = n - n_coefficients
    return squares * (n - 1) / df * groups / (groups - 1)


def without_polynomial(values: Floats, side: Side, fit: LocalFit) -> Floats:
    """Return columns, shape (n, m), less their local polynomial."""
    order = len(fit.functionals) - 1
    coefficients = fit.functionals @ values
    columns = powers(side.distance, order)
    return values - columns @ coefficients


def common_coefficients(covariates: Floats, targets: Floats, raw: Floats) -> Floats:
    """Regress targets on covariates, both less their local polynomials; refuse what is collinear."""
    size = np.linalg.norm(covariates, axis=0)
    divisor = np.where(size > 0, size, 1.0)
    unit = covariates / divisor
    length = np.linalg.norm(raw, axis=0)
    absorbed = size <= COLLINEAR * length
    n_columns = unit.shape[1]
    if np.any(absorbed) or np.linalg.matrix_rank(unit, tol=COLLINEAR) < n_columns:
        raise NotEstimable(
            Said("discontinuity.covariates_collinear_near_cutoff"),
            Said("discontinuity.fewer_covariates_none_sum_others"),
        )
    coefficients = np.linalg.lstsq(unit, targets, rcond=None)[0]
    scale = size[:, None]
    solved: Floats = coefficients / scale
    return solved
