"""Phases, deliveries and journeys: days between dates against pandas, published journeys, rows that cannot be."""

from __future__ import annotations

import datetime
import os
import re
import shutil
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import impact
from impact.declare import check_programme, load_programme, shipped
from impact.formulas.days import Days
from impact.run.flow import run_programme
from impact.store import Warehouse
from tests.support.programmes import edit, indicator, written
from tests.support.shipped import shipped_result

DOCUMENTS = os.environ.get("IMPACT_DOCUMENTS", "")
DAYS = {"kind": "days", "start": "planned", "end": "actual"}


def dated(folder: Path, frame: pd.DataFrame, *indicators: dict[str, object]) -> Path:
    """Write a programme whose columns planned and actual are dates."""
    written(folder, frame, indicators or [indicator("delay", formula=DAYS)], person=None)
    text = (folder / "contracts.yaml").read_text(encoding="utf-8")
    for name in ("planned", "actual"):
        text, count = re.subn(rf"({name}: {{type: )text", r"\1date", text)
        assert count == 1, text
    (folder / "contracts.yaml").write_text(text, encoding="utf-8")
    return folder


def delays(folder: Path) -> pd.DataFrame:
    result = impact.run(folder)
    table = result.measures()
    result.close()
    return table


ROWS = pd.DataFrame(
    {
        "person": ["a", "b", "c", "d", "e", "f"],
        "kind": ["x", "x", "x", "y", "y", "y"],
        "planned": ["2020-02-28", "2021-12-31", "2019-03-30", "2020-01-01", None, "1900-02-28"],
        "actual": ["2020-03-01", "2022-01-01", "2019-04-02", "2019-12-31", "2020-01-01", "1900-03-02"],
    }
)


def by_pandas(frame: pd.DataFrame) -> pd.Series:
    return (pd.to_datetime(frame["actual"]) - pd.to_datetime(frame["planned"])).dt.days


def test_days_are_those_of_pandas_over_leap_days_and_clock_changes(tmp_path: Path) -> None:
    table = delays(dated(tmp_path / "p", ROWS, indicator("delay", formula=DAYS, by=["kind"]))).set_index("group_value")
    expected = by_pandas(ROWS)
    assert list(expected.dropna()) == [2, 1, 3, -1, 2]  # early is negative
    assert table.loc["", "value"] == pytest.approx(expected.mean(), rel=1e-14)
    assert (table.loc["", "n"], table.loc["", "n_missing"]) == (5, 1)
    assert table.loc["", "std_error"] == pytest.approx(expected.std() / np.sqrt(5), rel=1e-12)
    for kind, part in expected.groupby(ROWS["kind"]):
        assert table.loc[kind, "value"] == pytest.approx(part.mean(), rel=1e-14)


CONTRACT = load_programme(shipped("data") / "talents4coop").contracts["phase"]
dates = st.dates(datetime.date(1, 1, 1), datetime.date(9999, 12, 31))


@given(dates, dates)
def test_days_turn_sign_when_the_dates_change_places(start: datetime.date, end: datetime.date) -> None:
    later = Days(kind="days", start="planned", end="actual").value_sql(CONTRACT)
    earlier = Days(kind="days", start="actual", end="planned").value_sql(CONTRACT)
    query = f"SELECT {later}, {earlier} FROM (SELECT CAST(? AS DATE) AS planned, CAST(? AS DATE) AS actual)"
    assert duckdb.execute(query, [start, end]).fetchall() == [((end - start).days, (start - end).days)]


def test_days_query_of_the_trace_gives_the_value(tmp_path: Path) -> None:
    result = impact.run(dated(tmp_path / "p", ROWS))
    ((query,),) = result.warehouse.rows("SELECT query FROM impact.definition")
    assert result.warehouse.frame(query)["value"].iloc[0] == pytest.approx(by_pandas(ROWS).mean(), rel=1e-15)
    result.close()


def test_days_want_dates(tmp_path: Path) -> None:
    folder = written(tmp_path / "p", ROWS, [indicator("delay", formula=DAYS)], person=None)
    problems = check_programme(load_programme(folder))
    assert [problem.what for problem in problems] == [
        f"column '{name}' is text, not a date" for name in ("planned", "actual")
    ]
    assert problems[0].field == "delay.formula"
    folder = written(tmp_path / "q", ROWS, [indicator("delay", formula=DAYS | {"end": "held"})], person=None)
    assert any("has no column 'held'" in problem.what for problem in check_programme(load_programme(folder)))


# ---- the shared contracts ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def talents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("t") / "talents4coop"
    shutil.copytree(shipped("data") / "talents4coop", folder)
    return folder


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    result = shipped_result(tmp_path_factory, "talents4coop")
    table = result.findings().set_index("finding")
    result.close()
    return table


def test_process_of_talents4coop(findings: pd.DataFrame) -> None:
    rows = pd.read_csv(shipped("data") / "talents4coop" / "raw" / "deliveries.csv")
    hours = findings.loc["talents4coop/hours_delivered"]
    assert hours["value"] == rows["delivered_hours"].sum() == 3 * 3 + 27 * 3 + 81
    assert findings.loc["talents4coop/phase_delay", "value"] == 6
    carried = findings.loc["talents4coop/phases_carried_out"]
    assert (carried["value"], carried["n"]) == (1, 9)
    both = rows[rows["planned_count"].notna() & rows["delivered_count"].notna()]
    rate = findings.loc["talents4coop/delivery_rate", "value"]
    assert rate == both["delivered_count"].sum() / both["planned_count"].sum()
    assert set(findings.loc[["talents4coop/hours_delivered", "talents4coop/phase_delay"], "stage"]) == {
        "activity",
        "output",
    }


