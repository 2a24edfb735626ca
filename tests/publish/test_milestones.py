"""Milestones against values: each right number is counted by hand from the rows in the test."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from impact.declare import load_programme
from impact.publish.published import ReaderTables
from impact.run.flow import run_programme
from impact.store import Warehouse
from tests.support.programmes import indicator, written
from tests.support.promised import NOTE, promised, read, reports, steps, target

HOURS = [10, 22, 28, 41, 52, 57]
"""To date: 10, 32, 60, 101, 153, 210; by quarter 60 and 150."""
SLOPE = 169 / 17.5
"""Of the line through them: mean 35 at 3.5, sum of products 169, sum of squares 17.5."""
SUM = {"formula": {"kind": "sum", "column": "hours"}, "over_time": "flow"}


def hours(ex_ante: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Declare the sum of the hours."""
    return indicator("hours", ex_ante=ex_ante, **(SUM | {"ex_post": {"period": "2024-12"}} | fields))


def milestones(
    folder: Path, *indicators: dict[str, Any], frame: pd.DataFrame | None = None, **more: Any
) -> pd.DataFrame:
    """Run a programme with one project's hours and return its milestones, by day and point."""
    rows = reports({"a": HOURS}) if frame is None else frame
    (table,) = read(promised(folder / "p", rows, list(indicators), **more), "milestones")
    return table.assign(due=table["due"].astype(str)).set_index(["due", "point"])


# ---- values to date ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def to_date(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    path = steps(("2024-02", 32), ("2024-04", 110), ("2024-05-20", 100), ("2024-12", 800), of="to_date")
    return milestones(tmp_path_factory.mktemp("path"), hours({"target": path}))


@pytest.mark.parametrize(
    ("due", "numbers", "states"),
    [
        ("2024-02-29", [32, 0], ["reached", "on_course", "2024-02"]),
        ("2024-04-30", [101, -9], ["short", "behind", "2024-04"]),
        ("2024-05-20", [None, None], ["no_data", "not_measured", ""]),  # the last whole month before is April's promise
    ],
)
def test_milestones_that_are_due(
    to_date: pd.DataFrame, due: str, numbers: list[float | None], states: list[str]
) -> None:
    row = to_date.loc[(due, "milestone")]
    assert [row[name] for name in ("attainment", "course", "seen")] == states
    assert [None if pd.isna(row[name]) else row[name] for name in ("value", "gap")] == numbers


def test_the_end_is_not_due_and_is_projected_not_given(to_date: pd.DataFrame) -> None:
    """To 210 come July to December by the line: 6 × 35 + slope × (3.5 + … + 8.5)."""
    row = to_date.loc[("2024-12-31", "end")]
    assert (row["value"], row["gap"], row["attainment"], row["course"]) == (210, -590, "not_due", "not_due")
    assert row["projection"] == pytest.approx(210 + 210 + SLOPE * 36, rel=1e-12)
    assert row["projection_low"] < row["projection"] < row["projection_high"]
    assert row["projection_n"] == 6
    assert to_date.loc[("2024-04-30", "milestone"), ["projection", "projection_n"]].isna().all()


def test_interval_of_a_projected_total_is_that_of_the_matrices(to_date: pd.DataFrame) -> None:
    """s² from the residuals of the six months, times m + 1'X(X'X)^-1X'1; t with 4 degrees of freedom is 2.7764."""
    t, y, ahead = np.arange(1, 7), np.array(HOURS, dtype=float), np.arange(7, 13)
    x, future = np.column_stack([np.ones(6), t]), np.array([6.0, ahead.sum()])
    residuals = y - (35 + SLOPE * (t - 3.5))
    variance = (residuals @ residuals / 4) * (6 + future @ np.linalg.inv(x.T @ x) @ future)
    row = to_date.loc[("2024-12-31", "end")]
    assert row["projection_high"] - row["projection"] == pytest.approx(2.7764451051977987 * np.sqrt(variance), rel=1e-9)


