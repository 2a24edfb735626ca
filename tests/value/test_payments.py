"""Outcome contracts: two real ones as of each date, caps and floors whatever the results, what was known when."""

from __future__ import annotations

import copy
import json
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import impact
from impact.declare.check import check_programme
from impact.declare.load import load_programme
from impact.declare.value.payments import OutcomeContract
from impact.errors import DeclarationError
from impact.publish import read_table
from impact.publish.protect import protect_valuations
from impact.states import ValueSection, ValueState
from impact.statistics import economics
from impact.tables.frames import to_records
from impact.tables.process import Claim
from impact.tables.valuation import Valuation
from impact.value.line import Line, Subject
from impact.value.payment_judgement import Case, Judgement
from impact.value.payment_results import Figure, Result, Spread
from impact.value.payments import judged_lines
from impact.words.said import Said
from tests.support.programmes import contract as row_contract
from tests.support.programmes import indicator, programme_folder
from tests.support.references import value_reference
from tests.support.shipped import shipped_result

NOTE = {"note": "of a test"}
SUBJECT = Subject(ValueSection.PAYMENTS, "made", "Made", "Made", "EUR", "EUR", "real")


def term(value: float) -> dict[str, Any]:
    return {"value": value, "origin": NOTE}


# ---- the two real contracts ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def peterborough(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Valuation]]:
    return shipped_lines(tmp_path_factory, "peterborough")


@pytest.fixture(scope="module")
def educate_girls(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Valuation]]:
    return shipped_lines(tmp_path_factory, "educate_girls")


def shipped_lines(factory: pytest.TempPathFactory, name: str) -> dict[str, dict[str, Valuation]]:
    """Return the lines of a programme's contract by the day it is judged on, '' for its terms, and by item."""
    with closing(shipped_result(factory, name)) as result:
        return by_day(read_table(result.warehouse, Valuation, name))


def by_day(table: pd.DataFrame) -> dict[str, dict[str, Valuation]]:
    lines = [line for line in to_records(Valuation, table) if line.section == ValueSection.PAYMENTS]
    found: dict[str, dict[str, Valuation]] = {}
    for line in lines:
        found.setdefault(line.subject.partition("-")[2], {})[line.item] = line
    assert sum(map(len, found.values())) == len(lines)
    return found


def code(line: Valuation | Line) -> str | None:
    return line.verdict.code if isinstance(line.verdict, Said) else None


def missing(line: Valuation | Line) -> set[str]:
    """Return the codes of the facts that a line says are missing."""
    assert isinstance(line.reason, Said)
    assert line.reason.code == "payments.not_recomputable"
    said = line.reason.values["missing"]
    return {each.code for each in (said if isinstance(said, tuple) else (said,)) if isinstance(each, Said)}


def test_peterborough_before_its_first_result_is_open(peterborough: dict[str, dict[str, Valuation]]) -> None:
    lines = peterborough["2014-08-06"]
    verdicts = {item: code(line) for item, line in lines.items() if item.endswith(("trigger", "payment", "total"))}
    assert set(verdicts.values()) == {"payments.state.open"}
    assert all(line.value is None and line.rests_on == () for line in lines.values())


def test_peterborough_after_the_first_cohort(peterborough: dict[str, dict[str, Valuation]]) -> None:
    lines = peterborough["2014-08-07"]
    reduction, trigger = (value_reference(f"contract.peterborough.cohort1.{name}") for name in ("reduction", "trigger"))
    result = lines["cohort_1/reduction/result"]
    assert result.value == pytest.approx(reduction["value"], rel=1e-12)
    assert result.rests_on == ("peterborough/events/cohort=cohort_1", "peterborough/events_comparison/cohort=cohort_1")
    missed = lines["cohort_1/reduction/trigger"]
    assert code(missed) == ("payments.state.met" if trigger["value"] else "payments.state.missed")
    level = economics.level_for(reduction["extra"]["per_100"][1], trigger["extra"]["threshold"])
    assert level == pytest.approx(trigger["extra"]["needed_at_most_per_100"])
    paid = lines["cohort_1/reduction/payment"]
    assert (paid.value, code(paid), paid.reason.code) == (0.0, "payments.unpaid", "payments.nothing_yet")  # type: ignore[union-attr]
    overall, record = lines["overall/trigger"], value_reference("contract.peterborough.cohort1.overall_open")
    assert code(overall) == f"payments.state.{record['value']}"
    assert (overall.reason.code == "payments.would_reach") is record["extra"]["above_if_final"]  # type: ignore[union-attr]
    assert (lines["total"].value, code(lines["total"])) == (0.0, "payments.state.open")
    assert code(lines["cohort_2/reduction/trigger"]) == "payments.state.open"


