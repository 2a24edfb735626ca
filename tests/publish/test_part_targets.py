"""Targets of parts from a file: held against each part, quarantined, traced, frozen with the plan, added up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from impact.declare import load_programme
from impact.expect.registration import plan_status, register_plan
from impact.publish.published import ReaderTables
from impact.run.flow import run_programme
from impact.store import Warehouse
from tests.support.programmes import edit, indicator
from tests.support.promised import promised, read, reports, steps, target

HOURS = {"a": [10, 20, 30], "b": [5, 5, 5], "c": [1, 1, 1]}
"""In all 60, 15 and 3."""
SAID = {"document": "Agreement", "quote": "as agreed"}


def targets(*rows: tuple[str, str, float], **columns: Any) -> pd.DataFrame:
    """Return the file of targets of the hours: part, day and value."""
    frame = pd.DataFrame(rows, columns=["part", "due", "value"])
    return frame.assign(indicator="hours", **(SAID | columns))


def hours(ex_ante: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Declare the sum of the hours by project, with targets of projects to date."""
    declared = {"targets": {"by": "project", "of": "to_date"}} | ex_ante
    rule = {"formula": {"kind": "sum", "column": "hours"}, "over_time": "flow", "scope": ["project"]}
    return indicator("hours", ex_ante=declared, **(rule | {"ex_post": {"period": "2024-03"}} | fields))


FILE = targets(("a", "2024-03-31", 50), ("b", "2024-02-29", 10), ("b", "2024-03-31", 20))


def test_each_part_has_the_target_of_its_rows_or_none(tmp_path: Path) -> None:
    whole = {"target": target(100, "2024-03")}
    findings, path = read(promised(tmp_path / "p", reports(HOURS), [hours(whole)], FILE), "findings", "milestones")
    by_part = findings.set_index("scope_value")
    assert by_part.loc[["", "a", "b"], "target"].tolist() == [100, 50, 20]
    assert by_part["target"].isna().tolist() == [part == "c" for part in by_part.index]
    states = by_part["attainment"].to_dict()
    assert states == {"": "short", "a": "reached", "b": "short", "c": "no_target"}
    of_b = path[path["scope_value"] == "b"]
    assert of_b["point"].tolist() == ["milestone", "end"]
    assert of_b["gap"].tolist() == [0, -5]
    assert of_b["course"].tolist() == ["on_course", "behind"]
    assert "c" not in set(path["scope_value"])


def test_a_promise_is_not_multiplied_by_entries(tmp_path: Path) -> None:
    """A period with a target of 2 and two entries has the target 2, not 4."""
    frame = pd.DataFrame({"project": "a", "day": ["2024-01-05", "2024-01-20"], "hours": [1, 1]})
    rows = targets(("a", "2024-01-31", 2))
    (found,) = read(promised(tmp_path / "p", frame, [hours({})], rows), "milestones")
    assert found[["target", "value", "gap"]].to_numpy().tolist() == [[2, 2, 0]]


def test_a_part_has_its_own_baseline(tmp_path: Path) -> None:
    rows = targets(("a", "2024-03-31", 80), ("b", "2024-03-31", 25)).assign(baseline=[20, None])
    findings, path = read(promised(tmp_path / "p", reports(HOURS), [hours({})], rows), "findings", "milestones")
    by_part = findings.set_index("scope_value")
    assert by_part.loc["a", "baseline"] == 20
    assert by_part.loc["a", "progress"] == pytest.approx((60 - 20) / (80 - 20), rel=1e-15)
    assert by_part.loc["b", "progress_state"] == "no_baseline"
    assert path.set_index("scope_value").loc["a", "progress"] == pytest.approx(2 / 3, rel=1e-15)


def test_a_promised_part_without_a_row_has_a_finding_without_data(tmp_path: Path) -> None:
    """A code of the column's list that no report has: known, promised, silent."""
    columns = {
        "project": {"type": "code", "codes": ["a", "b", "c", "d"], "required": True},
        "day": {"type": "date", "required": True},
        "hours": {"type": "number"},
    }
    rows = targets(("a", "2024-03-31", 50), ("d", "2024-03-31", 9))
    folder = promised(tmp_path / "p", reports(HOURS), [hours({})], rows, columns=columns)
    findings, path = read(folder, "findings", "milestones")
    row = findings.set_index("scope_value").loc["d"]
    assert (row["target"], row["attainment"], row["n"]) == (9, "no_data", 0)
    assert path.set_index("scope_value").loc["d", "course"] == "not_measured"


