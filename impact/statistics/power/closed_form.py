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
from impact.statistics.core import Floats, t_quantile
from impact.words.said import Said, Text

LARGEST = 1e9
Waves = Literal["exchangeable", "ar1"]
Analysis = Literal["post", "change", "ancova"]
ANALYSES = {"post": Said("power.post"), "change": Said("power.change"), "ancova": Said("power.ancova")}
FROM_TO, STRICT, STRICT_F = "power.from_to", "power.strictly_between", "power.strictly_between_f"
"""Which ends are possible values; strictly between agrees with the noun's gender, where a language has one."""


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
        """Return the precision with the variance multiplied: a design effect, 1 − R², 1 − n/N, a panel factor."""
        _within(Said("power.variance_factor"), 0, math.inf, variance_factor)
        return replace(self, std_error=self.std_error * math.sqrt(variance_factor))


def _within(what: Said, low: float, high: float, *values: float, ends: str = FROM_TO) -> None:
    for value in values:
        inside = low <= value <= high if ends == FROM_TO else low < value < high
        if not inside or math.isinf(value):
            raise NotEstimable(
                Said("power.impossible", what=what, value=value), Said(ends, what=what, low=low, high=high)
            )


def _level(alpha: float, sides: int) -> float:
    _within(Said("power.significance_level"), 0, 1, alpha, ends=STRICT)
    if sides not in (1, 2):
        raise NotEstimable(Said("power.test_sides_does_not_exist", sides=sides), Said("power.one_two_sides"))
    return alpha / sides


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
    """
    level = _level(alpha, sides)
    _check(effect, precision)
    threshold = t_quantile(1 - level, precision.df)
    shift = effect / precision.std_error if sides == 1 else abs(effect) / precision.std_error
    reached = _upper_tail(threshold, precision.df, shift)
    return reached + (_upper_tail(threshold, precision.df, -shift) if sides == 2 and strict else 0.0)


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
    tail = stats.norm.sf(threshold - shift) if df > LARGEST else stats.nct.sf(threshold, df, shift)
    return _number(float(tail))


def _number(probability: float) -> float:
    if not math.isfinite(probability):
        raise NotEstimable(
            Said("power.noncentral_distribution_could_not_evaluated_here"), Said("power.less_extreme_design")
        )
    return min(max(probability, 0.0), 1.0)


def minimum_detectable_effect(
    precision: Precision, *, target: float = 0.8, alpha: float = 0.05, sides: int = 2, bloom: bool = False
) -> float:
    """Return the smallest positive effect found with the target power, which must exceed ``alpha``.

    With ``bloom``, his multiplier ``(t_α + t_power) · std_error`` (1995, https://doi.org/10.1177/0193841X9501900504)
    instead of the exact noncentral t.
    """
    level = _level(alpha, sides)
    _within(Said("power.target_power"), alpha, 1, target, ends=STRICT_F)
    _check(0.0, precision)
    if bloom:
        return (t_quantile(1 - level, precision.df) + t_quantile(target, precision.df)) * precision.std_error
    unit = replace(precision, std_error=1.0)
    found = solve(
        lambda effect: power(effect, unit, alpha=alpha, sides=sides), target, low=0, what=Said("power.effect_sought")
    )
    return found * precision.std_error


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
    """
    _within(Said("power.target_power"), 0, 1, target, ends=STRICT_F)
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
    """Return the precision of a difference of two means; Welch's df if the standard deviations differ."""
    other = sd if sd_comparison is None else sd_comparison
    if min(n_treated, n_comparison) < 1 or n_treated + n_comparison <= 2:
        raise NotEstimable(Said("power.arm_is_empty"), Said("power.two_persons_more_each_arm"))
    _within(Said("power.standard_deviation"), 0, math.inf, sd, other, ends=STRICT_F)
    parts = sd**2 / n_treated, other**2 / n_comparison
    if sd_comparison is None:
        return Precision(math.sqrt(sum(parts)), n_treated + n_comparison - 2)
    if min(n_treated, n_comparison) <= 1:
        raise NotEstimable(Said("power.arm_one_has_no_variance_own"), Said("power.two_persons_more_each_arm"))
    df = sum(parts) ** 2 / (parts[0] ** 2 / (n_treated - 1) + parts[1] ** 2 / (n_comparison - 1))
    return Precision(math.sqrt(sum(parts)), df)


def one_mean(n: float, *, sd: float = 1.0) -> Precision:
    """Return the precision of one mean, or of the mean of paired differences with standard deviation ``sd``."""
    _within(Said("power.sample_size"), 1, math.inf, n, ends=STRICT_F)
    _within(Said("power.standard_deviation"), 0, math.inf, sd, ends=STRICT_F)
    return Precision(sd / math.sqrt(n), n - 1)


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
        Clusters in each arm.
    size
        Mean persons per cluster.
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
    """
    if min(treated, comparison) < 2:
        raise NotEstimable(
            Said("power.arm_one_cluster_confounds_programme_place"), Said("power.two_clusters_more_each_arm")
        )
    _within(Said("power.intracluster_correlation"), 0, 1, icc)
    _within(Said("power.r_squared"), 0, 1, r2_cluster, r2_person)
    _within(Said("power.cluster_size"), 1, math.inf, size)
    _within(Said("power.coefficient_of_variation"), 0, math.inf, cv_size)
    _within(Said("power.standard_deviation"), 0, math.inf, sd, ends=STRICT_F)
    between = icc * (1 - r2_cluster) * (1 + cv_size**2)
    within = (1 - icc) * (1 - r2_person) / size
    variance = sd**2 * (1 / treated + 1 / comparison) * (between + within)
    return Precision(math.sqrt(variance), treated + comparison - 2 - covariates)


def wave_correlation(waves: int, autocorrelation: float, structure: Waves = "exchangeable") -> Floats:
    """Return the correlations of an outcome between waves, shape (waves, waves): one for all, or ρ^lag."""
    _within(Said("power.autocorrelation"), -1, 1, autocorrelation)
    lag = np.abs(np.subtract.outer(np.arange(waves), np.arange(waves)))
    found = np.where(lag == 0, 1.0, autocorrelation) if structure == "exchangeable" else float(autocorrelation) ** lag
    if np.linalg.eigvalsh(found)[0] < -1e-12:
        raise NotEstimable(
            Said("power.waves_cannot_all_correlate", waves=waves, autocorrelation=autocorrelation),
            Said("power.higher_autocorrelation"),
        )
    return np.asarray(found, dtype=np.float64)


def panel_factor(correlation: Floats, pre: int, analysis: Analysis) -> float:
    """Return what repeated waves multiply the variance of an effect by, against one wave after.

    Parameters
    ----------
    correlation
        Between waves, shape (m + r, m + r): m waves before, then r after.
    pre
        m, the waves before.
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
    """
    waves = len(correlation)
    if not 0 <= pre < waves or (pre == 0 and analysis != "post"):
        raise NotEstimable(
            Said("power.waves_before_has_nothing_compare", analysis=ANALYSES[analysis], pre=pre, waves=waves),
            Said("power.waves_each_side"),
        )
    after = float(correlation[pre:, pre:].mean())
    if analysis == "post":
        return after
    before, both = float(correlation[:pre, :pre].mean()), float(correlation[:pre, pre:].mean())
    factor = after + before - 2 * both if analysis == "change" else after - both**2 / before
    if not factor > 1e-12:
        raise NotEstimable(
            Said("power.waves_correlate_perfectly_leave_no_variance"), Said("power.autocorrelation_below_1")
        )
    return factor


def itt_effect(effect: float, take_up: float, take_up_comparison: float = 0.0) -> float:
    """Return the effect of the offer: the effect on those who take it up, diluted by the difference in take-up."""
    _within(Said("power.take_up"), 0, 1, take_up, take_up_comparison)
    return effect * (take_up - take_up_comparison)


def retained(n: float, attrition: float) -> float:
    """Return how many of n are still observed after a share is lost."""
    _within(Said("power.attrition"), 0, 1, attrition)
    return n * (1 - attrition)


def recruited(n: float, attrition: float) -> float:
    """Return how many to recruit so that n are observed after a share is lost."""
    if not 0 <= attrition < 1:
        raise NotEstimable(
            Said("power.attrition_leaves_no_one", attrition=attrition), Said("power.attrition_0_below_1")
        )
    return n / (1 - attrition)


def _proportion_errors(
    p_treated: float, p_comparison: float, n_treated: float, n_comparison: float
) -> tuple[float, float]:
    """Return the standard error of a difference of proportions under the null (pooled) and under the effect."""
    _within(Said("power.proportion"), 0, 1, p_treated, p_comparison)
    _within(Said("power.arm"), 0, math.inf, n_treated, n_comparison, ends=STRICT)
    pooled = (p_treated * n_treated + p_comparison * n_comparison) / (n_treated + n_comparison)
    null = math.sqrt(pooled * (1 - pooled) * (1 / n_treated + 1 / n_comparison))
    variance = p_treated * (1 - p_treated) / n_treated + p_comparison * (1 - p_comparison) / n_comparison
    if not variance > 0:
        raise NotEstimable(
            Said("power.both_proportions_0_1_nothing_varies"), Said("power.proportion_strictly_between_0_1")
        )
    return null, math.sqrt(variance)


def power_proportions(
    p_treated: float,
    p_comparison: float,
    n_treated: float,
    n_comparison: float,
    *,
    alpha: float = 0.05,
    sides: int = 2,
    strict: bool = False,
) -> float:
    """Return the power of the pooled z test of two proportions, as R's ``power.prop.test`` (``strict = FALSE``).

    Notes
    -----
    ``Φ((|p1 − p2| − z se0) / se1)`` with ``se0`` pooled and ``se1`` unpooled. A one-sided test looks for an increase.
    """
    threshold = float(stats.norm.isf(_level(alpha, sides)))
    null, spread = _proportion_errors(p_treated, p_comparison, n_treated, n_comparison)
    difference = p_treated - p_comparison if sides == 1 else abs(p_treated - p_comparison)
    reached = float(stats.norm.sf((threshold * null - difference) / spread))
    return reached + (float(stats.norm.sf((threshold * null + difference) / spread)) if sides == 2 and strict else 0.0)


def cohen_h(p_treated: float, p_comparison: float) -> float:
    """Return Cohen's h, ``2 asin √p1 − 2 asin √p2``, an effect whose precision :func:`arcsine` gives."""
    _within(Said("power.proportion"), 0, 1, p_treated, p_comparison)
    return 2 * math.asin(math.sqrt(p_treated)) - 2 * math.asin(math.sqrt(p_comparison))


def arcsine(n_treated: float, n_comparison: float) -> Precision:
    """Return the precision of Cohen's h: standard error ``√(1/n1 + 1/n2)``, normal."""
    _within(Said("power.arm"), 0, math.inf, n_treated, n_comparison, ends=STRICT)
    return Precision(math.sqrt(1 / n_treated + 1 / n_comparison))


def power_anova(f: float, n: float, groups: int, *, alpha: float = 0.05) -> float:
    """Return the power of a one-way ANOVA: Cohen's f, ``n`` persons in each of k groups; noncentrality ``k n f²``."""
    return _power_f(groups * n * f**2, groups - 1, groups * (n - 1), alpha)


def power_regression(f2: float, tested: int, residual_df: float, *, alpha: float = 0.05) -> float:
    """Return the power of the F test of u coefficients with v residual df; noncentrality ``f² (u + v + 1)``."""
    return _power_f(f2 * (tested + residual_df + 1), tested, residual_df, alpha)


def _power_f(shift: float, df1: float, df2: float, alpha: float) -> float:
    _level(alpha, 1)
    _within(Said("power.effect"), 0, math.inf, shift)
    if min(df1, df2) <= 0:
        raise NotEstimable(Said("statistics.no_degrees_freedom_left"), Said("power.two_groups_more_more_persons"))
    threshold = stats.f.isf(alpha, df1, df2)
    return alpha if shift == 0 else _number(float(stats.ncf.sf(threshold, df1, df2, shift)))  # SciPy errs at shift 0


def power_chi2(w: float, n: float, df: int, *, alpha: float = 0.05) -> float:
    """Return the power of a χ² test: Cohen's w, noncentrality ``n w²``."""
    _level(alpha, 1)
    _within(Said("power.effect"), 0, math.inf, w)
    if n <= 0 or df <= 0:
        raise NotEstimable(Said("power.no_persons_degrees_freedom_left"), Said("power.table_two_rows_columns_more"))
    return _number(float(stats.ncx2.sf(stats.chi2.isf(alpha, df), df, n * w**2)))


def power_correlation(r: float, n: float, *, alpha: float = 0.05) -> float:
    """Return the power of the two-sided test of a correlation, by Fisher's z with its bias term ``r / (2(n − 1))``."""
    level = _level(alpha, 2)
    _within(Said("power.correlation"), -1, 1, r, ends=STRICT_F)
    _within(Said("power.sample_size"), 3, math.inf, n, ends=STRICT_F)
    t = t_quantile(1 - level, n - 2)
    critical = math.atanh(t / math.sqrt(t**2 + n - 2))
    shift = math.atanh(abs(r)) + abs(r) / (2 * (n - 1))
    return float(sum(stats.norm.sf((critical - sign * shift) * math.sqrt(n - 3)) for sign in (1, -1)))
