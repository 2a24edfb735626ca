"""Power of tests that are no comparison of two means: proportions, several groups, regressions, tables, correlations.

Stands on :mod:`impact.statistics.power.closed_form`; F and χ² tests are those of statsmodels.
"""

from __future__ import annotations

import math

from scipy import stats
from statsmodels.stats.power import FTestAnovaPower, FTestPowerF2, GofChisquarePower
from statsmodels.stats.proportion import proportion_effectsize

from impact.errors import NotEstimable
from impact.statistics.core import t_quantile
from impact.statistics.power.closed_form import Precision
from impact.statistics.power.limits import STRICT, STRICT_F, as_probability, refuse_outside, tail_level
from impact.words.said import Said


def _proportion_errors(
    p_treated: float, p_comparison: float, n_treated: float, n_comparison: float
) -> tuple[float, float]:
    """Return the standard error of a difference of proportions under the null (pooled) and under the effect."""
    refuse_outside(Said("power.proportion"), 0, 1, p_treated, p_comparison)
    refuse_outside(Said("power.arm"), 0, math.inf, n_treated, n_comparison, ends=STRICT)
    n = n_treated + n_comparison
    pooled = (p_treated * n_treated + p_comparison * n_comparison) / n
    per_person = 1 / n_treated + 1 / n_comparison
    spread = pooled * (1 - pooled)
    null = math.sqrt(spread * per_person)
    v1 = p_treated * (1 - p_treated) / n_treated
    v0 = p_comparison * (1 - p_comparison) / n_comparison
    variance = v1 + v0
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

    Examples
    --------
    >>> round(power_proportions(0.6, 0.5, 400, 400), 3)
    0.813
    """
    level = tail_level(alpha, sides)
    threshold = float(stats.norm.isf(level))
    null, spread = _proportion_errors(p_treated, p_comparison, n_treated, n_comparison)
    difference = p_treated - p_comparison
    if sides == 2:
        difference = abs(difference)
    critical = threshold * null
    reached = float(stats.norm.sf((critical - difference) / spread))
    if sides == 2 and strict:
        return reached + float(stats.norm.sf((critical + difference) / spread))
    return reached


def cohen_h(p_treated: float, p_comparison: float) -> float:
    """Return Cohen's h, ``2 asin √p1 − 2 asin √p2``, an effect whose precision :func:`arcsine` gives.

    Examples
    --------
    >>> round(cohen_h(0.6, 0.5), 3)
    0.201
    """
    refuse_outside(Said("power.proportion"), 0, 1, p_treated, p_comparison)
    return float(proportion_effectsize(p_treated, p_comparison))


def arcsine(n_treated: float, n_comparison: float) -> Precision:
    """Return the precision of Cohen's h: standard error ``√(1/n1 + 1/n2)``, normal.

    Examples
    --------
    >>> arcsine(50, 50).std_error
    0.2
    """
    refuse_outside(Said("power.arm"), 0, math.inf, n_treated, n_comparison, ends=STRICT)
    variance = 1 / n_treated + 1 / n_comparison
    return Precision(math.sqrt(variance))


def power_anova(f: float, n: float, groups: int, *, alpha: float = 0.05) -> float:
    """Return the power of a one-way ANOVA: Cohen's f, ``n`` persons in each of k groups; noncentrality ``k n f²``.

    Examples
    --------
    >>> round(float(power_anova(0.25, 40, 4)), 2)
    0.75
    """
    n_all, df1 = groups * n, groups - 1
    _check_f(f, df1, groups * (n - 1), alpha)
    if not f:
        return alpha
    reached = FTestAnovaPower().power(f, n_all, alpha, k_groups=groups)
    return as_probability(reached)


def power_regression(f2: float, tested: int, residual_df: float, *, alpha: float = 0.05) -> float:
    """Return the power of the F test of u coefficients with v residual df; noncentrality ``f² (u + v + 1)``.

    Examples
    --------
    >>> round(float(power_regression(0.15, 3, 60)), 2)
    0.71
    """
    _check_f(f2, tested, residual_df, alpha)
    if not f2:
        return alpha
    reached = FTestPowerF2().power(f2, tested, residual_df, alpha)
    return as_probability(reached)


def _check_f(effect: float, df1: float, df2: float, alpha: float) -> None:
    """Refuse an F test that nothing is left for."""
    tail_level(alpha, 1)
    refuse_outside(Said("power.effect"), 0, math.inf, effect)
    if min(df1, df2) <= 0:
        raise NotEstimable(Said("statistics.no_degrees_freedom_left"), Said("power.two_groups_more_more_persons"))


def power_chi2(w: float, n: float, df: int, *, alpha: float = 0.05) -> float:
    """Return the power of a χ² test: Cohen's w, noncentrality ``n w²``.

    Examples
    --------
    >>> round(float(power_chi2(0.3, 100, 1)), 2)
    0.85
    """
    tail_level(alpha, 1)
    refuse_outside(Said("power.effect"), 0, math.inf, w)
    if n <= 0 or df <= 0:
        raise NotEstimable(Said("power.no_persons_degrees_freedom_left"), Said("power.table_two_rows_columns_more"))
    return as_probability(GofChisquarePower().power(w, n, alpha, n_bins=df + 1))


def power_correlation(r: float, n: float, *, alpha: float = 0.05) -> float:
    """Return the power of the two-sided test of a correlation, by Fisher's z with its bias term ``r / (2(n − 1))``.

    Examples
    --------
    >>> round(power_correlation(0.3, 84), 2)
    0.8
    """
    level = tail_level(alpha, 2)
    refuse_outside(Said("power.correlation"), -1, 1, r, ends=STRICT_F)
    refuse_outside(Said("power.sample_size"), 3, math.inf, n, ends=STRICT_F)
    # The critical correlation of the t test, and the expected one, on Fisher's scale
    t = t_quantile(1 - level, n - 2)
    critical = math.atanh(t / math.sqrt(t**2 + n - 2))
    shift = math.atanh(abs(r)) + abs(r) / (2 * (n - 1))
    root = math.sqrt(n - 3)
    upper = stats.norm.sf((critical - shift) * root)
    lower = stats.norm.sf((critical + shift) * root)
    return float(upper + lower)
