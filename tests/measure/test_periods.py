"""Values by period from rows with a date: each right value is counted by hand from the rows in the test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from impact.declare import load_programme
from impact.declare.check import check_programme
from impact.errors import DeclarationError
from impact.publish.published import ReaderTables
from impact.run.flow import run_programme
from impact.store import Warehouse
from tests.support.programmes import edit, indicator, programme_folder

MONTHS = [f"2024-{month:02}" for month in range(1, 8)]


def reports() -> pd.DataFrame:
    """Two projects that report each month from January to July; B is silent in March."""
    rows = [(project, f"{month}-10", number) for project in "AB" for number, month in enumerate(MONTHS, start=1)]
    frame = pd.DataFrame(rows, columns=["project", "day", "hours"])
    frame = frame[(frame["project"] == "A") | (frame["day"] != "2024-03-10")].reset_index(drop=True)
    frame["beds"] = frame["hours"] * 10
    frame["total"] = frame.groupby("project")["hours"].cumsum()
    frame["asked"] = frame["hours"] * 2
    frame["who"] = [f"p{number % 3}" for number in frame["hours"]]
    return frame


SHARE = {"kind": "ratio", "numerator": "hours", "denominator": "asked"}
RULES: dict[str, dict[str, Any]] = {
    "flow": {"formula": {"kind": "sum", "column": "hours"}, "over_time": "flow"},
    "stock": {"formula": {"kind": "sum", "column": "beds"}, "over_time": "stock"},
    "running": {"formula": {"kind": "sum", "column": "total"}, "over_time": "running_total"},
    "people": {"formula": {"kind": "count_distinct", "column": "who"}},
    "mean": {"formula": {"kind": "mean", "column": "hours"}},
    "share": {"formula": {"kind": "ratio", "numerator": "hours", "denominator": "asked"}},
}


def clocked(
    folder: Path, frame: pd.DataFrame, indicators: list[dict[str, Any]], clock: dict[str, Any], **fields: Any
) -> Path:
    """Write a programme whose rows have a date, and a clock that reads it."""
    columns = {str(name): {"type": "number" if frame[name].dtype.kind in "if" else "text"} for name in frame.columns}
    columns["day"] = {"type": "date", "required": True}
    columns["project"]["required"] = True
    declared = {"id": "rows", "title": "Rows", "unit_of_analysis": "report", "key": ["project", "day"]}
    declared |= {
        "columns": columns,
        "period": {"column": "day", "every": "month", "empty": "no_report"} | clock,
    } | fields
    return programme_folder(folder, {"data": (declared, frame)}, indicators)


def values(folder: Path) -> pd.DataFrame:
    """Run a programme and return its values by period, as readers see them."""
    programme = load_programme(folder)
    with Warehouse(":memory:") as warehouse:
        run_programme(programme, warehouse)
        return ReaderTables(warehouse).period_values(programme.id)


def of(frame: pd.DataFrame, name: str, part: str = "", every: str = "month") -> pd.DataFrame:
    """Return the rows of an indicator, a part and a kind of period, by the name of the period."""
    chosen = frame[(frame["indicator"] == name) & (frame["scope_value"] == part) & (frame["every"] == every)]
    return chosen.set_index("period")


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    declared = [indicator(name, scope=["project"], sample={"all_units": True}, **rule) for name, rule in RULES.items()]
    return values(clocked(tmp_path_factory.mktemp("clock") / "p", reports(), declared, {"year_starts": 7}))


@pytest.mark.parametrize(
    ("name", "every", "period", "expected"),
    [
        ("flow", "month", "2024-03", (3, 9)),  # A alone; 2 + 4 + 3
        ("flow", "quarter", "2023/24-Q3", (9, 9)),  # 2 + 4 + 3
        ("flow", "quarter", "2023/24-Q4", (30, 39)),  # 8 + 10 + 12
        ("flow", "year", "2024/25", (14, 53)),  # July alone
        ("stock", "month", "2024-03", (30, None)),
        ("stock", "quarter", "2023/24-Q3", (50, None)),  # A in March 30, B last in February 20
        ("stock", "half_year", "2023/24-S2", (120, None)),
        ("running", "month", "2024-03", (3, 9)),  # A 6, B still 3
        ("running", "month", "2024-04", (8, 17)),
        ("running", "quarter", "2023/24-Q4", (30, 39)),
        ("people", "month", "2024-02", (1, None)),
        ("people", "quarter", "2023/24-Q4", (3, 3)),  # 1 + 1 + 1 persons, each counted once
        ("people", "half_year", "2023/24-S2", (3, 3)),  # not 6, the sum of its months
        ("mean", "quarter", "2023/24-Q3", (9 / 5, 9 / 5)),  # of 5 reports, not of 3 months
        ("share", "quarter", "2023/24-Q3", (0.5, 0.5)),
    ],
)
def test_a_longer_period_follows_the_rule_of_its_indicator(
    measured: pd.DataFrame, name: str, every: str, period: str, expected: tuple[float, float | None]
) -> None:
    value, to_date = expected
    row = of(measured, name, every=every).loc[period]
    assert row["value"] == pytest.approx(value, rel=1e-15)
    assert row["to_date"] == pytest.approx(to_date, rel=1e-15) if to_date is not None else np.isnan(row["to_date"])


def test_a_share_of_a_quarter_is_no_mean_of_shares(tmp_path: Path) -> None:
    frame = pd.DataFrame({"project": "A", "day": ["2024-01-05", "2024-02-05"], "yes": [30, 10], "asked": [60, 40]})
    share = indicator("share", formula={"kind": "ratio", "numerator": "yes", "denominator": "asked"})
    found = of(values(clocked(tmp_path / "p", frame, [share], {})), "share", every="quarter")
    assert found.loc["2024-Q1", "value"] == 0.4  # 40 of 100; the mean of 50 % and 25 % would be 37.5 %


def test_a_period_without_a_row_is_what_the_clock_says(tmp_path: Path) -> None:
    sums = [indicator(name, scope=["project"], sample={"all_units": True}, **RULES[name]) for name in ("flow", "mean")]
    silent = of(values(clocked(tmp_path / "a", reports(), sums, {})), "flow", "B").loc["2024-03"]
    assert (silent["state"], silent["n"]) == ("no_report", 0)
    assert np.isnan(silent["value"])
    assert silent["to_date"] == 3
    found = values(clocked(tmp_path / "b", reports(), sums, {"empty": "zero"}))
    zero = of(found, "flow", "B").loc["2024-03"]
    assert (zero["state"], zero["value"], zero["n"]) == ("zero", 0.0, 0)
    # no mean is zero because nobody was asked
    assert of(found, "mean", "B").loc["2024-03", "state"] == "no_report"


def test_rows_without_a_value_are_no_silence(tmp_path: Path) -> None:
    frame = reports().assign(hours=lambda rows: rows["hours"].where(rows["day"] != "2024-03-10"))
    found = of(values(clocked(tmp_path / "p", frame, [indicator("flow", **RULES["flow"])], {"empty": "zero"})), "flow")
    assert found.loc["2024-03", ["state", "n", "n_missing"]].tolist() == ["no_value", 0, 1]


def test_a_running_total_says_where_it_jumps_and_where_it_falls(tmp_path: Path) -> None:
    frame = reports().query("project == 'B'").reset_index(drop=True)
    frame.loc[frame["day"] == "2024-06-10", "total"] = 1
    found = of(values(clocked(tmp_path / "p", frame, [indicator("running", **RULES["running"])], {})), "running")
    assert found.loc["2024-03", "state"] == "no_report"
    assert found.loc["2024-04", "value"] == 4
    assert "after_gap" in found.loc["2024-04", "flags"]
    assert found.loc["2024-06", "value"] == 1 - 12  # 12 in May: 1 + 2 + 4 + 5
    assert "falls" in found.loc["2024-06", "flags"]


def test_a_longer_period_holds_what_came_in_a_silent_month_before_it(tmp_path: Path) -> None:
    """B had 3 at the end of the first quarter, whose March it never reported, and 18 at that of the second."""
    frame = reports().query("project == 'B'").reset_index(drop=True)
    found = values(clocked(tmp_path / "p", frame, [indicator("running", **RULES["running"])], {}))
    quarters, years = (of(found, "running", every=every) for every in ("quarter", "year"))
    assert quarters.loc[["2024-Q1", "2024-Q2"], "value"].tolist() == [3, 15]
    assert ["after_gap" in flags for flags in quarters["flags"]] == [False, True, False]
    assert not any("after_gap" in flags for flags in years["flags"])


def test_nobody_came_in_a_month_that_is_declared_empty(tmp_path: Path) -> None:
    """One in February, two by April, one of whom in June again; persons are known to date where a quarter ends."""
    frame = pd.DataFrame(
        [("A", "2024-02-10", "p"), ("A", "2024-04-10", "q"), ("A", "2024-06-10", "p"), ("B", "2024-01-10", "r")],
        columns=["project", "day", "who"],
    )
    people = indicator("people", scope=["project"], **RULES["people"])
    found = of(values(clocked(tmp_path / "p", frame, [people], {"empty": "zero"})), "people", "A")
    assert found["state"].tolist() == ["zero", "value", "zero", "value", "zero", "value"]
    assert found["value"].tolist() == [0, 1, 0, 1, 0, 1]
    assert found["to_date"].fillna(-1).tolist() == [0, -1, 1, -1, -1, 2]


@pytest.mark.parametrize(("empty", "to_date"), [("zero", [0, 0, 4, 4, 10]), ("no_report", [-1, -1, 4, 4, 10])])
def test_before_the_first_row_there_is_nought_where_silence_is_nought(
    tmp_path: Path, empty: str, to_date: list[float]
) -> None:
    """A reports from January; B has rows in March and May alone."""
    frame = pd.DataFrame(
        [*(("A", f"{month}-10", 1) for month in MONTHS[:5]), ("B", "2024-03-10", 4), ("B", "2024-05-10", 6)],
        columns=["project", "day", "hours"],
    )
    flow = indicator("flow", scope=["project"], **RULES["flow"])
    found = of(values(clocked(tmp_path / "p", frame, [flow], {"empty": empty})), "flow", "B")
    assert found["to_date"].fillna(-1).tolist() == to_date


def test_a_period_that_the_rows_do_not_fill_is_partial(measured: pd.DataFrame) -> None:
    years = of(measured, "flow", every="year")
    assert years["partial"].tolist() == [True, True]
    quarters = of(measured, "flow", every="quarter")
    assert quarters["partial"].tolist() == [False, False, True]


def test_the_whole_adds_up_from_its_parts(measured: pd.DataFrame) -> None:
    flow = measured[measured["indicator"] == "flow"].assign(value=lambda rows: rows["value"].fillna(0.0))
    parts = flow[flow["scope_value"] != ""].groupby(["every", "period"])["value"].sum()
    whole = flow[flow["scope_value"] == ""].set_index(["every", "period"])["value"]
    pd.testing.assert_series_equal(parts, whole.sort_index(), check_names=False)


def test_the_value_to_the_last_row_is_that_of_the_finding(tmp_path: Path) -> None:
    declared = [indicator(name, scope=["project"], sample={"all_units": True}, **rule) for name, rule in RULES.items()]
    folder = clocked(tmp_path / "p", reports(), declared, {})
    programme = load_programme(folder)
    with Warehouse(":memory:") as warehouse:
        run_programme(programme, warehouse)
        tables = ReaderTables(warehouse)
        periods, findings = tables.period_values("made"), tables.findings("made")
    for name in RULES:
        last = of(periods, name).iloc[-1]
        value = findings.loc[(findings["indicator"] == name) & (findings["scope_value"] == ""), "value"].iloc[0]
        reached = last["value"] if name == "stock" else last["to_date"]
        assert reached == pytest.approx(value, rel=1e-15), name


@pytest.mark.parametrize("seed", [1, 2])
def test_neither_the_order_of_rows_nor_of_files_changes_anything(tmp_path: Path, seed: int) -> None:
    declared = [indicator(name, scope=["project"], **rule) for name, rule in RULES.items()]
    expected = values(clocked(tmp_path / "a", reports(), declared, {}))
    shuffled = reports().sample(frac=1, random_state=seed)
    pd.testing.assert_frame_equal(values(clocked(tmp_path / "b", shuffled, declared, {})), expected)
    folder = clocked(tmp_path / "c", shuffled, declared, {})
    split_by_month(folder, shuffled, seed)
    pd.testing.assert_frame_equal(values(folder), expected)


def split_by_month(folder: Path, frame: pd.DataFrame, seed: int) -> None:
    """Write the rows into a file for each month, and load these in any order."""
    months = list(np.random.default_rng(seed).permutation(MONTHS))
    entries = []
    for month in months:
        frame[frame["day"].str.startswith(month)].to_csv(folder / "raw" / f"{month}.csv", index=False)
        provenance = "{title: Made, kind: synthetic, generator: the test}"
        name = month.replace("-", "_")
        entries.append(f"  - {{id: m{name}, file: raw/{month}.csv, contract: rows, provenance: {provenance}}}\n")
    (folder / "sources.yaml").write_text("sources:\n" + "".join(entries), encoding="utf-8")


def test_periods_with_few_persons_are_hidden_with_all_of_their_kind(tmp_path: Path) -> None:
    counts = {"2024-01": 12, "2024-02": 4, "2024-03": 30, "2024-04": 12, "2024-05": 12, "2024-06": 12}
    rows = [("A", f"{month}-10", f"{month}/{number}", 1) for month, count in counts.items() for number in range(count)]
    frame = pd.DataFrame(rows, columns=["project", "day", "who", "hours"])
    folder = clocked(
        *(tmp_path / "p", frame, [indicator("hours", **RULES["flow"])], {}), person="who", key=["who", "day"]
    )
    edit(folder / "contracts.yaml", "who: {type: text}", "who: {type: text, required: true}")
    found = values(folder)
    months, quarters = of(found, "hours"), of(found, "hours", every="quarter")
    assert set(months["suppressed"]) == {"few"}  # else February is the quarter without January and March
    assert set(months["state"]) == {"suppressed"}
    assert months["value"].isna().all()
    assert months["to_date"].isna().all()
    assert quarters["value"].tolist() == [46, 36]


def problems(folder: Path) -> str:
    """Return what is wrong with a programme, in words."""
    try:
        return "\n".join(map(str, check_programme(load_programme(folder))))
    except DeclarationError as error:
        return str(error)


PROBLEMS = {
    "which is no date": ({"column": "project"}, {}),
    "by wave or by period": ({}, {"wave": "project"}),
    "names column 'nobody'": ({"unit": ["nobody"]}, {}),
    "less than or equal to 12": ({"year_starts": 13}, {}),
    "'no_report' or 'zero'": ({"empty": "maybe"}, {}),
}


@pytest.mark.parametrize("what", PROBLEMS)
def test_a_clock_that_cannot_run_is_refused(tmp_path: Path, what: str) -> None:
    clock, fields = PROBLEMS[what]
    folder = clocked(tmp_path / "p", reports(), [indicator("flow", **RULES["flow"])], clock, **fields)
    assert what in problems(folder)


@pytest.mark.parametrize(
    ("rule", "what"),
    [
        ({"over_time": None}, "say whether periods add up"),
        ({"formula": RULES["mean"]["formula"], "over_time": "running_total"}, "a mean is no running total"),
    ],
)
def test_an_indicator_says_what_time_does_to_it(tmp_path: Path, rule: dict[str, Any], what: str) -> None:
    declared = {name: field for name, field in (RULES["flow"] | rule).items() if field is not None}
    folder = clocked(tmp_path / "p", reports(), [indicator("flow", **declared)], {})
    assert what in problems(folder)


def test_over_time_needs_a_clock(tmp_path: Path) -> None:
    folder = clocked(tmp_path / "p", reports(), [indicator("flow", **RULES["flow"])], {})
    text = (folder / "contracts.yaml").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.strip().startswith("period:")]
    (folder / "contracts.yaml").write_text("\n".join(lines), encoding="utf-8")
    assert "has no clock" in problems(folder)


def with_moments(folder: Path) -> None:
    """Let the file write points in time."""
    edit(folder / "sources.yaml", "contract: rows", 'contract: rows\n  format: {dates: ["%Y-%m-%dT%H:%M:%S%z"]}')


def test_a_moment_belongs_to_the_period_of_its_day_in_the_zone_of_the_programme(tmp_path: Path) -> None:
    moments = [
        "2024-03-31T22:30:00Z",
        "2024-03-31T21:59:59+00:00",
        "2023-12-31T23:30:00+0000",
        "2024-07-01T04:00:00-05:00",
    ]
    frame = pd.DataFrame({"project": list("ABCD"), "day": moments, "hours": [1, 2, 4, 8]})
    folder = clocked(tmp_path / "p", frame, [indicator("flow", **RULES["flow"])], {})
    edit(folder / "programme.yaml", "territory: none", "territory: none\nzone: Europe/Rome")
    with_moments(folder)
    found = of(values(folder), "flow")["value"].dropna()
    assert found.to_dict() == {"2024-01": 4, "2024-03": 2, "2024-04": 1, "2024-07": 8}


def test_moments_need_a_zone(tmp_path: Path) -> None:
    folder = clocked(tmp_path / "p", reports(), [indicator("flow", **RULES["flow"])], {})
    with_moments(folder)
    assert "whose day depends on the zone" in problems(folder)


@pytest.mark.parametrize("offset", ["", "+25:00", "+02:75", " +02:00", "+2", "CET"])
def test_a_moment_with_an_odd_offset_is_set_aside(tmp_path: Path, offset: str) -> None:
    frame = pd.DataFrame(
        {"project": ["A", "B"], "day": [f"2024-03-31T22:30:00{offset}", "2024-01-01T12:00:00Z"], "hours": [1, 2]}
    )
    folder = clocked(tmp_path / "p", frame, [indicator("flow", **RULES["flow"])], {})
    edit(folder / "programme.yaml", "territory: none", "territory: none\nzone: Europe/Rome")
    with_moments(folder)
    with Warehouse(":memory:") as warehouse:
        report = run_programme(load_programme(folder), warehouse)
        rules = warehouse.rows('SELECT rule, "column" FROM impact.quarantine')
    assert report.rows_bad == 1
    assert rules == [("type", "day")]


def test_a_ratio_of_two_flows_has_a_value_in_every_period(tmp_path: Path) -> None:
    hours = indicator("hours", **RULES["flow"], scope=["project"], sample={"all_units": True})
    asked = hours | {"id": "asked", "formula": {"kind": "sum", "column": "asked"}}
    formula = {"kind": "derived", "operation": "ratio", "operands": ["hours", "asked"]}
    ratio = indicator("ratio", scope=["project"]) | {"formula": formula}
    found = values(clocked(tmp_path / "p", reports().assign(asked=[4.0] * 13), [hours, asked, ratio], {}))
    quarters = of(found, "ratio", every="quarter")
    assert quarters.loc["2024-Q1", "value"] == pytest.approx(9 / 20)  # 2 + 4 + 3 hours of five times 4
    assert of(found, "ratio", "B").loc["2024-03", "state"] == "no_report"


@pytest.mark.parametrize("rule", ["stock", "running"])
def test_a_row_set_aside_leaves_the_last_reports_as_they_are(tmp_path: Path, rule: str) -> None:
    bad = pd.DataFrame([{"project": "A", "day": "31/12/2024", "beds": 99, "total": 99}])
    frame = pd.concat([reports(), bad], ignore_index=True)
    found = of(values(clocked(tmp_path / "p", frame, [indicator(rule, scope=["project"], **RULES[rule])], {})), rule)
    expected = of(
        values(clocked(tmp_path / "q", reports(), [indicator(rule, scope=["project"], **RULES[rule])], {})), rule
    )
    assert found["value"].tolist() == expected["value"].tolist()
