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
        return np.concatenate([np.zeros(self.n_pre), self.weights])

    @property
    def error(self) -> float:
        """Standard error of the target."""
        return math.sqrt(float(self.direction @ self.sigma @ self.direction))


def checked_study(
    estimates: ArrayLike, covariance: ArrayLike, n_pre: int, weights: ArrayLike | None, rng: np.random.Generator
) -> Study:
    """Check an event study, and draw from the law of its errors."""
    beta = floats(estimates)
    sigma = floats(covariance)
    if beta.ndim != 1 or sigma.shape != (len(beta), len(beta)) or not 1 <= n_pre < len(beta):
        raise NotEstimable(
            "coefficients before and after treatment and their covariance do not fit together",
            "a coefficient before the reference period, one after it, and a square covariance",
        )
    if not (np.isfinite(beta).all() and np.isfinite(sigma).all()):
        raise NotEstimable("a coefficient or covariance is missing", "an event study without empty periods")
    values, vectors = np.linalg.eigh((sigma + sigma.T) / 2)
    size = float(np.abs(sigma).max())
    if np.abs(sigma - sigma.T).max() > 1e-8 * size or values.min() < -1e-8 * size:
        raise NotEstimable("the covariance is not symmetric and positive", "the covariance of the coefficients")
    n_post = len(beta) - n_pre
    target = np.full(n_post, 1 / n_post) if weights is None else floats(weights)
    if target.shape != (n_post,) or not np.isfinite(target).all() or not target.any():
        raise NotEstimable("the weights do not fit the periods after treatment", "one weight each, not all zero")
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    draws = rng.standard_normal((DRAWS, len(beta))) @ root.T
    study = Study(beta, sigma, n_pre, target, draws)
    if study.error <= 1e-12 * math.sqrt(size) or size == 0:
        raise NotEstimable("the effect has no standard error", "coefficients estimated with error")
    return study
