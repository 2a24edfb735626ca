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
from statsmodels.stats.power import FTestAnovaPower, FTestPowerF2, GofChisquarePower
from statsmodels.stats.proportion import proportion_effectsize

from impact.errors import NotEstimable
from impact.statistics.core import Floats, t_quantile

LARGEST = 1e9
Waves = Literal["exchangeable", "ar1"]
Analysis = Literal["post", "change", "ancova"]


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
        _within("a variance factor", 0, math.inf, variance_factor)
        return replace(self, std_error=self.std_error * math.sqrt(variance_factor))


def _within(what: str, low: float, high: float, *values: float, open_ends: bool = False) -> None:
    for value in values:
        inside = low < value < high if open_ends else low <= value <= high
        if not inside or math.isinf(value):
            ends = f"strictly between {low:g} and {high:g}" if open_ends else f"from {low:g} to {high:g}"
            raise NotEstimable(f"{what} of {value:g} is impossible", f"{what} {ends}")


def _level(alpha: float, sides: int) -> float:
    _within("a significance level", 0, 1, alpha, open_ends=True)
    if sides not in (1, 2):
        raise NotEstimable(f"a test with {sides} sides does not exist", "one or two sides")
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
        raise NotEstimable("the effect is not a finite number", "an effect in the unit of the outcome")
    if not precision.std_error > 0 or not math.isfinite(precision.std_error):
        raise NotEstimable("the standard error is not a positive number", "an outcome that varies")
    if not precision.df > 0:
        raise NotEstimable("no degrees of freedom are left", "more persons or clusters, or fewer covariates")


def _upper_tail(threshold: float, df: float, shift: float) -> float:
    """Return P(T > threshold), a noncentral t; the lower tail is asked by its mirror, where SciPy gives no NaN."""
    tail = stats.norm.sf(threshold - shift) if df > LARGEST else stats.nct.sf(threshold, df, shift)
    return _number(float(tail))


def _number(probability: float) -> float:
    if not math.isfinite(probability):
        raise NotEstimable("the noncentral distribution could not be evaluated here", "a less extreme design")
    return min(max(probability, 0.0), 1.0)


def minimum_detectable_effect(
    precision: Precision, *, target: float = 0.8, alpha: float = 0.05, sides: int = 2, bloom: bool = False
) -> float:
    """Return the smallest positive effect found with the target power, which must exceed ``alpha``.

    With ``bloom``, his multiplier ``(t_α + t_power) · std_error`` (1995, https://doi.org/10.1177/0193841X9501900504)
    instead of the exact noncentral t.
    """
    level = _level(alpha, sides)
    _within("a target power", alpha, 1, target, open_ends=True)
    _check(0.0, precision)
    if bloom:
        return (t_quantile(1 - level, precision.df) + t_quantile(target, precision.df)) * precision.std_error
    unit = replace(precision, std_error=1.0)
    found = solve(lambda effect: power(effect, unit, alpha=alpha, sides=sides), target, low=0, what="effect")
    return found * precision.std_error


def solve(
    function: Callable[[float], float], target: float = 0.8, *, low: float = 2.0, high: float = LARGEST, what: str
) -> float:
    """Return the smallest value at which a rising power function reaches its target.

    The number is a sample size, a number of clusters, an effect; it is not rounded. ``what`` names it in messages. If
    ``low`` already reaches the target, it is the answer.

    Raises
    ------
    NotEstimable
        If no value up to ``high`` reaches the target.
    """
    _within("a target power", 0, 1, target, open_ends=True)
    if function(low) >= target:
        return float(low)
    lower, upper = low, min(high, max(2 * low, 1.0))
    while function(upper) < target:
        if upper >= high:
            reached = f"no {what} up to {high:g} reaches a power of {target:.0%} (it ends at {function(high):.1%})"
            raise NotEstimable(reached, "a larger effect, a more precise design, or more clusters")
        lower, upper = upper, min(high, 2 * upper)
    return float(optimize.brentq(lambda x: function(x) - target, lower, upper, xtol=1e-12, rtol=1e-14))


