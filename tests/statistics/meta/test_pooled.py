"""Pooled studies: against metafor's published example, statsmodels, closed forms; predictions, shrinkage, leaving out."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize
from statsmodels.stats.meta_analysis import combine_effects

from impact.errors import NotEstimable
from impact.statistics.core import Floats
from impact.statistics.forecast import Predictive, score
from impact.statistics.meta import (
    Interval,
    Method,
    common_effect,
    leave_one_out,
    pool,
    shrunken,
    spread_interval,
    target_met,
)
from impact.statistics.meta.between import METHODS

# Thirteen trials of the BCG vaccine (Colditz et al. 1994): cases and others, vaccinated and not.
BCG = np.array(
    [
        [4, 119, 11, 128], [6, 300, 29, 274], [3, 228, 11, 209], [62, 13536, 248, 12619], [33, 5036, 47, 5761],
        [180, 1361, 372, 1079], [8, 2537, 10, 619], [505, 87886, 499, 87892], [29, 7470, 45, 7232],
        [17, 1699, 65, 1600], [186, 50448, 141, 27197], [5, 2493, 3, 2338], [27, 16886, 29, 17825],
    ],
    dtype=float,
)  # fmt: skip
CASES, OTHERS, CASES0, OTHERS0 = BCG.T
LOG_RR = np.log(CASES / (CASES + OTHERS)) - np.log(CASES0 / (CASES0 + OTHERS0))
ERRORS = np.sqrt(1 / CASES - 1 / (CASES + OTHERS) + 1 / CASES0 - 1 / (CASES0 + OTHERS0))


@pytest.mark.parametrize(
    ("method", "mean", "error", "tau2", "i2"),
    [("REML", -0.7145, 0.1798, 0.3132, 92.22), ("DL", -0.7141, 0.1787, 0.3088, 92.12)],
)
def test_bcg_vaccine_as_published(method: Method, mean: float, error: float, tau2: float, i2: float) -> None:
    """Viechtbauer (2010), https://doi.org/10.18637/jss.v036.i03, prints four digits."""
    found = pool(LOG_RR, ERRORS, method=method, interval="z")
    rounded = [round(x, 4) for x in (found.effect.estimate, found.effect.std_error, found.tau2)]
    assert rounded == [mean, error, tau2]
    assert round(100 * found.i2, 2) == i2
    assert round(found.spread.q, 2) == 152.23
    assert str(found.effect.reference) == f"{method}, z"


@pytest.mark.parametrize(("method", "other"), [("DL", "dl"), ("PM", "iterated")])
def test_pooling_as_statsmodels(method: Method, other: str) -> None:
    known = combine_effects(LOG_RR, ERRORS**2, method_re=other, atol=1e-14)
    plain, hksj = (
        pool(LOG_RR, ERRORS, method=method, interval="z"),
        pool(LOG_RR, ERRORS, method=method),
    )
    assert plain.tau2 == pytest.approx(known.tau2, rel=1e-9)
    assert plain.effect.estimate == pytest.approx(known.mean_effect_re, rel=1e-9)
    assert plain.effect.std_error == pytest.approx(known.sd_eff_w_re, rel=1e-9)
    assert hksj.effect.std_error == pytest.approx(known.sd_eff_w_re_hksj, rel=1e-9)
    assert hksj.effect.df == 12


def test_reml_is_the_highest_restricted_likelihood() -> None:
    def likelihood(tau2: float) -> float:
        w = 1 / (ERRORS**2 + tau2)
        mean = w @ LOG_RR / w.sum()
        return float(0.5 * np.log(w).sum() - 0.5 * np.log(w.sum()) - 0.5 * w @ (LOG_RR - mean) ** 2)

    best = pool(LOG_RR, ERRORS, method="REML").tau2
    assert all(likelihood(best) > likelihood(best * factor) for factor in (0.01, 0.999, 1.001, 100))


@pytest.mark.parametrize("method", ["DL", "REML", "PM"])
def test_equal_errors_have_a_closed_form(method: Method) -> None:
    y = np.array([1.0, 2.0, 4.0, 7.0])
    found = pool(y, np.full(4, 0.5), method=method)
    assert found.tau2 == pytest.approx(np.var(y, ddof=1) - 0.25, rel=1e-9)
    assert found.effect.estimate == pytest.approx(3.5, rel=1e-12)
    assert found.effect.std_error == pytest.approx(np.std(y, ddof=1) / 2, rel=1e-9)


