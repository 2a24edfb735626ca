"""Synthetic control and synthetic difference-in-differences: one panel, treated units, one start.

Arrays in, frozen results out. The Frank–Wolfe steps of the published software are there to reproduce its numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from impact.errors import NotEstimable
from impact.statistics.core import Estimate, Floats, Ints, wald
from impact.statistics.synthetic.simplex import SimplexFit, finite, simplex_weights
from impact.words.said import Said

Solver = Literal["exact", "frank_wolfe"]
Rows = int | Sequence[int]
Random = np.random.Generator | None
_Pair = tuple[Floats, Floats]
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
        Shape (T,): treated minus synthetic.
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


@dataclass(frozen=True, eq=False)
class SyntheticDid:
    """A synthetic difference-in-differences.

    Parameters
    ----------
    effect
        Average effect on the treated units from the start on, with the placebo standard error.
    unit_weights, donors
        Shape (J,): weights and the rows of the panel they belong to.
    time_weights
        Shape (start,): of the periods before the start.
    difference_in_differences
        The estimate with equal weights, for comparison.
    placebos
        Shape (B,): effects found where there is none.
    """

    effect: Estimate
    unit_weights: Floats
    time_weights: Floats
    donors: Ints
    difference_in_differences: float
    placebos: Floats


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
        Shape (units, T), complete.
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
    """
    panel, row, begin = single_panel(outcomes, treated, start)
    if predictors is None:
        return compared(panel, row, begin, weigher(panel[:, :begin], ridge))
    match = standardised(predictors, len(panel))
    return compared(panel, row, begin, weigher(match * _roots(importance, match.shape[1]), ridge))


def compared(panel: Floats, row: int, start: int, weigh: Weigher) -> Synthetic:
    """Return the synthetic control of one row of a panel (units, T), its placebos and its leave-one-outs.

    ``weigh`` is applied alike to the treated unit, to every placebo and to every smaller set of donors.
    """
    donors = np.delete(np.arange(len(panel)), row)
    fit = weigh(row, donors)
    if not fit.unique:
        need = Said("synthetic.more_predictors_or_ridge")
        raise NotEstimable(Said("synthetic.weights_not_unique"), need)
    gaps = _gaps(panel, row, donors, fit.weights)
    others = [np.delete(np.arange(len(panel)), unit) for unit in donors]
    pairs = zip(donors.tolist(), others, strict=True)
    placebos = np.array([_gaps(panel, unit, rest, weigh(unit, rest).weights) for unit, rest in pairs])
    ratio, ratios = float(_ratios(gaps[None, :], panel, start)[0]), _ratios(placebos, panel, start)
    return Synthetic(
        effect=float(gaps[start:].mean()),
        gaps=gaps,
        weights=fit.weights,
        donors=donors,
        pre_rmspe=float(np.sqrt(np.mean(gaps[:start] ** 2))),
        ratio=ratio,
        placebo_p=float((1 + np.sum(ratios >= ratio * (1 - 1e-10))) / (1 + len(donors))) if ratio < np.inf else np.nan,
        placebo_gaps=placebos,
        placebo_ratios=ratios,
        leave_one_out=_without_each(panel, row, start, fit.weights, weigh),
    )


def weigher(match: Floats, ridge: float = 0.0) -> Weigher:
    """Return what matches rows of ``match`` (units, p); ties between weightings go to the most even one."""

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
    return np.asarray(panel[unit] - weights @ panel[donors], dtype=np.float64)


def _without_each(panel: Floats, row: int, start: int, weights: Floats, weigh: Weigher) -> Floats:
    """Return the effect without each donor that has weight (J,), NaN elsewhere."""
    donors = np.delete(np.arange(len(panel)), row)
    effects = np.full(len(donors), np.nan)
    for at in np.flatnonzero(weights > 0) if len(donors) > 2 else ():
        rest = np.delete(donors, at)
        effects[at] = _gaps(panel, row, rest, weigh(row, rest).weights)[start:].mean()
    return effects


def _ratios(gaps: Floats, panel: Floats, start: int) -> Floats:
    """Return the RMSPE after over before the start of each row of gaps; infinite where the fit before is exact."""
    before, after = (np.sqrt(np.mean(part**2, axis=1)) for part in (gaps[:, :start], gaps[:, start:]))
    exact = before <= 1e-12 * np.max(np.abs(panel))
    return np.asarray(np.where(exact, np.inf, after / np.where(exact, 1.0, before)), dtype=np.float64)


