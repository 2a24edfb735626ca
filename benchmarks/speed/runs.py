"""Whole runs: one of ten files has changed, and many indicators over few rows, whose memory is what counts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import yaml

import impact
from benchmarks.speed import made
from benchmarks.speed.work import ENGINE, Task, Work

FILES = 10
SHOWN = tuple(made.CUTS)[:3]


def prepare_files(folder: Path, size: int) -> None:
    """Write a programme of ten files, each a tenth of the persons, and an indicator of every file's rows."""
    indicators = [made.declared(f"of_{value}", value, by=list(SHOWN)) for value in made.VALUES[:FILES]]
    made.write_declarations(folder, indicators)
    made.write_rows(folder / "bench.duckdb", size)
    (folder / "raw").mkdir()
    files = list(_write_files(folder))
    declared = yaml.safe_load((folder / "sources.yaml").read_text(encoding="utf-8"))
    (source,) = declared["sources"]
    sources = [{**source, "id": name, "file": f"raw/{name}.csv"} for name in files]
    made.write_yaml(folder / "sources.yaml", {"sources": sources})


def _write_files(folder: Path) -> Iterator[str]:
    with duckdb.connect(str(folder / "bench.duckdb"), read_only=True) as connection:
        for number in range(FILES):
            name = f"part{number}"
            connection.execute(
                f"COPY (SELECT * EXCLUDE (_source, _row) FROM made.rows WHERE hash(person) % {FILES} = {number}"
                f" ORDER BY _row) TO '{folder / 'raw' / name}.csv' (HEADER)"
            )
            yield name


def one_changed(folder: Path, _: int) -> Task:
    database, changed = folder / "run.duckdb", folder / "raw" / "part0.csv"
    _forget(database)
    _run(folder, database)
    text = changed.read_text(encoding="utf-8")
    head, first, *others = text.splitlines(keepends=True)
    changed.write_text("".join([head, *others, first]), encoding="utf-8")
    return lambda: _run(folder, database)


def all_new(folder: Path, _: int) -> Task:
    database = folder / "run.duckdb"
    _forget(database)
    return lambda: _run(folder, database)


def prepare_many(folder: Path, size: int) -> None:
    """Write a programme of so many indicators over the same 2,000 rows."""
    values: list[Any] = list(made.VALUES)
    indicators = [made.declared(f"i{number}", values[number % len(values)]) for number in range(size)]
    made.write_declarations(folder, indicators)
    made.write_rows(folder / "bench.duckdb", 2_000)
    (folder / "raw").mkdir()
    with duckdb.connect(str(folder / "bench.duckdb"), read_only=True) as connection:
        rows = "SELECT * EXCLUDE (_source, _row) FROM made.rows ORDER BY _row"
        connection.execute(f"COPY ({rows}) TO '{folder / 'raw' / 'answers.csv'}' (HEADER)")


def _run(folder: Path, database: Path) -> None:
    impact.run(folder, database).warehouse.__exit__(None, None, None)


def _forget(database: Path) -> None:
    for old in database.parent.glob(f"{database.name}*"):
        if old.is_file():
            old.unlink()


WORKS = (
    Work(
        name="one-of-ten",
        title="one of ten files has changed: rows",
        goal="≤ 0.15 of the first run",
        sizes=(200_000,),
        small=4_000,
        prepare=prepare_files,
        sides={ENGINE: one_changed, "the first run": all_new},
    ),
    Work(
        name="many-indicators",
        title="a run over 2,000 rows: indicators",
        goal="≤ 0.1 MB an indicator",
        sizes=(20, 220),
        small=5,
        prepare=prepare_many,
        sides={ENGINE: all_new},
    ),
)