def test_promises_of_periods_add_up_to_the_target_of_a_part(tmp_path: Path) -> None:
    declared = hours({"targets": {"by": "project", "of": "period", "every": "month"}})
    rows = targets(("a", "2024-01-31", 12), ("a", "2024-02-29", 20), ("a", "2024-03-31", 25))
    findings, path = read(promised(tmp_path / "p", reports(HOURS), [declared], rows), "findings", "milestones")
    assert findings.set_index("scope_value").loc["a", "target"] == 57
    assert path["course"].tolist() == ["behind", "on_course", "ahead", "ahead"]
    assert path["value"].tolist() == [10, 20, 30, 60]


# ---- what cannot be believed -----------------------------------------------------------------------------------------


def test_wrong_rows_are_set_aside_with_the_reason(tmp_path: Path) -> None:
    bad = [("z", "2024-03-31", 1), ("b", "2024-03-31", 1), ("b", "2024-03-31", 2)]
    rows = pd.concat([targets(("a", "2024-03-31", 50), *bad), targets(("a", "2024-03-31", 4)).assign(indicator="beds")])
    programme = load_programme(promised(tmp_path / "p", reports(HOURS), [hours({})], rows))
    with Warehouse(":memory:") as warehouse:
        report = run_programme(programme, warehouse)
        query = "SELECT rule, count(*) FROM impact.quarantine GROUP BY ALL ORDER BY ALL"
        assert warehouse.rows(query) == [("duplicate_key", 2), ("unknown_indicator", 1), ("unknown_part", 1)]
        expected = warehouse.rows("SELECT DISTINCT expected FROM impact.quarantine_en WHERE rule = 'unknown_part'")
        assert expected == [("a code of project in rows",)]
        findings = ReaderTables(warehouse).findings("made").set_index("scope_value")
    assert report.rows_bad == 4
    assert findings["target"].dropna().to_dict() == {"a": 50}


# ---- where it comes from ---------------------------------------------------------------------------------------------


def test_trace_names_the_row_of_the_promise(tmp_path: Path) -> None:
    programme = load_programme(promised(tmp_path / "p", reports(HOURS), [hours({})], FILE))
    with Warehouse(":memory:") as warehouse:
        run_programme(programme, warehouse)
        published = ReaderTables(warehouse)
        lines = {
            part: {file.load.source: file.first_lines for file in published.trace(f"made/hours/project={part}").files}
            for part in "abc"
        }
    assert [lines[part]["promises"] for part in "abc"] == [(2,), (3, 4), ()]


def test_a_changed_promise_is_judged_again_and_an_amendment(tmp_path: Path) -> None:
    folder = promised(tmp_path / "p", reports(HOURS), [hours({}, ex_post={"period": "2124-03"})], FILE)
    register_plan(load_programme(folder), "Ada")
    with Warehouse(":memory:") as warehouse:
        first = run_programme(load_programme(folder), warehouse)
        assert run_programme(load_programme(folder), warehouse).computed == ()
        edit(folder / "raw" / "promises.csv", "a,2024-03-31,50", "a,2024-03-31,61")
        amended = load_programme(folder)
        again = run_programme(amended, warehouse)
        findings = ReaderTables(warehouse).findings("made").set_index("scope_value")
    assert (first.computed, again.computed) == (("hours",), ("hours",))
    assert findings.loc["a", ["target", "attainment"]].tolist() == [61, "short"]
    status = plan_status(amended, amended.indicators[0])
    assert status.label == "amended"
    assert [change.values["path"] for change in status.changes] == ["promises.promises"]


# ---- parts and whole -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("whole", "state", "difference"),
    [
        ({"target": target(100, "2024-03")}, "differs", -30),
        ({"target": target(70, "2024-03")}, "same", 0),
        ({}, "no_whole", None),
    ],
)
def test_the_sum_of_parts_is_held_against_the_whole(
    tmp_path: Path, whole: dict[str, Any], state: str, difference: float | None
) -> None:
    (sums,) = read(promised(tmp_path / "p", reports(HOURS), [hours(whole)], FILE), "target_sums")
    by_point = sums.set_index("point")
    end = by_point.loc["end"]
    assert (end["total"], end["parts"], end["without"], end["state"]) == (70, 2, 1, state)
    assert (None if pd.isna(end["difference"]) else end["difference"]) == difference
    assert by_point.loc["milestone", ["total", "parts", "state"]].tolist() == [10, 1, "no_whole"]


