"""Lines of costs: sums by hand, the reference-checked functions on the findings, refusals by name, properties."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

import impact
from impact.declare import load_programme
from impact.declare.value.money import Quantity
from impact.statistics import economics as e
from impact.tables.valuation import Valuation
from impact.value.evidence import Evidence
from impact.value.quantities import units_of
from impact.words import words_in
from impact.words.said import Said
from tests.support.money import (
    COSTS,
    NOTE,
    PER_EFFECT,
    ROWS,
    SPENT,
    finding_of,
    lines_of,
    made,
    people,
    spending,
    valued,
)
from tests.support.programmes import contract, indicator

OUTPUT = {"indicator": "meetings_held", "of": "value", "unit": "meetings"}


def costs(**fields: Any) -> dict[str, Any]:
    return {"costs": [COSTS | fields]}


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Valuation]:
    return valued(tmp_path_factory.mktemp("plain") / "made", costs(per=[OUTPUT]))


def test_stages_and_execution_are_summed_by_hand(plain: dict[str, Valuation]) -> None:
    found = {name: plain[name].value for name in plain if name.startswith(("stage/", "execution/"))}
    assert found == {
        "stage/planned": 3500.0,
        "stage/committed": None,
        "stage/incurred": 3450.0,
        "stage/declared": None,
        "stage/certified": 750.0,
        "execution/all": pytest.approx(750 / 3500),
        "execution/2019": pytest.approx(0.45),
        "execution/2020": None,
        "execution/2021": None,
    }
    assert str(plain["execution/2020"].reason) == "not computable because no row is certified"
    assert str(plain["execution/2021"].reason) == "not computable because no row is planned"
    assert {plain["stage/incurred"].state, plain["stage/declared"].state} == {"measured", "not_computable"}


def test_a_body_without_a_row_of_an_account_has_no_row_and_not_zero(plain: dict[str, Valuation]) -> None:
    assert plain["account/staff"].value == 3000.0
    assert plain["account/office/south"].value == 400.0
    absent = plain["account/office/north"]
    assert (absent.value, str(absent.reason)) == (None, "no row, which is not zero")
    assert "no row of north" in str(plain["account/office"].reason)
    assert "account/equipment" not in plain


def test_what_the_crosswalk_does_not_map_is_listed_and_stays_in_the_total(plain: dict[str, Valuation]) -> None:
    assert plain["unmapped/south/Sundries"].value == 50.0
    assert plain["at_prices"].value == 3450.0


def test_cost_per_output_is_the_present_value_over_the_count(plain: dict[str, Valuation]) -> None:
    present = e.present_value([900.0, 2550.0], 0.05, timing="end_of_year").value
    assert plain["economic"].value == pytest.approx(present)
    line = plain["per/meetings_held/value/ratio"]
    assert line.value == pytest.approx(present / 20)
    assert (line.conf_low, str(line.reason)) == (None, "a complete count has no interval")
    assert line.rests_on == ("made/meetings_held",)


def test_cost_per_effect_is_fiellers_set_of_the_finding(tmp_path: Path) -> None:
    worth = {"thresholds": [{"value": 20, "origin": NOTE}]}
    decisions = {"decisions": {"yearly": [2, 3], "first_year": "discounted", "origin": NOTE}}
    error = {"std_error": 100.0, "correlation": 0.2, "origin": NOTE}
    declared = costs(per=[PER_EFFECT | worth | decisions], cost_error=error)
    result = impact.run(made(tmp_path / "made", declared))
    finding, lines = finding_of(result, "score"), lines_of(result)
    cost = e.present_value([900.0, 2550.0], 0.05, timing="end_of_year").value
    assert finding.estimate is not None
    assert finding.std_error is not None
    assert finding.inference is not None
    increment = e.Increment(cost, 100.0, 100 * finding.estimate, 100 * finding.std_error, 0.2)
    df = float(finding.inference.values["df"])  # type: ignore[union-attr, arg-type]
    expected, item = e.fieller_set(increment, df=df), "per/score/effect"
    line = lines[f"{item}/ratio"]
    assert (line.value, line.conf_low, line.conf_high) == pytest.approx((expected.ratio, expected.low, expected.high))
    units = lines[f"{item}/units"]
    assert (units.conf_low, units.conf_high) == pytest.approx((100 * finding.effect_low, 100 * finding.effect_high))
    plane = [
        lines[f"{item}/plane/{name}"].value or 0.0 for name in ("north_east", "south_east", "south_west", "north_west")
    ]
    assert sum(plane) == pytest.approx(1)
    benefit = e.net_benefit(increment, [20.0])
    assert lines[f"{item}/threshold/20/net_benefit"].value == pytest.approx(benefit.benefit[0])
    assert lines[f"{item}/threshold/20/acceptable"].value == pytest.approx(benefit.acceptable[0])
    each = e.evpi_normal(float(benefit.benefit[0]), float(benefit.std_error[0])).value
    population = e.population_value(each, [2, 3], 0.05, first_year="discounted").value
    assert lines[f"{item}/threshold/20/evpi"].value == pytest.approx(population)
    assert {line.rests_on for name, line in lines.items() if name.startswith(item)} == {("made/score",)}


def test_an_effect_that_may_be_zero_has_no_interval_and_says_what_is_rejected(tmp_path: Path) -> None:
    lines = valued(tmp_path / "made", costs(per=[PER_EFFECT]), persons=people(gain=0.0))
    line = lines["per/score/effect/ratio"]
    assert line.value is not None
    assert line.conf_low is None
    assert "reject only what lies between" in str(line.reason)


@pytest.mark.parametrize(
    ("amount", "gain", "words"),
    [
        (500.0, -2.0, "more cost for less of it"),
        (-500.0, 2.0, "less cost for more of it"),
        (-500.0, -2.0, "what each unit lost saves"),
    ],
)
def test_a_ratio_that_is_not_more_cost_for_more_effect_says_what_it_is(
    amount: float, gain: float, words: str, tmp_path: Path
) -> None:
    spent = spending((("n", "2020", "S", "staff", "incurred", amount),))
    line = valued(tmp_path / "made", costs(per=[PER_EFFECT]), persons=people(gain=gain), spent=spent)
    ratio = line["per/score/effect/ratio"]
    assert ratio.value is not None
    assert words in str(ratio.reason)


def test_a_fall_that_is_better_counts_as_more(tmp_path: Path) -> None:
    up = valued(tmp_path / "up", costs(per=[PER_EFFECT]), persons=people(gain=2.0))
    frame = people(gain=2.0).assign(y=lambda rows: -rows["y"])
    down = valued(tmp_path / "down", costs(per=[PER_EFFECT]), persons=frame, direction="decrease")
    name = "per/score/effect/ratio"
    assert down[name].value == pytest.approx(up[name].value)
    assert down[name].conf_high == pytest.approx(up[name].conf_high)


def test_shadow_prices_and_capital_make_the_economic_cost(tmp_path: Path) -> None:
    rows = (
        ("north", "2019", "Van", "equipment", "incurred", 1000.0),
        ("north", "2019", "Pay", "staff", "incurred", 500.0),
    )
    capital = {"account": "equipment", "life": 5, "used": 2, "resale": 0.1, "origin": NOTE}
    shadow = {"account": "staff", "factor": 0.8, "origin": NOTE}
    lines = valued(tmp_path / "made", costs(capital=[capital], shadow_prices=[shadow]), spent=spending(rows))
    a_year = e.annual_cost(1000.0, 0.05, 5, resale=100.0, timing="end_of_year")
    assert lines["capital/equipment/economic"].value == pytest.approx(a_year.economic)
    assert lines["capital/equipment/financial"].value == pytest.approx(180.0)
    stream = [400.0 + a_year.economic, a_year.economic]
    assert lines["economic"].value == pytest.approx(e.present_value(stream, 0.05, timing="end_of_year").value)
    assert lines["at_prices"].value == 1500.0


PRICES = {
    "index": [
        {"currency": "EUR", "values": {2019: 100.0, 2020: 110.0}, "origin": NOTE},
        {"currency": "USD", "values": {2019: 100.0, 2020: 150.0}, "origin": NOTE},
    ],
    "exchange_rates": [{"currency": "USD", "values": {2019: 0.5, 2020: 0.25}, "origin": NOTE}],
}


@pytest.mark.parametrize(
    ("order", "expected"),
    [("convert_then_inflate", 3450 * 0.5 * 1.1), ("inflate_then_convert", 3450 * 1.5 * 0.25)],
)
def test_other_money_is_brought_over_in_the_declared_order(order: str, expected: float, tmp_path: Path) -> None:
    lines = valued(
        tmp_path / "made", costs(prices=PRICES | {"order": order}), spent=spending(currency="USD", price_year=2019)
    )
    assert lines["at_prices"].value == pytest.approx(expected)
    assert lines["stage/incurred"].value == pytest.approx(3450 * 0.5)


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (spending(currency="USD"), "no exchange rate of USD for 2020"),
        (spending(price_year=2019), "no price index of EUR for 2019; no price index of EUR for 2020"),
        (spending(currency="USD", price_year=2019), "no order of prices and currency"),
        (spending().assign(price_year=""), "which do not state it either (rows.price_year; rows: 4)"),
        (
            spending().assign(currency=lambda rows: rows["currency"].where(rows["id"] != "r01")),
            "the currency is not stated (rows: 1)",
        ),
        (
            spending().assign(amount=lambda rows: rows["amount"].where(rows["id"] != "r01")),
            "the amount is not stated (rows: 1)",
        ),
    ],
)
def test_what_is_missing_is_named_and_never_zero(frame: pd.DataFrame, words: str, tmp_path: Path) -> None:
    lines = valued(tmp_path / "made", costs(per=[OUTPUT]), spent=frame)
    for name in ("at_prices", "economic", "per/meetings_held/value"):
        assert lines[name].value is None
        assert words in str(lines[name].reason)


def test_a_span_of_years_is_no_year(tmp_path: Path) -> None:
    lines = valued(tmp_path / "made", costs(), spent=spending().assign(period="2019-2021"))
    assert lines["economic"].value is None
    assert "the year is not stated (rows: 4)" in str(lines["economic"].reason)
    assert lines["stage/incurred"].value == 3450.0


def test_an_effect_that_was_not_estimated_has_no_cost_per_unit(tmp_path: Path) -> None:
    lines = valued(tmp_path / "made", costs(per=[PER_EFFECT]), persons=people().assign(y=1.0))
    line = lines["per/score/effect"]
    assert line.value is None
    assert "has no effect: the outcome is the same for everybody" in str(line.reason)
    assert line.rests_on == ("made/score",)


@pytest.mark.parametrize(("column", "words"), [("held", "has only 3 of 4 units"), ("all", "a complete count")])
def test_a_count_of_some_units_does_not_stand_for_all(column: str, words: str, tmp_path: Path) -> None:
    """In wave 2 one of two bodies has no row: its total is not what all the money paid for."""
    counted = pd.DataFrame({"body": ["a", "b", "c", "d"] * 2, "wave": ["1"] * 4 + ["2"] * 4, "held": 5.0})
    folder = made(tmp_path / "made", costs(per=[OUTPUT | {"indicator": "by_wave"}]))
    add_waves(folder, counted if column == "all" else counted.iloc[:-1])
    lines = lines_of(impact.run(folder))
    said = [str(line.reason) for name, line in lines.items() if name.startswith("per/by_wave/value")]
    assert any(words in reason for reason in said)


def add_waves(folder: Path, counted: pd.DataFrame) -> None:
    """Add an indicator over waves, whose units are awaited in every wave."""
    counted.to_csv(folder / "raw" / "waves.csv", index=False)
    declared = contract("by_waves", counted, key=["body", "wave"], wave="wave")
    declared["columns"]["wave"] = {"type": "code", "codes": ["1", "2"], "required": True}
    added = indicator(
        "by_wave", None, contract="by_waves", formula={"kind": "sum", "column": "held"}, ex_post={"wave": "2"}
    )
    source = {"id": "waves", "file": "raw/waves.csv", "contract": "by_waves"}
    source |= {"provenance": {"title": "Made", "kind": "synthetic", "generator": "the test"}}
    waves = [
        {"id": "1", "title": "First", "date": "2019", "role": "baseline"},
        {"id": "2", "title": "Last", "date": "2020", "role": "end_line"},
    ]
    for name, key, entries in (
        ("contracts", "contracts", [declared]),
        ("indicators", "indicators", [added]),
        ("sources", "sources", [source]),
        ("programme", "waves", waves),
    ):
        path = folder / f"{name}.yaml"
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        content[key] = [*content[key], *json.loads(json.dumps(entries))]
        path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


def test_real_money_and_synthetic_effects_make_no_figure(tmp_path: Path) -> None:
    folder = made(tmp_path / "made", costs(per=[PER_EFFECT]))
    sources = folder / "sources.yaml"
    text = sources.read_text(encoding="utf-8")
    first, _, rest = text.partition("kind: synthetic")
    sources.write_text(f"{first}kind: real{rest}", encoding="utf-8")
    line = lines_of(impact.run(folder))["per/score/effect"]
    assert line.value is None
    assert "real: costs “cost”; synthetic: finding “score”" in str(line.reason)
    assert lines_of(impact.run(folder))["stage/incurred"].data_kind == "real"


# ---- properties ------------------------------------------------------------------------------------------------------


def test_row_order_changes_nothing(plain: dict[str, Valuation], tmp_path: Path) -> None:
    shuffled = spending().sample(frac=1, random_state=3).assign(id=lambda rows: sorted(rows["id"]))
    other = valued(tmp_path / "made", costs(per=[OUTPUT]), spent=shuffled)
    assert {name: line.value for name, line in other.items()} == {name: line.value for name, line in plain.items()}


def test_the_currency_unit_changes_amounts_and_no_share(plain: dict[str, Valuation], tmp_path: Path) -> None:
    cents = spending().assign(amount=lambda rows: rows["amount"] * 128)
    other = valued(tmp_path / "made", costs(per=[OUTPUT]), spent=cents)
    for name, line in plain.items():
        factor = 1 if line.unit in ("share", "meetings") else 128
        assert line.value is None or other[name].value == pytest.approx(line.value * factor)


def test_a_project_that_costs_nothing_changes_no_total(plain: dict[str, Valuation], tmp_path: Path) -> None:
    nothing = (
        *SPENT,
        *(("west", "2020", "Pay", "staff", stage, 0.0) for stage in ("planned", "incurred", "certified")),
    )
    other = valued(tmp_path / "made", costs(per=[OUTPUT]), spent=spending(nothing))
    for name in ("stage/planned", "stage/incurred", "execution/all", "at_prices", "economic", "account/staff"):
        assert other[name].value == plain[name].value


def test_a_constant_says_of_all_rows_what_no_column_does(tmp_path: Path) -> None:
    said = {"stage": {"value": "committed"}, "currency": {"value": "EUR"}, "price_year": {"value": 2020}}
    rows = ROWS | said | {"where": [{"column": "stage", "equals": "planned"}]}
    lines = valued(tmp_path / "made", costs(rows=rows, stage="committed"))
    assert (lines["stage/committed"].value, lines["at_prices"].value) == (3500.0, 3500.0)


@pytest.mark.parametrize("accounts", [("unpaid", "equipment"), ("equipment", "unpaid")])
def test_of_several_accounts_without_rows_the_first_declared_is_named(
    accounts: tuple[str, str], tmp_path: Path
) -> None:
    capital = [{"account": name, "life": 5, "used": 2, "resale": 0, "origin": NOTE} for name in accounts]
    economic = valued(tmp_path / "made", costs(capital=capital))["economic"]
    assert f"account {accounts[0]}," in str(economic.reason)


def test_a_value_that_is_not_exact_is_not_taken_as_known(tmp_path: Path) -> None:
    with closing(impact.run(made(tmp_path / "made", costs()))) as result:
        finding = finding_of(result, "meetings_held")
        evidence = Evidence(load_programme(tmp_path / "made"), result.warehouse.connection)
        declared = Quantity(indicator="meetings_held", of="value")
        assert units_of(evidence, declared).std_error == 0.0
        evidence.__dict__["wholes"] = {"meetings_held": replace(finding, flags=("about",))}
        units = units_of(evidence, declared)
    assert (units.value, units.std_error) == (20.0, None)
    assert isinstance(units.reason, Said)
    assert units.reason.code == "money.not_exact"


def test_shadow_prices_are_written_in_the_language_of_the_reader(tmp_path: Path) -> None:
    shadow = {"account": "staff", "factor": 0.8, "origin": NOTE}
    economic = valued(tmp_path / "made", costs(shadow_prices=[shadow]))["economic"]
    english, italian = (words_in(language).said(economic.method) for language in ("en", "it"))
    assert "staff × 0.8" in english
    assert "staff × 0,8" in italian