def test_finding_has_the_last_milestone_for_target(tmp_path: Path) -> None:
    path = steps(("2024-02", 32), ("2024-12", 200), of="to_date")
    (findings,) = read(promised(tmp_path / "p", reports({"a": HOURS}), [hours({"target": path})]), "findings")
    row = findings.iloc[0]
    assert (row["target"], row["due"], row["value"], row["attainment"]) == (200, "2024-12", 210, "reached")


# ---- values of periods ---------------------------------------------------------------------------------------------


def test_promises_of_periods_meet_values_of_periods_and_their_sum_everything(tmp_path: Path) -> None:
    path = steps(("2024-03", 60), ("2024-06", 160), ("2024-09", 200), ("2024-12", 200), of="period", every="quarter")
    found = milestones(tmp_path, hours({"target": path}))
    assert found["value"].fillna(-1).tolist() == [60, 150, -1, -1, 210]
    assert found["of"].tolist() == ["period", "period", "period", "period", "to_date"]
    assert found["course"].tolist() == ["on_course", "behind", "not_due", "not_due", "not_due"]
    third, fourth, end = (found.iloc[place] for place in (2, 3, 4))
    assert third["projection"] == pytest.approx(3 * 35 + SLOPE * 13.5, rel=1e-12)
    assert fourth["projection"] == pytest.approx(3 * 35 + SLOPE * 22.5, rel=1e-12)
    assert end["projection"] == pytest.approx(210 + third["projection"] + fourth["projection"], rel=1e-12)
    assert (end["target"], end["value"], end["gap"]) == (620, 210, -410)


def test_a_period_under_way_adds_what_there_is_to_what_is_to_come(tmp_path: Path) -> None:
    """April is there; May and June by the line through four months: mean 25.25, slope 9.9."""
    path = steps(("2024-03", 60), ("2024-06", 160), of="period", every="quarter")
    found = milestones(tmp_path, hours({"target": path}), frame=reports({"a": HOURS[:4]}))
    slope = (np.array(HOURS[:4]) - 25.25) @ np.array([-1.5, -0.5, 0.5, 1.5]) / 5
    row = found.loc[("2024-06-30", "milestone")]
    assert (row["value"], row["attainment"]) == (41, "not_due")
    assert row["projection"] == pytest.approx(41 + 2 * 25.25 + slope * (2.5 + 3.5), rel=1e-12)


def test_shares_of_periods_meet_shares_and_an_end_of_their_own(tmp_path: Path) -> None:
    """Of quarters: 30/60 and 10/40; of both 40/100, never the mean 0.45."""
    frame = pd.DataFrame({"project": "a", "day": ["2024-02-10", "2024-06-10"], "hours": [30, 10], "asked": [60, 40]})
    path = steps(("2024-03", 0.5), ("2024-06", 0.4), of="period", every="quarter") | {"end": target(0.42, "2024-06")}
    ratio = indicator(
        "share",
        formula={"kind": "ratio", "numerator": "hours", "denominator": "asked"},
        sample={"all_units": True},
        ex_ante={"target": path},
        ex_post={"period": "2024-06"},
    )
    found = milestones(tmp_path, ratio, frame=frame)
    assert found["value"].tolist() == pytest.approx([0.5, 0.25, 0.4], rel=1e-15)
    assert found["target"].tolist() == [0.5, 0.4, 0.42]
    assert found["course"].tolist() == ["on_course", "behind", "behind"]
    assert found["attainment"].tolist() == ["reached", "short", "short"]


@pytest.mark.parametrize("seed", range(3))
def test_what_is_promised_to_date_meets_the_sums_of_what_periods_meet(tmp_path: Path, seed: int) -> None:
    """Of random months of three projects: values to date are cumulative sums of those of periods, gaps add up too."""
    rng = np.random.default_rng(seed)
    frame = reports({name: list(rng.integers(0, 90, 12)) for name in "abc"})
    days = [f"2024-{month:02}" for month in (3, 6, 9, 12)]
    values = [float(value) for value in rng.integers(1, 500, 4)]
    of_periods = steps(*zip(days, values, strict=True), of="period", every="quarter")
    to_date = steps(*zip(days, np.cumsum(values).tolist(), strict=True), of="to_date")
    by_period = milestones(tmp_path / "a", hours({"target": of_periods}), frame=frame)
    cumulative = milestones(tmp_path / "b", hours({"target": to_date}), frame=frame)
    single = by_period[by_period["of"] == "period"]
    for name in ("target", "value", "gap"):
        np.testing.assert_allclose(cumulative[name], single[name].cumsum(), rtol=1e-12, atol=1e-9)
    end = by_period.loc[("2024-12-31", "end")]
    last = cumulative.loc[("2024-12-31", "end")]
    assert end[["target", "value", "gap", "course"]].tolist() == last[["target", "value", "gap", "course"]].tolist()


