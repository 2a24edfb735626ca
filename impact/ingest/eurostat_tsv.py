r"""Eurostat's TSV: a row per series, its dimensions packed in the first cell, a column per period, flags after values.

Read into the table ``observations`` that :mod:`impact.ingest.series` selects from. The header starts with the names of
the dimensions and of what the columns are, as in ``freq,unit,geo\TIME_PERIOD``.
"""

from __future__ import annotations

import re
from pathlib import Path

import duckdb

from impact.declare.sources import Source
from impact.errors import FileError, Problem
from impact.ingest.components import Components
from impact.ingest.flags import flags_sql, letter_flags
from impact.sql import ident, literal

_HEADER = re.compile(r"(?P<names>[^\\\t]+)\\(?:TIME_PERIOD|time)", re.IGNORECASE)


def tsv_observations(connection: duckdb.DuckDBPyConnection, path: Path, source: Source) -> Components:
    """Make the view ``observations``: the dimensions, ``_period``, ``_value`` and ``_flags``, all text.

    Raises
    ------
    FileError
        If the first line is not the header of such a file, or a line has another number of cells.
    """
    names, periods = _header(path, source)
    columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in ("_series", *(f"p{i}" for i in range(len(periods)))))
    connection.execute(
        f"CREATE TABLE wide AS SELECT * FROM read_csv({literal(str(path))}, auto_detect=false, header=false, skip=1,"
        f" columns={{{columns}}}, delim='\t', quote='', escape='', nullstr='', strict_mode=true,"
        " max_line_size=10000000, compression='none')"
    )
    _check_keys(connection, names, source)
    dimensions = ", ".join(f"trim(string_split(_series, ',')[{i}]) AS {ident(name)}" for i, name in enumerate(names, 1))
    cells = ", ".join(f"p{i}" for i in range(len(periods)))
    # a cell that is no value with letters after it stays whole, and is set aside as no number
    parts = r"regexp_extract(trim(cell), '^(:|[^\s:]+)\s*([A-Za-z\s]*)$', ['value', 'flags'])"
    flags = "regexp_replace(parts.flags, '\\s+', '', 'g')"
    connection.execute(
        f"CREATE VIEW observations AS SELECT {dimensions}, _period,"
        " coalesce(nullif(parts.value, ''), trim(cell)) AS _value,"
        f" {flags_sql([letter_flags(flags)])} AS _flags FROM (SELECT *, {parts} AS parts"
        f" FROM (SELECT _series, unnest([{', '.join(map(literal, periods))}]) AS _period, unnest([{cells}]) AS cell"
        " FROM wide))"
    )
    return Components(names)


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
    row = connection.execute(
        "SELECT rowid + 2, _series FROM wide WHERE len(string_split(coalesce(_series, ''), ',')) <> ? LIMIT 1",
        [len(names)],
    ).fetchone()
    if row is not None:
        expected = f"{len(names)} codes: {', '.join(names)}"
        problem = "a line does not name the codes of its series"
        found = str(row[1])[:80]
        raise FileError([Problem(problem, source.file, int(row[0]), f"source {source.id}", expected, found)])


def _error(source: Source, what: str, expected: str = "", found: str = "", fix: str = "") -> FileError:
    return FileError([Problem(what, source.file, 1, f"source {source.id}", expected, found, fix)])