def test_what_parts_are_promised_of_a_month_is_not_held_against_the_quarter_of_the_whole(tmp_path: Path) -> None:
    """Two parts of 10 a month come to the 60 that the whole is promised for the quarter, and to 20 in its March."""
    days = ("2024-01-31", "2024-02-29", "2024-03-31")
    rows = [("hours", part, day, 10.0) for part in "ab" for day in days]
    ex_ante = {
        "target": steps(("2024-03", 60), of="period", every="quarter"),
        "targets": {"by": "project", "of": "period", "every": "month"},
    }
    flow = {"formula": {"kind": "sum", "column": "hours"}, "over_time": "flow", "scope": ["project"]}
    declared = indicator("hours", ex_ante=ex_ante, ex_post={"period": "2024-12"}, **flow)
    frame = pd.DataFrame(rows, columns=["indicator", "part", "due", "value"])
    folder = promised(tmp_path / "p", reports({"a": [1, 2, 3], "b": [1, 2, 3]}), [declared], frame)
    (sums,) = read(folder, "target_sums")
    of_months = sums[sums["point"] == "milestone"]
    assert (of_months["total"].tolist(), of_months["state"].tolist()) == ([20.0] * 3, ["no_whole"] * 3)
    (end,) = sums[sums["point"] == "end"].to_dict("records")
    assert (end["total"], end["whole"], end["state"]) == (60, 60, "same")


def test_each_day_of_the_path_has_its_sum(tmp_path: Path) -> None:
    whole = {"target": steps(("2024-02", 12), ("2024-03", 70), of="to_date")}
    (sums,) = read(promised(tmp_path / "p", reports(HOURS), [hours(whole)], FILE), "target_sums")
    assert sums[["total", "whole", "difference"]].to_numpy().tolist() == [[10, 12, -2], [70, 70, 0]]


@pytest.mark.parametrize(
    ("formula", "code"),
    [
        ({"kind": "mean", "column": "hours"}, "milestones.parts_of_share"),
        ({"kind": "count_distinct", "column": "hours"}, "milestones.parts_overlap"),
    ],
)
def test_what_does_not_add_up_is_not_added(tmp_path: Path, formula: dict[str, Any], code: str) -> None:
    declared = hours({"target": target(9, "2024-03")}, formula=formula)
    (sums,) = read(promised(tmp_path / "p", reports(HOURS), [declared], FILE), "target_sums")
    end = sums.set_index("point").loc["end"]
    assert (end["state"], end["reason"].code, end["whole"]) == ("not_added", code, 9)
    assert pd.isna(end["total"])


def test_twenty_two_projects_have_twenty_two_promises(tmp_path: Path) -> None:
    """Project k works k hours a month for two years and promised 24 k + (k odd) + 1 … its gap is 0 or −1 by parity."""
    names = [f"p{k:02}" for k in range(1, 23)]
    months = [
        (name, f"{2023 + month // 12}-{month % 12 + 1:02}-15", k)
        for k, name in enumerate(names, 1)
        for month in range(24)
    ]
    frame = pd.DataFrame(months, columns=["project", "day", "hours"])
    rows = targets(*((name, "2024-12-31", 24 * k + k % 2) for k, name in enumerate(names, 1)))
    declared = hours({"target": target(24 * 253, "2024-12")}, ex_post={"period": "2024-12"})
    path, sums = read(promised(tmp_path / "p", frame, [declared], rows), "milestones", "target_sums")
    of_parts = path[path["scope_value"] != ""]
    assert of_parts["gap"].tolist() == [-(k % 2) for k in range(1, 23)]
    assert of_parts["course"].tolist() == ["behind" if k % 2 else "on_course" for k in range(1, 23)]
    assert sums[["parts", "without", "total", "difference"]].to_numpy().tolist() == [[22, 0, 24 * 253 + 11, 11]]


def test_level_of_the_whole_is_no_promise_of_a_part_with_a_file(tmp_path: Path) -> None:
    """A mean of 12 is promised of all; with targets of projects, one without a row is promised nothing."""
    mean = hours(
        {"target": target(12, "2024-03")}, formula={"kind": "mean", "column": "hours"}, sample={"all_units": True}
    )
    (findings,) = read(promised(tmp_path / "p", reports(HOURS), [mean], FILE), "findings")
    assert findings.set_index("scope_value")["attainment"].to_dict()["c"] == "no_target"
