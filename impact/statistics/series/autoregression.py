"""A regression with AR(1) errors by maximum likelihood: the profile of φ, searched to its highest point.

:mod:`impact.statistics.series.segmented` fits its series here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import optimize

from impact.errors import NotEstimable
from impact.statistics.core import Floats
from impact.words.said import Said

RANDOM_WALK = 0.99


@dataclass(frozen=True)
class Solution:
    """Coefficients (k,), their covariance (k, k), residuals and innovations (T,), and how they were found."""

    beta: Floats
    covariance: Floats
    residuals: Floats
    innovations: Floats
    phi: float
    log_likelihood: float
    rule: Said


def ar1_solution(y: Floats, design: Floats, *, small_sample: bool) -> Solution:
    """Return the maximum likelihood fit with autocorrelated errors; φ counts as known in the covariance.

    Examples
    --------
    >>> y = np.array([1.0, 1.5, 1.2, 0.8, 1.1, 1.4, 1.3, 0.9, 0.7, 1.2])
    >>> solution = ar1_solution(y, np.ones((10, 1)), small_sample=True)
    >>> -1 < solution.phi < 1, solution.beta.shape
    (True, (1,))
    """
    n, k = design.shape
    phi = _best_phi(y, design)
    beta, residuals = _given_phi(y, design, phi)
    white = _whiten(design, phi)
    innovations = _whiten(residuals, phi)
    variance = float(innovations @ innovations) / n
    inverse = np.linalg.inv(white.T @ white)
    factor = n / (n - k) if small_sample else 1.0
    covariance = variance * inverse * factor
    rule = Said("rule.ar1_small_sample" if small_sample else "rule.ar1", phi=phi)
    likelihood = _profile(y, design, phi)
    return Solution(beta, covariance, residuals, innovations, phi, likelihood, rule)


def _best_phi(y: Floats, design: Floats) -> float:
    """Return the φ of the highest profile likelihood: best of a grid, then the root of the score beside it."""
    grid = np.linspace(-0.999, 0.999, 201)
    heights = [_profile(y, design, float(phi)) for phi in grid]
    best = int(np.argmax(heights))
    last = len(grid) - 1
    if best in (0, last):
        raise NotEstimable(Said("series.errors_never_settle"), _NEEDED)
    low = grid[best - 1]
    high = grid[best + 1]
    root = optimize.brentq(lambda at: _score(y, design, at), low, high, xtol=1e-15)
    phi = float(root)
    if abs(phi) >= RANDOM_WALK:
        raise NotEstimable(Said("series.errors_look_like_random_walk", phi=phi), _NEEDED)
    return phi


_NEEDED = Said("series.longer_series_or_differences")


def _whiten(values: Floats, phi: float) -> Floats:
    """Return ``R^(−1/2) values`` for the correlation matrix ``φ^|i−j|``."""
    # e_1, then (e_t − φ e_{t−1})/√(1 − φ²) (Pinheiro and Bates, section 5.3)
    remaining = 1 - phi**2
    scale = math.sqrt(remaining)
    predicted = phi * values[:-1]
    changes = values[1:] - predicted
    first = values[:1]
    return np.concatenate([first, changes / scale])


def _given_phi(y: Floats, design: Floats, phi: float) -> tuple[Floats, Floats]:
    """Return the coefficients at φ, and the residuals of the series as it stands."""
    white_design, white_y = _whiten(design, phi), _whiten(y, phi)
    beta = np.linalg.lstsq(white_design, white_y, rcond=None)[0].astype(np.float64)
    fitted = design @ beta
    return beta, y - fitted


def _profile(y: Floats, design: Floats, phi: float) -> float:
    """Return the log-likelihood at φ, coefficients and variance at their best."""
    n = len(y)
    _, residuals = _given_phi(y, design, phi)
    innovations = _whiten(residuals, phi)
    squares = float(innovations @ innovations)
    variance = 2 * math.pi * squares / n
    spread = math.log(variance)
    determinant = math.log(1 - phi**2)
    of_errors = -n / 2 * (spread + 1)
    return of_errors - (n - 1) / 2 * determinant


def _score(y: Floats, design: Floats, phi: float) -> float:
    """Return the derivative of the profile likelihood by φ."""
    n = len(y)
    _, e = _given_phi(y, design, phi)
    # Sums of e_t², of e_t e_{t−1}, and of e_t² without the ends
    squares = float(e @ e)
    cross = float(e[1:] @ e[:-1])
    inner = float(e[1:-1] @ e[1:-1])
    total = squares - 2 * phi * cross + phi**2 * inner
    slope = cross - phi * inner
    of_sum = n * slope / total
    remaining = 1 - phi**2
    return of_sum - phi / remaining
