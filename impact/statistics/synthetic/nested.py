"""Synthetic control with a search for how much each predictor counts: V outside, the donors' weights inside.

Stands on :mod:`impact.statistics.synthetic.simplex` (inside, exact) and :mod:`impact.statistics.synthetic.control`
(placebos). The outer problem has many local optima, and its optimum need not be unique: results carry the range over
what fits as well.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize

from impact.errors import NotEstimable
from impact.statistics.core import Floats, Ints, floats
from impact.statistics.synthetic.control import Synthetic, compared, single_panel, standardised, weigher
from impact.statistics.synthetic.simplex import SimplexFit, finite, nearest_point, simplex_weights
from impact.words.said import Said

FLOOR = 1e-4
"""Least importance of a predictor, as a share of the greatest: below it the search flattens out."""
NEAR = 0.05
"""Optima whose loss is within this share of the best belong to the range."""
SCREENED = 50
"""Random importances tried per predictor before the best are searched from."""
EVALUATIONS = 250
"""Most steps of one search, per predictor."""


@dataclass(frozen=True, eq=False)
class Optima:
    """Where the searches for the importance of predictors ended.

    Parameters
    ----------
    importance
        Shape (S, p): one row per start, each summing to one.
    losses
        Shape (S,): mean squared gap of the outcome, in its unit squared.
    tied
        Shape (E, p): importances under which the weights of the least loss stay optimal, the extremes per predictor.
    """

    importance: Floats
    losses: Floats
    tied: Floats

    @property
    def chosen(self) -> Floats:
        """The middle of the importances that tie with the best (p,)."""
        return floats(self.tied.mean(axis=0))

    @property
    def as_good(self) -> Floats:
        """Importances (K, p) that fit within 5 % of the best: the chosen one, what ties with it, other ends."""
        best = self.losses.min()
        limit = best * (1 + NEAR)
        near = self.importance[self.losses <= limit]
        return np.vstack([self.chosen, self.tied, near])


@dataclass(frozen=True, eq=False)
class NestedControl:
    """A synthetic control whose importance of predictors was searched for.

    Parameters
    ----------
    control
        The synthetic control at the best importance; placebos and leave-one-outs had searches of their own.
    importance
        Shape (p,): V that was taken, summing to one.
    optima
        All ends of the search for the treated unit.
    near_effects, near_weights
        Shapes (K,) and (K, J): effect and donor weights under each importance that fits within 5 % of the best, the one
        taken first.
    """

    control: Synthetic
    importance: Floats
    optima: Optima
    near_effects: Floats
    near_weights: Floats


@dataclass(frozen=True, eq=False)
class _Problem:
    """Predictors as used, predictors as tried, outcomes to be fitted (all with a row per unit), starts and seed."""

    used: Floats
    tried: Floats
    fitted: Floats
    drawn: int
    seed: int

    def search(self, unit: int, donors: Ints) -> Optima:
        """Return the ends of the search for one unit and its donors."""
        rows = np.concatenate([[unit], donors])
        tried, fitted = self.tried[rows], self.fitted[rows]
        return search_importance(tried, fitted, drawn=self.drawn, seed=self.seed)

    def weights(self, importance: Floats, unit: int, donors: Ints) -> SimplexFit:
        """Return the donors' weights under an importance."""
        relative = importance / importance.max()
        root = np.sqrt(relative)
        weigh = weigher(self.used * root)
        return weigh(unit, donors)


