"""A synthetic programme of 22 projects, 24 months and 30 indicators: what is seen of it, reckoned from its rows by pandas.

What is wrong in its reports stands in the head of :mod:`tests.support.monitored`.
"""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from impact.cli.main import app
from impact.declare import load_programme
from impact.publish.attention import Followed, attention, count_charts
from impact.publish.published import ReaderTables
from impact.run.flow import run_programme
from impact.store import Warehouse
from tests.support import monitored

TODAY = datetime.date(2025, 1, 20)
PARTS = ["", *monitored.PROJECTS]


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("monitored")
    programme = load_programme(monitored.write(folder / "p"))
    with Warehouse(folder / "m.duckdb") as warehouse:
        run_programme(programme, warehouse)
    return folder / "m.duckdb"


@pytest.fixture(scope="module")
def seen(database: Path) -> dict[str, pd.DataFrame]:
    """What a reader sees."""
    with Warehouse(database, read_only=True) as warehouse:
        tables = ReaderTables(warehouse)
        return {
            "values": tables.period_values("made"),
            "heirs": tables.heir_values("made"),
            "points": tables.chart_points("made"),
            "reports": tables.reports(TODAY, "made"),
            "completeness": tables.completeness(TODAY, "made"),
            "milestones": tables.milestones("made"),
            "sums": tables.target_sums("made"),
            "findings": tables.findings("made"),
        }


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    """The reports as they were written."""
    return monitored.reports().assign(month=lambda frame: frame["day"].str[:7])


def of(frame: pd.DataFrame, indicator: str, part: str, every: str = "month") -> pd.DataFrame:
    chosen = (frame["indicator"] == indicator) & (frame["scope_value"] == part) & (frame["every"] == every)
    return frame[chosen].set_index("period")


def state_of(seen: dict[str, pd.DataFrame], project: str, month: str) -> dict[str, Any]:
    reports = seen["reports"]
    (row,) = reports[(reports["code"] == project) & (reports["period"] == month)].to_dict("records")
    return row


def test_there_are_thirty_indicators_of_twenty_two_projects_in_twenty_four_months(
    seen: dict[str, pd.DataFrame],
) -> None:
    months = seen["values"][seen["values"]["every"] == "month"]
    assert months["indicator"].nunique() == 30
    assert set(months["scope_value"]) == set(PARTS)
    assert months["period"].nunique() == 24


@pytest.mark.parametrize("name", [*monitored.FLOWS[:2], *monitored.ASKED[:1], *monitored.MEANS[:1]])
@pytest.mark.parametrize("every", ["month", "quarter", "year"])
def test_values_are_those_of_the_rows(seen: dict[str, pd.DataFrame], rows: pd.DataFrame, name: str, every: str) -> None:
    by = {
        "month": rows["month"],
        "quarter": pd.PeriodIndex(rows["day"], freq="Q").strftime("%Y-Q%q"),
        "year": rows["day"].str[:4],
    }
    grouped = rows.groupby(by[every])
    expected = grouped[name].sum() if name in monitored.FLOWS else grouped[name].mean()
    if name in monitored.ASKED:
        expected = grouped[name].sum() / grouped["asked"].sum()
    found = of(seen["values"], name, "", every)["value"]
    assert found.to_numpy() == pytest.approx(expected.loc[found.index].to_numpy(), rel=1e-12)


def test_a_stock_counts_the_open_units_of_the_end(seen: dict[str, pd.DataFrame], rows: pd.DataFrame) -> None:
    december = rows[rows["month"] == "2024-12"]["beds"].sum()
    assert of(seen["values"], "beds", "", "year").loc["2024", "value"] == december
    # p11 closed on the last day of 2023: it stands in that year's stock, and in no later one
    assert of(seen["values"], "beds", "p11", "year")["state"].tolist() == ["value", "not_due"]
    assert pd.isna(of(seen["values"], "beds", "p09", "year").loc["2024", "value"])


