"""Weights that reproduce known population totals: post-stratification, raking, calibration.

A :class:`Calibrated` carries what the variance needs as well: a calibrated estimator varies only by what the
calibration matrix leaves unexplained (:meth:`Calibrated.residuals`). Estimates with these weights are in
:mod:`impact.statistics.surveys.estimation` and :mod:`impact.statistics.surveys.regression`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

from impact.errors import NotEstimable
from impact.statistics.core import Floats, Ints, floats
from impact.words.said import Said

Labels = NDArray[Any]
Totals = Mapping[Any, float]
Method = Literal["linear", "raking", "logit"]
Link = Callable[[Floats], tuple[Floats, Floats]]
MISFIT = 1e-12
"""How far totals may be missed, as a share of their size."""
RAKED_MISFIT = 1e-6
VANISHING = 1e-8
"""A raked weight this small against its design weight stands for zero."""
STEPS, CYCLES = 100, 5000


@dataclass(frozen=True, eq=False)
class Calibrated:
    """Weights that reproduce population totals.

    Parameters
    ----------
    weights
        Shape (n,): the weights after calibration.
    design_weights
        Shape (n,), as they came.
    matrix
        Shape (n, k), the calibration variables.
    totals
        Shape (k,), their population totals.
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
        scaled = self.matrix / np.linalg.norm(weighted, axis=0)
        coefficients = np.linalg.lstsq(scaled * root[:, None], values * rows, rcond=None)[0]
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
        Shape (n,): positive design weights.
    matrix
        Shape (n, k), full column rank; include a column of ones (or all dummies of a variable) to fix the size of
        the population.
    totals
        Shape (k,), of the population.
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
    """
    weights = floats(weights)
    matrix = floats(matrix)
    totals = floats(totals)
    _check_weights(weights)
    _check_matrix(weights, matrix, totals)
    link = _link(method, bounds)
    factors, steps = _newton(weights, matrix, totals, link, tolerance)
    if method == "raking" and factors.min() < VANISHING:
        raise _infeasible(Said("surveys.raking_takes_weights_to_zero"))
    negative = (factors <= 0).any()
    flags = ("negative_weights",) if negative else ()
    return Calibrated(weights * factors, weights, matrix, totals, factors, steps, flags)


def poststratify(weights: Floats, cells: Labels, totals: Totals) -> Calibrated:
    """Return weights that add up to the population of each post-stratum.

    Parameters
    ----------
    weights
        Shape (n,): positive design weights.
    cells
        Shape (n,), the post-stratum of each unit, labels of any kind.
    totals
        Population of each post-stratum, by its label.

    Raises
    ------
    NotEstimable
        If a post-stratum has no unit, no total, or a total that is not positive; it is named.

    Notes
    -----
    ``w = d · N_c / Σ_c d``. Reference: Holt and Smith (1979), Post stratification,
    https://doi.org/10.2307/2344652.
    """
    weights = floats(weights)
    _check_weights(weights)
    codes, counts = _margin(weights, cells, totals)
    ratios = counts / np.bincount(codes, weights)
    factors = ratios[codes]
    matrix = _dummies(codes, len(counts))
    return Calibrated(weights * factors, weights, matrix, counts, factors, 1)


def rake(
    weights: Floats, margins: Sequence[tuple[Labels, Totals]], *, tolerance: float = 1e-12, cycles: int = CYCLES
) -> Calibrated:
    """Return weights that reproduce several margins, by iterative proportional fitting.

    Parameters
    ----------
    weights
        Shape (n,): positive design weights.
    margins
        For each margin the label of each unit, shape (n,), and the population by label. All margins must add up to
        the same population.
    tolerance
        Stop when no cell of the joint table changes by this share of the population in a cycle. R's
        ``rake(epsilon=1)`` stops at a change of 1, which is ``tolerance = 1 / population``: its margins then are
        met only roughly.
    cycles
        The most that are tried.

    Raises
    ------
    NotEstimable
        If the margins contradict each other, a label has no unit or no total, or no positive weights meet them all.

    Notes
    -----
    The solution has the form ``w = d·exp(xᵀλ)`` with dummies x: raking calibration. Reference: Deming and Stephan
    (1940), https://doi.org/10.1214/aoms/1177731829.
    """
    weights = floats(weights)
    _check_weights(weights)
    if not margins:
        raise NotEstimable(Said("surveys.no_margin_given"), Said("surveys.least_one_variable_population_totals"))
    coded = [_margin(weights, cells, totals) for cells, totals in margins]
    _check_same_population(coded)
    fitted, used = _fit_margins(weights, coded, tolerance, cycles)
    dummies = [_dummies(codes, len(counts)) for codes, counts in coded]
    matrix = np.hstack(dummies)
    counts = np.concatenate([counts for _, counts in coded])
    factors = fitted / weights
    return Calibrated(fitted, weights, matrix, counts, factors, used)


def _fit_margins(
    weights: Floats, coded: list[tuple[Ints, Floats]], tolerance: float, cycles: int
) -> tuple[Floats, int]:
    """Return weights that meet the margins in turn until the joint table settles, and the cycles that took."""
    population = float(coded[-1][1].sum())
    columns = np.column_stack([codes for codes, _ in coded])
    joint = np.unique(columns, axis=0, return_inverse=True)[1].ravel()
    limit = max(RAKED_MISFIT, 10 * tolerance) * population
    last_table = np.bincount(joint, weights)
    for cycle in range(1, cycles + 1):
        for codes, counts in coded:
            ratios = counts / np.bincount(codes, weights)
            weights = weights * ratios[codes]
        table = np.bincount(joint, weights)
        change = np.abs(table - last_table).max()
        if change <= tolerance * population:
            if _worst_margin(weights, coded) > limit:
                break
            return weights, cycle
        last_table = table
    raise _infeasible(Said("surveys.raking_does_not_settle"))


def _worst_margin(weights: Floats, coded: list[tuple[Ints, Floats]]) -> float:
    """Return by how much the weights miss the population of a label, at most."""
    misses = [np.abs(np.bincount(codes, weights) - counts).max() for codes, counts in coded]
    return float(max(misses))


def _newton(weights: Floats, matrix: Floats, totals: Floats, link: Link, tolerance: float) -> tuple[Floats, int]:
    """Return factors g(x'λ) with which the totals are met, and the steps it took; columns and totals are scaled."""
    sums = weights @ np.abs(matrix)
    size = np.maximum(sums, np.abs(totals))
    scaled, aims = matrix / size, totals / size
    solution = np.zeros(matrix.shape[1])
    factors, slope = link(scaled @ solution)
    calibrated = (weights * factors) @ scaled
    gap = aims - calibrated
    for step in range(1, STEPS + 1):
        weighted_slope = weights * slope
        direction = _direction(scaled, weighted_slope, gap)
        start = (solution, direction, gap)
        solution, factors, slope, gap = _shorten(weights, scaled, aims, link, start)
        if np.abs(gap).max() <= tolerance:
            return factors, step
    raise _infeasible(Said("surveys.no_weights_reproduce_totals"))


def _direction(matrix: Floats, weights: Floats, gap: Floats) -> Floats:
    """Return ``(X'WX)⁻¹ gap`` from a QR decomposition of ``W^½X``."""
    root = np.sqrt(weights)
    weighted = matrix * root[:, None]
    triangle = np.linalg.qr(weighted, mode="r")
    diagonal = np.abs(np.diag(triangle))
    finite = np.isfinite(triangle).all()
    if not finite or diagonal.min() <= 1e-13 * diagonal.max():
        raise _infeasible(Said("surveys.no_weights_reproduce_totals"))
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
        missed = aims - (weights * factors) @ matrix
        if np.isfinite(missed).all() and (np.linalg.norm(missed) < length or np.abs(missed).max() <= MISFIT):
            return proposed, factors, slope, missed
    raise _infeasible(Said("surveys.no_weights_reproduce_totals"))


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
    return 1 + u, np.ones_like(u)


def _exponential(u: Floats) -> tuple[Floats, Floats]:
    factors = np.exp(np.minimum(u, 100.0))
    return factors, factors


def _logistic(u: Floats, lower: float, upper: float) -> tuple[Floats, Floats]:
    """Return factors between two bounds and their slope (Deville and Särndal's logit), 1 with slope 1 at zero."""
    width = upper - lower
    steep = width / ((1 - lower) * (upper - 1))
    grown = (1 - lower) * np.exp(np.clip(steep * u, -700, 700))
    share = grown / ((upper - 1) + grown)
    slope = steep * width * share * (1 - share)
    return lower + width * share, slope


def _margin(weights: Floats, cells: Labels, totals: Totals) -> tuple[Ints, Floats]:
    """Return the code of each unit and the population by code."""
    codes, labels = _codes(weights, cells)
    for label in labels:
        if label not in totals:
            raise NotEstimable(
                Said("surveys.sample_has_category_without_total", label=repr(label)),
                Said("surveys.total_each_category"),
            )
    for label, total in totals.items():
        _check_total(label, total, sampled=label in labels)
    counts = [totals[label] for label in labels]
    return codes, np.array(counts, dtype=np.float64)


def _codes(weights: Floats, cells: Labels) -> tuple[Ints, list[Hashable]]:
    """Return a number for each label, shape (n,), and the labels."""
    codes, labels = pd.factorize(np.asarray(cells))
    if len(codes) != len(weights):
        raise NotEstimable(Said("surveys.labels_weights_have_different_lengths"), Said("surveys.one_label_each_unit"))
    unknown = codes < 0
    if unknown.any():
        missing = Said("surveys.units_have_no_category", n=(codes < 0).sum())
        raise NotEstimable(missing, Said("surveys.category_every_unit_category_unknown_total"))
    return codes.astype(np.int64), list(labels.tolist())


def _check_total(label: Hashable, total: float, *, sampled: bool) -> None:
    """Refuse a total that is no count, or that sample and population contradict."""
    impossible = not np.isfinite(total) or total < 0
    if impossible:
        raise NotEstimable(
            Said("surveys.total_category", label=repr(label), total=total), Said("surveys.count_population")
        )
    if total == 0 and sampled:
        raise NotEstimable(
            Said("surveys.category_not_in_population", label=repr(label)),
            Said("surveys.positive_total"),
        )
    if total > 0 and not sampled:
        raise NotEstimable(
            Said("surveys.category_has_no_unit_sample", label=repr(label)),
            Said("surveys.categories_joined_each_has_units"),
        )


def _check_same_population(coded: list[tuple[Ints, Floats]]) -> None:
    """Refuse margins that add up to different populations."""
    sums = [float(counts.sum()) for _, counts in coded]
    most = max(sums)
    if most - min(sums) > VANISHING * most:
        raise NotEstimable(
            Said("surveys.margins_add_up_different_populations", sums=sums), Said("surveys.margins_one_population")
        )


def _check_weights(weights: Floats) -> None:
    if weights.ndim != 1 or not len(weights) or not np.isfinite(weights).all() or (weights <= 0).any():
        raise NotEstimable(Said("surveys.weights_missing_zero_negative"), Said("panels.positive_weight_every_unit"))


def _check_matrix(weights: Floats, matrix: Floats, totals: Floats) -> None:
    """Refuse calibration variables that do not fit the sample, have gaps, or are collinear under the weights."""
    if matrix.ndim != 2 or matrix.shape != (len(weights), len(totals)) or not len(totals):
        raise NotEstimable(Said("surveys.weights_and_totals_do_not_fit"), Said("surveys.one_row_and_total_each"))
    if not np.isfinite(matrix).all() or not np.isfinite(totals).all():
        raise NotEstimable(Said("surveys.calibration_variable_total_missing"), Said("surveys.known_values_every_unit"))
    size = np.sqrt(weights @ matrix**2)
    root = np.sqrt(weights)
    scaled = matrix * root[:, None] / np.where(size > 0, size, 1)
    values = np.linalg.svd(scaled, compute_uv=False)
    if len(weights) < len(totals) or values[-1] < VANISHING:
        raise NotEstimable(
            Said("surveys.calibration_variables_collinear"), Said("surveys.fewer_variables_rake_several_margins")
        )


def _infeasible(reason: Said) -> NotEstimable:
    return NotEstimable(reason, Said("surveys.totals_the_sample_can_meet"))


def _dummies(codes: Ints, count: int) -> Floats:
    return floats(codes[:, None] == np.arange(count))
