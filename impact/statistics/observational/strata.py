"""Effects by strata: subclasses of the propensity score, and coarsened exact matching.

As :mod:`impact.statistics.observational.matching`, which it completes: the effect on the treated that found a match.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from impact.errors import NotEstimable
from impact.statistics.core import Estimate, Floats, Ints, floats, influence_error, wald
from impact.statistics.observational.inputs import (
    TIE,
    Bools,
    arms,
    covariates,
    outcomes,
    same_length,
)
from impact.statistics.observational.matched import Matched, counted
from impact.statistics.observational.propensity import logit
from impact.words.said import Said, Text

PER_CLASS, LEAST_MATCHED = 2, 0.5


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


def subclassify(
    outcome: ArrayLike, treated: ArrayLike, matrix: ArrayLike, names: Sequence[Text], *, classes: int = 5
) -> Strata:
    """Compare treated and comparison units within classes of the propensity score.

    Parameters
    ----------
    outcome, treated, matrix, names
        As in :func:`impact.statistics.observational.matching.nearest`.
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

    Examples
    --------
    >>> x = np.array([1.0, 2.0, 3.0, 4.0, 1.5, 2.5, 3.5, 2.0, 3.0, 1.0])[:, None]
    >>> treated = np.array([0, 1, 1, 1, 0, 1, 0, 0, 0, 1])
    >>> round(subclassify(2 * treated + x[:, 0], treated, x, ["age"], classes=1).estimate.estimate, 2)
    2.3
    """
    y, arm = outcomes(outcome), arms(treated)
    p = logit(treated, matrix, names).probabilities
    same_length(y, arm)
    if classes < 1:
        raise NotEstimable(Said("observational.classes_asked", classes=classes), Said("observational.least_one_class"))
    shares = np.arange(1, classes) / classes
    cuts = np.quantile(p[arm], shares)
    shifted = cuts - TIE
    positions = np.searchsorted(shifted, p, side="right")
    codes = np.asarray(positions, dtype=np.int64)
    codes1, codes0 = codes[arm], codes[~arm]
    n1 = np.bincount(codes1, minlength=classes)
    n0 = np.bincount(codes0, minlength=classes)
    fewest = np.minimum(n1, n0)
    enough = fewest[codes1] >= PER_CLASS
    if np.mean(enough) < LEAST_MATCHED:
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
        As in :func:`impact.statistics.observational.matching.nearest`.
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

    Examples
    --------
    >>> x = np.array([[1.0], [1.0], [2.0], [2.0], [1.0], [2.0]])
    >>> outcome, treated = np.array([4.0, 1.0, 6.0, 2.5, 2.0, 3.0]), [1, 0, 1, 0, 0, 0]
    >>> coarsened_exact(outcome, treated, x, ["sex"], exact=["sex"]).estimate.estimate
    2.875
    """
    y, arm, x = outcomes(outcome), arms(treated), covariates(matrix, names)
    same_length(y, arm, x)
    limits: dict[Text, Sequence[float]] = {}
    if cuts:
        limits.update(cuts)
    declared = (*exact, *limits)
    unknown = [name for name in declared if name not in names]
    if unknown:
        reason = Said("observational.no_covariate", names=unknown)
        raise NotEstimable(reason, Said("observational.names_among", names=names))
    columns = []
    for name, column in zip(names, x.T, strict=True):
        coarse = column
        if name not in exact:
            coarse = _coarse(column, limits.get(name))
        columns.append(coarse)
    table = np.column_stack(columns)
    _, codes = np.unique(table, axis=0, return_inverse=True)
    strata = np.asarray(codes.reshape(-1), dtype=np.int64)
    return _stratified(y, arm, strata, within=False)


