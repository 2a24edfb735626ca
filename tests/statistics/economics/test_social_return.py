"""Social return: what must hold of any map, what it hangs on, and simulation against a closed form."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from impact.errors import NotEstimable
from impact.statistics import economics as e

share = st.floats(0, 0.9)
outcome = st.builds(
    e.Outcome,
    name=st.just(""),
    quantity=st.floats(0.1, 1e4),
    proxy=st.floats(1, 1e4),
    deadweight=share,
    displacement=share,
    attribution=share,
    drop_off=share,
    duration=st.integers(1, 6),
    verified=st.booleans(),
)
outcomes = st.lists(outcome, min_size=1, max_size=5).map(
    lambda found: [replace(one, name=f"outcome {number}") for number, one in enumerate(found)]
)
maps = st.builds(e.Map, outcomes, st.just({"grant": 1000.0, "time": 250.0}), rates=st.floats(0, 0.2))
JOB = e.Outcome(
    "job", 40, 1800, deadweight=0.25, displacement=0.05, attribution=0.2, drop_off=0.1, duration=3, verified=True
)
VISIT = e.Outcome("visit", 90, 19, deadweight=0, displacement=0, attribution=0.1, drop_off=0.1, duration=5)
CHART = e.Map([JOB, VISIT], {"grant": 42000}, rates=0.035)


@given(chart=maps, unit=st.floats(1e-3, 1e3))
def test_the_currency_is_a_unit(chart: e.Map, unit: float) -> None:
    scaled = [replace(one, proxy=unit * one.proxy) for one in chart.outcomes]
    inputs = {name: unit * amount for name, amount in chart.inputs.items()}
    other = e.social_return(replace(chart, outcomes=scaled, inputs=inputs))
    assert other.ratio == pytest.approx(e.social_return(chart).ratio, rel=1e-9)


@given(chart=maps)
def test_the_order_of_rows_is_none(chart: e.Map) -> None:
    other = replace(chart, outcomes=chart.outcomes[::-1], inputs=dict(reversed(chart.inputs.items())))
    first, second = e.social_return(chart), e.social_return(other)
    assert second.ratio == pytest.approx(first.ratio, rel=1e-12)
    assert second.unverified_share == pytest.approx(first.unverified_share, rel=1e-12)


@given(chart=maps)
def test_what_costs_nothing_and_does_nothing_changes_no_total(chart: e.Map) -> None:
    nothing = e.Outcome("nothing", 0, 500, 0, 0, 0, 0, 1)
    first = e.social_return(chart)
    second = e.social_return(replace(chart, outcomes=[*chart.outcomes, nothing], inputs={**chart.inputs, "free": 0.0}))
    assert (second.ratio, second.present_value, second.total_inputs) == (
        first.ratio,
        first.present_value,
        first.total_inputs,
    )
    assert second.unverified_share == first.unverified_share
    assert second.outcomes[-1].present_value == 0


@given(
    chart=maps,
    field=st.sampled_from(["deadweight", "displacement", "attribution"]),
    deductions=st.sampled_from(["multiplied", "added"]),
)
def test_a_deduction_of_all_leaves_nothing(chart: e.Map, field: str, deductions) -> None:  # type: ignore[no-untyped-def]
    gone = [replace(one, **{field: 1.0}) for one in chart.outcomes]  # type: ignore[arg-type]
    found = e.social_return(replace(chart, outcomes=gone, deductions=deductions))
    assert (found.ratio, found.present_value, found.unverified_share) == (0, 0, None)
    assert str(found.remark) == "nothing is left of any outcome after its deductions"
    assert all(one.share is None for one in found.outcomes)
    with pytest.raises(NotEstimable, match="nothing is left of outcome 0"):
        e.break_even_proxy(replace(chart, outcomes=gone), "outcome 0")


@given(chart=maps)
def test_steps_add_up_and_go_down(chart: e.Map) -> None:
    found = e.social_return(chart)
    assert sum(one.share or 0 for one in found.outcomes) == pytest.approx(1, rel=1e-9)
    assert sum(one.present_value for one in found.outcomes) == pytest.approx(found.present_value, rel=1e-12)
    assert sum(one.by_year for one in found.outcomes) == pytest.approx(found.by_year, rel=1e-12)
    for one in found.outcomes:
        assert one.gross >= one.after_deadweight >= one.after_displacement >= one.impact == one.by_year[0]
    assert e.social_return(replace(chart, deductions="added")).ratio <= found.ratio * (1 + 1e-12)


@given(chart=maps, target=st.floats(0, 10))
def test_at_the_break_even_proxy_the_ratio_is_the_one_asked_for(chart: e.Map, target: float) -> None:
    proxy = e.break_even_proxy(chart, "outcome 0", ratio=target)
    changed = [replace(chart.outcomes[0], proxy=proxy), *chart.outcomes[1:]]
    size = e.social_return(chart).ratio
    assert e.social_return(replace(chart, outcomes=changed)).ratio == pytest.approx(target, abs=1e-9 * (1 + size))


def test_value_that_rests_on_what_nobody_verified() -> None:
    found = e.social_return(CHART)
    assert found.unverified_share == pytest.approx(found.outcomes[1].share, rel=1e-12)
    harm = replace(VISIT, proxy=-19)
    against = e.social_return(replace(CHART, outcomes=[JOB, harm]))
    assert against.unverified_share == pytest.approx(found.unverified_share, rel=1e-12)


def test_declining_rates_multiply_here_too() -> None:
    rates = [0.035, 0.03, 0.03, 0.02, 0.02]
    found = e.social_return(replace(CHART, rates=rates))
    factors = 1 / np.cumprod(1 + np.array(rates))
    assert found.present_value == pytest.approx(found.by_year @ factors, rel=1e-12)


def test_the_largest_swing_stands_first() -> None:
    ranges = {**e.around(CHART, "deadweight", 0.5), ("visit", "proxy"): (0.0, 38.0), ("job", "attribution"): (0.0, 0.9)}
    found = e.tornado(CHART, ranges)
    assert [(swing.outcome, swing.field) for swing in found][:2] == [("job", "attribution"), ("job", "deadweight")]
    widths = [swing.width for swing in found]
    assert widths == sorted(widths, reverse=True)
    assert found[0].ratio_low > found[0].ratio_high


def test_simulation_has_the_moments_of_a_sum_of_products() -> None:
    """With fixed durations the ratio is linear in each proxy: mean and spread are closed forms."""
    believed = {
        ("job", "proxy"): e.Uncertain("normal", (1800.0, 200.0)),
        ("visit", "proxy"): e.Uncertain("uniform", (9.0, 29.0)),
    }
    found = e.simulated_return(CHART, believed, draws=100_000, seed=1)
    slopes = [
        e.social_return(replace(CHART, outcomes=[replace(JOB, proxy=p), replace(VISIT, proxy=q)])).ratio
        for p, q in [(1, 0), (0, 1)]
    ]
    spread = math.hypot(slopes[0] * 200, slopes[1] * 20 / math.sqrt(12))
    assert found.mean == pytest.approx(e.social_return(CHART).ratio, abs=4 * spread / math.sqrt(100_000))
    assert found.ratios.std() == pytest.approx(spread, rel=0.02)
    assert found.conf_low < found.median < found.conf_high
    assert found.above_one == pytest.approx((found.ratios > 1).mean())


def test_draws_depend_on_the_seed_and_not_on_the_order() -> None:
    believed = {
        ("job", "deadweight"): e.Uncertain("triangular", (0.1, 0.25, 0.5)),
        ("visit", "quantity"): e.Uncertain("lognormal", (4.5, 0.3)),
        ("visit", "attribution"): e.Uncertain("beta", (2.0, 8.0, 0.0, 1.0)),
    }
    first = e.simulated_return(CHART, believed, draws=500, seed=1)
    turned = replace(CHART, outcomes=CHART.outcomes[::-1])
    second = e.simulated_return(turned, dict(reversed(believed.items())), draws=500, seed=1)
    assert second.ratios == pytest.approx(first.ratios, rel=1e-12)
    assert not np.allclose(e.simulated_return(CHART, believed, draws=500, seed=2).ratios, first.ratios)


@pytest.mark.parametrize(
    ("law", "other"),
    [
        (e.Uncertain("normal", (1.0, 2.0)), stats.norm(1, 2)),
        (e.Uncertain("triangular", (1.0, 2.0, 5.0)), stats.triang(0.25, 1, 4)),
        (e.Uncertain("uniform", (1.0, 3.0)), stats.uniform(1, 2)),
        (e.Uncertain("lognormal", (0.5, 0.2)), stats.lognorm(0.2, scale=math.exp(0.5))),
        (e.Uncertain("beta", (2.0, 3.0, 1.0, 5.0)), stats.beta(2, 3, 1, 4)),
    ],
)
def test_declared_distributions_are_those_of_their_names(law: e.Uncertain, other) -> None:  # type: ignore[no-untyped-def]
    assert law.mean == pytest.approx(other.mean(), rel=1e-12)
    drawn = law.draw(np.random.default_rng(3), 20_000)
    assert stats.kstest(drawn, other.cdf).pvalue > 0.001
    assert law.ends == pytest.approx(other.support())


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: replace(JOB, proxy=None), "the financial proxy of job: no number"),
        (lambda: replace(JOB, proxy=math.nan), "the financial proxy of job: no number"),
        (lambda: replace(JOB, deadweight=None), "the deadweight of job"),
        (
            lambda: replace(JOB, attribution=1.2),
            "the attribution to others of job: 1.2 is not possible; needed: from 0 to 1",
        ),
        (lambda: replace(JOB, duration=0), "the duration"),
        (lambda: e.Map([], {"grant": 1}, 0.0), "no outcome"),
        (lambda: e.Map([JOB, JOB], {"grant": 1}, 0.0), "stand twice: job"),
        (lambda: e.Map([JOB], {"grant": math.nan}, 0.0), "the input of grant: no number"),
        (lambda: e.Map([JOB], {"grant": 0.0}, 0.0), "more than zero"),
        (lambda: e.Map([JOB], {"grant": 1}, 0.0, periods=2), "job lasts 3 years"),
        (lambda: e.social_return(e.Map([JOB], {"grant": 1}, math.nan)), "the rate"),
        (lambda: e.social_return(e.Map([JOB], {"grant": 1}, [0.03])), "no rate for year 3"),
        (lambda: e.tornado(CHART, {("job", "duration"): (1, 2)}), "duration cannot be moved"),
        (lambda: e.tornado(CHART, {("jobs", "proxy"): (1, 2)}), "no outcome called jobs; needed: one of job, visit"),
        (lambda: e.tornado(CHART, {("job", "deadweight"): (-0.1, 0.2)}), "the deadweight of job"),
        (lambda: e.simulated_return(CHART, {}, draws=10, seed=1), "no number is uncertain"),
        (
            lambda: e.simulated_return(
                CHART, {("job", "deadweight"): e.Uncertain("normal", (0.2, 0.1))}, draws=10, seed=1
            ),
            "further than it can",
        ),
        (lambda: e.Uncertain("uniform", (2.0, 1.0)), "no uniform distribution"),
        (lambda: e.Uncertain("gamma", (2.0, 1.0)), "one of normal, triangular"),  # type: ignore[arg-type]
        (lambda: e.Uncertain("normal", (2.0,)), "no normal distribution"),
        (lambda: e.benefit_cost_ratio([1.0], [0.0]), "more than zero"),
    ],
)
def test_what_is_missing_is_named_and_never_zero(call, words: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(NotEstimable, match=words):
        call()


def test_an_effect_is_drawn_by_students_t_and_may_be_the_wrong_way() -> None:
    """The ratio is linear in the quantity, so that its percentiles are those of the t, to the error of 20,000 draws."""
    outcome = e.Outcome("visit", -1.0, 10.0, 0, 0, 0, 0, 1)
    chart = e.Map([outcome], {"grant": 10.0}, rates=0.0)
    believed = {("visit", "quantity"): e.Uncertain("student", (-1.0, 0.5, 5.0))}
    found = e.simulated_return(chart, believed, draws=20_000, seed=3)
    assert e.social_return(chart).ratio == -1.0
    low, high = -1.0 + 0.5 * stats.t(5).ppf([0.025, 0.975])
    assert (found.conf_low, found.conf_high) == pytest.approx((low, high), abs=0.04)
    assert believed["visit", "quantity"].interval(0.95) == pytest.approx((low, high))
