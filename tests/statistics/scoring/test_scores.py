"""Scores of forecasts against the reference records, the integral that defines them, and what makes them proper."""

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

from impact.errors import NotEstimable
from impact.statistics import scoring as s
from impact.statistics.forecast import Predictive, score_portfolio
from tests.support.leaves import assert_met, ids
from tests.support.references import value_reference

LAWS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "normal": (s.crps_normal, stats.norm),
    "lognormal": (s.crps_lognormal, lambda mu, sigma: stats.lognorm(sigma, scale=math.exp(mu))),
    "t": (s.crps_t, lambda location, scale, df: stats.t(df, loc=location, scale=scale)),
    "exponential": (s.crps_exponential, lambda rate: stats.expon(scale=1 / rate)),
    "gamma": (s.crps_gamma, lambda shape, scale: stats.gamma(shape, scale=scale)),
    "beta": (s.crps_beta, stats.beta),
}


NARROW = 1e-12


def by_integration(law: Any, y: float) -> float:
    """Return ``∫ (F − 1[x ≥ y])²`` piece by piece."""
    inner = law.ppf([1e-14, 1e-6, 0.01, 0.25, 0.5, 0.75, 0.99, 1 - 1e-6])
    ends = sorted({float(y), *map(float, inner)})
    below = integrate.quad(lambda x: law.cdf(x) ** 2, -np.inf, ends[0], epsabs=1e-14)[0] if law.a < ends[0] else 0.0
    above = integrate.quad(lambda x: law.sf(x) ** 2, ends[-1], np.inf, epsabs=1e-14)[0]
    within = (
        integrate.quad(lambda x: (law.cdf(x) - (x >= y)) ** 2, low, high, limit=200, epsabs=1e-14, epsrel=1e-12)[0]
        for low, high in itertools.pairwise(ends)
        if high - low > NARROW * max(1.0, abs(low))  # the rest adds less than that, and quadrature only warns there
    )
    return float(below + above + sum(within))


def crps(record: dict[str, Any], family: str) -> dict[str, Any]:
    own, make = LAWS[family]
    y, parameters = record["given"]["y"], np.atleast_1d(record["given"]["par"]).tolist()
    law = make(*parameters)
    predictive = Predictive(family, tuple(map(float, parameters)))
    assert predictive.crps(y) == float(own(y, *parameters))
    return {
        "value": float(own(y, *parameters)),
        "extra": {"pit": predictive.pit(y), "by_integration": by_integration(law, y)},
    }


def ensemble(_: dict[str, Any]) -> dict[str, Any]:
    return {
        "value": {
            name: float(s.crps_ensemble([3], [[8, 1, 4, 2]], convention=name)[0]) for name in ("standard", "fair")
        }
    }


def interval(_: dict[str, Any]) -> dict[str, Any]:
    observed = {"y=7": 7, "y=4": 4, "y=1.5": 1.5}
    return {"value": {name: float(s.interval_score(y, 2, 6, level=0.95)) for name, y in observed.items()}}


def logarithmic(_: dict[str, Any]) -> dict[str, Any]:
    normal = Predictive("normal", (2.0, 3.0))
    assert normal.log_score(5.0) == pytest.approx(float(s.log_score(stats.norm.pdf(5, 2, 3))), rel=1e-14)
    return {"value": {"normal": normal.log_score(5.0), "bernoulli": float(s.event_log_score(0.8, 0))}}


def murphy(record: dict[str, Any]) -> dict[str, Any]:
    found = s.brier(record["given"]["p"], record["given"]["o"])
    return {
        "value": {
            "brier": found.score,
            "reliability": found.reliability,
            "resolution": found.resolution,
            "uncertainty": found.uncertainty,
            "within_bin_variance": found.within_bin_variance,
            "within_bin_covariance": found.within_bin_covariance,
            "skill_vs_climatology": found.skill,
        }
    }


