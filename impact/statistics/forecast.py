"""What is expected, as a distribution, and how it turned out: predictive distributions and their scores.

:mod:`impact.statistics.meta` makes them of earlier studies, :mod:`impact.statistics.elicitation` of an expert's
quantiles; :func:`score` compares a :class:`Predictive` with what was observed. Effects observed come from the
estimators of this package.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import numpy as np
from scipy import special, stats

from impact.errors import NotEstimable
from impact.statistics.core import CONFIDENCE, Floats, floats
from impact.words.said import Said

Family = Literal["normal", "t", "lognormal", "gamma", "beta"]
NODES = 400
_legendre = cache(np.polynomial.legendre.leggauss)
SCALES = {"normal": (1,), "t": (1, 2), "lognormal": (1,), "gamma": (0, 1), "beta": (0, 1)}
LENGTHS = {"normal": 2, "t": 3, "lognormal": 2, "gamma": 2, "beta": 4}


@dataclass(frozen=True)
class Predictive:
    """A distribution of what will be observed.

    Parameters
    ----------
    family, parameters
        ``normal``: mean, sd. ``t``: location, scale, df. ``lognormal``: mean and sd of the logarithm. ``gamma``: shape,
        scale. ``beta``: a, b, low, high (the ends of its range). Impossible ones raise :class:`NotEstimable`.
    """

    family: Family
    parameters: tuple[float, ...]

    def __post_init__(self) -> None:
        parameters, family = self.parameters, self.family
        count = len(parameters)
        finite = all(map(math.isfinite, parameters))
        if count != LENGTHS.get(family) or not finite:
            raise NotEstimable(
                Said("statistics.unknown", family=self.family, parameters=str(self.parameters)),
                Said("statistics.finite_parameters", lengths=str(LENGTHS)),
            )
        positive = all(parameters[position] > 0 for position in SCALES[family])
        empty = family == "beta" and parameters[2] >= parameters[3]
        if not positive or empty:
            raise NotEstimable(
                Said("statistics.scale_shape_not_positive_range_empty"), Said("statistics.scales_shapes_above_zero")
            )

    def frozen(self) -> Any:
        """Return the SciPy distribution."""
        a, b, *more = self.parameters
        if self.family == "normal":
            return stats.norm(a, b)
        if self.family == "t":
            return stats.t(more[0], loc=a, scale=b)
        if self.family == "lognormal":
            return stats.lognorm(b, scale=math.exp(a))
        if self.family == "gamma":
            return stats.gamma(a, scale=b)
        return stats.beta(a, b, loc=more[0], scale=more[1] - more[0])

    @property
    def mean(self) -> float:
        """Mean; refused where it does not exist (t with 1 df or fewer)."""
        if self.family == "t" and self.parameters[2] <= 1:
            raise NotEstimable(Said("statistics.t_without_mean"), Said("statistics.four_studies_more"))
        law = self.frozen()
        return float(law.mean())

    def quantile(self, level: float) -> float:
        """Return the value below which a share of the probability lies.

        Examples
        --------
        >>> Predictive("normal", (10.0, 2.0)).quantile(0.5)
        10.0
        """
        _share(level)
        law = self.frozen()
        return float(law.ppf(level))

    def interval(self, level: float = CONFIDENCE) -> tuple[float, float]:
        """Return the central interval with this probability.

        Examples
        --------
        >>> low, high = Predictive("normal", (10.0, 2.0)).interval(0.9)
        >>> round(low, 2), round(high, 2)
        (6.71, 13.29)
        """
        _share(level)
        low, high = _central(level)
        return self.quantile(low), self.quantile(high)

    def pit(self, observed: float, observed_error: float = 0.0) -> float:
        """Return the probability integral transform: predicted probability of a value up to the observed one.

        With a standard error of what was observed, the prediction is of the truth plus that normal error.

        Examples
        --------
        >>> Predictive("normal", (10.0, 2.0)).pit(10.0)
        0.5
        """
        _observed(observed, observed_error)
        if observed_error == 0:
            return float(self.frozen().cdf(observed))
        points, weights = self._points()
        z = (observed - points) / observed_error
        return float(weights @ stats.norm.cdf(z))

    def crps(self, observed: float, observed_error: float = 0.0) -> float:
        """Return the continuous ranked probability score, in the unit of the outcome; smaller is better.

        Notes
        -----
        ``∫ (F(x) − 1[x ≥ observed])² dx`` in closed form (Jordan, Krüger & Lerch 2019,
        https://doi.org/10.18637/jss.v090.i12). With a standard error of the observed value the prediction is widened by
        it, exactly for the normal, for others as a mixture of 400 normals (Grimit et al. 2006,
        https://doi.org/10.1256/qj.05.235). Infinite for a t with 1 degree of freedom, so refused.

        Examples
        --------
        >>> round(Predictive("normal", (10.0, 2.0)).crps(10.0), 4)
        0.4674
        """
        _observed(observed, observed_error)
        if self.family == "t" and self.parameters[2] <= 1:
            raise NotEstimable(Said("statistics.score_of_t_infinite"), Said("statistics.four_studies_more"))
        if observed_error == 0:
            return _CRPS[self.family](observed, *self.parameters)
        if self.family == "normal":
            spread = math.hypot(self.parameters[1], observed_error)
            return _crps_normal(observed, self.parameters[0], spread)
        # E|X + e − y| − E|X + e − X' − e'| / 2, over points of equal information
        points, weights = self._points()
        to_observed = _absolute(observed - points, observed_error)
        near = weights @ to_observed
        gaps = points[:, None] - points
        error = math.sqrt(2) * observed_error
        between = _absolute(gaps, error)
        among = weights @ between @ weights
        return float(near - among / 2)

    def _points(self) -> tuple[Floats, Floats]:
        """Return equally informative points of the distribution and their weights (Gauss–Legendre in probability)."""
        nodes, weights = _legendre(NODES)
        levels = (nodes + 1) / 2
        points = self.frozen().ppf(levels)
        return floats(points), weights / 2


def _central(level: float) -> tuple[float, float]:
    """Return the probabilities at which a central interval begins and ends."""
    return (1 - level) / 2, (1 + level) / 2


def _share(level: float) -> None:
    """Refuse a probability that is not inside 0 and 1."""
    if not 0 < level < 1:
        raise NotEstimable(
            Said("statistics.probability_not_inside_0_1", level=level), Said("statistics.level_such_0_9")
        )


def _observed(observed: float, error: float) -> None:
    """Refuse an observed value, or an error, that is no number."""
    if not math.isfinite(observed) or not 0 <= error < math.inf:
        raise NotEstimable(
            Said("statistics.observed_value_error_not_number"), Said("statistics.finite_value_error_0_more")
        )


def _absolute(distance: Floats, sd: float) -> Floats:
    """Return E|distance + sd · Z|, Z standard normal."""
    z = distance / sd
    density, cumulated = stats.norm.pdf(z), stats.norm.cdf(z)
    sign = 2 * cumulated - 1
    of_noise = 2 * sd * density
    expected = of_noise + distance * sign
    return floats(expected)


def _crps_normal(y: float, mean: float, sd: float) -> float:
    """Return ``σ (z (2Φ(z) − 1) + 2φ(z) − 1/√π)``."""
    z = (y - mean) / sd
    sign = 2 * stats.norm.cdf(z) - 1
    density = 2 * stats.norm.pdf(z)
    near = z * sign + density
    spread = 1 / math.sqrt(math.pi)
    return float(sd * (near - spread))


def _crps_t(y: float, location: float, scale: float, df: float) -> float:
    """Return ``E|T − y| − E|T − T'|/2`` of a t distribution."""
    z = (y - location) / scale
    less_one = df - 1
    # E|T − T'|/2 = 2√ν/(ν − 1) · B(½, ν − ½)/B(½, ν/2)²
    log_square = 2 * special.betaln(0.5, df / 2)
    log_ratio = special.betaln(0.5, df - 0.5) - log_square
    spread = 2 * math.sqrt(df) / less_one * math.exp(log_ratio)
    # E|T − y| = z (2F(z) − 1) + 2f(z) (ν + z²)/(ν − 1)
    sign = 2 * stats.t.cdf(z, df) - 1
    tail = 2 * stats.t.pdf(z, df) * (df + z**2) / less_one
    near = z * sign + tail
    return float(scale * (near - spread))


def _crps_lognormal(y: float, mu: float, sigma: float) -> float:
    """Return ``E|Y − y| − E|Y − Y'|/2`` of a lognormal."""
    z = -math.inf
    if y > 0:
        z = (math.log(y) - mu) / sigma
    # y (2Φ(z) − 1) − 2 exp(μ + σ²/2) (Φ(z − σ) − 1 + Φ(σ/√2))
    half_spread = sigma / math.sqrt(2)
    inner = stats.norm.cdf(z - sigma) - stats.norm.sf(half_spread)
    half_variance = sigma**2 / 2
    mean = math.exp(mu + half_variance)
    sign = 2 * stats.norm.cdf(z) - 1
    near = y * sign
    return float(near - 2 * mean * inner)


def _crps_gamma(y: float, shape: float, scale: float) -> float:
    """Return ``E|Y − y| − E|Y − Y'|/2`` of a gamma."""
    # y (2F_α(y) − 1) − αβ (2F_{α+1}(y) − 1) − β/B(½, α)
    covered = stats.gamma.cdf(y, shape, scale=scale)
    covered_next = stats.gamma.cdf(y, shape + 1, scale=scale)
    sign, sign_next = 2 * covered - 1, 2 * covered_next - 1
    near = y * sign
    mean = shape * scale * sign_next
    spread = scale / special.beta(0.5, shape)
    return float(near - mean - spread)


def _crps_beta(y: float, a: float, b: float, low: float, high: float) -> float:
    """Return ``E|Y − y| − E|Y − Y'|/2`` of a beta between two ends."""
    width = high - low
    z = (y - low) / width
    # z (2F_{a,b}(z) − 1) + a/(a + b) (1 − 2F_{a+1,b}(z) − 2B(2a, 2b)/(a B(a, b)²))
    log_square = 2 * special.betaln(a, b)
    log_ratio = special.betaln(2 * a, 2 * b) - log_square
    spread = 2 * math.exp(log_ratio) / a
    sign_next = 1 - 2 * stats.beta.cdf(z, a + 1, b)
    mean = a / (a + b) * (sign_next - spread)
    sign = 2 * stats.beta.cdf(z, a, b) - 1
    near = z * sign
    return float(width * (near + mean))


_CRPS: dict[str, Callable[..., float]] = dict(
    zip(LENGTHS, (_crps_normal, _crps_t, _crps_lognormal, _crps_gamma, _crps_beta), strict=True)
)


@dataclass(frozen=True)
class Score:
    """How a prediction turned out.

    Parameters
    ----------
    hit, crps
        Whether the central interval held the observed value; the score, in the unit of the outcome, smaller is better.
    pit
        Probability integral transform; uniform over many predictions that are calibrated.
    """

    hit: bool
    crps: float
    pit: float


def score(predictive: Predictive, observed: float, observed_error: float = 0.0, *, level: float = CONFIDENCE) -> Score:
    """Score a prediction of the truth against an observation with a normal error of known size (0: none).

    Examples
    --------
    >>> score(Predictive("normal", (10.0, 2.0)), 12.0).hit
    True
    """
    _share(level)
    pit = predictive.pit(observed, observed_error)
    crps = predictive.crps(observed, observed_error)
    low, high = _central(level)
    hit = low <= pit <= high
    return Score(hit, crps, pit)
