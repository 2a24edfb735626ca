"""Linear and logit regressions of a sample design, with errors by Taylor linearisation.

A coefficient is a function of weighted totals, so its error is that of a total of its linearised variable
(:func:`impact.statistics.surveys.estimation.design_estimate`). A logit effect can be reported in outcome units by
:func:`marginal_effect`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from scipy.linalg import solve_triangular
from scipy.optimize import linprog
from scipy.special import expit

from impact.errors import NotEstimable
from impact.statistics.core import Estimate, Floats, floats
from impact.statistics.surveys.calibration import Calibrated
from impact.statistics.surveys.design import Bools, SampleDesign
from impact.statistics.surveys.estimation import design_estimate, domain_rows, estimation_weights, values_inside
from impact.words.said import Said

Model = Literal["linear", "logit"]
COLLINEAR = 1e-9
STEPS, HALVINGS = 60, 20
CONVERGED = 1e-9
"""Size of the last Newton step, as a share of the linear predictor; its error is the square of that."""
SUSPICIOUS = 12.0
"""A linear predictor beyond this (a probability of 6e-6) makes a check for separation worthwhile."""


def survey_regression(
    outcome: Floats,
    matrix: Floats,
    names: Sequence[str],
    name: str,
    design: SampleDesign,
    *,
    model: Model = "linear",
    domain: Bools | None = None,
    calibration: Calibrated | None = None,
) -> Estimate:
    """Return one coefficient of a regression of the population.

    Parameters
    ----------
    outcome
        Shape (n,); 0 or 1 for ``logit``. Rows without a value must be outside the domain.
    matrix
        Shape (n, k), with a constant if one is wanted.
    names
        The k names of the columns, all different.
    name
        The column whose coefficient is returned: outcome per unit of it, or log odds for ``logit``.
    design
        How the whole sample was drawn; a domain leaves no row out of it.
    model
        ``linear``, or ``logit`` for log odds.
    domain
        Shape (n,), the rows to fit; None for all.
    calibration
        Of the whole sample, from the design's weights.

    Returns
    -------
    Estimate
        t with the design's degrees of freedom + 1 − k (as R's ``svyglm``).

    Raises
    ------
    NotEstimable
        If columns are collinear (named), a value is missing, weights are not positive, a logit outcome is not 0/1,
        does not vary or is separated by the columns, or too few sampling units are left for the columns.

    Notes
    -----
    The coefficients solve ``Σ w·x·(y − μ(xᵀβ)) = 0``; the linearised variable is ``A⁻¹·x·(y − μ)`` with
    ``A = Σ w·μ'·x·xᵀ``. Reference: Binder (1983), https://doi.org/10.2307/1402588.

    Examples
    --------
    >>> matrix = np.column_stack([np.ones(4), np.arange(4.0)])
    >>> design = SampleDesign(np.full(4, 10.0))
    >>> round(survey_regression([1.0, 3.1, 4.9, 7.0], matrix, ["constant", "slope"], "slope", design).estimate, 2)
    1.98
    """
    x, rows, column = _prepare(matrix, names, name, design, domain)
    weights = _positive(design, calibration)
    y = values_inside(outcome, rows)
    coefficients, linearised = _fit(y, x, names, rows, weights=weights, model=model)
    value = float(coefficients[column])
    of_value = linearised[:, column]
    n_columns = x.shape[1]
    return design_estimate(value, of_value, design, rows=rows, calibration=calibration, lost=n_columns - 1)


def marginal_effect(
    outcome: Floats,
    matrix: Floats,
    names: Sequence[str],
    name: str,
    design: SampleDesign,
    *,
    domain: Bools | None = None,
    calibration: Calibrated | None = None,
) -> Estimate:
    """Return the average marginal effect of a column on the share of outcome 1, from a logit.

    Parameters
    ----------
    outcome, matrix, names, name, design, domain, calibration
        As in :func:`survey_regression`. The matrix must hold no other column made from this one (an interaction or
        a power): only this column is moved.

    Returns
    -------
    Estimate
        As a difference in shares (0.05 is five percentage points): of 1 against 0 for a 0/1 column, per unit of the
        column otherwise.

    Raises
    ------
    NotEstimable
        As :func:`survey_regression`; also if the column is constant.

    Notes
    -----
    ``Σ w·m / Σ w`` with ``m = μ(x₁ᵀβ) − μ(x₀ᵀβ)`` or ``m = μ'(xᵀβ)·β_j``. Delta method by linearisation:
    ``z = (m − AME)/Σw + Jᵀ·z_β`` with ``J`` the gradient of the effect; covariates count as sampled, so this is the
    error for the population, not for the sample's covariates (Stata's ``vce(unconditional)``). Reference: Graubard
    and Korn (1999), Predictive margins with survey data, https://doi.org/10.1111/j.0006-341X.1999.00652.x.

    Examples
    --------
    >>> matrix = np.column_stack([np.ones(8), np.repeat([0.0, 1.0], 4)])
    >>> design = SampleDesign(np.ones(8))
    >>> outcome = np.array([0.0, 0.0, 0.0, 1.0, 0.0, 1.0, 1.0, 1.0])
    >>> round(marginal_effect(outcome, matrix, ["constant", "treated"], "treated", design).estimate, 4)
    0.5
    """
    x, rows, column = _prepare(matrix, names, name, design, domain)
    values = x[rows, column]
    if np.ptp(values) == 0:
        raise NotEstimable(Said("surveys.column_does_not_vary", name=repr(name)), Said("surveys.rows_different_values"))
    weights = _positive(design, calibration)
    y = values_inside(outcome, rows)
    coefficients, of_coefficients = _fit(y, x, names, rows, weights=weights, model="logit")
    inside = np.where(rows, weights, 0.0)
    total = inside.sum()
    zero_one = np.isin(values, (0.0, 1.0))
    binary = bool(zero_one.all())
    effects, gradients = _effects(x, coefficients, column, binary=binary)
    weighted_sum = float(inside @ effects)
    value = weighted_sum / float(total)
    # The mean of the effects, and through the coefficients their gradient
    jacobian = inside @ gradients / total
    deviations = np.where(rows, effects - value, 0.0)
    direct = deviations / total
    through = of_coefficients @ jacobian
    linearised = direct + through
    n_columns = x.shape[1]
    lost = n_columns - 1
    return design_estimate(value, linearised, design, rows=rows, calibration=calibration, lost=lost)


def _effects(x: Floats, coefficients: Floats, column: int, *, binary: bool) -> tuple[Floats, Floats]:
    """Return each row's effect (n,) and its gradient in the coefficients (n, k)."""
    if binary:
        share1, gradient1 = _at(x, coefficients, column, 1.0)
        share0, gradient0 = _at(x, coefficients, column, 0.0)
        return share1 - share0, gradient1 - gradient0
    # p' = p (1 − p) b_j, and its derivative in b
    share = expit(x @ coefficients)
    slope = share * (1 - share)
    skew = 1 - 2 * share
    curvature = slope * skew * coefficients[column]
    gradients = curvature[:, None] * x
    gradients[:, column] += slope
    return slope * coefficients[column], gradients


