"""How strong confounding would have to be: Oster's δ and β, E-values, robustness values.

A room for pure numbers: arrays or published numbers in, frozen results out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from impact.errors import NotEstimable
from impact.statistics.core import CONFIDENCE, Floats, floats, t_quantile
from impact.words.said import Said

R2_FACTOR = 1.3
RISK_PER_D = 0.91
RISK_PER_D_ERROR = 1.78


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
class EValue:
    """Least risk ratio of a confounder with treatment and with outcome that explains an association away.

    Parameters
    ----------
    point
        Of the estimate: strength of a confounder that would explain it away, as a risk ratio.
    limit
        For the limit of the interval nearer to 1; 1 if the interval holds 1, None without an interval.
    """

    point: float
    limit: float | None


@dataclass(frozen=True)
class Robustness:
    """What confounders must explain to change a regression's conclusion.

    Parameters
    ----------
    partial_r2
        Share of the outcome's residual variance that the treatment explains.
    robustness_value
        Partial R² with treatment and with outcome that reduces the estimate by ``q``.
    robustness_value_significance
        The same until the 95 % interval holds the reduced estimate; 0 if it does already.
    q
        Share of the estimate to be explained away; 1 for all.
    """

    partial_r2: float
    robustness_value: float
    robustness_value_significance: float
    q: float


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
    """
    moments = _moments(*_complete(outcome, treatment, controls))
    most = min(1.0, R2_FACTOR * moments.r2_long) if r2_max is None else float(r2_max)
    if not moments.r2_long < most <= 1:
        raise NotEstimable(
            Said("observational.r_max_out_of_range", most=most, r2_long=moments.r2_long),
            Said("observational.larger_r_max_1"),
        )
    scale = math.sqrt(moments.var_y / moments.var_x)
    if moments.r2_long - moments.r2_short < 1e-12 or abs(moments.short - moments.long) < 1e-12 * scale:
        raise NotEstimable(
            Said("observational.controls_change_nothing"),
            Said("observational.controls_matter_outcome"),
        )
    with_delta, without = _polynomials(moments, most)
    solutions = _solutions(moments, assumed_delta * with_delta - without)
    return Oster(
        delta=_delta(moments, with_delta, without, target),
        beta=_meant(solutions, moments, assumed_delta),
        solutions=solutions,
        uncontrolled=moments.short,
        controlled=moments.long,
        r2_uncontrolled=moments.r2_short,
        r2_controlled=moments.r2_long,
        r2_max=most,
        target=float(target),
        assumed_delta=float(assumed_delta),
    )


