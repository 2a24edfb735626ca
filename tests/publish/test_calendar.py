"""Reports that are due: each state and each count is reckoned by hand from the rows in the test."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from impact.declare import load_programme
from impact.declare.check import check_programme
from impact.errors import DeclarationError
from impact.publish import completeness, report_states, reporting_rate
from impact.publish.published import ReaderTables
from impact.publish.scope import Scope
from impact.run.flow import run_programme
from impact.store import Warehouse
from tests.support.programmes import edit, indicator, programme_folder

TODAY = datetime.date(2024, 5, 1)
HOURS = {"formula": {"kind": "sum", "column": "hours"}, "over_time": "flow", "scope": ["project"]}
BEDS = {"formula": {"kind": "sum", "column": "beds"}, "over_time": "stock", "scope": ["project"]}
TOTAL = {"formula": {"kind": "sum", "column": "hours"}, "over_time": "running_total", "scope": ["project"]}
SHARE = {"formula": {"kind": "ratio", "numerator": "hours", "denominator": "beds"}, "scope": ["project"]}
EVERYONE = {"all_units": True}
ROSTER = {
    "contract": "project",
    "id": "project_id",
    "opened": "opened_on",
    "closed": "closed_on",
    "successor": "merged_into",
    "predecessor": "came_of",
}
DATES = ("day", "came_on", "corrected_on", "opened_on", "closed_on")


def declared(name: str, frame: pd.DataFrame, key: list[str], **fields: Any) -> dict[str, Any]:
    """Declare a contract of a frame, whose keys and ``project`` are never missing."""
    columns = {
        str(column): {
            "type": "date" if column in DATES else "number" if frame[column].dtype.kind in "if" else "text",
            "required": column in {*key, "project"},
        }
        for column in frame.columns
    }
    return {"id": name, "title": name, "unit_of_analysis": name, "key": key, "columns": columns} | fields


def units(*rows: dict[str, str]) -> pd.DataFrame:
    """Return a roster; what is left out of a row is missing."""
    named = ["project_id", "opened_on", "closed_on", "merged_into", "came_of"]
    return pd.DataFrame([{name: row.get(name, "") for name in named} for row in rows])


def folder_of(
    folder: Path,
    rows: pd.DataFrame,
    roster: pd.DataFrame,
    due: dict[str, Any],
    indicators: list[dict[str, Any]] | None = None,
    **fields: Any,
) -> Path:
    """Write a programme whose projects owe reports."""
    clock = {"column": "day", "every": "month", "empty": "no_report", "unit": ["project"]} | fields.pop("period", {})
    promise = {"by": "project", "days_after": 15, "units": ROSTER, "received": "came_on"} | due
    promise = {name: value for name, value in promise.items() if value is not None}
    of_rows = declared("rows", rows, fields.pop("key", ["project", "day"]), period=clock, due=promise, **fields)
    tables = {"data": (of_rows, rows), "units": (declared("project", roster, ["project_id"]), roster)}
    return programme_folder(folder, tables, indicators or [indicator("hours", sample=EVERYONE, **HOURS)])


def run(folder: Path, scope: Scope | None = None, today: datetime.date = TODAY) -> dict[str, pd.DataFrame]:
    """Run a programme and return what readers see of its calendar."""
    with Warehouse(":memory:") as warehouse:
        run_programme(load_programme(folder), warehouse)
        tables = ReaderTables(warehouse, scope) if scope else ReaderTables(warehouse)
        return {
            "reports": tables.reports(today, "made"),
            "completeness": tables.completeness(today, "made"),
            "units": tables.reporting_units("made"),
            "values": tables.period_values("made"),
            "heirs": tables.heir_values("made"),
            "findings": tables.findings("made"),
        }


def states(reports: pd.DataFrame) -> dict[tuple[str, str], str]:
    """Return the state of each report by unit and period."""
    return {
        (code, period): state for code, period, state in reports[["code", "period", "state"]].itertuples(index=False)
    }


def of(frame: pd.DataFrame, name: str, part: str = "", every: str = "month") -> pd.DataFrame:
    """Return the values of an indicator, a part and a kind of period, by the name of the period."""
    chosen = frame[(frame["indicator"] == name) & (frame["scope_value"] == part) & (frame["every"] == every)]
    return chosen.set_index("period")


# ---- the small example of DHIS2's definitions ------------------------------------------------------------------------

COMPLETED = {
    "2024-01": {"A": "2024-02-05", "B": "2024-02-15", "C": "2024-02-16"},
    "2024-02": {"A": "2024-03-10", "B": "2024-03-20", "D": "2024-03-14"},
    "2024-03": {"A": "2024-04-03", "D": "2024-04-15"},
}
"""``dhis2.rr_small``: A and B open, C closed 2024-02-29, D opened 2024-02-01; B in January at 23:59 of the 15th."""
SMALL = units(
    {"project_id": "A"},
    {"project_id": "B"},
    {"project_id": "C", "closed_on": "2024-02-29"},
    {"project_id": "D", "opened_on": "2024-02-01"},
)


def completed() -> pd.DataFrame:
    rows = [(unit, f"{month}-28", 1, came) for month, units in COMPLETED.items() for unit, came in units.items()]
    return pd.DataFrame(rows, columns=["project", "day", "hours", "came_on"])


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pd.DataFrame]:
    folder = tmp_path_factory.mktemp("small") / "p"
    return run(folder_of(folder, completed(), SMALL, {"last": "2024-03"}))


@pytest.mark.parametrize(
    ("period", "expected"),
    [
        ("2024-01", (3, 3, 2 / 3, 1.0)),
        ("2024-02", (4, 3, 2 / 4, 0.75)),
        ("2024-03", (3, 2, 2 / 3, 2 / 3)),
        ("2024-Q1", (10, 8, 0.6, None)),
    ],
)
def test_completeness_is_that_of_the_small_example(
    small: dict[str, pd.DataFrame], period: str, expected: tuple[int, int, float, float | None]
) -> None:
    due, received, on_time, rate = expected
    row = small["completeness"].set_index("period").loc[period]
    assert (row["due"], row["received"]) == (due, received)
    assert row["share"] == pytest.approx(received / due, abs=1e-15)
    assert row["share_on_time"] == pytest.approx(on_time, abs=1e-15)
    assert row["dhis2_rate"] == pytest.approx(rate, abs=1e-15) if rate is not None else np.isnan(row["dhis2_rate"])


def test_dhis2_gives_the_quarter_as_complete() -> None:
    """Transcribed from its source, not to be followed: open the whole quarter, times 91 days by 30, cut at 100."""
    open_all_through = [unit for unit in "ABCD" if unit not in "CD"]
    expected = len(open_all_through) * (91 // 30)
    came = sum(map(len, COMPLETED.values()))
    assert (expected, came) == (6, 8)
    assert reporting_rate(came, expected) * 100 == 100.0


def test_each_report_of_the_small_example_has_its_state(small: dict[str, pd.DataFrame]) -> None:
    assert states(small["reports"]) == {
        ("A", "2024-01"): "on_time",
        ("B", "2024-01"): "on_time",  # the whole of day 15
        ("C", "2024-01"): "late",
        ("A", "2024-02"): "on_time",
        ("B", "2024-02"): "late",
        ("C", "2024-02"): "missing",  # closed on the last day: owes it
        ("D", "2024-02"): "on_time",  # opened on the first
        ("A", "2024-03"): "on_time",
        ("B", "2024-03"): "missing",
        ("D", "2024-03"): "on_time",
    }


def test_values_say_on_how_many_of_the_reports_due_they_stand(small: dict[str, pd.DataFrame]) -> None:
    columns = ["reports_received", "reports_due"]
    whole = of(small["values"], "hours")[columns]
    assert whole.loc["2024-02"].tolist() == [3, 4]
    assert of(small["values"], "hours", every="quarter").loc["2024-Q1", columns].tolist() == [8, 10]
    assert of(small["values"], "hours", "C")[columns].astype(object).fillna("-").values.tolist() == [
        [1, 1],
        [0, 1],
        ["-", "-"],
    ]


# ---- states ----------------------------------------------------------------------------------------------------------


def report(project: str, day: str, came_on: str, hours: int = 1, **fields: Any) -> dict[str, Any]:
    return {"project": project, "day": day, "came_on": came_on, "hours": hours, "beds": hours * 10} | fields


ONE = units({"project_id": "A"}, {"project_id": "B"})


@pytest.mark.parametrize(
    ("today", "expected"),
    [
        ("2024-02-15", "open"),  # the last day on which it is on time
        ("2024-02-16", "missing"),
        ("2024-01-01", "open"),
    ],
)
def test_a_report_is_missing_once_its_last_day_has_passed(tmp_path: Path, today: str, expected: str) -> None:
    rows = pd.DataFrame([report("A", "2024-01-10", "2024-02-01")])
    looked = run(folder_of(tmp_path / "p", rows, ONE, {"last": "2024-12"}), today=datetime.date.fromisoformat(today))
    found = states(looked["reports"])
    assert found["B", "2024-01"] == expected
    assert found["A", "2024-01"] == "on_time"
    assert ("B", "2024-03") not in found  # has not begun
    assert looked["completeness"].set_index("period").loc["2024-01", "due"] == (2 if expected == "missing" else 0)


def test_tables_do_not_depend_on_the_day_of_looking(tmp_path: Path) -> None:
    rows = pd.DataFrame([report("A", "2024-01-10", "2024-02-01")])
    with Warehouse(":memory:") as warehouse:
        run_programme(load_programme(folder_of(tmp_path / "p", rows, ONE, {"last": "2024-03"})), warehouse)
        stored = warehouse.frame("FROM impact.report")
    assert len(stored) == 6
    assert "state" not in stored
    late, early = (report_states(stored, day)["state"].tolist() for day in (TODAY, datetime.date(2024, 1, 5)))
    assert late.count("missing") == 5
    assert early.count("missing") == 0


def test_without_a_day_of_arrival_nobody_knows_what_was_late(tmp_path: Path) -> None:
    rows = pd.DataFrame([report("A", "2024-01-10", "2024-06-01")]).drop(columns="came_on")
    looked = run(folder_of(tmp_path / "p", rows, ONE, {"last": "2024-01", "received": None}))
    assert states(looked["reports"]) == {("A", "2024-01"): "received", ("B", "2024-01"): "missing"}
    row = looked["completeness"].set_index("period").loc["2024-01"]
    assert row["share"] == 0.5
    assert np.isnan(row["share_on_time"])  # not zero


def test_a_row_without_its_day_leaves_a_late_report_open_to_doubt(tmp_path: Path) -> None:
    rows = pd.DataFrame(
        [
            report("A", "2024-01-10", "2024-03-01"),
            report("A", "2024-01-11", ""),  # may have come before
            report("B", "2024-01-10", "2024-02-01"),
            report("B", "2024-01-11", ""),
        ]
    )
    found = states(run(folder_of(tmp_path / "p", rows, ONE, {"last": "2024-01"}))["reports"])
    assert found == {("A", "2024-01"): "received", ("B", "2024-01"): "on_time"}


def test_a_report_that_comes_twice_counts_once_and_marks_the_sum(tmp_path: Path) -> None:
    rows = pd.DataFrame(
        [
            report("A", "2024-01-10", "2024-02-01", 5),
            report("A", "2024-01-20", "2024-02-20", 6),
            report("B", "2024-01-10", "2024-02-01", 2),
        ]
    )
    both = [indicator("hours", sample=EVERYONE, **HOURS), indicator("beds", sample=EVERYONE, **BEDS)]
    looked = run(folder_of(tmp_path / "p", rows, ONE, {"last": "2024-01"}, both))
    counted = looked["completeness"].set_index("period").loc["2024-01"]
    assert counted[["due", "received", "on_time", "late", "double"]].tolist() == [2, 2, 2, 0, 1]
    for part, expected in (("", 13), ("A", 11)):
        row = of(looked["values"], "hours", part).loc["2024-01"]
        assert row["value"] == expected  # the rows stand
        assert "double_report" in row["flags"]
        assert row["reports_received"] == (2 if part == "" else 1)
    assert "double_report" not in of(looked["values"], "hours", "B").loc["2024-01", "flags"]
    stock = of(looked["values"], "beds", "A").loc["2024-01"]
    assert stock["value"] == 60  # the last report
    assert "double_report" not in stock["flags"]


def test_a_correction_is_dated(tmp_path: Path) -> None:
    rows = pd.DataFrame(
        [
            report("A", "2024-01-10", "2024-02-01", corrected_on="2024-04-02"),
            report("B", "2024-01-10", "2024-02-01", corrected_on=""),
        ]
    )
    looked = run(folder_of(tmp_path / "p", rows, ONE, {"last": "2024-01", "corrected": "corrected_on"}))
    reports = looked["reports"].set_index("code")
    assert reports.loc["A", ["state", "corrected"]].tolist() == ["on_time", pd.Timestamp("2024-04-02")]
    assert pd.isna(reports.loc["B", "corrected"])
    assert looked["completeness"]["corrected"].iloc[0] == 1


def test_what_nobody_owed_stands_for_nothing_that_is_missing(tmp_path: Path) -> None:
    roster = units({"project_id": "A"}, {"project_id": "B", "closed_on": "2024-01-20"}, {"project_id": "D"})
    rows = pd.DataFrame([report(project, "2024-01-10", "2024-02-01") for project in "ABX"])
    looked = run(folder_of(tmp_path / "p", rows, roster, {"last": "2024-01"}))
    assert states(looked["reports"]) == {
        ("A", "2024-01"): "on_time",
        ("B", "2024-01"): "unexpected",  # closed before the month was over
        ("D", "2024-01"): "missing",
        ("X", "2024-01"): "unexpected",  # of whom the roster knows nothing
    }
    row = looked["completeness"].set_index("period").loc["2024-01"]
    assert row[["due", "received", "unexpected", "missing"]].tolist() == [2, 1, 2, 1]
    assert row["share"] == 0.5
    assert row["dhis2_rate"] == 1.0  # 3 by 2, cut: a report is missing all the same


def test_a_quarterly_report_of_a_monthly_clock(tmp_path: Path) -> None:
    rows = pd.DataFrame([report("A", "2024-02-10", "2024-04-15"), report("B", "2023-12-10", "2024-01-31")])
    looked = run(
        folder_of(tmp_path / "p", rows, ONE, {"every": "quarter", "last": "2024-03"}, period={"year_starts": 7})
    )
    assert states(looked["reports"]) == {
        ("A", "2023/24-Q2"): "missing",
        ("B", "2023/24-Q2"): "late",
        ("A", "2023/24-Q3"): "on_time",
        ("B", "2023/24-Q3"): "missing",
    }
    assert of(looked["values"], "hours").loc["2024-02", "reports_due"] is pd.NA  # no month owes a report
    year = of(looked["values"], "hours", every="year").loc["2023/24"]
    assert year[["reports_received", "reports_due"]].tolist() == [2, 4]


def test_every_code_owes_where_there_is_no_roster(tmp_path: Path) -> None:
    rows = pd.DataFrame([report("A", "2024-01-10", "2024-02-01"), report("A", "2024-03-10", "2024-04-01")])
    folder = folder_of(tmp_path / "p", rows, ONE, {"units": None, "last": "2024-03"})
    edit(folder / "contracts.yaml", "project: {type: text,", "project: {type: code, codes: [A, B],")
    found = run(folder)["completeness"].set_index("period")
    assert found.loc["2024-Q1", ["due", "received"]].tolist() == [6, 2]


def test_reports_are_due_until_the_programme_ends_where_no_last_day_is_declared(tmp_path: Path) -> None:
    rows = pd.DataFrame([report("A", "2019-11-10", "2019-12-01")])
    found = run(folder_of(tmp_path / "p", rows, ONE, {}))["reports"]
    assert sorted(set(found["period"]))[0] == "2019-11"
    assert sorted(set(found["period"]))[-1] == "2020-12"  # the programme ends in 2020


# ---- units that close, merge and split -------------------------------------------------------------------------------

CHANGED = units(
    {"project_id": "A", "closed_on": "2024-02-29", "merged_into": "C"},
    {"project_id": "B", "closed_on": "2024-02-29", "merged_into": "C"},
    {"project_id": "C", "opened_on": "2024-03-01"},
    {"project_id": "S", "closed_on": "2024-02-29"},
    {"project_id": "T", "opened_on": "2024-03-01", "came_of": "S"},
    {"project_id": "U", "opened_on": "2024-03-01", "came_of": "S"},
    {"project_id": "Z", "closed_on": "2024-01-31"},
)
"""A and B became C; S became T and U; Z closed. Hours are 1, 2, 4 and so on, so that every sum tells its terms."""


def changed() -> pd.DataFrame:
    rows = [
        *[report("A", f"2024-0{month}-10", f"2024-0{month + 1}-05", 1) for month in (1, 2)],
        *[report("B", f"2024-0{month}-12", f"2024-0{month + 1}-05", 2) for month in (1, 2)],
        *[report("S", f"2024-0{month}-10", f"2024-0{month + 1}-05", 4) for month in (1, 2)],
        report("Z", "2024-01-10", "2024-02-05", 8),
        report("C", "2024-03-10", "2024-04-05", 16),
        report("T", "2024-03-10", "2024-04-05", 32),
        report("U", "2024-03-10", "2024-04-05", 64),
    ]
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def merged(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pd.DataFrame]:
    rules = {"hours": HOURS, "beds": BEDS, "total": TOTAL, "share": SHARE}
    declared = [indicator(name, sample=EVERYONE, **rule) for name, rule in rules.items()]
    folder = tmp_path_factory.mktemp("merged") / "p"
    return run(folder_of(folder, changed(), CHANGED, {"last": "2024-03"}, declared))


def test_every_unit_has_its_fate(merged: dict[str, pd.DataFrame]) -> None:
    fates = merged["units"].set_index("code")
    assert fates["fate"].to_dict() == {
        "A": "succeeded", "B": "succeeded", "C": "stands", "S": "split", "T": "stands", "U": "stands", "Z": "closed",
    }  # fmt: skip
    assert fates["heir"].to_dict() == {name: {"A": "C", "B": "C"}.get(name, name) for name in "ABCSTUZ"}
    assert list(fates.loc["S", "successors"]) == ["T", "U"]


def test_who_takes_over_owes_from_its_own_day(merged: dict[str, pd.DataFrame]) -> None:
    table = merged["completeness"].set_index("period")
    assert table.loc[["2024-01", "2024-02", "2024-03"], "due"].tolist() == [4, 3, 3]
    assert table.loc["2024-Q1", ["due", "received"]].tolist() == [10, 10]


def test_as_it_was_each_unit_keeps_its_past(merged: dict[str, pd.DataFrame]) -> None:
    quarter = {code: of(merged["values"], "hours", code, "quarter").loc["2024-Q1", "value"] for code in "ABCSTUZ"}
    assert quarter == {"A": 2, "B": 4, "C": 16, "S": 8, "T": 32, "U": 64, "Z": 8}


def test_as_it_is_now_the_successor_has_the_past_of_those_before_it(merged: dict[str, pd.DataFrame]) -> None:
    heirs = merged["heirs"]
    assert set(heirs["scope_value"]) == {"C", "S", "T", "U", "Z"}  # what was split is given to nobody
    by_month = of(heirs, "hours", "C")
    assert by_month["value"].tolist() == [3, 3, 16]
    assert by_month["reports_received"].tolist() == [2, 2, 1]
    assert by_month["reports_due"].tolist() == [2, 2, 1]
    assert of(heirs, "hours", "S")["value"].fillna(-1).tolist() == [4, 4, -1]
    assert of(heirs, "hours", "C", "quarter").loc["2024-Q1", "value"] == 22


def test_a_share_of_the_merged_is_of_all_their_rows(tmp_path: Path) -> None:
    rows = pd.DataFrame([report("A", "2024-01-10", "2024-02-01", 30), report("B", "2024-01-10", "2024-02-01", 10)])
    rows["beds"] = [60, 40]
    share = indicator("share", sample=EVERYONE, **SHARE)
    heirs = run(folder_of(tmp_path / "p", rows, CHANGED, {"last": "2024-01"}, [share]))["heirs"]
    assert of(heirs, "share", "C").loc["2024-01", "value"] == 0.4  # not 37.5 %, the mean of a half and a quarter


def test_a_merged_stock_takes_the_last_report_of_each_that_was_open(merged: dict[str, pd.DataFrame]) -> None:
    assert of(merged["heirs"], "beds", "C")["value"].tolist() == [30, 30, 160]  # A on the 10th and B on the 12th


def test_a_closed_unit_leaves_the_stock_and_not_the_running_total(merged: dict[str, pd.DataFrame]) -> None:
    values = merged["values"]
    assert of(values, "beds")["value"].tolist() == [150, 70, 1120]
    # A and B closed in February, Z in January: their last reports inside the quarter do not stand at its end
    assert of(values, "beds", every="quarter").loc["2024-Q1", "value"] == 1120
    assert of(values, "total", every="quarter").loc["2024-Q1", "to_date"] == 1 + 2 + 4 + 8 + 16 + 32 + 64
    findings = merged["findings"].query("scope == 'programme'").set_index("indicator")["value"]
    assert findings["beds"] == 1120
    assert findings["total"] == 127


def test_without_closing_days_the_quarter_would_carry_them(tmp_path: Path) -> None:
    roster = CHANGED.assign(closed_on="", merged_into="", came_of="")
    beds = indicator("beds", sample=EVERYONE, **BEDS)
    values = run(folder_of(tmp_path / "p", changed(), roster, {"last": "2024-03"}, [beds]))["values"]
    assert of(values, "beds", every="quarter").loc["2024-Q1", "value"] == 1270


@pytest.mark.parametrize(
    ("closed_on", "expected"),
    [("2024-01-31", 10), ("2024-01-30", 0), ("2024-02-01", 10)],
)
def test_a_unit_counts_on_the_day_it_closes(tmp_path: Path, closed_on: str, expected: int) -> None:
    rows = pd.DataFrame([report("A", "2024-01-10", "2024-02-01"), report("B", "2024-01-10", "2024-02-01", 3)])
    roster = units({"project_id": "A", "closed_on": closed_on}, {"project_id": "B"})
    beds = indicator("beds", sample=EVERYONE, **BEDS)
    looked = run(folder_of(tmp_path / "p", rows, roster, {"last": "2024-01"}, [beds]))
    assert of(looked["values"], "beds").loc["2024-01", "value"] == 30 + expected
    whole = looked["findings"].query("scope == 'programme'")["value"].iloc[0]
    assert whole == 30 + expected  # the finding says the same


def test_successors_of_successors_and_circles(tmp_path: Path) -> None:
    closed = {"closed_on": "2024-01-31"}
    roster = units(
        {"project_id": "A", "merged_into": "B", **closed},
        {"project_id": "B", "merged_into": "C", **closed},
        {"project_id": "C"},
        {"project_id": "P", "merged_into": "Q", **closed},
        {"project_id": "Q", "merged_into": "P", **closed},
        {"project_id": "W", "merged_into": "C"},  # has not closed: nobody has taken over yet
    )
    rows = pd.DataFrame([report(code, "2024-01-10", "2024-02-01") for code in "ABCPQW"])
    found = run(folder_of(tmp_path / "p", rows, roster, {"last": "2024-01"}))
    fates = found["units"].set_index("code")[["fate", "heir"]].apply(tuple, axis=1).to_dict()
    assert fates == {
        "A": ("succeeded", "C"),
        "B": ("succeeded", "C"),
        "C": ("stands", "C"),
        "P": ("circular", "P"),
        "Q": ("circular", "Q"),
        "W": ("stands", "W"),
    }
    assert of(found["heirs"], "hours", "C").loc["2024-01", "value"] == 3


# ---- who sees what ---------------------------------------------------------------------------------------------------


def test_a_reader_of_one_project_sees_its_reports_alone(tmp_path: Path) -> None:
    scope = Scope(None, {"project": frozenset({"C"})}, "coordinator")
    looked = run(folder_of(tmp_path / "p", changed(), CHANGED, {"last": "2024-03"}), scope)
    assert set(looked["reports"]["code"]) == {"C"}
    assert set(looked["units"]["code"]) == {"C"}
    assert looked["completeness"].set_index("period").loc["2024-Q1", "due"] == 1
    assert set(looked["heirs"]["scope_value"]) == {"C"}


def test_what_few_persons_gave_to_a_successor_is_hidden_with_its_column(tmp_path: Path) -> None:
    counts = {"A": 3, "B": 20, "C": 20, "S": 20, "T": 20, "U": 20, "Z": 20}
    rows = pd.DataFrame(
        [
            report(code, "2024-01-10", "2024-02-01", who=f"{code}{number}")
            for code, count in counts.items()
            for number in range(count)
        ]
    )
    folder = folder_of(tmp_path / "p", rows, CHANGED, {"last": "2024-01"}, person="who", key=["project", "who", "day"])
    heirs = run(folder)["heirs"]
    assert (heirs["suppressed"] != "").all()  # C as it is now, less C and B as they were, are the three of A
    assert heirs["value"].isna().all()
    assert heirs["n"].isna().all()
    assert (heirs["reports_due"].dropna() > 0).all()  # that a report came says nothing of who is in it


# ---- nothing depends on the order of rows or files -------------------------------------------------------------------


@pytest.mark.parametrize("seed", [1, 2])
def test_neither_the_order_of_rows_nor_of_files_changes_anything(
    tmp_path: Path, merged: dict[str, pd.DataFrame], seed: int
) -> None:
    rules = {"hours": HOURS, "beds": BEDS, "total": TOTAL, "share": SHARE}
    declared = [indicator(name, sample=EVERYONE, **rule) for name, rule in rules.items()]
    shuffled = changed().sample(frac=1, random_state=seed)
    roster = CHANGED.sample(frac=1, random_state=seed)
    folder = folder_of(tmp_path / "p", shuffled, roster, {"last": "2024-03"}, declared)
    split_by_month(folder, shuffled, seed)
    found = run(folder)
    for name in ("reports", "completeness", "units", "values", "heirs"):
        pd.testing.assert_frame_equal(found[name], merged[name], obj=name)


def split_by_month(folder: Path, rows: pd.DataFrame, seed: int) -> None:
    """Write the rows into a file for each month, and load these in any order."""
    provenance = {"title": "Made", "kind": "synthetic", "generator": "the test"}
    sources = [{"id": "units", "file": "raw/units.csv", "contract": "project", "provenance": provenance}]
    for month in np.random.default_rng(seed).permutation(sorted({day[:7] for day in rows["day"]})):
        rows[rows["day"].str.startswith(month)].to_csv(folder / "raw" / f"{month}.csv", index=False)
        name = month.replace("-", "_")
        sources.append({"id": f"m{name}", "file": f"raw/{month}.csv", "contract": "rows", "provenance": provenance})
    (folder / "sources.yaml").write_text(json.dumps({"sources": sources}), encoding="utf-8")


def test_a_roster_that_changes_is_read_again(tmp_path: Path) -> None:
    beds = indicator("beds", sample=EVERYONE, **BEDS)
    rows = pd.DataFrame([report("A", "2024-01-10", "2024-02-01"), report("B", "2024-01-10", "2024-02-01", 3)])
    folder = folder_of(tmp_path / "p", rows, ONE, {"last": "2024-01"}, [beds])
    with Warehouse(tmp_path / "db.duckdb") as warehouse:
        run_programme(load_programme(folder), warehouse)
        assert of(ReaderTables(warehouse).period_values("made"), "beds").loc["2024-01", "value"] == 40
        units({"project_id": "A", "closed_on": "2024-01-15"}, {"project_id": "B"}).to_csv(
            folder / "raw" / "units.csv", index=False
        )
        run_programme(load_programme(folder), warehouse)
        tables = ReaderTables(warehouse)
        assert of(tables.period_values("made"), "beds").loc["2024-01", "value"] == 30
        assert tables.findings("made").query("scope == 'programme'")["value"].tolist() == [30]
        assert states(tables.reports(TODAY, "made"))["A", "2024-01"] == "unexpected"


REPORTS = st.lists(
    st.tuples(
        st.sampled_from("ABC"), st.integers(0, 11), st.booleans(), st.integers(0, 2), st.integers(-40, 40) | st.none()
    ),
    max_size=40,
    unique_by=lambda row: row[:2],
)


@given(REPORTS)
def test_longer_periods_are_sums_of_shorter_ones(rows: list[tuple[str, int, bool, int, int | None]]) -> None:
    """Whatever came of each report: what is due came or is missing, and the year is the sum of its months."""
    records = []
    for code, month, owed, reports, days in rows:
        first = pd.Timestamp(2024, month + 1, 1)
        last = first + pd.offsets.MonthEnd(0)
        deadline = last + pd.Timedelta(days=15)
        came = reports if owed else max(reports, 1)
        received = pd.NaT if days is None or not came else deadline + pd.Timedelta(days=days)
        records.append((code, f"2024-{month + 1:02}", first, last, deadline, owed, came, received))
    names = ["code", "period", "first", "last", "deadline", "owed", "reports", "received"]
    frame = pd.DataFrame(records, columns=names).assign(
        programme="p", contract="c", every="month", year_starts=1, corrected=pd.NaT
    )
    for name in ("first", "last", "deadline", "received", "corrected"):
        frame[name] = pd.to_datetime(frame[name])
    table = completeness(frame, datetime.date(2024, 9, 1))
    if table.empty:
        return
    assert (table["due"] == table["received"] + table["missing"]).all()
    assert (table["share"].dropna() <= 1).all()
    counts = ["due", "received", "on_time", "late", "missing", "double", "unexpected", "open"]
    sums = table.groupby("every")[counts].sum()
    assert (sums == sums.iloc[0]).all(axis=None)


# ---- what is refused -------------------------------------------------------------------------------------------------


def problems(folder: Path) -> str:
    """Return what is wrong with a programme, in words."""
    try:
        return "\n".join(map(str, check_programme(load_programme(folder))))
    except DeclarationError as error:
        return str(error)


PROBLEMS: dict[str, dict[str, Any]] = {
    "more often than the clock counts": {"every": "month"},
    "names column 'nobody'": {"by": "nobody"},
    "says whose report a row is, and is no name": {"by": "hours"},
    "says whose report a row is, and may be missing": {"by": "note"},
    "says when a report came, and is no date": {"received": "project"},
    "the last report is due before the first": {"first": "2024-05", "last": "2024-02"},
    "nobody says which units owe reports": {"units": None},
    "there is no contract 'nothing'": {"units": {**ROSTER, "contract": "nothing"}},
    "may have several rows for a unit": {"units": {**ROSTER, "id": "merged_into"}},
    "has no column 'nowhere'": {"units": {**ROSTER, "opened": "nowhere"}},
    "is of another kind": {"units": {**ROSTER, "closed": "came_of"}},
    "no column says when": {"units": {"contract": "project", "id": "project_id", "successor": "merged_into"}},
    "cannot be the roster of": {"units": {"contract": "rows", "id": "project"}},
    "greater than or equal to 0": {"days_after": -1},
}


@pytest.mark.parametrize("what", PROBLEMS)
def test_a_calendar_that_cannot_be_followed_is_refused(tmp_path: Path, what: str) -> None:
    rows = pd.DataFrame([report("A", "2024-01-10", "2024-02-01", note="x")])
    folder = folder_of(tmp_path / "p", rows, ONE, PROBLEMS[what], period={"every": "quarter"})
    assert what in problems(folder)


def test_what_is_due_needs_a_clock(tmp_path: Path) -> None:
    rows = pd.DataFrame([report("A", "2024-01-10", "2024-02-01")])
    folder = folder_of(tmp_path / "p", rows, ONE, {})
    declared = yaml.safe_load((folder / "contracts.yaml").read_text(encoding="utf-8"))
    declared["contracts"][0].pop("period")
    (folder / "contracts.yaml").write_text(yaml.safe_dump(declared), encoding="utf-8")
    assert "due counts the periods of a clock" in problems(folder)
