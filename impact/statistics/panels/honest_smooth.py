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
    w = start if m == 0 or n_pre == 1 else _shortest(study, m, kinks, start)
    direction = study.direction + np.concatenate([w, np.zeros(n_post)])
    # Half the length: the quantile of |N(bias, error²)| at the largest bias m Σ|λ|
    error = math.sqrt(float(direction @ study.sigma @ direction))
    bias = m * float(np.abs(kinks.T @ direction).sum())
    half = _half_length(bias, error)
    centre = float(direction @ study.beta)
    return centre - half, centre + half


def _periods(n_pre: int, n_post: int) -> Floats:
    """Return the periods of the coefficients; 0 is the reference."""
    periods = np.concatenate([np.arange(-n_pre, 0), np.arange(1, n_post + 1)])
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
    ridge = 1e-14 * np.eye(n_pre) * study.error**2
    precision = np.linalg.inv(study.sigma[:n_pre, :n_pre] + ridge)
    cross = study.sigma[:n_pre] @ study.direction
    slope = earlier @ precision @ cross - study.direction @ periods
    scale = float(earlier @ precision @ earlier)
    return floats(-precision @ cross + precision @ earlier * slope / scale)


def _half_length(bias: float, error: float) -> float:
    """Return the 95 % quantile of ``|N(bias, error²)|``."""
    ratio = bias / error
    if ratio > 20:
        return bias + float(stats.norm.ppf(CONFIDENCE)) * error
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
        v = study.direction + np.concatenate([x[:n], zeros])
        error = math.sqrt(float(v @ study.sigma @ v))
        bias = m * float(x[n:].sum())
        return _half_length(bias, error) / study.error

    identity = np.eye(n_kinks)
    level = np.append(earlier, np.zeros(n_kinks))
    limits = [
        optimize.LinearConstraint(level, earlier @ start, earlier @ start),
        optimize.LinearConstraint(np.hstack([-moved, identity]), fixed, np.inf),
        optimize.LinearConstraint(np.hstack([moved, identity]), -fixed, np.inf),
    ]
    first = np.concatenate([start, np.abs(fixed + moved @ start)])
    solved = optimize.minimize(
        length, first, method="SLSQP", constraints=limits, options={"ftol": 1e-12, "maxiter": 999}
    )
    # Back to the line exactly, from which the solver may be off by its tolerance
    w = solved.x[:n]
    off = float((w - start) @ earlier)
    return floats(w - earlier * off / float(earlier @ earlier))