def test_a_running_total_gives_what_each_month_added(seen: dict[str, pd.DataFrame], rows: pd.DataFrame) -> None:
    of_project = rows[rows["project"] == "p05"].set_index("month")["spent"]
    months = of(seen["values"], "spent", "p05")
    assert months.loc["2024-02", "value"] == of_project["2024-02"] - of_project["2024-01"]
    assert months.loc[["2024-03", "2024-04"], "state"].tolist() == ["no_report", "no_report"]
    assert months.loc["2024-05", "value"] == of_project["2024-05"] - of_project["2024-02"]
    assert "after_gap" in months.loc["2024-05", "flags"]
    assert months.loc["2024-12", "to_date"] == of_project["2024-12"]


def test_every_state_of_a_report_is_there(seen: dict[str, pd.DataFrame]) -> None:
    assert state_of(seen, "p01", "2023-01")["state"] == "on_time"
    assert state_of(seen, "p03", "2023-12")["state"] == "on_time"
    assert state_of(seen, "p03", "2024-01")["state"] == "late"
    assert state_of(seen, "p05", "2024-03")["state"] == "missing"
    assert state_of(seen, "p07", "2023-10")["double"]
    assert state_of(seen, "p17", "2023-05")["corrected"] == pd.Timestamp("2023-07-01")
    closed = seen["reports"][(seen["reports"]["code"] == "p09") & seen["reports"]["owed"]]
    assert closed["period"].max() == "2024-06"


def test_completeness_is_received_over_due(seen: dict[str, pd.DataFrame]) -> None:
    years = seen["completeness"][seen["completeness"]["every"] == "year"].set_index("period")
    owed = {
        year: sum(monitored.is_open(project, month) for project in monitored.PROJECTS for month in months)
        for year, months in ((str(year), [m for m in monitored.MONTHS if m.year == year]) for year in (2023, 2024))
    }
    assert owed == {"2023": 240, "2024": 228}  # 20 in all of 2023; 19, and 19 of others from July
    assert years["due"].to_dict() == owed
    assert years["received"].to_dict() == {"2023": 240, "2024": 226}
    assert years["late"].to_dict() == {"2023": 0, "2024": 12}
    assert years["double"].to_dict() == {"2023": 1, "2024": 0}
    assert years["corrected"].to_dict() == {"2023": 1, "2024": 0}
    assert years.loc["2024", "share"] == pytest.approx(226 / 228, rel=1e-15)


def test_both_ways_of_adding_up_say_so(seen: dict[str, pd.DataFrame], rows: pd.DataFrame) -> None:
    hours = rows.assign(year=rows["day"].str[:4]).groupby(["project", "year"])["hours"].sum()
    as_it_was = of(seen["values"], "hours", "p12", "year")["value"]
    as_it_is = of(seen["heirs"], "hours", "p12", "year")["value"]
    assert as_it_was.tolist() == [hours["p12", "2023"], hours["p12", "2024"]]
    assert as_it_is.tolist() == [hours["p12", "2023"] + hours["p11", "2023"], hours["p12", "2024"]]
    # the past of a unit that was split is given to neither of those that came of it
    assert of(seen["heirs"], "hours", "p13", "year").loc["2023", "value"] == hours["p13", "2023"]
    assert pd.isna(of(seen["heirs"], "hours", "p21", "year").loc["2023", "value"])


def test_promises_of_parts_meet_their_values(seen: dict[str, pd.DataFrame], rows: pd.DataFrame) -> None:
    milestones = seen["milestones"].set_index(["scope_value", "due"])
    of_2023 = rows[rows["day"] < "2024"].groupby("project")["hours"].sum()
    for project in ("p01", "p05", "p12"):
        row = milestones.loc[(project, pd.Timestamp("2023-12-31"))]
        assert (row["value"], row["gap"]) == (of_2023[project], of_2023[project] - 600)
        assert row["course"] == ("ahead" if of_2023[project] > 600 else "behind")
    end = pd.Timestamp("2024-12-31")
    assert milestones.loc[("p05", end), "course"] == "incomplete"  # two reports may make up for what lacks
    assert milestones.loc[("p09", end), "course"] == "behind"  # closed, and owes no report
    assert milestones.loc[("", end), "course"] == "incomplete"
    assert "p20" not in set(seen["milestones"]["scope_value"])
    sums = seen["sums"].set_index("due")
    assert sums.loc["2024-12-31", ["parts", "total", "whole", "difference"]].tolist() == [21, 25200, 25000, 200]


