"""A database of an older layout opens, and is that of a new one from then on; what nobody can read is refused."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

import impact
from impact.declare import load_programme
from impact.errors import UsageError
from impact.run.flow import run_programme
from impact.store import Warehouse, published_copy, snapshot
from impact.store.migrations import OLDEST, VERSION
from impact.store.sentences import decoded
from tests.support.programmes import template

LAYOUTS = Path(__file__).parent / "layouts"
ROWS = """
INSERT INTO impact.meta VALUES ({version}, 'one');
CREATE SCHEMA sample;
INSERT INTO impact.state VALUES ('sample', 'publish', '20250101T000000000000', '20250101T000000000000');
INSERT INTO impact.run VALUES ('20250101T000000000000', 'sample', '2025-01-01', '2025-01-01', '0.1', 'abc', 1, 1, 'publish');
INSERT INTO impact.measure BY NAME SELECT 'sample' AS programme, 'gone' AS indicator, '' AS arm, 'programme' AS scope,
  '' AS scope_value, 'all' AS "group", '' AS group_value, 'end' AS wave, 0.5 AS value, 12 AS n, 3 AS n_missing,
  {method} AS method, ['small_n'] AS flags;
"""


def of_layout(path: Path, version: int) -> Path:
    """Write a database as the engine of that layout did, with a programme that it had published.

    A layout that changed no table has those of the one before it.
    """
    numbers = [int(file.stem.removeprefix("layout_")) for file in LAYOUTS.glob("layout_*.sql")]
    tables = LAYOUTS / f"layout_{max(number for number in numbers if number <= version)}.sql"
    with duckdb.connect(path) as connection:
        connection.execute(tables.read_text("utf-8"))
        connection.execute(ROWS.format(version=version, method="'share'" if version < 7 else "'\"share\"'"))
    return path


def layout(warehouse: Warehouse) -> list[tuple[object, ...]]:
    """Return every column of the engine's tables with its type, in order."""
    return warehouse.rows(
        "SELECT table_name, column_index, column_name, data_type, is_nullable, column_default FROM duckdb_columns()"
        " WHERE schema_name = 'impact' ORDER BY ALL"
    )


@pytest.mark.parametrize("version", range(OLDEST, VERSION + 1))
def test_an_older_layout_becomes_this_one_and_keeps_its_rows(tmp_path: Path, version: int) -> None:
    old = of_layout(tmp_path / "old.duckdb", version)
    with Warehouse(old) as opened, Warehouse(tmp_path / "new.duckdb") as fresh:
        assert layout(opened) == layout(fresh)
        assert opened.rows("SELECT version, database FROM impact.meta") == [(VERSION, "one")]
        assert opened.rows("SELECT value, n, flags FROM impact.measure") == [(0.5, 12, ["small_n"])]
        assert decoded("measure", opened.frame("FROM impact.measure"))["method"].tolist() == ["share"]
    with Warehouse(old, read_only=True) as again:
        assert again.rows("SELECT count(*) FROM impact.run") == [(1,)]


def test_codes_that_were_renamed_are_found_by_their_new_names(tmp_path: Path) -> None:
    old = of_layout(tmp_path / "old.duckdb", 7)
    said = (
        '{"code": "join.semicolon", "values": {"parts": [{"code": "evidence.design_did"}, {"code": "discontinuity.f", '
    )
    said += '"values": {"strength": 12.5}}]}}'
    with duckdb.connect(old) as connection:
        connection.execute("UPDATE impact.measure SET method = ?::JSON", [said])
    with Warehouse(old) as opened:
        (method,) = decoded("measure", opened.frame("FROM impact.measure"))["method"]
        assert str(method) == "did design; F = 12.5"


def test_an_older_layout_runs_on(tmp_path: Path) -> None:
    with Warehouse(of_layout(tmp_path / "old.duckdb", OLDEST)) as warehouse:
        assert run_programme(load_programme(template(tmp_path)), warehouse).stage == "publish"
        assert warehouse.rows("SELECT DISTINCT indicator FROM impact.finding WHERE indicator = 'gone'") == []


def test_what_is_withheld_is_decided_before_an_older_layout_is_published_again(tmp_path: Path) -> None:
    with Warehouse(of_layout(tmp_path / "old.duckdb", 5)) as warehouse:
        assert warehouse.rows("SELECT stage FROM impact.state") == [("measure",)]


def test_a_new_layout_is_published_though_no_run_changed_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, db = template(tmp_path), tmp_path / "a.duckdb"
    impact.run(folder, db).close()
    before = published_copy(db)
    impact.run(folder, db).close()
    assert published_copy(db) == before
    monkeypatch.setattr(snapshot, "VERSION", VERSION + 1)
    impact.run(folder, db).close()
    assert published_copy(db) not in (None, before)


def test_a_reader_of_an_older_layout_is_told_who_brings_it_up_to_date(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"layout {OLDEST}, this engine {VERSION}; `impact run` brings it up to date"):
        Warehouse(of_layout(tmp_path / "old.duckdb", OLDEST), read_only=True)


def test_a_table_that_the_engine_has_learnt_since_is_made_by_the_next_run(tmp_path: Path) -> None:
    folder, db = template(tmp_path), tmp_path / "a.duckdb"
    answers = 'SELECT "column", wave, "rows", answered FROM impact.quality ORDER BY ALL'
    impact.run(folder, db).close()
    with Warehouse(db) as warehouse:
        made = warehouse.rows(answers)
        warehouse.connection.execute("DROP TABLE impact.quality")
    with pytest.raises(UsageError, match="lacks quality, which this engine reads; `impact run` brings it up to date"):
        Warehouse(db, read_only=True)
    impact.run(folder, db).close()
    with Warehouse(db, read_only=True) as warehouse:
        assert warehouse.rows(answers) == made != []


def test_a_new_table_is_published_though_no_run_changed_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, db = template(tmp_path), tmp_path / "a.duckdb"
    impact.run(folder, db).close()
    before = published_copy(db)
    monkeypatch.setattr(snapshot, "TABLES", snapshot.TABLES | {"learnt": None})
    impact.run(folder, db).close()
    assert published_copy(db) not in (None, before)


@pytest.mark.parametrize("version", [OLDEST - 1, VERSION + 1])
def test_a_layout_too_old_or_too_new_is_refused_and_left_as_it_is(tmp_path: Path, version: int) -> None:
    with Warehouse(tmp_path / "other.duckdb") as warehouse:
        warehouse.connection.execute("UPDATE impact.meta SET version = ?", [version])
    with pytest.raises(UsageError, match=f"layout {version}, this engine {VERSION}; use a new file"):
        Warehouse(tmp_path / "other.duckdb")
    with duckdb.connect(tmp_path / "other.duckdb") as connection:
        assert connection.execute("SELECT version FROM impact.meta").fetchall() == [(version,)]
