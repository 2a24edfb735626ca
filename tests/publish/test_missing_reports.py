"""What reports that are owed and have not come leave to say: each right answer is counted by hand from the rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from impact.states import Reading
from tests.support.programmes import indicator
from tests.support.promised import promised, read, steps

FLOW = {"formula": {"kind": "sum", "column": "hours"}, "over_time": "flow"}
STOCK = {"formula": {"kind": "sum", "column": "hours"}, "over_time": "stock"}
TOTAL = {"formula": {"kind": "sum", "column": "hours"}, "over_time": "running_total"}
COLUMNS = {
    "project": {"type": "code", "codes": ["a", "b"], "required": True},
    "day": {"type": "date", "required": True},
    "hours": {"type": "number", "min": 0},
    "kind": {"type": "text"},
}


def months(count: int) -> list[str]:
    return [f"{2023 + number // 12}-{number % 12 + 1:02}" for number in range(count)]


def rows(hours: Sequence[float], silent: set[int]) -> pd.DataFrame:
    """Return a row a month of two projects, ``a`` of kind x and ``b`` of kind y; b is silent in some, from 0."""
    listed = [
        (project, f"{month}-10", given, kind)
        for number, (month, given) in enumerate(zip(months(len(hours)), hours, strict=True))
        for project, kind in (("a", "x"), ("b", "y"))
        if project == "a" or number not in silent
    ]
    return pd.DataFrame(listed, columns=["project", "day", "hours", "kind"])


def seen(
    folder: Path,
    frame: pd.DataFrame,
    declared: dict[str, Any],
    *names: str,
    every: str = "month",
    targets: pd.DataFrame | None = None,
) -> list[pd.DataFrame]:
    """Run a programme of one indicator whose two projects owe a report each period."""
    whole = indicator("hours", **({"sample": {"all_units": True}, "ex_post": {"period": "2023-12"}} | declared))
    due = {"by": "project", "every": every, "days_after": 15}
    return read(promised(folder / "p", frame, [whole], targets, columns=COLUMNS, due=due), *names)


def test_a_stock_without_the_last_report_of_a_unit_is_as_incomplete_as_its_finding(tmp_path: Path) -> None:
    """b is silent in February, for which March makes up, and in May."""
    path = steps(("2023-02", 4), ("2023-04", 8), ("2023-05", 10), of="to_date")
    declared = STOCK | {"ex_ante": {"target": path}}
    milestones, findings = seen(tmp_path, rows([1, 2, 3, 4, 5], {1, 4}), declared, "milestones", "findings")
    assert milestones["value"].tolist() == [2, 8, 5]
    assert milestones["course"].tolist() == ["incomplete", "on_course", "incomplete"]
    assert milestones["gap"].fillna(-1).tolist() == [-1, 0, -1]
    assert findings["attainment"].iloc[0] == milestones["attainment"].iloc[2] == "incomplete"


def test_a_part_that_owes_no_reports_lacks_what_anybody_lacks(tmp_path: Path) -> None:
    """Hours of kind x are 1, 3, 6 to date; whether the report of b that is missing had some, nobody knows."""
    promises = [("hours", "x", "2023-01-31", 2.0), ("hours", "x", "2023-03-31", 20.0)]
    targets = pd.DataFrame(promises, columns=["indicator", "part", "due", "value"])
    declared = FLOW | {"by": ["kind"], "ex_ante": {"targets": {"by": "kind", "of": "to_date"}}}
    frame = rows([1, 2, 3, 4, 5], {1})
    milestones, findings = seen(tmp_path, frame, declared, "milestones", "findings", targets=targets)
    assert milestones["value"].tolist() == [1, 6]
    assert milestones["course"].tolist() == ["behind", "incomplete"]
    (finding,) = findings[findings["group_value"] == "x"].to_dict("records")
    assert (finding["value"], finding["attainment"]) == (15, "incomplete")


@pytest.mark.parametrize(("silent", "course"), [(set(), "behind"), ({3}, "incomplete")])
def test_months_between_reports_of_quarters_are_no_missing_reports(
    tmp_path: Path, silent: set[int], course: str
) -> None:
    """Rows stand in January, April and July alone: each is the report of its quarter."""
    frame = rows([1, 0, 0, 2, 0, 0, 4, 0, 0], silent)
    frame = frame[frame["hours"] > 0]
    path = steps(("2023-03", 2), ("2023-07", 20), of="to_date")
    declared = FLOW | {"ex_ante": {"target": path}}
    milestones, findings = seen(tmp_path, frame, declared, "milestones", "findings", every="quarter")
    assert milestones["course"].tolist() == ["on_course", course]
    assert milestones["attainment"].iloc[1] == findings["attainment"].iloc[0]


def test_a_line_is_drawn_through_whole_periods_only(tmp_path: Path) -> None:
    """January and March to June lie on 2 × the month's number but for a wobble; February lacks the report of b."""
    path = steps(("2023-03", 6), ("2023-07", 14), of="period", every="month")
    declared = FLOW | {"ex_ante": {"target": path}}
    (milestones,) = seen(tmp_path, rows([1, 2, 3, 4.5, 5, 6], {1}), declared, "milestones")
    july = milestones[milestones["number"] == 2].iloc[0]
    times, values = [1, 3, 4, 5, 6], [2, 6, 9, 10, 12]
    assert july["projection_n"] == 5
    assert july["projection"] == pytest.approx(np.polyval(np.polyfit(times, values, 1), 7), rel=1e-12)


LEVEL = [10, 11, 9, 10, 12, 8, 10, 11, 9, 10, 12, 8, 10, 11, 9, 10, 12, 8]


def test_no_chart_of_a_part_has_a_point_from_which_any_report_may_be_missing(tmp_path: Path) -> None:
    (points,) = seen(tmp_path, rows(LEVEL, {7}), FLOW | {"by": ["kind"], "scope": ["project"]}, "chart_points")
    gaps = points[points["value"].isna()]
    assert set(gaps["period"]) == {"2023-08"}
    parts = set(zip(gaps["scope_value"], gaps["group_value"], strict=True))
    assert parts == {("", ""), ("", "x"), ("", "y"), ("b", "")}


def test_what_a_running_total_adds_after_a_gap_is_no_rise(tmp_path: Path) -> None:
    """b says in September what it did in August too: twice as much as in any month, which is no signal."""
    totals = pd.Series(LEVEL).cumsum().tolist()
    (points,) = seen(tmp_path, rows(totals, {7}), TOTAL | {"scope": ["project"]}, "chart_points")
    gaps = points[points["value"].isna()]
    assert set(gaps["period"]) == {"2023-08", "2023-09"}
    assert set(gaps["scope_value"]) == {"", "b"}
    assert set(points["reading"]) == {Reading.COMMON}
