"""SDMX data files, CSV and ML: what both readers share once the file is the table ``wide`` of text."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

import duckdb

from impact.declare.sources import Source
from impact.errors import FileError, Problem
from impact.ingest.components import (
    CONFIDENTIAL,
    LETTER_FLAGS,
    PERIOD,
    STATUS,
    VALUE,
    Components,
    components,
)
from impact.ingest.flags import NAMES, Flag, confidentiality, flags_sql, letter_flags, status_codes
from impact.sql import Select, ident, literal

LABELLED = r"(?:^|[;,|]\s*)([A-Za-z0-9_]+): "
"""A code with its name after it; several in one cell have a mark between them."""
_READERS: Mapping[str, Callable[[str], Flag]] = {
    **dict.fromkeys(LETTER_FLAGS, letter_flags),
    STATUS: status_codes,
    **dict.fromkeys(CONFIDENTIAL, confidentiality),
}
"""What reads the status in a column, in the order in which their flags are joined."""


def observations(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    names: Sequence[str],
    *,
    labelled: Collection[str] = (),
    keys: Collection[str] = (),
    attributes: Collection[str] = (),
) -> Components:
    """Make the view ``observations`` from the table ``wide``: codes, ``_period``, ``_value`` and ``_flags``.

    Parameters
    ----------
    connection
        A database that holds the table ``wide``: the file with every column as text.
    source
        The source that declares the file; messages name it.
    names
        Columns of the table that are no labels.
    labelled
        Columns whose cells read ``code: name``.
    keys, attributes
        What the file itself says of its columns.

    Raises
    ------
    FileError
        If names stand in the place of the codes of status.
    """

    def code(name: str) -> str:
        text = _text(name)
        return f"trim(string_split({text}, ': ')[1])" if name in labelled else text

    statuses = {name: _status(name, labelled=name in labelled) for name in names if name in _READERS}
    flags = [reader(statuses[name]) for name, reader in _READERS.items() if name in statuses]
    _refuse_names(connection, source, statuses)
    dimensions = components(connection, names, code, keys=keys, attributes=attributes)
    columns = {name: code(name) for name in dimensions.names}
    measured = {"_period": code(PERIOD), "_value": f"trim({ident(VALUE)})", "_flags": flags_sql(flags)}
    query = Select({**columns, **measured}, "wide")
    connection.execute(f"CREATE VIEW observations AS {query.sql()}")
    return dimensions


def _text(name: str) -> str:
    """Write a cell as text; the empty text where it is blank, or an error of a spreadsheet."""
    return f"coalesce(nullif(trim({ident(name)}), '#N/A'), '')"


def _status(name: str, *, labelled: bool) -> str:
    """Write the codes of a cell of statuses, parted by semicolons where each has its name after it."""
    text = _text(name)
    if not labelled:
        return text
    codes = f"regexp_extract_all({text}, {literal(LABELLED)}, 1)"
    return f"CASE WHEN len({codes}) > 0 THEN array_to_string({codes}, ';') ELSE {text} END"


def _refuse_names(connection: duckdb.DuckDBPyConnection, source: Source, statuses: dict[str, str]) -> None:
    """Refuse a file that was asked for with names only: its territories and codes are names too."""
    pattern = literal(f"(?i)^{NAMES}")
    for name, status in statuses.items():
        if name in CONFIDENTIAL:
            continue
        is_name = f"regexp_matches({status}, {pattern})"
        query = Select({"status": status}, "wide", where=(is_name,), limit=1)
        row = connection.execute(query.sql()).fetchone()
        if row:
            raise names_error(source, name, str(row[0]))


def names_error(source: Source, name: str, found: str) -> FileError:
    """Return the refusal of a file with names in the place of codes."""
    fix = "Download it with codes, or with codes and names."
    return error(source, f"names stand in the place of codes: {name}", "codes", found[:80], fix)


def error(source: Source, what: str, expected: str = "", found: str = "", fix: str = "") -> FileError:
    """Return a refusal of the whole file."""
    return FileError([Problem(what, source.file, None, f"source {source.id}", expected, found, fix)])