@pytest.mark.parametrize("method", ["DL", "REML", "PM"])
@settings(max_examples=20)
@given(unit=st.floats(1e-6, 1e6))
def test_pooling_is_free_of_unit_and_order(method: Method, unit: float) -> None:
    order = np.random.default_rng(1).permutation(13)
    first, other = (
        pool(LOG_RR, ERRORS, method=method),
        pool(unit * LOG_RR[order], unit * ERRORS[order], method=method),
    )
    assert other.effect.estimate == pytest.approx(unit * first.effect.estimate, rel=1e-9)
    assert other.tau2 == pytest.approx(unit**2 * first.tau2, rel=1e-8)
    assert other.i2 == pytest.approx(first.i2, rel=1e-8)


@pytest.mark.parametrize("method", ["DL", "REML", "PM"])
def test_alike_studies_have_no_spread_between_them(method: Method) -> None:
    found = pool(np.array([1.0, 1.1, 0.9]), np.array([1.0, 2.0, 1.0]), method=method)
    assert (found.tau2, found.i2) == (0, 0)
    assert found.effect.influence is not None
    assert found.effect.influence.sum() == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("method", ["DL", "REML", "PM"])
@pytest.mark.parametrize("apart", [0.0, 0.01, 0.5])
def test_agreement_by_chance_makes_nothing_certain(method: Method, apart: float) -> None:
    """As R's metafor with test="adhoc": the factor of Knapp and Hartung is never below one."""
    found = pool(np.array([5.0, 5 + apart, 5 - apart]), np.full(3, 2.0), method=method)
    assert (found.tau2, found.effect.df) == (0.0, 2)
    assert found.effect.std_error == pytest.approx(2 / math.sqrt(3), rel=1e-12)
    assert found.prediction.interval() == pytest.approx((0.0317236, 9.9682764), abs=1e-6)


def test_guard_is_the_larger_of_two_errors() -> None:
    """With a τ² that leaves a factor below one, the error is that of τ² alone; statsmodels has no guard."""
    y, errors = np.array([5.0, 5.2, 4.9, 5.1]), np.array([2.0, 1.5, 1.0, 2.0])
    known = combine_effects(y, errors**2, method_re="iterated", atol=1e-14)
    plain, guarded = pool(y, errors, method="PM", interval="z"), pool(y, errors, method="PM")
    assert known.sd_eff_w_fe_hksj < plain.effect.std_error
    assert guarded.effect.std_error == plain.effect.std_error == pytest.approx(known.sd_eff_w_fe, rel=1e-9)


def test_prediction_is_wider_than_the_mean() -> None:
    found = pool(LOG_RR, ERRORS, method="DL", interval="z")
    assert found.prediction.parameters == (
        found.effect.estimate,
        math.hypot(found.tau2**0.5, found.effect.std_error),
        11,
    )
    assert pool(LOG_RR, ERRORS).prediction.parameters[2] == 12
    low, high = found.prediction.interval()
    assert low < found.effect.conf_low < found.effect.conf_high < high


@pytest.mark.slow
@pytest.mark.parametrize("interval", ["z", "adhoc"])
def test_prediction_covers_new_studies(interval: Interval) -> None:
    rng, hits, means = np.random.default_rng(11), 0, 0
    for _ in range(1500):
        errors = rng.uniform(0.1, 0.3, 20)
        y = rng.normal(1, 0.4, 20) + errors * rng.normal(size=20)
        found = pool(y, errors, interval=interval)
        hits += score(found.prediction, rng.normal(1, 0.4)).hit
        means += found.effect.conf_low <= 1 <= found.effect.conf_high
    assert 0.93 <= hits / 1500 <= 0.97
    assert interval == "z" or 0.93 <= means / 1500 <= 0.97


@st.composite
def some_studies(draw: st.DrawFn) -> tuple[Floats, Floats]:
    k = draw(st.integers(2, 9))
    effects = draw(st.lists(st.floats(-3, 3), min_size=k, max_size=k))
    errors = draw(st.lists(st.floats(0.05, 2), min_size=k, max_size=k))
    return np.array(effects), np.array(errors)


