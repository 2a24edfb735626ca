"""Measure fifty indicators by nine columns at two waves, beside DuckDB's GROUP BY of the same sums by each."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.speed import made
from benchmarks.speed.work import ENGINE, Task, Work

SAMPLES: dict[str, dict[str, Any]] = {
    "plain": {},
    "weighted": {"weight": "weight"},
    "clustered": {"weight": "weight", "cluster": "cluster", "strata": "stratum"},
}
PEER_SUMS = {
    "plain": ("count({v})", "sum({v})", "sum({v} * {v})"),
    "weighted": (
        *("count({v})", "sum(weight * {v})", "sum(weight * weight * {v} * {v})", "sum(weight * weight * {v})"),
        *("sum(CASE WHEN {v} IS NOT NULL THEN weight END)", "sum(CASE WHEN {v} IS NOT NULL THEN weight * weight END)"),
    ),
    "clustered": ("count({v})", "sum(weight * {v})", "sum(CASE WHEN {v} IS NOT NULL THEN weight END)"),
}


def prepare(sample: str, folder: Path, size: int) -> None:
    fields: dict[str, Any] = {"by": list(made.CUTS), "sample": SAMPLES[sample]}
    made.write_declarations(folder, [made.declared(f"of_{value}", value, **fields) for value in made.VALUES])
    made.write_rows(folder / "bench.duckdb", size)


def by_engine(folder: Path, _: int) -> Task:
    from impact.measure import measure_indicators  # noqa: PLC0415 - its imports are not the peer's

    programme = made.read(folder)
    connection = _open(folder)
    measure_indicators(connection, programme, programme.indicators[:1])
    return lambda: measure_indicators(connection, programme, programme.indicators)


def by_duckdb(sample: str, folder: Path, _: int) -> Task:
    connection = _open(folder)
    connection.execute("SELECT avg(weight) FROM made.rows").fetchall()

    def task() -> None:
        for query in _peer_queries(sample):
            connection.execute(query).df()

    return task


def _peer_queries(sample: str) -> Iterator[str]:
    sums = ", ".join(term.format(v=value) for value in made.VALUES for term in PEER_SUMS[sample])
    cluster = ["stratum", "cluster"] if sample == "clustered" else []
    for cut in ([], *([cut] for cut in made.CUTS)):
        keys = ", ".join(["wave", *cut, *cluster])
        yield f"SELECT {keys}, count(*), {sums} FROM made.rows GROUP BY ALL"


def _open(folder: Path) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(str(folder / "bench.duckdb"))


WORKS = tuple(
    Work(
        name=f"measures-{sample}",
        title=f"50 indicators × 9 cuts × 2 waves, {sample}: rows",
        goal="≤ 2 × DuckDB, ≤ 1 GB at 10 million rows",
        sizes=(100_000, 1_000_000, 10_000_000),
        small=20_000,
        prepare=partial(prepare, sample),
        sides={ENGINE: by_engine, "DuckDB, a GROUP BY per cut": partial(by_duckdb, sample)},
    )
    for sample in SAMPLES
)
