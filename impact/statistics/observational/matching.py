"""Effects by matching: nearest neighbours, subclasses of the propensity score, coarsened exact matching.

All estimate the effect on the treated that found a match, assuming that given the covariates the arm is independent of
the potential outcome without the programme. Treated units left without a match change whom the effect is about: the
result counts them and its ``estimand`` says so. Results do not depend on the order of the rows: ties are broken by a
key of the unit, or shared.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from impact.errors import NotEstimable
from impact.statistics.core import Estimate, Floats, Ints, floats, wald
from impact.statistics.observational.inputs import (
    MATCHES,
    TIE,
    Bools,
    arms,
    covariates,
    dense_ranks,
    design,
    enough_units,
    key_order,
    outcomes,
    same_length,
)
from impact.statistics.observational.matched import Matched, counted
from impact.statistics.observational.neighbours import free_neighbours, tied_neighbours
from impact.statistics.observational.propensity import logit
from impact.words.said import Said, Text

Distance = Literal["propensity", "mahalanobis"]
WITHIN_ARM = 2


@dataclass(frozen=True)
class Pairs(Matched):
    """An effect on the treated by nearest neighbours.

    Parameters
    ----------
    pairs
        Shape (m, 2), row of the treated unit and row of its match, by key.
    pair_weights
        Shape (m,), share of the match in its treated unit's comparison; they sum to one for each treated unit.
    n_short
        Matched treated units with fewer matches than asked for.
    caliper
        Largest distance allowed, in the unit of the distance; None if there is no limit.
    """

    pairs: Ints = field(repr=False, compare=False)
    pair_weights: Floats = field(repr=False, compare=False)
    n_short: int
    caliper: float | None


@dataclass(frozen=True)
class _Space:
    """Coordinates whose Euclidean distance is meant, who is matched first (highest), the largest distance."""

    points: Floats
    priority: Ints
    limit: float


def nearest(
    outcome: ArrayLike,
    treated: ArrayLike,
    matrix: ArrayLike,
    names: Sequence[Text],
    *,
    key: NDArray[np.generic],
    replacement: bool,
    distance: Distance = "propensity",
    ratio: int = 1,
    caliper: float | None = None,
    adjust: bool = False,
) -> Pairs:
    """Match each treated unit to its nearest comparison units.

    Parameters
    ----------
    outcome, treated
        Shape (n,); the outcome complete, the arm 0 or 1.
    matrix, names
        Shape (n, k) and (k,), covariates, complete.
    key
        Shape (n,), a different label for each unit, which breaks ties: the lowest key first.
    replacement
        Whether a comparison unit may serve several treated units. If so, all units tied at the last place are used.
    distance
        ``propensity``: difference in the probability fitted by a logit. ``mahalanobis``: with the covariance of all.
    ratio
        Matches sought for each treated unit.
    caliper
        Largest distance allowed: in standard deviations of the propensity score over all units, or in Mahalanobis
        units.
    adjust
        Correct each match by a linear regression of the outcome on the covariates among the matches (bias adjustment
        of Abadie and Imbens 2011).

    Notes
    -----
    Without replacement the matching is greedy, the treated with the largest propensity score (or farthest from the
    comparison units' mean) first, one match per round. The error is that of the matched sets' differences,
    ``sqrt(Σ (d − d̄)² / (G (G − 1)))``, t(G − 1): the regression on the matched sample clustered by set (Abadie and
    Spiess 2022). ``influence`` stands on the row of the treated unit.

    With replacement the error is the one of Abadie and Imbens (2006) for the effect on the treated of the population,
    ``[Σ (d − d̄)² + Σ_comparison (K² − K₂) σ²] / n₁²``, K the sum and K₂ the sum of squares of a unit's pair weights,
    σ² from its two nearest neighbours in its arm. There is no influence function, and the bootstrap fails.

    Both take the propensity score as known. Estimating it changes the variance, for the ATT to either side (Abadie and
    Imbens 2016); with ``mahalanobis`` the question does not arise. Without ``adjust`` matches must be close.

    Raises
    ------
    NotEstimable
        If keys repeat, fewer than two treated units find a match, or the propensity score or distance does not exist.

    References
    ----------
    Abadie and Imbens (2006), Econometrica 74(1). https://doi.org/10.1111/j.1468-0262.2006.00655.x
    Abadie and Imbens (2011), JBES 29(1). https://doi.org/10.1198/jbes.2009.07333
    Abadie and Imbens (2016), Econometrica 84(2). https://doi.org/10.3982/ECTA11293
    Abadie and Spiess (2022), JASA 117(538). https://doi.org/10.1080/01621459.2020.1840383

    Examples
    --------
    >>> x = np.array([[1.0], [2.0], [1.1], [2.1], [9.0]])
    >>> outcome, treated = np.array([5.0, 6.0, 2.0, 3.5, 9.0]), [1, 1, 0, 0, 0]
    >>> matched = nearest(outcome, treated, x, ["age"], key=np.arange(5), replacement=False, distance="mahalanobis")
    >>> matched.pairs.tolist(), matched.estimate.estimate
    ([[0, 2], [1, 3]], 2.75)
    """
    y, arm, x = outcomes(outcome), arms(treated), covariates(matrix, names)
    keys = np.asarray(key)
    same_length(y, arm, x, keys)
    n_comparison = np.sum(~arm)
    possible = caliper is None or caliper > 0
    if not 1 <= ratio <= n_comparison or not possible:
        stated = "None" if caliper is None else caliper
        reason = Said("observational.ratio_caliper_not_possible", ratio=ratio, caliper=stated)
        raise NotEstimable(reason, Said("observational.1_n_matches_positive_caliper"))
    order = key_order(key)
    y, arm, x = y[order], arm[order], x[order]
    space = _space(arm, x, names, distance=distance, caliper=caliper)
    rows, pool = np.flatnonzero(arm), np.flatnonzero(~arm)
    if replacement:
        pairs = tied_neighbours(space.points, rows, pool, count=ratio, limit=space.limit)
    else:
        # Who is hardest to match chooses first; a round for each match asked for
        turns = rows[np.argsort(-space.priority[rows], kind="stable")]
        pairs = free_neighbours(space.points, np.tile(turns, ratio), pool, limit=space.limit)
    sets, position, counts = np.unique(pairs[:, 0], return_inverse=True, return_counts=True)
    n_sets = len(sets)
    if n_sets < 2:
        reason = Said("observational.treated_units_found_match", n=n_sets)
        raise NotEstimable(reason, Said("observational.wider_caliper_comparison_units_alike"))
    # Each match counts 1/M_i in the mean of the matches of its treated unit.
    shares = 1 / counts[position]
    matches = pairs[:, 1]
    values = y[matches]
    if adjust:
        # μ̂₀(X_i) − μ̂₀(X_j): the bias of matches that are not exact (Abadie and Imbens 2011)
        values = values + _correction(y, x, pairs, shares=shares, names=names)
    matched_mean = np.bincount(position, shares * values)
    gaps = y[sets] - matched_mean
    sums = np.bincount(matches, shares, len(y))
    weights = sums.astype(np.float64)
    weights[sets] = 1
    extra = None
    if replacement:
        extra = _reuse_variance(y, space, pool, pairs=pairs, shares=shares)
    n_obs = int(np.count_nonzero(weights))
    estimate = _paired(gaps, order[sets], n_units=len(y), n_obs=n_obs, extra=extra)
    back = np.argsort(order)
    common = counted(estimate, arm[back], weights[back])
    limit = None if caliper is None else space.limit
    short = counts < ratio
    n_short = int(np.sum(short))
    return Pairs(**vars(common), pairs=order[pairs], pair_weights=shares, n_short=n_short, caliper=limit)


def _space(arm: Bools, x: Floats, names: Sequence[Text], *, distance: Distance, caliper: float | None) -> _Space:
    """Return the points between which distances are taken, and in which order treated units choose."""
    reach = math.inf if caliper is None else caliper
    if distance == "propensity":
        p = logit(arm, x, names).probabilities
        standard_deviation = float(p.std(ddof=1))
        return _Space(p[:, None], dense_ranks(p), reach * standard_deviation)
    if distance != "mahalanobis":
        raise NotEstimable(
            Said("observational.distance_not_known", distance=repr(distance)),
            Said("observational.propensity_mahalanobis"),
        )
    enough_units(len(x), x.shape[1] + 1)
    z = design(x, names)[:, 1:]
    # Euclidean distance of L⁻¹z, LL' the covariance, is Mahalanobis distance
    covariance = np.atleast_2d(np.cov(z, rowvar=False))
    root = np.linalg.cholesky(covariance)
    solved = np.linalg.solve(root, z.T)
    points = floats(solved.T)
    pool_mean = points[~arm].mean(axis=0)
    away = points - pool_mean
    lengths = np.sqrt(np.sum(away**2, axis=1))
    return _Space(points, dense_ranks(lengths), reach)


def _correction(y: Floats, x: Floats, pairs: Ints, *, shares: Floats, names: Sequence[Text]) -> Floats:
    """Return the predicted outcome of the treated unit minus that of its match, by a regression among the matches."""
    matches = pairs[:, 1]
    used = np.bincount(matches, shares, len(y))
    rows = used > 0
    matched = x[rows]
    n_used = int(rows.sum())
    enough_units(n_used, x.shape[1] + 1, MATCHES)
    root = np.sqrt(used[rows])
    z = design(matched, names, MATCHES)
    weighted_z = z * root[:, None]
    weighted_y = y[rows] * root
    coefficients = np.linalg.lstsq(weighted_z, weighted_y, rcond=None)[0]
    # z holds the covariates in standard units of the matches
    mean, scale = matched.mean(axis=0), matched.std(axis=0)
    standard = (x - mean) / scale
    treated = pairs[:, 0]
    ahead = standard[treated] - standard[matches]
    return floats(ahead @ coefficients[1:])


def _reuse_variance(y: Floats, space: _Space, pool: Ints, *, pairs: Ints, shares: Floats) -> float:
    """Return ``Σ (K² − K₂) σ²`` over comparison units, σ² from the nearest within their arm."""
    # K_i: how often a comparison unit is a match, weighted; K₂: the sum of its squared shares
    n, n_pool = len(y), len(pool)
    matches = pairs[:, 1]
    k = np.bincount(matches, shares, n)
    k2 = np.bincount(matches, shares**2, n)
    excess = k**2 - k2
    rows = np.flatnonzero(excess > TIE)
    if len(rows) and n_pool <= WITHIN_ARM:
        reason = Said("observational.comparison_units", n=n_pool)
        raise NotEstimable(reason, Said("observational.least_standard_error", least=WITHIN_ARM + 1))
    neighbours = min(WITHIN_ARM, n_pool)
    like = tied_neighbours(space.points, rows, pool, count=neighbours, limit=math.inf)
    reused, position, counts = np.unique(like[:, 0], return_inverse=True, return_counts=True)
    # σ²_i = J/(J + 1) (y_i − mean of its J nearest)²
    alike = y[like[:, 1]]
    mean = np.bincount(position, alike) / counts
    deviations = (y[reused] - mean) ** 2
    terms = excess[reused] * counts / (counts + 1) * deviations
    return float(np.sum(terms))


def _paired(gaps: Floats, rows: Ints, *, n_units: int, n_obs: int, extra: float | None) -> Estimate:
    """Return the mean gap with its error: clustered by matched set, or with ``extra`` that of Abadie and Imbens."""
    count = len(gaps)
    mean = float(gaps.mean())
    deviations = gaps - mean
    spread = float(np.sum(deviations**2))
    if extra is not None:
        error = math.sqrt(spread + extra) / count
        return wald(mean, error, rule=Said("rule.abadie_imbens"), n_obs=n_obs)
    influence = np.zeros(n_units)
    influence[rows] = deviations / count
    variance = spread / count / (count - 1)
    error = math.sqrt(variance)
    df = count - 1
    rule = Said("rule.clustered_by_matched_set")
    return wald(mean, error, rule=rule, n_obs=n_obs, df=df, n_clusters=count, influence=influence)
