"""Selection on unobservables as large as on observables: Oster's δ* and bias-adjusted β*.

Measures of sensitivity that need no data stand in :mod:`impact.statistics.observational.sensitivity`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from impact.errors import NotEstimable
from impact.statistics.core import Floats, floats
from impact.words.said import Said

R2_FACTOR = 1.3


@dataclass(frozen=True)
class Oster:
    """Selection on unobservables relative to observables.

    Parameters
    ----------
    delta
        Relative selection at which the effect would be ``target``; far from zero is reassuring, 1 is the usual mark.
    beta
        Effect if selection on unobservables were ``assumed_delta`` times that on observables.
    solutions
        All real solutions of beta, nearest to the controlled coefficient first.
    uncontrolled, controlled
        Coefficient of the treatment without and with controls.
    r2_uncontrolled, r2_controlled, r2_max
        R² of both regressions, and of one that would also hold the unobservables.
    target, assumed_delta
        The effect that ``delta`` gives, and the δ that ``beta`` is adjusted for.
    """

    delta: float
    beta: float
    solutions: tuple[float, ...]
    uncontrolled: float
    controlled: float
    r2_uncontrolled: float
    r2_controlled: float
    r2_max: float
    target: float
    assumed_delta: float


@dataclass(frozen=True)
class _Moments:
    """Both coefficients and R², Var(y), Var(x), and Var(x) given the controls."""

    short: float
    long: float
    r2_short: float
    r2_long: float
    var_y: float
    var_x: float
    var_x_left: float


def oster(
    outcome: ArrayLike,
    treatment: ArrayLike,
    controls: ArrayLike,
    *,
    r2_max: float | None = None,
    target: float = 0.0,
    assumed_delta: float = 1.0,
) -> Oster:
    """Return Oster's δ* and bias-adjusted β*.

    Parameters
    ----------
    outcome, treatment, controls
        Shapes (n,), (n,), (n, q); complete.
    r2_max
        R² if unobservables were controlled too; by default ``min(1, 1.3 R̃²)``.
    target
        Effect, in the outcome's unit, for which δ* is sought.
    assumed_delta
        Selection on unobservables, in units of that on observables, that β* assumes.

    Raises
    ------
    NotEstimable
        With missing values, collinear controls, a treatment that does not vary or that they determine, ``r2_max`` not
        above the controlled R², controls that explain nothing, or no real solution.

    Notes
    -----
    With b = β° − β̃ (uncontrolled minus controlled), r = (R̃ − R°)σ_y², m = (R_max − R̃)σ_y², σ = Var(x), τ = Var(x given
    controls) and ν = β̃ − β, both answers solve ``δ[m b σ + ν m (σ − τ) + ν² τ b σ + ν³(τσ − τ²)] = ν r τ + ν σ τ b² +
    2ν² τ b σ + ν³(τσ − τ²)``. Of several β* that one is taken whose bias ν has the sign of δ b (assumption 3 of the
    paper: the bias does not turn the observed selection around), and of these the nearest. Assumes one index of
    unobservables, not correlated with the controls.

    References
    ----------
    Oster (2019), https://doi.org/10.1080/07350015.2016.1227711, propositions 2 and 3.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> w = rng.normal(size=(200, 1))
    >>> x = w[:, 0] + rng.normal(size=200)
    >>> result = oster(x + w[:, 0] + rng.normal(size=200), x, w)
    >>> result.controlled < result.uncontrolled, result.beta < result.controlled
    (True, True)
    """
    y, x, w = _complete(outcome, treatment, controls)
    at = _moments(y, x, w)
    short, long, r2_short, r2_long = at.short, at.long, at.r2_short, at.r2_long
    most = float(min(1.0, R2_FACTOR * r2_long) if r2_max is None else r2_max)
    if not r2_long < most <= 1:
        reason = Said("observational.r_max_out_of_range", most=most, r2_long=r2_long)
        raise NotEstimable(reason, Said("observational.larger_r_max_1"))
    scale = math.sqrt(at.var_y / at.var_x)
    unmoved = abs(short - long) < 1e-12 * scale
    if r2_long - r2_short < 1e-12 or unmoved:
        raise NotEstimable(
            Said("observational.controls_change_nothing"),
            Said("observational.controls_matter_outcome"),
        )
    # Proposition 3 gives δ* for a target; proposition 2 all β for an assumed δ, of which assumption 3 picks β*
    with_delta, without = _polynomials(at, most)
    delta = _delta(at, with_delta, without, target)
    polynomial = assumed_delta * with_delta - without
    solutions = _solutions(at, polynomial)
    beta = _meant(solutions, at, assumed_delta)
    wanted, assumed = float(target), float(assumed_delta)
    return Oster(delta, beta, solutions, short, long, r2_short, r2_long, most, wanted, assumed)


def _complete(outcome: ArrayLike, treatment: ArrayLike, controls: ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Return outcome (n,), treatment (n,) and controls (n, k), refusing rows with gaps and too few of them."""
    y = floats(outcome)
    x = floats(treatment)
    w = floats(controls)
    w = w[:, None] if w.ndim == 1 else w
    n = y.size
    if y.ndim != 1 or y.shape != x.shape or w.ndim != 2 or len(w) != n:
        raise NotEstimable(
            Said("observational.outcome_treatment_controls_differ_length"), Said("observational.one_row_each_per_unit")
        )
    finite = [np.isfinite(values).all() for values in (y, x, w)]
    if not all(finite):
        raise NotEstimable(Said("observational.some_values_missing_infinite"), Said("checks.complete_rows"))
    k = w.shape[1]
    if k == 0 or n <= k + 2:
        reason = Said("observational.rows_controls_leave_nothing_compare", n=n, k=k)
        raise NotEstimable(reason, Said("observational.control_more_rows"))
    return y, x, w