def _coarse(column: Floats, limits: Sequence[float] | None) -> Floats:
    """Return the interval of each value: between given limits, or Sturges' number of equal ones."""
    low, high = float(column.min()), float(column.max())
    if limits is None:
        doublings = math.log2(len(column))
        bins = math.ceil(doublings + 1)
        ends = np.linspace(low, high, bins + 1)
        inner = ends[1:-1]
    else:
        inner = np.sort(floats(limits))
    width = high - low
    tolerance = TIE * width
    positions = np.searchsorted(inner - tolerance, column, side="right")
    return positions.astype(np.float64)


def _stratified(y: Floats, arm: Bools, codes: Ints, *, within: bool) -> Strata:
    """Compare arms within strata that hold both, weighted by their treated units."""
    n1 = np.bincount(codes, arm).astype(np.float64)
    n0 = np.bincount(codes, ~arm).astype(np.float64)
    fewest = np.minimum(n1, n0)
    both = fewest >= (PER_CLASS if within else 1)
    if both.sum() < 2 and not within:
        raise NotEstimable(
            Said("observational.strata_hold_both_arms", n=int(both.sum())),
            Said("observational.least_two_coarser_intervals"),
        )
    cumulated = np.cumsum(both) - 1
    numbers = np.where(both, cumulated, -1)
    strata = np.asarray(numbers[codes], dtype=np.int64)
    ratio = n1 / np.maximum(n0, 1)
    in_comparison = ratio[codes]
    weights = np.where(both[codes], np.where(arm, 1.0, in_comparison), 0.0)
    total = n1[both].sum()
    top, base = weights * arm / total, weights * ~arm / total
    # Σ_g (n₁g / n₁) τ_g is the estimate: τ_g undoes the share.
    used = strata >= 0
    difference = y * (top - base)
    sums = np.bincount(strata[used], difference[used])
    n1 = n1[both]
    effects = sums * n1.sum() / n1
    error = _within_error if within else _between_error
    estimate = error(y, top, base, strata=strata, effects=effects)
    common = counted(estimate, arm, weights)
    return Strata(**vars(common), strata=strata, effects=effects)


def _within_error(y: Floats, top: Floats, base: Floats, *, strata: Ints, effects: Floats) -> Estimate:
    """Return the estimate with the error of units within their stratum and arm, and of the strata's shares."""
    tau = float((top - base) @ y)
    used = strata >= 0
    codes = strata[used]
    influence = top * (effects[strata] - tau)
    for weights in (top, -base):
        members = weights[used] != 0
        count = np.bincount(codes, members)
        scores = y[used] * members
        mean = np.bincount(codes, scores) / count
        correction = np.sqrt(count / (count - 1))
        deviations = weights * (y - mean[strata])
        influence = influence + deviations * correction[strata]
    error = influence_error(influence)
    n = int(used.sum())
    rule = Said("rule.within_classes")
    return wald(tau, error, rule=rule, n_obs=n, influence=influence)


def _between_error(y: Floats, top: Floats, base: Floats, *, strata: Ints, effects: Floats) -> Estimate:
    """Return the estimate with the error clustered by stratum, CR2, and Satterthwaite's degrees of freedom."""
    used = strata >= 0
    codes = strata[used]
    shares = np.bincount(codes, top[used], len(effects))
    # CR2: the sums of strata over √(1 − h), h the share of the treated
    of_top = top * (y - top @ y)
    of_base = base * (y - base @ y)
    leverage = np.sqrt(1 - shares)[strata]
    net = of_top - of_base
    influence = np.where(used, net / leverage, 0.0)
    error = influence_error(influence[used], codes, len(shares))
    # Satterthwaite: (tr P)² / tr P² with P of the working model of equal variances
    squares = shares**2
    form = squares / (1 - shares)
    inverse_df = np.sum(shares**2) + form.sum() ** 2 - np.sum(form**2)
    df = float(1 / inverse_df)
    tau, count = float((top - base) @ y), len(shares)
    rule = Said("rule.cr2_by_stratum")
    return wald(tau, error, rule=rule, n_obs=int(used.sum()), df=df, n_clusters=count, influence=influence)
