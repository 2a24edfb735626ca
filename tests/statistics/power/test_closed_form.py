"""Closed forms of power, against R (pwr 1.3, stats), statsmodels and published design factors.

The parameters of the references are those that reproduce R's help pages: pwr's root finder stops at 1.2e-4 of the
range, so its sample sizes are good to about 1e-5; ours are also checked to give the asked power exactly.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats
from statsmodels.stats import power as sm

from impact.errors import NotEstimable
from impact.statistics.power import closed_form as p
from impact.statistics.power import other_tests as other
from impact.statistics.power.closed_form import Precision
from tests.support.references import reference


def two(effect: float, n1: float, n2: float, **options: object) -> float:
    return p.power(effect, p.two_means(n1, n2), **options)  # type: ignore[arg-type]


def trial(clusters: float) -> Precision:
    return p.cluster_means(clusters / 2, clusters / 2, 20, icc=0.05)


def bloom(precision: Precision) -> float:
    return p.minimum_detectable_effect(precision, bloom=True)


ROOTS: dict[str, tuple[Callable[[float], float], float, str]] = {
    "pwr_t_n_d05": (lambda n: two(0.5, n, n), 0.8, "persons"),
    "pwr_t_n_d02": (lambda n: two(0.2, n, n), 0.8, "persons"),
    "pwr_t_paired": (lambda n: p.power(0.3, p.one_mean(n)), 0.9, "pairs"),
    "pwr_t_onesided": (lambda n: two(0.5, n, n, sides=1), 0.8, "persons"),
    "pwr_2p_n": (lambda n: p.power(other.cohen_h(0.6, 0.5), other.arcsine(n, n)), 0.8, "persons"),
    "power_prop_test_n": (lambda n: other.power_proportions(0.5, 0.4, n, n), 0.8, "persons"),
    "pwr_anova_n": (lambda n: other.power_anova(0.25, n, 3), 0.8, "persons"),
    "pwr_chisq_N": (lambda n: other.power_chi2(0.3, n, 2), 0.8, "persons"),
    "pwr_f2_v": (lambda v: other.power_regression(0.15, 3, v), 0.8, "persons"),
    "pwr_r_n": (lambda n: other.power_correlation(0.3, n), 0.8, "persons"),
    "pwr_norm_n": (lambda n: p.power(0.5, Precision(1 / math.sqrt(n))), 0.8, "persons"),
    "crt_J_for80": (lambda j: p.power(0.25, trial(j)), 0.8, "clusters"),
}
VALUES: dict[str, Callable[[], float]] = {
    "pwr_t_power_n50_d05": lambda: two(0.5, 50, 50),
    "pwr_t_mde_n100": lambda: p.minimum_detectable_effect(p.two_means(100, 100)),
    "pwr_t2n": lambda: two(0.4, 120, 60),
    "pwr_2p_h": lambda: other.cohen_h(0.6, 0.5),
    "pwr_2p2n": lambda: p.power(other.cohen_h(0.6, 0.5), other.arcsine(500, 300)),
    "power_prop_test_power": lambda: other.power_proportions(0.5, 0.4, 300, 300),
    "power_t_test_strict": lambda: two(0.2, 10, 10),
    "power_t_test_nonstrict": lambda: two(0.2, 10, 10, strict=False),
    "crt_power_J40_n20_d025_rho05": lambda: p.power(0.25, trial(40)),
    "bloom_mdes_J40_n20_rho05": lambda: bloom(trial(40)),
    "bloom_mdes_J30_n25_rho15_R2_5": lambda: bloom(
        p.cluster_means(15, 15, 25, icc=0.15, r2_cluster=0.5, r2_person=0.5, covariates=1)
    ),
}


@pytest.mark.parametrize("name", ROOTS)
def test_sample_sizes_of_r(name: str) -> None:
    function, target, what = ROOTS[name]
    known = reference(f"power.{name}")
    found = p.solve(function, target, low=4, what=what)
    assert found == pytest.approx(known["value"], rel=known["tolerance"])
    assert function(found) == pytest.approx(target, rel=1e-11)


@pytest.mark.parametrize("name", VALUES)
def test_values_of_r(name: str) -> None:
    known = reference(f"power.{name}")
    assert VALUES[name]() == pytest.approx(known["value"], rel=known["tolerance"])


def test_minimum_detectable_effect_gives_its_power() -> None:
    precision = p.two_means(100, 100)
    effect = p.minimum_detectable_effect(precision)
    assert p.power(effect, precision) == pytest.approx(0.8, rel=1e-12)
    assert p.power(-effect, precision) == pytest.approx(0.8, rel=1e-12)


@pytest.mark.parametrize(("n", "ratio", "d", "alpha"), [(20, 1, 0.5, 0.05), (200, 0.5, 0.3, 0.01), (8, 2, 2.0, 0.1)])
def test_two_means_as_statsmodels(n: float, ratio: float, d: float, alpha: float) -> None:
    other = sm.TTestIndPower().power(d, n, alpha, ratio=ratio)
    assert two(d, n, n * ratio, alpha=alpha) == pytest.approx(other, rel=1e-10)
    one_sided = sm.TTestIndPower().power(d, n, alpha, ratio=ratio, alternative="larger")
    assert two(d, n, n * ratio, alpha=alpha, sides=1) == pytest.approx(one_sided, rel=1e-10)


def test_other_tests_as_statsmodels() -> None:
    assert p.power(0.3, p.one_mean(50)) == pytest.approx(sm.TTestPower().power(0.3, 50, 0.05), rel=1e-10)
    assert other.power_anova(0.2, 30, 4) == pytest.approx(sm.FTestAnovaPower().power(0.2, 120, 0.05, 4), rel=1e-10)
    assert other.power_chi2(0.2, 150, 3) == pytest.approx(
        sm.GofChisquarePower().power(0.2, 150, 0.05, n_bins=4), rel=1e-10
    )
    normal = sm.NormalIndPower().power(0.2, 500, 0.05, ratio=0.6)
    assert p.power(0.2, other.arcsine(500, 300)) == pytest.approx(normal, rel=1e-10)
    f2 = sm.FTestPowerF2().power(0.15, 3, 72, 0.05)
    assert other.power_regression(0.15, 3, 72) == pytest.approx(f2, rel=1e-10)


def tail_by_integration(threshold: float, df: float, shift: float) -> float:
    def given_spread(s: float) -> float:
        return float(stats.norm.cdf(shift - threshold * s) * stats.chi.pdf(s * math.sqrt(df), df) * math.sqrt(df))

    return float(integrate.quad(given_spread, 0, 12, limit=500, points=[1.0], epsabs=1e-14)[0])


@pytest.mark.parametrize("df", [1, 2, 5, 38])
@pytest.mark.parametrize("shift", [0.1, 1, 2.8, 7.73, 9.15, 20, 100])
def test_power_by_integration_where_scipy_gives_nan(df: float, shift: float) -> None:
    t = stats.t.isf(0.025, df)
    known = tail_by_integration(t, df, shift) + tail_by_integration(t, df, -shift)
    assert p.power(shift, Precision(1.0, df)) == pytest.approx(known, abs=1e-9)


def test_power_at_no_effect_is_the_level() -> None:
    assert two(0, 10, 20, alpha=0.03) == pytest.approx(0.03, rel=1e-9)
    assert other.power_anova(0, 20, 3) == 0.05
    assert other.power_regression(0, 3, 100) == 0.05
    assert other.power_chi2(0, 100, 3) == pytest.approx(0.05, rel=1e-9)
    assert other.power_correlation(0, 50) == pytest.approx(0.05, abs=0.001)
    assert other.power_proportions(0.3, 0.3, 100, 100, strict=True) == pytest.approx(0.05, rel=1e-9)


@given(st.floats(0.01, 3), st.floats(0.01, 1000), st.integers(2, 300), st.integers(2, 300))
def test_power_is_free_of_the_unit_and_grows_with_the_effect(d: float, unit: float, n1: int, n2: int) -> None:
    scaled = p.power(d * unit, p.two_means(n1, n2, sd=unit))
    assert scaled == pytest.approx(two(d, n1, n2), rel=1e-9)
    assert two(1.1 * d, n1, n2) >= scaled - 1e-9


def test_one_sided_test_looks_up_only() -> None:
    assert two(-0.5, 50, 50, sides=1) < 0.001
    assert other.power_proportions(0.4, 0.5, 300, 300, sides=1) < 0.001


def test_no_difference_of_variances_is_nearly_the_pooled_test() -> None:
    welch, pooled = p.two_means(50, 50, sd=2, sd_comparison=2), p.two_means(50, 50, sd=2)
    assert (welch.std_error, welch.df) == pytest.approx((pooled.std_error, pooled.df), rel=1e-12)
    unequal = p.two_means(20, 80, sd=3, sd_comparison=1)
    assert unequal.df == pytest.approx((9 / 20 + 1 / 80) ** 2 / ((9 / 20) ** 2 / 19 + (1 / 80) ** 2 / 79), rel=1e-12)


def test_clusters_of_one_or_without_correlation_are_a_simple_trial() -> None:
    simple = p.two_means(30, 40, sd=2)
    alone = p.cluster_means(30, 40, 1, icc=0.3, sd=2)
    assert (alone.std_error, alone.df) == pytest.approx((simple.std_error, simple.df), rel=1e-12)
    assert p.cluster_means(3, 4, 10, icc=0, sd=2).std_error == pytest.approx(simple.std_error, rel=1e-12)


def test_design_effect_of_unequal_clusters() -> None:
    design_effect = 1 + ((1 + 0.4**2) * 20 - 1) * 0.05
    simple = p.two_means(200, 200)
    found = p.cluster_means(10, 10, 20, icc=0.05, cv_size=0.4).std_error
    assert found == pytest.approx(simple.scaled(design_effect).std_error, rel=1e-12)


@pytest.mark.parametrize(("pre", "post", "rho"), [(1, 1, 0.5), (3, 2, 0.25), (1, 4, 0.8)])
def test_factors_of_frison_and_pocock(pre: int, post: int, rho: float) -> None:
    correlation = p.wave_correlation(pre + post, rho)
    after, before = (1 + (post - 1) * rho) / post, (1 + (pre - 1) * rho) / pre
    assert p.panel_factor(correlation, pre, "post") == pytest.approx(after, rel=1e-12)
    assert p.panel_factor(correlation, pre, "change") == pytest.approx(after + before - 2 * rho, rel=1e-12)
    ancova = after - pre * rho**2 / (1 + (pre - 1) * rho)
    assert p.panel_factor(correlation, pre, "ancova") == pytest.approx(ancova, rel=1e-12)


@given(st.integers(1, 4), st.integers(1, 4), st.floats(0, 0.95), st.sampled_from(["exchangeable", "ar1"]))
def test_ancova_is_never_worse(pre: int, post: int, rho: float, structure: p.Waves) -> None:
    correlation = p.wave_correlation(pre + post, rho, structure)
    ancova = p.panel_factor(correlation, pre, "ancova")
    assert ancova <= p.panel_factor(correlation, pre, "post") + 1e-12
    assert ancova <= p.panel_factor(correlation, pre, "change") + 1e-12


def test_take_up_and_attrition() -> None:
    assert p.itt_effect(10, 0.6, 0.1) == pytest.approx(5)
    assert p.recruited(80, 0.2) == pytest.approx(100)
    assert p.retained(100, 0.2) == pytest.approx(80)
    full = p.solve(lambda n: p.power(0.5, p.two_means(n, n)), what="persons")
    half = p.solve(lambda n: p.power(p.itt_effect(0.5, 0.5), p.two_means(n, n)), what="persons")
    assert half / full == pytest.approx(4, rel=0.02)


def test_finite_population_correction_is_a_variance_factor() -> None:
    assert p.one_mean(100, sd=2).scaled(1 - 100 / 400).std_error == pytest.approx(2 / 10 * math.sqrt(0.75), rel=1e-12)


def test_solve_finds_effects_and_starts_low() -> None:
    effect = p.solve(lambda d: two(d, 100, 100), low=0, what="effect")
    assert effect == pytest.approx(p.minimum_detectable_effect(p.two_means(100, 100)), rel=1e-10)
    assert sm.TTestIndPower().power(effect, 100, 0.05) == pytest.approx(0.8, rel=1e-10)  # its own root stops at 2e-6
    assert p.solve(lambda n: two(20, n, n), low=2, what="persons") == 2


def ceiling(size: float) -> float:
    return p.power(0.2, p.cluster_means(5, 5, size, icc=0.1))


REFUSED: dict[str, tuple[Callable[[], object], str]] = {
    "no effect": (
        lambda: p.solve(lambda n: two(0, n, n), what="persons"),
        "no persons up to 1e\\+09 reaches a power of 80%",
    ),
    "few clusters": (lambda: p.solve(ceiling, what="cluster size"), "no cluster size up to"),
    "target at level": (lambda: p.minimum_detectable_effect(Precision(1.0, 9), target=0.05), "target power"),
    "target of one": (lambda: p.solve(lambda n: two(1, n, n), 1.0, what="persons"), "target power"),
    "one in all": (lambda: p.two_means(1, 1), "degrees of freedom"),
    "nobody": (lambda: p.two_means(0, 10), "no one"),
    "welch of one": (lambda: p.two_means(1, 10, sd=1, sd_comparison=2), "arm of one"),
    "no spread": (lambda: p.two_means(10, 10, sd=0), "standard deviation"),
    "nan spread": (lambda: p.one_mean(10, sd=math.nan), "standard deviation"),
    "nan effect": (lambda: two(math.nan, 10, 10), "finite"),
    "nan sample": (lambda: two(0.5, math.nan, 10), "standard error"),
    "one pair": (lambda: p.one_mean(1), "sample size"),
    "one cluster": (lambda: p.cluster_means(1, 10, 20, icc=0.1), "arm of one cluster"),
    "all explained": (lambda: p.power(0.1, p.cluster_means(9, 9, 20, icc=1, r2_cluster=1)), "standard error"),
    "covariates eat df": (lambda: p.power(0.1, p.cluster_means(2, 2, 20, icc=0.1, covariates=2)), "degrees"),
    "icc": (lambda: p.cluster_means(5, 5, 20, icc=1.2), "intracluster"),
    "size": (lambda: p.cluster_means(5, 5, 0.5, icc=0.2), "cluster size"),
    "cv": (lambda: p.cluster_means(5, 5, 5, icc=0.2, cv_size=-1), "variation"),
    "alpha": (lambda: two(0.5, 10, 10, alpha=0), "significance"),
    "sides": (lambda: two(0.5, 10, 10, sides=3), "sides"),
    "certain": (lambda: other.power_proportions(0, 1, 10, 10), "nothing varies"),
    "proportion": (lambda: other.cohen_h(1.2, 0.5), "proportion"),
    "no arm": (lambda: other.arcsine(0, 10), "arm"),
    "one group": (lambda: other.power_anova(0.2, 10, 1), "degrees"),
    "no cells": (lambda: other.power_chi2(0.2, 100, 0), "degrees"),
    "perfect": (lambda: other.power_correlation(1, 50), "correlation"),
    "three": (lambda: other.power_correlation(0.5, 3), "sample size"),
    "no wave before": (lambda: p.panel_factor(np.eye(2), 0, "change"), "nothing to compare"),
    "no wave after": (lambda: p.panel_factor(np.eye(2), 2, "post"), "nothing to compare"),
    "perfect waves": (lambda: p.panel_factor(np.ones((2, 2)), 1, "change"), "perfectly"),
    "not a correlation": (lambda: p.wave_correlation(4, -0.9), "cannot all correlate"),
    "take-up": (lambda: p.itt_effect(1, 1.5), "take-up"),
    "all lost": (lambda: p.recruited(10, 1), "no one"),
    "negative fpc": (lambda: Precision(1.0).scaled(-0.1), "variance factor"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusals(name: str) -> None:
    call, reason = REFUSED[name]
    with pytest.raises(NotEstimable, match=reason):
        call()