def _moments(y: Floats, x: Floats, w: Floats) -> _Moments:
    """Regress y on x without and with controls, by residuals."""
    y, x = y - y.mean(), x - x.mean()
    w = w - w.mean(axis=0)
    k = w.shape[1]
    norms = np.linalg.norm(w, axis=0)
    if norms.min() == 0 or np.linalg.matrix_rank(w / norms, tol=1e-9) < k:
        raise NotEstimable(
            Said("observational.control_constant_determined_others"), Said("observational.controls_without_it")
        )
    # Residuals given the controls; sums of squares and products
    x_w, y_w = _residual(x, w), _residual(y, w)
    xx, yy = float(x @ x), float(y @ y)
    xx_w = float(x_w @ x_w)
    rounding = 1e-18 * max(xx, 1e-300)
    if xx_w <= rounding:
        raise NotEstimable(
            Said("observational.controls_determine_treatment"),
            Said("observational.controls_that_leave_treatment_open"),
        )
    if yy <= 0:
        raise NotEstimable(Said("statistics.outcome_does_not_vary"), Said("checks.outcome_varies"))
    short = float(x @ y / xx)
    long = float(x_w @ y_w / xx_w)
    n = len(y) - 1
    errors = y_w - long * x_w
    r2_short = short**2 * xx / yy
    squares = float(errors @ errors)
    r2_long = 1 - squares / yy
    var_y, var_x, var_x_left = yy / n, xx / n, xx_w / n
    return _Moments(short, long, r2_short, r2_long, var_y, var_x, var_x_left)


def _residual(values: Floats, w: Floats) -> Floats:
    """Return what a least squares fit on the controls leaves of a column."""
    slopes = np.linalg.lstsq(w, values, rcond=None)[0]
    fitted = w @ slopes
    return floats(values - fitted)


def _polynomials(at: _Moments, most: float) -> tuple[Floats, Floats]:
    """Return the coefficients in ν, highest first, of the terms with and without δ."""
    gap = at.short - at.long
    taken_up = at.var_x - at.var_x_left
    explained = at.r2_long - at.r2_short
    gained = explained * at.var_y
    unexplained = most - at.r2_long
    missing = unexplained * at.var_y
    cubic = at.var_x_left * taken_up
    square = at.var_x_left * gap * at.var_x
    linear = gained * at.var_x_left + at.var_x * at.var_x_left * gap**2
    of_missing, of_gap = missing * taken_up, missing * gap * at.var_x
    with_delta = np.array([cubic, square, of_missing, of_gap])
    without = np.array([cubic, 2 * square, linear, 0.0])
    return with_delta, without


def _delta(at: _Moments, with_delta: Floats, without: Floats, target: float) -> float:
    """Return δ* at which the bias is the distance to the target: the ratio of the two polynomials."""
    bias = at.long - target
    denominator = float(np.polyval(with_delta, bias))
    exponents = np.arange(3, -1, -1)
    powers = np.abs(bias) ** exponents
    sizes = np.abs(with_delta)
    magnitude = float(sizes @ powers)
    if abs(denominator) <= 1e-14 * magnitude:
        raise NotEstimable(
            Said("observational.no_finite_selection_unobservables_gives_target"), Said("observational.another_target")
        )
    numerator = float(np.polyval(without, bias))
    return numerator / denominator


def _solutions(at: _Moments, polynomial: Floats) -> tuple[float, ...]:
    """Return all real β, nearest to the controlled coefficient first."""
    # In units of √(V_y / V_x), so that rounding of the coefficients is told from small ones
    scale = math.sqrt(at.var_y / at.var_x)
    powers = np.arange(3, -1, -1)
    scaled = polynomial * scale**powers
    sizes = np.abs(scaled)
    least = 1e-13 * sizes.max()
    scaled = np.where(np.abs(scaled) > least, scaled, 0.0)
    roots = np.roots(scaled)
    size = np.maximum(np.abs(roots.real), 1e-9)
    imaginary = np.abs(roots.imag)
    real = imaginary <= 1e-9 * size
    biases = roots[real].real * scale
    return tuple(at.long - float(bias) for bias in sorted(biases, key=abs))


def _meant(solutions: tuple[float, ...], at: _Moments, delta: float) -> float:
    """Return the nearest β whose bias has the direction that δ and the observed selection give it."""
    moved = at.short - at.long
    sign = np.sign(delta * moved)
    consistent = [beta for beta in solutions if np.sign(at.long - beta) == sign]
    if not consistent:
        raise NotEstimable(
            Said("observational.no_effect_consistent_r_max", delta=delta), Said("observational.smaller_r_max")
        )
    return consistent[0]
