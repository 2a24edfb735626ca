"""SDMX data files, CSV and ML: what both readers share once the file is the table ``wide`` of text."""

from __future__ import annotations

from collections.abc import Collection, Sequence

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

    def plain(name: str) -> str:
        return f"coalesce(nullif(trim({ident(name)}), '#N/A'), '')"

    def code(name: str) -> str:
        return f"trim(string_split({plain(name)}, ': ')[1])" if name in labelled else plain(name)

    def status(name: str) -> str:
        if name not in labelled:
            return plain(name)
        codes = f"regexp_extract_all({plain(name)}, {literal(LABELLED)}, 1)"
        return f"CASE WHEN len({codes}) > 0 THEN array_to_string({codes}, ';') ELSE {plain(name)} END"

    flags = _flags(names, status)
    _refuse_names(connection, source, {name: status(name) for name in names if name in (STATUS, *LETTER_FLAGS)})
    dimensions = components(connection, names, code, keys=keys, attributes=attributes)
    measured = {"_period": code(PERIOD), "_value": f"trim({ident(VALUE)})", "_flags": flags_sql(flags)}
    query = Select({**{name: code(name) for name in dimensions.names}, **measured}, "wide")
    connection.execute(f"CREATE VIEW observations AS {query.sql()}")
    return dimensions


def _flags(names: Sequence[str], status: object) -> list[Flag]:
    read = [*((name, letter_flags) for name in LETTER_FLAGS), (STATUS, status_codes)]
    read += [(name, confidentiality) for name in CONFIDENTIAL]
    return [reader(status(name)) for name, reader in read if name in names]  # type: ignore[operator]


def _refuse_names(connection: duckdb.DuckDBPyConnection, source: Source, statuses: dict[str, str]) -> None:
    """Refuse a file that was asked for with names only: its territories and codes are names too."""
    for name, status in statuses.items():
        is_name = f"regexp_matches({status}, {literal(f'(?i)^{NAMES}')})"
        query = Select({"status": status}, "wide", where=(is_name,), limit=1)
        if row := connection.execute(query.sql()).fetchone():
            raise names_error(source, name, str(row[0]))


def names_error(source: Source, name: str, found: str) -> FileError:
    """Return the refusal of a file with names in the place of codes."""
    fix = "Download it with codes, or with codes and names."
    return error(source, f"names stand in the place of codes: {name}", "codes", found[:80], fix)


def error(source: Source, what: str, expected: str = "", found: str = "", fix: str = "") -> FileError:
    """Return a refusal of the whole file."""
    return FileError([Problem(what, source.file, None, f"source {source.id}", expected, found, fix)])
