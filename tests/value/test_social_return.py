"""Lines of social return: the ratio by hand, the reference-checked functions on the findings, properties, refusals."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import impact
from impact.statistics import economics as e
from impact.value.social_return import DRAWS
from tests.support.money import COSTS, NOTE, REACHED, finding_of, lines_of, made, people, valued


def share(value: float, **more: Any) -> dict[str, Any]:
    return {"share": value, "origin": NOTE, **more}


PROXY = {"value": 30.0, "currency": "EUR", "price_year": 2020, "kind": "synthetic", "unit": "points", "verified": False}
EFFECT: dict[str, Any] = {
    "id": "better",
    "title": "Better",
    "indicator": "score",
    "of": "effect",
    "reached": REACHED,
    "proxy": PROXY | {"origin": NOTE},
    "displacement": share(0.1),
    "attribution": share(0.2),
    "drop_off": share(0.5),
    "duration": {"years": 2, "origin": NOTE},
}
COUNTED: dict[str, Any] = EFFECT | {"id": "met", "title": "Met", "indicator": "meetings_held", "of": "value"}
COUNTED = {name: value for name, value in COUNTED.items() if name != "reached"} | {"deadweight": share(0.25)}
INPUT = {"name": "Grant", "value": 4000.0, "currency": "EUR", "price_year": 2020, "kind": "synthetic", "origin": NOTE}
RETURN: dict[str, Any] = {
    "id": "sroi",
    "title": "Return",
    "currency": "EUR",
    "price_year": 2020,
    "inputs": {"stated": [INPUT]},
    "discount": {"rate": 0.05, "origin": NOTE},
    "first_year": "discounted",
    "deductions": "multiplied",
    "outcomes": [EFFECT],
    "seed": 7,
}


def sroi(**fields: Any) -> dict[str, Any]:
    return {"social_return": [RETURN | fields]}


def test_a_count_is_valued_by_hand_and_has_no_interval(tmp_path: Path) -> None:
    lines = valued(tmp_path / "made", sroi(outcomes=[COUNTED]))
    first = 20 * 30.0 * 0.75 * 0.9 * 0.8
    present = first / 1.05 + first * 0.5 / 1.05**2
    assert lines["present_value"].value == pytest.approx(present)
    assert lines["ratio"].value == pytest.approx(present / 4000)
    assert lines["net_ratio"].value == pytest.approx(present / 4000 - 1)
    assert lines["ratio"].conf_low is None
    assert "no number has a sampling error" in str(lines["ratio"].reason)
    assert [
        lines[f"outcome/met/{step}"].value for step in ("gross", "after_deadweight", "after_displacement", "impact")
    ] == (pytest.approx([600.0, 450.0, 405.0, 324.0]))
    assert lines["break_even"].value == pytest.approx(30.0 * 4000 / present)
    assert lines["unverified"].value == 1.0


def test_an_effect_is_drawn_by_its_sampling_error(tmp_path: Path) -> None:
    declared = sroi(
        outcomes=[EFFECT | {"attribution": share(0.2, uncertain={"family": "uniform", "parameters": [0.1, 0.3]})}]
    )
    result = impact.run(made(tmp_path / "made", declared))
    finding, lines = finding_of(result, "score"), lines_of(result)
    assert finding.estimate is not None
    assert finding.std_error is not None
    assert finding.inference is not None
    quantity = 100 * finding.estimate
    outcome = e.Outcome("better", quantity, 30.0, 0.0, 0.1, 0.2, 0.5, 2)
    chart = e.Map([outcome], {"Grant": 4000.0}, 0.05)
    df = float(finding.inference.values["df"])  # type: ignore[union-attr, arg-type]
    believed = {
        ("better", "quantity"): e.Uncertain("student", (quantity, 100 * finding.std_error, df)),
        ("better", "attribution"): e.Uncertain("uniform", (0.1, 0.3)),
    }
    found = e.simulated_return(chart, believed, draws=DRAWS, seed=7)
    line = lines["ratio"]
    assert (line.value, line.conf_low, line.conf_high) == pytest.approx(
        (e.social_return(chart).ratio, found.conf_low, found.conf_high)
    )
    assert lines["above_one"].value == found.above_one
    swings = [name for name in lines if name.startswith("swing/")]
    assert sorted(swings) == ["swing/better/attribution", "swing/better/quantity"]
    assert line.rests_on == ("made/score",)
    assert "comparison group" in str(lines["outcome/better/after_deadweight"].method)


def test_inputs_come_from_the_costs(tmp_path: Path) -> None:
    lines = valued(tmp_path / "made", {"costs": [COSTS], **sroi(inputs={"costs": "cost"}, outcomes=[COUNTED])})
    assert lines["inputs"].value == lines["economic"].value
    assert lines["inputs"].value == pytest.approx(900 / 1.05 + 2550 / 1.05**2)


def test_costs_that_cannot_be_computed_leave_no_return(tmp_path: Path) -> None:
    without = {name: value for name, value in COSTS.items() if name != "discount"}
    lines = valued(tmp_path / "made", {"costs": [without], **sroi(inputs={"costs": "cost"})})
    assert "no discount rate" in str(lines["ratio"].reason)
    assert "present_value" not in lines


@pytest.mark.parametrize("name", ["deadweight", "displacement", "attribution"])
def test_a_deduction_of_all_leaves_nothing(name: str, tmp_path: Path) -> None:
    lines = valued(tmp_path / "made", sroi(outcomes=[COUNTED | {name: share(1.0)}]))
    assert (lines["ratio"].value, lines["net_ratio"].value) == (0.0, -1.0)
    assert "nothing is left" in str(lines["ratio"].reason)
    assert lines["break_even"].value is None


def test_an_outcome_worth_nothing_and_the_order_of_outcomes_change_no_range(tmp_path: Path) -> None:
    nothing = COUNTED | {"proxy": PROXY | {"value": 0.0, "origin": NOTE}}
    one = valued(tmp_path / "one", sroi())
    two = valued(tmp_path / "two", sroi(outcomes=[nothing, EFFECT]))
    for name in ("ratio", "present_value"):
        assert (two[name].value, two[name].conf_low) == pytest.approx((one[name].value, one[name].conf_low))


def test_the_currency_unit_changes_no_ratio(tmp_path: Path) -> None:
    dear = EFFECT | {"proxy": EFFECT["proxy"] | {"value": 3000.0}}
    one = valued(tmp_path / "one", sroi())
    two = valued(tmp_path / "two", sroi(outcomes=[dear], inputs={"stated": [INPUT | {"value": 400000.0}]}))
    assert (two["ratio"].value, two["ratio"].conf_high) == pytest.approx((one["ratio"].value, one["ratio"].conf_high))


def test_an_effect_the_wrong_way_takes_value_away(tmp_path: Path) -> None:
    lines = valued(tmp_path / "made", sroi(), persons=people(gain=-2.0))
    ratio = lines["ratio"]
    assert ratio.value is not None
    assert ratio.value < 0
    assert ratio.conf_low is not None
    assert ratio.conf_low < ratio.value
    even = lines["break_even"]
    assert even.value is not None
    assert even.value < 0
    assert "no proxy above zero" in str(even.reason)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"outcomes": [EFFECT | {"proxy": EFFECT["proxy"] | {"kind": "real"}}]}, "real: proxy of “Better”"),
        ({"inputs": {"stated": [INPUT | {"kind": "real"}]}}, "real: input “Grant”"),
        ({"outcomes": [EFFECT | {"reached": REACHED | {"kind": "real"}}]}, "real: number reached"),
    ],
)
def test_real_and_synthetic_parts_make_no_return(change: dict[str, Any], named: str, tmp_path: Path) -> None:
    lines = valued(tmp_path / "made", sroi(**change))
    assert set(lines) == {"registration", "ratio"}
    assert lines["ratio"].value is None
    assert named in str(lines["ratio"].reason)
    assert "synthetic: " in str(lines["ratio"].reason)


def test_ten_thousand_draws_of_twenty_outcomes_take_no_time() -> None:
    names = [f"o{number}" for number in range(20)]
    chart = e.Map([e.Outcome(name, 10.0, 5.0, 0.1, 0.1, 0.1, 0.1, 10) for name in names], {"grant": 1.0}, 0.03)
    believed = {(name, "quantity"): e.Uncertain("student", (10.0, 2.0, 12.0)) for name in names}
    before = time.process_time()
    found = e.simulated_return(chart, believed, draws=DRAWS, seed=1)
    assert time.process_time() - before < 2.0
    assert np.isfinite(found.ratios).all()