def portfolio(record: dict[str, Any]) -> dict[str, Any]:
    known = record["given"]
    laws, naive = (
        [Predictive("normal", tuple(map(float, pair))) for pair in zip(known[mean], known[sd], strict=True)]
        for mean, sd in (("mean", "sd"), ("naive_mean", "naive_sd"))
    )
    found = score_portfolio(laws, naive, known["y"])
    return {
        "value": {
            "crps": found.crps.tolist(),
            "mean_crps": found.skill.mean,
            "naive_crps": found.naive_crps.tolist(),
            "mean_naive": found.skill.mean_naive,
            "skill": found.skill.skill,
            "pit": found.pit.tolist(),
            "inside95": found.held.tolist(),
            "inside80": score_portfolio(laws, naive, known["y"], level=0.8).held.tolist(),
        }
    }


def discrete(_: dict[str, Any]) -> dict[str, Any]:
    step = s.discrete_pit([2], lambda y: stats.poisson.cdf(y, 3))
    return {"value": [float(step.low[0]), float(step.high[0])]}


OURS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    **{
        f"crps.{family}.{n}": lambda record, family=family: crps(record, family)
        for family, count in (("normal", 4), ("lognormal", 2), ("t", 2), ("exponential", 2))
        for n in range(1, count + 1)
    },
    "crps.ensemble": ensemble,
    "score.interval": interval,
    "score.log": logarithmic,
    "brier.murphy": murphy,
    "forecast.portfolio": portfolio,
    "pit.discrete": discrete,
}


def test_every_record_is_met(subtests) -> None:
    for name, ours in OURS.items():
        with subtests.test(name):
            assert_met(name, ours(value_reference(name)))


def test_no_record_is_left_out() -> None:
    assert set(OURS) == ids("crps", "score", "brier", "forecast", "pit")


# ------------------------------------------------------------------ the continuous ranked probability score

DRAWN: dict[str, Any] = {
    "normal": st.tuples(st.floats(-5, 5), st.floats(0.1, 5)),
    "lognormal": st.tuples(st.floats(-1, 1), st.floats(0.1, 1)),
    "t": st.tuples(st.floats(-5, 5), st.floats(0.1, 5), st.floats(2.5, 30)),
    "exponential": st.tuples(st.floats(0.2, 5)),
    "gamma": st.tuples(st.floats(0.5, 5), st.floats(0.2, 3)),
    "beta": st.tuples(st.floats(0.5, 5), st.floats(0.5, 5)),
}


@pytest.mark.parametrize("family", DRAWN)
@settings(max_examples=12, deadline=None)
@given(data=st.data(), at=st.floats(-0.2, 1.2))
def test_closed_form_is_the_integral_and_never_negative(family: str, data: st.DataObject, at: float) -> None:
    parameters = data.draw(DRAWN[family])
    own, make = LAWS[family]
    law = make(*parameters)
    low, high = law.ppf([0.01, 0.99])
    y = float(low + at * (high - low))
    found = float(own(y, *parameters))
    assert found > 0
    assert found == pytest.approx(by_integration(law, y), rel=1e-7, abs=1e-10)


@pytest.mark.parametrize("family", DRAWN)
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_expected_score_is_smallest_at_the_truth(family: str, data: st.DataObject) -> None:
    """Proper: whoever believes the truth scores best by saying so. By quadrature in probability."""
    truth, other = data.draw(DRAWN[family]), data.draw(DRAWN[family])
    own, make = LAWS[family]
    nodes, weights = np.polynomial.legendre.leggauss(400)
    y = make(*truth).ppf((nodes + 1) / 2)
    honest, dishonest = (weights / 2 @ own(y, *said) for said in (truth, other))
    assert honest <= dishonest + 1e-4 * honest
    apart = max(abs(a - b) for a, b in zip(truth, other, strict=True))
    assert honest < dishonest or apart < 0.5


