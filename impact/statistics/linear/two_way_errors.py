"""Errors and tests of a regression with unit and period effects: classical, clustered, joint.

Stands on :mod:`impact.statistics.linear.two_way`; :mod:`impact.estimate.panel` sums the scores in SQL and calls it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from impact.errors import NotEstimable
from impact.statistics.core import Estimate, Floats, Ints, JointTest, cluster_codes, cluster_sums, joint, wald
from impact.statistics.linear.two_way import (
    ABSORBED,
    Cells,
    TwoWay,
    effects_remover,
    identified_terms,
    weighted_length,
    without_mean,
)
from impact.words.said import Said

SmallSample = Literal["nested", "full", "none"]


RULES: dict[SmallSample, Said] = {
    "nested": Said("rule.cr1_nested"),
    "full": Said("rule.cr1_full"),
    "none": Said("rule.named", name="CR0"),
}
EXACT_FIT = 1e-11


HEAVY = 0.2


@dataclass(frozen=True)
class Errors:
    """Covariance of the coefficients with its rule.

    Parameters
    ----------
    covariance, df
        Shape (k, k), and the degrees of freedom of the t reference.
    rule
        ``classical``, ``CR1 nested``, ``CR1 full``, ``CR0``; ``two-way`` before it with two cluster columns.
    n_clusters, influence
        Clusters in each column; with one column, the influence of each on each coefficient, shape (G, k).
    """

    covariance: Floats
    df: float
    rule: Said
    n_clusters: tuple[int, ...] = ()
    influence: Floats | None = field(default=None, repr=False, compare=False)


def row_scores(fit: TwoWay, codes: Ints) -> Floats:
    """Return the summed scores ``Σ w x̃ e`` of each cluster, shape (G, k), for clusters in which cells are nested."""
    weighted = fit.cells.weights * fit.residuals
    scores = weighted[:, None] * fit.moved
    n_clusters = int(codes.max()) + 1
    return cluster_sums(scores, codes, n_clusters)


def classical_errors(fit: TwoWay, squares: float) -> Errors:
    """Return classical errors from the residual sum of squares of all rows.

    Assumes independent errors of one variance, which panels seldom have: ``σ² (X̃'WX̃)⁻¹`` with
    ``σ² = Σ w e² / (n − K)``; K counts the terms and all effects.
    """
    n_terms = len(fit.coefficients)
    df = fit.cells.n_obs - fit.rank - n_terms
    variance = squares / df
    covariance = variance * fit.bread
    return Errors(covariance, float(df), Said("rule.classical"))


def clustered_errors(
    fit: TwoWay, scores: Sequence[Floats], *, both: Floats | None, nested: int, small_sample: SmallSample
) -> Errors:
    """Return cluster-robust errors for one or two cluster columns.

    Parameters
    ----------
    fit, scores
        The coefficients; for each cluster column the summed scores of its clusters, shape (G, k).
    both, nested
        With two columns, the scores of their intersections; number of effects nested in clusters, less one for each
        such dimension.
    small_sample
        ``nested``: K leaves out effects nested in clusters (fixest's default); ``full``: K counts all effects (dummy
        variables, areg); ``none``: c = 1.

    Raises
    ------
    NotEstimable
        With one cluster, no degrees of freedom, or a two-way covariance that is not positive.

    Notes
    -----
    ``c (X̃'WX̃)⁻¹ Σ_g s_g s_g' (X̃'WX̃)⁻¹`` with ``c = G/(G−1) · (n−1)/(n−K)``; with two columns first + second −
    intersections, and the smaller G for all. The reference is t(G−1).

    References
    ----------
    Cameron, Gelbach and Miller (2011), Robust inference with multiway clustering,
    https://doi.org/10.1198/jbes.2010.07136
    """
    bread = fit.bread
    counts = tuple(len(by_cluster) for by_cluster in scores)
    fewest = min(counts)
    if fewest < 2:
        raise NotEstimable(
            Said("linear.all_observations_lie_one_cluster"), Said("linear.least_two_clusters_better_thirty_more")
        )
    # Σ_g s_g s_g' of each direction, less that of the intersections
    meat = np.zeros_like(bread)
    for by_cluster in scores:
        meat = meat + by_cluster.T @ by_cluster
    if both is not None:
        meat = meat - both.T @ both
    factor = 1.0
    if small_sample != "none":
        factor = _small_sample(fit, fewest, nested, small_sample)
    rule = RULES[small_sample]
    if len(counts) > 1:
        rule = Said("rule.two_way_first", rule=rule)
    influence = scores[0] @ bread if len(scores) == 1 else None
    covariance = factor * bread @ meat @ bread
    return Errors(covariance, float(fewest - 1), rule, counts, influence)


def _small_sample(fit: TwoWay, n_clusters: int, nested: int, small_sample: SmallSample) -> float:
    """Return ``G/(G−1) · (n−1)/(n−K)``."""
    effects = fit.rank
    if small_sample == "nested":
        effects = max(1, fit.rank - nested)
    n_terms = len(fit.coefficients)
    k = n_terms + effects
    n = fit.cells.n_obs
    inflation = n_clusters / (n_clusters - 1)
    return inflation * (n - 1) / (n - k)


def refuse_lone_cluster(fit: TwoWay, codes: Ints, multiplicity: Ints | None = None) -> None:
    """Refuse if a term is identified through one cluster alone: its clustered error would be close to zero.

    ``codes`` is the cluster of each cell, shape (n,); ``multiplicity``, shape (G,), the clusters summed
    together under each code. Clusters with less than a fifth of the weight and of the variation of each term are not
    tried.

    Raises
    ------
    NotEstimable
        If without one cluster a term is absorbed or collinear.
    """
    n_clusters = int(codes.max()) + 1
    # What each row adds to the weight of each coefficient, and its plain weight
    influence = fit.moved @ fit.bread
    plain = np.ones(len(codes))
    columns = np.column_stack([influence, plain])
    squares = fit.cells.weights[:, None] * columns**2
    by_cluster = cluster_sums(squares, codes, n_clusters)
    totals = by_cluster.sum(axis=0)
    threshold = HEAVY * totals
    large = by_cluster > threshold
    heavy = np.any(large, axis=1) & (n_clusters > 1)
    if multiplicity is not None:
        heavy &= multiplicity == 1
    for code in np.flatnonzero(heavy):
        remaining = _subset(fit.cells, codes != code)
        try:
            remove, _ = effects_remover(remaining.units, remaining.periods, remaining.weights)
            identified_terms(remaining, remove)
        except NotEstimable as error:
            reason = Said("linear.effect_rests_on_one_cluster", reason=error.reason)
            raise NotEstimable(reason, Said("linear.two_clusters_on_both_sides")) from None


def _subset(cells: Cells, keep: NDArray[np.bool_]) -> Cells:
    """Return some of the cells, with the effects that are left numbered anew."""
    columns = {name: getattr(cells, name)[keep] for name in ("weights", "outcome", "regressors")}
    units, periods = cells.units, cells.periods
    columns["units"] = cluster_codes(units[keep])[0]
    if periods is not None:
        columns["periods"] = cluster_codes(periods[keep])[0]
    return replace(cells, **columns)


def term_estimates(fit: TwoWay, errors: Errors) -> tuple[Estimate, ...]:
    """Return one estimate per term.

    Raises
    ------
    NotEstimable
        If the terms and effects fit the outcome exactly, or a two-way variance is not positive.
    """
    cells = fit.cells
    variances = np.diag(errors.covariance)
    if np.any(variances < 0):
        raise NotEstimable(
            Said("linear.two_way_clustered_variance_negative"), Said("linear.one_cluster_column_more_clusters")
        )
    centred = without_mean(cells.outcome, cells.weights)
    spread = weighted_length(centred[:, None], cells.weights)
    of_bread = np.diag(fit.bread)
    roots = np.sqrt(of_bread)
    least = EXACT_FIT * spread * roots
    std_errors = np.sqrt(variances)
    without_error = std_errors <= least
    if np.any(without_error):
        raise NotEstimable(Said("linear.terms_fit_outcome_exactly"), Said("checks.outcome_varies"))
    n_terms = len(variances)
    return tuple(_term(fit, errors, term) for term in range(n_terms))


def _term(fit: TwoWay, errors: Errors, term: int) -> Estimate:
    """Return one coefficient with its t test."""
    value = fit.coefficients[term]
    variance = errors.covariance[term, term]
    error = math.sqrt(variance)
    influence = errors.influence
    if influence is not None:
        influence = influence[:, term]
    fewest = min(errors.n_clusters, default=None)
    n = fit.cells.n_obs
    return wald(value, error, rule=errors.rule, n_obs=n, df=errors.df, n_clusters=fewest, influence=influence)


def joint_test(coefficients: Floats, errors: Errors, terms: Sequence[str], tested: Sequence[str]) -> JointTest:
    """Test that some terms are all zero, such as the leads of an event study: ``F = b'V⁻¹b / q`` against F(q, df).

    ``coefficients`` have shape (k,) and the names ``terms``; ``tested`` are q of these names.

    Raises
    ------
    NotEstimable
        If nothing is to be tested, or the clusters are too few for the terms.

    Examples
    --------
    >>> errors = Errors(np.diag([1.0, 4.0]), 30.0, Said("rule.classical"))
    >>> joint_test(np.array([2.0, 2.0]), errors, ["lead 1", "lead 2"], ["lead 1", "lead 2"]).statistic
    2.5
    """
    if not tested:
        raise NotEstimable(Said("linear.no_term_test"), Said("linear.least_one_lead_other_reference"))
    names = list(terms)
    columns = [names.index(term) for term in tested]
    q = len(columns)
    # In standard errors, so that the units of the terms do not decide whether V can be inverted
    covariance = errors.covariance[np.ix_(columns, columns)]
    variances = np.diag(covariance)
    scale = np.sqrt(variances)
    units = np.outer(scale, scale)
    correlation = covariance / units
    roots = np.linalg.eigvalsh(correlation)
    singular = roots[0] <= ABSORBED * roots[-1]
    if q > errors.df or singular:
        reason = Said("linear.too_few_degrees_for_joint_test", df=errors.df, n=q)
        raise NotEstimable(reason, Said("linear.more_clusters_fewer_terms_tested_together"))
    scaled = coefficients[columns] / scale
    solved = np.linalg.solve(correlation, scaled)
    form = float(scaled @ solved)
    return joint(form / q, q, errors.df, rule=errors.rule)
