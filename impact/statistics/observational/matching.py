"""Effects by matching: nearest neighbours, subclasses of the propensity score, coarsened exact matching.

All estimate the effect on the treated that found a match, assuming that given the covariates the arm is independent of
the potential outcome without the programme. Treated units left without a match change whom the effect is about: the
result counts them and its ``estimand`` says so. Results do not depend on the order of the rows: ties are broken by a
key of the unit, or shared.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import spatial

from impact.errors import NotEstimable
from impact.statistics.core import Estimate, Floats, Ints, influence_error, wald
from impact.statistics.observational import propensity as ps
from impact.statistics.observational.propensity import TIE, Bools
from impact.words.said import Said, Text

Distance = Literal["propensity", "mahalanobis"]
WITHIN_ARM = 2
PER_CLASS, LEAST_MATCHED = 2, 0.5
CHUNK = 2_000_000


@dataclass(frozen=True)
class Matched:
    """An effect on the treated among matched units.

    Parameters
    ----------
    estimate
        The weighted difference in means.
    estimand
        ``ATT``, or ``ATT of the matched`` if some treated units found no match.
    weights
        Shape (n,), 1 for matched treated units, the weight of comparison units, 0 for the rest.
    n_treated, n_treated_matched, n_comparison, n_comparison_matched
        Units in each arm and how many of them are used.
    """

    estimate: Estimate
    estimand: Said
    weights: Floats = field(repr=False, compare=False)
    n_treated: int
    n_treated_matched: int
    n_comparison: int
    n_comparison_matched: int


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
class Strata(Matched):
    """An effect on the treated within strata, averaged with the strata's shares of the treated.

    Parameters
    ----------
    strata
        Shape (n,), number of the unit's stratum, −1 where the stratum lacks one of the arms.
    effects
        Shape (S,), difference in means within each stratum.
    """

    strata: Ints = field(repr=False, compare=False)
    effects: Floats = field(repr=False, compare=False)


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
        Matches per treated unit.
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
    """
    y, arm, x = ps.outcomes(outcome), ps.arms(treated), ps.covariates(matrix, names)
    ps.same_length(y, arm, x, np.asarray(key))
    if not 1 <= ratio <= np.sum(~arm) or not (caliper is None or caliper > 0):
        raise NotEstimable(
            Said(
                "observational.ratio_caliper_not_possible", ratio=ratio, caliper="None" if caliper is None else caliper
            ),
            Said("observational.1_n_matches_positive_caliper"),
        )
    order = ps.key_order(key)
    y, arm, x = y[order], arm[order], x[order]
    space, pool = _space(arm, x, names, distance=distance, caliper=caliper), np.flatnonzero(~arm)
    pairs = (_neighbours if replacement else _greedy)(space, np.flatnonzero(arm), pool, count=ratio)
    sets, position, counts = np.unique(pairs[:, 0], return_inverse=True, return_counts=True)
    if len(sets) < 2:
        raise NotEstimable(
            Said("observational.treated_units_found_match", n=len(sets)),
            Said("observational.wider_caliper_comparison_units_alike"),
        )
    shares, back = 1 / counts[position], np.argsort(order)
    values = y[pairs[:, 1]] + (_correction(y, x, pairs, shares=shares, names=names) if adjust else 0)
    gaps = y[sets] - np.bincount(position, shares * values)
    weights = np.bincount(pairs[:, 1], shares, len(y)).astype(np.float64)
    extra = _reuse_variance(y, space, pool, pairs=pairs, shares=shares) if replacement else None
    weights[sets] = 1
    estimate = _paired(gaps, order[sets], n_units=len(y), n_obs=int(np.count_nonzero(weights)), extra=extra)
    common, short = _counted(estimate, arm[back], weights[back]), int(np.sum(counts < ratio))
    limit = None if caliper is None else space.limit
    return Pairs(**vars(common), pairs=order[pairs], pair_weights=shares, n_short=short, caliper=limit)