# ---- stocks, running totals, silence -------------------------------------------------------------------------------


def test_a_stock_that_is_to_fall_is_held_against_its_last_report(tmp_path: Path) -> None:
    """From 100 to 40: at 55 three quarters of the way, behind by 15; at 30 ahead."""
    frame = reports({"a": [100, 80, 55, 42, 35, 30]})
    baseline = {"value": 100, "origin": NOTE}
    path = steps(("2024-03", 40), ("2024-06", 40))
    stock = hours({"baseline": baseline, "target": path}, over_time="stock", direction="decrease")
    found = milestones(tmp_path, stock, frame=frame)
    assert found["value"].tolist() == [55, 30]
    assert found["progress"].tolist() == pytest.approx([45 / 60, 70 / 60], rel=1e-15)
    assert found["course"].tolist() == ["behind", "ahead"]
    assert found["gap"].tolist() == [15, -10]


def test_a_stock_is_projected_along_its_line(tmp_path: Path) -> None:
    frame = reports({"a": HOURS})
    found = milestones(tmp_path, hours({"target": target(60, "2024-08")}, over_time="stock"), frame=frame)
    assert found["value"].tolist() == [57]
    assert found["projection"].tolist() == pytest.approx([35 + SLOPE * 4.5], rel=1e-12)


@pytest.mark.parametrize(
    ("declared", "course", "attainment"),
    [(120, "incomplete", "incomplete"), (90, "ahead", "reached"), (100, "incomplete", "reached")],
)
def test_a_silent_month_makes_a_sum_a_bound(tmp_path: Path, declared: float, course: str, attainment: str) -> None:
    """40 + 60 with a month that nobody reported: at least 100, and no zero is put in."""
    path = steps(("2024-03", declared), ("2024-12", 500), of="to_date")
    column = {"hours": {"type": "number", "min": 0}, "project": {"type": "text", "required": True}}
    columns = column | {"day": {"type": "date", "required": True}}
    found = milestones(tmp_path, hours({"target": path}), frame=reports({"a": [40, None, 60]}), columns=columns)
    row = found.loc[("2024-03-31", "milestone")]
    assert (row["value"], row["course"], row["attainment"]) == (100, course, attainment)
    assert pd.isna(row["gap"])
    assert found.loc[("2024-12-31", "end"), "not_projected"].code == "milestones.reports_missing"


def test_silence_that_is_declared_to_be_nought_is_nought(tmp_path: Path) -> None:
    path = steps(("2024-03", 120), ("2024-12", 500), of="to_date")
    found = milestones(tmp_path, hours({"target": path}), frame=reports({"a": [40, None, 60]}), clock={"empty": "zero"})
    row = found.loc[("2024-03-31", "milestone")]
    assert (row["value"], row["course"], row["gap"]) == (100, "behind", -20)


def test_a_running_total_is_whole_again_with_the_next_report(tmp_path: Path) -> None:
    """10, nothing, 25, 40: March holds what February lacked; in February only the total of January is known."""
    path = steps(("2024-02", 20), ("2024-03", 25), ("2024-04", 40), of="to_date")
    frame = reports({"a": [10, None, 25, 40]})
    found = milestones(tmp_path, hours({"target": path}, over_time="running_total"), frame=frame)
    assert found["value"].tolist() == [10, 25, 40]
    assert found["course"].tolist() == ["incomplete", "on_course", "on_course"]