def two_means(
    n_treated: float, n_comparison: float, *, sd: float = 1.0, sd_comparison: float | None = None
) -> Precision:
    """Return the precision of a difference of two means; Welch's df if the standard deviations differ."""
    other = sd if sd_comparison is None else sd_comparison
    if min(n_treated, n_comparison) < 1 or n_treated + n_comparison <= 2:
        raise NotEstimable("an arm has no one, or no degrees of freedom are left", "two persons or more in each arm")
    _within("a standard deviation", 0, math.inf, sd, other, open_ends=True)
    parts = sd**2 / n_treated, other**2 / n_comparison
    if sd_comparison is None:
        return Precision(math.sqrt(sum(parts)), n_treated + n_comparison - 2)
    if min(n_treated, n_comparison) <= 1:
        raise NotEstimable("an arm of one has no variance of its own", "two persons or more in each arm")
    df = sum(parts) ** 2 / (parts[0] ** 2 / (n_treated - 1) + parts[1] ** 2 / (n_comparison - 1))
    return Precision(math.sqrt(sum(parts)), df)


def one_mean(n: float, *, sd: float = 1.0) -> Precision:
    """Return the precision of one mean, or of the mean of paired differences with standard deviation ``sd``."""
    _within("a sample size", 1, math.inf, n, open_ends=True)
    _within("a standard deviation", 0, math.inf, sd, open_ends=True)
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
        raise NotEstimable("an arm of one cluster confounds programme and place", "two clusters or more in each arm")
    _within("an intracluster correlation", 0, 1, icc)
    _within("R²", 0, 1, r2_cluster, r2_person)
    _within("a cluster size", 1, math.inf, size)
    _within("a coefficient of variation", 0, math.inf, cv_size)
    _within("a standard deviation", 0, math.inf, sd, open_ends=True)
    between = icc * (1 - r2_cluster) * (1 + cv_size**2)
    within = (1 - icc) * (1 - r2_person) / size
    variance = sd**2 * (1 / treated + 1 / comparison) * (between + within)
    return Precision(math.sqrt(variance), treated + comparison - 2 - covariates)


def wave_correlation(waves: int, autocorrelation: float, structure: Waves = "exchangeable") -> Floats:
    """Return the correlations of an outcome between waves, shape (waves, waves): one for all, or ρ^lag."""
    _within("an autocorrelation", -1, 1, autocorrelation)
    lag = np.abs(np.subtract.outer(np.arange(waves), np.arange(waves)))
    found = np.where(lag == 0, 1.0, autocorrelation) if structure == "exchangeable" else float(autocorrelation) ** lag
    if np.linalg.eigvalsh(found)[0] < -1e-12:
        raise NotEstimable(f"{waves} waves cannot all correlate at {autocorrelation:g}", "a higher autocorrelation")
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
            f"{analysis} with {pre} of {waves} waves before has nothing to compare", "waves on each side"
        )
    after = float(correlation[pre:, pre:].mean())
    if analysis == "post":
        return after
    before, both = float(correlation[:pre, :pre].mean()), float(correlation[:pre, pre:].mean())
    factor = after + before - 2 * both if analysis == "change" else after - both**2 / before
    if not factor > 1e-12:
        raise NotEstimable("waves that correlate perfectly leave no variance", "an autocorrelation below 1")
    return factor


def itt_effect(effect: float, take_up: float, take_up_comparison: float = 0.0) -> float:
    """Return the effect of the offer: the effect on those who take it up, diluted by the difference in take-up."""
    _within("take-up", 0, 1, take_up, take_up_comparison)
    return effect * (take_up - take_up_comparison)


def retained(n: float, attrition: float) -> float:
    """Return how many of n are still observed after a share is lost."""
    _within("attrition", 0, 1, attrition)
    return n * (1 - attrition)


