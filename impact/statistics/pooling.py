"""Studies pooled: a random-effects mean of estimates with their errors, and how effects spread between studies.

Returns the predictive distribution of :mod:`impact.statistics.forecast` for a new study of the same kind.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import optimize, stats

from impact.errors import NotEstimable
from impact.statistics.core import Estimate, Floats, floats, wald
from impact.statistics.forecast import Predictive
from impact.words.said import Said

Method = Literal["DL", "REML", "PM"]


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
        between = math.sqrt(self.tau2)
        scale = math.hypot(between, self.effect.std_error)
        return Predictive("t", (self.effect.estimate, scale, float(df)))


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
    y = floats(estimates)
    errors = floats(std_errors)
    _check_studies(y, errors)
    variance = errors**2
    k = len(y)
    tau2 = _tau2(y, variance, method)
    weights = 1 / (variance + tau2)
    total = weights.sum()
    shares = weights / total
    error = float(1 / np.sqrt(total))
    df = math.inf
    mean, rule = float(shares @ y), Said("rule.named", name=method)
    if hksj:
        spread = _q(y, variance, tau2) / (k - 1)
        error *= math.sqrt(max(1.0, spread))
        df, rule = k - 1.0, Said("rule.hksj", rule=rule)
    influence = shares * (y - mean)
    effect = wald(mean, error, rule=rule, n_obs=k, df=df, influence=influence)
    # I² = τ² / (τ² + s²), s² the typical variance within studies (Higgins and Thompson)
    q = _q(y, variance, 0.0)
    i2 = float(tau2 / (tau2 + _typical_variance(variance)))
    p_value = float(stats.chi2.sf(q, k - 1))
    return Pooled(effect, tau2, i2, q, p_value, k, hksj)


def _typical_variance(variance: Floats) -> float:
    """Return ``(k − 1) Σw / ((Σw)² − Σw²)`` with ``w = 1/s²``."""
    fixed = 1 / variance
    total = fixed.sum()
    squares = np.sum(fixed**2)
    return float((len(fixed) - 1) * total / (total**2 - squares))


def _check_studies(y: Floats, errors: Floats) -> None:
    """Refuse fewer than two studies, and errors that are not positive."""
    if y.ndim != 1 or y.shape != errors.shape or len(y) < 2:
        raise NotEstimable(
            Said("statistics.fewer_two_studies_show_no_spread"), Said("statistics.two_studies_more_each_error")
        )
    if not np.isfinite(y).all() or not ((errors > 0) & (errors < math.inf)).all():
        raise NotEstimable(
            Said("statistics.estimate_error_missing_error_not_positive"), Said("statistics.positive_standard_errors")
        )


def _q(y: Floats, variance: Floats, tau2: float) -> float:
    """Return Cochran's Q under a variance between studies."""
    weights = 1 / (variance + tau2)
    mean = weights @ y / weights.sum()
    return float(weights @ (y - mean) ** 2)


def _tau2(y: Floats, variance: Floats, method: Method) -> float:
    """Return the variance between studies by DerSimonian and Laird, Paule and Mandel, or restricted likelihood."""
    if method not in ("DL", "REML", "PM"):
        raise NotEstimable(Said("statistics.no_estimator_called", method=method), Said("statistics.dl_reml_pm"))
    df = len(y) - 1
    excess = _q(y, variance, 0.0) - df
    spread = np.var(y, ddof=1)
    highest = float(100 * spread + variance.max())
    if method == "REML":
        return _reml(y, variance, highest)
    if method == "DL" or excess <= 0:
        fixed = 1 / variance
        total = fixed.sum()
        overlap = np.sum(fixed**2) / total
        return max(0.0, excess / float(total - overlap))
    root = optimize.brentq(lambda tau2: _q(y, variance, tau2) - df, 0, highest, xtol=1e-300, rtol=1e-13)
    return float(root)


def _reml(y: Floats, variance: Floats, highest: float) -> float:
    """Return the τ² of the highest restricted likelihood: best point of a grid, then the root of the slope there."""

    def log_likelihood(tau2: float) -> float:
        weights = 1 / (variance + tau2)
        determinant = np.log(weights).sum() - np.log(weights.sum())
        return float(determinant - _q(y, variance, tau2))

    def slope(tau2: float) -> float:
        weights = 1 / (variance + tau2)
        total = weights.sum()
        residuals = y - weights @ y / total
        squares = np.sum((weights * residuals) ** 2)
        return float(squares - total + np.sum(weights**2) / total)

    grid = np.concatenate([[0.0], np.geomspace(variance.min() * 1e-6, highest, 300)])
    best = int(np.argmax([log_likelihood(tau2) for tau2 in grid]))
    low = grid[max(best - 1, 0)]
    high = grid[min(best + 1, len(grid) - 1)]
    if not slope(low) > 0 > slope(high):
        return 0.0
    return float(optimize.brentq(slope, low, high, xtol=1e-300, rtol=1e-13))
