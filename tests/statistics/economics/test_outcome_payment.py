"""Outcome contracts: caps and floors hold whatever the results, the ledger adds up, and closed forms meet draws."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from impact.errors import NotEstimable
from impact.statistics import economics as e
from impact.statistics.economics.outcome_payment import within

results = st.floats(-50, 50)
money = st.floats(0, 1e5)
metrics = st.builds(
    e.Metric,
    name=st.just(""),
    trigger=results,
    counted_from=results,
    tariff=money,
    better=st.sampled_from(["higher", "lower"]),
    weight=st.floats(0, 1),
    most_units=st.none() | st.floats(0, 40),
)
COHORTS = ("1", "2", "3")


@st.composite
def contracts(draw: st.DrawFn) -> tuple[e.Contract, np.ndarray]:
    found = draw(st.lists(metrics, min_size=1, max_size=3))
    named = tuple(replace(metric, name=f"metric {number}") for number, metric in enumerate(found))
    total_cap = draw(st.none() | money)
    floor = draw(st.floats(0, 1e5 if total_cap is None else total_cap))
    weights = dict.fromkeys(COHORTS, 1.0)
    overall = draw(st.none() | st.builds(e.Overall, st.just("metric 0"), results, st.just(weights)))
    rules = e.Contract(named, draw(st.none() | money), total_cap, floor, overall, {"first": 0.3, "last": 0.7})
    values = draw(st.lists(results, min_size=3 * len(named), max_size=3 * len(named)))
    return rules, np.array(values).reshape(3, -1)


@given(case=contracts(), final=st.booleans())
def test_payments_stay_within_cap_and_floor_and_the_ledger_adds_up(
    case: tuple[e.Contract, np.ndarray], final: bool
) -> None:
    rules, values = case
    found = e.ledger(rules, COHORTS, values, final=final)
    slack = 1e-9 * (1 + abs(found.total))
    assert found.total <= rules.cap + slack
    assert found.total >= (rules.floor if final else 0) - slack
    assert sum(line.paid for line in found.payments) == pytest.approx(found.total, rel=1e-12, abs=1e-9)
    assert found.payments[-1].cumulative == pytest.approx(found.total, rel=1e-12, abs=1e-9)
    assert sum(amount for _, amount in found.instalments) == pytest.approx(found.total, rel=1e-12, abs=1e-9)
    assert all(0 <= line.paid <= line.due <= line.gross for line in found.payments)
    for cohort in COHORTS:
        due = sum(line.due for line in found.payments if line.cohort == cohort)
        assert due <= (math.inf if rules.cohort_cap is None else rules.cohort_cap) + slack
    assert all(str(line.reason) and str(line.rule) for line in found.payments)


@given(case=contracts())
def test_a_cohort_without_units_changes_no_total(case: tuple[e.Contract, np.ndarray]) -> None:
    rules, values = case
    rules = replace(rules, overall=None)
    nothing = [metric.trigger - metric.sign for metric in rules.metrics]
    more = e.ledger(rules, (*COHORTS, "nobody"), np.vstack([values, nothing]), final=True)
    assert more.total == pytest.approx(e.ledger(rules, COHORTS, values, final=True).total, rel=1e-12)


@given(case=contracts(), unit=st.floats(1e-3, 1e3))
def test_the_currency_is_a_unit(case: tuple[e.Contract, np.ndarray], unit: float) -> None:
    rules, values = case

    def scaled(amount: float | None) -> float | None:
        return None if amount is None else unit * amount

    other = replace(
        rules,
        metrics=tuple(replace(metric, tariff=unit * metric.tariff) for metric in rules.metrics),
        cohort_cap=scaled(rules.cohort_cap),
        total_cap=scaled(rules.total_cap),
        floor=min(unit * rules.floor, scaled(rules.total_cap) or math.inf) if rules.floor else 0.0,
    )
    first, second = (e.ledger(each, COHORTS, values, final=True).total for each in (rules, other))
    assert second == pytest.approx(unit * first, rel=1e-9, abs=1e-6)


def test_a_cohort_that_missed_is_paid_by_the_trigger_over_all() -> None:
    metric = e.Metric("reduction", trigger=0.10, counted_from=0.0, tariff=100.0)
    rules = e.Contract((metric,), overall=e.Overall("reduction", 0.075, {"1": 1000, "2": 1000}))
    open_still = e.ledger(rules, ("1",), [[0.084]], final=False)
    assert (open_still.total, open_still.payments[0].reason.code) == (0, "economics.pay_open")
    final = e.ledger(rules, ("1", "2"), [[0.084], [0.12]], final=True)
    assert [line.reason.code for line in final.payments] == ["economics.pay_overall", "economics.pay_units"]
    assert final.total == pytest.approx(20.4, rel=1e-12)
    missed = e.ledger(rules, ("1", "2"), [[0.06], [0.05]], final=True)
    assert missed.total == 0


def test_lines_say_by_which_rule_and_why() -> None:
    metric = e.Metric("care", trigger=27.0, counted_from=55.0, tariff=1000.0, better="lower", weight=0.5, most_units=40)
    rules = e.Contract((metric,), cohort_cap=18000, total_cap=20000, floor=30)
    with pytest.raises(NotEstimable, match="the floor"):
        replace(rules, floor=20001)
    found = e.ledger(rules, ("a", "b", "c", "d"), [[11.0], [27.0], [30.0], [20.0]], final=True)
    assert [str(line.reason) for line in found.payments] == [
        "40 units: a result of 11 reaches the trigger of 27; no more than 40 units are paid; cut by the cohort's cap of 18,000.00",
        "28 units: a result of 27 reaches the trigger of 27; cut by the contract's cap of 20,000.00",
        "a result of 30 misses the trigger of 27",
        "35 units: a result of 20 reaches the trigger of 27; cut by the contract's cap of 20,000.00",
    ]  # fmt: skip
    assert str(found.payments[0].rule) == "care: 1,000 per unit from 55, weight 0.5, if 27 is reached"
    assert [line.paid for line in found.payments] == [18000, 2000, 0, 0]


def test_the_floor_is_a_line_of_its_own_once_all_is_in() -> None:
    rules = e.Contract((e.Metric("jobs", trigger=5, counted_from=0, tariff=10),), floor=200)
    found = e.ledger(rules, ("1",), [[7.0]], final=True)
    assert [(line.cohort, line.paid, line.cumulative) for line in found.payments] == [("1", 70, 70), ("", 130, 200)]
    assert e.ledger(rules, ("1",), [[7.0]], final=False).total == 70


@given(due=st.lists(st.floats(0, 1e6), min_size=1, max_size=12), cap=st.floats(0, 1e6))
def test_a_cap_is_used_up_in_order(due: list[float], cap: float) -> None:
    paid = within(np.array(due), cap)
    assert paid.sum() == pytest.approx(min(sum(due), cap), rel=1e-9, abs=1e-6)
    assert (paid <= due).all()


@settings(max_examples=30, deadline=None)
@given(metric=metrics, mean=st.floats(-20, 20), sd=st.floats(0.5, 30), cap=st.none() | st.floats(0, 1e6))
def test_the_closed_form_is_what_draws_of_a_normal_pay(
    metric: e.Metric, mean: float, sd: float, cap: float | None
) -> None:
    metric = replace(metric, name="metric", tariff=1 + metric.tariff, weight=0.1 + metric.weight)
    found = e.payment_if_normal(metric, mean, sd, cap=cap)
    z = special.ndtri((np.arange(80_000) + 0.5) / 80_000)
    drawn = e.payment_of_draws(e.Contract((metric,), cohort_cap=cap), ("1",), mean + sd * z[:, None, None])
    # Equal shares of the probability: what lies beyond the outermost, and a jump of up to 100 units at the trigger
    assert drawn.expected == pytest.approx(found.expected, rel=1e-3, abs=metric.price * (2e-4 * sd + 100 / 80_000))
    assert drawn.std_dev == pytest.approx(found.std_dev, rel=0.01, abs=metric.price * (0.02 * sd + 0.5))
    assert drawn.p_trigger[0, 0] == pytest.approx(found.p_trigger, abs=1e-4)
    if abs(found.p_trigger - 0.5) > 1e-4:
        middle = np.quantile(drawn.totals, 0.5)
        assert found.quantile(0.5) == pytest.approx(middle, rel=1e-3, abs=1e-3 * sd * metric.price)


def test_quantiles_rise_where_lower_is_better_too() -> None:
    metric = e.Metric("care", trigger=27.0, counted_from=55.0, tariff=1000.0, better="lower")
    found = e.payment_if_normal(metric, 25.0, 5.0)
    quantiles = [found.quantile(level) for level in (0.05, 0.5, 0.95)]
    assert quantiles == sorted(quantiles)
    assert quantiles[1] == pytest.approx(30_000, rel=1e-12)
    assert found.p_trigger == e.probability_reached(27.0, 25.0, 5.0, better="lower")


def test_draws_of_a_whole_contract_meet_cap_floor_and_the_trigger_over_all() -> None:
    metric = e.Metric("reduction", trigger=0.10, counted_from=0.0, tariff=1e5)
    overall = e.Overall("reduction", 0.075, {"1": 1.0, "2": 1.0})
    rules = e.Contract((metric,), total_cap=20_000, floor=1000, overall=overall)
    draws = np.random.default_rng(2).normal(0.08, 0.03, (5000, 2, 1))
    found = e.payment_of_draws(rules, ("1", "2"), draws)
    assert found.totals.min() == 1000
    assert found.totals.max() == 20_000
    assert found.p_overall == pytest.approx((draws.mean(axis=(1, 2)) >= 0.075).mean())
    assert found.p_floor == pytest.approx((found.totals == 1000).mean())
    assert found.p_cap == pytest.approx((found.totals == 20_000).mean())
    one = e.ledger(rules, ("1", "2"), draws[0], final=True)
    assert one.total == pytest.approx(found.totals[0], rel=1e-12)


def test_a_result_that_misses_by_rounding_alone_reaches_the_trigger() -> None:
    third = e.reduction(0.7 * 3, 3.0).relative
    assert third != 0.3
    for value in (third, 0.1 + 0.2, 0.3):
        assert e.trigger_state(value, 0.3).state == e.trigger_state(value, 0.3, better="lower").state == "met"
    rules = e.Contract((e.Metric("reduction", trigger=0.3, counted_from=0.0, tariff=100.0),))
    assert e.ledger(rules, ("1",), [[third]], final=True).total == pytest.approx(30, rel=1e-9)
    assert e.trigger_state(0.2999, 0.3).short_by == pytest.approx(0.0001, rel=1e-9)
    with pytest.raises(NotEstimable, match="each of 1 cohorts"):
        e.ledger(rules, ("1",), [0.3], final=True)


METRIC = e.Metric("jobs", trigger=5, counted_from=0, tariff=10)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: replace(METRIC, tariff=None), "the tariff of jobs: no number"),
        (lambda: replace(METRIC, trigger=math.nan), "the trigger of jobs: no number"),
        (lambda: replace(METRIC, better="more"), "one of higher, lower"),
        (lambda: e.Contract(()), "no metric"),
        (lambda: e.Contract((METRIC, METRIC)), "stand twice: jobs"),
        (lambda: e.Contract((METRIC,), overall=e.Overall("work", 1, {"1": 1})), "one of jobs"),
        (lambda: e.Contract((METRIC,), schedule={"a": 0.5}), "add up to 0.5"),
        (lambda: e.Contract((METRIC,), total_cap=math.nan), "the cap: no number"),
        (lambda: e.ledger(e.Contract((METRIC,)), ("1", "2"), [[1.0], [math.nan]], final=True), "cohort 2 has no result of jobs"),
        (lambda: e.ledger(e.Contract((METRIC,)), ("1", "2"), [[1.0]], final=True), "each of 2 cohorts and 1 metrics"),
        (lambda: e.ledger(e.Contract((METRIC,)), ("1", "1"), [[1.0], [2.0]], final=True), "stand twice"),
        (lambda: e.ledger(e.Contract((METRIC,), overall=e.Overall("jobs", 1, {})), ("1",), [[1.0]], final=True), "the weights of 1"),
        (lambda: e.pooled_result(e.Contract((METRIC,)), ("1",), np.ones((1, 1))), "no trigger over all"),
        (lambda: e.payment_if_normal(METRIC, 1.0, 0.0), "the standard deviation"),
        (lambda: e.trigger_state(math.nan, 1.0), "the result"),
        (lambda: e.reduction(1.0, 0.0), "the baseline"),
        (lambda: e.reduction(1.0, 2.0, target=2.0), "the improvement promised"),
        (lambda: e.achievement([1.0], [0.0], [1.0]), "the target"),
        (lambda: e.implied_base(1.0, 0.0), "the percentage is zero"),
        (lambda: e.implied_share(1.0, 2.0, 2.0), "the same mean"),
        (lambda: e.implied_rest(1.0, [2.0], [1.0, 0.0]), "the weights"),
    ],
)  # fmt: skip
def test_what_is_missing_is_named_and_never_zero(call, words: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(NotEstimable, match=words):
        call()