def test_a_running_total_gives_a_period_what_lies_between_its_ends(tmp_path: Path) -> None:
    """March holds what February lacked; at the end of September nobody reported, and July alone is known."""
    path = steps(("2024-03", 25), ("2024-06", 20), ("2024-09", 30), of="period", every="quarter")
    frame = reports({"a": [10, None, 25, 30, 38, 45, 60, None, None, 90]})
    found = milestones(tmp_path, hours({"target": path}, over_time="running_total"), frame=frame)
    of_periods = found[found["of"] == "period"]
    assert of_periods["value"].tolist() == [25, 20, 15]
    assert of_periods["course"].tolist() == ["on_course", "on_course", "incomplete"]


def test_targets_of_nought_and_at_the_baseline_break_nothing(tmp_path: Path) -> None:
    baseline = {"value": 32, "origin": NOTE}
    path = steps(("2024-01", 0), ("2024-02", 32), of="to_date")
    found = milestones(tmp_path, hours({"baseline": baseline, "target": path}, direction="maintain"))
    assert found["progress_state"].tolist() == ["measured", "no_gap"]
    assert found["progress"].iloc[0] == pytest.approx((10 - 32) / (0 - 32), rel=1e-15)
    assert found["course"].tolist() == ["off_course", "on_course"]


# ---- between two milestones ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("between", "promise", "course"),
    [("step", 100, "ahead"), ("linear", 100 + 200 * 91 / 275, "ahead"), (None, None, None)],
)
def test_the_last_day_with_data_is_on_the_path_only_if_there_is_one(
    tmp_path: Path, between: str | None, promise: float | None, course: str | None
) -> None:
    """From 31 March to 31 December are 275 days, to 30 June 91 of them."""
    rules = {"between": between} if between else {}
    path = steps(("2024-03", 100), ("2024-12", 300), of="to_date", **rules)
    found = milestones(tmp_path, hours({"target": path})).reset_index().set_index("point")
    if promise is None:
        assert "now" not in found.index
        return
    row = found.loc["now"]
    assert (row["due"], row["value"], row["course"], row["number"]) == ("2024-06-30", 210, course, 0)
    assert row["target"] == pytest.approx(promise, rel=1e-15)
    assert row["gap"] == pytest.approx(210 - promise, rel=1e-12)


def test_before_the_first_milestone_there_is_no_path(tmp_path: Path) -> None:
    path = steps(("2024-09", 100), ("2024-12", 300), of="to_date", between="linear")
    row = milestones(tmp_path, hours({"target": path})).loc[("2024-06-30", "now")]
    assert pd.isna(row["target"])
    assert (row["course"], row["attainment"]) == ("no_path", "no_target")


# ---- waves -----------------------------------------------------------------------------------------------------------

WAVES = [
    {"id": "before", "title": "Before", "date": "2023-01", "role": "baseline"},
    {"id": "mid", "title": "Mid", "date": "2024-05", "role": "midline"},
    {"id": "after", "title": "After", "date": "2025-12", "role": "end_line"},
]


def waved(folder: Path, path: dict[str, Any], **fields: Any) -> Path:
    """Write a programme of ten persons in three waves, with means 10, 15 and 21 of one spread."""
    values = {"before": 10, "mid": 15, "after": 21}
    rows = [(f"p{n}", wave, mean + (n % 2) * 2 - 1) for wave, mean in values.items() for n in range(10)]
    frame = pd.DataFrame(rows, columns=["person", "wave", "y"])
    declared = indicator(
        "y", ex_ante={"baseline": {"wave": "before"}, "target": path}, ex_post={"wave": "after"}, **fields
    )
    return written(folder, frame, [declared], key=("person", "wave"), wave="wave", waves=WAVES)


def test_milestones_of_waves_meet_the_wave_that_is_of_their_time(tmp_path: Path) -> None:
    """The first has the baseline alone behind it; that of June 2024 the wave of May; that of January 2025 none since."""
    dated = [("2023-12", 12.0), ("2024-06", 15.0), ("2025-01", 17.0), ("2025-12", 25.0)]
    (found,) = read(waved(tmp_path / "p", steps(*dated)), "milestones")
    assert found["seen"].tolist() == ["", "mid", "", "after"]
    assert found["course"].tolist() == ["not_measured", "on_course", "not_measured", "behind"]
    assert found["attainment"].tolist() == ["no_data", "uncertain", "no_data", "short"]
    assert found["gap"].dropna().tolist() == pytest.approx([0, -4], abs=1e-12)
    assert found["progress"].dropna().tolist() == pytest.approx([1, 11 / 15], rel=1e-12)
    assert set(found["not_projected"]) == {""}
    assert found["projection"].isna().all()


