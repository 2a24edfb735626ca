"""What is expected, as a distribution, and how it turned out: pooled evidence, experts' quantiles, scores.

:func:`pool` turns earlier studies into a predictive distribution, :func:`elicit` an expert's quantiles; :func:`score`
compares a :class:`Predictive` with what was observed. Effects observed come from the estimators of this package.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import numpy as np
from scipy import optimize, special, stats

from impact.errors import NotEstimable
from impact.statistics.core import CONFIDENCE, Estimate, Floats, wald
from impact.words.said import Said

Family = Literal["normal", "t", "lognormal", "gamma", "beta"]
Elicitable = Literal["normal", "lognormal", "gamma", "beta"]
Method = Literal["DL", "REML", "PM"]
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
        if len(self.parameters) != LENGTHS.get(self.family) or not all(map(math.isfinite, self.parameters)):
            raise NotEstimable(
                Said("statistics.unknown", family=self.family, parameters=str(self.parameters)),
                Said("statistics.finite_parameters", lengths=str(LENGTHS)),
            )
        positive = all(self.parameters[place] > 0 for place in SCALES[self.family])
        if not positive or (self.family == "beta" and not self.parameters[2] < self.parameters[3]):
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
        return float(self.frozen().mean())

    def quantile(self, level: float) -> float:
        """Return the value below which a share of the probability lies."""
        _share(level)
        return float(self.frozen().ppf(level))

    def interval(self, level: float = CONFIDENCE) -> tuple[float, float]:
        """Return the central interval with this probability."""
        _share(level)
        return self.quantile((1 - level) / 2), self.quantile((1 + level) / 2)

    def pit(self, observed: float, observed_error: float = 0.0) -> float:
        """Return the probability integral transform: predicted probability of a value up to the observed one.

        With a standard error of what was observed, the prediction is of the truth plus that normal error.
        """
        _observed(observed, observed_error)
        if observed_error == 0:
            return float(self.frozen().cdf(observed))
        points, weights = self._points()
        return float(weights @ stats.norm.cdf((observed - points) / observed_error))

    def crps(self, observed: float, observed_error: float = 0.0) -> float:
        """Return the continuous ranked probability score, in the unit of the outcome; smaller is better.

        Notes
        -----
        ``∫ (F(x) − 1[x ≥ observed])² dx`` in closed form (Jordan, Krüger & Lerch 2019,
        https://doi.org/10.18637/jss.v090.i12). With a standard error of the observed value the prediction is widened by
        it, exactly for the normal, for others as a mixture of 400 normals (Grimit et al. 2006,
        https://doi.org/10.1256/qj.05.235). Infinite for a t with 1 degree of freedom, so refused.
        """
        _observed(observed, observed_error)
        if self.family == "t" and self.parameters[2] <= 1:
            raise NotEstimable(Said("statistics.score_of_t_infinite"), Said("statistics.four_studies_more"))
        if observed_error == 0:
            return _CRPS[self.family](observed, *self.parameters)
        if self.family == "normal":
            return _crps_normal(observed, self.parameters[0], math.hypot(self.parameters[1], observed_error))
        points, weights = self._points()
        near = weights @ _absolute(observed - points, observed_error)
        among = weights @ _absolute(points[:, None] - points, math.sqrt(2) * observed_error) @ weights
        return float(near - among / 2)

    def _points(self) -> tuple[Floats, Floats]:
        """Return equally informative points of the distribution and their weights (Gauss–Legendre in probability)."""
        nodes, weights = _legendre(NODES)
        return np.asarray(self.frozen().ppf((nodes + 1) / 2), dtype=np.float64), weights / 2


def _share(level: float) -> None:
    if not 0 < level < 1:
        raise NotEstimable(
            Said("statistics.probability_not_inside_0_1", level=level), Said("statistics.level_such_0_9")
        )


def _observed(observed: float, error: float) -> None:
    if not math.isfinite(observed) or not 0 <= error < math.inf:
        raise NotEstimable(
            Said("statistics.observed_value_error_not_number"), Said("statistics.finite_value_error_0_more")
        )


def _absolute(distance: Floats, sd: float) -> Floats:
    """Return E|distance + sd · Z|, Z standard normal."""
    z = distance / sd
    return np.asarray(2 * sd * stats.norm.pdf(z) + distance * (2 * stats.norm.cdf(z) - 1), dtype=np.float64)


def _crps_normal(y: float, mean: float, sd: float) -> float:
    z = (y - mean) / sd
    return float(sd * (z * (2 * stats.norm.cdf(z) - 1) + 2 * stats.norm.pdf(z) - 1 / math.sqrt(math.pi)))


def _crps_t(y: float, location: float, scale: float, df: float) -> float:
    z = (y - location) / scale
    spread = 2 * math.sqrt(df) / (df - 1) * math.exp(special.betaln(0.5, df - 0.5) - 2 * special.betaln(0.5, df / 2))
    near = z * (2 * stats.t.cdf(z, df) - 1) + 2 * stats.t.pdf(z, df) * (df + z**2) / (df - 1)
    return float(scale * (near - spread))


def _crps_lognormal(y: float, mu: float, sigma: float) -> float:
    z = (math.log(y) - mu) / sigma if y > 0 else -math.inf
    inner = stats.norm.cdf(z - sigma) - stats.norm.sf(sigma / math.sqrt(2))
    return float(y * (2 * stats.norm.cdf(z) - 1) - 2 * math.exp(mu + sigma**2 / 2) * inner)


def _crps_gamma(y: float, shape: float, scale: float) -> float:
    near = y * (2 * stats.gamma.cdf(y, shape, scale=scale) - 1)
    mean = shape * scale * (2 * stats.gamma.cdf(y, shape + 1, scale=scale) - 1)
    return float(near - mean - scale / special.beta(0.5, shape))


def _crps_beta(y: float, a: float, b: float, low: float, high: float) -> float:
    z = (y - low) / (high - low)
    spread = 2 * math.exp(special.betaln(2 * a, 2 * b) - 2 * special.betaln(a, b)) / a
    mean = a / (a + b) * (1 - 2 * stats.beta.cdf(z, a + 1, b) - spread)
    return float((high - low) * (z * (2 * stats.beta.cdf(z, a, b) - 1) + mean))


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
    """Score a prediction of the truth against an observation with a normal error of known size (0: none)."""
    _share(level)
    pit = predictive.pit(observed, observed_error)
    inside = (1 - level) / 2 <= pit <= (1 + level) / 2
    return Score(inside, predictive.crps(observed, observed_error), pit)


@dataclass(frozen=True)
class Pooled:
    """A random-effects meta-analysis.

    Parameters
    ----------
    effect
        Mean effect over studies, with error and interval; normal, or t(k − 1) with Hartung–Knapp–Sidik–Jonkman.
    tau2, i2
        Variance of true effects between studies; its share ``τ² / (τ² + s²)``, s² the typical sampling variance.
    q, q_p_value
        Cochran's test that all studies share one effect.
    k, hksj
        Studies; whether the error is HKSJ.
    """

    effect: Estimate
    tau2: float
    i2: float
    q: float
    q_p_value: float
    k: int
    hksj: bool

    @property
    def prediction(self) -> Predictive:
        """Distribution of the true effect of a new study of the same kind.

        t with ``k − 2`` df (Higgins, Thompson & Spiegelhalter 2009, https://doi.org/10.1111/j.1467-985X.2008.00552.x),
        ``k − 1`` with HKSJ (IntHout et al. 2016, https://doi.org/10.1136/bmjopen-2015-010247), scale ``√(τ² + se²)``.
        """
        if self.k < 3:
            raise NotEstimable(Said("statistics.two_studies_show_no_spread"), Said("statistics.three_studies_more"))
        df = self.k - 1 if self.hksj else self.k - 2
        return Predictive(
            "t", (self.effect.estimate, math.hypot(math.sqrt(self.tau2), self.effect.std_error), float(df))
        )


def pool(estimates: Floats, std_errors: Floats, *, method: Method = "REML", hksj: bool = True) -> Pooled:
    """Pool independent studies' estimates, shape (k,), with their standard errors, by a random-effects model.

    Notes
    -----
    Weights ``1 / (se² + τ²)``. τ² by DerSimonian & Laird (1986, https://doi.org/10.1016/0197-2456(86)90046-2),
    restricted maximum likelihood, or Paule & Mandel; see Veroniki et al. (2016, https://doi.org/10.1002/jrsm.1164).
    HKSJ multiplies the variance of the mean by ``max(1, Σ w (y − ȳ)² / (k − 1))``, as metafor with ``test="adhoc"``,
    and refers to t(k − 1): agreement makes a mean no more certain than the studies' own errors allow (Knapp & Hartung
    2003, https://doi.org/10.1002/sim.1482). Without it τ² counts as known: 20 studies cover about 93 %, fewer less.

    Raises
    ------
    NotEstimable
        With fewer than two studies, or an error that is not positive.
    """
    y, variance = np.asarray(estimates, dtype=np.float64), np.asarray(std_errors, dtype=np.float64) ** 2
    _check_studies(y, np.asarray(std_errors, dtype=np.float64))
    k, tau2 = len(y), _tau2(y, variance, method)
    weights = 1 / (variance + tau2)
    weights, error, df = weights / weights.sum(), float(1 / np.sqrt(weights.sum())), math.inf
    mean, rule = float(weights @ y), Said("rule.named", name=method)
    if hksj:
        error *= math.sqrt(max(1.0, _q(y, variance, tau2) / (k - 1)))
        df, rule = k - 1.0, Said("rule.hksj", rule=rule)
    effect = wald(mean, error, rule=rule, n_obs=k, df=df, influence=weights * (y - mean))
    fixed, q = 1 / variance, _q(y, variance, 0.0)
    typical = (k - 1) * fixed.sum() / (fixed.sum() ** 2 - np.sum(fixed**2))
    return Pooled(effect, tau2, float(tau2 / (tau2 + typical)), q, float(stats.chi2.sf(q, k - 1)), k, hksj)


def _check_studies(y: Floats, errors: Floats) -> None:
    if y.ndim != 1 or y.shape != errors.shape or len(y) < 2:
        raise NotEstimable(
            Said("statistics.fewer_two_studies_show_no_spread"), Said("statistics.two_studies_more_each_error")
        )
    if not np.isfinite(y).all() or not ((errors > 0) & (errors < math.inf)).all():
        raise NotEstimable(
            Said("statistics.estimate_error_missing_error_not_positive"), Said("statistics.positive_standard_errors")
        )


def _q(y: Floats, variance: Floats, tau2: float) -> float:
    weights = 1 / (variance + tau2)
    return float(weights @ (y - weights @ y / weights.sum()) ** 2)


def _tau2(y: Floats, variance: Floats, method: Method) -> float:
    if method not in ("DL", "REML", "PM"):
        raise NotEstimable(Said("statistics.no_estimator_called", method=method), Said("statistics.dl_reml_pm"))
    fixed, excess = 1 / variance, _q(y, variance, 0.0) - (len(y) - 1)
    highest = float(100 * np.var(y, ddof=1) + variance.max())
    if method == "REML":
        return _reml(y, variance, highest)
    if method == "DL" or excess <= 0:
        return max(0.0, excess / float(fixed.sum() - np.sum(fixed**2) / fixed.sum()))
    return float(
        optimize.brentq(lambda tau2: _q(y, variance, tau2) - (len(y) - 1), 0, highest, xtol=1e-300, rtol=1e-13)
    )


def _reml(y: Floats, variance: Floats, highest: float) -> float:
    """Return the τ² of the highest restricted likelihood: best point of a grid, then the root of the slope there."""

    def log_likelihood(tau2: float) -> float:
        weights = 1 / (variance + tau2)
        return float(np.log(weights).sum() - np.log(weights.sum()) - _q(y, variance, tau2))

    def slope(tau2: float) -> float:
        weights = 1 / (variance + tau2)
        residuals = y - weights @ y / weights.sum()
        return float(np.sum((weights * residuals) ** 2) - weights.sum() + np.sum(weights**2) / weights.sum())

    grid = np.concatenate([[0.0], np.geomspace(variance.min() * 1e-6, highest, 300)])
    best = int(np.argmax([log_likelihood(tau2) for tau2 in grid]))
    low, high = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
    return float(optimize.brentq(slope, low, high, xtol=1e-300, rtol=1e-13)) if slope(low) > 0 > slope(high) else 0.0


@dataclass(frozen=True)
class Elicited:
    """A distribution fitted to an expert's quantiles.

    Parameters
    ----------
    predictive
        The fitted distribution.
    levels, values, fitted
        Shape (m,): the probabilities, the expert's values, the distribution's values at these probabilities.
    worst
        Largest misfit in probability, 0 to 1. In the tails a small one can be far in values: compare ``fitted``.
    """

    predictive: Predictive
    levels: Floats
    values: Floats
    fitted: Floats
    worst: float


def elicit(levels: Floats, values: Floats, family: Elicitable, *, low: float = 0.0, high: float = 1.0) -> Elicited:
    """Fit a declared family to an expert's quantiles by least squares on the probabilities.

    As in O'Hagan et al. (2006), Uncertain Judgements, https://doi.org/10.1002/0470033312.

    Parameters
    ----------
    levels, values
        Shape (m,): probabilities such as 0.05, 0.5, 0.95, and the expert's values at them.
    family, low, high
        ``normal``, ``lognormal`` and ``gamma`` (values above 0), ``beta`` (values inside ``low`` to ``high``).

    Raises
    ------
    NotEstimable
        If the quantiles do not rise with the probabilities, or lie outside the family's range, or fewer than two.
    """
    p, v = np.asarray(levels, dtype=np.float64), np.asarray(values, dtype=np.float64)
    _check_quantiles(p, v, family, low, high)
    ends = (low, high) if family == "beta" else ()

    def build(x: Floats) -> Predictive:
        first = x[0] if family in ("normal", "lognormal") else math.exp(x[0])
        return Predictive(family, (float(first), math.exp(x[1]), *ends))

    def misfit(x: Floats) -> Floats:
        return np.asarray(build(x).frozen().cdf(v) - p, dtype=np.float64)

    plain = v if family == "normal" else (v - low) / (high - low) if family == "beta" else np.log(v)
    start = _STARTS[family](plain, stats.norm.ppf(p))
    best = optimize.least_squares(misfit, start, x_scale="jac", xtol=1e-14, ftol=1e-14, gtol=1e-14)
    found = build(best.x)
    return Elicited(found, p, v, found.frozen().ppf(p), float(np.abs(found.frozen().cdf(v) - p).max()))


def _check_quantiles(p: Floats, v: Floats, family: Elicitable, low: float, high: float) -> None:
    if p.ndim != 1 or p.shape != v.shape or len(p) < 2 or not np.isfinite(v).all():
        raise NotEstimable(
            Said("statistics.fewer_two_quantiles_value_missing"), Said("statistics.two_levels_with_values")
        )
    if not ((p > 0) & (p < 1)).all() or (np.diff(p) <= 0).any() or (np.diff(v) <= 0).any():
        raise NotEstimable(Said("statistics.quantiles_do_not_rise"), Said("statistics.rising_levels_and_values"))
    if family not in _STARTS:
        raise NotEstimable(
            Said("statistics.family_cannot_elicited", family=family), Said("statistics.one_family", names=_STARTS)
        )
    ends = {"lognormal": (0.0, math.inf), "gamma": (0.0, math.inf), "beta": (low, high)}
    lowest, highest = ends.get(family, (-math.inf, math.inf))
    if not lowest < v[0] or not v[-1] < highest:
        raise NotEstimable(
            Said("statistics.value_lies_outside_range", lowest=lowest, highest=highest, family=family),
            Said("statistics.other_values"),
        )


def _start_beta(values: Floats, z: Floats) -> Floats:
    slope, middle = np.polyfit(z, values, 1)
    mean = float(np.clip(middle, 0.01, 0.99))
    total = max(mean * (1 - mean) / slope**2 - 1, 0.5)
    return np.array([math.log(mean * total), math.log((1 - mean) * total)])


def _start_gamma(logs: Floats, z: Floats) -> Floats:
    middle, log_spread = _start_normal(logs, z)
    return np.array([-2 * log_spread, middle + 2 * log_spread])


def _start_normal(values: Floats, z: Floats) -> Floats:
    slope, middle = np.polyfit(z, values, 1)
    return np.array([middle, math.log(slope)])


_STARTS = {"normal": _start_normal, "lognormal": _start_normal, "gamma": _start_gamma, "beta": _start_beta}
