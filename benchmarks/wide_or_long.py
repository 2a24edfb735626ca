"""Survey answers stored wide (a column per item) or long (a row per answer): load, size, means, a scale score.

``python benchmarks/wide_or_long.py [PEOPLE]`` (300,000 by default, 40 items each). The same answers, the same run.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import duckdb

ITEMS = 40
SCALE = 5


def timed(connection: duckdb.DuckDBPyConnection, sql: str) -> float:
    start = time.perf_counter()
    connection.execute(sql).fetchall()
    return time.perf_counter() - start


def statements() -> dict[str, dict[str, str]]:
    names = [f"q{i}" for i in range(1, ITEMS + 1)]
    means = ", ".join(f"avg({name})" for name in names)
    total, answered = " + ".join(names[:SCALE]), " AND ".join(f"{name} IS NOT NULL" for name in names[:SCALE])
    scale_items = " OR ".join(f"item = '{name}'" for name in names[:SCALE])
    return {
        "wide": {
            "load": "CREATE TABLE t AS SELECT * FROM raw.answers",
            "40 item means": f"SELECT {means} FROM t",
            "scale score": f"SELECT avg({total}) FROM t WHERE {answered}",
        },
        "long": {
            "load": f"CREATE TABLE t AS UNPIVOT raw.answers ON {', '.join(names)} INTO NAME item VALUE answer",
            "40 item means": "SELECT item, avg(answer) FROM t GROUP BY item",
            "scale score": f"SELECT avg(s) FROM (SELECT sum(answer) AS s FROM t WHERE {scale_items}"
            f" GROUP BY person HAVING count(*) = {SCALE})",
        },
    }


def main() -> None:
    people = int(sys.argv[1]) if len(sys.argv) > 1 else 300_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with duckdb.connect(str(folder / "raw.duckdb")) as connection:
            items = ", ".join(
                f"CASE WHEN random() < 0.95 THEN CAST(random() * 5 AS INTEGER) END AS q{i + 1}" for i in range(ITEMS)
            )
            connection.execute(f"CREATE TABLE answers AS SELECT i AS person, {items} FROM range({people}) t(i)")
        results: dict[str, dict[str, float]] = {}
        for shape, steps in statements().items():
            path = folder / f"{shape}.duckdb"
            with duckdb.connect(str(path)) as connection:
                connection.execute(f"ATTACH '{folder / 'raw.duckdb'}' AS raw (READ_ONLY)")
                results[shape] = {step: timed(connection, sql) for step, sql in steps.items()}
                connection.execute("CHECKPOINT")
            results[shape]["size, MB"] = path.stat().st_size / 1e6
    print(f"{people:,} people, {ITEMS} items; long against wide")
    for step, wide in results["wide"].items():
        long = results["long"][step]
        print(f"  {step:14} wide {wide:8.3f}   long {long:8.3f}   ratio {long / wide:6.1f}")


if __name__ == "__main__":
    main()
