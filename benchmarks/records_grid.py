"""A page of a million rows in the app's grid, against one full scan of the same rows, the same run.

``python benchmarks/records_grid.py [ROWS]`` (1,000,000 by default). The rows are seeded, loaded by the engine,
published and read as the app reads them. A page is what a link in the grid costs: DuckDB finds and counts the rows, the
tree is built and written as JSON. Nothing is remembered. Aim: p95 of every kind at most 200 ms on an unloaded machine;
on a busy one, the time of the processor beside it says what a page takes.
"""

from __future__ import annotations

import datetime
import functools
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import numpy as np
import yaml
from impact_dashboards.page.address import Address
from impact_dashboards.page.view import View
from impact_dashboards.pages import PAGES
from impact_dashboards.pages.monitoring.grid import SIZE
from impact_dashboards.server.reader import Reader
from impact_dashboards.server.shell import frame

from impact.declare import load_programme, shipped
from impact.drawing.markup import to_json
from impact.publish.published import ReaderTables
from impact.run.flow import run_programme
from impact.store import Warehouse
from impact.words import words_in

ROUNDS = 40
PATH = ("bench", "records", "rows")
COLUMNS = {
    "row_id": {"type": "integer", "required": True},
    "person": {"type": "text", "required": True},
    "project": {"type": "text"},
    "province": {"type": "code", "codes": ["AL", "AT", "BI", "CN", "NO", "TO", "VC", "VCO"]},
    "theme": {"type": "text"},
    "code": {"type": "text"},
    "wave": {"type": "code", "codes": ["t0", "t1", "t2"]},
    "day": {"type": "date"},
    "value": {"type": "number"},
    "answer": {"type": "integer"},
}


def write_programme(folder: Path, rows: int) -> Path:
    """Write the template with a contract and a file of rows beside its own."""
    target = folder / "bench"
    target.mkdir()
    template = shipped("schemas") / "template"
    declared = {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in template.glob("*.yaml")}
    contract = {"id": "rows", "title": "Rows", "unit_of_analysis": "row", "key": ["row_id"], "columns": COLUMNS}
    provenance = {"title": "Made", "kind": "synthetic", "generator": "records_grid.py"}
    source = {"id": "made", "file": "raw/rows.csv", "contract": "rows", "provenance": provenance}
    indicator = {
        "id": "mean_value",
        "title": "Mean",
        "node": declared["programme"]["theory_of_change"]["nodes"][0]["id"],
    }
    indicator |= {"level": "micro", "unit": "points", "direction": "increase", "contract": "rows"}
    indicator |= {"formula": {"kind": "mean", "column": "value"}, "ex_post": {"period": "2020"}}
    files = {"programme": declared["programme"] | {"id": "bench"}, "contracts": {"contracts": [contract]}}
    files |= {"sources": {"sources": [source]}, "indicators": {"indicators": [indicator]}}
    for name, content in files.items():
        (target / f"{name}.yaml").write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    _write_rows(target / "raw" / "rows.csv", rows)
    return target


def _write_rows(path: Path, rows: int) -> None:
    path.parent.mkdir()
    with duckdb.connect() as connection:
        connection.execute("SELECT setseed(0.4)")
        connection.execute("SET threads = 1")  # the same rows in every run
        connection.execute(
            f"""COPY (SELECT i AS row_id, 'P' || lpad(CAST((i * 7919) % {rows} AS VARCHAR), 8, '0') AS person,
            'project ' || CAST(floor(random() * 22) AS INTEGER) AS project,
            ['AL', 'AT', 'BI', 'CN', 'NO', 'TO', 'VC', 'VCO'][1 + CAST(floor(random() * 8) AS INTEGER)] AS province,
            'theme ' || CAST(floor(random() * 9) AS INTEGER) AS theme,
            'WB-' || CAST(floor(random() * 90) AS INTEGER) AS code, 't' || (i % 3) AS wave,
            DATE '2019-01-01' + CAST(random() * 900 AS INTEGER) AS "day",
            CASE WHEN random() < 0.95 THEN round(random() * 100, 1) END AS value,
            CAST(random() * 10 AS INTEGER) AS answer FROM range({rows}) t(i)) TO '{path}' (HEADER)"""
        )


def queries(rows: int) -> dict[str, Callable[[np.random.Generator], dict[str, str]]]:
    """Return the kinds of page, each with a way to draw one: what its address asks for."""

    def place(draw: np.random.Generator) -> str:
        return f"made:{draw.integers(rows)}"

    return {
        "first": lambda draw: {},
        "next, deep": lambda draw: {"after": place(draw)},
        "previous, deep": lambda draw: {"before": place(draw)},
        "last": lambda draw: {"last": "1"},
        "sorted by number": lambda draw: {"sort": str(draw.choice(["value", "-value"]))},
        "sorted by text": lambda draw: {"sort": str(draw.choice(["person", "-person"]))},
        "sorted, next, deep": lambda draw: {"sort": str(draw.choice(["value", "-person"])), "after": place(draw)},
        "sorted, previous, deep": lambda draw: {"sort": str(draw.choice(["value", "-person"])), "before": place(draw)},
        "filtered by text": lambda draw: {"f.person": f"{int(draw.integers(10_000)):04}"},
        "filtered by number": lambda draw: {"f.answer": str(draw.integers(11)), "f.project": str(draw.integers(22))},
        "filtered, sorted, deep": lambda draw: {"f.wave": "t1", "sort": "-value", "after": place(draw)},
    }


def timed(action: Callable[[], object]) -> tuple[float, float]:
    """Return the milliseconds that passed, and those that the processor worked, all threads together."""
    start = time.perf_counter(), time.process_time()
    action()
    return 1000 * (time.perf_counter() - start[0]), 1000 * (time.process_time() - start[1])


def page(reader: Reader, query: dict[str, str]) -> str:
    """Return a page as the browser gets it, made now."""
    address = Address("en", "monitoring", PATH, tuple(query.items()))
    with reader.edition().open() as warehouse:
        view = View(ReaderTables(warehouse), words_in("en"), address, datetime.date(2026, 1, 1))
        return to_json(frame(view, PAGES["monitoring"].content(view), PAGES.values(), ""))


def measured(reader: Reader, rows: int) -> Iterator[tuple[str, list[tuple[float, float]]]]:
    """Yield the times of each kind of page."""
    draw = np.random.default_rng(4)
    for kind, query in queries(rows).items():
        asked = [query(draw) for _ in range(ROUNDS)]
        page(reader, asked[0])
        yield kind, [timed(functools.partial(page, reader, one)) for one in asked]


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        db = folder / "bench.duckdb"
        with Warehouse(db) as warehouse:
            run_programme(load_programme(write_programme(folder, rows)), warehouse)
        reader = Reader(db)
        with reader.edition().open() as warehouse:
            scans = [timed(lambda: warehouse.rows("SELECT count(value) FROM bench.rows")) for _ in range(ROUNDS)]
        print(f"{rows:,} rows, {SIZE} on a page, {ROUNDS} pages of each kind, ms")
        _say("limit: one full scan", scans)
        for kind, times in measured(reader, rows):
            _say(kind, times)


def _say(kind: str, times: list[tuple[float, float]]) -> None:
    wall, work = zip(*times, strict=True)
    said = f"p50 {statistics.median(wall):7.1f}  p95 {statistics.quantiles(wall, n=20)[-1]:7.1f}"
    print(f"  {kind:24} {said}  processor p50 {statistics.median(work):7.1f}")


if __name__ == "__main__":
    main()
