"""Money in ``value.yaml`` that does not hold together is refused with place and remedy; suppression hides its lines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import impact
from impact.declare import check_programme, load_programme
from impact.errors import DeclarationError
from impact.publish import read_table
from impact.publish.published import ReaderTables
from impact.states import ValueState
from impact.tables.valuation import Valuation
from tests.support.money import ACCOUNTS, COSTS, NOTE, PER_EFFECT, REACHED, ROWS, made, people
from tests.support.programmes import contract, edit, indicator, programme_folder
from tests.value.test_social_return import COUNTED, EFFECT, INPUT, RETURN, share

WORTH = {"value": 10.0, "origin": NOTE}


def problems(folder: Path, value: dict[str, Any]) -> str:
    """Return what is said of a programme, by the model or by the check."""
    path = made(folder / "made", value)
    try:
        found = check_programme(load_programme(path))
    except DeclarationError as error:
        found = list(error.problems)
    assert all(problem.file == "value.yaml" and problem.line for problem in found)
    return "\n".join(map(str, found))


COST_FAULTS = [
    ({"rows": ROWS | {"contract": "nowhere"}}, "there is no contract 'nowhere'; expected spending"),
    ({"rows": ROWS | {"amount": "sum"}}, "contract 'spending' has no column 'sum'"),
    ({"rows": ROWS | {"amount": "body"}}, "column 'body' is text, not a number"),
    ({"rows": ROWS | {"chart": "body"}}, "it is no chart of accounts"),
    ({"rows": ROWS | {"price_year": {"column": "amount"}}}, "column 'amount' does not hold years"),
    ({"rows": ROWS | {"where": [{"column": "amount", "equals": "much"}]}}, "column 'amount' is number"),
    ({"rows": ROWS | {"stage": {"value": "spent"}}}, "this is no stage; expected planned, committed"),
    ({"rows": ROWS | {"currency": {"value": "euro"}}}, "this is no currency; expected three capital letters"),
    ({"rows": ROWS | {"currency": {}}}, "give either column or value"),
    (
        {"rows": ROWS | {"currency": {"value": "USD"}, "price_year": {"value": 2020}}},
        "there is no exchange_rates of USD for 2020; found an amount in USD at prices of 2020. Declare it in prices",
    ),
    (
        {"rows": ROWS | {"currency": {"value": "EUR"}, "price_year": {"value": 2019}}},
        "there is no index of EUR for 2019",
    ),
    (
        {"rows": ROWS | {"currency": {"value": "USD"}, "price_year": {"value": 2019}}},
        "needs a rate and an index, in a declared order; expected prices.order",
    ),
    ({"rows": ROWS | {"contract": "rows", "amount": "y"}}, "rows of persons, whose amounts would be shown without"),
    ({"stage": "spent"}, "planned"),
    ({"capital": [{"account": "house", "life": 5, "used": 2, "resale": 0, "origin": NOTE}]}, "has no code 'house'"),
    ({"capital": [{"account": "office", "life": 2, "used": 3, "resale": 0, "origin": NOTE}]}, "longer than they last"),
    ({"shadow_prices": [{"account": "staff", "factor": 1, "origin": NOTE}] * 2}, "the account 'staff' stands twice"),
    ({"discount": {"rate": 0.03, "timing": "end_of_year"}}, "the field 'origin' is missing"),
    ({"discount": {"rate": 3, "timing": "end_of_year", "origin": NOTE}}, "less than 1"),
    ({"prices": {"index": [{"currency": "EUR", "values": {2020: 0}, "origin": NOTE}]}}, "greater than 0"),
    ({"prices": {"index": [{"currency": "EUR", "values": {2020: 1}, "origin": NOTE}] * 2}}, "EUR stands twice"),
    ({"per": [PER_EFFECT | {"indicator": "gone"}]}, "there is no indicator 'gone'; expected score"),
    ({"per": [PER_EFFECT, PER_EFFECT]}, "score (effect) stands twice"),
    ({"per": [{"indicator": "score", "of": "effect", "unit": "points"}]}, "reached belongs to an effect"),
    ({"per": [PER_EFFECT | {"reached": {"number": 5}}]}, "has a kind (real or synthetic) and an origin"),
    ({"per": [PER_EFFECT | {"reached": {"indicator": "gone"}}]}, "there is no indicator 'gone'"),
    (
        {"per": [{"indicator": "score", "of": "value", "unit": "x", "thresholds": [WORTH]}]},
        "thresholds belong to an effect",
    ),
    (
        {"per": [PER_EFFECT | {"decisions": {"yearly": [1], "first_year": "discounted", "origin": NOTE}}]},
        "decisions need a threshold",
    ),
]


@pytest.mark.parametrize(("change", "words"), COST_FAULTS)
def test_costs_that_do_not_hold_together_are_refused(change: dict[str, Any], words: str, tmp_path: Path) -> None:
    assert words in problems(tmp_path, {"costs": [COSTS | change]})


def test_capital_and_decisions_need_a_rate_before_there_are_data(tmp_path: Path) -> None:
    without = {name: value for name, value in COSTS.items() if name != "discount"}
    capital = {"capital": [{"account": "equipment", "life": 5, "used": 2, "resale": 0, "origin": NOTE}]}
    assert "capital per year needs a discount rate" in problems(tmp_path, {"costs": [without | capital]})


def proxy(**fields: Any) -> dict[str, Any]:
    return {"outcomes": [EFFECT | {"proxy": EFFECT["proxy"] | fields}]}


RETURN_FAULTS = [
    ({"outcomes": [EFFECT | {"deadweight": share(0.2)}]}, "deadweight is counted twice"),
    ({"outcomes": [{k: v for k, v in COUNTED.items() if k != "deadweight"}]}, "a value needs deadweight"),
    ({"outcomes": [{k: v for k, v in EFFECT.items() if k != "attribution"}]}, "the field 'attribution' is missing"),
    ({"outcomes": [EFFECT, EFFECT]}, "two outcomes have the id 'better'"),
    ({"outcomes": [EFFECT | {"displacement": share(1.5)}]}, "less than or equal to 1"),
    (
        {"outcomes": [EFFECT | {"drop_off": share(0.5, uncertain={"family": "normal", "parameters": [0.5, 0.1]})}]},
        "a share lies between 0 and 1",
    ),
    (proxy(uncertain={"family": "uniform", "parameters": [40, 50]}), "the number declared, 30, lies outside its"),
    (proxy(uncertain={"family": "uniform", "parameters": [50, 40]}), "no uniform distribution"),
    (proxy(currency="USD"), "there is no exchange_rates of USD for 2020"),
    (proxy(price_year=2015), "there is no index of EUR for 2015"),
    ({"inputs": {}}, "give either costs or stated"),
    ({"inputs": {"costs": "gone"}}, "there are no costs 'gone'"),
    ({"inputs": {"stated": [INPUT | {"value": 0}]}}, "do not add up to more than zero"),
    ({"inputs": {"stated": [INPUT, INPUT]}}, "two inputs are called 'Grant'"),
    ({"inputs": {"stated": [INPUT | {"currency": "GBP"}]}}, "there is no exchange_rates of GBP for 2020"),
]


@pytest.mark.parametrize(("change", "words"), RETURN_FAULTS)
def test_social_returns_that_do_not_hold_together_are_refused(
    change: dict[str, Any], words: str, tmp_path: Path
) -> None:
    assert words in problems(tmp_path, {"social_return": [RETURN | change]})


def test_costs_in_other_money_than_the_return_are_refused(tmp_path: Path) -> None:
    declared = RETURN | {"inputs": {"costs": "cost"}, "price_year": 2021}
    found = problems(tmp_path, {"costs": [COSTS], "social_return": [declared]})
    assert "the costs 'cost' are in other money than the outcomes; expected EUR at prices of 2021" in found


@pytest.mark.parametrize(
    ("old", "new", "per", "words"),
    [
        ("direction: increase", "direction: maintain", PER_EFFECT, "no way is better, and its effect counts nothing"),
        (
            "unit: points",
            "unit: share",
            {"indicator": "score", "of": "value", "unit": "x"},
            "which is no number of units",
        ),
        ("", "", {"indicator": "score", "of": "value", "unit": "x"}, "'score' is a mean, which is no number of units"),
        ("", "", PER_EFFECT | {"reached": {"indicator": "score"}}, "'score' is a mean, which is no number of units"),
        ("kind: mean", "kind: quantile", PER_EFFECT, "a quantile, is not on each of those reached"),
    ],
)
def test_indicators_that_count_no_units_are_refused(old: str, new: str, per: Any, words: str, tmp_path: Path) -> None:
    folder = made(tmp_path / "made", {"costs": [COSTS | {"per": [per]}]})
    edit(folder / "indicators.yaml", old, new)
    assert words in "\n".join(map(str, check_programme(load_programme(folder))))


def test_suppression_hides_every_line_that_rests_on_the_finding(tmp_path: Path) -> None:
    """Of a handful of persons nothing is shown: neither the ratio, nor why there is none; the money itself is."""
    declared = {"costs": [COSTS | {"per": [PER_EFFECT | {"thresholds": [WORTH]}]}], "social_return": [RETURN]}
    result = impact.run(made(tmp_path / "made", declared, persons=people(n=6)))
    whole = read_table(result.warehouse, Valuation, "made")
    shown = ReaderTables(result.warehouse).valuations("made").set_index("place")
    rests = whole.set_index("place")["rests_on"].map(len) > 0
    assert rests.sum() > 10
    assert set(shown.loc[rests, "state"]) == {ValueState.SUPPRESSED}
    assert shown.loc[rests, ["value", "conf_low", "conf_high", "verdict", "method"]].isna().all(axis=None)
    assert set(shown.loc[rests, "reason"]) == {""}
    assert shown.loc[shown["item"] == "stage/incurred", "value"].tolist() == [3450.0]


# ---- the shared contract -----------------------------------------------------------------------------------------------


def shared(folder: Path, frame: pd.DataFrame) -> Path:
    """Write a programme whose one file fills the shared contract, its category mapped to the chart of accounts."""
    other = pd.DataFrame({"id": ["a"], "y": [1.0]})
    path = programme_folder(
        folder, {"others": (contract("other", other, key=["id"]), other)}, [indicator("it", None, contract="other")]
    )
    edit(path / "contracts.yaml", "contracts:", "shared: [expenditure, chart_of_accounts]\ncontracts:")
    (path / "crosswalk.csv").write_text("from,to\nPersonale,staff\nAffitti,office\n", encoding="utf-8")
    frame.to_csv(path / "raw" / "spent.csv", index=False)
    with (path / "sources.yaml").open("a", encoding="utf-8") as file:
        file.write(
            "- id: spent\n  file: raw/spent.csv\n  contract: expenditure\n  rename: {voce: [category, chart]}\n"
            "  crosswalk: {chart: crosswalk.csv}\n  provenance: {title: Made, kind: synthetic, generator: the test}\n"
        )
    return path


def expenditure(**fields: Any) -> pd.DataFrame:
    columns = {
        "expenditure_id": ["e1", "e2", "e3"],
        "body": "Comune",
        "period": ["2020", "2020-05", "2020-05-31"],
        "voce": ["Personale", "Affitti", "Varie"],
        "stage": "incurred",
        "amount": [10.5, -2.0, 3.0],
        "currency": "EUR",
    }
    return pd.DataFrame(columns | fields)


def test_a_category_keeps_its_words_and_gets_its_account_and_the_rest_is_listed(tmp_path: Path) -> None:
    result = impact.run(shared(tmp_path / "made", expenditure()))
    rows = result.warehouse.rows('SELECT category, chart, amount FROM "made"."expenditure" ORDER BY ALL')
    assert rows == [("Affitti", "office", -2.0), ("Personale", "staff", 10.5), ("Varie", "Varie", 3.0)]
    listed = result.unmapped()
    assert listed[["contract", "column", "category", "rows"]].to_numpy().tolist() == [
        ["expenditure", "chart", "Varie", 1]
    ]


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"stage": ["incurred", "spent", "incurred"]}, "codes"),
        ({"currency": ["EUR", "euro", "EUR"]}, "pattern"),
        ({"period": ["2020", "2020-2021", "2020"]}, "pattern"),
        ({"amount": [1.0, None, 2.0]}, "required"),
        ({"body": ["A", None, "A"]}, "required"),
        ({"expenditure_id": ["e1", "e1", "e3"]}, "duplicate_key"),
    ],
)
def test_a_row_that_does_not_say_what_it_has_to_is_set_aside(change: dict[str, Any], rule: str, tmp_path: Path) -> None:
    result = impact.run(shared(tmp_path / "made", expenditure(**change)))
    assert rule in set(result.quarantine()["rule"])


def test_accounts_of_the_shared_list_have_a_group_each() -> None:
    programme = load_programme("data/wecare")
    codes = {item.code: item for item in programme.codelists["chart_of_accounts"].codes}
    assert {codes[item.parent].level for item in codes.values() if item.parent} == {"group"}
    assert set(ACCOUNTS) <= set(codes)
    assert REACHED["kind"] == "synthetic"
