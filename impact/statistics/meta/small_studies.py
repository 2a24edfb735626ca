"""Whether small studies show other effects than large ones: funnel, regression and rank correlation.

Asymmetry has many causes, of which unpublished results are one; below ten studies these tests have little power.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

from impact.errors import NotEstimable
from impact.statistics.core import CONFIDENCE, Estimate, Floats, floats, t_quantile, wald
from impact.statistics.linear.least_squares import Fit, fit
from impact.statistics.meta.between import Method, studies
from impact.statistics.meta.pooled import common_effect
from impact.statistics.meta.regression import CONSTANT, meta_regression
from impact.words.said import Remark, Said

FEWEST = 10
"""Studies below which a test of asymmetry is weak (Sterne et al. 2011, https://doi.org/10.1136/bmj.d4002)."""
Model = Literal["lm", "additive"]


@dataclass(frozen=True)
class Egger:
    """A regression of effects on their standard errors.

    Parameters
    ----------
    model
        ``lm``: spread multiplies the sampling variances, t(k − 2); ``additive``: τ² is added to them, z.
    slope
        Effect per unit of standard error; its test is that of asymmetry. Of ``y/se`` on ``1/se`` it is the intercept.
    limit
        Effect at a standard error of zero.
    k, weak, remark
        Studies; whether they are fewer than ten; a sentence that says so, or nothing.
    """

    model: Model
    slope: Estimate
    limit: Estimate
    k: int
    weak: bool
    remark: Remark


def egger(estimates: Floats, std_errors: Floats, *, model: Model = "lm", method: Method = "REML") -> Egger:
    """Test whether effects depend on their standard errors.

    Parameters
    ----------
    estimates, std_errors
        Shape (k,): in the unit of the effects.
    model
        ``lm`` as Egger et al.; ``additive`` as R's metafor does by default. The two give other p-values.
    method
        Estimator of τ² for ``additive``.

    Notes
    -----
    ``y = a + b se`` weighted by ``1/se²``, with the residual variance of that fit (Egger et al. 1997,
    https://doi.org/10.1136/bmj.315.7109.629), or by ``1/(se² + τ²)`` (Sterne & Egger 2005,
    https://doi.org/10.1002/0470870168.ch6). Effects whose error follows from their size, such as log odds ratios, are
    asymmetric by themselves.

    Raises
    ------
    NotEstimable
        With fewer than three studies, equal errors, or an error that is not positive.

    Examples
    --------
    >>> y, errors = np.array([0.1, 0.3, 0.2, 0.6]), np.array([0.1, 0.2, 0.3, 0.4])
    >>> found = egger(y, errors)
    >>> round(found.slope.estimate, 2), found.weak, str(found.remark)
    (1.29, True, 'weak: 4 studies, fewer than 10')
    """
    sample = studies(estimates, std_errors, fewest=3)
    errors = np.sqrt(sample.variance)
    slope_of = Said("meta.standard_error")
    if model == "lm":
        matrix = np.column_stack([np.ones(sample.k), errors])
        fitted = fit(sample.y, matrix, (CONSTANT, slope_of), weights=1 / sample.variance)
        limit, slope = _classical(fitted)
    elif model == "additive":
        found = meta_regression(sample.y, errors, errors[:, None], [slope_of], method=method, interval="z")
        limit, slope = found.coefficients
    else:
        raise NotEstimable(Said("meta.no_model_called", model=model), Said("meta.one_of", names=("lm", "additive")))
    return Egger(model, slope, limit, sample.k, sample.k < FEWEST, _weak(sample.k))


def _classical(fitted: Fit) -> tuple[Estimate, ...]:
    """Return both coefficients with the errors of weighted least squares, t(k − 2)."""
    df = fitted.n - fitted.k
    variance = fitted.weights @ fitted.residuals**2 / df
    errors = np.sqrt(variance * np.diag(fitted.bread))
    rule = Said("rule.classical")
    numbers = zip(fitted.params, errors, strict=True)
    return tuple(wald(value, error, rule=rule, n_obs=fitted.n, df=df) for value, error in numbers)


@dataclass(frozen=True)
class RankTest:
    """Rank correlation of effects and their variances.

    Parameters
    ----------
    tau, p_value
        Kendall's τ_b, and the p-value that there is no correlation.
    exact
        Whether the p-value is exact (no ties, fewer than 50 studies), or of the normal approximation.
    k, weak, remark
        Studies; whether they are fewer than ten; a sentence that says so, or nothing.
    """

    tau: float
    p_value: float
    exact: bool
    k: int
    weak: bool
    remark: Remark


def rank_test(estimates: Floats, std_errors: Floats) -> RankTest:
    """Test whether effects are correlated with their variances, by ranks.

    Parameters
    ----------
    estimates, std_errors
        Shape (k,): in the unit of the effects.

    Notes
    -----
    Kendall's τ_b of ``(y − m)/√(s² − 1/Σw)`` and ``s²``, m the mean with weights ``w = 1/s²``; without correction for
    continuity (Begg & Mazumdar 1994, https://doi.org/10.2307/2533446).

    Raises
    ------
    NotEstimable
        With fewer than three studies, an error that is not positive, or errors (effects) that are all equal.

    Examples
    --------
    >>> found = rank_test(np.array([0.1, 0.3, 0.2, 0.6]), np.array([0.1, 0.2, 0.3, 0.4]))
    >>> round(found.tau, 2), round(found.p_value, 2), found.exact
    (0.67, 0.33, True)
    """
    sample = studies(estimates, std_errors, fewest=3)
    weights = 1 / sample.variance
    total = weights.sum()
    centred = sample.y - weights @ sample.y / total
    deviates = centred / np.sqrt(sample.variance - 1 / total)
    distinct = len(np.unique(deviates)), len(np.unique(sample.variance))
    if min(distinct) < 2 or np.ptp(sample.y) == 0:
        raise NotEstimable(Said("meta.nothing_to_rank"), Said("meta.studies_that_differ"))
    exact = min(distinct) == sample.k < 50
    found = stats.kendalltau(deviates, sample.variance, method="exact" if exact else "asymptotic")
    tau, p_value = float(found.statistic), float(found.pvalue)
    return RankTest(tau, p_value, exact, sample.k, sample.k < FEWEST, _weak(sample.k))


@dataclass(frozen=True, eq=False)
class Funnel:
    """The points of a funnel plot, and the region where they would lie without any spread between studies.

    Parameters
    ----------
    effects, std_errors
        Shape (k,): the points.
    centre
        The mean with weights ``1/se²``.
    low, high
        Shape (k,): ``centre ± 1.96 se``, at the error of each study.
    outside
        Shape (k,): whether the study lies outside.
    """

    effects: Floats
    std_errors: Floats
    centre: float
    low: Floats
    high: Floats
    outside: tuple[bool, ...]


def funnel(estimates: Floats, std_errors: Floats) -> Funnel:
    """Return what a funnel plot shows.

    Parameters
    ----------
    estimates, std_errors
        Shape (k,): in the unit of the effects.

    Notes
    -----
    Around the common effect, so that it is large studies that say where the middle is (Sterne & Egger 2001,
    https://doi.org/10.1016/S0895-4356(01)00377-8).

    Raises
    ------
    NotEstimable
        With fewer than two studies, or an error that is not positive.

    Examples
    --------
    >>> found = funnel(np.array([0.1, 0.3, 0.9]), np.array([0.1, 0.2, 0.3]))
    >>> round(found.centre, 2), found.outside
    (0.2, (False, False, True))
    """
    sample = studies(estimates, std_errors)
    errors = floats(np.sqrt(sample.variance))
    centre = common_effect(estimates, std_errors).estimate
    half = t_quantile(0.5 + CONFIDENCE / 2, math.inf) * errors
    outside = np.abs(sample.y - centre) > half
    return Funnel(sample.y, errors, centre, centre - half, centre + half, tuple(outside.tolist()))


def _weak(k: int) -> Remark:
    """Return the sentence that a test is weak, if it is."""
    return Said("meta.few_studies", k=k, fewest=FEWEST) if k < FEWEST else ""