def nested_control(
    outcomes: ArrayLike,
    treated: int,
    start: int,
    predictors: ArrayLike,
    *,
    training: ArrayLike | None = None,
    window: tuple[int, int] | None = None,
    drawn: int = 10,
    seed: int = 1,
) -> NestedControl:
    """Compare one treated unit with donors matched on predictors whose importance is searched for.

    Parameters
    ----------
    outcomes
        Shape (units, T), complete: a row for each unit, periods in order.
    treated, start
        Row of the treated unit; position, from 0, of the first treated period.
    predictors
        Shape (units, p): what the donors' weights are found on, each divided by its standard deviation over units.
    training
        Shape (units, p): the same predictors measured earlier, on which importances are tried (cross-validation); by
        default ``predictors`` themselves.
    window
        First position and the one after the last of the periods whose outcome is fitted; by default all before the
        start.
    drawn, seed
        Random starts beside the equal and the regression-based one, and their seed.

    Raises
    ------
    NotEstimable
        As :func:`impact.statistics.synthetic.control.synthetic_control`; also if the window does not lie before the
        start, and if the donors reproduce the treated unit's predictors, so that their importance says nothing.

    Notes
    -----
    V minimises the mean squared gap of the outcome in the window, where for each V the weights minimise
    ``(x₁ − X₀w)' V (x₁ − X₀w)`` on the simplex, exactly. ``x`` are the training predictors in the search and the
    predictors afterwards. The optimal V is in general not unique although its training weights are, and V that tie
    give different weights on other ``predictors`` (Klößner et al.): see :func:`tied_importance`. Units are put in an
    order of their own first: the result does not depend on the rows' order.

    References
    ----------
    Abadie, Diamond, Hainmueller (2015), https://doi.org/10.1111/ajps.12116. Klößner, Kaul, Pfeifer, Schieler (2018),
    https://doi.org/10.1186/s41937-017-0004-9.

    Examples
    --------
    >>> panel = np.array([[1.0, 2.0, 5.0], [0.0, 1.0, 2.0], [2.0, 3.5, 4.5], [3.0, 1.0, 2.0]])
    >>> predictors = np.array([[9.0, 1.0], [1.0, 2.0], [2.0, 1.0], [3.0, 3.0]])
    >>> nested = nested_control(panel, 0, 2, predictors, drawn=1)
    >>> round(float(nested.importance.sum()), 6), round(float(nested.control.weights.sum()), 6)
    (1.0, 1.0)
    """
    panel, row, begin = single_panel(outcomes, treated, start)
    first, end = window or (0, begin)
    if not 0 <= first < end <= begin:
        raise NotEstimable(Said("synthetic.outcome_window_after_start"), Said("synthetic.window_before"))
    tried = finite(predictors if training is None else training, Said("synthetic.training_predictors_not_finite"))
    order = _canonical_order(panel, tried)
    if order is None or tried.shape != np.shape(predictors):
        raise NotEstimable(
            Said("synthetic.training_predictors_not_those_used_after"), Said("synthetic.same_predictors_row_per_unit")
        )
    used = standardised(np.asarray(predictors)[order], len(panel))
    training_used = standardised(tried[order], len(panel))
    problem = _Problem(used, training_used, panel[order, first:end], drawn, seed)
    at = int(np.flatnonzero(order == row)[0])
    control = _nested(panel[order], at, begin, problem)
    return _in_rows_order(control, order)


def _canonical_order(panel: Floats, tried: Floats) -> Ints | None:
    """Return an order of the units that does not depend on that of their rows; None if these do not fit."""
    if len(tried) != len(panel):
        return None
    columns = np.hstack([panel, tried.reshape(len(tried), -1)])
    return np.lexsort(columns.T)


def search_importance(tried: Floats, fitted: Floats, *, drawn: int = 10, seed: int = 1) -> Optima:
    """Search the importance of predictors under which the first row's outcomes are fitted best by the other rows.

    Parameters
    ----------
    tried, fitted
        Shapes (1+J, p) and (1+J, T): predictors on one scale, and outcomes.
    drawn, seed
        Random starts, the best of 50 p drawn, and their seed.

    Notes
    -----
    V lies on the simplex in logarithms, no predictor below 10⁻⁴ of the greatest. From every start a Nelder–Mead search
    within these bounds. The regression-based start takes the sums of squared coefficients of the outcomes on the
    predictors, as the R package Synth does. If the donors reproduce the predictors, V is left equal.

    Examples
    --------
    >>> tried = np.array([[1.0, 1.0], [0.0, 2.0], [2.0, 1.5], [1.0, -1.0]])
    >>> optima = search_importance(tried + np.array([[0.5, 3.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0]]), tried, drawn=1)
    >>> optima.importance.shape
    (3, 2)
    """
    size = tried.shape[1]
    if not simplex_weights(tried[0], tried[1:].T).unique:
        equal = np.full((1, size), 1 / size)
        return Optima(equal, np.full(1, np.nan), equal)
    loss = _loss(tried, fitted)
    # Starts: all alike, regression coefficients, and the best of many random points
    lowest = np.log(FLOOR)
    rng = np.random.default_rng(seed)
    random = rng.uniform(lowest, 0.0, (SCREENED * size, size))
    by_loss = np.argsort([loss(point) for point in random], kind="stable")
    promising = random[by_loss[:drawn]]
    starts = np.vstack([np.full(size, lowest / 2), _regression_start(tried, fitted), promising])
    ends = [_descend(loss, start) for start in starts]
    importance = np.exp([end - end.max() for end, _ in ends])
    importance /= importance.sum(axis=1, keepdims=True)
    losses = np.array([value for _, value in ends])
    best = importance[int(np.argmin(losses))]
    return Optima(importance, losses, tied_importance(tried, best))


