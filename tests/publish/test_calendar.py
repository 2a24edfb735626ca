"""Reports that are due: each state and each count is reckoned by hand from the rows in the test."""

from __future__ import annotations

import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from impact.declare import load_programme
from impact.publish import completeness, report_states, reporting_rate
from impact.run.flow import run_programme
from impact.store import Warehouse
from tests.support.calendars import (
    BEDS,
    EVERYONE,
    HOURS,
    ONE,
    TODAY,
    folder_of,
    of,
    report,
    run,
    states,
    units,
)
from tests.support.programmes import edit, indicator

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


FIGURES = {
    "dhis2.rr_small.2024-01.expected": 3,
    "dhis2.rr_small.2024-01.rate": 100.0,
    "dhis2.rr_small.2024-01.on_time": 200 / 3,
    "dhis2.rr_small.2024-02.expected": 4,
    "dhis2.rr_small.2024-02.rate": 75.0,
    "dhis2.rr_small.2024-02.on_time": 50.0,
    "dhis2.rr_small.2024-03.expected": 3,
    "dhis2.rr_small.2024-03.rate": 200 / 3,
    "dhis2.rr_small.2024-03.on_time": 200 / 3,
    "dhis2.rr_small.quarter.by_months": 80.0,
}
"""By the ids of the references, counted by hand from the definitions of DHIS2; shares in per cent."""
COLUMNS = {"expected": ("due", 1), "rate": ("dhis2_rate", 100), "on_time": ("share_on_time", 100)}


@pytest.mark.parametrize("name", FIGURES)
def test_completeness_is_that_of_the_small_example(small: dict[str, pd.DataFrame], name: str) -> None:
    period, figure = name.split(".")[-2:]
    column, unit = COLUMNS.get(figure, ("share", 100))
    row = small["completeness"].set_index("period").loc["2024-Q1" if period == "quarter" else period]
    assert row[column] * unit == pytest.approx(FIGURES[name], rel=1e-12)


def test_the_quarter_is_the_sum_of_its_months(small: dict[str, pd.DataFrame]) -> None:
    quarter = small["completeness"].set_index("period").loc["2024-Q1"]
    assert quarter[["due", "received", "on_time", "late", "missing"]].tolist() == [10, 8, 6, 2, 2]
    assert quarter["share_on_time"] == 0.6
    assert np.isnan(quarter["dhis2_rate"])


def test_dhis2_gives_the_quarter_as_complete(small: dict[str, pd.DataFrame]) -> None:
    """``dhis2.rr_small.quarter.dhis2``, transcribed and not to be followed: units open all through, 91 // 30 months."""
    open_all_through = [unit for unit in "ABCD" if unit not in "CD"]
    expected = len(open_all_through) * (91 // 30)
    came = sum(map(len, COMPLETED.values()))
    assert (expected, came) == (6, 8)
    theirs = 100 * min(came / expected, 1.0)
    assert theirs == 100.0
    assert theirs > 100 * small["completeness"].set_index("period").loc["2024-Q1", "share"]


def test_the_rate_of_dhis2_is_cut_and_zero_where_nothing_is_expected() -> None:
    assert [reporting_rate(*counts) for counts in ((3, 4), (8, 6), (2, 0), (0, 0))] == [0.75, 1.0, 0.0, 0.0]


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


@pytest.mark.parametrize("empty", ["zero", "no_report"])
def test_a_report_that_has_not_come_is_no_zero_and_a_closed_unit_owes_none(tmp_path: Path, empty: str) -> None:
    rows = completed().assign(kind=[*"xyxyxyxx"])
    hours = indicator("hours", sample=EVERYONE, **HOURS | {"scope": ["project", "kind"]})
    looked = run(folder_of(tmp_path / "p", rows, SMALL, {"last": "2024-03"}, [hours], period={"empty": empty}))
    found = looked["values"]
    of_month = {
        (code, period): (state, None if np.isnan(value) else value)
        for code in "BCD"
        for period, state, value in of(found, "hours", code)[["state", "value"]].itertuples()
    }
    assert of_month == {
        ("B", "2024-01"): ("value", 1),
        ("B", "2024-02"): ("value", 1),
        ("B", "2024-03"): ("no_report", None),  # owed, and not zero whatever the clock says of a silent period
        ("C", "2024-01"): ("value", 1),
        ("C", "2024-02"): ("no_report", None),
        ("C", "2024-03"): ("not_due", None),
        ("D", "2024-01"): ("not_due", None),
        ("D", "2024-02"): ("value", 1),
        ("D", "2024-03"): ("value", 1),
    }
    # reports came, and nothing of this kind was in them
    assert of(found, "hours", "y").loc["2024-03", "state"] == empty
    assert of(found, "hours", "y")["reports_due"].isna().all()


# ---- states ----------------------------------------------------------------------------------------------------------


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


def test_codes_above_others_owe_nothing_themselves(tmp_path: Path) -> None:
    rows = pd.DataFrame([report("A", "2024-01-10", "2024-02-01"), report("B", "2024-03-10", "2024-04-01", 2)])
    tree = [{"code": "R", "title": "R"}, *({"code": code, "title": code, "parent": "R"} for code in "AB")]
    lists = [{"id": "place", "title": "Place", "codes": tree}]
    folder = folder_of(tmp_path / "p", rows, ONE, {"units": None, "last": "2024-03"}, codelists=lists)
    edit(folder / "contracts.yaml", "project: {type: text,", "project: {type: code, codelist: place,")
    looked = run(folder)
    assert set(looked["reports"]["code"]) == {"A", "B"}
    above = of(looked["values"], "hours", "R")
    assert above["state"].tolist() == ["value", "no_report", "value"]
    assert above["reports_due"].isna().all()


def test_reports_are_due_until_the_programme_ends_where_no_last_day_is_declared(tmp_path: Path) -> None:
    rows = pd.DataFrame([report("A", "2019-11-10", "2019-12-01")])
    found = run(folder_of(tmp_path / "p", rows, ONE, {}))["reports"]
    assert sorted(set(found["period"]))[0] == "2019-11"
    assert sorted(set(found["period"]))[-1] == "2020-12"  # the programme ends in 2020


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
