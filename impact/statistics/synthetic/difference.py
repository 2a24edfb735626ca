"""Synthetic difference-in-differences: weights of donors and of earlier periods, then differences twice.

Stands on :mod:`impact.statistics.synthetic.control` for the panel and on
:mod:`impact.statistics.synthetic.simplex` for the weights. The
Frank–Wolfe steps of the published software are there to reproduce its numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from impact.errors import NotEstimable
from impact.statistics.core import Estimate, Floats, Ints, floats, wald
from impact.statistics.synthetic.control import Rows, checked_panel
from impact.statistics.synthetic.simplex import simplex_weights
from impact.words.said import Said

Solver = Literal["exact", "frank_wolfe"]
Random = np.random.Generator | None
_Pair = tuple[Floats, Floats]


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


def synthetic_did(
    outcomes: ArrayLike, treated: Rows, start: Rows, *, solver: Solver = "exact", draws: int = 200, rng: Random = None
) -> SyntheticDid:
    """Weight donors and earlier periods so that trends match, then take differences twice.

    Parameters
    ----------
    outcomes
        Shape (units, T), complete: a row for each unit, periods in order.
    treated, start
        Rows of the treated units; first treated period, from 0, the same for all.
    solver
        ``exact``: the optimum the paper defines. ``frank_wolfe``: the stopping and sparsifying rules of the R package
        synthdid, whose unit weights end close to the optimum only (California: −15.6038 against −15.6054).
    draws
        Placebo draws; a single treated unit takes each donor once instead.
    rng
        Source of the placebo groups; needed with several treated units, not used with one.

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

    Examples
    --------
    >>> panel = np.array([[1.0, 2.0, 3.0, 6.0], [0.0, 1.0, 2.0, 3.5], [2.0, 3.5, 4.0, 4.5], [3.0, 3.0, 4.0, 5.0]])
    >>> result = synthetic_did(panel, 0, 3)
    >>> round(float(result.unit_weights.sum()), 6), result.effect.estimate > 0
    (1.0, True)
    """
    panel, rows, begin = checked_panel(outcomes, treated, start)
    donors = np.setdiff1d(np.arange(len(panel)), rows)
    n_treated, n_donors = len(rows), len(donors)
    if begin < 2 or n_donors <= n_treated:
        raise NotEstimable(
            Said("synthetic.periods_and_donors", periods=begin, donors=n_donors, treated=n_treated),
            Said("synthetic.two_periods_and_more_donors"),
        )
    changes = np.diff(panel[donors, :begin], axis=1)
    noise = float(np.std(changes, ddof=1))
    if noise <= 1e-12 * np.max(np.abs(panel)):
        raise NotEstimable(
            Said("synthetic.donors_do_not_change_before_start"), Said("synthetic.donors_some_variation_over_time")
        )
    # Equation 5: ζ = (N_tr T_post)^¼ σ̂, σ̂ the standard deviation of the donors' first differences
    n_post = panel.shape[1] - begin
    cells = n_treated * n_post
    zeta = float(cells**0.25 * noise)
    tolerance = None if solver == "exact" else 1e-5 * noise
    problem = _Problem(panel, begin, zeta, 1e-6 * noise, tolerance)
    equal = np.full(n_donors, 1 / n_donors), np.full(begin, 1 / begin)
    omega, lam, effect = _weighted(problem, donors, rows, equal)
    groups = list(donors[:, None])
    if n_treated > 1:
        if rng is None or draws < 2:
            raise NotEstimable(
                Said("synthetic.placebo_groups_drawn_no_generator"), Said("synthetic.rng_two_draws_more")
            )
        groups = [rng.choice(donors, size=n_treated, replace=False) for _ in range(draws)]
    # Placebo variance (algorithm 4): donors called treated, the estimator run again without the treated
    placebos = _placebos(problem, donors, groups, omega, lam)
    code = "rule.placebo_donors" if n_treated == 1 else "rule.placebo_draws"
    rule = Said(code, n=len(placebos))
    error = float(placebos.std())
    df = float(n_donors - 1)
    estimate = wald(effect, error, rule=rule, n_obs=panel.size, df=df)
    plain = _contrast(problem, donors, rows, *equal)
    return SyntheticDid(estimate, omega, lam, donors, plain, placebos)


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
    panel, start, tolerance = problem.panel, problem.start, problem.tolerance
    pre, post = panel[:, :start], panel[:, start:]
    pre_donors = pre[donors]
    omega0, lam0 = first
    # Unit weights ω̂: donors that move as the treated did before (with the penalty ζ)
    treated = pre[rows].mean(axis=0)
    omega = _centred_weights(pre_donors.T, treated, problem.zeta, omega0, tolerance)
    # Time weights λ̂: earlier periods that foretell the donors after
    later = post[donors].mean(axis=1)
    lam = _centred_weights(pre_donors, later, problem.time_zeta, lam0, tolerance)
    effect = _contrast(problem, donors, rows, omega, lam)
    return omega, lam, effect


def _contrast(problem: _Problem, donors: Ints, rows: Ints, omega: Floats, lam: Floats) -> float:
    """Return treated minus weighted donors, after minus weighted before."""
    panel, start = problem.panel, problem.start
    treated = panel[rows].mean(axis=0)
    synthetic = omega @ panel[donors]
    difference = treated - synthetic
    earlier, later = difference[:start], difference[start:]
    return float(later.mean() - lam @ earlier)


def _placebos(problem: _Problem, donors: Ints, groups: list[Ints], omega: Floats, lam: Floats) -> Floats:
    """Return the effects when each group of donors is called treated and the others are its donors."""
    effects = []
    for group in groups:
        pool = ~np.isin(donors, group)
        weights = omega[pool]
        weights = weights + (0.0 if weights.any() else 1.0)
        total = weights.sum()
        first = (weights / total, lam)
        _, _, effect = _weighted(problem, donors[pool], group, first)
        effects.append(effect)
    return floats(effects)


def _centred_weights(columns: Floats, target: Floats, zeta: float, first: Floats, tolerance: float | None) -> Floats:
    """Return simplex weights with a free intercept, penalty ``ζ²`` on the mean squared error."""
    centred = columns - columns.mean(axis=0)
    goal = target - target.mean()
    if tolerance is None:
        ridge = len(goal) * zeta**2
        return simplex_weights(goal, centred, ridge=ridge).weights
    # As the R package: a hundred steps, weights below a quarter of the largest to zero, then to the end
    rough = _frank_wolfe(centred, goal, zeta, first, tolerance, most=100)
    least = rough.max() / 4
    sparse = np.where(rough <= least, 0.0, rough)
    start = sparse / sparse.sum()
    return _frank_wolfe(centred, goal, zeta, start, tolerance, most=10_000)


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
        if length > 0:
            share = -float(slope @ step) / length
            bounded = min(max(share, 0.0), 1.0)
            x = x + bounded * step
        error = columns @ x - goal
        loss = float(zeta**2 * (x @ x) + error @ error / n)
        if last - loss <= tolerance**2:
            break
        last = loss
    return x
