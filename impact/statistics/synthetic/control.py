"""Synthetic control: one treated unit beside weighted donors, its placebos and its leave-one-outs.

Arrays in, frozen results out; :mod:`impact.statistics.synthetic.nested` and
:mod:`impact.statistics.synthetic.difference` stand on it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from impact.errors import NotEstimable
from impact.statistics.core import Floats, Ints, floats
from impact.statistics.synthetic.simplex import SimplexFit, finite, simplex_weights
from impact.words.said import Said

Rows = int | Sequence[int]
Weigher = Callable[[int, Ints], SimplexFit]
"""Finds the weights of some donors (rows) for one unit (row)."""
TIE_BREAK = 1e-6


@dataclass(frozen=True, eq=False)
class Synthetic:
    """A synthetic control.

    Parameters
    ----------
    effect
        Mean gap from the start on, in the unit of the outcome.
    gaps
        Shape (T,): outcome of the treated unit minus that of its synthetic control, in the unit of the outcome.
    weights, donors
        Shape (J,): weights and the rows of the panel they belong to.
    pre_rmspe
        Root mean squared gap before the start: the quality of the fit, to be judged against the size of the outcome.
    ratio
        RMSPE after over before the start; infinite if the fit before is exact.
    placebo_p
        Share of units, the treated one included, whose ratio is at least as large; never below 1/(J+1). NaN if the fit
        before the start is exact.
    placebo_gaps, placebo_ratios
        Shapes (J, T) and (J,): each donor in turn called treated, the treated unit among its donors.
    leave_one_out
        Shape (J,): effect without each donor that has weight; NaN for the others, and if only two donors exist.
    """

    effect: float
    gaps: Floats
    weights: Floats
    donors: Ints
    pre_rmspe: float
    ratio: float
    placebo_p: float
    placebo_gaps: Floats
    placebo_ratios: Floats
    leave_one_out: Floats


def synthetic_control(
    outcomes: ArrayLike,
    treated: int,
    start: int,
    *,
    predictors: ArrayLike | None = None,
    importance: ArrayLike | None = None,
    ridge: float = 0.0,
) -> Synthetic:
    """Compare one treated unit with the weighted donors that resemble it before the start.

    Parameters
    ----------
    outcomes
        Shape (units, T), complete: a row for each unit, periods in order.
    treated, start
        Row of the treated unit; position, from 0, of the first treated period.
    predictors
        Shape (units, p): what to match on, each divided by its standard deviation over units; by default the outcomes
        before the start, as they are.
    importance
        Shape (p,): how much each predictor counts, V; only proportions matter. By default all count equally.
    ridge
        Penalty on the weights, see :func:`impact.statistics.synthetic.simplex.simplex_weights`.

    Raises
    ------
    NotEstimable
        With missing cells, several treated units, fewer than two donors, no period on a side, predictors that do not
        vary, or several optimal weightings.

    Notes
    -----
    V is fixed here; :mod:`impact.statistics.synthetic.nested` searches for it. A treated unit outside the hull of the
    donors is not refused; ``pre_rmspe`` says how far away it stays. Where a placebo has several optimal weightings, a
    vanishing ridge chooses the most even one. Assumes that weights which reproduce the past reproduce the untreated
    future, and no spill-over to donors. The p-value is exact if the treated unit was chosen at random.

    References
    ----------
    Abadie, Diamond, Hainmueller (2010), https://doi.org/10.1198/jasa.2009.ap08746.

    Examples
    --------
    >>> panel = np.array([[1.0, 2.0, 5.0], [0.0, 1.0, 2.0], [2.0, 3.5, 4.5], [3.0, 1.0, 2.0]])
    >>> result = synthetic_control(panel, 0, 2)
    >>> result.donors.tolist(), result.weights.round(2).tolist()
    ([1, 2, 3], [0.53, 0.4, 0.07])
    """
    panel, row, begin = single_panel(outcomes, treated, start)
    if predictors is None:
        earlier = panel[:, :begin]
        weigh = weigher(earlier, ridge)
    else:
        match = standardised(predictors, len(panel))
        roots = _roots(importance, match.shape[1])
        scaled = match * roots
        weigh = weigher(scaled, ridge)
    return compared(panel, row, begin, weigh)


def compared(panel: Floats, row: int, start: int, weigh: Weigher) -> Synthetic:
    """Return the synthetic control of one row of a panel (units, T), its placebos and its leave-one-outs.

    ``weigh`` is applied alike to the treated unit, to every placebo and to every smaller set of donors.
    """
    units = np.arange(len(panel))
    donors = np.delete(units, row)
    fit = weigh(row, donors)
    if not fit.unique:
        need = Said("synthetic.more_predictors_or_ridge")
        raise NotEstimable(Said("synthetic.weights_not_unique"), need)
    # α̂_1t = Y_1t − Σ_j w_j Y_jt, and the same of every donor in the treated unit's place
    gaps = _gaps(panel, row, donors, fit.weights)
    placebos = np.array([_placebo_gaps(panel, int(unit), weigh) for unit in donors])
    ratio = float(_ratios(gaps[None, :], panel, start)[0])
    ratios = _ratios(placebos, panel, start)
    earlier, later = gaps[:start], gaps[start:]
    effect = float(later.mean())
    pre_mspe = np.mean(earlier**2)
    pre_rmspe = float(np.sqrt(pre_mspe))
    p_value = _placebo_p(ratio, ratios)
    leave_one_out = _without_each(panel, row, start, fit.weights, weigh)
    return Synthetic(effect, gaps, fit.weights, donors, pre_rmspe, ratio, p_value, placebos, ratios, leave_one_out)


def _placebo_gaps(panel: Floats, unit: int, weigh: Weigher) -> Floats:
    """Return the gaps (T,) of a donor from all other units, the treated among them."""
    units = np.arange(len(panel))
    pool = np.delete(units, unit)
    fit = weigh(unit, pool)
    return _gaps(panel, unit, pool, fit.weights)


def _placebo_p(ratio: float, ratios: Floats) -> float:
    """Return the rank of the treated unit's ratio among all units, as a p-value; NaN where its fit is exact."""
    if not ratio < np.inf:
        return np.nan
    as_large = np.sum(ratios >= ratio * (1 - 1e-10))
    return float((1 + as_large) / (1 + len(ratios)))