@settings(max_examples=25)
@given(y=st.floats(-20, 20), mean=st.floats(-5, 5), sd=st.floats(0.1, 5), unit=st.floats(1e-6, 1e6))
def test_scores_scale_with_the_unit(y: float, mean: float, sd: float, unit: float) -> None:
    plain = [
        s.crps_normal(y, mean, sd),
        s.crps_t(y, mean, sd, 4),
        s.crps_point(y, mean),
        s.interval_score(y, mean - sd, mean + sd),
    ]
    other = [
        s.crps_normal(unit * y, unit * mean, unit * sd),
        s.crps_t(unit * y, unit * mean, unit * sd, 4),
        s.crps_point(unit * y, unit * mean),
        s.interval_score(unit * y, unit * (mean - sd), unit * (mean + sd)),
    ]
    assert [float(score) for score in other] == pytest.approx([unit * float(score) for score in plain], rel=1e-7)
    draws = mean + sd * np.array([[-1.0, 0.5, 2.0]])
    assert s.crps_ensemble([unit * y], unit * draws) == pytest.approx(
        unit * s.crps_ensemble([y], draws), rel=1e-7, abs=1e-12 * unit
    )


def test_families_meet_where_they_are_the_same() -> None:
    y = np.array([-1.0, 0.0, 0.4, 3.0])
    np.testing.assert_allclose(s.crps_exponential(y, 2.0), s.crps_gamma(y, 1.0, 0.5), rtol=1e-12)
    np.testing.assert_allclose(s.crps_t(y, 0.0, 1.0, 1e7), s.crps_normal(y, 0.0, 1.0), rtol=1e-5)
    np.testing.assert_allclose(s.crps_normal(y, 0.5, 1e-9), s.crps_point(y, 0.5), rtol=1e-8)
    law = Predictive("exponential", (2.0,))
    assert (law.mean, law.quantile(0.5)) == pytest.approx((0.5, math.log(2) / 2), rel=1e-12)


def test_ensemble_is_the_score_of_its_step_function_and_fair_is_unbiased() -> None:
    rng = np.random.default_rng(2)
    draws, y = rng.normal(size=(1, 7)), 0.3
    points = np.sort(np.append(draws[0], y))
    steps = [((draws[0] <= low).mean() - (low >= y)) ** 2 * (high - low) for low, high in itertools.pairwise(points)]
    assert s.crps_ensemble([y], draws)[0] == pytest.approx(sum(steps), rel=1e-12)
    many = rng.normal(size=(40_000, 3))
    fair = s.crps_ensemble(np.full(40_000, y), many, convention="fair")
    error = fair.std() / 200
    assert abs(fair.mean() - float(s.crps_normal(y, 0, 1))) < 4 * error
    assert s.crps_ensemble(np.full(40_000, y), many).mean() > fair.mean() + 10 * error


def test_log_score_moves_by_a_constant_with_the_unit_and_is_infinite_for_the_impossible() -> None:
    here, there = Predictive("normal", (2.0, 3.0)), Predictive("normal", (200.0, 300.0))
    assert there.log_score(500.0) - here.log_score(5.0) == pytest.approx(math.log(100), rel=1e-12)
    assert Predictive("lognormal", (0.0, 1.0)).log_score(-1.0) == math.inf
    assert s.log_score([0.5, 0.0]).tolist() == [math.log(2), math.inf]
    noisy = here.log_score(5.0, 4.0)
    assert noisy == pytest.approx(-stats.norm.logpdf(5, 2, 5), rel=1e-4)


# ------------------------------------------------------------------ events

events = st.lists(st.tuples(st.integers(0, 10), st.integers(0, 1)), min_size=1, max_size=40)


@given(events)
def test_three_terms_add_up_for_constant_bins(drawn: list[tuple[int, int]]) -> None:
    p, o = np.array([row[0] for row in drawn]) / 10, np.array([row[1] for row in drawn])
    found = s.brier(p, o)
    assert (found.within_bin_variance, found.within_bin_covariance) == (0, 0)
    assert found.reliability - found.resolution + found.uncertainty == pytest.approx(found.score, abs=1e-12)
    assert found.score == pytest.approx(np.mean((p - o) ** 2), abs=1e-15)
    assert (found.skill is None) == (found.uncertainty == 0)


