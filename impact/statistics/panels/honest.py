"""Event studies when trends are not parallel: intervals for bounded violations, and how much a finding bears.

A room for pure numbers: coefficients and their covariance in, frozen results out. It needs no solver beyond scipy.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, stats

from impact.errors import NotEstimable
from impact.statistics.core import CONFIDENCE, Floats
from impact.words.said import Said

Restriction = Literal["relative_magnitudes", "smoothness"]
Interval = tuple[float, float]
ALPHA = 1 - CONFIDENCE
FIRST_STAGE = ALPHA / 10
DRAWS = 50_000
LARGEST_M = 1e4


@dataclass(frozen=True)
class HonestBounds:
    """Robust 95 % intervals of a weighted sum of post-treatment effects.

    Parameters
    ----------
    estimate
        The weighted sum, in the unit of the outcome.
    parallel
        Usual interval, with exactly parallel trends.
    table
        One (m, low, high) per m asked for.
    breakdown
        Largest m at which the interval leaves zero out; 0 if it never does, infinite if it still does at 10⁴ (for
        smoothness: 10⁴ standard errors).
    restriction
        What m bounds.
    """

    estimate: float
    parallel: Interval
    table: tuple[tuple[float, float, float], ...]
    breakdown: float
    restriction: Restriction


@dataclass(frozen=True, eq=False)
class _Study:
    """Coefficients (k,), covariance (k, k), number before, weights after (n_post,), and normal draws (B, k)."""

    beta: Floats
    sigma: Floats
    n_pre: int
    weights: Floats
    draws: Floats

    @property
    def direction(self) -> Floats:
        """Weights of all coefficients in the target."""
        return np.concatenate([np.zeros(self.n_pre), self.weights])

    @property
    def error(self) -> float:
        """Standard error of the target."""
        return math.sqrt(float(self.direction @ self.sigma @ self.direction))


@dataclass(frozen=True, eq=False)
class _Test:
    """Dual vertices: values at θ = 0 and slopes in θ (V,), covariance (V, V); and the first-stage critical value."""

    values: Floats
    slopes: Floats
    covariance: Floats
    cap: float


def honest_bounds(
    estimates: ArrayLike,
    covariance: ArrayLike,
    n_pre: int,
    *,
    rng: np.random.Generator,
    m: Sequence[float] = (0.5, 1.0, 1.5, 2.0),
    weights: ArrayLike | None = None,
    restriction: Restriction = "relative_magnitudes",
) -> HonestBounds:
    """Return intervals that hold when violations of parallel trends are bounded.

    Parameters
    ----------
    estimates, covariance
        Shapes (k,) and (k, k): event-study coefficients in order of time, without the reference period, which is the
        last before treatment; periods are consecutive.
    n_pre
        Coefficients before the reference period.
    rng
        For the first-stage critical value of ``relative_magnitudes``.
    m
        ``relative_magnitudes``: violations after treatment, from one period to the next, are at most m times the
        largest one before. ``smoothness``: the slope of the violations changes by at most m per period, in the unit of
        the outcome.
    weights
        Shape (k − n_pre,): of the effects after treatment; by default equal, summing to one.

    Raises
    ------
    NotEstimable
        Without coefficients on either side, with missing values, a covariance that is none, a target without error, or
        negative m.

    Notes
    -----
    Relative magnitudes: hybrid of the conditional and the least favourable test (first stage α/10), inverted; the union
    over every earlier step and sign that may be the largest. With g_t = Σ_{s ≥ t} l_s the nuisance parameters drop out
    of the linear programme, whose dual has the vertices ``±(θ̂ − θ) − m‖g‖₁Δ`` and ``−2mΔ``, each over the standard
    errors of its moments; no solver is needed. Moments after treatment only, as in the authors' software (which, with a
    single period after treatment, adds earlier ones). Smoothness: shortest fixed-length interval around an affine
    estimator. Both take the coefficients as normal with known covariance.

    References
    ----------
    Rambachan, Roth (2023), https://doi.org/10.1093/restud/rdad018. Andrews, Roth, Pakes (2023),
    https://doi.org/10.1093/restud/rdac113.
    """
    study = _study(estimates, covariance, n_pre, weights, rng)
    asked = [float(value) for value in m]
    if not all(math.isfinite(value) and value >= 0 for value in asked):
        raise NotEstimable(Said("panels.bound_m_negative_no_number"), Said("panels.values_m_0"))
    if restriction not in ("relative_magnitudes", "smoothness"):
        raise NotEstimable(
            Said("panels.restriction_not_known", restriction=restriction), Said("panels.relative_magnitudes_smoothness")
        )
    relative = restriction == "relative_magnitudes"
    interval = _relative if relative else _smooth
    centre = float(study.direction @ study.beta)
    half = float(stats.norm.ppf(0.5 + CONFIDENCE / 2)) * study.error
    return HonestBounds(
        estimate=centre,
        parallel=(centre - half, centre + half),
        table=tuple((value, *interval(study, value)) for value in asked),
        breakdown=_breakdown(
            lambda value: _leaves_zero(study, value, relative=relative), 1.0 if relative else study.error
        ),
        restriction=restriction,
    )


def _study(
    estimates: ArrayLike, covariance: ArrayLike, n_pre: int, weights: ArrayLike | None, rng: np.random.Generator
) -> _Study:
    beta, sigma = np.asarray(estimates, dtype=np.float64), np.asarray(covariance, dtype=np.float64)
    if beta.ndim != 1 or sigma.shape != (len(beta), len(beta)) or not 1 <= n_pre < len(beta):
        raise NotEstimable(
            Said("panels.coefficients_do_not_fit_covariance"),
            Said("panels.one_coefficient_on_each_side"),
        )
    if not (np.isfinite(beta).all() and np.isfinite(sigma).all()):
        raise NotEstimable(
            Said("panels.coefficient_covariance_missing"), Said("panels.event_study_without_empty_periods")
        )
    values, vectors = np.linalg.eigh((sigma + sigma.T) / 2)
    size = float(np.abs(sigma).max())
    if np.abs(sigma - sigma.T).max() > 1e-8 * size or values.min() < -1e-8 * size:
        raise NotEstimable(Said("panels.covariance_not_symmetric_positive"), Said("panels.covariance_coefficients"))
    n_post = len(beta) - n_pre
    target = np.full(n_post, 1 / n_post) if weights is None else np.asarray(weights, dtype=np.float64)
    if target.shape != (n_post,) or not np.isfinite(target).all() or not target.any():
        raise NotEstimable(Said("panels.weights_do_not_fit_periods"), Said("panels.one_weight_each_not_all_zero"))
    draws = rng.standard_normal((DRAWS, len(beta))) @ (vectors * np.sqrt(np.maximum(values, 0.0))).T
    study = _Study(beta, sigma, n_pre, target, draws)
    if study.error <= 1e-12 * math.sqrt(size) or size == 0:
        raise NotEstimable(Said("panels.effect_has_no_standard_error"), Said("panels.coefficients_estimated_error"))
    return study


def _breakdown(excludes: Callable[[float], bool], scale: float) -> float:
    """Return the largest m whose interval leaves zero out."""
    if not excludes(0.0):
        return 0.0
    high = scale
    while excludes(high):
        high *= 2
        if high > LARGEST_M * scale:
            return math.inf
    low = 0.0 if high == scale else high / 2
    while high - low > 1e-6 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if excludes(middle) else (low, middle)
    return low


def _leaves_zero(study: _Study, m: float, *, relative: bool) -> bool:
    if relative:
        return not bool(_accepted(_tests(study, m), np.zeros(1))[0])
    low, high = _smooth(study, m)
    return low > 0 or high < 0


def _relative(study: _Study, m: float) -> Interval:
    """Return the ends of the accepted values: a grid around the estimate, refined where it begins and ends."""
    centre = float(study.direction @ study.beta)
    reach = max(abs(float(w @ study.beta)) + 20 * math.sqrt(float(w @ study.sigma @ w)) for w in _steps(study))
    half = 20 * study.error + m * float(np.abs(_tails(study)).sum()) * reach
    tests = _tests(study, m)
    return centre - _edge(tests, centre, -half), centre + _edge(tests, centre, half)


def _edge(tests: list[_Test], centre: float, half: float) -> float:
    """Return how far from the estimate values are accepted on the side of ``half``."""
    inner, outer = 0.0, 1.0
    for _ in range(4):
        shares = np.linspace(inner, outer, 401)
        accepted = np.flatnonzero(_accepted(tests, centre + half * shares))
        last = int(accepted[-1]) if len(accepted) else 0
        if last == 400:
            raise NotEstimable(
                Said("panels.interval_does_not_end"), Said("panels.earlier_coefficients_smaller_errors_smaller_m")
            )
        inner, outer = float(shares[last]), float(shares[last + 1])
    return abs(half) * inner


def _steps(study: _Study) -> Floats:
    """Return the weights (n_pre, k) that give the violations' steps before treatment; the reference period is 0."""
    path = np.vstack([np.eye(study.n_pre), np.zeros(study.n_pre)])
    return np.hstack([np.diff(path, axis=0), np.zeros((study.n_pre, len(study.weights)))])