def test_peterborough_in_the_end_is_paid_an_amount_that_nobody_published(
    peterborough: dict[str, dict[str, Valuation]],
) -> None:
    lines, record = peterborough["2017-07-27"], value_reference("contract.peterborough.final.trigger")
    assert lines["overall/result"].value == pytest.approx(record["extra"]["reduction"])
    assert peterborough[""]["trigger/overall"].value == pytest.approx(record["extra"]["threshold"])
    assert (code(lines["overall/trigger"]) == "payments.state.met") is record["value"]
    assert code(lines["cohort_1/reduction/trigger"]) == "payments.state.missed"
    for item in ("total", "cohort_1/reduction/payment", "cohort_2/reduction/payment"):
        assert (lines[item].value, code(lines[item])) == (None, "payments.paid")
        assert missing(lines[item]) == {"payments.the_tariff", "payments.the_result"}
    assert {"payments.the_outlay", "payments.the_schedule"} <= missing(lines["rate_of_return"])
    assert "payments.the_outlay" in missing(lines["multiple"])
    assert lines["cohort_2/reduction/result"].state == ValueState.NOT_COMPUTABLE
    assert peterborough[""]["return_cap"].value == record["extra"]["cap_pa"]
    assert missing(peterborough[""]["return_cap/most"]) == {"payments.the_outlay"}


def test_educate_girls_before_and_after_its_results(educate_girls: dict[str, dict[str, Valuation]]) -> None:
    before, after = educate_girls["2018-07-13"], educate_girls["2018-07-14"]
    assert code(before["all/learning/result"]) == code(before["all/enrolment/result"]) == "payments.awaited"
    enrolment = value_reference("contract.educate_girls.enrolment_ratio")
    assert after["all/enrolment/result"].value == pytest.approx(enrolment["value"], rel=1e-12)
    weighted = value_reference("contract.educate_girls.weighted_achievement")
    learning, published = weighted["extra"]["achievement"]
    assert after["all/learning/result"].value == pytest.approx(learning)
    assert after["all/enrolment/result"].value == pytest.approx(published, abs=0.005)
    # The record takes the published 116 %, the line 768 of 662
    assert after["all/achievement"].value == pytest.approx(weighted["value"], abs=0.2 * 0.005)
    assert [educate_girls[""][f"weight/{name}"].value for name in ("learning", "enrolment")] == weighted["extra"][
        "weights"
    ]
    for item in ("total", "all/learning/payment", "all/enrolment/payment"):
        assert after[item].value is None
        assert missing(after[item]) == {"payments.the_tariff"}
    assert {"payments.the_outlay_dates", "payments.the_schedule"} <= missing(after["rate_of_return"])


def test_the_published_sums_of_educate_girls_close_on_no_one_rate(
    educate_girls: dict[str, dict[str, Valuation]],
) -> None:
    terms, record = educate_girls[""], value_reference("contract.educate_girls.cap_consistency")
    most, outlay = terms["return_cap/most"].value, terms["outlay/1"].value
    assert most is not None
    assert outlay == record["extra"]["published_upfront_usd"]
    assert most / outlay == pytest.approx(record["value"], rel=1e-12)
    implied = {
        "profit_share": "implied_irr_of_1_52",
        "return_paid": "implied_by_these",
        "most_over_outlay": "implied_422_over_270",
        "most_over_commitment": "implied_422_over_292_9",
    }
    for item, name in implied.items():
        assert terms[f"reported/{item}"].value == pytest.approx(record["extra"][name], rel=1e-9)
    assert code(terms["reported/all"]) == "payments.sums_do_not_close"


def test_the_published_gain_per_child_is_over_other_children(tmp_path_factory: pytest.TempPathFactory) -> None:
    record = value_reference("contract.educate_girls.effect_denominators")
    with closing(shipped_result(tmp_path_factory, "educate_girls")) as found:
        claims = {
            claim.claim: claim for claim in to_records(Claim, read_table(found.warehouse, Claim, "educate_girls"))
        }
    assert claims["mean_gain"].stated == record["extra"]["reported_mean_gain"]
    assert claims["mean_gain"].recomputed == pytest.approx(record["value"], rel=1e-9)
    assert (claims["mean_gain"].state, claims["enrolment_of_target"].state) == ("differs", "reproduced")


