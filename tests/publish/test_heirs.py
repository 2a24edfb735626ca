"""Units that close, merge and split: what they owe, and both ways of adding up, by sums that tell their terms."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from impact.declare import load_programme
from impact.publish.published import ReaderTables
from impact.publish.scope import Scope
from impact.run.flow import run_programme
from impact.store import Warehouse
from tests.support.calendars import (
    BEDS,
    CHANGED,
    EVERYONE,
    HOURS,
    ONE,
    SHARE,
    TODAY,
    TOTAL,
    changed,
    folder_of,
    of,
    report,
    run,
    states,
    units,
)
from tests.support.programmes import indicator

# ---- units that close, merge and split -------------------------------------------------------------------------------


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


def test_a_person_of_two_merged_units_counts_once(tmp_path: Path) -> None:
    rows = pd.DataFrame(
        [report(code, "2024-01-10", "2024-02-01", who=who) for code, who in ("Ap", "Aq", "Bp", "Br", "Zp")]
    )
    people = indicator(
        "people", sample=EVERYONE, formula={"kind": "count_distinct", "column": "who"}, scope=["project"]
    )
    folder = folder_of(tmp_path / "p", rows, CHANGED, {"last": "2024-01"}, [people], key=["project", "who", "day"])
    looked = run(folder)
    assert [of(looked["values"], "people", code).loc["2024-01", "value"] for code in "AB"] == [2, 2]
    assert of(looked["heirs"], "people", "C").loc["2024-01", "value"] == 3  # p, q and r


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
    assert looked["heirs"].empty  # less what is its own, they are the values of A and B


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
