"""Honest intervals where violations are at most m times the largest step before treatment: hybrid tests, inverted.

:mod:`impact.statistics.panels.honest` calls it. Stands on :mod:`impact.statistics.panels.honest_study`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from impact.errors import NotEstimable
from impact.statistics.core import CONFIDENCE, Floats, floats
from impact.statistics.panels.honest_study import Interval, Study
from impact.words.said import Said

ALPHA = 1 - CONFIDENCE
FIRST_STAGE = ALPHA / 10


@dataclass(frozen=True, eq=False)
class StepTest:
    """Dual vertices: values at θ = 0 and slopes in θ (V,), covariance (V, V); and the first-stage critical value."""

    values: Floats
    slopes: Floats
    covariance: Floats
    cap: float


def relative_interval(study: Study, m: float) -> Interval:
    """Return the ends of the accepted values: a grid around the estimate, refined where it begins and ends."""
    centre = float(study.direction @ study.beta)
    # The largest earlier step, 20 standard errors beyond its estimate, bounds how far the grid must go.
    largest = 0.0
    for w in _steps(study):
        size = abs(float(w @ study.beta))
        variance = float(w @ study.sigma @ w)
        reach = 20 * math.sqrt(variance)
        largest = max(largest, size + reach)
    tails = np.abs(_tails(study))
    steps_in_target = float(tails.sum())
    of_error = 20 * study.error
    half = of_error + m * steps_in_target * largest
    tests = step_tests(study, m)
    down = _edge(tests, centre, -half)
    up = _edge(tests, centre, half)
    return centre - down, centre + up


def _edge(tests: list[StepTest], centre: float, half: float) -> float:
    """Return how far from the estimate values are accepted on the side of ``half``."""
    inner, outer = 0.0, 1.0
    for _ in range(4):
        shares = np.linspace(inner, outer, 401)
        grid = centre + half * shares
        in_interval = accepted_by_any(tests, grid)
        accepted = np.flatnonzero(in_interval)
        last = int(accepted[-1]) if len(accepted) else 0
        if last == 400:
            raise NotEstimable(
                Said("panels.interval_does_not_end"), Said("panels.earlier_coefficients_smaller_errors_smaller_m")
            )
        inner = float(shares[last])
        outer = float(shares[last + 1])
    return abs(half) * inner


def _steps(study: Study) -> Floats:
    """Return the weights (n_pre, k) that give the violations' steps before treatment; the reference period is 0."""
    n_post = len(study.weights)
    n_pre = study.n_pre
    reference = np.zeros(n_pre)
    path = np.vstack([np.eye(n_pre), reference])
    steps = np.diff(path, axis=0)
    zeros = np.zeros((n_pre, n_post))
    return np.hstack([steps, zeros])


def _tails(study: Study) -> Floats:
    """Return ``g_t = Σ_{s ≥ t} l_s``: how often each step after treatment counts in the target."""
    reversed_weights = study.weights[::-1]
    backwards = np.cumsum(reversed_weights)
    return floats(backwards[::-1])


def step_tests(study: Study, m: float) -> list[StepTest]:
    """Return one test for each earlier step, up or down, that can be the largest."""
    tests = []
    steps = _steps(study)
    for step in np.vstack([steps, -steps]):
        rows, slopes = _vertices(study, m, step)
        # The cap of the hybrid test: the first-stage quantile of the largest vertex
        values = study.draws @ rows.T
        largest = np.max(values, axis=1)
        cap = float(np.quantile(largest, 1 - FIRST_STAGE))
        covariance = rows @ study.sigma @ rows.T
        tests.append(StepTest(rows @ study.beta, slopes, covariance, cap))
    return tests


def accepted_by_any(tests: list[StepTest], theta: Floats) -> NDArray[np.bool_]:
    """Return for each θ (G,) whether any test keeps it."""
    accepted = np.zeros(len(theta), dtype=np.bool_)
    for test in tests:
        accepted |= _accepts(test, theta)
    return accepted