def _at(x: Floats, coefficients: Floats, column: int, value: float) -> tuple[Floats, Floats]:
    """Return shares with a column set to a value, and their gradient in the coefficients."""
    moved = x.copy()
    moved[:, column] = value
    share = expit(moved @ coefficients)
    slope = share * (1 - share)
    gradient = slope[:, None] * moved
    return share, gradient


def _prepare(
    matrix: Floats, names: Sequence[str], name: str, design: SampleDesign, domain: Bools | None
) -> tuple[Floats, Bools, int]:
    """Return the columns with zeros outside the domain, its rows, and which column is asked for."""
    rows = domain_rows(domain, design)
    x = floats(matrix)
    n, k = len(rows), len(names)
    repeated = len(set(names)) < k
    if x.shape != (n, k) or name not in names or repeated:
        raise NotEstimable(Said("surveys.names_and_design_do_not_fit"), Said("surveys.one_distinct_name_each_column"))
    columns = [values_inside(column, rows) for column in x.T]
    inside = np.column_stack(columns)
    position = list(names).index(name)
    return inside, rows, position


def _positive(design: SampleDesign, calibration: Calibrated | None) -> Floats:
    """Return the weights of the estimation, refusing those that calibration took to zero or below."""
    weights = estimation_weights(design, calibration)
    if (weights <= 0).any():
        raise NotEstimable(
            Said("surveys.calibration_gave_weights_zero_below"), Said("surveys.raking_logit_calibration")
        )
    return weights