def _complete(outcome: ArrayLike, treatment: ArrayLike, controls: ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Return outcome (n,), treatment (n,) and controls (n, k), refusing rows with gaps and too few of them."""
    y = floats(outcome)
    x = floats(treatment)
    w = floats(controls)
    w = w[:, None] if w.ndim == 1 else w
    if y.ndim != 1 or y.shape != x.shape or w.ndim != 2 or len(w) != len(y):
        raise NotEstimable(
            Said("observational.outcome_treatment_controls_differ_length"), Said("observational.one_row_each_per_unit")
        )
    if not all(np.isfinite(values).all() for values in (y, x, w)):
        raise NotEstimable(Said("observational.some_values_missing_infinite"), Said("checks.complete_rows"))
    if w.shape[1] == 0 or len(y) <= w.shape[1] + 2:
        raise NotEstimable(
            Said("observational.rows_controls_leave_nothing_compare", n=len(y), k=w.shape[1]),
            Said("observational.control_more_rows"),
        )
    return y, x, w


def _moments(y: Floats, x: Floats, w: Floats) -> _Moments:
    """Regress y on x without and with controls, by residuals."""
    y, x = y - y.mean(), x - x.mean()
    w = w - w.mean(axis=0)
    norms = np.linalg.norm(w, axis=0)
    if norms.min() == 0 or np.linalg.matrix_rank(w / norms, tol=1e-9) < w.shape[1]:
        raise NotEstimable(
            Said("observational.control_constant_determined_others"), Said("observational.controls_without_it")
        )
    # Residuals given the controls; sums of squares and products
    x_w, y_w = _residual(x, w), _residual(y, w)
    xx, yy = float(x @ x), float(y @ y)
    xx_w = float(x_w @ x_w)
    if xx_w <= 1e-18 * max(xx, 1e-300):
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
    return _Moments(short, long, r2_short, r2_long, yy / n, xx / n, xx_w / n)


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
    with_delta = [cubic, square, missing * taken_up, missing * gap * at.var_x]
    without = [cubic, 2 * square, linear, 0.0]
    return np.array(with_delta), np.array(without)


def _delta(at: _Moments, with_delta: Floats, without: Floats, target: float) -> float:
    """Return δ* at which the bias is the distance to the target: the ratio of the two polynomials."""
    bias = at.long - target
    denominator = float(np.polyval(with_delta, bias))
    exponents = np.arange(3, -1, -1)
    powers = np.abs(bias) ** exponents
    sizes = np.abs(with_delta)
    if abs(denominator) <= 1e-14 * float(sizes @ powers):
        raise NotEstimable(
            Said("observational.no_finite_selection_unobservables_gives_target"), Said("observational.another_target")
        )
    return float(np.polyval(without, bias)) / denominator


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
    direction = delta * (at.short - at.long)
    sign = np.sign(direction)
    consistent = [beta for beta in solutions if np.sign(at.long - beta) == sign]
    if not consistent:
        raise NotEstimable(
            Said("observational.no_effect_consistent_r_max", delta=delta), Said("observational.smaller_r_max")
        )
    return consistent[0]


def e_value(risk_ratio: float, *, conf_low: float | None = None, conf_high: float | None = None) -> EValue:
    """Return the E-value of a risk ratio, and of its interval's limit nearer to 1.

    Raises
    ------
    NotEstimable
        With numbers that are not positive, half an interval, or an interval that does not hold the estimate.

    Notes
    -----
    ``RR + sqrt(RR (RR − 1))``, with 1/RR below 1. An odds or hazard ratio may stand in only where the outcome is rare.

    References
    ----------
    VanderWeele, Ding (2017), https://doi.org/10.7326/M16-2607.
    """
    point = _explained(risk_ratio)
    if conf_low is None and conf_high is None:
        return EValue(point, None)
    if conf_low is None or conf_high is None or not 0 <= conf_low <= risk_ratio <= conf_high:
        raise NotEstimable(
            Said("observational.interval_does_not_hold_risk_ratio"), Said("observational.both_limits_around_estimate")
        )
    if conf_low <= 1 <= conf_high:
        return EValue(point, 1.0)
    return EValue(point, _explained(conf_low if conf_low > 1 else conf_high))


def _explained(ratio: float) -> float:
    """Return ``RR + √(RR (RR − 1))`` with RR turned so that it is above 1."""
    if not (math.isfinite(ratio) and ratio > 0):
        raise NotEstimable(Said("observational.not_risk_ratio", ratio=ratio), Said("observational.positive_number"))
    rr = max(ratio, 1 / ratio)
    excess = rr * (rr - 1)
    return rr + math.sqrt(excess)


def e_value_difference(standardised: float, std_error: float | None = None) -> EValue:
    """Return the E-value of a difference in means, in standard deviations of the outcome.

    Notes
    -----
    ``RR ≈ exp(0.91 d)``, interval ``exp(0.91 d ± 1.78 se)``: the outcome is taken to be normal, split near its middle.

    References
    ----------
    VanderWeele, Ding (2017), https://doi.org/10.7326/M16-2607; Chinn (2000).
    """
    if not math.isfinite(standardised) or (std_error is not None and not 0 < std_error < math.inf):
        raise NotEstimable(
            Said("observational.difference_error_not_number"), Said("observational.finite_difference_positive_error")
        )
    log_ratio = RISK_PER_D * standardised
    ratio = math.exp(log_ratio)
    if std_error is None:
        return e_value(ratio)
    half = RISK_PER_D_ERROR * std_error
    low, high = math.exp(log_ratio - half), math.exp(log_ratio + half)
    return e_value(ratio, conf_low=low, conf_high=high)


def robustness_value(statistic: float, df: float, *, q: float = 1.0) -> Robustness:
    """Return partial R² and robustness values of a coefficient from its t statistic.

    Parameters
    ----------
    statistic, df
        Classical t of the coefficient and the residual degrees of freedom of its regression.
    q
        Share of the estimate that confounding should explain away.

    Raises
    ------
    NotEstimable
        If the statistic is not finite, ``df`` not above 1, or ``q`` not positive.

    Notes
    -----
    ``f = q|t|/√df``, ``RV = ½(√(f⁴ + 4f²) − f²)``. For the interval f is reduced by ``t*/√(df − 1)``, with t* the
    quantile at df − 1; where that leaves ``f > √(df − 1)/t*`` the value is ``(f² − f*²)/(1 + f²)``. The theory is that
    of least squares with classical errors.

    References
    ----------
    Cinelli, Hazlett (2020), https://doi.org/10.1111/rssb.12348.
    """
    if not (math.isfinite(statistic) and 1 < df < math.inf and 0 < q < math.inf):
        raise NotEstimable(
            Said("observational.statistic_degrees_freedom_q_cannot_used"),
            Said("observational.finite_t_and_positive_q"),
        )
    # f: partial Cohen's f of the part q of the estimate; f*: the least that is still significant
    root = math.sqrt(df)
    f = q * abs(statistic) / root
    level = 0.5 + CONFIDENCE / 2
    least = t_quantile(level, df - 1) / math.sqrt(df - 1)
    if f > least and f > 1 / least:
        beyond = (f**2 - least**2) / (1 + f**2)
    else:
        beyond = _equal_strength(max(f - least, 0.0))
    squared = statistic**2
    return Robustness(squared / (squared + df), _equal_strength(f), beyond, float(q))


def _equal_strength(f: float) -> float:
    """Return the share ``(√(f⁴ + 4f²) − f²) / 2`` of both variances that a confounder must explain."""
    f2 = f**2
    root = math.sqrt(f**4 + 4 * f2)
    return (root - f2) / 2
