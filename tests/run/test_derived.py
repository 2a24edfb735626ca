"""Derived tables: one loop makes them, compares them, writes those that differ, and says whether any did."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from impact.declare import Programme, load_programme
from impact.run import derived
from impact.run.derived import DERIVED, Derived, renew_derived
from impact.run.flow import run_programme
from impact.run.stage import Run
from impact.store import Warehouse
from impact.store.warehouse import RESULTS
from tests.support.programmes import edit, indicator, written

LEDGER = {"state", "derivation", "run", "load", "quarantine", "plan"}
MADE = [table for entry in DERIVED for table in entry.tables]


@pytest.fixture
def warehouse() -> Iterator[Warehouse]:
    with Warehouse(":memory:") as opened:
        yield opened


@pytest.fixture
def programme(tmp_path: Path) -> Programme:
    frame = pd.DataFrame({"person": ["a", "b", "c"], "y": [1, 2, 6]})
    return load_programme(written(tmp_path / "made", frame, [indicator("y")]))


def run(programme: Programme, warehouse: Warehouse, until: str = "publish") -> Run:
    return Run(programme, warehouse, until, lambda *_: None)


def test_every_table_of_a_programme_is_written_in_one_place(warehouse: Warehouse) -> None:
    query = (
        "SELECT DISTINCT table_name FROM duckdb_tables() JOIN duckdb_columns() USING (schema_name, table_name)"
        " WHERE schema_name = 'impact' AND column_name = 'programme'"
    )
    tables = {table for (table,) in warehouse.rows(query)}
    assert len(MADE) == len(set(MADE))
    assert tables == LEDGER | {*RESULTS} | {*MADE}
    assert {*RESULTS} & {*MADE} == {"term"}  # its rows are results; which of them may leave is found last


# ---- the loop --------------------------------------------------------------------------------------------------------


class Waves:
    """Makes the table of waves from a list, and counts how often it is asked."""

    def __init__(self, *waves: str) -> None:
        self.waves, self.asked = list(waves), 0

    def __call__(self, _: Programme, __: duckdb.DuckDBPyConnection) -> dict[str, pd.DataFrame]:
        self.asked += 1
        day = pd.Timestamp("2020-01-01")
        columns = {"wave": self.waves, "title_en": self.waves, "title_it": self.waves, "place": range(len(self.waves))}
        return {"wave": pd.DataFrame(columns).assign(date="2020", last_day=day, role="series")} if self.waves else {}


def stored(warehouse: Warehouse) -> list[str]:
    return [wave for (wave,) in warehouse.rows("SELECT wave FROM impact.wave WHERE programme = 'made' ORDER BY place")]


def test_rows_that_differ_take_the_place_of_those_that_stand(
    programme: Programme, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = Waves("a", "b")
    monkeypatch.setattr(derived, "DERIVED", (Derived(("wave",), make),))
    for waves, differs in ((["a", "b"], True), (["a", "b"], False), (["b", "a"], True), ([], True), ([], False)):
        make.waves = waves
        assert renew_derived(run(programme, warehouse), fresh=False) == (["wave"] if differs else [])
        assert stored(warehouse) == waves


def test_rows_of_other_programmes_stay(
    programme: Programme, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = Waves("a")
    monkeypatch.setattr(derived, "DERIVED", (Derived(("wave",), make),))
    renew_derived(run(programme, warehouse), fresh=True)
    warehouse.connection.execute("INSERT INTO impact.wave SELECT * REPLACE ('other' AS programme) FROM impact.wave")
    make.waves = []
    renew_derived(run(programme, warehouse), fresh=True)
    assert warehouse.rows("SELECT programme FROM impact.wave") == [("other",)]


@pytest.mark.parametrize(
    ("until", "fresh", "since", "of_rows", "waves"),
    [
        ("publish", False, "publish", False, ["new"]),
        ("publish", False, "publish", True, ["old"]),  # dear, and nothing beneath has changed
        ("publish", True, "publish", True, ["new"]),
        ("measure", False, "publish", False, ["old"]),  # all is as the last whole run left it
        ("measure", True, "publish", False, []),  # nothing old stands beside new rows
        ("measure", True, "publish", True, []),
        ("measure", True, "validate", False, ["new"]),
        ("validate", True, "validate", False, ["new"]),
        ("validate", True, "measure", False, []),
    ],
)
def test_what_a_run_makes_leaves_or_empties(
    programme: Programme,
    warehouse: Warehouse,
    monkeypatch: pytest.MonkeyPatch,
    *,
    until: str,
    fresh: bool,
    since: str,
    of_rows: bool,
    waves: list[str],
) -> None:
    make = Waves("old")
    monkeypatch.setattr(derived, "DERIVED", (Derived(("wave",), make, since, of_rows),))
    renew_derived(run(programme, warehouse), fresh=True)
    make.waves, make.asked = ["new"], 0
    renew_derived(run(programme, warehouse, until), fresh=fresh)
    assert stored(warehouse) == waves
    assert make.asked == (waves == ["new"])


def test_a_table_that_names_its_run_names_the_one_that_wrote_it(
    programme: Programme, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = {"title_it": "", "title_en": "", "level": "micro", "unit": "", "unit_it": "", "qualifier": "exact"}
    words |= {"reason_it": "", "reason_en": "", "formula": "", "readings": "{}", "origin": "{}", "rows_used": "{}"}
    numbers = {"stated": 1.0, "recomputed": None, "difference": None, "relative_difference": None}
    claim = pd.DataFrame([words | numbers | {"claim": "c", "state": "absent", "data_kind": "real"}])
    monkeypatch.setattr(derived, "DERIVED", (Derived(("claim",), lambda *_: {"claim": claim}),))
    first, second, third = (run(programme, warehouse) for _ in range(3))
    assert renew_derived(first, fresh=False)
    assert not renew_derived(second, fresh=False)
    assert warehouse.rows("SELECT run_id FROM impact.claim") == [(first.id,)]
    claim.loc[0, "stated"] = 2.0
    assert renew_derived(third, fresh=False)
    assert warehouse.rows("SELECT run_id FROM impact.claim") == [(third.id,)]


# ---- in whole runs ---------------------------------------------------------------------------------------------------


def test_a_second_run_writes_nothing(programme: Programme, warehouse: Warehouse) -> None:
    for _ in range(2):
        run_programme(programme, warehouse)
    assert warehouse.rows("SELECT count(*) FROM impact.run") == [(1,)]


def test_a_run_that_stops_after_a_change_leaves_ledger_and_results_alone(
    programme: Programme, warehouse: Warehouse
) -> None:
    run_programme(programme, warehouse)
    edit(programme.folder / "raw/data.csv", "c,6", "c,9")
    report = run_programme(load_programme(programme.folder), warehouse, until="validate")
    counted = {
        table: warehouse.rows(f"SELECT count(*) FROM impact.{table} WHERE programme = 'made'")[0][0] for table in MADE
    }
    assert (report.stage, report.waiting) == ("validate", ("y",))
    assert {table for table, rows in counted.items() if rows} <= {"suppression", "withheld", "term"}
    assert counted["withheld"]  # which lines of persons may leave is decided for whatever rows stand


def test_nothing_is_derived_again_before_something_changes(
    tmp_path: Path, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = written(tmp_path / "made", pd.DataFrame({"person": ["a", "b", "c"], "y": [1, 2, 6]}), [indicator("y")])
    make = Waves("a")
    monkeypatch.setattr(derived, "DERIVED", (Derived(("wave",), make),))
    asked = []
    for _ in range(2):
        run_programme(load_programme(folder), warehouse)
        asked.append(make.asked)
    edit(folder / "programme.yaml", "title: ", "title: Other ")
    for _ in range(2):
        run_programme(load_programme(folder), warehouse)
        asked.append(make.asked)
    assert asked == [1, 1, 2, 2]