@pytest.mark.parametrize("name", ["peterborough", "educate_girls"])
def test_every_line_has_an_interval_or_says_why_not(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    for lines in shipped_lines(tmp_path_factory, name).values():
        assert all(line.reason for line in lines.values())
        assert all(line.state == ValueState.DECLARED or line.rests_on or line.value is None for line in lines.values())


# ---- rules, whatever the results -------------------------------------------------------------------------------------

METRIC = {"id": "jobs", "title": "jobs", "indicator": "y", "trigger": term(5), "tariff": term(10), "counted_from": 0}
COHORTS = [
    {"id": name, "title": name, "code": name, "final": f"202{place}-12-31", "size": term(place)}
    for place, name in enumerate(("a", "b", "c"), start=1)
]


def declared(**fields: Any) -> OutcomeContract:
    made = {"id": "made", "title": "Made", "currency": "EUR", "metrics": [METRIC]} | fields
    return OutcomeContract.model_validate(made)


def in_cohorts(**fields: Any) -> OutcomeContract:
    return declared(cohort_column="cohort", cohorts=COHORTS, **fields)


def result(value: float | None, final: str, **fields: Any) -> Result:
    figure = Figure(value, fields.get("low"), fields.get("high"), Said("payments.no_interval"))
    return Result(figure, fields.get("at_hand", final), final, (), fields.get("forecast"), ("jobs", "posti"))


def case(contract: OutcomeContract, values: list[float | None]) -> Case:
    """Return a contract whose only metric has these results, a cohort each."""
    names = [cohort.id for cohort in contract.cohorts]
    results = {
        (name, "jobs"): result(value, f"202{place}-12-31")
        for place, (name, value) in enumerate(zip(names, values, strict=True), start=1)
    }
    return Case(contract, tuple(names), results, None)


def lines_on(judged: Case, day: str) -> dict[str, Line]:
    return {line.item: line for line in judged_lines(SUBJECT, Judgement(judged, day))}


def value(line: Line) -> float:
    assert line.value is not None
    return line.value


money = st.integers(0, 200_000).map(lambda cents: cents / 100)
numbers = st.lists(st.floats(-20, 60), min_size=3, max_size=3)


@settings(max_examples=150, deadline=None)
@given(values=numbers, cohort_cap=st.none() | money, total_cap=st.none() | money, share=st.floats(0, 1), data=st.data())
def test_payments_stay_between_floor_and_cap_and_add_up_to_the_total(
    values: list[float], cohort_cap: float | None, total_cap: float | None, share: float, data: st.DataObject
) -> None:
    caps = {name: term(cap) for name, cap in (("cohort_cap", cohort_cap), ("total_cap", total_cap)) if cap is not None}
    floor = share * (total_cap if total_cap is not None else 1000.0)
    floor = floor if floor > 1e-20 else 0.0  # no declared number is smaller than 1e-30, but for 0
    overall = data.draw(st.none() | st.integers(-5, 30))
    fields = {"overall": {"metric": "jobs", "trigger": term(overall)}} if overall is not None else {}
    made = case(in_cohorts(floor=term(floor), **caps, **fields), values)
    most = np.inf if total_cap is None else total_cap
    for day in made.days:
        lines = lines_on(made, day)
        total = value(lines["total"])
        payments = [line.value for item, line in lines.items() if item.endswith("/payment") and line.value is not None]
        slack = 1e-9 * (1 + total)
        assert sum(payments) == pytest.approx(total, rel=1e-12, abs=1e-9)
        assert total <= most + slack
        assert total >= (floor - slack if day == made.days[-1] else 0)


@settings(max_examples=60, deadline=None)
@given(values=numbers, later=numbers)
def test_what_became_known_later_changes_no_line(values: list[float], later: list[float]) -> None:
    contract = in_cohorts(overall={"metric": "jobs", "trigger": term(6)})
    first, other = case(contract, values), case(contract, [values[0], *later[1:]])
    assert lines_on(first, "2021-12-31") == lines_on(other, "2021-12-31")
    assert lines_on(first, "2021-12-30") == lines_on(case(contract, later), "2021-12-30")


def test_the_same_contract_is_open_missed_and_paid_at_its_dates() -> None:
    made = case(in_cohorts(overall={"metric": "jobs", "trigger": term(6)}), [4.0, 6.0, 8.0])
    assert made.days == ["2021-12-31", "2022-12-31", "2023-12-31"]
    first, second, last = (lines_on(made, day) for day in made.days)
    assert [code(lines["a/jobs/trigger"]) for lines in (first, second, last)] == ["payments.state.missed"] * 3
    assert [value(lines["a/jobs/payment"]) for lines in (first, second, last)] == [0, 0, 40]
    assert [code(lines["overall/trigger"]) for lines in (first, second, last)] == [
        "payments.state.open", "payments.state.open", "payments.state.met",
    ]  # fmt: skip
    assert value(second["overall/result"]) == pytest.approx((1 * 4 + 2 * 6) / 3)
    assert value(last["overall/result"]) == pytest.approx((1 * 4 + 2 * 6 + 3 * 8) / 6)
    assert [value(lines["total"]) for lines in (first, second, last)] == [0, 60, 180]
    assert code(first["c/jobs/payment"]) == "payments.state.open"


@pytest.mark.parametrize(("own", "total"), [(6.0, 100.0), (5.9, 60.0)])
def test_a_trigger_over_all_goes_by_its_own_result_where_it_has_one(own: float, total: float) -> None:
    contract = in_cohorts(overall={"metric": "jobs", "trigger": term(6), "indicator": "y"})
    made = case(contract, [2.0, 2.0, 6.0])
    lines = lines_on(Case(contract, made.cohorts, made.results, result(own, "2023-12-31")), "2023-12-31")
    assert value(lines["overall/result"]) == own
    assert code(lines["overall/trigger"]) == f"payments.state.{'met' if own >= 6 else 'missed'}"
    assert value(lines["total"]) == total


@settings(max_examples=100, deadline=None)
@given(values=numbers, cap=st.none() | st.floats(1, 400), overall=st.integers(1, 30))
def test_what_was_paid_is_never_taken_back(values: list[float], cap: float | None, overall: int) -> None:
    capped = {} if cap is None else {"total_cap": term(cap)}
    made = case(in_cohorts(overall={"metric": "jobs", "trigger": term(overall)}, **capped), values)
    paid = dict.fromkeys(made.cohorts, 0.0)
    for day in made.days:
        lines = lines_on(made, day)
        for cohort, before in paid.items():
            now = lines[f"{cohort}/jobs/payment"].value
            paid[cohort] = before if now is None else now
            assert paid[cohort] >= before - 1e-9


def test_what_the_trigger_over_all_pays_comes_after_what_was_paid() -> None:
    contract = in_cohorts(overall={"metric": "jobs", "trigger": term(5.9)}, total_cap=term(100))
    made = case(contract, [4.0, 8.0, 1.0])
    assert value(lines_on(made, "2022-12-31")["b/jobs/payment"]) == 80
    made = case(contract, [4.0, 8.0, 6.0])
    last = lines_on(made, "2023-12-31")
    assert [value(last[f"{cohort}/jobs/payment"]) for cohort in "abc"] == [0, 80, 20]


@pytest.mark.parametrize(("floor", "added"), [(1000, 800), (200, 0), (5, 0)])
def test_the_floor_has_its_line_whatever_it_adds(floor: float, added: float) -> None:
    made = case(in_cohorts(floor=term(floor)), [8.0, 6.0, 6.0])
    assert "floor/payment" not in lines_on(made, "2022-12-31")
    assert value(lines_on(made, "2023-12-31")["floor/payment"]) == added


def test_a_price_that_nobody_published_leaves_what_is_certainly_nothing() -> None:
    unpriced = {name: given for name, given in METRIC.items() if name not in ("tariff", "counted_from")}
    missed = lines_on(case(in_cohorts(metrics=[unpriced]), [4.0, 3.0, 2.0]), "2023-12-31")
    assert (value(missed["total"]), code(missed["total"])) == (0, "payments.unpaid")
    met = lines_on(case(in_cohorts(metrics=[unpriced]), [4.0, 6.0, 2.0]), "2023-12-31")
    assert (met["total"].value, code(met["total"]), missing(met["total"])) == (
        None,
        "payments.paid",
        {"payments.the_tariff"},
    )
    floored = lines_on(case(in_cohorts(metrics=[unpriced], floor=term(5)), [4.0, 3.0, 2.0]), "2023-12-31")
    assert floored["total"].value is None


def test_a_result_that_is_not_there_is_no_zero() -> None:
    lines = lines_on(case(in_cohorts(), [8.0, None, 6.0]), "2023-12-31")
    assert lines["total"].value is None
    assert missing(lines["total"]) == missing(lines["b/jobs/trigger"]) == {"payments.the_result"}


def test_what_a_missing_result_cannot_change_is_paid_as_before() -> None:
    lines = lines_on(case(in_cohorts(), [8.0, None, 6.0]), "2022-12-31")
    assert value(lines["a/jobs/payment"]) == 80
    assert lines["total"].value is None
    assert (code(lines["total"]), code(lines["c/jobs/payment"])) == ("payments.state.open", "payments.state.open")
    overall = {"metric": "jobs", "trigger": term(6)}
    missed = lines_on(case(in_cohorts(overall=overall), [4.0, None, 6.0]), "2023-12-31")
    assert missing(missed["a/jobs/payment"]) == {"payments.the_result"}
    assert missing(missed["overall/trigger"]) == {"payments.the_overall_result"}
    made = case(in_cohorts(overall=overall | {"indicator": "y"}), [4.0, 6.0, 6.0])
    unknown = lines_on(Case(made.contract, made.cohorts, made.results, result(None, "2023-12-31")), "2023-12-31")
    assert missing(unknown["total"]) == missing(unknown["a/jobs/payment"]) == {"payments.the_overall_result"}
    assert value(unknown["b/jobs/payment"]) == 60
    first = lines_on(case(in_cohorts(), [None, 8.0, 8.0]), "2021-12-31")
    assert missing(first["total"]) == {"payments.the_result"}


# ---- while results are awaited ---------------------------------------------------------------------------------------


def awaited(**fields: Any) -> dict[str, Line]:
    """Return the lines of one cohort whose result is due in 2030, on a day of 2025, by the rules of the record."""
    given = value_reference("contract.expected_payment_normal")["given"]
    metric = METRIC | {
        "trigger": term(given["threshold"]),
        "counted_from": given["threshold"],
        "tariff": term(given["tariff"]),
        "most_units": term(given["cap_points"]),
    }
    results = {("all", "jobs"): result(fields.pop("value", None), "2030-12-31", **fields)}
    return lines_on(Case(declared(metrics=[metric]), ("all",), results, None), "2025-01-01")


def test_a_forecast_gives_probability_and_payment_of_the_record() -> None:
    record = value_reference("contract.expected_payment_normal")
    given = record["given"]
    lines = awaited(forecast=Spread(given["mean"], given["sd"], Said("payments.by_forecast")))
    assert value(lines["all/jobs/probability"]) == pytest.approx(record["extra"]["p_trigger"], rel=1e-9)
    # 20,000 draws: the standard deviation of the payment is about 200,000, three standard errors 4,300
    expected = lines["expected"]
    assert value(expected) == pytest.approx(record["value"], abs=4300)
    assert (expected.conf_low, expected.conf_high) == (0, 500000)
    assert value(lines["probability/nothing"]) == pytest.approx(1 - record["extra"]["p_trigger"], abs=0.011)
    assert code(lines["total"]) == "payments.state.open"
    assert lines == awaited(forecast=Spread(given["mean"], given["sd"], Said("payments.by_forecast")))


def test_an_interim_result_is_open_with_the_probability_of_its_interval() -> None:
    half = 1.959963984540054 * 4
    lines = awaited(value=8.4, low=8.4 - half, high=8.4 + half, at_hand="2024-12-31")
    assert value(lines["all/jobs/result"]) == 8.4
    assert code(lines["all/jobs/trigger"]) == "payments.state.open"
    record = value_reference("contract.expected_payment_normal")
    assert value(lines["all/jobs/probability"]) == pytest.approx(record["extra"]["p_trigger"], rel=1e-6)
    assert awaited(value=8.4, at_hand="2024-12-31")["all/jobs/probability"].value is None


def test_the_mean_over_cohorts_has_its_probability_by_size() -> None:
    contract = in_cohorts(overall={"metric": "jobs", "trigger": term(6)})
    made = case(contract, [4.0, None, None])
    forecast = Spread(7.0, 2.0, Said("payments.by_forecast"))
    results = dict(made.results)
    for name, final in (("b", "2022-12-31"), ("c", "2023-12-31")):
        results[name, "jobs"] = result(None, final, forecast=forecast)
    lines = lines_on(Case(contract, made.cohorts, results, None), "2021-12-31")
    mean, sd = (4 + 2 * 7 + 3 * 7) / 6, np.sqrt((2 * 2) ** 2 + (3 * 2) ** 2) / 6
    assert value(lines["overall/probability"]) == pytest.approx(economics.probability_reached(6, mean, sd), rel=1e-12)
    assert lines["expected"].conf_low is not None


# ---- returns ---------------------------------------------------------------------------------------------------------


def returned(
    paid: float, outlay: list[tuple[str, float]], schedule: list[tuple[str, float]], **fields: Any
) -> dict[str, Line]:
    """Return the lines of a contract that pays so much, in shares, on an outlay."""
    contract = declared(
        metrics=[METRIC | {"tariff": term(paid)}],
        outlay=[{"date": date, "amount": amount, "origin": NOTE} for date, amount in outlay],
        schedule=[{"date": date, "share": amount / paid, "origin": NOTE} for date, amount in schedule],
        **fields,
    )
    metric = contract.metrics[0].model_copy(update={"trigger": None})
    contract = contract.model_copy(update={"metrics": (metric,)})
    results = {("all", "jobs"): result(1.0, "2001-01-01")}
    return lines_on(Case(contract, ("all",), results, None), "2008-12-31")


def test_the_rate_of_return_is_that_of_the_record() -> None:
    record = value_reference("irr.xirr_doc")
    dates, amounts = record["given"]["dates"], record["given"]["amounts"]
    schedule = list(zip(dates[1:], amounts[1:], strict=True))
    lines = returned(sum(amounts[1:]), [(dates[0], -amounts[0])], schedule, return_cap={"rate": 0.2, "origin": NOTE})
    rate = lines["rate_of_return/1"]
    assert value(rate) == pytest.approx(record["value"], rel=record["tolerance"])
    assert code(rate) == "payments.above_cap"
    assert value(lines["multiple"]) == pytest.approx(1.3)
    instalments = [value(line) for item, line in lines.items() if item.startswith("instalment/")]
    assert instalments == pytest.approx(amounts[1:])
    assert code(lines[f"instalment/{dates[1]}"]) == "payments.instalment_due"
    assert code(lines[f"instalment/{dates[-1]}"]) == "payments.instalment_later"


@pytest.mark.parametrize(
    ("rate", "said"), [(0.07, "within_cap"), (0.07 + 1e-6, "above_cap"), (0.07 - 1e-6, "within_cap")]
)
def test_a_rate_that_is_the_cap_is_within_it(rate: float, said: str) -> None:
    repaid = 270_000 * (1 + rate) ** 3
    cap = {"rate": 0.07, "origin": NOTE}
    lines = returned(repaid, [("2005-01-01", 270_000)], [("2008-01-01", repaid)], return_cap=cap)
    assert code(lines["rate_of_return/1"]) == f"payments.{said}"


def test_several_rates_or_none_are_said_so() -> None:
    years = ["2001-01-01", "2002-01-01", "2003-01-01"]
    several = returned(230.0, [(years[0], 100), (years[2], 132)], [(years[1], 230.0)])
    rates = [line for item, line in several.items() if item.startswith("rate_of_return/")]
    assert [value(line) for line in rates] == pytest.approx(value_reference("irr.two_roots")["value"], rel=1e-9)
    assert all(line.reason and line.reason.code == "economics.several_rates" for line in rates)
    none = returned(150.0, [(years[0], 100), (years[2], 100)], [(years[1], 150.0)])
    assert none["rate_of_return"].value is None
    assert none["rate_of_return"].reason.code == "economics.no_rate"  # type: ignore[union-attr]


# ---- a programme from its files --------------------------------------------------------------------------------------

TWO = [{"id": name, "title": name, "code": name, "final": f"{2021 + place}"} for place, name in enumerate("ab")]
CONTRACT: dict[str, Any] = {
    "id": "made", "title": {"en": "Made", "it": "Fatto"}, "currency": "EUR", "cohort_column": "cohort", "cohorts": TWO,
    "metrics": [METRIC], "total_cap": term(90), "floor": term(1),
}  # fmt: skip


def rows() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    frame = pd.DataFrame(
        {"person": [f"p{i}" for i in range(80)], "cohort": ["a", "b"] * 40, "arm": ["1", "1", "0", "0"] * 20}
    )
    frame["y"] = rng.normal(6, 1, 80) + np.where(frame["arm"] == "1", 2, 0)
    return frame


def programme(folder: Path, contracts: list[dict[str, Any]], frame: pd.DataFrame | None = None) -> Path:
    """Write a programme of 80 persons in two cohorts."""
    frame = rows() if frame is None else frame
    of_rows = row_contract("rows", frame, key=("person",), person="person")
    of_rows["columns"]["cohort"] = {"type": "code", "codes": ["a", "b"], "required": True}
    randomised = {"kind": "randomised", "arm": "arm", "treated": "1", "comparison": "0"}
    forecast = {"kind": "elicited", "quantiles": {"0.025": 4.0, "0.975": 8.0}, "origin": NOTE}
    target = {"value": 4.0, "due": "2030", "origin": NOTE}
    indicators = [
        indicator("y", by=["cohort"]),
        indicator("effect", randomised),
        indicator("share", unit="share"),
        indicator("later", ex_post={"period": "2030"}, ex_ante={"forecast": forecast, "target": target}),
    ]
    folder = programme_folder(folder, {"data": (of_rows, frame)}, indicators)
    (folder / "value.yaml").write_text(json.dumps({"payments": contracts}), encoding="utf-8")
    return folder


def run_lines(folder: Path) -> dict[str, dict[str, Valuation]]:
    with closing(impact.run(folder)) as found:
        return by_day(read_table(found.warehouse, Valuation, "made"))


@pytest.mark.parametrize(
    ("qualifier", "paid", "why"),
    [("exact", 60.0, None), ("about", None, "payments.not_exact"), ("at_most", None, "payments.not_exact")],
)
@pytest.mark.parametrize("overall", [{}, {"overall": {"metric": "jobs", "trigger": term(5), "indicator": "y"}}])
def test_a_figure_that_is_not_exact_meets_no_trigger(
    tmp_path: Path, overall: dict[str, Any], qualifier: str, paid: float | None, why: str | None
) -> None:
    frame = pd.DataFrame({"id": ["one"], "y": [6.0], "qualifier": [qualifier]})
    of_rows = row_contract("rows", frame, key=("id",))
    of_rows["columns"]["qualifier"] = {"type": "code", "codes": ["exact", "about", "at_most"]}
    stated = indicator("y", formula={"kind": "sum", "column": "y", "qualifier": "qualifier"})
    made = {"id": "made", "title": "Made", "currency": "EUR", "metrics": [METRIC], **overall}
    folder = programme_folder(tmp_path / "made", {"data": (of_rows, frame)}, [stated], value={"payments": [made]})
    [lines] = [lines for day, lines in run_lines(folder).items() if day]
    assert lines["total"].value == paid
    for item in ("all/jobs/result", *(["overall/result"] if overall else [])):
        assert code_of_reason(lines[item]) == (why or "payments.no_interval")


def code_of_reason(line: Valuation) -> str:
    assert isinstance(line.reason, Said)
    return line.reason.code


def test_lines_rest_on_the_findings_of_their_cohorts(tmp_path: Path) -> None:
    days = run_lines(programme(tmp_path / "made", [CONTRACT]))
    frame = rows()
    first, last = days["2021-12-31"], days["2022-12-31"]
    mean = frame.loc[frame["cohort"] == "a", "y"].mean()
    found = first["a/jobs/result"]
    assert found.value == pytest.approx(mean)
    assert found.conf_low is not None
    assert found.rests_on == ("made/y/cohort=a",)
    assert first["a/jobs/payment"].value == pytest.approx(10 * mean)
    assert code(first["b/jobs/trigger"]) == "payments.state.open"
    assert last["total"].value == 90
    assert set(last["total"].rests_on) == {"made/y/cohort=a", "made/y/cohort=b"}
    assert last["b/jobs/payment"].value == pytest.approx(90 - 10 * mean)
    assert all(line.data_kind == "synthetic" for line in (*first.values(), *last.values()))


def test_the_order_of_rows_changes_nothing(tmp_path: Path) -> None:
    one = run_lines(programme(tmp_path / "made", [CONTRACT]))
    other = run_lines(programme(tmp_path / "other", [CONTRACT], rows().sample(frac=1, random_state=1)))
    for day, lines in one.items():
        for item, line in lines.items():
            assert other[day][item].value == (None if line.value is None else pytest.approx(line.value, rel=1e-12))
            assert code(other[day][item]) == code(line)


def test_no_final_day_makes_a_result_known_before_the_day_of_its_indicator(tmp_path: Path) -> None:
    wave = {"id": "second", "title": "second", "indicators": {"jobs": "later"}, "final": "2025"}
    contract = CONTRACT | {"cohorts": [wave], "as_of": ["2025", "2030-12-30", "2030"]}
    del contract["cohort_column"]
    days = run_lines(programme(tmp_path / "made", [contract]))
    awaited = [days[day]["second/jobs/result"].value is None for day in ("2025-12-31", "2030-12-30", "2030-12-31")]
    assert awaited == [True, True, False]


def test_cohorts_of_other_waves_have_their_own_indicators_and_an_effect_is_counted(tmp_path: Path) -> None:
    waves = [
        {"id": "first", "title": "first", "indicators": {"jobs": "effect"}},
        {"id": "second", "title": "second", "indicators": {"jobs": "later"}},
    ]
    metric = METRIC | {"counted": "effect", "trigger": term(1)}
    contract = CONTRACT | {"cohorts": waves, "metrics": [metric], "as_of": ["2020", "2030"]}
    del contract["cohort_column"]
    folder = programme(tmp_path / "made", [contract])
    with closing(impact.run(folder)) as found:
        findings = found.findings().set_index("indicator")
        days = by_day(read_table(found.warehouse, Valuation, "made"))
    line = days["2020-12-31"]["first/jobs/result"]
    assert line.value == findings.loc["effect", "estimate"]
    assert (line.conf_low, line.conf_high) == tuple(findings.loc["effect", ["effect_low", "effect_high"]])
    assert line.difference
    assert days["2020-12-31"]["second/jobs/probability"].value is None  # the forecast is of the value, not of an effect
    assert days["2030-12-31"]["second/jobs/result"].value is None  # it has no design
    assert missing(days["2030-12-31"]["total"]) == {"payments.the_result"}


def test_a_forecast_counts_until_the_result_is_in(tmp_path: Path) -> None:
    metric = METRIC | {"indicator": "later", "counted": "achievement", "trigger": term(1.5)}
    contract = CONTRACT | {"cohorts": [], "metrics": [metric], "as_of": ["2021", "2030"]}
    del contract["cohort_column"]
    days = run_lines(programme(tmp_path / "made", [contract]))
    before, after = days["2021-12-31"], days["2030-12-31"]
    assert before["all/jobs/probability"].value == pytest.approx(0.5, abs=1e-6)
    assert before["all/jobs/probability"].rests_on == ("made/later",)
    assert after["all/jobs/result"].value == pytest.approx(rows()["y"].mean() / 4)
    assert after["all/jobs/result"].conf_low is not None
    assert "expected" not in after


def test_a_suppressed_finding_hides_every_line_that_rests_on_it(tmp_path: Path) -> None:
    with closing(impact.run(programme(tmp_path / "made", [CONTRACT]))) as found:
        valuations, findings = read_table(found.warehouse, Valuation, "made"), found.findings()
    few = findings["finding"] == "made/y/cohort=a"
    hidden = by_day(protect_valuations(valuations, findings.assign(suppressed=np.where(few, "few", ""))))
    for lines in (hidden["2021-12-31"], hidden["2022-12-31"]):
        for item in ("a/jobs/result", "a/jobs/trigger", "a/jobs/payment", "total"):
            assert (lines[item].value, lines[item].verdict, lines[item].state) == (None, None, ValueState.SUPPRESSED)
    assert hidden["2022-12-31"]["b/jobs/result"].value is not None
    assert hidden["2022-12-31"]["b/jobs/payment"].value is None  # its cap depends on what the first cohort was paid


# ---- what does not hold together -------------------------------------------------------------------------------------


def changed(**fields: Any) -> dict[str, Any]:
    return copy.deepcopy(CONTRACT) | fields


@pytest.mark.parametrize(
    ("contract", "says", "field"),
    [
        (changed(metrics=[METRIC | {"indicator": "z"}]), "there is no indicator 'z'", "payments.made.metrics.jobs.indicator"),
        (changed(metrics=[METRIC, METRIC]), "two metrics of contract 'made' are called 'jobs'", "payments.made.metrics"),
        (changed(cohorts=[TWO[0], TWO[1] | {"code": "z"}]), "'cohort' has no code 'z'", "payments.made.cohorts.b.code"),
        (changed(cohorts=[TWO[0], TWO[1] | {"code": "a"}]), "two cohorts have the code 'a'", "payments.made.cohorts"),
        (changed(cohorts=[TWO[0], TWO[1] | {"id": "a"}]), "two cohorts of contract", "payments.made.cohorts"),
        (changed(cohorts=TWO[::-1]), "their final days come in order", "payments.made.cohorts"),
        (changed(cohort_column="arm"), "no column of codes 'arm'", "payments.made.cohort_column"),
        (changed(metrics=[METRIC | {"indicator": "later"}]), "is not cut by 'cohort'", "payments.made.cohort_column"),
        (changed(overall={"metric": "z", "trigger": term(1), "indicator": "y"}), "there is no metric 'z'", "payments.made.overall"),
        (changed(overall={"metric": "jobs", "trigger": term(1)}), "needs the size of each", "payments.made.overall"),
        (changed(overall={"metric": "jobs", "trigger": term(1), "indicator": "share"}), "has another unit", "payments.made.overall.indicator"),
        (changed(overall={"metric": "jobs", "trigger": term(1), "indicator": "z"}), "no indicator 'z'", "payments.made.overall.indicator"),
        (changed(metrics=[METRIC | {"better": "lower"}]), "lower results of 'y' are paid for", "payments.made.metrics.jobs.better"),
        (changed(metrics=[METRIC | {"counted": "relative_reduction", "against": "baseline"}]), "higher results of 'y' are paid for", "payments.made.metrics.jobs.better"),
    ],
)  # fmt: skip
def test_what_does_not_hold_together_is_named(tmp_path: Path, contract: dict[str, Any], says: str, field: str) -> None:
    problems = check_programme(load_programme(programme(tmp_path / "made", [contract])))
    assert [(problem.file, problem.field) for problem in problems] == [("value.yaml", field)]
    assert says in str(problems[0])
    assert problems[0].fix or problems[0].expected


def test_two_contracts_of_one_id_are_named(tmp_path: Path) -> None:
    problems = check_programme(load_programme(programme(tmp_path / "made", [CONTRACT, CONTRACT])))
    assert "two contracts are called 'made'" in str(problems[0])


@pytest.mark.parametrize(
    ("contract", "says"),
    [
        (changed(floor=term(91)), "the floor is at most the total cap"),
        (changed(as_of=["2022", "2021"]), "the dates of as_of come in order"),
        (changed(as_of=["2021", "2021-12-31"]), "the dates of as_of come in order"),
        (changed(schedule=[{"date": "2022", "share": 0.5, "origin": NOTE}]), "add up to 1"),
        (changed(outlay=[{"date": d, "amount": 1, "origin": NOTE} for d in ("2022", "2020")]), "the dates of outlay"),
        (changed(metrics=[METRIC | {"tariff": {"value": 1}}]), "the field 'origin' is missing"),
        (changed(metrics=[METRIC | {"tariff": {"value": -1, "origin": NOTE}}]), "the value is 0 or more"),
        (changed(metrics=[{name: given for name, given in METRIC.items() if name != "counted_from"}]), "counted_from go together"),
        (changed(metrics=[METRIC | {"against": "baseline"}]), "against goes with"),
        (changed(metrics=[METRIC | {"counted": "relative_reduction"}]), "against goes with"),
        (changed(metrics=[]), "at least 1 item"),
        (changed(cohorts=[{"id": "a", "title": "a"}]), "give either code"),
        (changed(cohort_column=None), "cohort_column goes with"),
        (changed(currency="euro"), "pattern"),
    ],
)  # fmt: skip
def test_what_a_contract_cannot_say_is_refused_with_its_place(
    tmp_path: Path, contract: dict[str, Any], says: str
) -> None:
    with pytest.raises(DeclarationError) as refused:
        load_programme(programme(tmp_path / "made", [contract]))
    assert refused.value.problems[0].file == "value.yaml"
    assert refused.value.problems[0].line is not None
    assert says in str(refused.value)
