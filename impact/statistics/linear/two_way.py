"""Least squares with unit and period effects on cells: coefficients, clustered errors, joint tests.

:mod:`impact.estimate.panel` makes the cells in SQL and keeps the books of what was lost; the numbers happen here, on
arrays alone. A cell stands for all rows with the same effects and the same regressors, so its summed weight and its
mean outcome are sufficient for the coefficients, and for the scores of clusters in which it is nested.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse

from impact.errors import NotEstimable
from impact.statistics.core import Estimate, Floats, Ints, JointTest, cluster_sums, joint, wald
from impact.words.said import Said

Remover = Callable[[Floats], Floats]
SmallSample = Literal["nested", "full", "none"]
ABSORBED = 1e-9
ROUNDING = 16 * float(np.finfo(np.float64).eps)
EXACT_FIT = 1e-11
HEAVY = 0.2
RULES: dict[SmallSample, Said] = {
    "nested": Said("rule.cr1_nested"),
    "full": Said("rule.cr1_full"),
    "none": Said("rule.named", name="CR0"),
}


@dataclass(frozen=True)
class Cells:
    """Rows summed to cells.

    Parameters
    ----------
    units, periods
        Shape (n,): numbers of the effects, from 0 without gaps. Without unit effects ``units`` is all zero (the
        constant); without period effects ``periods`` is None.
    weights, outcome
        Shape (n,): summed weights of the rows (their number if they have none), and their weighted mean outcome.
    regressors, terms
        Shape (n, k): the values that all rows of a cell share; names of the k columns.
    n_obs
        Rows behind all cells.
    behind
        Shape (U,): units behind each unit effect; more than one where units with the same path are summed together.
    """

    units: Ints
    periods: Ints | None
    weights: Floats
    outcome: Floats
    regressors: Floats
    terms: tuple[str, ...]
    n_obs: int
    behind: Ints


@dataclass(frozen=True)
class TwoWay:
    """Coefficients of the terms beside the effects, and what their errors are made of.

    Parameters
    ----------
    cells
        What was fitted.
    coefficients, bread
        Shape (k,), in units of the outcome per unit of the term; shape (k, k): ``(X̃'WX̃)⁻¹``.
    moved, residuals
        Shape (n, k): regressors without the effects, ``X̃``; shape (n,): mean residual of each cell.
    rank
        Effects that can be told apart: units + periods − connected parts.
    """

    cells: Cells
    coefficients: Floats
    bread: Floats
    moved: Floats
    residuals: Floats
    rank: int


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


def effects_remover(units: Ints, periods: Ints | None, weights: Floats) -> tuple[Remover, int]:
    """Return a function that takes unit and period effects out of a column, and the number of connected parts.

    Arguments have shape (n,), as in :class:`Cells`. The dimension with more levels is demeaned; the normal equations
    of the other, ``S = D'WD − D'WU(U'WU)⁻¹U'WD``, are solved exactly and refined once. ``S`` has one zero eigenvalue
    for each part of the panel that shares no unit and no period with the rest. Without periods there are 0 parts.
    """
    if periods is None:
        return (lambda column: _demean(_demean(column, units, weights), units, weights)), 0
    large, small = (units, periods) if units.max() >= periods.max() else (periods, units)
    inverse, parts = _inverse_after_demeaning(large, small, weights)

    def remove(column: Floats) -> Floats:
        moved = _demean(column, large, weights)
        for _ in range(2):
            effects = inverse @ np.bincount(small, weights * moved)
            moved = _demean(moved - effects[small], large, weights)
        return moved

    return remove, parts


def _demean(column: Floats, codes: Ints, weights: Floats) -> Floats:
    means = np.bincount(codes, weights * column) / np.bincount(codes, weights)
    return np.asarray(column - means[codes], dtype=np.float64)


def _inverse_after_demeaning(large: Ints, small: Ints, weights: Floats) -> tuple[Floats, int]:
    table = sparse.csr_array((weights, (large, small)))
    shares = sparse.diags_array(1 / np.bincount(large, weights)) @ table
    linked = (table.T @ shares).toarray()
    parts = int(sparse.csgraph.connected_components(linked > 0, directed=False)[0])
    size = np.sqrt(np.bincount(small, weights))
    values, vectors = np.linalg.eigh(np.eye(len(size)) - linked / np.outer(size, size))
    kept = vectors[:, parts:] / size[:, None]
    return np.asarray((kept / values[parts:]) @ kept.T), parts


def fit_cells(cells: Cells) -> TwoWay:
    """Fit least squares with unit and period effects.

    Estimand
        The coefficients of ``y_it = a_i + l_t + x_it'b + e_it``. For a treatment with staggered starts this is a
        weighted mean of 2×2 comparisons, some against units already treated (see
        :mod:`impact.statistics.panels.bacon`).

    Assumptions
        Parallel trends given the other terms, no anticipation, and effects that are the same for all starts and times
        (or one common start).

    Raises
    ------
    NotEstimable
        If a term is absorbed by the effects, terms are collinear, or no residual degrees of freedom are left.

    Notes
    -----
    Effects are taken out of outcome and terms; ``b = (X̃'WX̃)⁻¹X̃'Wỹ`` from a QR decomposition, refined once.

    References
    ----------
    Wooldridge (2021), Two-way fixed effects, the two-way Mundlak regression, and difference-in-differences estimators,
    https://doi.org/10.2139/ssrn.3906345
    """
    remove, parts = effects_remover(cells.units, cells.periods, cells.weights)
    rank = int(cells.behind.sum()) + (0 if cells.periods is None else int(cells.periods.max()) + 1 - parts)
    n_terms = len(cells.terms)
    moved, root = _identified(cells, remove)
    if cells.n_obs - rank - n_terms <= 0:
        reason = Said("linear.observations_cannot_carry_effects_terms", n_obs=cells.n_obs, rank=rank, n_terms=n_terms)
        raise NotEstimable(reason, Said("linear.more_periods_units_fewer_terms"))
    bread = root @ root.T
    residuals = remove(_centred(cells.outcome, cells.weights))
    coefficients = np.zeros(n_terms)
    for _ in range(2):
        step = bread @ (moved.T @ (cells.weights * residuals))
        coefficients, residuals = coefficients + step, residuals - moved @ step
    return TwoWay(cells, coefficients, bread, moved, residuals, rank)


def _centred(column: Floats, weights: Floats) -> Floats:
    return np.asarray(column - np.average(column, weights=weights), dtype=np.float64)


def _length(columns: Floats, weights: Floats) -> Floats:
    return np.asarray(np.sqrt(weights @ columns**2), dtype=np.float64)


def _identified(cells: Cells, remove: Remover) -> tuple[Floats, Floats]:
    """Return the terms without effects, shape (n, k), and a root of their inverse cross product, shape (k, k)."""
    raw = _length(cells.regressors, cells.weights)
    centred = np.column_stack([_centred(column, cells.weights) for column in cells.regressors.T])
    least = ABSORBED * _length(centred, cells.weights) + ROUNDING * raw
    moved = np.column_stack([remove(column) for column in centred.T])
    length = _length(moved, cells.weights)
    for place in np.flatnonzero(length <= least):
        raise _absorbed(cells, int(place))
    upper = linalg.qr(np.sqrt(cells.weights)[:, None] * moved / length, mode="r", overwrite_a=True)[0]
    _refuse_collinear(np.atleast_2d(upper), ABSORBED + ROUNDING * raw / length, cells.terms)
    inverse = linalg.solve_triangular(upper[: len(length)], np.eye(len(length)))
    return moved, inverse / length[:, None]


def _absorbed(cells: Cells, place: int) -> NotEstimable:
    term, column = cells.terms[place], cells.regressors[:, place]
    if np.ptp(column) == 0:
        return NotEstimable(
            Said("linear.all_observations", term=term, value=column[0]),
            Said("linear.observations_which_differs", term=term),
        )
    if _within(column, cells.units) == 0:
        return NotEstimable(Said("linear.never_changes_within_unit", term=term), Said("linear.term_changes_over_time"))
    if cells.periods is not None and _within(column, cells.periods) == 0:
        reason = Said("linear.same_for_all_in_period", term=term)
        return NotEstimable(reason, Said("linear.units_treated_later_never"))
    reason = Said("linear.absorbed_by_both_effects", term=term)
    return NotEstimable(reason, Said("linear.linked_units_differ_same_period", term=term))


def _within(column: Floats, codes: Ints) -> float:
    """Return the largest range of a column within the levels of an effect."""
    order = np.lexsort((column, codes))
    starts = np.flatnonzero(np.diff(codes[order], prepend=-1))
    ordered = column[order]
    return float(np.max(ordered[np.append(starts[1:], len(column)) - 1] - ordered[starts]))


def _refuse_collinear(upper: Floats, least: Floats, terms: tuple[str, ...]) -> None:
    for place in range(len(terms)):
        if place < len(upper) and abs(upper[place, place]) > least[place]:
            continue
        shares = linalg.lstsq(upper[:place, :place], upper[:place, place])[0]
        others = [terms[i] for i in np.flatnonzero(np.abs(shares) > 1e-6)]
        reason = Said("linear.given_effects_combination", term=terms[place], others=others)
        raise NotEstimable(reason, Said("linear.one_left_out_or_never_treated"))


def row_scores(fit: TwoWay, codes: Ints) -> Floats:
    """Return the summed scores ``Σ w x̃ e`` of each cluster, shape (G, k), for clusters in which cells are nested."""
    scores = (fit.cells.weights * fit.residuals)[:, None] * fit.moved
    return cluster_sums(scores, codes, int(codes.max()) + 1)


def is_nested(levels: Ints, codes: Ints) -> bool:
    """Say whether each level of an effect lies in one cluster."""
    return _within(codes.astype(np.float64), levels) == 0


def classical_errors(fit: TwoWay, squares: float) -> Errors:
    """Return classical errors from the residual sum of squares of all rows.

    Assumes independent errors of one variance, which panels seldom have: ``σ² (X̃'WX̃)⁻¹`` with
    ``σ² = Σ w e² / (n − K)``; K counts the terms and all effects.
    """
    df = fit.cells.n_obs - fit.rank - len(fit.coefficients)
    return Errors(squares / df * fit.bread, float(df), Said("rule.classical"))


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
    counts = tuple(len(part) for part in scores)
    fewest = min(counts)
    if fewest < 2:
        raise NotEstimable(
            Said("linear.all_observations_lie_one_cluster"), Said("linear.least_two_clusters_better_thirty_more")
        )
    meat = sum((part.T @ part for part in scores), np.zeros_like(fit.bread))
    if both is not None:
        meat = meat - both.T @ both
    k = len(fit.coefficients) + (fit.rank if small_sample == "full" else max(1, fit.rank - nested))
    n = fit.cells.n_obs
    factor = 1.0 if small_sample == "none" else fewest / (fewest - 1) * (n - 1) / (n - k)
    rule = Said("rule.two_way_first", rule=RULES[small_sample]) if len(counts) > 1 else RULES[small_sample]
    influence = scores[0] @ fit.bread if len(scores) == 1 else None
    return Errors(factor * fit.bread @ meat @ fit.bread, float(fewest - 1), rule, counts, influence)


def refuse_lone_cluster(fit: TwoWay, codes: Ints, behind: Ints | None = None) -> None:
    """Refuse if a term is identified through one cluster alone: its clustered error would be close to zero.

    ``codes`` is the cluster of each cell, shape (n,); ``behind``, shape (G,), the clusters summed together under each
    code. Clusters with less than a fifth of the weight and of the variation of each term are not tried.

    Raises
    ------
    NotEstimable
        If without one cluster a term is absorbed or collinear.
    """
    columns = np.column_stack([fit.moved @ fit.bread, np.ones(len(codes))])
    parts = cluster_sums(fit.cells.weights[:, None] * columns**2, codes, int(codes.max()) + 1)
    heavy = np.any(parts > HEAVY * parts.sum(axis=0), axis=1) & (len(parts) > 1)
    if behind is not None:
        heavy &= behind == 1
    for code in np.flatnonzero(heavy):
        rest = _subset(fit.cells, codes != code)
        try:
            _identified(rest, effects_remover(rest.units, rest.periods, rest.weights)[0])
        except NotEstimable as error:
            reason = Said("linear.effect_rests_on_one_cluster", reason=error.reason)
            raise NotEstimable(reason, Said("linear.two_clusters_on_both_sides")) from None


def _subset(cells: Cells, keep: NDArray[np.bool_]) -> Cells:
    columns = {name: getattr(cells, name)[keep] for name in ("weights", "outcome", "regressors")}
    columns["units"] = np.unique(cells.units[keep], return_inverse=True)[1]
    if cells.periods is not None:
        columns["periods"] = np.unique(cells.periods[keep], return_inverse=True)[1]
    return replace(cells, **columns)


def term_estimates(fit: TwoWay, errors: Errors) -> tuple[Estimate, ...]:
    """Return one estimate per term.

    Raises
    ------
    NotEstimable
        If the terms and effects fit the outcome exactly, or a two-way variance is not positive.
    """
    variances = np.diag(errors.covariance)
    if np.any(variances < 0):
        raise NotEstimable(
            Said("linear.two_way_clustered_variance_negative"), Said("linear.one_cluster_column_more_clusters")
        )
    spread = _length(_centred(fit.cells.outcome, fit.cells.weights)[:, None], fit.cells.weights)
    if np.any(np.sqrt(variances) <= EXACT_FIT * spread * np.sqrt(np.diag(fit.bread))):
        raise NotEstimable(Said("linear.terms_fit_outcome_exactly"), Said("checks.outcome_varies"))
    return tuple(
        wald(
            fit.coefficients[place],
            math.sqrt(variances[place]),
            rule=errors.rule,
            n_obs=fit.cells.n_obs,
            df=errors.df,
            n_clusters=min(errors.n_clusters, default=None),
            influence=None if errors.influence is None else errors.influence[:, place],
        )
        for place in range(len(fit.coefficients))
    )


def joint_test(coefficients: Floats, errors: Errors, terms: Sequence[str], tested: Sequence[str]) -> JointTest:
    """Test that some terms are all zero, such as the leads of an event study: ``F = b'V⁻¹b / q`` against F(q, df).

    ``coefficients`` have shape (k,) and the names ``terms``; ``tested`` are q of these names.

    Raises
    ------
    NotEstimable
        If nothing is to be tested, or the clusters are too few for the terms.
    """
    if not tested:
        raise NotEstimable(Said("linear.no_term_test"), Said("linear.least_one_lead_other_reference"))
    places = [list(terms).index(term) for term in tested]
    scale = np.sqrt(np.diag(errors.covariance)[places])
    part = errors.covariance[np.ix_(places, places)] / np.outer(scale, scale)
    roots = np.linalg.eigvalsh(part)
    if len(places) > errors.df or roots[0] <= ABSORBED * roots[-1]:
        reason = Said("linear.too_few_degrees_for_joint_test", df=errors.df, n=len(places))
        raise NotEstimable(reason, Said("linear.more_clusters_fewer_terms_tested_together"))
    scaled = coefficients[places] / scale
    statistic = float(scaled @ np.linalg.solve(part, scaled)) / len(places)
    return joint(statistic, len(places), errors.df, rule=errors.rule)