@given(events, st.integers(1, 5))
def test_bins_add_two_terms(drawn: list[tuple[int, int]], bins: int) -> None:
    p, o = np.array([row[0] for row in drawn]) / 10, np.array([row[1] for row in drawn])
    found = s.brier(p, o, edges=np.linspace(0, 1, bins + 1))
    three = found.reliability - found.resolution + found.uncertainty
    assert three + found.within_bin_variance - found.within_bin_covariance == pytest.approx(found.score, abs=1e-12)
    assert sum(point.n for point in found.bins) == len(p)
    assert all(point.conf_low <= point.share <= point.conf_high for point in found.bins)
    order = np.random.default_rng(1).permutation(len(p))
    assert s.brier(p[order], o[order], edges=np.linspace(0, 1, bins + 1)).score == pytest.approx(found.score, abs=1e-15)


def test_binning_breaks_the_three_terms() -> None:
    found = s.brier([0.1, 0.4, 0.6, 0.9], [0, 1, 0, 1], edges=[0, 0.5, 1])
    assert found.reliability - found.resolution + found.uncertainty != pytest.approx(found.score, abs=0.01)
    assert [(point.forecast, point.n) for point in found.bins] == [(pytest.approx(0.25), 2), (pytest.approx(0.75), 2)]


# ------------------------------------------------------------------ where observed values fell


def test_transforms_of_calibrated_forecasts_are_uniform() -> None:
    rng = np.random.default_rng(4)
    y = rng.poisson(3, 3000)
    step = s.discrete_pit(y, lambda counts: stats.poisson.cdf(counts, 3))
    drawn = s.randomised_pit(step, rng=rng)
    assert stats.kstest(drawn, "uniform").pvalue > 0.01
    assert ((drawn >= step.low) & (drawn <= step.high)).all()
    histogram, curve = s.pit_histogram(step), s.calibration_curve(step)
    assert histogram.counts.sum() == pytest.approx(3000)
    assert histogram.counts == pytest.approx(np.full(10, 300.0), abs=30)
    assert curve.shares == pytest.approx(curve.levels, abs=0.02)
    too_sure = s.continuous_pit(stats.norm.cdf(rng.normal(size=500), scale=0.5))
    ends = s.pit_histogram(too_sure, bins=5)
    assert min(ends.counts[[0, 4]]) > ends.band_high > ends.expected > ends.band_low > max(ends.counts[1:4].min(), 0)


def test_histogram_and_curve_of_a_step_spread_it() -> None:
    step = s.discrete_pit([2], lambda y: stats.poisson.cdf(y, 3))
    counts = s.pit_histogram(step, bins=4).counts
    width = step.high - step.low
    assert counts == pytest.approx([*(0.25 - step.low) / width, *(step.high - 0.25) / width, 0, 0], rel=1e-12)
    assert s.calibration_curve(step, levels=[0.25]).shares == pytest.approx(counts[:1], rel=1e-12)


# ------------------------------------------------------------------ many together


def test_coverage_has_an_interval_and_says_whether_it_agrees() -> None:
    held = np.repeat([1, 0], [60, 40])
    for method, theirs in (("wilson", "wilson"), ("clopper_pearson", "exact")):
        found = s.coverage(held, claimed=0.9, method=method)
        known = stats.binomtest(60, 100).proportion_ci(method=theirs)
        assert (found.conf_low, found.conf_high) == pytest.approx((known.low, known.high), rel=1e-9)
        assert found.statement.code == "scoring.coverage_not_as_claimed"
    assert s.coverage(held, claimed=0.6).statement.code == "scoring.coverage_as_claimed"
    few = s.coverage([1, 1, 0], claimed=0.95, method="wilson")
    assert few.conf_high < 0.95
    assert few.statement.code == "scoring.coverage_as_claimed"
    for hits in (0, 5):
        ends = s.coverage(np.repeat([1, 0], [hits, 5 - hits]), claimed=0.5, method="clopper_pearson")
        known = stats.binomtest(hits, 5).proportion_ci(method="exact")
        assert (ends.conf_low, ends.conf_high) == pytest.approx((known.low, known.high), rel=1e-9)