def test_changes_start_from_the_measured_baseline_and_so_does_the_line(tmp_path: Path) -> None:
    """From 10 on 31 January 2023 to 20 on 31 December 2024, 700 days; the wave of May is on 31 May, day 486."""
    changes = [{"due": "2024-12", "change": 10, "origin": NOTE}, {"due": "2026-12", "change": 15, "origin": NOTE}]
    rows = waved(tmp_path / "p", {"milestones": changes, "between": "linear"})
    (found,) = read(rows, "milestones")
    by_point = found.set_index("point")
    assert by_point.loc["milestone", "target"] == pytest.approx(20, rel=1e-12)
    assert by_point.loc["end", "target"] == pytest.approx(25, rel=1e-12)
    now = by_point.loc["now"]  # after: 31 December 2025, half of the 730 days from 20 to 25
    assert now["target"] == pytest.approx(20 + 5 * 365 / 730, rel=1e-12)
    assert now["course"] == "behind"


# ---- whoever reads it ------------------------------------------------------------------------------------------------


def test_order_of_rows_and_of_files_changes_nothing(tmp_path: Path) -> None:
    path = steps(("2024-03", 100), ("2024-12", 300), of="to_date", between="linear")
    frame = reports({"a": HOURS, "b": HOURS[::-1]})
    declared = hours({"target": path}, scope=["project"])
    (first,) = read(promised(tmp_path / "p", frame, [declared]), "milestones")
    shuffled = frame.sample(frac=1, random_state=3)
    (second,) = read(promised(tmp_path / "q", shuffled, [declared]), "milestones")
    pd.testing.assert_frame_equal(first, second)


def test_few_persons_behind_a_period_hide_its_milestone(tmp_path: Path) -> None:
    """Two persons in February of twelve in all: monthly values are not shown, so neither are milestones by month."""
    days = ["2024-01-10"] * 5 + ["2024-02-10"] * 2 + ["2024-03-10"] * 5
    frame = pd.DataFrame({"project": [f"p{n}" for n in range(12)], "day": days, "hours": 1.0})
    path = steps(("2024-02", 3), ("2024-03", 12), of="period", every="month")
    folder = promised(tmp_path / "p", frame, [hours({"target": path})], person="project", key=["project"])
    (found,) = read(folder, "milestones")
    by_month = found[found["of"] == "period"]
    assert set(by_month["suppressed"]) == {"few"}
    assert by_month[["value", "gap", "projection"]].isna().all(axis=None)
    assert set(by_month["course"]) == set(by_month["attainment"]) == {"suppressed"}
    assert by_month["target"].tolist() == [3, 12]


def test_due_milestones_stand_beside_targets(tmp_path: Path) -> None:
    path = steps(("2024-02", 32), ("2024-04", 110), ("2024-09", 400), ("2024-12", 800), of="to_date")
    programme = load_programme(promised(tmp_path / "p", reports({"a": HOURS}), [hours({"target": path})]))
    with Warehouse(":memory:") as warehouse:
        run_programme(programme, warehouse)
        due = ReaderTables(warehouse).due(datetime.date(2024, 10, 1), "made")
    assert due["kind"].tolist() == ["milestone", "milestone", "milestone", "target"]
    assert due["state"].tolist() == ["done", "late", "late", "open"]
    assert due["attainment"].tolist() == ["reached", "short", "not_due", "not_due"]


def test_where_a_promise_comes_from_stands_with_it(tmp_path: Path) -> None:
    found = milestones(tmp_path, hours({"target": target(300, "2024-12")}))
    assert json.loads(found.loc[("2024-12-31", "end"), "origin"]) == NOTE