def weigher(match: Floats, ridge: float = 0.0) -> Weigher:
    """Return what matches rows of ``match`` (units, p); ties between weightings go to the most even one.

    Examples
    --------
    >>> weigh = weigher(np.array([[1.0], [0.0], [2.0]]))
    >>> weigh(0, np.array([1, 2])).weights.round(6).tolist()
    [0.5, 0.5]
    """

    def weigh(unit: int, donors: Ints) -> SimplexFit:
        target, pool = match[unit], match[donors]
        fit = simplex_weights(target, pool.T, ridge=ridge)
        if fit.unique:
            return fit
        least = TIE_BREAK * float(np.mean(np.sum((pool - target) ** 2, axis=1)))
        even = simplex_weights(target, pool.T, ridge=max(least, float(np.finfo(float).tiny)))
        return SimplexFit(even.weights, even.loss, unique=False)

    return weigh


def _gaps(panel: Floats, unit: int, donors: Ints, weights: Floats) -> Floats:
    """Return one unit's gaps (T,)."""
    synthetic = weights @ panel[donors]
    return floats(panel[unit] - synthetic)


def _without_each(panel: Floats, row: int, start: int, weights: Floats, weigh: Weigher) -> Floats:
    """Return the effect without each donor that has weight (J,), NaN elsewhere."""
    donors = np.delete(np.arange(len(panel)), row)
    effects = np.full(len(donors), np.nan)
    if len(donors) <= 2:
        return effects
    for at in np.flatnonzero(weights > 0):
        pool = np.delete(donors, at)
        fit = weigh(row, pool)
        gaps = _gaps(panel, row, pool, fit.weights)
        effects[at] = gaps[start:].mean()
    return effects