@pytest.mark.parametrize("method", METHODS)
@settings(max_examples=30, deadline=None)
@given(sample=some_studies(), seed=st.integers(0, 9), unit=st.sampled_from([1e-4, 3.0, 1e5]))
def test_what_holds_for_every_estimator(method: Method, sample: tuple[Floats, Floats], seed: int, unit: float) -> None:
    y, errors = sample
    found = pool(y, errors, method=method)
    slack = 1e-9 * (1 + np.abs(y).max())
    assert y.min() - slack <= found.effect.estimate <= y.max() + slack
    assert found.tau2 >= 0 <= found.i2 <= 1
    order = np.random.default_rng(seed).permutation(len(y))
    other = pool(unit * y[order], unit * errors[order], method=method)
    assert other.effect.estimate == pytest.approx(unit * found.effect.estimate, rel=1e-7, abs=unit * 1e-8)
    assert other.effect.std_error == pytest.approx(unit * found.effect.std_error, rel=1e-7)
    assert other.tau2 == pytest.approx(unit**2 * found.tau2, rel=1e-6, abs=unit**2 * 1e-9)
    low, high = found.predict("t(k-1)").low, found.predict("t(k-1)").high
    assert low <= found.effect.conf_low + slack
    assert found.effect.conf_high <= high + slack


@settings(max_examples=50, deadline=None)
@given(sample=some_studies(), method=st.sampled_from(METHODS))
def test_shrinkage_never_crosses_the_mean_nor_leaves_the_estimate(
    sample: tuple[Floats, Floats], method: Method
) -> None:
    y, errors = sample
    found = shrunken(y, errors, method=method)
    mean = found.pooled.effect.estimate
    low, high = np.minimum(y, mean) - 1e-12, np.maximum(y, mean) + 1e-12
    assert np.all((low <= found.effects) & (found.effects <= high))
    assert np.all(found.std_errors >= found.std_errors_given_mean)
    assert np.all(found.std_errors_given_mean <= errors)
    met, missed = (target_met(y, errors, 0.5, side=side, method=method) for side in ("above", "below"))
    assert met.each + missed.each == pytest.approx(np.ones(len(y)))
    assert met.new + missed.new == pytest.approx(1)


@pytest.mark.parametrize("method", METHODS)
def test_identical_effects_have_no_spread_and_an_error_all_the_same(method: Method) -> None:
    y, errors = np.full(5, 0.3), np.sqrt([0.01, 0.02, 0.03, 0.04, 0.05])
    found = pool(y, errors, method=method)
    assert (found.tau2, found.i2, found.effect.estimate) == (0, 0, pytest.approx(0.3, rel=1e-12))
    assert found.effect.std_error == pytest.approx(common_effect(y, errors).std_error, rel=1e-12)
    with pytest.raises(NotEstimable, match="effects are all the same"):
        pool(y, errors, method=method, interval="hksj")
    with pytest.raises(NotEstimable, match="agree more than their errors allow"):
        spread_interval(y, errors)


def test_likelihoods_are_highest_where_an_optimiser_finds_them() -> None:
    for method, restricted in (("ML", 0.0), ("REML", 1.0)):

        def depth(log_tau2: float, restricted: float = restricted) -> float:
            w = 1 / (ERRORS**2 + math.exp(log_tau2))
            mean = w @ LOG_RR / w.sum()
            return float(-np.log(w).sum() + restricted * np.log(w.sum()) + w @ (LOG_RR - mean) ** 2)

        best = optimize.minimize_scalar(depth, bounds=(-8, 3), method="bounded", options={"xatol": 1e-12})
        assert pool(LOG_RR, ERRORS, method=method).tau2 == pytest.approx(math.exp(best.x), rel=1e-6)  # type: ignore[arg-type]


def test_paule_mandel_is_empirical_bayes_and_leaves_hksj_nothing_to_do() -> None:
    first, second = (pool(LOG_RR, ERRORS, method=method) for method in ("PM", "EB"))
    assert first.tau2 == second.tau2
    assert first.factor == pytest.approx(1, rel=1e-10)


def test_the_share_of_spread_depends_on_the_estimator_and_the_one_by_q_does_not() -> None:
    dl, reml, common = (pool(LOG_RR, ERRORS, method=method) for method in ("DL", "REML", "FE"))
    assert dl.i2 == pytest.approx(dl.spread.i2_q, rel=1e-12)
    assert reml.spread.i2_q == dl.spread.i2_q == common.i2
    assert reml.i2 > dl.i2


def test_interval_of_tau2_meets_the_quantiles_and_holds_the_estimate() -> None:
    found = spread_interval(LOG_RR, ERRORS)
    assert found.tau2[0] < pool(LOG_RR, ERRORS, method="PM").tau2 < found.tau2[1]
    scaled = spread_interval(100 * LOG_RR, 100 * ERRORS)
    assert scaled.tau2 == pytest.approx([1e4 * end for end in found.tau2], rel=1e-9)
    assert scaled.i2 == pytest.approx(found.i2, rel=1e-9)


