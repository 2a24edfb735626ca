"""Load a large CSV: DuckDB's own typed load against the compiled pass, the same run, ratios printed.

``python benchmarks/validated_load.py [ROWS]`` (10,000,000 by default; the file takes about 60 bytes a row). Each load
runs in a process of its own, three times in turn; the ratios are of medians. Half a per cent of the rows is bad.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

from impact.declare.contracts import Column, Contract
from impact.declare.load import load_programme, shipped
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
ROUNDS = 3


def write_data(path: Path, rows: int) -> None:
    with duckdb.connect() as connection:
        connection.execute("SELECT setseed(0.3)")
        items = ", ".join(f"CAST(random() * 5 AS INTEGER) AS q{i}" for i in range(1, 6))
        connection.execute(
            f"""COPY (SELECT 'P' || lpad(CAST(i AS VARCHAR), 8, '0') AS person_id, 'X' || (i % 2000) AS cluster,
            CASE WHEN i % 2 = 0 THEN 'baseline' ELSE 'endline' END AS wave,
            CASE WHEN i % 200 = 7 THEN 300 ELSE CAST(random() * 80 + 17 AS INTEGER) END AS age,
            round(random() * 50000, 2) AS income, {items},
            DATE '2020-01-01' + CAST(random() * 400 AS INTEGER) AS "day",
            CASE WHEN random() < 0.5 THEN 'F' ELSE 'M' END AS sex FROM range({rows}) t(i)) TO '{path}' (HEADER)"""
        )


def by_duckdb(folder: Path) -> int:
    columns = ", ".join(f"'{name}': '{TYPES[column.type]}'" for name, column in COLUMNS.items())
    with duckdb.connect(str(folder / "typed.duckdb")) as connection:
        connection.execute(
            f"CREATE TABLE t AS FROM read_csv('{folder / 'data.csv'}', auto_detect=false, header=true,"
            f" columns={{{columns}}})"
        )
    return 0


def by_engine(folder: Path) -> int:
    programme = load_programme(shipped("schemas") / "template")
    title = {"en": "benchmark", "it": "prova"}
    contract = Contract(id="bench", title=title, unit_of_analysis="row", key=("person_id",), columns=COLUMNS)
    provenance = Provenance(title="benchmark", kind="synthetic", generator="validated_load.py")
    source = Source(id="bench_file", file="data.csv", contract="bench", provenance=provenance)
    with duckdb.connect(str(folder / "validated.duckdb")) as connection:
        raw = open_raw(folder, source, folder)
        report = stage_rows(connection, raw, compile_contract(programme, contract, source, raw), source, '"t"')
    return report.rows_bad


def measure(kind: str, folder: Path) -> None:
    for old in folder.glob("*.duckdb*"):
        old.unlink()
    start = time.perf_counter()
    bad = {"typed": by_duckdb, "validated": by_engine}[kind](folder)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "peak_mb": peak, "bad": bad}))


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_data(folder / "data.csv", rows)
        runs: dict[str, list[dict[str, float]]] = {"typed": [], "validated": []}
        for _ in range(ROUNDS):
            for kind, done in runs.items():
                command = [sys.executable, __file__, "--measure", kind, name]
                done.append(json.loads(subprocess.run(command, check=True, capture_output=True).stdout))
    middle = {k: {f: statistics.median(r[f] for r in done) for f in done[0]} for k, done in runs.items()}
    print(f"{rows:,} rows, median of {ROUNDS} runs each")
    for kind, words in (("typed", "DuckDB's typed load"), ("validated", "the compiled pass")):
        print(f"  {words:22} {middle[kind]['seconds']:6.2f} s  {middle[kind]['peak_mb']:7.0f} MB peak")
    ratio = middle["validated"]["seconds"] / middle["typed"]["seconds"]
    print(f"  ratio {ratio:.2f} in time; {int(middle['validated']['bad']):,} rows quarantined with their reasons")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        measure(sys.argv[2], Path(sys.argv[3]))
    else:
        main()
