"""Weights that reproduce known population totals, nearest to the design weights: calibration.

A :class:`Calibrated` carries what the variance needs as well: a calibrated estimator varies only by what the
calibration matrix leaves unexplained (:meth:`Calibrated.residuals`). Post-stratification and raking to margins stand in
:mod:`impact.statistics.surveys.margins`, estimates with these weights in
:mod:`impact.statistics.surveys.estimation` and :mod:`impact.statistics.surveys.regression`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.linalg import solve_triangular

from impact.errors import NotEstimable
from impact.statistics.core import Floats, floats
from impact.words.said import Said

Method = Literal["linear", "raking", "logit"]
Link = Callable[[Floats], tuple[Floats, Floats]]
MISFIT = 1e-12
"""How far totals may be missed, as a share of their size."""
VANISHING = 1e-8
"""A raked weight this small against its design weight stands for zero."""
STEPS = 100


@dataclass(frozen=True, eq=False)
class Calibrated:
    """Weights that reproduce population totals.

    Parameters
    ----------
    weights
        Shape (n,): the weights after calibration.
    design_weights
        Shape (n,): weights of the sample design, before calibration.
    matrix
        Shape (n, k), the calibration variables.
    totals
        Shape (k,), population totals of the calibration variables, which the weights reproduce.
    factors
        Shape (n,), ``weights / design_weights`` (the g-weights).
    iterations
        Newton steps, or cycles over the margins.
    flags
        ``negative_weights`` if linear calibration gave weights of zero or below.
    """

    weights: Floats
    design_weights: Floats
    matrix: Floats
    totals: Floats
    factors: Floats
    iterations: int
    flags: tuple[str, ...] = ()

    def residuals(self, values: Floats) -> Floats:
        """Return what the calibration matrix does not explain of values, shape (n,) or (n, k).

        Notes
        -----
        ``e = z − X·B`` with ``B = (Σ d·x·xᵀ)⁻¹ Σ d·x·z`` and design weights d: the linearised variable of every
        calibration method (Deville and Särndal 1992, https://doi.org/10.1080/01621459.1992.10475217).
        """
        root = np.sqrt(self.design_weights)
        rows = root if values.ndim == 1 else root[:, None]
        weighted = self.matrix * root[:, None]
        length = np.linalg.norm(weighted, axis=0)
        scaled = self.matrix / length
        columns, targets = scaled * root[:, None], values * rows
        coefficients = np.linalg.lstsq(columns, targets, rcond=None)[0]
        fitted = scaled @ coefficients
        return floats(values - fitted)


def calibrate(
    weights: Floats,
    matrix: Floats,
    totals: Floats,
    *,
    method: Method = "linear",
    bounds: tuple[float, float] | None = None,
    tolerance: float = MISFIT,
) -> Calibrated:
    """Return the weights nearest to the design weights that reproduce the totals of the matrix.

    Parameters
    ----------
    weights
        Shape (n,): positive design weights, units of the population for each row.
    matrix
        Shape (n, k), full column rank; include a column of ones (or all dummies of a variable) to fix the size of
        the population.
    totals
        Shape (k,): what each column of the matrix adds up to over the population.
    method
        ``linear`` (may give negative weights, which are flagged), ``raking`` (positive) or ``logit`` (factors stay
        within bounds).
    bounds
        Of the factors, for ``logit``: ``lower < 1 < upper``.
    tolerance
        How far totals may be missed, as a share of their size. R's ``calibrate`` stops at 1e-7.

    Raises
    ------
    NotEstimable
        If inputs are not numbers, weights not positive, columns collinear, or no weights of this kind reproduce the
        totals.

    Notes
    -----
    ``w = d·F(xᵀλ)`` with λ such that ``Σ w·x = totals``; F is ``1 + u``, ``exp(u)`` or the logit function between the
    bounds. Solved by Newton steps, halved while they do not reduce the misfit. Reference: Deville and Särndal
    (1992), Calibration estimators in survey sampling, https://doi.org/10.1080/01621459.1992.10475217.

    Examples
    --------
    >>> matrix = np.array([[1.0, 0.0], [1.0, 0.0], [1.0, 1.0], [1.0, 1.0]])
    >>> calibrate(np.full(4, 10.0), matrix, np.array([40.0, 30.0])).weights.round(6).tolist()
    [5.0, 5.0, 15.0, 15.0]
    """
    weights = floats(weights)
    matrix = floats(matrix)
    totals = floats(totals)
    check_weights(weights)
    _check_matrix(weights, matrix, totals)
    link = _link(method, bounds)
    factors, steps = _newton(weights, matrix, totals, link, tolerance)
    if method == "raking" and factors.min() < VANISHING:
        raise infeasible(Said("surveys.raking_takes_weights_to_zero"))
    negative = (factors <= 0).any()
    flags = ("negative_weights",) if negative else ()
    calibrated = weights * factors
    return Calibrated(calibrated, weights, matrix, totals, factors, steps, flags)


def _newton(weights: Floats, matrix: Floats, totals: Floats, link: Link, tolerance: float) -> tuple[Floats, int]:
    """Return factors g(x'λ) with which the totals are met, and the steps it took; columns and totals are scaled."""
    sums = weights @ np.abs(matrix)
    sizes = np.abs(totals)
    size = np.maximum(sums, sizes)
    scaled, aims = matrix / size, totals / size
    solution = np.zeros(matrix.shape[1])
    factors, slope = link(scaled @ solution)
    products = weights * factors
    gap = aims - products @ scaled
    # Newton on the calibration equations Σ d F(x'λ) x = t
    for step in range(1, STEPS + 1):
        weighted_slope = weights * slope
        direction = _direction(scaled, weighted_slope, gap)
        start = (solution, direction, gap)
        solution, factors, slope, gap = _shorten(weights, scaled, aims, link, start)
        if np.abs(gap).max() <= tolerance:
            return factors, step
    raise infeasible(Said("surveys.no_weights_reproduce_totals"))


def _direction(matrix: Floats, weights: Floats, gap: Floats) -> Floats:
    """Return ``(X'WX)⁻¹ gap`` from a QR decomposition of ``W^½X``."""
    root = np.sqrt(weights)
    weighted = matrix * root[:, None]
    triangle = np.linalg.qr(weighted, mode="r")
    diagonal = np.abs(np.diag(triangle))
    finite = np.isfinite(triangle).all()
    singular = diagonal.min() <= 1e-13 * diagonal.max()
    if not finite or singular:
        raise infeasible(Said("surveys.no_weights_reproduce_totals"))
    half = solve_triangular(triangle, gap, trans="T")
    return floats(solve_triangular(triangle, half))


def _shorten(
    weights: Floats, matrix: Floats, aims: Floats, link: Link, at: tuple[Floats, Floats, Floats]
) -> tuple[Floats, Floats, Floats, Floats]:
    """Take a step, halved until the gap to the totals shrinks."""
    solution, direction, gap = at
    length = np.linalg.norm(gap)
    for halving in range(40):
        proposed = solution + direction / 2**halving
        factors, slope = link(matrix @ proposed)
        products = weights * factors
        missed = aims - products @ matrix
        nearer = np.linalg.norm(missed) < length
        met = np.abs(missed).max() <= MISFIT
        if np.isfinite(missed).all() and (nearer or met):
            return proposed, factors, slope, missed
    raise infeasible(Said("surveys.no_weights_reproduce_totals"))


def _link(method: Method, bounds: tuple[float, float] | None) -> Link:
    """Return the function of the linear predictor that gives factors and their slope."""
    needs_bounds = method == "logit"
    if needs_bounds != (bounds is not None):
        raise NotEstimable(
            Said("surveys.bounds_go_logit_calibration_only"), Said("surveys.method_logit_bounds_neither")
        )
    if bounds is None:
        return _linear if method == "linear" else _exponential
    lower, upper = bounds
    if not 0 <= lower < 1 < upper < np.inf:
        raise NotEstimable(
            Said("surveys.bounds_do_not_enclose_1", lower=lower, upper=upper), Said("surveys.0_lower_1_upper")
        )
    return lambda u: _logistic(u, lower, upper)


def _linear(u: Floats) -> tuple[Floats, Floats]:
    """Return factors ``1 + u`` and their slope."""
    return 1 + u, np.ones_like(u)


def _exponential(u: Floats) -> tuple[Floats, Floats]:
    """Return factors ``exp(u)``, which are their own slope."""
    factors = np.exp(np.minimum(u, 100.0))
    return factors, factors


def _logistic(u: Floats, lower: float, upper: float) -> tuple[Floats, Floats]:
    """Return factors between two bounds and their slope (Deville and Särndal's logit), 1 with slope 1 at zero."""
    width = upper - lower
    down, up = 1 - lower, upper - 1
    # F(u) = (L (U − 1) + U (1 − L) e^(Au)) / (U − 1 + (1 − L) e^(Au)), A = (U − L)/((1 − L)(U − 1))
    steep = width / (down * up)
    exponent = np.clip(steep * u, -700, 700)
    grown = down * np.exp(exponent)
    share = grown / (up + grown)
    slope = steep * width * share * (1 - share)
    return lower + width * share, slope


def check_weights(weights: Floats) -> None:
    """Refuse design weights that are missing, infinite or not positive."""
    positive = np.isfinite(weights) & (weights > 0)
    if weights.ndim != 1 or not len(weights) or not positive.all():
        raise NotEstimable(Said("surveys.weights_missing_zero_negative"), Said("panels.positive_weight_every_unit"))


def _check_matrix(weights: Floats, matrix: Floats, totals: Floats) -> None:
    """Refuse calibration variables that do not fit the sample, have gaps, or are collinear under the weights."""
    n, k = len(weights), len(totals)
    if matrix.ndim != 2 or matrix.shape != (n, k) or k == 0:
        raise NotEstimable(Said("surveys.weights_and_totals_do_not_fit"), Said("surveys.one_row_and_total_each"))
    finite = np.isfinite(matrix).all() and np.isfinite(totals).all()
    if not finite:
        raise NotEstimable(Said("surveys.calibration_variable_total_missing"), Said("surveys.known_values_every_unit"))
    squares = weights @ matrix**2
    size = np.sqrt(squares)
    divisor = np.where(size > 0, size, 1)
    root = np.sqrt(weights)
    scaled = matrix * root[:, None] / divisor
    values = np.linalg.svd(scaled, compute_uv=False)
    if n < k or values[-1] < VANISHING:
        raise NotEstimable(
            Said("surveys.calibration_variables_collinear"), Said("surveys.fewer_variables_rake_several_margins")
        )


def infeasible(reason: Said) -> NotEstimable:
    """Return the refusal of totals that no weights of the kind asked for can meet."""
    return NotEstimable(reason, Said("surveys.totals_the_sample_can_meet"))