def _fit(
    y: Floats, x: Floats, names: Sequence[str], rows: Bools, *, weights: Floats, model: Model
) -> tuple[Floats, Floats]:
    """Return coefficients (k,) and their linearised variables (n, k), zero outside the domain."""
    inside = np.where(rows, weights, 0.0)
    root = np.sqrt(inside)
    weighted = x * root[:, None]
    size = _check_rank(weighted, names)
    if model == "linear":
        scaled = weighted / size
        coefficients = np.linalg.lstsq(scaled, y * root, rcond=None)[0] / size
        residuals, slope = y - x @ coefficients, inside
    else:
        coefficients = _logit(y, x, rows, inside)
        share = expit(x @ coefficients)
        residuals, slope = y - share, inside * share * (1 - share)
    # z = A⁻¹ x (y − μ) with A = Σ w μ' x x' (Binder)
    remainders = np.where(rows, residuals, 0.0)
    scores = remainders[:, None] * x
    linearised = _solve(x, slope, scores.T).T
    return floats(coefficients), linearised


def _logit(y: Floats, x: Floats, rows: Bools, weights: Floats) -> Floats:
    """Maximise the weighted likelihood, checking for separation once the linear predictor grows large."""
    if not np.isin(y[rows], (0.0, 1.0)).all():
        raise NotEstimable(Said("surveys.outcome_logit_not_0_1"), Said("surveys.yes_no_outcome_coded_0_1"))
    if np.ptp(y[rows]) == 0:
        raise NotEstimable(Said("checks.outcome_same_all_rows"), Said("surveys.rows_outcome_0_outcome_1"))
    coefficients, unchecked = np.zeros(x.shape[1]), True
    for _ in range(STEPS):
        share = expit(x @ coefficients)
        variance = weights * share * (1 - share)
        residuals = weights * (y - share)
        score = x.T @ residuals
        step = _solve(x, variance, score)
        moved = coefficients + step
        sizes, changes = np.abs(x @ moved), np.abs(x @ step)
        largest, change = float(sizes.max()), float(changes.max())
        if change <= CONVERGED * max(1.0, largest):
            return moved
        coefficients = _climb(coefficients, step, x, y, weights)
        if unchecked and largest > SUSPICIOUS:
            _check_separation(y[rows], x[rows])
            unchecked = False
    raise NotEstimable(
        Said("surveys.logit_does_not_converge"), Said("surveys.fewer_covariates_covariates_similar_scale")
    )


def _climb(coefficients: Floats, step: Floats, x: Floats, y: Floats, weights: Floats) -> Floats:
    """Take a step, halved until the likelihood does not fall."""
    signed = (1 - 2 * y)[:, None] * x
    loss = float(weights @ np.logaddexp(0.0, signed @ coefficients))
    for _ in range(HALVINGS):
        proposed = signed @ (coefficients + step)
        losses = np.logaddexp(0.0, proposed)
        if float(weights @ losses) <= loss:
            break
        step = step / 2
    return coefficients + step


def _solve(x: Floats, weights: Floats, right: Floats) -> Floats:
    """Solve ``Σ w·x·xᵀ`` against right-hand sides, by QR of scaled columns."""
    weights_root = np.sqrt(weights)
    root = x * weights_root[:, None]
    size = np.linalg.norm(root, axis=0)
    triangle = np.linalg.qr(root / size, mode="r")
    scale = size if right.ndim == 1 else size[:, None]
    scaled = right / scale
    half = solve_triangular(triangle, scaled, trans="T")
    solved = solve_triangular(triangle, half)
    return floats(solved / scale)


def _check_rank(x: Floats, names: Sequence[str]) -> Floats:
    """Return the length of each column, all positive; refuse collinear ones by name."""
    size = np.linalg.norm(x, axis=0)
    n, k = x.shape
    if n < k:
        raise NotEstimable(Said("surveys.more_columns_rows"), Said("surveys.fewer_columns"))
    divisor = np.where(size > 0, size, 1.0)
    unit = x / divisor
    triangle = np.linalg.qr(unit, mode="r")
    diagonal = np.abs(np.diag(triangle))
    collinear = [column for column, length in zip(names, diagonal, strict=True) if length < COLLINEAR]
    if collinear:
        reason = Said("surveys.columns_collinear", names=collinear)
        raise NotEstimable(reason, Said("surveys.without_them"))
    return floats(size)


def _check_separation(y: Floats, x: Floats) -> None:
    """Refuse if some direction of the columns never points against the outcome (Konis 2007, by linear programming)."""
    signs = (2 * y - 1)[:, None]
    largest = np.abs(x).max(axis=0)
    signed = signs * x / largest
    sums = signed.sum(axis=0)
    zeros = np.zeros(len(y))
    best = linprog(-sums, A_ub=-signed, b_ub=zeros, bounds=(-1, 1), method="highs")
    solved = best.status == 0
    if solved and float(sums @ best.x) > 1e-6:
        raise NotEstimable(Said("surveys.columns_separate_outcomes"), Said("surveys.without_such_column"))
