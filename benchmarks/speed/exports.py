"""Observations in each format of official statistics, beside DuckDB's COPY of the same rows to CSV; checked too."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

import duckdb
import pyarrow.parquet

from benchmarks.speed.work import ENGINE, Side, Task, Work
from impact.errors import Problem, ProblemsError
from impact.files import write_file
from impact.publish.export import csv, parquet, sdmx_csv, sdmx_json, sdmx_ml
from impact.publish.export.sdmx_check import json_data, ml_data
from impact.publish.official.build import components
from impact.publish.official.data_set import DataSet, arrow_schema
from impact.publish.official.lists import fixed_lists, listed, total
from impact.publish.official.sdmx_held import held
from impact.publish.official.sdmx_read import read_csv
from impact.publish.official.structure import CodeOf, Structure
from impact.publish.origin import Origin

AREAS, INDICATORS, PARTS = 200, 100, 10
DAY = datetime.date(2026, 1, 1)
Write = Callable[[DataSet], Iterable[bytes]]
WRITERS: dict[str, tuple[Write, str]] = {
    "csv": (csv.write_observations, "3 times"),
    "sdmx_csv": (sdmx_csv.write_sdmx_csv, "3 times"),
    "parquet": (parquet.write_observations, "1.5 times"),
    "sdmx_ml": (lambda data_set: sdmx_ml.write_data(data_set, "3.0"), "8 times"),
    "sdmx_json": (sdmx_json.write_data, "8 times"),
}
"""How each format is written, and how much of COPY's time it may take."""
READERS = {"sdmx_csv": read_csv, "sdmx_ml": ml_data("3.0"), "sdmx_json": json_data}
_OBSERVATIONS = """
COPY (SELECT 'A' AS FREQ, 'A' || lpad(CAST(i // {inner} % {areas} AS VARCHAR), 3, '0') AS REF_AREA,
    'I' || lpad(CAST(i // {years} // {parts} % {indicators} AS VARCHAR), 3, '0') AS INDICATOR, 'VALUE' AS MEASURE,
    '_T' AS ARM, '_T' AS POPULATION, 'P' || (i // {years} % {parts}) AS PART,
    CAST(2000 + i % {years} AS VARCHAR) AS TIME_PERIOD,
    CASE WHEN hidden THEN NULL ELSE round(random() * 1e6, 3) END AS OBS_VALUE, 'SHARE' AS UNIT_MEASURE,
    '0' AS UNIT_MULT, '2' AS DECIMALS, 'micro' AS LEVEL, 'synthetic' AS DATA_KIND,
    CASE WHEN hidden THEN 'Q' ELSE 'A' END AS OBS_STATUS, CASE WHEN hidden THEN 'A' ELSE 'F' END AS CONF_STATUS,
    CASE WHEN hidden THEN 'few' END AS MISSING_KIND, CASE WHEN i % 7 = 0 THEN 'more_than' END AS FLAGS,
    'end_line' AS WAVE, (2000 + i % {years}) || '-12-31' AS REF_DATE,
    CASE WHEN hidden THEN NULL ELSE CAST(random() * 1000 + 10 AS BIGINT) END AS N_OBS,
    CASE WHEN i % 3 = 0 THEN '3' END AS EVIDENCE_LEVEL
    FROM (SELECT i, random() < 0.02 AS hidden FROM range({rows}) t(i)) ORDER BY ALL) TO '{file}' (FORMAT parquet)
"""


def prepare(folder: Path, rows: int) -> None:
    """Write seeded observations with the keys of areas, indicators, parts and years, sorted by key."""
    years = max(rows // (AREAS * INDICATORS * PARTS), 1)
    sizes = {"areas": AREAS, "indicators": INDICATORS, "parts": PARTS, "years": years, "rows": rows}
    with duckdb.connect() as connection:
        connection.execute("SET threads = 1; SELECT setseed(0.3)")
        query = _OBSERVATIONS.format(**sizes, inner=years * PARTS * INDICATORS, file=folder / "observations.parquet")
        connection.execute(query)


def data_set(folder: Path) -> DataSet:
    """Return what :func:`prepare` wrote, with its structure."""
    structure = structure_of()
    rows = pyarrow.parquet.read_table(folder / "observations.parquet")
    return DataSet(structure, rows.cast(arrow_schema(structure)), Origin("en", "v1", "bench", DAY, synthetic=True))


def structure_of() -> Structure:
    """Return a structure with the lists of the observations."""
    made = {
        "CL_AREA": [f"A{i:03}" for i in range(AREAS)],
        "CL_INDICATOR": [f"I{i:03}" for i in range(INDICATORS)],
        "CL_PART": [f"P{i}" for i in range(PARTS)],
        "CL_UNIT_MEASURE": ["SHARE"],
    }
    lists = {id: listed(id, _codes(codes), scheme="made") for id, codes in made.items()}
    lists["CL_POPULATION"] = listed("CL_POPULATION", (total(),))
    names = {"it": "Prova", "en": "Benchmark"}
    return Structure("bench", "BENCH", names, names, components({}), {**fixed_lists(), **lists})


def _codes(codes: Iterable[str]) -> Iterator[CodeOf]:
    return (CodeOf(code, {"it": code, "en": code}) for code in codes)


def by_copy(folder: Path, _: int) -> Task:
    """Let DuckDB write the rows to CSV as they are."""
    rows = data_set(folder).rows

    def task() -> None:
        with duckdb.connect() as connection:
            connection.register("observations", rows)
            connection.execute(f"COPY observations TO '{folder / 'copied.csv'}' (FORMAT csv, HEADER)")

    return task


def by_engine(write: Write, folder: Path, _: int) -> Task:
    """Write the rows in a format, piece by piece."""
    rows = data_set(folder)
    return lambda: write_file(folder / "written", iter(write(rows)))


def and_checked(name: str, folder: Path, _: int) -> Task:
    """Write the rows in a format, read them back by the standard's schema, and hold them against those written."""
    rows, (write, _goal) = data_set(folder), WRITERS[name]

    def task() -> None:
        problems: list[Problem] = []
        write_file(folder / "written", iter(write(rows)))
        read = READERS[name](folder / "written", rows.structure, problems)
        wrong = held(rows.structure, read, problems, rows.rows)
        if wrong:
            raise ProblemsError(wrong)

    return task


def only_open(folder: Path, _: int) -> Task:
    """Read the rows, so that their memory can be told from what writing takes."""
    rows = data_set(folder)
    return lambda: rows.rows.num_rows


def _works() -> Iterator[Work]:
    sizes, small = (1_000_000,), 20_000
    opened: dict[str, Side] = {ENGINE: only_open}
    yield Work("export_rows", "observations, opened only", "what the others start from", sizes, small, prepare, opened)
    for name, (write, goal) in WRITERS.items():
        sides: dict[str, Side] = {ENGINE: partial(by_engine, write), "DuckDB COPY to CSV": by_copy}
        reach = f"at most {goal} COPY's time, 300 MB above the rows opened only"
        yield Work(f"export_{name}", f"observations as {name}", reach, sizes, small, prepare, sides)
    for name in READERS:
        sides = {ENGINE: partial(and_checked, name), "DuckDB COPY to CSV": by_copy}
        reach = "300 MB above the rows opened only"
        yield Work(f"check_{name}", f"observations as {name}, checked", reach, sizes, small, prepare, sides)


WORKS = tuple(_works())
