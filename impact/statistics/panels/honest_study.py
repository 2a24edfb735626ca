"""An event study whose violations of parallel trends are bounded: checked, with draws from the law of its errors.

:mod:`impact.statistics.panels.honest_smooth` and :mod:`impact.statistics.panels.honest_relative` stand on it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from impact.errors import NotEstimable
from impact.statistics.core import Floats, floats
from impact.words.said import Said

Interval = tuple[float, float]
DRAWS = 50_000


@dataclass(frozen=True, eq=False)
class Study:
    """Coefficients (k,), covariance (k, k), number before, weights after (n_post,), and normal draws (B, k)."""

    beta: Floats
    sigma: Floats
    n_pre: int
    weights: Floats
    draws: Floats

    @property
    def direction(self) -> Floats:
        """Weights of all coefficients in the target."""
        earlier = np.zeros(self.n_pre)
        return np.concatenate([earlier, self.weights])

    @property
    def error(self) -> float:
        """Standard error of the target."""
        direction = self.direction
        variance = direction @ self.sigma @ direction
        return math.sqrt(float(variance))


def checked_study(
    estimates: ArrayLike, covariance: ArrayLike, n_pre: int, weights: ArrayLike | None, rng: np.random.Generator
) -> Study:
    """Check an event study, and draw from the law of its errors.

    Examples
    --------
    >>> study = checked_study([0.1, 1.0, 2.0], np.eye(3), 1, None, np.random.default_rng(1))
    >>> study.direction.tolist()
    [0.0, 0.5, 0.5]
    """
    beta = floats(estimates)
    sigma = floats(covariance)
    k = beta.size
    if beta.ndim != 1 or sigma.shape != (k, k) or not 1 <= n_pre < k:
        raise NotEstimable(
            Said("panels.coefficients_do_not_fit_covariance"),
            Said("panels.one_coefficient_on_each_side"),
        )
    finite = np.isfinite(beta).all() and np.isfinite(sigma).all()
    if not finite:
        raise NotEstimable(
            Said("panels.coefficient_covariance_missing"), Said("panels.event_study_without_empty_periods")
        )
    symmetric = (sigma + sigma.T) / 2
    values, vectors = np.linalg.eigh(symmetric)
    size = float(np.abs(sigma).max())
    asymmetry = np.abs(sigma - sigma.T).max()
    rounding = 1e-8 * size
    if asymmetry > rounding or values.min() < -rounding:
        raise NotEstimable(Said("panels.covariance_not_symmetric_positive"), Said("panels.covariance_coefficients"))
    n_post = k - n_pre
    target = np.full(n_post, 1 / n_post) if weights is None else floats(weights)
    usable = np.isfinite(target).all() and target.any()
    if target.shape != (n_post,) or not usable:
        raise NotEstimable(Said("panels.weights_do_not_fit_periods"), Said("panels.one_weight_each_not_all_zero"))
    # Draws of N(0, Σ), for the first stage of the hybrid test
    roots = np.sqrt(np.maximum(values, 0.0))
    root = vectors * roots
    draws = rng.standard_normal((DRAWS, k)) @ root.T
    study = Study(beta, sigma, n_pre, target, draws)
    least = 1e-12 * math.sqrt(size)
    if study.error <= least or size == 0:
        raise NotEstimable(Said("panels.effect_has_no_standard_error"), Said("panels.coefficients_estimated_error"))
    return study
