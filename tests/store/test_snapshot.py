"""Readers see what was published last, whatever a writer does; a writer never waits for readers."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import impact
from impact.declare import load_programme
from impact.errors import UsageError
from impact.publish import findings_table
from impact.run.flow import run_programme
from impact.store import Warehouse, open_reader
from impact.store.snapshot import KEPT
from tests.support.programmes import edit, template

HOLD = """
import sys
from impact.store import Warehouse
with Warehouse(sys.argv[1]) as warehouse:
    warehouse.connection.execute("BEGIN TRANSACTION")
    warehouse.connection.execute("DELETE FROM impact.finding")
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return template(tmp_path)


def run(folder: Path, database: Path) -> None:
    with Warehouse(database) as warehouse:
        run_programme(load_programme(folder), warehouse)


def copies(database: Path) -> list[str]:
    return sorted(path.name for path in database.with_name(f"{database.name}.published").glob("*.duckdb"))


def seen(database: Path) -> int:
    with open_reader(database) as reader:
        return len(findings_table(reader))


@contextmanager
def held(database: Path) -> Iterator[None]:
    """Let another process write to the database for a while, in a transaction that it never commits."""
    with subprocess.Popen([sys.executable, "-c", HOLD, str(database)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield
        process.communicate("")


def test_readers_do_not_wait_for_a_writer(folder: Path, tmp_path: Path) -> None:
    database = tmp_path / "a.duckdb"
    run(folder, database)
    before = seen(database)
    with held(database):
        with pytest.raises(UsageError, match="another process is using it"):
            Warehouse(database, read_only=True)
        assert seen(database) == before > 0


def test_a_writer_does_not_wait_for_readers(folder: Path, tmp_path: Path) -> None:
    database = tmp_path / "a.duckdb"
    run(folder, database)
    with open_reader(database) as reader:
        before = len(findings_table(reader))
        edit(folder / "indicators.yaml", "    by: [gender]\n", "")
        script = "from impact.cli.main import main; main()"
        done = subprocess.run([sys.executable, "-c", script, "run", str(folder), "--db", str(database)], capture_output=True, check=False)  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert len(findings_table(reader)) == before
    assert seen(database) == 1 < before


def test_nothing_is_copied_where_nothing_changed(folder: Path, tmp_path: Path) -> None:
    database = tmp_path / "a.duckdb"
    run(folder, database)
    first = copies(database)
    run(folder, database)
    assert copies(database) == first
    assert len(first) == 1
    edit(folder / "indicators.yaml", "    by: [gender]\n", "")
    run(folder, database)
    assert len(copies(database)) == 2, "readers of the one before have time to finish"


def test_old_copies_and_what_killed_runs_left_are_removed(folder: Path, tmp_path: Path) -> None:
    database = tmp_path / "a.duckdb"
    run(folder, database)
    published = database.with_name("a.duckdb.published")
    for path in published.iterdir():
        os.utime(path, (time.time() - KEPT - 1,) * 2)
    (published / ".77.duckdb.part").write_bytes(b"half a copy")
    first = copies(database)
    indicators = folder / "indicators.yaml"
    edit(indicators, "    by: [gender]\n", "")
    run(folder, database)
    second = copies(database)
    assert set(first) < set(second), "an old copy stays while its successor is new"
    assert not list(published.glob(".*"))
    for path in published.iterdir():
        os.utime(path, (time.time() - KEPT - (1 if path.name not in first else 2),) * 2)
    edit(indicators, "change: 10", "change: 9")
    run(folder, database)
    assert len(copies(database)) == 2
    assert not set(first) & set(copies(database)), "its successor had been there for longer than any reader stays"


def test_a_database_put_in_the_place_of_another_is_read_itself(folder: Path, tmp_path: Path) -> None:
    database, other = tmp_path / "a.duckdb", tmp_path / "b.duckdb"
    run(folder, database)
    edit(folder / "indicators.yaml", "    by: [gender]\n", "")
    run(folder, other)
    assert seen(database) > seen(other) == 1
    shutil.copyfile(other, database)
    assert seen(database) == 1


@pytest.mark.parametrize("content", ["", "{", "[]", '{"file": "../a.duckdb"}', '{"file": "none.duckdb", "of": []}'])
def test_a_broken_pointer_is_no_harm(folder: Path, tmp_path: Path, content: str) -> None:
    database = tmp_path / "a.duckdb"
    run(folder, database)
    before = seen(database)
    (tmp_path / "a.duckdb.published" / "current.json").write_text(content)
    assert seen(database) == before


def test_nothing_is_published_of_a_database_in_memory(folder: Path, tmp_path: Path) -> None:
    impact.run(folder).close()
    assert not list(tmp_path.glob("*.published"))


def test_without_a_database_there_is_nothing_to_read(folder: Path, tmp_path: Path) -> None:
    database = tmp_path / "a.duckdb"
    run(folder, database)
    database.unlink()
    with pytest.raises(UsageError, match="there is no database"):
        open_reader(database)
