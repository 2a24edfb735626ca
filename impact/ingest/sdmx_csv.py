"""SDMX-CSV 1.0 and 2.0, read as text: readers that guess types lose the zeros of a code like 001.

Commas, semicolons and tabs between columns; codes alone, codes with names in the same cell (``IT: Italy``), or names in
a column after each code, which the column STRUCTURE_NAME announces; cells of several values (``NOTE[]``).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from impact.declare.sources import Source
from impact.ingest.components import MEASURING, PERIOD, VALUE, Components, read_wide
from impact.ingest.sdmx import error, observations
from impact.sql import Select, columns, ident

_FIRST = ("DATAFLOW", "STRUCTURE", "STRUCTURE_ID", "ACTION")
_HEAD = (*_FIRST, "STRUCTURE_NAME", "SERIES_KEY", "OBS_KEY")
_DELIMITERS = (",", ";", "\t")
_CELL = re.compile(r"(?P<code>[^\[:]+)(?P<several>\[.{0,3}\])?(?P<label>: .*)?", re.DOTALL)


@dataclass(frozen=True)
class _Column:
    """A column of the header: its code, whether cells hold names too or several values, or are only names."""

    code: str
    labelled: bool = False
    several: bool = False
    label: bool = False


def sdmx_csv_observations(connection: duckdb.DuckDBPyConnection, path: Path, source: Source) -> Components:
    """Make the view ``observations`` from SDMX-CSV; components stand in any order.

    Raises
    ------
    FileError
        If the header is not that of SDMX-CSV, a line has another number of cells, or the file takes data back.
    """
    header, delimiter = _header(path, source)
    stored = {f"_label_{i}" if c.label else c.code: c for i, c in enumerate(header)}
    if len({name.lower() for name in stored}) < len(header):
        codes = ", ".join(c.code for c in header)[:200]
        raise error(source, "the header names a column twice", found=codes)
    read_wide(connection, path, stored, delimiter, quote='"')
    names = [name for name, column in stored.items() if not column.label]
    _refuse_deletions(connection, names, source)
    _refuse_loose_attributes(connection, names, source)
    labelled = [name for name in names if stored[name].labelled]
    several = [name for name in names if stored[name].several]
    return observations(connection, source, names, labelled=labelled, attributes=several)


def _header(path: Path, source: Source) -> tuple[list[_Column], str]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            first = handle.readline()
        heading = re.match(r'"?[A-Z_]+(?:\[.\])?(?:: [^,;\t]*)?"?([,;\t])', first)
        delimiter = heading[1] if heading else ","
        cells = next(csv.reader([first], delimiter=delimiter, strict=True), [])
    except (UnicodeDecodeError, csv.Error) as problem:
        raise error(source, "the header line cannot be read", "SDMX-CSV in UTF-8", str(problem)) from problem
    columns = _with_labels([_column(cell) for cell in cells])
    codes = [column.code for column in columns if not column.label]
    if not codes or codes[0] not in _FIRST or PERIOD not in codes or VALUE not in codes:
        expected = f"columns separated by commas: DATAFLOW (or STRUCTURE, STRUCTURE_ID), …, {PERIOD}, {VALUE}"
        fix = "Download it as SDMX-CSV, or declare the format it has: eurostat_tsv, sdmx_ml."
        raise error(source, "the first line is not that of SDMX-CSV", expected, ",".join(cells)[:120], fix)
    return columns, delimiter


def _column(cell: str) -> _Column:
    text = cell.strip()
    match = _CELL.fullmatch(text)
    if match is None:
        return _Column(text)
    code = match["code"].strip()
    return _Column(code, match["label"] is not None, match["several"] is not None)


def _with_labels(columns: list[_Column]) -> list[_Column]:
    """Mark the columns of names: where STRUCTURE_NAME stands, each component is followed by its own."""
    codes = [column.code for column in columns]
    body = [index for index, code in enumerate(codes) if code not in _HEAD]
    if "STRUCTURE_NAME" not in codes or len(body) % 2:
        return columns
    marked = list(columns)
    for index in body[1::2]:
        marked[index] = _Column(codes[index], label=True)
    return marked


def _refuse_deletions(connection: duckdb.DuckDBPyConnection, names: Sequence[str], source: Source) -> None:
    if "ACTION" not in names:
        return
    rows = connection.execute(
        "SELECT count(*) FROM wide WHERE upper(trim(\"ACTION\")) IN ('D', 'DELETE') OR \"ACTION\" ILIKE 'D: %'"
    ).fetchall()
    if rows[0][0]:
        fix = "Ask for the data as it stands, not for the changes to it."
        raise error(source, f"the file takes {rows[0][0]} observations back", "ACTION I, A, R or M", "ACTION D", fix)


def _refuse_loose_attributes(connection: duckdb.DuckDBPyConnection, names: Sequence[str], source: Source) -> None:
    """Refuse units given once for many observations, on a line without period: they would be lost."""
    for name in names:
        if name.upper() not in MEASURING:
            continue
        where = (f"{_trimmed(PERIOD)} = ''", f"{_trimmed(VALUE)} = ''", f"{_trimmed(name)} <> ''")
        query = Select(columns([name]), "wide", where=where, limit=1)
        if row := connection.execute(query.sql()).fetchone():
            what = f"{name} stands on a line of its own, without {PERIOD}"
            raise error(source, what, "it beside each observation", str(row[0])[:80], "Download it flat.")


def _trimmed(name: str) -> str:
    return f"coalesce(trim({ident(name)}), '')"
