r"""Eurostat's TSV: a row per series, its dimensions packed in the first cell, a column per period, flags after values.

Read into the table ``observations`` that :mod:`impact.ingest.series` selects from. The header starts with the names of
the dimensions and of what the columns are, as in ``freq,unit,geo\TIME_PERIOD``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import duckdb

from impact.declare.location import Location
from impact.declare.sources import Source
from impact.errors import FileError, Problem
from impact.ingest.components import Components, read_wide
from impact.ingest.flags import flags_sql, letter_flags
from impact.sql import EVERY_COLUMN, Select, literal

# a cell that is no value with letters after it stays whole, and is set aside as no number
_PARTS = r"regexp_extract(trim(cell), '^(:|[^\s:]+)\s*([A-Za-z\s]*)$', ['value', 'flags'])"
_HEADER = re.compile(r"(?P<names>[^\\\t]+)\\(?:TIME_PERIOD|time)", re.IGNORECASE)


def tsv_observations(connection: duckdb.DuckDBPyConnection, path: Path, source: Source) -> Components:
    """Make the view ``observations``: the dimensions, ``_period``, ``_value`` and ``_flags``, all text.

    Raises
    ------
    FileError
        If the first line is not the header of such a file, or a line has another number of cells.
    """
    names, periods = _header(path, source)
    cells = [f"p{index}" for index in range(len(periods))]
    read_wide(connection, path, ("_series", *cells), "\t", quote="")
    _check_keys(connection, names, source)
    query = _observations(names, periods, cells)
    connection.execute(f"CREATE VIEW observations AS {query.sql()}")
    return Components(names)


def _observations(names: Sequence[str], periods: Sequence[str], cells: Sequence[str]) -> Select:
    """Write the query of a row per series and period, from a column per period."""
    period, cell = ", ".join(map(literal, periods)), ", ".join(cells)
    long = Select({"_series": "_series", "_period": f"unnest([{period}])", "cell": f"unnest([{cell}])"}, "wide")
    split = Select({**EVERY_COLUMN, "parts": _PARTS}, long)
    observed = {name: f"trim(string_split(_series, ',')[{number}])" for number, name in enumerate(names, 1)}
    observed["_period"] = "_period"
    observed["_value"] = "coalesce(nullif(parts.value, ''), trim(cell))"
    observed["_flags"] = flags_sql([letter_flags("regexp_replace(parts.flags, '\\s+', '', 'g')")])
    return Select(observed, split)


def _header(path: Path, source: Source) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the names of the dimensions, and the periods."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            cells = handle.readline().rstrip("\r\n").split("\t")
    except UnicodeDecodeError as error:
        raise _error(source, "the file is not text in UTF-8", found=str(error)) from error
    match = _HEADER.fullmatch(cells[0].strip())
    periods = tuple(cell.strip() for cell in cells[1:])
    if match is None or not periods or not all(periods):
        fix = "Download it as TSV, or declare the format it has: sdmx_csv, sdmx_ml."
        expected = r"a first line like freq,unit,geo\TIME_PERIOD, then periods, separated by tabs"
        raise _error(source, "the first line is not that of a Eurostat TSV", expected, cells[0][:80], fix)
    names = tuple(name.strip() for name in match["names"].split(","))
    if len({name.lower() for name in names}) < len(names) or len(set(periods)) < len(periods):
        raise _error(source, "the first line names a dimension or period twice", found=cells[0][:80])
    return names, periods


def _check_keys(connection: duckdb.DuckDBPyConnection, names: tuple[str, ...], source: Source) -> None:
    query = "SELECT rowid + 2, _series FROM wide WHERE len(string_split(coalesce(_series, ''), ',')) <> ? LIMIT 1"
    row = connection.execute(query, [len(names)]).fetchone()
    if row is not None:
        line, series = row
        at = Location(source.file, int(line), f"source {source.id}")
        expected = f"{len(names)} codes: {', '.join(names)}"
        problem = at.problem("a line does not name the codes of its series", expected, str(series)[:80])
        raise FileError([problem])


def _error(source: Source, what: str, expected: str = "", found: str = "", fix: str = "") -> FileError:
    return FileError([Problem(what, source.file, 1, f"source {source.id}", expected, found, fix)])