def _tails(study: _Study) -> Floats:
    """Return ``g_t = Σ_{s ≥ t} l_s``: how often each step after treatment counts in the target."""
    return np.asarray(np.cumsum(study.weights[::-1])[::-1], dtype=np.float64)


def _tests(study: _Study, m: float) -> list[_Test]:
    """Return one test for each earlier step, up or down, that can be the largest."""
    tests = []
    for step in np.vstack([_steps(study), -_steps(study)]):
        rows, slopes = _vertices(study, m, step)
        cap = float(np.quantile(np.max(study.draws @ rows.T, axis=1), 1 - FIRST_STAGE))
        tests.append(_Test(rows @ study.beta, slopes, rows @ study.sigma @ rows.T, cap))
    return tests


def _accepted(tests: list[_Test], theta: Floats) -> NDArray[np.bool_]:
    """Return for each θ (G,) whether any test keeps it."""
    return np.asarray(np.any([_accepts(test, theta) for test in tests], axis=0))


def _vertices(study: _Study, m: float, step: Floats) -> tuple[Floats, Floats]:
    """Return the dual vertices as weights of the coefficients (V, k), and their weights of θ (V,)."""
    n_post, tails = len(study.weights), _tails(study)
    after = np.eye(n_post) - np.eye(n_post, k=-1)
    moves = np.hstack([np.zeros((n_post, study.n_pre)), after])
    up, down = moves - m * step, -moves - m * step
    errors_up, errors_down = (
        np.sqrt(np.maximum(np.sum((rows @ study.sigma) * rows, axis=1), 0)) for rows in (up, down)
    )
    rising = 1 / float(np.abs(tails) @ np.where(tails > 0, errors_up, errors_down))
    falling = 1 / float(np.abs(tails) @ np.where(tails > 0, errors_down, errors_up))
    bound = m * float(np.abs(tails).sum()) * step
    flat = -2 * m * step / (errors_up + errors_down)[:, None]
    rows = np.vstack([rising * (study.direction - bound), falling * (-study.direction - bound), flat])
    return rows, np.concatenate([[-rising, falling], np.zeros(n_post)])


