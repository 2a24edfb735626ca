"""A large CSV through its contract, beside DuckDB's own typed load of the same file; clean, and with bad rows."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import duckdb

from benchmarks.speed.work import ENGINE, Task, Work
from impact.declare.contracts import Column, Contract
from impact.declare.load import load_programme
from impact.declare.read import shipped
from impact.declare.sources import Provenance, Source
from impact.ingest import open_raw
from impact.validate import compile_contract, stage_rows

COLUMNS = {
    "person_id": Column(type="text", required=True),
    "cluster": Column(type="text", required=True),
    "wave": Column(type="code", codes=("baseline", "endline"), required=True),
    "age": Column(type="integer", min=16, max=105),
    "income": Column(type="number", min=0),
    **{f"q{i}": Column(type="integer", min=0, max=5) for i in range(1, 6)},
    "day": Column(type="date"),
    "sex": Column(type="code", codes=("F", "M")),
}
TYPES = {"text": "VARCHAR", "code": "VARCHAR", "integer": "BIGINT", "number": "DOUBLE", "date": "DATE"}
BAD = {"clean": "FALSE", "dirty": "i % 200 = 7"}
"""Which rows have an age of 300: none, or half a per cent."""


def prepare(bad: str, folder: Path, rows: int) -> None:
    """Write twelve columns of seeded values, about 60 bytes a row."""
    items = ", ".join(f"CAST(random() * 5 AS INTEGER) AS q{i}" for i in range(1, 6))
    with duckdb.connect() as connection:
        connection.execute("SELECT setseed(0.3)")
        connection.execute(
            f"""COPY (SELECT 'P' || lpad(CAST(i AS VARCHAR), 8, '0') AS person_id, 'X' || (i % 2000) AS cluster,
            CASE WHEN i % 2 = 0 THEN 'baseline' ELSE 'endline' END AS wave,
            CASE WHEN {bad} THEN 300 ELSE CAST(random() * 80 + 17 AS INTEGER) END AS age,
            round(random() * 50000, 2) AS income, {items},
            DATE '2020-01-01' + CAST(random() * 400 AS INTEGER) AS "day",
            CASE WHEN random() < 0.5 THEN 'F' ELSE 'M' END AS sex FROM range({rows}) t(i))
            TO '{folder / "data.csv"}' (HEADER)"""
        )


def by_duckdb(folder: Path, _: int) -> Task:
    columns = ", ".join(f"'{name}': '{TYPES[column.type]}'" for name, column in COLUMNS.items())
    database = _fresh(folder / "typed.duckdb")

    def task() -> None:
        with duckdb.connect(str(database)) as connection:
            connection.execute(
                f"CREATE TABLE t AS FROM read_csv('{folder / 'data.csv'}', auto_detect=false, header=true,"
                f" columns={{{columns}}})"
            )

    return task


def by_engine(folder: Path, _: int) -> Task:
    programme = load_programme(shipped("schemas") / "template")
    title = {"en": "benchmark", "it": "prova"}
    contract = Contract(id="bench", title=title, unit_of_analysis="row", key=("person_id",), columns=COLUMNS)
    provenance = Provenance(title="benchmark", kind="synthetic", generator="benchmarks/speed/load.py")
    source = Source(id="bench_file", file="data.csv", contract="bench", provenance=provenance)
    database = _fresh(folder / "validated.duckdb")

    def task() -> None:
        with duckdb.connect(str(database)) as connection:
            raw = open_raw(folder, source, folder)
            stage_rows(connection, raw, compile_contract(programme, contract, source, raw), source, '"t"')

    return task


def _fresh(database: Path) -> Path:
    for old in database.parent.glob(f"{database.name}*"):
        old.unlink()
    return database


WORKS = tuple(
    Work(
        name=f"load-{name}",
        title=f"validated load ({name}): rows",
        goal="≤ 1.25 × DuckDB at 10,000,000, memory ≤ 1.1 ×",
        sizes=(1_000_000, 10_000_000),
        small=5_000,
        prepare=partial(prepare, bad),
        sides={ENGINE: by_engine, "DuckDB, typed": by_duckdb},
        rounds=3,
    )
    for name, bad in BAD.items()
)
