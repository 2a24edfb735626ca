"""Interrupted time series against R, closed forms, and simulations."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from impact.errors import NotEstimable
from impact.statistics.series.segmented import interrupted
from tests.support.references import dataset, reference

START = 169


@pytest.fixture(scope="module")
def seatbelts():
    return dataset("seatbelts.csv")


def fitted(data, **options):
    return interrupted(np.log(data["drivers"].to_numpy(float)), START, season=data["month"].to_numpy(), **options)


VARIANTS = {
    "its.seatbelt_ols": {"errors": "classical"},
    "its.seatbelt_NW3": {"errors": "newey_west", "lags": 3, "small_sample": False},
    "its.seatbelt_NW12": {"errors": "newey_west", "lags": 12, "small_sample": False},
    "its.seatbelt_NW12_adj": {"errors": "newey_west", "lags": 12},
    "its.seatbelt_ar1": {"errors": "ar1"},
}


def test_agrees_with_r(seatbelts, subtests):
    for name, options in VARIANTS.items():
        with subtests.test(name):
            truth = reference(name)
            fit = fitted(seatbelts, **options)
            assert fit.level.estimate == pytest.approx(truth["value"], rel=truth["tolerance"])
            assert fit.level.std_error == pytest.approx(truth["se"], rel=truth["tolerance"])


def test_ar1_finds_the_likelihood_and_phi_of_r(seatbelts):
    extra = reference("its.seatbelt_ar1")["extra"]
    fit = fitted(seatbelts, errors="ar1")
    assert fit.phi == pytest.approx(extra["phi"], rel=1e-8)
    assert fit.log_likelihood == pytest.approx(extra["loglik"], rel=1e-8)
    # R's arima stops 3e-5 short: the likelihood here is at least as high
    assert fit.log_likelihood >= extra["arima"]["loglik"]


def test_ar1_without_the_adjustment_is_plain_maximum_likelihood(seatbelts):
    ratio = (
        fitted(seatbelts, errors="ar1").level.std_error
        / fitted(seatbelts, errors="ar1", small_sample=False).level.std_error
    )
    assert ratio == pytest.approx(np.sqrt(192 / (192 - 15)), rel=1e-12)


def test_the_likelihood_is_that_of_the_full_covariance_matrix(series):
    fit = interrupted(series, 30, errors="ar1")
    n = len(series)
    correlation = fit.phi ** np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    quadratic = fit.residuals @ np.linalg.solve(correlation, fit.residuals)
    expected = -n / 2 * (np.log(2 * np.pi * quadratic / n) + 1) - np.linalg.slogdet(correlation)[1] / 2
    assert fit.log_likelihood == pytest.approx(expected, rel=1e-11)


def ar1_noise(rng, n, phi, size=None):
    shape = (n,) if size is None else (n, size)
    noise = rng.standard_normal(shape)
    noise[0] /= np.sqrt(1 - phi**2)
    for t in range(1, n):
        noise[t] += phi * noise[t - 1]
    return noise


@pytest.fixture
def series():
    return 10 + 0.1 * np.arange(60) + ar1_noise(np.random.default_rng(4), 60, 0.5)


def test_effect_is_level_plus_slope_times_horizon(series):
    for errors in ("classical", "newey_west", "ar1"):
        fit = interrupted(series, 30, errors=errors, horizon=5)
        assert fit.effect.estimate == pytest.approx(fit.level.estimate + 5 * fit.slope.estimate, rel=1e-12)
    assert interrupted(series, 30).horizon == 30


def test_effect_error_is_that_of_the_recentred_regression(series):
    steps = np.arange(1, 61.0)
    post = (steps > 30).astype(float)
    design = np.column_stack([np.ones(60), steps, post, post * (steps - 30 - 7)])
    oracle = sm.OLS(series, design).fit().get_robustcov_results("HAC", maxlags=4, use_correction=True)
    fit = interrupted(series, 30, errors="newey_west", lags=4, horizon=7)
    assert fit.effect.estimate == pytest.approx(oracle.params[2], rel=1e-10)
    assert fit.effect.std_error == pytest.approx(oracle.bse[2], rel=1e-10)


def test_counterfactual_plus_effects_plus_residuals_is_the_series(series):
    fit = interrupted(series, 30)
    ahead = np.arange(1, 31)
    effects = np.concatenate([np.zeros(30), fit.level.estimate + fit.slope.estimate * ahead])
    np.testing.assert_allclose(fit.counterfactual + effects + fit.residuals, series, rtol=1e-12)


def test_comparison_equals_the_stacked_regression_with_all_interactions(series):
    other = 5 + 0.2 * np.arange(60) + ar1_noise(np.random.default_rng(9), 60, 0.3)
    season = np.tile(np.arange(4), 15)
    fit = interrupted(series, 30, season=season, comparison=other, errors="classical")
    steps = np.arange(1, 61.0)
    post = (steps > 30).astype(float)
    own = np.column_stack([np.ones(60), steps, post, post * (steps - 30)] + [(season == s) * 1.0 for s in (1, 2, 3)])
    stacked = np.block([[own, own], [own, np.zeros_like(own)]])
    beta = np.linalg.lstsq(stacked, np.concatenate([series, other]), rcond=None)[0]
    assert fit.level.estimate == pytest.approx(beta[9], rel=1e-9)
    assert fit.slope.estimate == pytest.approx(beta[10], rel=1e-9)
    np.testing.assert_allclose(fit.counterfactual[:30] + fit.residuals[:30], series[:30], rtol=1e-12)


@settings(max_examples=20)
@given(
    scale=st.floats(1e-3, 1e5), shift=st.floats(-1e3, 1e3), errors=st.sampled_from(["classical", "newey_west", "ar1"])
)
def test_units_scale_estimates_and_errors(scale, shift, errors):
    base = ar1_noise(np.random.default_rng(2), 50, 0.4)
    one, two = (interrupted(values, 25, errors=errors) for values in (base, scale * base + shift))
    assert two.level.estimate == pytest.approx(scale * one.level.estimate, rel=1e-5)
    assert two.level.std_error == pytest.approx(scale * one.level.std_error, rel=1e-5)
    assert two.level.p_value == pytest.approx(one.level.p_value, rel=1e-4, abs=1e-12)


def test_covariates_and_season_labels_of_any_kind(series):
    heat = np.random.default_rng(1).standard_normal(60)
    names = np.tile(np.array(["wet", "dry"]), 30)
    numbered = interrupted(series, 30, season=np.tile([1, 0], 30), covariates=heat)
    assert interrupted(series, 30, season=names, covariates=heat[:, None]).level.estimate == pytest.approx(
        numbered.level.estimate, rel=1e-10
    )


def test_diagnostics_see_autocorrelation():
    noise = ar1_noise(np.random.default_rng(3), 200, 0.7)
    plain, modelled = (interrupted(noise, 100, errors=errors).autocorrelation for errors in ("classical", "ar1"))
    assert plain.durbin_watson < 1.2
    assert plain.p_value < 1e-6
    assert abs(modelled.durbin_watson - 2) < 0.3
    assert modelled.p_value > 0.01


def gapped(values):
    copy = values.copy()
    copy[[4, 17]] = np.nan
    return copy


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda y: {"outcome": gapped(y)}, "positions 4, 17"),
        (lambda y: {"outcome": y, "comparison": gapped(y)}, "comparison is missing"),
        (lambda y: {"outcome": y, "comparison": y[:-1]}, "the comparison 59"),
        (lambda y: {"outcome": y, "comparison": y}, "without error"),
        (lambda y: {"outcome": y, "start": 3}, "3 periods before"),
        (lambda y: {"outcome": y, "start": 57}, "3 from it"),
        (lambda y: {"outcome": y, "start": 0}, "0 periods before"),
        (lambda y: {"outcome": y, "start": 60}, "0 from it"),
        (lambda y: {"outcome": y, "time": np.delete(np.arange(61), 8)}, "after positions 7"),
        (lambda y: {"outcome": y, "time": np.arange(59)}, "60 values and 59 periods"),
        (lambda y: {"outcome": y, "season": np.arange(60) >= 30}, "season True is determined"),
        (lambda y: {"outcome": y, "season": np.arange(60)}, "only once"),
        (lambda y: {"outcome": y, "season": np.where(np.arange(60) % 7, 1.0, np.nan)}, "no season"),
        (lambda y: {"outcome": y, "season": np.ones(59)}, "do not match"),
        (lambda y: {"outcome": y, "covariates": np.arange(60.0)}, "covariate 0 is determined"),
        (lambda y: {"outcome": y, "covariates": np.zeros(60)}, "covariate 0 is determined"),
        (lambda y: {"outcome": y, "covariates": gapped(y)}, "covariates are missing"),
        (lambda y: {"outcome": y, "covariates": y[:4]}, "do not match"),
        (lambda y: {"outcome": y, "covariates": np.eye(60)}, "cannot carry"),
        (lambda y: {"outcome": np.arange(60.0)}, "without error"),
        (lambda y: {"outcome": np.full(60, 3.0)}, "without error"),
        (lambda y: {"outcome": y[:, None]}, "not one series"),
        (lambda y: {"outcome": y, "lags": 60, "errors": "newey_west"}, "60 lags do not fit"),
        (lambda y: {"outcome": y, "lags": 3}, "3 lags are given for ar1"),
        (lambda y: {"outcome": y, "errors": "arma"}, "not known"),
        (lambda y: {"outcome": y, "horizon": 31}, "horizon 31"),
        (lambda y: {"outcome": y, "horizon": 0}, "horizon 0"),
    ],
)
def test_refuses(series, change, words):
    options = {"start": 30, **change(series)}
    with pytest.raises(NotEstimable, match=words):
        interrupted(options.pop("outcome"), options.pop("start"), **options)


def test_refuses_a_random_walk():
    walk = np.cumsum(np.random.default_rng(0).standard_normal(2000))
    smooth = np.cumsum(np.cumsum(walk))
    with pytest.raises(NotEstimable, match="random walk"):
        interrupted(smooth, 1000, errors="ar1")


def test_missing_labels_of_text_are_refused(series):
    season = pd.Series(["a", "b"] * 30, dtype=object)
    season[3] = None
    with pytest.raises(NotEstimable, match="no season"):
        interrupted(series, 30, season=season.to_numpy())


def coverage(replications, n=200, phi=0.4, **options):
    noise = ar1_noise(np.random.default_rng(20), n, phi, replications)
    truth = 1.5
    noise[n // 2 :] += truth
    fits = [interrupted(noise[:, r], n // 2, **options).level for r in range(replications)]
    return np.mean([fit.conf_low <= truth <= fit.conf_high for fit in fits])


def test_small_sample_of_the_coverage_with_ar1_errors():
    assert coverage(60, n=120, errors="ar1") >= 0.87


@pytest.mark.slow
def test_coverage_with_ar1_errors():
    assert 0.93 <= coverage(1000, n=400, errors="ar1") <= 0.97


@pytest.mark.slow
def test_independent_errors_are_covered_by_classical_inference_and_missed_where_they_are_not():
    assert 0.93 <= coverage(2000, phi=0.0, errors="classical") <= 0.97
    assert coverage(500, phi=0.6, errors="classical") < 0.85