def test_the_finding_says_what_the_last_milestone_says(seen: dict[str, pd.DataFrame]) -> None:
    milestones = seen["milestones"]
    ends = milestones[milestones["point"] == "end"].set_index("finding")["attainment"]
    findings = seen["findings"]
    promised = findings[findings["finding"].isin(ends.index)].set_index("finding")["attainment"]
    assert promised.to_dict() == ends.to_dict()
    assert promised["made/hours"] == "incomplete"


def test_a_look_from_an_earlier_day_takes_charts_of_twelve_periods_only(seen: dict[str, pd.DataFrame]) -> None:
    followed = Followed(seen["points"], seen["milestones"], seen["reports"])
    assert count_charts(followed, datetime.date(2023, 12, 20)).charts == 0
    assert count_charts(followed, datetime.date(2024, 1, 20)).charts > 500


def test_a_missing_report_is_a_gap_of_the_chart_and_no_fall(seen: dict[str, pd.DataFrame]) -> None:
    whole = of(seen["points"], "hours", "")
    assert whole.loc[["2024-03", "2024-04"], "value"].isna().all()
    assert whole.loc["2024-02", "value"] == of(seen["values"], "hours", "").loc["2024-02", "value"]


def test_the_shift_is_a_signal_and_chance_gives_some(seen: dict[str, pd.DataFrame]) -> None:
    shifted = of(seen["points"], monitored.FLOWS[0], monitored.SHIFTED)
    assert set(shifted.loc["2024-01":, "reading"]) == {"concern"}
    charts = count_charts(Followed(seen["points"], seen["milestones"], seen["reports"]), TODAY)
    assert charts.charts == seen["points"].groupby(["indicator", "scope_value"]).ngroups
    # 600 charts in which nothing changed: about as many are marked as chance would mark
    unchanged = seen["points"][seen["points"]["scope_value"] != monitored.SHIFTED]
    steady = count_charts(Followed(unchanged, seen["milestones"], seen["reports"]), TODAY)
    assert abs(steady.marked - steady.expected) < 4 * np.sqrt(steady.expected)


def test_what_to_look_at_first_is_in_order(seen: dict[str, pd.DataFrame]) -> None:
    lines = attention(Followed(seen["points"], seen["milestones"], seen["reports"]), TODAY)
    assert list(dict.fromkeys(lines["kind"])) == ["signal", "promise", "report"]
    for kind in ("signal", "promise"):
        gaps = lines.loc[lines["kind"] == kind, "gap"].abs()
        assert gaps.is_monotonic_decreasing
    (report,) = lines[lines["kind"] == "report"].to_dict("records")
    assert (report["code"], report["expected"], report["period"]) == ("p05", 2, "2024-03")
    assert report["days"] == (TODAY - datetime.date(2024, 4, 15)).days


def test_the_terminal_tells_what_the_tables_hold(database: Path, seen: dict[str, pd.DataFrame]) -> None:
    arguments = ["status", "made", "--db", str(database), "--on", TODAY.isoformat()]
    printed = CliRunner().invoke(app, [*arguments, "--all"], catch_exceptions=False).stdout
    assert "466 of 468 due received (99.6%): 2 missing, 12 late, 454 on time" in printed
    charts = count_charts(Followed(seen["points"], seen["milestones"], seen["reports"]), TODAY)
    assert f"{charts.marked} of {charts.charts} charts marked" in printed
    lines = attention(Followed(seen["points"], seen["milestones"], seen["reports"]), TODAY)
    assert printed.count("signal: ") == (lines["kind"] == "signal").sum()
    assert "missing: rows project=p05 2 reports since 2024-03" in printed
    as_json = CliRunner().invoke(app, [*arguments, "--json"], catch_exceptions=False).stdout
    assert [line["subject"] for line in json.loads(as_json)] == lines["subject"].tolist()
