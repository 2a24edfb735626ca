"""What is wrong with a path or with targets of parts is said with its field and what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from impact.declare import check_programme, load_programme
from impact.errors import DeclarationError
from impact.expect.registration import indicator_plan
from tests.support.programmes import edit, indicator
from tests.support.promised import NOTE, promised, reports, steps, target

ROWS = reports({"a": [1, 2, 3]})
PROMISES = pd.DataFrame({"indicator": ["hours"], "part": ["a"], "due": ["2024-03-31"], "value": [5]})
YEARS = [("2024", 5), ("2025", 9)]


def hours(ex_ante: dict[str, Any], **fields: Any) -> dict[str, Any]:
    rule = {"formula": {"kind": "sum", "column": "hours"}, "over_time": "flow", "scope": ["project"]}
    return indicator("hours", ex_ante=ex_ante, **(rule | {"ex_post": {"period": "2025"}} | fields))


def refused(folder: Path, declared: dict[str, Any]) -> str:
    """Return why a declaration is not even read."""
    with pytest.raises(DeclarationError) as found:
        load_programme(promised(folder / "p", ROWS, [declared]))
    (problem,) = found.value.problems
    return f"{problem.field}: {problem.what}"


def problems(folder: Path, declared: dict[str, Any], rows: pd.DataFrame | None = None, **more: Any) -> list[str]:
    """Return what is wrong with a declaration that is read, with its field."""
    programme = load_programme(promised(folder / "p", ROWS, [declared], rows, **more))
    return [f"{problem.field}: {problem.what}" for problem in check_programme(programme)]


@pytest.mark.parametrize(
    ("path", "why"),
    [
        (steps(("2024-06", 5), ("2024-03", 9), of="to_date"), "milestones stand in order of time"),
        (steps(("2024-06", 5), ("2024-06-30", 9), of="to_date"), "one a day"),
        (steps(*YEARS, of="period"), "every says how long"),
        (steps(*YEARS, of="to_date", every="year"), "every says how long"),
        (steps(*YEARS, of="period", every="year", between="linear"), "each period has a promise of its own"),
        (steps(*YEARS, of="to_date") | {"end": target(9, "2024-12")}, "the end is not before"),
        ({"milestones": [{"due": "2024", "change": 5, "origin": NOTE}], "of": "period", "every": "year"}, "is a value"),
        ({"milestones": [{"due": "2024", "change": 5, "origin": NOTE}], "end": target(9, "2025")}, "not of both"),
        (steps(of="to_date"), "too short"),
        (steps(*YEARS, of="to_date", between="spline"), "'step' or 'linear'"),
    ],
)
def test_a_path_that_does_not_hold_together_is_refused(tmp_path: Path, path: dict[str, Any], why: str) -> None:
    assert why in refused(tmp_path, hours({"target": path}))


@pytest.mark.parametrize(
    "path", [{"milestones": [{"due": "2024", "value": 5}], "of": "to_date"}, {"value": 5, "due": "2024"}]
)
def test_each_dated_value_says_where_it_comes_from(tmp_path: Path, path: dict[str, Any]) -> None:
    assert "origin' is missing" in refused(tmp_path, hours({"target": path}))


@pytest.mark.parametrize(
    ("declared", "why"),
    [
        (hours({"target": steps(*YEARS)}), "ex_ante.target.of: the contract has a clock"),
        (
            hours({"target": steps(*YEARS, of="period", every="year")}, over_time="stock"),
            "a stock has a value on a day",
        ),
        (hours({"target": steps(("2024-02", 5), of="period", every="quarter")}), "no quarter ends on 2024-02"),
        (hours({"target": steps(("2024-01-15", 5), of="period", every="month")}), "no month ends on 2024-01-15"),
        (
            hours({"target": steps(*YEARS, of="period", every="year")}, formula={"kind": "mean", "column": "hours"}),
            "ex_ante.target.end: promises of periods of a mean do not add up",
        ),
        (
            hours({"target": steps(("2024", 9), ("2025", 5), of="to_date"), "baseline": {"value": 7, "origin": NOTE}}),
            "goes against its direction",
        ),
        (hours({"targets": {"by": "project", "of": "to_date"}}), "there is no contract 'target'"),
    ],
)
def test_what_the_clock_or_the_formula_does_not_allow(tmp_path: Path, declared: dict[str, Any], why: str) -> None:
    (found,) = problems(tmp_path, declared)
    assert why in found


def test_years_of_a_path_are_those_of_the_clock(tmp_path: Path) -> None:
    declared = hours({"target": steps(("2024-06", 5), ("2025-06", 9), of="period", every="year")})
    assert problems(tmp_path, declared, clock={"year_starts": 7}) == []
    assert "no year ends on 2024-06" in problems(tmp_path / "q", declared)[0]


def test_quarters_are_not_asked_of_years(tmp_path: Path) -> None:
    declared = hours({"target": steps(("2024-06", 5), of="period", every="quarter")})
    assert "there are no values by quarter" in problems(tmp_path, declared, clock={"every": "year"})[0]


@pytest.mark.parametrize(
    ("targets", "why"),
    [
        ({"by": "hours", "of": "to_date"}, "is not cut by 'hours'"),
        ({"by": "project"}, "ex_ante.targets.of: the contract has a clock"),
        ({"by": "project", "of": "to_date", "contract": "rows"}, "contract 'rows' has no column 'indicator'"),
    ],
)
def test_targets_of_parts_need_parts_and_a_contract(tmp_path: Path, targets: dict[str, Any], why: str) -> None:
    assert any(why in problem for problem in problems(tmp_path, hours({"targets": targets}), PROMISES))


def test_a_contract_of_targets_has_one_value_for_a_day(tmp_path: Path) -> None:
    declared = hours({"targets": {"by": "project", "of": "to_date"}})
    folder = promised(tmp_path / "p", ROWS, [declared], PROMISES)
    assert check_programme(load_programme(folder)) == []
    edit(folder / "contracts.yaml", "key: [indicator, part, due]", "key: [indicator, part, due, value]")
    (problem,) = check_programme(load_programme(folder))
    assert "two promises of one part for one day" in problem.what


def test_the_shared_contract_is_one_of_targets(tmp_path: Path) -> None:
    declared = hours({"targets": {"by": "project", "of": "to_date"}})
    rows = PROMISES.assign(document="Agreement", quote="as agreed", place="", baseline="")
    folder = promised(tmp_path / "p", ROWS, [declared], rows)
    text = (folder / "contracts.yaml").read_text(encoding="utf-8")
    own = text[text.index("- id: target") :]
    (folder / "contracts.yaml").write_text("shared: [target]\n" + text.replace(own, ""), encoding="utf-8")
    assert check_programme(load_programme(folder)) == []


def test_a_target_on_one_day_has_the_plan_that_it_had(tmp_path: Path) -> None:
    """What was registered before there were paths keeps its hash: nothing is added to the plan."""
    programme = load_programme(promised(tmp_path / "p", ROWS, [hours({"target": target(5, "2025")})]))
    plan = indicator_plan(programme, programme.indicators[0])
    assert plan["ex_ante"] == {"target": {"value": 5.0, "due": "2025", "origin": NOTE}}
    assert "promises" not in plan


def test_a_path_is_part_of_the_plan(tmp_path: Path) -> None:
    path = steps(*YEARS, of="to_date", between="step")
    programme = load_programme(promised(tmp_path / "p", ROWS, [hours({"target": path})]))
    plan = indicator_plan(programme, programme.indicators[0])
    assert plan["ex_ante"]["target"]["between"] == "step"
    assert [step["value"] for step in plan["ex_ante"]["target"]["milestones"]] == [5, 9]
