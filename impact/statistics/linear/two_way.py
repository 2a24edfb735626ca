"""Least squares with unit and period effects on cells: coefficients, clustered errors, joint tests.

:mod:`impact.estimate.panel` makes the cells in SQL and keeps the books of what was lost; the numbers happen here, on
arrays alone. A cell stands for all rows with the same effects and the same regressors, so its summed weight and its
mean outcome are sufficient for the coefficients, and for the scores of clusters in which it is nested.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import linalg, sparse

from impact.errors import NotEstimable
from impact.statistics.core import Floats, Ints, floats
from impact.words.said import Said

Remover = Callable[[Floats], Floats]
ABSORBED = 1e-9
ROUNDING = 16 * float(np.finfo(np.float64).eps)


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
        Rows that all cells stand for.
    multiplicity
        Shape (U,): units that each unit effect stands for; more than one where units with the same path are summed.
    """

    units: Ints
    periods: Ints | None
    weights: Floats
    outcome: Floats
    regressors: Floats
    terms: tuple[str, ...]
    n_obs: int
    multiplicity: Ints


@dataclass(frozen=True)
class TwoWay:
    """Coefficients of the terms beside the effects, and what their errors are made of.

    Parameters
    ----------
    cells
        The cells that were fitted, from which errors take weights and numbers of rows.
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


def effects_remover(units: Ints, periods: Ints | None, weights: Floats) -> tuple[Remover, int]:
    """Return a function that takes unit and period effects out of a column, and the number of connected parts.

    Arguments have shape (n,), as in :class:`Cells`. The dimension with more levels is demeaned; the normal equations
    of the other, ``S = D'WD − D'WU(U'WU)⁻¹U'WD``, are solved exactly and refined once. ``S`` has one zero eigenvalue
    for each part of the panel that shares no unit and no period with the rest. Without periods there are 0 parts.

    Examples
    --------
    >>> units, periods = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    >>> remove, parts = effects_remover(units, periods, np.ones(4))
    >>> remove(np.array([1.0, 2.0, 3.0, 8.0])).round(6).tolist(), parts
    ([1.0, -1.0, -1.0, 1.0], 1)
    """
    if periods is None:
        return (lambda column: _demean(_demean(column, units, weights), units, weights)), 0
    by_units = units.max() >= periods.max()
    large, small = (units, periods) if by_units else (periods, units)
    inverse, components = _inverse_after_demeaning(large, small, weights)

    def remove(column: Floats) -> Floats:
        moved = _demean(column, large, weights)
        for _ in range(2):
            sums = np.bincount(small, weights * moved)
            effects = inverse @ sums
            moved = _demean(moved - effects[small], large, weights)
        return moved

    return remove, components


def _demean(column: Floats, codes: Ints, weights: Floats) -> Floats:
    """Take the weighted mean of each level of an effect out of a column."""
    sums = np.bincount(codes, weights * column)
    totals = np.bincount(codes, weights)
    means = sums / totals
    return floats(column - means[codes])


def _inverse_after_demeaning(large: Ints, small: Ints, weights: Floats) -> tuple[Floats, int]:
    """Return the pseudo-inverse of ``S = D'WD − D'WU(U'WU)⁻¹U'WD``, and the number of connected parts."""
    # D'WU(U'WU)⁻¹U'WD: the weight that two small levels share through the large ones
    table = sparse.csr_array((weights, (large, small)))
    totals = np.bincount(large, weights)
    shares = sparse.diags_array(1 / totals) @ table
    linked = (table.T @ shares).toarray()
    connected = sparse.csgraph.connected_components(linked > 0, directed=False)
    components = int(connected[0])
    # S scaled to a unit diagonal of D'WD; one zero eigenvalue for each connected part
    small_totals = np.bincount(small, weights)
    size = np.sqrt(small_totals)
    units = np.outer(size, size)
    scaled = linked / units
    identity = np.eye(len(size))
    values, vectors = np.linalg.eigh(identity - scaled)
    identified = vectors[:, components:] / size[:, None]
    inverse = identified / values[components:]
    pseudo_inverse = inverse @ identified.T
    return np.asarray(pseudo_inverse), components


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

    Examples
    --------
    >>> units, periods = np.repeat([0, 1, 2], 2), np.tile([0, 1], 3)
    >>> treated = np.array([[0.0], [0.0], [0.0], [1.0], [0.0], [0.0]])
    >>> outcome = np.array([1.0, 2.0, 3.0, 8.0, 2.0, 3.5])
    >>> cells = Cells(units, periods, np.ones(6), outcome, treated, ("treated",), 6, np.ones(3, dtype=int))
    >>> fit_cells(cells).coefficients.round(6).tolist()
    [3.75]
    """
    weights = cells.weights
    remove, components = effects_remover(cells.units, cells.periods, weights)
    rank = _rank(cells, components)
    n_terms = len(cells.terms)
    moved, root = identified_terms(cells, remove)
    if cells.n_obs - rank - n_terms <= 0:
        reason = Said("linear.observations_cannot_carry_effects_terms", n_obs=cells.n_obs, rank=rank, n_terms=n_terms)
        raise NotEstimable(reason, Said("linear.more_periods_units_fewer_terms"))
    bread = root @ root.T
    residuals = remove(without_mean(cells.outcome, weights))
    # b = (X̃'WX̃)⁻¹X̃'Wỹ; the second round takes out what rounding left in the residuals
    coefficients = np.zeros(n_terms)
    for _ in range(2):
        scores = moved.T @ (weights * residuals)
        step = bread @ scores
        coefficients = coefficients + step
        residuals = residuals - moved @ step
    return TwoWay(cells, coefficients, bread, moved, residuals, rank)


def _rank(cells: Cells, components: int) -> int:
    """Return how many effects can be told apart: units + periods − connected parts."""
    n_units = int(cells.multiplicity.sum())
    if cells.periods is None:
        return n_units
    n_periods = int(cells.periods.max()) + 1
    return n_units + (n_periods - components)


def without_mean(column: Floats, weights: Floats) -> Floats:
    """Take the weighted mean out of a column.

    Examples
    --------
    >>> without_mean(np.array([1.0, 3.0]), np.array([3.0, 1.0])).tolist()
    [-0.5, 1.5]
    """
    mean = np.average(column, weights=weights)
    return floats(column - mean)


def weighted_length(columns: Floats, weights: Floats) -> Floats:
    """Return the weighted length of each column.

    Examples
    --------
    >>> weighted_length(np.array([[3.0], [4.0]]), np.ones(2)).tolist()
    [5.0]
    """
    squares = weights @ columns**2
    return floats(np.sqrt(squares))


def identified_terms(cells: Cells, remove: Remover) -> tuple[Floats, Floats]:
    """Return the terms without effects, shape (n, k), and a root of their inverse cross product, shape (k, k)."""
    weights, regressors = cells.weights, cells.regressors
    raw = weighted_length(regressors, weights)
    centred = np.column_stack([without_mean(column, weights) for column in regressors.T])
    # A column is absorbed if what the effects leave of it is no more than the rounding of what they took.
    absorbed = ABSORBED * weighted_length(centred, weights)
    least = absorbed + ROUNDING * raw
    moved = np.column_stack([remove(column) for column in centred.T])
    length = weighted_length(moved, weights)
    for term in np.flatnonzero(length <= least):
        raise _absorbed(cells, int(term))
    # W^½X̃ = QR with columns of length one; R⁻¹ is the root
    root = np.sqrt(weights)
    scaled = root[:, None] * moved / length
    upper = linalg.qr(scaled, mode="r", overwrite_a=True)[0]
    rounding = ROUNDING * raw / length
    _refuse_collinear(np.atleast_2d(upper), ABSORBED + rounding, cells.terms)
    n_terms = len(length)
    identity = np.eye(n_terms)
    inverse = linalg.solve_triangular(upper[:n_terms], identity)
    return moved, inverse / length[:, None]


def _absorbed(cells: Cells, index: int) -> NotEstimable:
    """Say why the effects leave nothing of a term."""
    term = cells.terms[index]
    column = cells.regressors[:, index]
    constant = np.ptp(column) == 0
    if constant:
        return NotEstimable(
            Said("linear.all_observations", term=term, value=column[0]),
            Said("linear.observations_which_differs", term=term),
        )
    fixed = _range_within(column, cells.units) == 0
    if fixed:
        return NotEstimable(Said("linear.never_changes_within_unit", term=term), Said("linear.term_changes_over_time"))
    if cells.periods is not None and _range_within(column, cells.periods) == 0:
        reason = Said("linear.same_for_all_in_period", term=term)
        return NotEstimable(reason, Said("linear.units_treated_later_never"))
    reason = Said("linear.absorbed_by_both_effects", term=term)
    return NotEstimable(reason, Said("linear.linked_units_differ_same_period", term=term))


def _range_within(column: Floats, codes: Ints) -> float:
    """Return the largest range of a column within the levels of an effect."""
    order = np.lexsort((column, codes))
    ordered = column[order]
    changes = np.diff(codes[order], prepend=-1)
    starts = np.flatnonzero(changes)
    ends = np.append(starts[1:], len(column))
    highest, lowest = ordered[ends - 1], ordered[starts]
    ranges = highest - lowest
    return float(np.max(ranges))


def _refuse_collinear(upper: Floats, least: Floats, terms: tuple[str, ...]) -> None:
    """Refuse a term whose diagonal element of R is zero: the terms before it say all that it says."""
    for i in range(len(terms)):
        if i < len(upper) and abs(upper[i, i]) > least[i]:
            continue
        earlier = upper[:i, :i]
        shares = linalg.lstsq(earlier, upper[:i, i])[0]
        sizes = np.abs(shares)
        involved = np.flatnonzero(sizes > 1e-6)
        combined = [terms[k] for k in involved]
        reason = Said("linear.given_effects_combination", term=terms[i], others=combined)
        raise NotEstimable(reason, Said("linear.one_left_out_or_never_treated"))


def is_nested(levels: Ints, codes: Ints) -> bool:
    """Say whether each level of an effect lies in one cluster.

    Examples
    --------
    >>> is_nested(np.array([0, 0, 1]), np.array([5, 5, 5])), is_nested(np.array([0, 0, 1]), np.array([5, 6, 5]))
    (True, False)
    """
    clusters = codes.astype(np.float64)
    return _range_within(clusters, levels) == 0