def standardised(predictors: ArrayLike, units: int) -> Floats:
    """Return predictors (units, p), each over its standard deviation; refuse what does not vary or lacks units."""
    matrix = finite(predictors, Said("synthetic.predictors_not_finite"))
    if matrix.ndim == 2 and len(matrix) == units:
        spread = matrix.std(axis=0, ddof=1)
        if np.all(spread > 1e-12 * np.max(np.abs(matrix), axis=0)):
            return np.asarray(matrix / spread, dtype=np.float64)
    raise NotEstimable(Said("synthetic.predictor_does_not_vary"), Said("synthetic.row_per_unit_values_vary"))


def _roots(importance: ArrayLike | None, predictors: int) -> Floats:
    """Return what to multiply predictors by so that plain distances count them by their importance."""
    if importance is None:
        return np.ones(predictors)
    given = finite(importance, Said("synthetic.importance_not_finite"))
    if given.shape != (predictors,) or given.min() < 0 or given.sum() <= 0:
        raise NotEstimable(Said("synthetic.importance_not_one_number_each"), Said("synthetic.numbers_0_not_all_0"))
    return np.asarray(np.sqrt(given / given.max()), dtype=np.float64)


def synthetic_did(
    outcomes: ArrayLike, treated: Rows, start: Rows, *, solver: Solver = "exact", draws: int = 200, rng: Random = None
) -> SyntheticDid:
    """Weight donors and earlier periods so that trends match, then take differences twice.

    Parameters
    ----------
    outcomes
        Shape (units, T), complete.
    treated, start
        Rows of the treated units; first treated period, from 0, the same for all.
    solver
        ``exact``: the optimum the paper defines. ``frank_wolfe``: the stopping and sparsifying rules of the R package
        synthdid, whose unit weights end close to the optimum only (California: −15.6038 against −15.6054).
    draws
        Placebo draws; a single treated unit takes each donor once instead.
    rng
        Needed with several treated units.

    Raises
    ------
    NotEstimable
        With missing cells, different starts, too few donors or periods, or donors that do not change before the start.

    Notes
    -----
    Unit weights minimise ``‖ω₀ + Y_pre'ω − ȳ_pre‖²/T₀ + ζ²‖ω‖²`` on the simplex, ``ζ = (N₁T₁)^¼ σ`` with σ the standard
    deviation of the donors' first differences before the start; time weights the same over periods, with 10⁻⁶σ. The
    effect is ``(−ω, 1/N₁)' Y (−λ, 1/T₁)``. The error is the spread of effects at placebo units: treated units are
    taken to vary as donors do. t with J−1 degrees of freedom (at J = 19 a normal rejects 6.5 % of true nulls).

    References
    ----------
    Arkhangelsky, Athey, Hirshberg, Imbens, Wager (2021), https://doi.org/10.1257/aer.20190159.
    """
    panel, rows, begin = _panel(outcomes, treated, start)
    donors = np.setdiff1d(np.arange(len(panel)), rows)
    if begin < 2 or len(donors) <= len(rows):
        raise NotEstimable(
            Said("synthetic.periods_and_donors", periods=begin, donors=len(donors), treated=len(rows)),
            Said("synthetic.two_periods_and_more_donors"),
        )
    noise = float(np.std(np.diff(panel[donors, :begin], axis=1), ddof=1))
    if noise <= 1e-12 * np.max(np.abs(panel)):
        raise NotEstimable(
            Said("synthetic.donors_do_not_change_before_start"), Said("synthetic.donors_some_variation_over_time")
        )
    zeta = float((len(rows) * (panel.shape[1] - begin)) ** 0.25 * noise)
    problem = _Problem(panel, begin, zeta, 1e-6 * noise, None if solver == "exact" else 1e-5 * noise)
    equal = np.full(len(donors), 1 / len(donors)), np.full(begin, 1 / begin)
    omega, lam, effect = _weighted(problem, donors, rows, equal)
    groups = list(donors[:, None])
    if len(rows) > 1:
        if rng is None or draws < 2:
            raise NotEstimable(
                Said("synthetic.placebo_groups_drawn_no_generator"), Said("synthetic.rng_two_draws_more")
            )
        groups = [rng.choice(donors, size=len(rows), replace=False) for _ in range(draws)]
    placebos = _placebos(problem, donors, groups, omega, lam)
    rule = Said("rule.placebo_donors" if len(rows) == 1 else "rule.placebo_draws", n=len(placebos))
    error = wald(effect, float(placebos.std()), rule=rule, n_obs=panel.size, df=float(len(donors) - 1))
    return SyntheticDid(error, omega, lam, donors, _contrast(problem, donors, rows, *equal), placebos)