def _space(arm: Bools, x: Floats, names: Sequence[Text], *, distance: Distance, caliper: float | None) -> _Space:
    reach = math.inf if caliper is None else caliper
    if distance == "propensity":
        p = ps.logit(arm, x, names).probabilities
        return _Space(p[:, None], ps.dense_ranks(p), reach * float(p.std(ddof=1)))
    if distance != "mahalanobis":
        raise NotEstimable(
            Said("observational.distance_not_known", distance=repr(distance)),
            Said("observational.propensity_mahalanobis"),
        )
    ps.enough_units(len(x), x.shape[1] + 1)
    z = ps.design(x, names)[:, 1:]
    root = np.linalg.cholesky(np.atleast_2d(np.cov(z, rowvar=False)))
    points = np.asarray(np.linalg.solve(root, z.T).T, dtype=np.float64)
    return _Space(points, ps.dense_ranks(np.sqrt(np.sum((points - points[~arm].mean(axis=0)) ** 2, axis=1))), reach)


def _greedy(space: _Space, rows: Ints, pool: Ints, *, count: int) -> Ints:
    """Give each treated unit in turn its nearest free comparison unit; one round per match asked for."""
    turns, free = rows[np.argsort(-space.priority[rows], kind="stable")], np.zeros(len(pool))
    pairs = []
    for row in np.tile(turns, count):
        gap = np.sqrt(np.sum((space.points[pool] - space.points[row]) ** 2, axis=1)) + free
        best = int(np.argmax(gap <= gap.min() + TIE))
        if gap[best] <= space.limit and math.isfinite(gap[best]):
            free[best] = math.inf
            pairs.append((row, pool[best]))
    return np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2)