def recruited(n: float, attrition: float) -> float:
    """Return how many to recruit so that n are observed after a share is lost."""
    if not 0 <= attrition < 1:
        raise NotEstimable(f"attrition of {attrition:g} leaves no one", "attrition from 0 to below 1")
    return n / (1 - attrition)


def _proportion_errors(
    p_treated: float, p_comparison: float, n_treated: float, n_comparison: float
) -> tuple[float, float]:
    """Return the standard error of a difference of proportions under the null (pooled) and under the effect."""
    _within("a proportion", 0, 1, p_treated, p_comparison)
    _within("an arm", 0, math.inf, n_treated, n_comparison, open_ends=True)
    pooled = (p_treated * n_treated + p_comparison * n_comparison) / (n_treated + n_comparison)
    null = math.sqrt(pooled * (1 - pooled) * (1 / n_treated + 1 / n_comparison))
    variance = p_treated * (1 - p_treated) / n_treated + p_comparison * (1 - p_comparison) / n_comparison
    if not variance > 0:
        raise NotEstimable("both proportions are 0 or 1, so nothing varies", "a proportion strictly between 0 and 1")
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
    _within("a proportion", 0, 1, p_treated, p_comparison)
    return float(proportion_effectsize(p_treated, p_comparison))


def arcsine(n_treated: float, n_comparison: float) -> Precision:
    """Return the precision of Cohen's h: standard error ``√(1/n1 + 1/n2)``, normal."""
    _within("an arm", 0, math.inf, n_treated, n_comparison, open_ends=True)
    variance = 1 / n_treated + 1 / n_comparison
    return Precision(math.sqrt(variance))


def power_anova(f: float, n: float, groups: int, *, alpha: float = 0.05) -> float:
    """Return the power of a one-way ANOVA: Cohen's f, ``n`` persons in each of k groups; noncentrality ``k n f²``."""
    _check_f(f, groups - 1, groups * (n - 1), alpha)
    return _number(FTestAnovaPower().power(f, groups * n, alpha, k_groups=groups)) if f else alpha


def power_regression(f2: float, tested: int, residual_df: float, *, alpha: float = 0.05) -> float:
    """Return the power of the F test of u coefficients with v residual df; noncentrality ``f² (u + v + 1)``."""
    _check_f(f2, tested, residual_df, alpha)
    return _number(FTestPowerF2().power(f2, tested, residual_df, alpha)) if f2 else alpha


def _check_f(effect: float, df1: float, df2: float, alpha: float) -> None:
    """Refuse an F test that nothing is left for."""
    _level(alpha, 1)
    _within("an effect", 0, math.inf, effect)
    if min(df1, df2) <= 0:
        raise NotEstimable("no degrees of freedom are left", "two groups or more, or more persons")


def power_chi2(w: float, n: float, df: int, *, alpha: float = 0.05) -> float:
    """Return the power of a χ² test: Cohen's w, noncentrality ``n w²``."""
    _level(alpha, 1)
    _within("an effect", 0, math.inf, w)
    if n <= 0 or df <= 0:
        raise NotEstimable("no persons or degrees of freedom are left", "a table with two rows and columns or more")
    return _number(GofChisquarePower().power(w, n, alpha, n_bins=df + 1))


def power_correlation(r: float, n: float, *, alpha: float = 0.05) -> float:
    """Return the power of the two-sided test of a correlation, by Fisher's z with its bias term ``r / (2(n − 1))``."""
    level = _level(alpha, 2)
    _within("a correlation", -1, 1, r, open_ends=True)
    _within("a sample size", 3, math.inf, n, open_ends=True)
    t = t_quantile(1 - level, n - 2)
    critical = math.atanh(t / math.sqrt(t**2 + n - 2))
    shift = math.atanh(abs(r)) + abs(r) / (2 * (n - 1))
    return float(sum(stats.norm.sf((critical - sign * shift) * math.sqrt(n - 3)) for sign in (1, -1)))