@dataclass(frozen=True, eq=False)
class _Problem:
    """A panel, its start, the penalties of unit and time weights, and where Frank–Wolfe stops (None: solve exactly)."""

    panel: Floats
    start: int
    zeta: float
    time_zeta: float
    tolerance: float | None


def _weighted(problem: _Problem, donors: Ints, rows: Ints, first: _Pair) -> tuple[Floats, Floats, float]:
    """Return unit weights, time weights and effect; ``first`` are weights to start from."""
    before, after = problem.panel[:, : problem.start], problem.panel[:, problem.start :]
    omega = _centred_weights(before[donors].T, before[rows].mean(axis=0), problem.zeta, first[0], problem.tolerance)
    lam = _centred_weights(before[donors], after[donors].mean(axis=1), problem.time_zeta, first[1], problem.tolerance)
    return omega, lam, _contrast(problem, donors, rows, omega, lam)


def _contrast(problem: _Problem, donors: Ints, rows: Ints, omega: Floats, lam: Floats) -> float:
    """Return treated minus weighted donors, after minus weighted before."""
    difference = problem.panel[rows].mean(axis=0) - omega @ problem.panel[donors]
    return float(difference[problem.start :].mean() - lam @ difference[: problem.start])


def _placebos(problem: _Problem, donors: Ints, groups: list[Ints], omega: Floats, lam: Floats) -> Floats:
    """Return the effects when each group of donors is called treated and the others are its donors."""
    effects = []
    for group in groups:
        kept = ~np.isin(donors, group)
        rest = omega[kept] + (0.0 if omega[kept].any() else 1.0)
        effects.append(_weighted(problem, donors[kept], group, (rest / rest.sum(), lam))[2])
    return np.asarray(effects, dtype=np.float64)


def _centred_weights(columns: Floats, target: Floats, zeta: float, first: Floats, tolerance: float | None) -> Floats:
    """Return simplex weights with a free intercept, penalty ``ζ²`` on the mean squared error."""
    centred, goal = columns - columns.mean(axis=0), target - target.mean()
    if tolerance is None:
        return simplex_weights(goal, centred, ridge=len(goal) * zeta**2).weights
    rough = _frank_wolfe(centred, goal, zeta, first, tolerance, most=100)
    sparse = np.where(rough <= rough.max() / 4, 0.0, rough)
    return _frank_wolfe(centred, goal, zeta, sparse / sparse.sum(), tolerance, most=10_000)


def _frank_wolfe(columns: Floats, goal: Floats, zeta: float, x: Floats, tolerance: float, *, most: int) -> Floats:
    """Step to the best vertex with exact line search until the loss falls by less than ``tolerance²``."""
    n, last = len(goal), np.inf
    penalty = n * zeta**2
    error = columns @ x - goal
    for _ in range(most):
        slope = error @ columns + penalty * x
        best = int(np.argmin(slope))
        step = np.eye(len(x))[best] - x
        move = columns[:, best] - goal - error
        length = float(move @ move + penalty * (step @ step))
        x = x + min(max(-float(slope @ step) / length, 0.0), 1.0) * step if length > 0 else x
        error = columns @ x - goal
        loss = float(zeta**2 * (x @ x) + error @ error / n)
        if last - loss <= tolerance**2:
            break
        last = loss
    return x


def single_panel(outcomes: ArrayLike, treated: int, start: int) -> tuple[Floats, int, int]:
    """Return the panel of one treated unit, its row and its start, or say what does not hold."""
    panel, (row, *more), begin = _panel(outcomes, treated, start)
    if more:
        raise NotEstimable(
            Said("synthetic.units_treated", n=1 + len(more)), Said("synthetic.one_call_per_treated_unit")
        )
    return panel, int(row), begin


def _panel(outcomes: ArrayLike, treated: Rows, start: Rows) -> tuple[Floats, Ints, int]:
    """Return the panel, the rows of the treated units and their one start, or say what does not hold."""
    panel, rows = np.asarray(outcomes, dtype=np.float64), np.atleast_1d(np.asarray(treated, dtype=np.int64))
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