def test_leaving_out_is_pooling_the_others() -> None:
    found = leave_one_out(LOG_RR, ERRORS, method="DL")
    others = pool(LOG_RR[1:], ERRORS[1:], method="DL")
    row = [
        found.effects[0],
        found.std_errors[0],
        found.low[0],
        found.high[0],
        found.p_values[0],
        found.tau2[0],
        found.q[0],
    ]
    effect = others.effect
    assert row == [
        effect.estimate,
        effect.std_error,
        effect.conf_low,
        effect.conf_high,
        effect.p_value,
        others.tau2,
        others.spread.q,
    ]


def test_intervals_are_named_and_the_guard_widens() -> None:
    y, errors = np.array([5.0, 5.2, 4.9, 5.1]), np.array([2.0, 1.5, 1.0, 2.0])
    plain, hksj, guarded = (pool(y, errors, interval=interval) for interval in ("z", "hksj", "adhoc"))
    assert hksj.effect.std_error < guarded.effect.std_error == plain.effect.std_error
    assert [str(found.effect.reference) for found in (plain, hksj, guarded)] == [
        "REML, z",
        "REML, HKSJ, t(3)",
        "REML, HKSJ guarded, t(3)",
    ]
    assert str(plain.predict("tau").rule) == "prediction, REML, without the error of the mean, z"
    assert hksj.factor == guarded.factor < 1


@pytest.mark.slow
@pytest.mark.parametrize("k", [3, 5, 10])
def test_guarded_interval_of_few_studies_covers(k: int) -> None:
    """Studies of unlike size, some spread: the guarded interval holds its 95 %; the normal one falls short of it."""
    rng, guarded, normal = np.random.default_rng(7), 0, 0
    for _ in range(1500):
        errors = rng.uniform(0.1, 0.5, k)
        y = 1 + rng.normal(0, 0.3, k) + errors * rng.normal(size=k)
        for interval in ("adhoc", "z"):
            effect = pool(y, errors, interval=interval).effect  # type: ignore[arg-type]
            hit = effect.conf_low <= 1 <= effect.conf_high
            guarded, normal = guarded + (interval == "adhoc") * hit, normal + (interval == "z") * hit
    assert guarded / 1500 >= 0.935
    assert normal < guarded


ONE = np.array([1.0])
TWO = np.array([1.0, 2.0])
REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "one study": (lambda: pool(ONE, ONE), "number of studies: 1; at least 2"),
    "no study": (lambda: common_effect(ONE[:0], ONE[:0]), "number of studies: 0; at least 1"),
    "zero error": (lambda: pool(TWO, np.array([1.0, 0])), "error is not positive"),
    "no error left": (lambda: pool(TWO, np.array([1.0, 1e-200])), "error is not positive"),
    "nan": (lambda: pool(np.array([1.0, math.nan]), TWO), "missing"),
    "shapes": (lambda: pool(TWO, np.ones(3)), "number of studies"),
    "method": (lambda: pool(TWO, TWO, method="XX"), "no estimator"),  # type: ignore[arg-type]
    "interval": (lambda: pool(TWO, TWO, interval="XX"), "no interval"),  # type: ignore[arg-type]
    "two predict": (lambda: pool(TWO, TWO).prediction, "two studies"),
    "two by Higgins": (lambda: pool(TWO, TWO).predict("t(k-2)"), "no degrees of freedom"),
    "version": (lambda: pool(TWO, TWO).predict("XX"), "no prediction interval is called"),  # type: ignore[arg-type]
    "no width": (lambda: pool(ONE.repeat(3), TWO[[0, 1, 0]]).predict("tau").distribution, "not positive"),
    "leave one of two": (lambda: leave_one_out(TWO, TWO), "at least 3"),
    "target": (lambda: target_met(TWO, TWO, math.nan, side="above"), "finite"),
    "side": (lambda: target_met(TWO, TWO, 0.0, side="beside"), "above or below|neither"),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusals(name: str) -> None:
    call, reason = REFUSED[name]
    with pytest.raises(NotEstimable, match=reason):
        call()


def test_a_normal_prediction_is_a_normal_distribution() -> None:
    found = pool(LOG_RR, ERRORS, interval="z").predict("z")
    assert found.distribution == Predictive("normal", (found.mean, found.scale))
    assert found.distribution.interval() == pytest.approx((found.low, found.high), rel=1e-12)