def test_skill_is_of_the_means_and_says_against_what() -> None:
    found = s.skill([1.0, 1.0], [0.1, 3.9])
    assert found.skill == pytest.approx(0.5)
    assert (found.better, found.worse, found.naive) == (1, 1, s.NO_CHANGE)
    assert "no change from the baseline" in str(found.statement)
    assert s.skill([2.0, 2.0], [0.1, 1.9]).skill == pytest.approx(-1)
    assert "worse by 100.0%" in str(s.skill([2.0, 2.0], [0.1, 1.9]).statement)
    mixed = s.skill([1.0, 100.0], [2.0, 400.0], scales=[1.0, 100.0])
    assert mixed.skill == pytest.approx(1 - 1 / 3)


# ------------------------------------------------------------------ refused

NAN = math.nan
REFUSED: dict[str, tuple[Callable[[], object], str]] = {
    "nan": (lambda: s.crps_normal(NAN, 0, 1), "missing or infinite"),
    "infinite": (lambda: s.crps_exponential(math.inf, 1), "missing or infinite"),
    "nan parameter": (lambda: s.crps_lognormal(1, 0, NAN), "missing or infinite"),
    "shapes": (lambda: s.crps_normal([1, 2], [1, 2, 3], 1), "do not belong together"),
    "sd": (lambda: s.crps_normal(0, 0, 0), "not positive"),
    "rate": (lambda: s.crps_exponential(1, -1), "not positive"),
    "beta range": (lambda: s.crps_beta(1, 1, 1, 5, 5), "range is empty"),
    "t of one": (lambda: s.crps_t(0, 0, 1, 1), "infinite"),
    "huge mean": (lambda: s.crps_lognormal(1, 700, 10), "too large"),
    "draws": (lambda: s.crps_ensemble([1, 2], [[1.0, 2.0]]), "do not belong together"),
    "nan draw": (lambda: s.crps_ensemble([1], [[1.0, NAN]]), "missing"),
    "one draw": (lambda: s.crps_ensemble([1], [[1.0]], convention="fair"), "no spread"),
    "convention": (lambda: s.crps_ensemble([1], [[1.0]], convention="best"), "'best' is not known"),
    "swapped": (lambda: s.interval_score(1, 3, 2), "above its upper end"),
    "level": (lambda: s.interval_score(1, 2, 3, level=1.0), "not inside 0 to 1"),
    "density": (lambda: s.log_score(-0.1), "negative"),
    "probability": (lambda: s.event_log_score(1.2, 1), "1.2 is not within"),
    "outcome": (lambda: s.event_log_score(0.2, 0.5), "neither 0 nor 1"),
    "nan outcome": (lambda: s.brier([0.1], [NAN]), "missing"),
    "no forecasts": (lambda: s.brier([], []), "no list"),
    "edges": (lambda: s.brier([0.1], [1], edges=[0.2, 1]), "do not rise from 0"),
    "nan pit": (lambda: s.continuous_pit([NAN]), "missing"),
    "pit": (lambda: s.continuous_pit([1.5]), "not within"),
    "half a count": (lambda: s.discrete_pit([1.5], stats.poisson(3).cdf), "not a whole number"),
    "falling": (lambda: s.discrete_pit([1], stats.poisson(3).sf), "less probability"),
    "one bin": (lambda: s.pit_histogram(s.continuous_pit([0.5]), bins=1), "one bin"),
    "held": (lambda: s.coverage([0.5], claimed=0.9), "neither 0 nor 1"),
    "claimed": (lambda: s.coverage([1], claimed=95), "not inside"),
    "method": (lambda: s.coverage([1], claimed=0.9, method="wald"), "'wald' is not known"),
    "nan score": (lambda: s.skill([NAN], [1.0]), "missing"),
    "perfect naive": (lambda: s.skill([1.0], [0.0]), "not above zero"),
    "scale": (lambda: s.skill([1.0], [1.0], scales=0.0), "not positive"),
    "lengths": (lambda: score_portfolio([], [], [1.0]), "do not belong together"),
    "hits": (lambda: s.coverage([], claimed=0.9), "no list"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusals(name: str) -> None:
    call, reason = REFUSED[name]
    with pytest.raises(NotEstimable, match=reason):
        call()