def test_dates_stand_where_the_words_give_them() -> None:
    """A date without its precision, or a precision without a date, would be an invention."""
    for programme in ("talents4coop", "milano_sei_laltro"):
        rows = pd.read_csv(shipped("data") / programme / "raw" / "phases.csv")
        for kind in ("planned", "actual"):
            given_dates = rows[[f"{kind}_start", f"{kind}_end"]].notna().any(axis=1)
            assert (given_dates == rows[f"{kind}_precision"].notna()).all()
        assert rows["gate"].isna().all()


QUOTED = {
    "talents4coop/raw/phases.csv": ["status_quote"],
    "talents4coop/raw/journeys.csv": ["challenge", "arrived", "next"],
    "talents4coop/raw/deliveries.csv": ["planned_quote"],
    "wecare/raw/deliveries.csv": ["planned_quote"],
    "wecare/raw/listings.csv": ["item"],
    "milano_sei_laltro/raw/listings.csv": ["item"],
}


@pytest.mark.skipif(not DOCUMENTS, reason="set IMPACT_DOCUMENTS to the folder with the programmes' documents")
def test_words_of_the_process_stand_in_a_document(subtests: pytest.Subtests) -> None:
    texts = [path.read_text(encoding="utf-8") for path in sorted(Path(DOCUMENTS).glob("*.txt"))]
    joined = [re.sub(r"-\s*\n\s*", "-", text.replace("\u00ad", "")) for text in texts]
    whole = " ".join(re.sub(r"\s+", " ", text) for text in [*texts, *joined])
    for file, columns in QUOTED.items():
        with subtests.test(file):
            rows = pd.read_csv(shipped("data") / file, dtype=str)
            quotes = [quote for name in columns for quote in rows[name].dropna()]
            assert quotes
            assert [quote for quote in quotes if quote not in whole] == []


def test_journeys_are_published_word_for_word_and_follow_their_file(talents: Path, tmp_path: Path) -> None:
    db = tmp_path / "x.duckdb"
    result = impact.run(talents, db)
    table, run = result.journeys(), result.report.run_id
    result.close()
    rows = pd.read_csv(talents / "raw" / "journeys.csv").sort_values("project_id").reset_index(drop=True)
    assert list(table.columns) == [
        "programme", "project", "name", "territory", "challenge", "arrived", "next", "document", "place", "quote",
    ]  # fmt: skip
    for name in ("name", "territory", "challenge", "arrived", "next", "document", "place", "quote"):
        assert table[name].fillna("").tolist() == rows[name].fillna("").tolist()
    assert table["project"].tolist() == rows["project_id"].tolist()
    assert table.set_index("project").loc["agrisensor", "arrived"] is None or pd.isna(
        table.set_index("project").loc["agrisensor", "arrived"]
    )
    result = impact.run(talents, db)
    assert result.report.run_id is None
    result.close()
    edit(talents / "raw" / "journeys.csv", "Agrisensor,Rimini", "Agrisensor pilota,Rimini")
    result = impact.run(talents, db)
    assert result.report.run_id not in (None, run)
    assert "Agrisensor pilota" in result.journeys()["name"].tolist()
    result.close()


def test_a_contract_of_ones_own_called_journey_is_left_alone(tmp_path: Path) -> None:
    folder = written(tmp_path / "p", ROWS, [indicator("n", contract="journey", formula={"kind": "count"})], person=None)
    for name in ("contracts", "sources"):
        edit(folder / f"{name}.yaml", "rows", "journey")
    result = impact.run(folder)
    assert result.journeys().empty
    result.close()


def test_a_contract_without_a_source_can_take_the_place_of_another(tmp_path: Path) -> None:
    folder, db = written(tmp_path / "p", ROWS, [indicator("n", formula={"kind": "count"})], person=None), tmp_path / "d"
    path = folder / "contracts.yaml"
    own = path.read_text(encoding="utf-8")
    for shared in ("[fact]", "[journey]"):
        path.write_text(f"shared: {shared}\n{own}", encoding="utf-8")
        result = impact.run(folder, db)
        assert result.findings()["value"].tolist() == [len(ROWS)]
        assert result.journeys().empty
        result.close()


BAD = {
    "ends_before_it_starts": ("2020-05-01,2020-04-01,month,,,,done,,,d,p,q,", "planned_start_before_end"),
    "actual_ends_before_it_starts": (",,,2020-05-01,2020-04-01,day,done,,,d,p,q,", "actual_start_before_end"),
    "no_such_day": ("2021-02-30,,day,,,,done,,,d,p,q,", "type"),
    "month_in_a_date": ("2021-02,,month,,,,done,,,d,p,q,", "type"),
    "status": (",,,,,,finished,,,d,p,q,", "codes"),
    "gate_met_without_gate": (",,,,,,done,,yes,d,p,q,", "gate_met_needs_gate"),
    "no_quote": (",,,,,,done,,,d,p,,", "required"),
}


@pytest.mark.parametrize("name", BAD)
def test_phases_that_cannot_be_are_set_aside(tmp_path: Path, name: str) -> None:
    line, rule = BAD[name]
    folder = tmp_path / "milano_sei_laltro"
    shutil.copytree(shipped("data") / "milano_sei_laltro", folder)
    with (folder / "raw" / "phases.csv").open("a", encoding="utf-8") as handle:
        handle.write(f"phase_9,9,Made,{line}\n")
    with Warehouse(":memory:") as warehouse:
        report = run_programme(load_programme(folder), warehouse, until="validate")
        rules = [
            row[0] for row in warehouse.rows("SELECT rule FROM impact.quarantine WHERE source = 'phases_from_paper'")
        ]
    assert report.rows_read == report.rows_good + report.rows_bad
    assert rules == [rule]