def _ratios(gaps: Floats, panel: Floats, start: int) -> Floats:
    """Return the RMSPE after over before the start of each row of gaps; infinite where the fit before is exact."""
    earlier, later = gaps[:, :start], gaps[:, start:]
    pre = np.sqrt(np.mean(earlier**2, axis=1))
    post = np.sqrt(np.mean(later**2, axis=1))
    largest = np.max(np.abs(panel))
    exact = pre <= 1e-12 * largest
    divisor = np.where(exact, 1.0, pre)
    ratios = post / divisor
    return floats(np.where(exact, np.inf, ratios))


def standardised(predictors: ArrayLike, units: int) -> Floats:
    """Return predictors (units, p), each over its standard deviation; refuse what does not vary or lacks units.

    Examples
    --------
    >>> standardised([[1.0], [3.0]], 2).round(3).tolist()
    [[0.707], [2.121]]
    """
    matrix = finite(predictors, Said("synthetic.predictors_not_finite"))
    if matrix.ndim == 2 and len(matrix) == units:
        spread = matrix.std(axis=0, ddof=1)
        if np.all(spread > 1e-12 * np.max(np.abs(matrix), axis=0)):
            return floats(matrix / spread)
    raise NotEstimable(Said("synthetic.predictor_does_not_vary"), Said("synthetic.row_per_unit_values_vary"))


def _roots(importance: ArrayLike | None, predictors: int) -> Floats:
    """Return what to multiply predictors by so that plain distances count them by their importance."""
    if importance is None:
        return np.ones(predictors)
    v = finite(importance, Said("synthetic.importance_not_finite"))
    if v.shape != (predictors,) or v.min() < 0 or v.sum() <= 0:
        raise NotEstimable(Said("synthetic.importance_not_one_number_each"), Said("synthetic.numbers_0_not_all_0"))
    return floats(np.sqrt(v / v.max()))


def single_panel(outcomes: ArrayLike, treated: int, start: int) -> tuple[Floats, int, int]:
    """Return the panel of one treated unit, its row and its start, or say what does not hold."""
    panel, (row, *more), begin = checked_panel(outcomes, treated, start)
    if more:
        raise NotEstimable(
            Said("synthetic.units_treated", n=1 + len(more)), Said("synthetic.one_call_per_treated_unit")
        )
    return panel, int(row), begin


def checked_panel(outcomes: ArrayLike, treated: Rows, start: Rows) -> tuple[Floats, Ints, int]:
    """Return the panel, the rows of the treated units and their one start, or say what does not hold.

    Examples
    --------
    >>> panel, rows, start = checked_panel([[1, 2], [1, 3], [2, 2]], treated=0, start=1)
    >>> panel.shape, rows.tolist(), start
    ((3, 2), [0], 1)
    """
    panel = floats(outcomes)
    rows = np.atleast_1d(np.asarray(treated, dtype=np.int64))
    if panel.ndim != 2:
        raise NotEstimable(Said("synthetic.outcomes_not_panel"), Said("synthetic.rows_of_units_columns_of_periods"))
    holes = np.argwhere(~np.isfinite(panel))
    if len(holes):
        raise NotEstimable(
            Said("synthetic.cells_missing", n=len(holes), first=str(holes[0])),
            Said("synthetic.complete_panel"),
        )
    starts = np.unique(np.asarray(start, dtype=np.int64))
    if len(starts) != 1:
        raise NotEstimable(
            Said("synthetic.treated_units_start_different_periods"), Said("synthetic.one_call_per_start_own_units")
        )
    if len(np.unique(rows)) < len(rows) or len(rows) == 0 or rows.min() < 0 or rows.max() >= len(panel):
        raise NotEstimable(Said("synthetic.treated_units_not_distinct_rows_panel"), Said("synthetic.rows_counted_0"))
    if not 1 <= starts[0] < panel.shape[1]:
        raise NotEstimable(Said("synthetic.no_period_on_one_side"), Said("synthetic.periods_both_sides_start"))
    if len(panel) - len(rows) < 2:
        raise NotEstimable(
            Said("synthetic.donors", n=len(panel) - len(rows)), Said("synthetic.least_two_untreated_units")
        )
    return panel, rows, int(starts[0])
