"""Honest intervals where the slope of violations changes by at most m: the shortest of fixed length.

:mod:`impact.statistics.panels.honest` calls it. Stands on :mod:`impact.statistics.panels.honest_study`.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import optimize, stats

from impact.statistics.core import CONFIDENCE, Floats, floats
from impact.statistics.panels.honest_study import Interval, Study


def smooth_interval(study: Study, m: float) -> Interval:
    """Return the shortest fixed-length interval if the slope of violations changes by at most m."""
    n_pre, n_post = study.n_pre, len(study.weights)
    kinks = _kinks(n_pre, n_post)
    start = _least_variance(study)
    w = start
    if m > 0 and n_pre > 1:
        w = _shortest(study, m, kinks, start)
    zeros = np.zeros(n_post)
    direction = study.direction + np.concatenate([w, zeros])
    # Half the length: the quantile of |N(bias, error²)| at the largest bias m Σ|λ|
    variance = float(direction @ study.sigma @ direction)
    error = math.sqrt(variance)
    sizes = np.abs(kinks.T @ direction)
    bias = m * float(sizes.sum())
    half = _half_length(bias, error)
    centre = float(direction @ study.beta)
    return centre - half, centre + half


def _periods(n_pre: int, n_post: int) -> Floats:
    """Return the periods of the coefficients; 0 is the reference."""
    earlier = np.arange(-n_pre, 0)
    later = np.arange(1, n_post + 1)
    periods = np.concatenate([earlier, later])
    return floats(periods.astype(np.float64))


def _kinks(n_pre: int, n_post: int) -> Floats:
    """Return the paths that change slope once, by one, at each period in between, shape (k, n_pre + n_post − 1)."""
    periods = _periods(n_pre, n_post)
    columns = []
    for knot in np.arange(-n_pre + 1, n_post):
        away = np.where(knot >= 0, periods - knot, knot - periods)
        columns.append(np.maximum(away, 0.0))
    return np.column_stack(columns)


def _least_variance(study: Study) -> Floats:
    """Return the weights before treatment of least variance that take a straight line out of the target."""
    n_pre = study.n_pre
    periods = _periods(n_pre, len(study.weights))
    earlier = periods[:n_pre]
    sigma = study.sigma[:n_pre, :n_pre]
    ridge = 1e-14 * np.eye(n_pre) * study.error**2
    precision = np.linalg.inv(sigma + ridge)
    cross = study.sigma[:n_pre] @ study.direction
    # −Σ⁻¹c, moved along Σ⁻¹t until a straight line in t has no weight
    of_line = study.direction @ periods
    slope = earlier @ precision @ cross - of_line
    scale = float(earlier @ precision @ earlier)
    along = precision @ earlier * slope / scale
    return floats(-precision @ cross + along)


def _half_length(bias: float, error: float) -> float:
    """Return the 95 % quantile of ``|N(bias, error²)|``."""
    ratio = bias / error
    if ratio > 20:
        one_sided = float(stats.norm.ppf(CONFIDENCE))
        return bias + one_sided * error
    # cv_α of Armstrong and Kolesár: |N(b, 1)|² is noncentral χ²(1, b²)
    quantile = float(stats.ncx2.ppf(CONFIDENCE, 1, ratio**2))
    return error * math.sqrt(quantile)


def _shortest(study: Study, m: float, kinks: Floats, start: Floats) -> Floats:
    """Return the weights before treatment that make the interval shortest; a convex programme in weights and biases."""
    n, n_kinks = study.n_pre, kinks.shape[1]
    earlier = np.arange(-n, 0.0)
    zeros = np.zeros(len(study.weights))
    # |λ| of each kink: fixed by the target, and moved by the weights before treatment
    fixed = kinks.T @ study.direction
    moved = kinks[:n].T

    def length(x: Floats) -> float:
        """Return half the length in standard errors; x holds the weights, then the absolute biases."""
        w, biases = x[:n], x[n:]
        v = study.direction + np.concatenate([w, zeros])
        variance = float(v @ study.sigma @ v)
        error = math.sqrt(variance)
        bias = m * float(biases.sum())
        return _half_length(bias, error) / study.error

    # The weights stay on the line; each bias is at least λ and −λ
    identity = np.eye(n_kinks)
    level = np.append(earlier, np.zeros(n_kinks))
    line = earlier @ start
    over, under = np.hstack([-moved, identity]), np.hstack([moved, identity])
    on_line = optimize.LinearConstraint(level, line, line)
    at_least = optimize.LinearConstraint(over, fixed, np.inf)
    at_least_mirrored = optimize.LinearConstraint(under, -fixed, np.inf)
    limits = [on_line, at_least, at_least_mirrored]
    biases = np.abs(fixed + moved @ start)
    first = np.concatenate([start, biases])
    solved = optimize.minimize(
        length, first, method="SLSQP", constraints=limits, options={"ftol": 1e-12, "maxiter": 999}
    )
    # Back to the line exactly, from which the solver may be off by its tolerance
    w = solved.x[:n]
    off = float((w - start) @ earlier)
    squares = float(earlier @ earlier)
    return floats(w - earlier * off / squares)
