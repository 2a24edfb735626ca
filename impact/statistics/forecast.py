"""What is expected, as a distribution, and how it turned out: predictive distributions and their scores.

Closed forms of scores stand in :mod:`impact.statistics.scoring`. :mod:`impact.statistics.meta` makes distributions
of earlier studies, :mod:`impact.statistics.elicitation` of an expert's quantiles; :func:`score` compares a
:class:`Predictive` with what was observed, :func:`score_portfolio` many. Effects observed come from the estimators of
this package.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special, stats

from impact.errors import NotEstimable
from impact.statistics.checked import inside, listed
from impact.statistics.core import CONFIDENCE, Floats, floats
from impact.statistics.scoring import (
    NO_CHANGE,
    Coverage,
    Skill,
    coverage,
    crps_beta,
    crps_exponential,
    crps_gamma,
    crps_lognormal,
    crps_normal,
    crps_t,
    skill,
)
from impact.words.said import Said

Family = Literal["normal", "t", "lognormal", "gamma", "beta", "exponential"]
NODES = 400
_legendre = cache(np.polynomial.legendre.leggauss)
SCALES = {"normal": (1,), "t": (1, 2), "lognormal": (1,), "gamma": (0, 1), "beta": (0, 1), "exponential": (0,)}
LENGTHS = {"normal": 2, "t": 3, "lognormal": 2, "gamma": 2, "beta": 4, "exponential": 1}


@dataclass(frozen=True)
class Predictive:
    """A distribution of what will be observed.

    Parameters
    ----------
    family, parameters
        ``normal``: mean, sd. ``t``: location, scale, df. ``lognormal``: mean and sd of the logarithm. ``gamma``: shape,
        scale. ``beta``: a, b, low, high (the ends of its range). ``exponential``: rate. Impossible ones raise
        :class:`NotEstimable`.
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
        if self.family == "exponential":
            return stats.expon(scale=1 / self.parameters[0])
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
        inside(level)
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
        inside(level)
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
            return float(_CRPS[self.family](observed, *self.parameters))
        if self.family == "normal":
            spread = math.hypot(self.parameters[1], observed_error)
            return float(crps_normal(observed, self.parameters[0], spread))
        # E|X + e − y| − E|X + e − X' − e'| / 2, over points of equal information
        points, weights = self._points()
        to_observed = _absolute(observed - points, observed_error)
        near = weights @ to_observed
        gaps = points[:, None] - points
        error = math.sqrt(2) * observed_error
        between = _absolute(gaps, error)
        among = weights @ between @ weights
        return float(near - among / 2)

    def log_score(self, observed: float, observed_error: float = 0.0) -> float:
        """Return ``−log f(observed)``; infinite for what was held impossible; smaller is better.

        With a standard error of the observed value the density is that of the truth plus a normal error, a mixture as
        in :meth:`crps`. It has a unit: see :func:`impact.statistics.scoring.log_score`.

        Examples
        --------
        >>> round(Predictive("normal", (2.0, 3.0)).log_score(5.0), 4)
        2.5176
        """
        _observed(observed, observed_error)
        if observed_error == 0:
            return -float(self.frozen().logpdf(observed))
        points, weights = self._points()
        logs = stats.norm.logpdf(observed, points, observed_error)
        return -float(special.logsumexp(logs, b=weights))

    def _points(self) -> tuple[Floats, Floats]:
        """Return equally informative points of the distribution and their weights (Gauss–Legendre in probability)."""
        nodes, weights = _legendre(NODES)
        levels = (nodes + 1) / 2
        points = self.frozen().ppf(levels)
        return floats(points), weights / 2


def _central(level: float) -> tuple[float, float]:
    """Return the probabilities at which a central interval begins and ends."""
    return (1 - level) / 2, (1 + level) / 2


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


_CRPS: dict[str, Callable[..., Floats]] = {
    "normal": crps_normal,
    "t": crps_t,
    "lognormal": crps_lognormal,
    "gamma": crps_gamma,
    "beta": crps_beta,
    "exponential": crps_exponential,
}


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
    inside(level)
    pit = predictive.pit(observed, observed_error)
    crps = predictive.crps(observed, observed_error)
    low, high = _central(level)
    hit = low <= pit <= high
    return Score(hit, crps, pit)


@dataclass(frozen=True)
class PortfolioScore:
    """How forecasts of several projects turned out together.

    Parameters
    ----------
    crps, naive_crps
        Shape (n,): scores of the forecasts and of the naive ones, in the unit of each outcome.
    pit, naive_pit
        Shape (n,): probability integral transforms.
    held
        Shape (n,): whether each central interval held the observed value.
    coverage
        How often they did.
    skill
        The forecasts against the naive ones.
    """

    crps: Floats
    naive_crps: Floats
    pit: Floats
    naive_pit: Floats
    held: NDArray[np.bool_]
    coverage: Coverage
    skill: Skill


def score_portfolio(
    forecasts: Sequence[Predictive],
    naive: Sequence[Predictive],
    observed: ArrayLike,
    *,
    observed_errors: ArrayLike = 0.0,
    naive_says: Said = NO_CHANGE,
    scales: ArrayLike = 1.0,
    level: float = CONFIDENCE,
) -> PortfolioScore:
    """Score forecasts of several projects, each against a naive forecast of the same outcome.

    Parameters
    ----------
    forecasts, naive
        n of each; both are scored on the same observed values.
    observed, observed_errors
        Shape (n,), in the unit of each outcome; errors may be one number for all, 0 for none.
    naive_says
        What the naive forecasts say.
    scales
        Shape (n,) or a number: by what scores are divided before they are averaged, where outcomes have several units.
    level
        Of the central intervals.

    Raises
    ------
    NotEstimable
        Without forecasts, with lists that do not fit, or values that are missing.

    Examples
    --------
    >>> laws = [Predictive("normal", (10.0, 2.0)), Predictive("normal", (12.0, 3.0))]
    >>> found = score_portfolio(laws, [Predictive("normal", (9.0, 4.0))] * 2, [11.0, 16.0])
    >>> round(found.skill.skill, 3), found.coverage.hits
    (0.48, 2)
    """
    y, errors = listed(observed, observed_errors)
    if not len(forecasts) == len(naive) == len(y):
        lengths = (str(len(forecasts)), str(len(naive)), str(len(y)))
        raise NotEstimable(Said("scoring.shapes_do_not_fit", shapes=lengths), Said("scoring.one_number_per_forecast"))
    crps, pit = _scored(forecasts, y, errors)
    naive_crps, naive_pit = _scored(naive, y, errors)
    low, high = _central(level)
    held = (pit >= low) & (pit <= high)
    covered = coverage(held, claimed=level)
    gained = skill(crps, naive_crps, naive=naive_says, scales=scales)
    return PortfolioScore(crps, naive_crps, pit, naive_pit, held, covered, gained)


def _scored(laws: Sequence[Predictive], observed: Floats, errors: Floats) -> tuple[Floats, Floats]:
    """Return the scores of distributions and the transforms of what was observed."""
    rows = list(zip(laws, observed.tolist(), errors.tolist(), strict=True))
    crps = floats([law.crps(y, error) for law, y, error in rows])
    return crps, floats([law.pit(y, error) for law, y, error in rows])
