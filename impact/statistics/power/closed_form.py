"""Power and minimum detectable effect in closed form, before the money is spent.

Every test is described by a :class:`Precision` (the standard error its estimate will have, and its degrees of freedom)
or by a noncentral distribution. :func:`solve` turns any of the power functions around, for a sample size or an effect.
Designs that have no closed form are simulated in :mod:`impact.statistics.power.simulation`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy import optimize, stats

from impact.errors import NotEstimable
from impact.statistics.core import Floats, floats, t_quantile
from impact.statistics.power.limits import STRICT_F, as_probability, refuse_outside, tail_level
from impact.words.said import Said, Text

LARGEST = 1e9
Waves = Literal["exchangeable", "ar1"]
Analysis = Literal["post", "change", "ancova"]
ANALYSES = {"post": Said("power.post"), "change": Said("power.change"), "ancova": Said("power.ancova")}


@dataclass(frozen=True)
class Precision:
    """How precise an estimate will be.

    Parameters
    ----------
    std_error
        In the unit of the outcome.
    df
        Degrees of freedom of its t test; ``inf`` for the normal.
    """

    std_error: float
    df: float = math.inf

    def scaled(self, variance_factor: float) -> Precision:
        """Return the precision with the variance multiplied: a design effect, 1 − R², 1 − n/N, a panel factor.

        Examples
        --------
        >>> Precision(1.0).scaled(4.0).std_error
        2.0
        """
        refuse_outside(Said("power.variance_factor"), 0, math.inf, variance_factor)
        return replace(self, std_error=self.std_error * math.sqrt(variance_factor))


def power(effect: float, precision: Precision, *, alpha: float = 0.05, sides: int = 2, strict: bool = True) -> float:
    """Return the power of the t (or normal) test of an estimate with this precision.

    Parameters
    ----------
    effect
        True effect in the unit of the standard error. A one-sided test looks for a positive effect.
    precision
        Standard error and degrees of freedom, taken as known.
    alpha, sides
        Significance level of the test; 1 or 2 sides.
    strict
        Whether a two-sided rejection in the wrong direction counts, as in R's ``pwr`` and ``strict = TRUE``.

    Notes
    -----
    ``P(T > t) + P(T < −t)`` with ``T`` noncentral t, noncentrality ``effect / std_error``, and ``t`` the upper
    ``alpha / sides`` quantile. Assumes a normal estimate with an independent χ² variance estimate. Cohen (1988),
    Statistical Power Analysis. https://doi.org/10.4324/9780203771587

    Raises
    ------
    NotEstimable
        Without a positive standard error or degrees of freedom, or with an impossible level.

    Examples
    --------
    >>> round(power(0.5, two_means(64, 64)), 3)
    0.801
    """
    level = tail_level(alpha, sides)
    _check(effect, precision)
    df = precision.df
    threshold = t_quantile(1 - level, df)
    size = effect if sides == 1 else abs(effect)
    shift = size / precision.std_error
    reached = _upper_tail(threshold, df, shift)
    if sides == 2 and strict:
        return reached + _upper_tail(threshold, df, -shift)
    return reached


def _check(effect: float, precision: Precision) -> None:
    if not math.isfinite(effect):
        raise NotEstimable(Said("power.effect_not_finite_number"), Said("power.effect_unit_outcome"))
    if not precision.std_error > 0 or not math.isfinite(precision.std_error):
        raise NotEstimable(Said("power.standard_error_not_positive_number"), Said("checks.outcome_varies"))
    if not precision.df > 0:
        raise NotEstimable(
            Said("statistics.no_degrees_freedom_left"), Said("power.more_persons_clusters_fewer_covariates")
        )


def _upper_tail(threshold: float, df: float, shift: float) -> float:
    """Return P(T > threshold), a noncentral t; the lower tail is asked by its mirror, where SciPy gives no NaN."""
    if df > LARGEST:
        return as_probability(float(stats.norm.sf(threshold - shift)))
    tail = stats.nct.sf(threshold, df, shift)
    return as_probability(float(tail))


def minimum_detectable_effect(
    precision: Precision, *, target: float = 0.8, alpha: float = 0.05, sides: int = 2, bloom: bool = False
) -> float:
    """Return the smallest positive effect found with the target power, which must exceed ``alpha``.

    With ``bloom``, his multiplier ``(t_α + t_power) · std_error`` (1995, https://doi.org/10.1177/0193841X9501900504)
    instead of the exact noncentral t.

    Examples
    --------
    >>> round(minimum_detectable_effect(two_means(64, 64)), 2)
    0.5
    """
    level = tail_level(alpha, sides)
    refuse_outside(Said("power.target_power"), alpha, 1, target, ends=STRICT_F)
    _check(0.0, precision)
    if bloom:
        multiplier = t_quantile(1 - level, precision.df) + t_quantile(target, precision.df)
        return multiplier * precision.std_error
    unit = replace(precision, std_error=1.0)
    effect = solve(
        lambda size: power(size, unit, alpha=alpha, sides=sides), target, low=0, what=Said("power.effect_sought")
    )
    return effect * precision.std_error


def solve(
    function: Callable[[float], float], target: float = 0.8, *, low: float = 2.0, high: float = LARGEST, what: Text
) -> float:
    """Return the smallest value at which a rising power function reaches its target.

    The number is a sample size, a number of clusters, an effect; it is not rounded. ``what`` names it in messages. If
    ``low`` already reaches the target, it is the answer.

    Raises
    ------
    NotEstimable
        If no value up to ``high`` reaches the target.

    Examples
    --------
    >>> round(solve(lambda n: power(0.5, two_means(n, n)), 0.8, what="persons per arm"), 1)
    63.8
    """
    refuse_outside(Said("power.target_power"), 0, 1, target, ends=STRICT_F)
    if function(low) >= target:
        return float(low)
    lower, upper = low, min(high, max(2 * low, 1.0))
    while function(upper) < target:
        if upper >= high:
            reached = Said("power.target_not_reached", what=what, high=high, target=target, reached=function(high))
            raise NotEstimable(reached, Said("power.larger_effect_or_more_clusters"))
        lower, upper = upper, min(high, 2 * upper)
    return float(optimize.brentq(lambda x: function(x) - target, lower, upper, xtol=1e-12, rtol=1e-14))


def two_means(
    n_treated: float, n_comparison: float, *, sd: float = 1.0, sd_comparison: float | None = None
) -> Precision:
    """Return the precision of a difference of two means; Welch's df if the standard deviations differ.

    Examples
    --------
    >>> two_means(50, 50, sd=10.0)
    Precision(std_error=2.0, df=98)
    """
    sd0 = sd if sd_comparison is None else sd_comparison
    if min(n_treated, n_comparison) < 1 or n_treated + n_comparison <= 2:
        raise NotEstimable(Said("power.arm_is_empty"), Said("power.two_persons_more_each_arm"))
    refuse_outside(Said("power.standard_deviation"), 0, math.inf, sd, sd0, ends=STRICT_F)
    v1, v0 = sd**2 / n_treated, sd0**2 / n_comparison
    error = math.sqrt(v1 + v0)
    if sd_comparison is None:
        return Precision(error, n_treated + n_comparison - 2)
    if min(n_treated, n_comparison) <= 1:
        raise NotEstimable(Said("power.arm_one_has_no_variance_own"), Said("power.two_persons_more_each_arm"))
    # Welch–Satterthwaite
    denominator = v1**2 / (n_treated - 1) + v0**2 / (n_comparison - 1)
    return Precision(error, (v1 + v0) ** 2 / denominator)


def one_mean(n: float, *, sd: float = 1.0) -> Precision:
    """Return the precision of one mean, or of the mean of paired differences with standard deviation ``sd``.

    Examples
    --------
    >>> one_mean(25, sd=10.0)
    Precision(std_error=2.0, df=24)
    """
    refuse_outside(Said("power.sample_size"), 1, math.inf, n, ends=STRICT_F)
    refuse_outside(Said("power.standard_deviation"), 0, math.inf, sd, ends=STRICT_F)
    error = sd / math.sqrt(n)
    return Precision(error, n - 1)


def cluster_means(
    treated: float,
    comparison: float,
    size: float,
    *,
    icc: float,
    sd: float = 1.0,
    cv_size: float = 0.0,
    r2_cluster: float = 0.0,
    r2_person: float = 0.0,
    covariates: int = 0,
) -> Precision:
    """Return the precision of a cluster-randomised trial.

    Parameters
    ----------
    treated, comparison
        Number of clusters in each arm, two or more.
    size
        Mean number of persons in a cluster.
    icc
        Intracluster correlation: share of the outcome's variance between clusters.
    sd
        Standard deviation of the outcome over persons.
    cv_size
        Coefficient of variation of the cluster sizes.
    r2_cluster, r2_person
        Share of the variance between and within clusters that covariates explain.
    covariates
        Covariates at the level of clusters; each costs one of the ``treated + comparison − 2`` degrees of freedom.

    Notes
    -----
    ``sd² (1/Jt + 1/Jc) [icc (1 − R²c) (1 + cv²) + (1 − icc)(1 − R²p) / size]``: for equal sizes without covariates
    the variance of a simple trial times the design effect ``1 + (size − 1) icc``. Means weigh persons equally. Bloom,
    Richburg-Hayes & Black (2007), https://doi.org/10.3102/0162373707299550; unequal sizes: Eldridge, Ashby & Kerry
    (2006), https://doi.org/10.1093/ije/dyl129.

    Raises
    ------
    NotEstimable
        With one cluster in an arm, or impossible shares.

    Examples
    --------
    >>> round(cluster_means(10, 10, 20, icc=0.05).std_error, 3)
    0.14
    """
    if min(treated, comparison) < 2:
        raise NotEstimable(
            Said("power.arm_one_cluster_confounds_programme_place"), Said("power.two_clusters_more_each_arm")
        )
    refuse_outside(Said("power.intracluster_correlation"), 0, 1, icc)
    refuse_outside(Said("power.r_squared"), 0, 1, r2_cluster, r2_person)
    refuse_outside(Said("power.cluster_size"), 1, math.inf, size)
    refuse_outside(Said("power.coefficient_of_variation"), 0, math.inf, cv_size)
    refuse_outside(Said("power.standard_deviation"), 0, math.inf, sd, ends=STRICT_F)
    unexplained_between = 1 - r2_cluster
    unequal = 1 + cv_size**2
    between = icc * unexplained_between * unequal
    unexplained_within = 1 - r2_person
    within = (1 - icc) * unexplained_within / size
    per_cluster = 1 / treated + 1 / comparison
    variance = sd**2 * per_cluster * (between + within)
    n_clusters = treated + comparison
    df = n_clusters - 2 - covariates
    return Precision(math.sqrt(variance), df)


def wave_correlation(waves: int, autocorrelation: float, structure: Waves = "exchangeable") -> Floats:
    """Return the correlations of an outcome between waves, shape (waves, waves): one for all, or ρ^lag.

    Examples
    --------
    >>> wave_correlation(3, 0.5, "ar1").tolist()
    [[1.0, 0.5, 0.25], [0.5, 1.0, 0.5], [0.25, 0.5, 1.0]]
    """
    refuse_outside(Said("power.autocorrelation"), -1, 1, autocorrelation)
    order = np.arange(waves)
    lag = np.abs(np.subtract.outer(order, order))
    if structure == "exchangeable":
        correlation = np.where(lag == 0, 1.0, autocorrelation)
    else:
        correlation = float(autocorrelation) ** lag
    if np.linalg.eigvalsh(correlation)[0] < -1e-12:
        raise NotEstimable(
            Said("power.waves_cannot_all_correlate", waves=waves, autocorrelation=autocorrelation),
            Said("power.higher_autocorrelation"),
        )
    return floats(correlation)


def panel_factor(correlation: Floats, pre: int, analysis: Analysis) -> float:
    """Return what repeated waves multiply the variance of an effect by, against one wave after.

    Parameters
    ----------
    correlation
        Between waves, shape (m + r, m + r): m waves before, then r after.
    pre
        How many of the waves, the first ones, come before treatment.
    analysis
        ``post``: mean of the waves after; ``change``: difference-in-differences of the means after and before;
        ``ancova``: mean after, adjusted for the mean before.

    Notes
    -----
    With ``a`` the variance of the mean after, ``b`` of the mean before and ``c`` their covariance: ``a``;
    ``a + b − 2c``; ``a − c² / b`` (ANCOVA also costs a degree of freedom). The same ``sd`` holds in every wave.
    Frison & Pocock (1992), https://doi.org/10.1002/sim.4780111304; McKenzie (2012), https://doi.org/10.1016/j.jdeveco.2012.01.002.

    Raises
    ------
    NotEstimable
        Without a wave before (for change and ANCOVA) or after, or if nothing is left to vary.

    Examples
    --------
    >>> panel_factor(wave_correlation(2, 0.5), 1, "ancova")
    0.75
    """
    waves = len(correlation)
    nothing_before = pre == 0 and analysis != "post"
    if not 0 <= pre < waves or nothing_before:
        raise NotEstimable(
            Said("power.waves_before_has_nothing_compare", analysis=ANALYSES[analysis], pre=pre, waves=waves),
            Said("power.waves_each_side"),
        )
    # Variance of the mean after, of the mean before, and their covariance, in units of one wave's variance
    of_post = float(correlation[pre:, pre:].mean())
    if analysis == "post":
        return of_post
    of_pre = float(correlation[:pre, :pre].mean())
    both = float(correlation[:pre, pre:].mean())
    factor = of_post + of_pre - 2 * both if analysis == "change" else of_post - both**2 / of_pre
    if not factor > 1e-12:
        raise NotEstimable(
            Said("power.waves_correlate_perfectly_leave_no_variance"), Said("power.autocorrelation_below_1")
        )
    return factor


def itt_effect(effect: float, take_up: float, take_up_comparison: float = 0.0) -> float:
    """Return the effect of the offer: the effect on those who take it up, diluted by the difference in take-up.

    Examples
    --------
    >>> itt_effect(10.0, 0.8, 0.1)
    7.000000000000001
    """
    refuse_outside(Said("power.take_up"), 0, 1, take_up, take_up_comparison)
    return effect * (take_up - take_up_comparison)


def retained(n: float, attrition: float) -> float:
    """Return how many of n are still observed after a share is lost.

    Examples
    --------
    >>> retained(200, 0.25)
    150.0
    """
    refuse_outside(Said("power.attrition"), 0, 1, attrition)
    return n * (1 - attrition)


def recruited(n: float, attrition: float) -> float:
    """Return how many to recruit so that n are observed after a share is lost.

    Examples
    --------
    >>> recruited(150, 0.25)
    200.0
    """
    if not 0 <= attrition < 1:
        raise NotEstimable(
            Said("power.attrition_leaves_no_one", attrition=attrition), Said("power.attrition_0_below_1")
        )
    return n / (1 - attrition)