def _accepts(test: _Test, theta: Floats) -> NDArray[np.bool_]:
    """Return for each θ (G,) whether the hybrid test keeps it."""
    values = test.values + theta[:, None] * test.slopes
    best = np.argmax(values, axis=1)
    eta = values[np.arange(len(theta)), best]
    variance = test.covariance[best, best]
    certain = variance <= 1e-14 * test.covariance.max()
    share = test.covariance[best] / np.where(certain, 1.0, variance)[:, None]
    low, high = _truncation(values - share * eta[:, None], 1 - share)
    critical = _truncated_quantile(np.sqrt(np.where(certain, 1.0, variance)), low, np.minimum(high, test.cap))
    kept = np.where(certain, eta <= 0, eta <= np.maximum(critical, 0.0))
    return np.asarray(kept & (eta <= test.cap))


def _truncation(rest: Floats, room: Floats) -> tuple[Floats, Floats]:
    """Return between which values the best vertex stays the best: ``rest ≤ t · room`` for all others."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ends = rest / room
    low = np.max(np.where(room > 1e-9, ends, -np.inf), axis=1)
    high = np.min(np.where(room < -1e-9, ends, np.inf), axis=1)
    return low, high


def _truncated_quantile(scale: Floats, low: Floats, high: Floats) -> Floats:
    """Return the second-stage quantile of a normal truncated to (low, high); infinite if nothing is left."""
    level = 1 - (ALPHA - FIRST_STAGE) / (1 - FIRST_STAGE)
    a, b = low / scale, high / scale
    open_ = b > a
    found = stats.truncnorm.ppf(level, np.where(open_, a, 0.0), np.where(open_, b, 1.0))
    return np.asarray(np.where(open_, found * scale, np.inf), dtype=np.float64)


def _smooth(study: _Study, m: float) -> Interval:
    """Return the shortest fixed-length interval if the slope of violations changes by at most m."""
    periods = np.concatenate([np.arange(-study.n_pre, 0), np.arange(1, len(study.weights) + 1)]).astype(np.float64)
    knots = np.arange(-study.n_pre + 1, len(study.weights))
    kinks = np.column_stack([np.maximum(np.where(k >= 0, periods - k, k - periods), 0.0) for k in knots])
    before = periods[: study.n_pre]
    centred = np.linalg.inv(study.sigma[: study.n_pre, : study.n_pre] + 1e-14 * np.eye(study.n_pre) * study.error**2)
    cross = study.sigma[: study.n_pre] @ study.direction
    slope = before @ centred @ cross - study.direction @ periods
    start = -centred @ cross + centred @ before * slope / float(before @ centred @ before)
    w = start if m == 0 or study.n_pre == 1 else _shortest(study, m, kinks, start)
    direction = study.direction + np.concatenate([w, np.zeros(len(study.weights))])
    error = math.sqrt(float(direction @ study.sigma @ direction))
    half = _half_length(m * float(np.abs(kinks.T @ direction).sum()), error)
    return float(direction @ study.beta) - half, float(direction @ study.beta) + half


def _half_length(bias: float, error: float) -> float:
    """Return the 95 % quantile of ``|N(bias, error²)|``."""
    ratio = bias / error
    if ratio > 20:
        return bias + float(stats.norm.ppf(CONFIDENCE)) * error
    return error * math.sqrt(float(stats.ncx2.ppf(CONFIDENCE, 1, ratio**2)))


def _shortest(study: _Study, m: float, kinks: Floats, start: Floats) -> Floats:
    """Return the weights before treatment that make the interval shortest; a convex programme in weights and biases."""
    n, n_kinks, before = study.n_pre, kinks.shape[1], np.arange(-study.n_pre, 0.0)
    fixed, own = kinks.T @ study.direction, kinks[:n].T

    def length(x: Floats) -> float:
        v = study.direction + np.concatenate([x[:n], np.zeros(len(study.weights))])
        return _half_length(m * float(x[n:].sum()), math.sqrt(float(v @ study.sigma @ v))) / study.error

    one = np.eye(n_kinks)
    limits = [
        optimize.LinearConstraint(np.append(before, np.zeros(n_kinks)), before @ start, before @ start),
        optimize.LinearConstraint(np.hstack([-own, one]), fixed, np.inf),
        optimize.LinearConstraint(np.hstack([own, one]), -fixed, np.inf),
    ]
    first = np.concatenate([start, np.abs(fixed + own @ start)])
    solved = optimize.minimize(
        length, first, method="SLSQP", constraints=limits, options={"ftol": 1e-12, "maxiter": 999}
    )
    found = solved.x[:n]
    return np.asarray(found - before * float((found - start) @ before) / float(before @ before), dtype=np.float64)
