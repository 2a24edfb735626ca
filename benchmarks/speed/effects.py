"""Estimate differences-in-differences of linked persons with all checks, beside one regression of the same panel."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from benchmarks.speed import made
from benchmarks.speed.work import ENGINE, Task, Work

DESIGN = {"kind": "did", "arm": "arm", "treated": "1", "comparison": "0"}


def prepare(count: int, by: list[str], folder: Path, size: int) -> None:
    after = {"wave": made.WAVES[1], "design": DESIGN}
    fields: dict[str, Any] = {"by": by, "ex_post": after}
    made.write_declarations(folder, [made.declared(f"of_{value}", value, **fields) for value in made.VALUES[:count]])
    made.write_rows(folder / "bench.duckdb", size)


def by_engine(folder: Path, _: int) -> Task:
    from impact.designs.effect import estimate_effect  # noqa: PLC0415 - its imports are not the peer's

    programme = made.read(folder)
    connection = duckdb.connect(str(folder / "bench.duckdb"))
    connection.execute("SELECT avg(weight) FROM made.rows").fetchall()

    def task() -> None:
        for indicator in programme.indicators:
            memory: dict[str, Any] = {}
            groups: list[tuple[str, str] | None] = [None]
            groups += [(name, f"c{code}") for name in indicator.by for code in range(made.CUTS[name])]
            for group in groups:
                estimate_effect(connection, programme, indicator, group, memory=memory)

    return task


def by_differences(folder: Path, _: int) -> Task:
    """Regress the differences of linked persons on the arm with numpy, errors HC1: what one fit alone needs."""
    connection = duckdb.connect(str(folder / "bench.duckdb"))
    connection.execute("SELECT avg(weight) FROM made.rows").fetchall()
    before, after = made.WAVES
    query = (
        "SELECT person, arm, max(value1) FILTER (wave = ?) AS y1, max(value1) FILTER (wave = ?) AS y0"
        " FROM made.rows GROUP BY person, arm"
    )

    def task() -> None:
        rows: pd.DataFrame = connection.execute(query, [after, before]).df().dropna()
        change = (rows["y1"] - rows["y0"]).to_numpy()
        matrix = np.column_stack([np.ones(len(rows)), (rows["arm"] == "1").to_numpy(dtype=float)])
        inverse = np.linalg.inv(matrix.T @ matrix)
        scores = matrix * (change - matrix @ (inverse @ (matrix.T @ change)))[:, None]
        np.sqrt(np.diag(inverse @ (scores.T @ scores) @ inverse))

    return task


WORKS = (
    Work(
        name="did",
        title="one DiD of linked persons, whole and two groups, with its checks: rows",
        goal="≤ 1.5 s, ≤ 400 MB at 1 million rows",
        sizes=(100_000, 1_000_000),
        small=20_000,
        prepare=partial(prepare, 1, ["cut5"]),
        sides={ENGINE: by_engine, "differences in numpy, one fit": by_differences},
    ),
    Work(
        name="did-ten",
        title="ten indicators with a DiD each: rows",
        goal="≤ 2 s at 100,000 rows",
        sizes=(100_000,),
        small=20_000,
        prepare=partial(prepare, 10, []),
        sides={ENGINE: by_engine},
    ),
)
