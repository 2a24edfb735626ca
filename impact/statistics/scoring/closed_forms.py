"""The continuous ranked probability score in closed form, of arrays of forecasts at once.

``CRPS(F, y) = ∫ (F(x) − 1[x ≥ y])² dx = E|X − y| − E|X − X'|/2`` with X, X' independent draws of F: in the unit of the
outcome, 0 or more, smaller is better. Of a forecast that is one number it is the absolute error, so that points and
distributions can be compared. Closed forms: Jordan, Krüger and Lerch (2019), https://doi.org/10.18637/jss.v090.i12;
propriety: Gneiting and Raftery (2007), https://doi.org/10.1198/016214506000001437. Every function takes numbers or
arrays that broadcast, refuses with :class:`~impact.errors.NotEstimable` what is missing, infinite or out of range, and
returns an array of the common shape.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy import special, stats

from impact.errors import NotEstimable
from impact.statistics.checked import known, positive
from impact.statistics.core import Floats, floats
from impact.words.said import Said

LARGEST_LOG = 700.0
"""The logarithm of a mean above which it is not a number that a computer holds."""


def crps_point(observed: ArrayLike, point: ArrayLike) -> Floats:
    """Return the score of forecasts that are one number: the absolute error.

    Examples
    --------
    >>> float(crps_point(7, 9))
    2.0
    """
    y, x = known(observed, point)
    return np.abs(x - y)


def crps_normal(observed: ArrayLike, mean: ArrayLike, sd: ArrayLike) -> Floats:
    """Return the score of normal forecasts.

    Parameters
    ----------
    observed, mean, sd
        In the unit of the outcome; sd above 0.

    Raises
    ------
    NotEstimable
        If a number is missing or infinite, or an sd not above 0.

    Notes
    -----
    ``σ (z (2Φ(z) − 1) + 2φ(z) − 1/√π)`` with ``z = (y − μ)/σ``.

    Examples
    --------
    >>> round(float(crps_normal(10, 10, 2)), 4)
    0.4674
    """
    y, mu, sigma = known(observed, mean, sd)
    positive(sigma)
    z = (y - mu) / sigma
    sign = 2 * stats.norm.cdf(z) - 1
    density = 2 * stats.norm.pdf(z)
    near = z * sign + density
    spread = 1 / math.sqrt(math.pi)
    return floats(sigma * (near - spread))


def crps_t(observed: ArrayLike, location: ArrayLike, scale: ArrayLike, df: ArrayLike) -> Floats:
    """Return the score of forecasts that are Student's t with a location and a scale.

    Parameters
    ----------
    observed, location, scale
        In the unit of the outcome; scale above 0 (it is not the standard deviation).
    df
        Degrees of freedom, above 1: with 1 or fewer the score is infinite.

    Raises
    ------
    NotEstimable
        If a number is missing or infinite, a scale not above 0, or df not above 1.

    Notes
    -----
    ``σ (z (2F(z) − 1) + 2f(z) (ν + z²)/(ν − 1) − 2√ν/(ν − 1) · B(½, ν − ½)/B(½, ν/2)²)``.

    Examples
    --------
    >>> round(float(crps_t(0.5, 0, 1, 5)), 4)
    0.3496
    """
    y, centre, sigma, nu = known(observed, location, scale, df)
    positive(sigma, nu)
    if (nu <= 1).any():
        raise NotEstimable(Said("statistics.score_of_t_infinite"), Said("statistics.four_studies_more"))
    z = (y - centre) / sigma
    less_one = nu - 1
    # E|T − T'|/2
    log_square = 2 * special.betaln(0.5, nu / 2)
    log_ratio = special.betaln(0.5, nu - 0.5) - log_square
    spread = 2 * np.sqrt(nu) / less_one * np.exp(log_ratio)
    # E|T − y|
    sign = 2 * stats.t.cdf(z, nu) - 1
    tail = 2 * stats.t.pdf(z, nu) * (nu + z**2) / less_one
    near = z * sign + tail
    return floats(sigma * (near - spread))


def crps_lognormal(observed: ArrayLike, log_mean: ArrayLike, log_sd: ArrayLike) -> Floats:
    """Return the score of lognormal forecasts.

    Parameters
    ----------
    observed
        In the unit of the outcome; may be zero or negative, which the forecast held impossible.
    log_mean, log_sd
        Mean and standard deviation of the logarithm; the latter above 0.

    Raises
    ------
    NotEstimable
        If a number is missing or infinite, log_sd not above 0, or the mean ``exp(μ + σ²/2)`` too large.

    Notes
    -----
    ``y (2Φ(z) − 1) − 2 exp(μ + σ²/2) (Φ(z − σ) − 1 + Φ(σ/√2))`` with ``z = (log y − μ)/σ``.

    Examples
    --------
    >>> round(float(crps_lognormal(1.2, 0, 0.5)), 4)
    0.1504
    """
    y, mu, sigma = known(observed, log_mean, log_sd)
    positive(sigma)
    log_of_mean = mu + sigma**2 / 2
    if (log_of_mean > LARGEST_LOG).any():
        raise NotEstimable(Said("scoring.mean_too_large"), Said("scoring.smaller_unit_or_spread"))
    above = y > 0
    logs = np.log(np.where(above, y, 1.0))
    z = np.where(above, (logs - mu) / sigma, -np.inf)
    half_spread = sigma / math.sqrt(2)
    inner = stats.norm.cdf(z - sigma) - stats.norm.sf(half_spread)
    sign = 2 * stats.norm.cdf(z) - 1
    near = y * sign
    return floats(near - 2 * np.exp(log_of_mean) * inner)


def crps_exponential(observed: ArrayLike, rate: ArrayLike) -> Floats:
    """Return the score of exponential forecasts.

    Parameters
    ----------
    observed
        In the unit of the outcome.
    rate
        One over the mean, above 0.

    Raises
    ------
    NotEstimable
        If a number is missing or infinite, or a rate not above 0.

    Notes
    -----
    ``|y| − 2F(y)/λ + 1/(2λ)``.

    Examples
    --------
    >>> round(float(crps_exponential(0.7, 1)), 4)
    0.1932
    """
    y, per_unit = known(observed, rate)
    positive(per_unit)
    covered = -np.expm1(-per_unit * np.maximum(y, 0.0))
    return floats(np.abs(y) - 2 * covered / per_unit + 1 / (2 * per_unit))


def crps_gamma(observed: ArrayLike, shape: ArrayLike, scale: ArrayLike) -> Floats:
    """Return the score of gamma forecasts.

    Parameters
    ----------
    observed, scale
        In the unit of the outcome; scale above 0.
    shape
        Above 0; 1 is the exponential of rate ``1/scale``.

    Raises
    ------
    NotEstimable
        If a number is missing or infinite, or shape or scale not above 0.

    Notes
    -----
    ``y (2F_α(y) − 1) − αβ (2F_{α+1}(y) − 1) − β/B(½, α)``.

    Examples
    --------
    >>> round(float(crps_gamma(0.7, 1, 1)), 4)
    0.1932
    """
    y, alpha, beta = known(observed, shape, scale)
    positive(alpha, beta)
    covered = stats.gamma.cdf(y, alpha, scale=beta)
    covered_next = stats.gamma.cdf(y, alpha + 1, scale=beta)
    sign, sign_next = 2 * covered - 1, 2 * covered_next - 1
    near = y * sign
    mean = alpha * beta * sign_next
    spread = beta / special.beta(0.5, alpha)
    return floats(near - mean - spread)


def crps_beta(observed: ArrayLike, a: ArrayLike, b: ArrayLike, low: ArrayLike = 0.0, high: ArrayLike = 1.0) -> Floats:
    """Return the score of beta forecasts between two ends.

    Parameters
    ----------
    observed, low, high
        In the unit of the outcome; low below high.
    a, b
        Shapes, above 0.

    Raises
    ------
    NotEstimable
        If a number is missing or infinite, a shape not above 0, or the range empty.

    Notes
    -----
    ``w (z (2F_{a,b}(z) − 1) + a/(a + b) (1 − 2F_{a+1,b}(z) − 2B(2a, 2b)/(a B(a, b)²)))`` with ``w = high − low`` and
    ``z = (y − low)/w``.

    Examples
    --------
    >>> round(float(crps_beta(0.5, 1, 1)), 4)
    0.0833
    """
    y, first, second, lowest, highest = known(observed, a, b, low, high)
    width = highest - lowest
    positive(first, second, width)
    z = (y - lowest) / width
    log_square = 2 * special.betaln(first, second)
    log_ratio = special.betaln(2 * first, 2 * second) - log_square
    spread = 2 * np.exp(log_ratio) / first
    sign_next = 1 - 2 * stats.beta.cdf(z, first + 1, second)
    mean = first / (first + second) * (sign_next - spread)
    sign = 2 * stats.beta.cdf(z, first, second) - 1
    near = z * sign
    return floats(width * (near + mean))