def _neighbours(space: _Space, rows: Ints, pool: Ints, *, count: int) -> Ints:
    """Return pairs of rows and their nearest in the pool other than themselves, with all tied at the last place."""
    found = []
    for part in np.array_split(rows, max(1, len(rows) * len(pool) // CHUNK)):
        gaps = spatial.distance.cdist(space.points[part], space.points[pool])
        gaps[part[:, None] == pool[None, :]] = math.inf
        last = np.partition(gaps, count - 1, axis=1)[:, count - 1]
        i, j = np.nonzero(gaps <= np.minimum(last + TIE, space.limit)[:, None])
        found.append(np.column_stack([part[i], pool[j]]))
    return np.concatenate(found).astype(np.int64)


def _correction(y: Floats, x: Floats, pairs: Ints, *, shares: Floats, names: Sequence[Text]) -> Floats:
    """Return the predicted outcome of the treated unit minus that of its match, by a regression among the matches."""
    used = np.bincount(pairs[:, 1], shares, len(y))
    rows = used > 0
    ps.enough_units(int(rows.sum()), x.shape[1] + 1, ps.MATCHES)
    root = np.sqrt(used[rows])[:, None]
    z = ps.design(x[rows], names, ps.MATCHES)
    centre, scale = x[rows].mean(axis=0), x[rows].std(axis=0)
    slopes = np.linalg.lstsq(z * root, y[rows] * root[:, 0], rcond=None)[0][1:]
    ahead = (x[pairs[:, 0]] - centre) / scale - (x[pairs[:, 1]] - centre) / scale
    return np.asarray(ahead @ slopes)


def _reuse_variance(y: Floats, space: _Space, pool: Ints, *, pairs: Ints, shares: Floats) -> float:
    """Return ``Σ (K² − K₂) σ²`` over comparison units, σ² from the nearest within their arm."""
    excess = np.bincount(pairs[:, 1], shares, len(y)) ** 2 - np.bincount(pairs[:, 1], shares**2, len(y))
    rows = np.flatnonzero(excess > TIE)
    if len(rows) and len(pool) <= WITHIN_ARM:
        raise NotEstimable(
            Said("observational.comparison_units", n=len(pool)),
            Said("observational.least_standard_error", least=WITHIN_ARM + 1),
        )
    like = _neighbours(replace(space, limit=math.inf), rows, pool, count=min(WITHIN_ARM, len(pool)))
    found, position, counts = np.unique(like[:, 0], return_inverse=True, return_counts=True)
    mean = np.bincount(position, y[like[:, 1]]) / counts
    return float(np.sum(excess[found] * counts / (counts + 1) * (y[found] - mean) ** 2))


def _paired(gaps: Floats, rows: Ints, *, n_units: int, n_obs: int, extra: float | None) -> Estimate:
    """Return the mean gap with its error: clustered by matched set, or with ``extra`` that of Abadie and Imbens."""
    mean, count = float(gaps.mean()), len(gaps)
    spread = float(np.sum((gaps - mean) ** 2))
    if extra is not None:
        return wald(mean, math.sqrt(spread + extra) / count, rule=Said("rule.abadie_imbens"), n_obs=n_obs)
    influence = np.zeros(n_units)
    influence[rows] = (gaps - mean) / count
    error, rule = math.sqrt(spread / count / (count - 1)), Said("rule.clustered_by_matched_set")
    return wald(mean, error, rule=rule, n_obs=n_obs, df=count - 1, n_clusters=count, influence=influence)


def _counted(estimate: Estimate, arm: Bools, weights: Floats) -> Matched:
    used = weights > 0
    n_treated, n_matched = int(arm.sum()), int(np.sum(used & arm))
    estimand = Said("estimand.att" if n_matched == n_treated else "estimand.att_of_matched")
    return Matched(estimate, estimand, weights, n_treated, n_matched, int(np.sum(~arm)), int(np.sum(used & ~arm)))


def subclassify(
    outcome: ArrayLike, treated: ArrayLike, matrix: ArrayLike, names: Sequence[Text], *, classes: int = 5
) -> Strata:
    """Compare treated and comparison units within classes of the propensity score.

    Parameters
    ----------
    outcome, treated, matrix, names
        As in :func:`nearest`.
    classes
        Number of classes, cut at quantiles (type 7) of the treated units' scores; closed on the left.

    Notes
    -----
    ``Σ n_1s/n₁ (ȳ_1s − ȳ_0s)``; variance ``Σ (n_1s/n₁)² (s²_1s/n_1s + s²_0s/n_0s) + Σ n_1s (τ_s − τ)²/n₁²``, classes
    taken as given. Differences of covariates within classes remain.

    Raises
    ------
    NotEstimable
        If classes with fewer than two units of an arm, which are left out, hold most of the treated, or the propensity
        score does not exist.

    References
    ----------
    Rosenbaum and Rubin (1984), JASA 79(387). https://doi.org/10.1080/01621459.1984.10478078
    """
    y, arm = ps.outcomes(outcome), ps.arms(treated)
    p = ps.logit(treated, matrix, names).probabilities
    ps.same_length(y, arm)
    if classes < 1:
        raise NotEstimable(Said("observational.classes_asked", classes=classes), Said("observational.least_one_class"))
    cuts = np.quantile(p[arm], np.arange(1, classes) / classes)
    codes = np.asarray(np.searchsorted(cuts - TIE, p, side="right"), dtype=np.int64)
    fewest = np.minimum(*(np.bincount(codes[side], minlength=classes) for side in (arm, ~arm)))
    if np.mean(fewest[codes[arm]] >= PER_CLASS) < LEAST_MATCHED:
        reason = Said("observational.thin_classes_hold_most_treated")
        raise NotEstimable(reason, Said("observational.fewer_classes_more_overlap"))
    return _stratified(y, arm, codes, within=True)


def coarsened_exact(
    outcome: ArrayLike,
    treated: ArrayLike,
    matrix: ArrayLike,
    names: Sequence[Text],
    *,
    exact: Collection[str] = (),
    cuts: Mapping[str, Sequence[float]] | None = None,
) -> Strata:
    """Compare units that agree on all covariates after these are cut into intervals.

    Parameters
    ----------
    outcome, treated, matrix, names
        As in :func:`nearest`.
    exact
        Names of covariates that must agree exactly, such as codes of a category.
    cuts
        By name, inner limits of the intervals, closed on the left; the other covariates are cut into
        ``⌈log₂ n + 1⌉`` intervals of equal width over their range (Sturges).

    Notes
    -----
    ``Σ a_s (ȳ_1s − ȳ_0s)`` over strata with both arms, ``a_s`` their share of the matched treated. Error clustered by
    stratum with the correction CR2, ``Σ a_s² (τ_s − τ)² / (1 − a_s)``, and Satterthwaite's degrees of freedom, both
    under variances of τ_s in proportion to ``1/a_s``; few when one stratum holds most treated units.

    Raises
    ------
    NotEstimable
        If fewer than two strata hold both arms, or a name is unknown.

    References
    ----------
    Iacus, King and Porro (2012), Political Analysis 20(1). https://doi.org/10.1093/pan/mpr013
    Pustejovsky and Tipton (2018), JBES 36(4). https://doi.org/10.1080/07350015.2016.1247004
    """
    y, arm, x = ps.outcomes(outcome), ps.arms(treated), ps.covariates(matrix, names)
    ps.same_length(y, arm, x)
    limits = dict[Text, Sequence[float]]((cuts or {}).items())
    unknown = [name for name in (*exact, *limits) if name not in names]
    if unknown:
        raise NotEstimable(
            Said("observational.no_covariate", names=unknown), Said("observational.names_among", names=names)
        )
    by_name = zip(names, x.T, strict=True)
    columns = [column if name in exact else _coarse(column, limits.get(name)) for name, column in by_name]
    codes = np.asarray(np.unique(np.column_stack(columns), axis=0, return_inverse=True)[1].reshape(-1), dtype=np.int64)
    return _stratified(y, arm, codes, within=False)


def _coarse(column: Floats, limits: Sequence[float] | None) -> Floats:
    low, high = float(column.min()), float(column.max())
    bins = math.ceil(math.log2(len(column)) + 1)
    inner = np.linspace(low, high, bins + 1)[1:-1] if limits is None else np.sort(np.asarray(limits, dtype=np.float64))
    return np.searchsorted(inner - TIE * (high - low), column, side="right").astype(np.float64)


def _stratified(y: Floats, arm: Bools, codes: Ints, *, within: bool) -> Strata:
    n1, n0 = np.bincount(codes, arm).astype(np.float64), np.bincount(codes, ~arm).astype(np.float64)
    both = np.minimum(n1, n0) >= (PER_CLASS if within else 1)
    if both.sum() < 2 and not within:
        raise NotEstimable(
            Said("observational.strata_hold_both_arms", n=int(both.sum())),
            Said("observational.least_two_coarser_intervals"),
        )
    strata = np.asarray(np.where(both, np.cumsum(both) - 1, -1)[codes], dtype=np.int64)
    weights = np.where(both[codes], np.where(arm, 1.0, (n1 / np.maximum(n0, 1))[codes]), 0.0)
    top, base, n1, n0 = weights * arm / n1[both].sum(), weights * ~arm / n1[both].sum(), n1[both], n0[both]
    effects = np.bincount(strata[strata >= 0], (y * (top - base))[strata >= 0]) * n1.sum() / n1
    error = _within_error if within else _between_error
    estimate = error(y, top, base, strata=strata, effects=effects)
    return Strata(**vars(_counted(estimate, arm, weights)), strata=strata, effects=effects)


def _within_error(y: Floats, top: Floats, base: Floats, *, strata: Ints, effects: Floats) -> Estimate:
    """Return the estimate with the error of units within their stratum and arm, and of the strata's shares."""
    tau, used = float((top - base) @ y), strata >= 0
    influence = top * (effects[strata] - tau)
    for weights in (top, -base):
        count = np.bincount(strata[used], weights[used] != 0)
        mean = np.bincount(strata[used], y[used] * (weights[used] != 0)) / count
        influence = influence + weights * (y - mean[strata]) * np.sqrt(count / (count - 1))[strata]
    return wald(
        tau, influence_error(influence), rule=Said("rule.within_classes"), n_obs=int(used.sum()), influence=influence
    )


def _between_error(y: Floats, top: Floats, base: Floats, *, strata: Ints, effects: Floats) -> Estimate:
    """Return the estimate with the error clustered by stratum, CR2, and Satterthwaite's degrees of freedom."""
    shares = np.bincount(strata[strata >= 0], top[strata >= 0], len(effects))
    centred = top * (y - top @ y) - base * (y - base @ y)
    influence = np.where(strata >= 0, centred / np.sqrt(1 - shares)[strata], 0.0)
    used, form = strata >= 0, shares**2 / (1 - shares)
    error = influence_error(influence[used], strata[used], len(shares))
    df = float(1 / (np.sum(shares**2) + form.sum() ** 2 - np.sum(form**2)))
    tau, rule, count = float((top - base) @ y), Said("rule.cr2_by_stratum"), len(shares)
    return wald(tau, error, rule=rule, n_obs=int(used.sum()), df=df, n_clusters=count, influence=influence)
