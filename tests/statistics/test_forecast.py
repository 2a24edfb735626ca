"""Pooled studies, elicited quantiles and scores: against metafor's published example, statsmodels and integration."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats
from statsmodels.stats.meta_analysis import combine_effects

from impact.errors import NotEstimable
from impact.statistics import elicitation, pooling
from impact.statistics import forecast as f
from impact.statistics.forecast import Predictive

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
def test_bcg_vaccine_as_published(method: f.Method, mean: float, error: float, tau2: float, i2: float) -> None:
    """Viechtbauer (2010), https://doi.org/10.18637/jss.v036.i03, prints four digits."""
    found = pooling.pool(LOG_RR, ERRORS, method=method, hksj=False)
    rounded = [round(x, 4) for x in (found.effect.estimate, found.effect.std_error, found.tau2)]
    assert rounded == [mean, error, tau2]
    assert round(100 * found.i2, 2) == i2
    assert round(found.q, 2) == 152.23
    assert str(found.effect.reference) == f"{method}, z"


@pytest.mark.parametrize(("method", "other"), [("DL", "dl"), ("PM", "iterated")])
def test_pooling_as_statsmodels(method: f.Method, other: str) -> None:
    known = combine_effects(LOG_RR, ERRORS**2, method_re=other, atol=1e-14)
    plain, hksj = (
        pooling.pool(LOG_RR, ERRORS, method=method, hksj=False),
        pooling.pool(LOG_RR, ERRORS, method=method, hksj=True),
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

    best = pooling.pool(LOG_RR, ERRORS, method="REML").tau2
    assert all(likelihood(best) > likelihood(best * factor) for factor in (0.01, 0.999, 1.001, 100))


@pytest.mark.parametrize("method", ["DL", "REML", "PM"])
def test_equal_errors_have_a_closed_form(method: f.Method) -> None:
    y = np.array([1.0, 2.0, 4.0, 7.0])
    found = pooling.pool(y, np.full(4, 0.5), method=method)
    assert found.tau2 == pytest.approx(np.var(y, ddof=1) - 0.25, rel=1e-9)
    assert found.effect.estimate == pytest.approx(3.5, rel=1e-12)
    assert found.effect.std_error == pytest.approx(np.std(y, ddof=1) / 2, rel=1e-9)


@pytest.mark.parametrize("method", ["DL", "REML", "PM"])
@settings(max_examples=20)
@given(unit=st.floats(1e-6, 1e6))
def test_pooling_is_free_of_unit_and_order(method: f.Method, unit: float) -> None:
    order = np.random.default_rng(1).permutation(13)
    first, other = (
        pooling.pool(LOG_RR, ERRORS, method=method),
        pooling.pool(unit * LOG_RR[order], unit * ERRORS[order], method=method),
    )
    assert other.effect.estimate == pytest.approx(unit * first.effect.estimate, rel=1e-9)
    assert other.tau2 == pytest.approx(unit**2 * first.tau2, rel=1e-8)
    assert other.i2 == pytest.approx(first.i2, rel=1e-8)


@pytest.mark.parametrize("method", ["DL", "REML", "PM"])
def test_alike_studies_have_no_spread_between_them(method: f.Method) -> None:
    found = pooling.pool(np.array([1.0, 1.1, 0.9]), np.array([1.0, 2.0, 1.0]), method=method)
    assert (found.tau2, found.i2) == (0, 0)
    assert found.effect.influence is not None
    assert found.effect.influence.sum() == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("method", ["DL", "REML", "PM"])
@pytest.mark.parametrize("apart", [0.0, 0.01, 0.5])
def test_agreement_by_chance_makes_nothing_certain(method: f.Method, apart: float) -> None:
    """As R's metafor with test="adhoc": the factor of Knapp and Hartung is never below one."""
    found = pooling.pool(np.array([5.0, 5 + apart, 5 - apart]), np.full(3, 2.0), method=method)
    assert (found.tau2, found.effect.df) == (0.0, 2)
    assert found.effect.std_error == pytest.approx(2 / math.sqrt(3), rel=1e-12)
    assert found.prediction.interval() == pytest.approx((0.0317236, 9.9682764), abs=1e-6)


def test_guard_is_the_larger_of_two_errors() -> None:
    """With a τ² that leaves a factor below one, the error is that of τ² alone; statsmodels has no guard."""
    y, errors = np.array([5.0, 5.2, 4.9, 5.1]), np.array([2.0, 1.5, 1.0, 2.0])
    known = combine_effects(y, errors**2, method_re="iterated", atol=1e-14)
    plain, guarded = pooling.pool(y, errors, method="PM", hksj=False), pooling.pool(y, errors, method="PM")
    assert known.sd_eff_w_fe_hksj < plain.effect.std_error
    assert guarded.effect.std_error == plain.effect.std_error == pytest.approx(known.sd_eff_w_fe, rel=1e-9)


def test_prediction_is_wider_than_the_mean() -> None:
    found = pooling.pool(LOG_RR, ERRORS, method="DL", hksj=False)
    assert found.prediction.parameters == (
        found.effect.estimate,
        math.hypot(found.tau2**0.5, found.effect.std_error),
        11,
    )
    assert pooling.pool(LOG_RR, ERRORS, hksj=True).prediction.parameters[2] == 12
    low, high = found.prediction.interval()
    assert low < found.effect.conf_low < found.effect.conf_high < high


@pytest.mark.slow
@pytest.mark.parametrize("hksj", [False, True])
def test_prediction_covers_new_studies(hksj: bool) -> None:
    rng, hits, means = np.random.default_rng(11), 0, 0
    for _ in range(1500):
        errors = rng.uniform(0.1, 0.3, 20)
        y = rng.normal(1, 0.4, 20) + errors * rng.normal(size=20)
        found = pooling.pool(y, errors, hksj=hksj)
        hits += f.score(found.prediction, rng.normal(1, 0.4)).hit
        means += found.effect.conf_low <= 1 <= found.effect.conf_high
    assert 0.93 <= hits / 1500 <= 0.97
    assert not hksj or 0.93 <= means / 1500 <= 0.97


DISTRIBUTIONS: list[tuple[f.Family, tuple[float, ...], tuple[float, ...]]] = [
    ("normal", (1, 2), (-3, 1, 7)),
    ("t", (1, 2, 5), (-3, 1.5, 9)),
    ("t", (1, 2, 2.5), (0,)),
    ("lognormal", (0.3, 0.8), (-1, 0, 0.5, 2, 20)),
    ("gamma", (2.5, 1.5), (-1, 0, 1, 4, 30)),
    ("beta", (2, 5, 0, 1), (-0.2, 0, 0.1, 0.5, 1, 1.3)),
    ("beta", (0.5, 0.7, 10, 20), (9, 12, 19, 22)),
]
CASES_OF_SCORES = [(family, parameters, y) for family, parameters, values in DISTRIBUTIONS for y in values]


def crps_by_integration(cdf: Callable[[float], Any], ends: list[float], y: float) -> float:
    points = sorted({*ends, y})
    return sum(
        integrate.quad(lambda x: (cdf(x) - (x >= y)) ** 2, low, high, limit=500)[0]
        for low, high in itertools.pairwise(points)
    )


@pytest.mark.parametrize(("family", "parameters", "y"), CASES_OF_SCORES)
def test_crps_by_integration(family: f.Family, parameters: tuple[float, ...], y: float) -> None:
    predictive = Predictive(family, parameters)
    ends = [predictive.quantile(level) for level in (1e-12, 0.01, 0.5, 0.99, 1 - 1e-12)]
    known = crps_by_integration(predictive.frozen().cdf, ends, y)
    assert predictive.crps(y) == pytest.approx(known, rel=1e-9)


@pytest.mark.parametrize(("family", "parameters"), [row[:2] for row in DISTRIBUTIONS if row[1] != (1, 2, 2.5)])
def test_noisy_observation_by_integration(family: f.Family, parameters: tuple[float, ...]) -> None:
    """The prediction is convolved with the error; 400 nodes are good to about 1e-5 of the spread."""
    predictive, error = Predictive(family, parameters), 0.5
    y, spread = predictive.quantile(0.7), float(predictive.frozen().std())
    levels = np.linspace(0, 1, 20_001)[1:-1:2]
    draws = predictive.frozen().ppf(levels)
    ends = [
        predictive.quantile(level) + shift for level, shift in ((1e-6, -5 * error), (0.5, 0.0), (1 - 1e-6, 5 * error))
    ]

    def cdf(x: float) -> float:
        return float(np.mean(stats.norm.cdf((x - draws) / error)))

    assert predictive.pit(y, error) == pytest.approx(cdf(y), abs=2e-5)
    grid = np.linspace(ends[0], ends[-1], 2001)
    squares = np.array([(cdf(x) - (x >= y)) ** 2 for x in grid[::4]])
    rough = float(np.trapezoid(squares, grid[::4]))
    assert predictive.crps(y, error) == pytest.approx(rough, abs=0.005 * spread)


def test_mixture_agrees_with_the_exact_normal() -> None:
    gamma = Predictive("gamma", (1e6, 1e-3))  # nearly normal(1000, 1)
    assert gamma.crps(1001, 0.7) == pytest.approx(Predictive("normal", (1000, 1)).crps(1001, 0.7), rel=2e-3)
    exact = Predictive("normal", (1, math.hypot(2, 0.7)))
    assert Predictive("normal", (1, 2)).crps(3, 0.7) == pytest.approx(exact.crps(3), rel=1e-12)
    assert Predictive("normal", (1, 2)).pit(3, 0.7) == pytest.approx(exact.pit(3), rel=1e-9)


def test_crps_of_a_tiny_error_is_that_of_none() -> None:
    for family, parameters, y in CASES_OF_SCORES:
        predictive = Predictive(family, parameters)
        assert predictive.crps(y, 1e-9) == pytest.approx(predictive.crps(y), rel=1e-4)


def test_interval_mean_and_quantile() -> None:
    assert Predictive("normal", (3, 2)).interval() == pytest.approx((3 - 2 * 1.959964, 3 + 2 * 1.959964), rel=1e-6)
    assert Predictive("lognormal", (0.3, 0.8)).mean == pytest.approx(math.exp(0.3 + 0.32), rel=1e-12)
    assert Predictive("gamma", (2.5, 1.5)).mean == pytest.approx(3.75, rel=1e-12)
    assert Predictive("beta", (2, 5, 10, 20)).mean == pytest.approx(10 + 20 / 7, rel=1e-12)
    assert Predictive("t", (1, 2, 5)).quantile(0.5) == pytest.approx(1, rel=1e-12)


@pytest.mark.parametrize("family", ["normal", "lognormal", "gamma", "beta"])
def test_honest_predictions_hit_and_are_uniform(family: f.Family) -> None:
    parameters = {"normal": (1, 2), "lognormal": (0.3, 0.8), "gamma": (2.5, 1.5), "beta": (2, 5, 0, 1)}[family]
    predictive, rng = Predictive(family, tuple(map(float, parameters))), np.random.default_rng(3)
    truth = predictive.frozen().rvs(1000, random_state=rng)
    error = 0.3 * float(predictive.frozen().std())
    observed = truth + error * rng.normal(size=1000)
    pits = np.array([predictive.pit(float(y), error) for y in observed])
    assert stats.kstest(pits, "uniform").pvalue > 0.01
    assert np.mean((pits >= 0.05) & (pits <= 0.95)) == pytest.approx(0.9, abs=0.03)
    first = f.score(predictive, float(observed[0]), error, level=0.9)
    assert (first.pit, first.hit) == (pits[0], 0.05 <= pits[0] <= 0.95)


def test_the_truth_scores_better_than_too_narrow_or_wide() -> None:
    draws = np.random.default_rng(5).normal(0, 1, 2000)
    means = [np.mean([Predictive("normal", (0, sd)).crps(y) for y in draws[:500]]) for sd in (0.5, 1, 2)]
    assert means[1] == min(means)


@pytest.mark.parametrize(
    ("family", "parameters"),
    [
        ("normal", (10.0, 3.0)),
        ("lognormal", (2.0, 0.5)),
        ("gamma", (3.0, 2.0)),
        ("beta", (2.0, 5.0, 0.0, 1.0)),
        ("beta", (2.0, 5.0, 10.0, 30.0)),
    ],
)
def test_elicitation_recovers_the_distribution(family: f.Elicitable, parameters: tuple[float, ...]) -> None:
    levels, known = np.array([0.05, 0.5, 0.95]), Predictive(family, parameters)
    ends = {"low": parameters[2], "high": parameters[3]} if family == "beta" else {}
    found = elicitation.elicit(levels, known.frozen().ppf(levels), family, **ends)
    assert found.predictive.parameters == pytest.approx(parameters, rel=1e-6)
    assert found.worst < 1e-8
    assert found.fitted == pytest.approx(found.values, rel=1e-6)


@settings(max_examples=20)
@given(st.floats(1e-6, 1e6))
def test_elicitation_is_free_of_the_unit(unit: float) -> None:
    levels, values = np.array([0.05, 0.5, 0.95]), np.array([5.0, 10.0, 16.0])
    first, other = elicitation.elicit(levels, values, "gamma"), elicitation.elicit(levels, unit * values, "gamma")
    assert other.fitted == pytest.approx(unit * first.fitted, rel=1e-5)
    assert other.worst == pytest.approx(first.worst, rel=1e-4)


def test_a_poor_fit_shows() -> None:
    found = elicitation.elicit(np.array([0.05, 0.5, 0.95]), np.array([0.05, 0.1, 0.3]), "beta")
    assert found.worst > 0.04
    assert found.fitted[2] < 0.2


LEVELS = np.array([0.1, 0.5, 0.9])
REFUSED: dict[str, tuple[Callable[[], object], str]] = {
    "one study": (lambda: pooling.pool(np.array([1.0]), np.array([1.0])), "fewer than two studies"),
    "zero error": (lambda: pooling.pool(np.array([1.0, 2]), np.array([1.0, 0])), "error is not positive"),
    "nan": (lambda: pooling.pool(np.array([1.0, math.nan]), np.array([1.0, 1])), "missing"),
    "method": (lambda: pooling.pool(np.array([1.0, 2]), np.array([1.0, 1]), method="XX"), "no estimator"),  # type: ignore[arg-type]
    "two predict": (lambda: pooling.pool(np.array([1.0, 2]), np.array([1.0, 1])).prediction, "two studies"),
    "t of one": (lambda: Predictive("t", (0, 1, 1)).crps(0), "infinite"),
    "mean of t": (lambda: Predictive("t", (0, 1, 1)).mean, "no mean"),
    "scale": (lambda: Predictive("normal", (0, 0)), "not positive"),
    "shape": (lambda: Predictive("gamma", (-1, 1)), "not positive"),
    "range": (lambda: Predictive("beta", (1, 1, 5, 5)), "range is empty"),
    "count": (lambda: Predictive("normal", (1, 2, 3)), "unknown"),
    "family": (lambda: Predictive("cauchy", (1, 2)), "unknown"),  # type: ignore[arg-type]
    "nan parameter": (lambda: Predictive("normal", (math.nan, 2)), "unknown"),
    "level": (lambda: Predictive("normal", (1, 2)).interval(1.0), "probability"),
    "observed nan": (lambda: f.score(Predictive("normal", (1, 2)), math.nan), "not a number"),
    "negative error": (lambda: f.score(Predictive("normal", (1, 2)), 1, -1), "not a number"),
    "falling": (lambda: elicitation.elicit(LEVELS, np.array([3.0, 2, 4]), "normal"), "do not rise"),
    "equal": (lambda: elicitation.elicit(LEVELS, np.array([2.0, 2, 4]), "normal"), "do not rise"),
    "levels": (lambda: elicitation.elicit(np.array([0.0, 0.5]), np.array([1.0, 2]), "normal"), "do not rise"),
    "one quantile": (lambda: elicitation.elicit(np.array([0.5]), np.array([1.0]), "normal"), "fewer than two"),
    "nan quantile": (lambda: elicitation.elicit(LEVELS, np.array([1.0, 2, math.nan]), "normal"), "missing"),
    "negative gamma": (lambda: elicitation.elicit(LEVELS, np.array([-1.0, 2, 3]), "gamma"), "outside 0 to inf"),
    "beta range": (lambda: elicitation.elicit(LEVELS, np.array([0.1, 0.5, 1.0]), "beta"), "outside 0 to 1"),
    "t elicited": (lambda: elicitation.elicit(LEVELS, np.array([1.0, 2, 3]), "t"), "cannot be elicited"),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusals(name: str) -> None:
    call, reason = REFUSED[name]
    with pytest.raises(NotEstimable, match=reason):
        call()