def _vertices(study: Study, m: float, step: Floats) -> tuple[Floats, Floats]:
    """Return the dual vertices as weights of the coefficients (V, k), and their weights of θ (V,)."""
    n_post, tails = len(study.weights), _tails(study)
    # δ_t − δ_{t−1} − m·step ≤ 0 and its mirror image, for each period t after treatment
    changes = np.eye(n_post) - np.eye(n_post, k=-1)
    earlier = np.zeros((n_post, study.n_pre))
    moves = np.hstack([earlier, changes])
    bound = m * step
    errors_up = _errors(study, moves - bound)
    errors_down = _errors(study, -moves - bound)
    # Vertices that move θ: each step against the side that its weight in the target calls for
    size = np.abs(tails)
    positive = tails > 0
    against = np.where(positive, errors_up, errors_down)
    along = np.where(positive, errors_down, errors_up)
    rising = 1 / float(size @ against)
    falling = 1 / float(size @ along)
    length = float(size.sum())
    shift = m * length * step
    upper = rising * (study.direction - shift)
    lower = falling * (-study.direction - shift)
    # Vertices that do not: a step up and the same step down together
    errors = errors_up + errors_down
    flat = -2 * m * step / errors[:, None]
    still = np.zeros(n_post)
    slopes = np.concatenate([[-rising, falling], still])
    return np.vstack([upper, lower, flat]), slopes


def _errors(study: Study, rows: Floats) -> Floats:
    """Return the standard errors of combinations of the coefficients, shape (V,)."""
    covariances = rows @ study.sigma
    variances = np.sum(covariances * rows, axis=1)
    positive = np.maximum(variances, 0)
    return floats(np.sqrt(positive))


def _accepts(test: StepTest, theta: Floats) -> NDArray[np.bool_]:
    """Return for each θ (G,) whether the hybrid test keeps it."""
    # η̂ at each θ: the largest of the dual vertices
    values = test.values + theta[:, None] * test.slopes
    best = np.argmax(values, axis=1)
    rows = np.arange(len(theta))
    eta = values[rows, best]
    covariance = test.covariance
    variance = covariance[best, best]
    certain = variance <= 1e-14 * covariance.max()
    # Given what is left after projection on the best vertex, η is a truncated normal.
    positive = np.where(certain, 1.0, variance)
    share = covariance[best] / positive[:, None]
    explained = share * eta[:, None]
    low, high = _truncation(values - explained, 1 - share)
    # The hybrid: below the first-stage critical value too, with what is left of α for the second
    high = np.minimum(high, test.cap)
    quantile = _truncated_quantile(np.sqrt(positive), low, high)
    critical = np.maximum(quantile, 0.0)
    accepted = np.where(certain, eta <= 0, eta <= critical)
    return np.asarray(accepted & (eta <= test.cap))


def _truncation(remainder: Floats, room: Floats) -> tuple[Floats, Floats]:
    """Return between which values the best vertex stays the best: ``remainder ≤ t · room`` for all others."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ends = remainder / room
    from_below = np.where(room > 1e-9, ends, -np.inf)
    from_above = np.where(room < -1e-9, ends, np.inf)
    return np.max(from_below, axis=1), np.min(from_above, axis=1)


def _truncated_quantile(scale: Floats, low: Floats, high: Floats) -> Floats:
    """Return the second-stage quantile of a normal truncated to (low, high); infinite if nothing is left."""
    remaining = 1 - FIRST_STAGE
    level = 1 - (ALPHA - FIRST_STAGE) / remaining
    a, b = low / scale, high / scale
    open_ = b > a
    a = np.where(open_, a, 0.0)
    b = np.where(open_, b, 1.0)
    quantile = stats.truncnorm.ppf(level, a, b)
    scaled = quantile * scale
    return floats(np.where(open_, scaled, np.inf))