def tied_importance(tried: Floats, importance: Floats) -> Floats:
    """Return importances (E, p) under which the donors' weights are those found under ``importance``.

    Notes
    -----
    With ``D = X₀ − x₁`` and ``r = Dw`` the weights w stay optimal under V while ``Σ_k V_k r_k (D_kj − r_k)`` is 0 for
    donors with weight and not below 0 for the others: linear in V. Each predictor's least and greatest importance
    within these bounds, by linear programmes, are the rows; ``importance`` itself if they find none.

    Examples
    --------
    >>> tied = tied_importance(np.array([[9.0, 1.0], [1.0, 2.0], [2.0, 1.0], [3.0, 3.0]]), np.array([0.5, 0.5]))
    >>> tied.shape[1], bool((tied > 0).all())
    (2, True)
    """
    target, pool = tried[0], tried[1:]
    size = len(importance)
    # D = X₀ − x₁ and r = Dw at the weights w that are optimal under this importance
    distance = (pool - target).T
    root = np.sqrt(importance)
    weights = simplex_weights(target * root, (pool * root).T).weights
    r = (distance @ weights)[:, None]
    # First-order conditions, linear in the importance: slack zero for donors used, not negative for the others
    slack = (r * (distance - r)).T
    sizes = np.abs(slack)
    largest = np.max(sizes, axis=1, keepdims=True)
    slack = slack / (largest + np.finfo(float).tiny)
    used = weights > 0
    of_used, of_others = slack[used], slack[~used]
    equal = np.vstack([of_used, np.ones(size)])
    goal = np.append(np.zeros(len(of_used)), 1.0)
    zeros = np.zeros(len(of_others))
    limits = (FLOOR / size, 1.0)
    axes = np.eye(size)
    tied = []
    for axis in np.stack([axes, -axes], axis=1).reshape(-1, size):
        end = optimize.linprog(axis, A_ub=-of_others, b_ub=zeros, A_eq=equal, b_eq=goal, bounds=limits)
        if end.x is not None and end.status == 0:
            tied.append(end.x / end.x.sum())
    return np.array(tied) if tied else importance[None, :]


def _loss(tried: Floats, fitted: Floats) -> Callable[[Floats], float]:
    """Return the mean squared gap of the outcome as a function of the logarithms of the importance."""
    goal = fitted[0]
    pool = fitted[1:]
    distance = (tried[1:] - tried[0]).T
    lengths = np.sum(distance**2, axis=0)
    scale = np.sqrt(np.mean(lengths))
    distance = distance / scale

    def loss(logs: Floats) -> float:
        halves = (logs - logs.max()) / 2
        root = np.exp(halves)
        weights = nearest_point(distance * root[:, None])
        error = goal - weights @ pool
        return float(error @ error / len(error))

    return loss


def _regression_start(tried: Floats, fitted: Floats) -> Floats:
    """Return the logarithms of the sums of squared regression coefficients, within bounds."""
    ones = np.ones(len(tried))
    columns = np.column_stack([ones, tried])
    coefficients = np.linalg.lstsq(columns, fitted, rcond=None)[0]
    slopes = coefficients[1:]
    squares = np.sum(slopes**2, axis=1)
    largest = squares.max() or 1.0
    shares = np.clip(squares / largest, FLOOR, 1.0)
    return floats(np.log(shares))


def _descend(loss: Callable[[Floats], float], start: Floats) -> tuple[Floats, float]:
    """Return the end of a Nelder–Mead search and its loss."""
    size = len(start)
    low = float(np.log(FLOOR))
    inward = np.where(start < low / 2, 2.0, -2.0)
    corners = start + np.diag(inward)
    simplex = np.vstack([start, corners])
    bounds = [(low, 0.0)] * size
    evaluations = EVALUATIONS * size
    close = 1e-7 * loss(start)
    end = optimize.minimize(
        loss,
        start,
        method="Nelder-Mead",
        bounds=bounds,
        options={"maxfev": evaluations, "xatol": 1e-3, "fatol": close, "adaptive": True, "initial_simplex": simplex},
    )
    return floats(end.x), float(end.fun)


def _nested(panel: Floats, row: int, start: int, problem: _Problem) -> NestedControl:
    """Search for the treated unit, then for every placebo and every smaller set of donors alike."""
    units = np.arange(len(panel))
    donors = np.delete(units, row)
    optima = problem.search(row, donors)
    if np.isnan(optima.losses).any():
        need = Said("synthetic.predictors_in_which_it_differs")
        raise NotEstimable(Said("synthetic.donors_reproduce_treated_unit_predictors"), need)

    def weigh(unit: int, pool: Ints) -> SimplexFit:
        searched = unit == row and len(pool) == len(donors)
        ends = optima if searched else problem.search(unit, pool)
        return problem.weights(ends.chosen, unit, pool)

    control = compared(panel, row, start, weigh)
    near = np.array([problem.weights(importance, row, donors).weights for importance in optima.as_good])
    synthetic = near @ panel[donors]
    gaps = panel[row] - synthetic
    later = gaps[:, start:]
    effects = later.mean(axis=1)
    return NestedControl(control, optima.chosen, optima, effects, near)


def _in_rows_order(nested: NestedControl, order: Ints) -> NestedControl:
    """Return a result found on reordered rows with the donors as they stood."""
    control = nested.control
    rows = order[control.donors]
    back = np.argsort(rows)
    leave_one_out = control.leave_one_out[back]
    control = replace(
        control,
        donors=rows[back],
        weights=control.weights[back],
        placebo_gaps=control.placebo_gaps[back],
        placebo_ratios=control.placebo_ratios[back],
        leave_one_out=leave_one_out,
    )
    near = nested.near_weights[:, back]
    return replace(nested, control=control, near_weights=near)
