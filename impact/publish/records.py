"""The good rows of a contract, page by page; for roles that may see rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from impact.errors import UsageError
from impact.sql import ident
from impact.store import Warehouse
from impact.validate.compile import MISSING_SUFFIX

PLACE = ("_source", "_row")
"""Where a row stands: its source and its place in it; the last word in every order."""
LARGEST = 1000
Place = tuple[str, int]
"""Of a row: its source and its number there. No value of a row is needed to go on from it, so none is in an address."""
Where = tuple[str, list[Any]]
Stretch = tuple[str, list[Any], str]


def record_contracts(warehouse: Warehouse, programme: str) -> pd.DataFrame:
    """Return the contracts of a programme that have good rows, with how many: ``contract, rows``."""
    named = warehouse.rows(
        "SELECT view_name FROM duckdb_views() WHERE database_name = current_database() AND schema_name = ? ORDER BY 1",
        [programme],
    )
    counted = [(name, count_records(warehouse, programme, name, {})) for (name,) in named]
    return pd.DataFrame([row for row in counted if row[1]], columns=["contract", "rows"])


def record_columns(warehouse: Warehouse, programme: str, contract: str) -> dict[str, str]:
    """Return the declared columns of a contract with their SQL types.

    Raises
    ------
    UsageError
        If there are no such records.
    """
    found = warehouse.rows(
        "SELECT column_name, data_type FROM duckdb_columns() WHERE database_name = current_database()"
        " AND schema_name = ? AND table_name = ? ORDER BY column_index",
        [programme, contract],
    )
    if not set(PLACE) <= {name for name, _ in found}:  # the tables under the views are not for reading
        raise UsageError(f"there are no records '{programme}/{contract}'")
    return {name: kind for name, kind in found if name not in PLACE and not name.endswith(MISSING_SUFFIX)}


def page_records(
    warehouse: Warehouse,
    programme: str,
    contract: str,
    *,
    order: str | None = None,
    descending: bool = False,
    after: Place | None = None,
    before: Place | None = None,
    last: bool = False,
    filters: Mapping[str, str] | None = None,
    size: int = 100,
) -> pd.DataFrame:
    """Return one page of a contract's good rows.

    Parameters
    ----------
    warehouse
        Open for reading.
    programme, contract
        Whose rows.
    order
        Column to order by, rows without a value last; without it the order of the files.
    descending
        Whether the order runs down.
    after, before
        The row that the page follows, or the one that it leads up to.
    last
        Whether it is the last page.
    filters
        Text by column: a code or a value equals it, a text holds it.
    size
        Rows on the page.

    Returns
    -------
    DataFrame
        The declared columns, then ``_source`` and ``_row``.

    Notes
    -----
    A page starts after a row, not after a number of rows: the thousandth page costs no more than the first. The
    page before a row, and the last one, are read backward. The rows on a page are found by the columns of the order
    alone, and only they are read in full.

    Raises
    ------
    UsageError
        If there is no such contract, column or row, or the page is too large.
    """
    columns = record_columns(warehouse, programme, contract)
    if not 1 <= size <= LARGEST:
        raise UsageError(f"a page has between 1 and {LARGEST} rows, not {size}")
    filtered, values = _filtered(warehouse, programme, columns, filters or {})
    view, found = ident(programme, contract), list[Place]()
    backward, at = before is not None or last, _value_at(warehouse, view, columns, order, before or after)
    for started, places, by in _stretches(columns, order, at, down=descending != backward, backward=backward):
        keys = f"SELECT {', '.join(PLACE)} FROM {view} WHERE {filtered} AND {started} ORDER BY {by} LIMIT ?"
        found += warehouse.rows(keys, [*values, *places, size - len(found)])
        if len(found) == size:
            break
    return _in_full(warehouse, view, [*columns, *PLACE], found[::-1] if backward else found)


def _in_full(warehouse: Warehouse, view: str, columns: Sequence[str], found: Sequence[Place]) -> pd.DataFrame:
    """Return rows with all their columns, in the order of their places."""
    sources = sorted({source for source, _ in found})
    rows = {source: [row for name, row in found if name == source] for source in sources}
    here = " OR ".join(f"(_source = ? AND _row IN ({', '.join(map(str, rows[source]))}))" for source in sources)
    frame = warehouse.frame(f"SELECT {', '.join(map(ident, columns))} FROM {view} WHERE {here or 'FALSE'}", sources)
    order = {place: number for number, place in enumerate(found)}
    places = zip(frame["_source"], frame["_row"], strict=True)
    return frame.iloc[np.argsort([order[place] for place in places], kind="stable")].reset_index(drop=True)


def count_records(warehouse: Warehouse, programme: str, contract: str, filters: Mapping[str, str]) -> int:
    """Return how many good rows a contract has that pass filters."""
    where, values = _filtered(warehouse, programme, record_columns(warehouse, programme, contract), filters)
    ((count,),) = warehouse.rows(f"SELECT count(*) FROM {ident(programme, contract)} WHERE {where}", values)
    return int(count)


def _known(columns: Mapping[str, str], name: str) -> str:
    if name not in columns:
        raise UsageError(f"there is no column '{name}'; the columns are {', '.join(columns)}")
    return ident(name)


def _filtered(warehouse: Warehouse, programme: str, columns: Mapping[str, str], filters: Mapping[str, str]) -> Where:
    """Write which rows pass all filters: a text column holds the text, whatever its case; any other equals it."""
    coded = warehouse.rows('SELECT "column" FROM impact.cut WHERE programme = ?', [programme])
    parts, values = ["TRUE"], []
    for name, text in filters.items():
        column, kind = _known(columns, name), columns[name]
        if kind == "VARCHAR" and (name,) not in coded:
            parts.append(f"contains(lower({column}), lower(?))")
        else:
            parts.append(f"{column} = TRY_CAST(? AS {kind})")
        values.append(text)
    return " AND ".join(parts), values


def _value_at(
    warehouse: Warehouse, view: str, columns: Mapping[str, str], order: str | None, place: Place | None
) -> list[Any]:
    """Return the value of a row in the column of the order, its source and its number; nothing without a row."""
    if place is None:
        return []
    value = _known(columns, order) if order else "NULL"
    found = warehouse.rows(f"SELECT {value}, _source, _row FROM {view} WHERE _source = ? AND _row = ?", place)
    if not found:
        raise UsageError(f"there is no row {place[1]} of '{place[0]}' here; begin with the first page")
    return list(found[0])


def _stretches(
    columns: Mapping[str, str], order: str | None, at: Sequence[Any], *, down: bool, backward: bool
) -> list[Stretch]:
    """Write which rows come after one and their order: those with a value, then those without; backward the opposite.

    Each stretch can be cut by the column's own statistics, which one condition for both could not.
    """
    value, *place = at or (None,)
    further = f"(_source, _row) {'<' if backward else '>'} (?, ?)" if at else "TRUE"
    ordered = ", ".join(f"{name} {'DESC' if backward else 'ASC'}" for name in PLACE)
    if order is None:
        return [(further, place, ordered)]
    column, given = _known(columns, order), f"CAST(? AS {columns[order]})"
    by, sign = f"{column} {'DESC' if down else 'ASC'}, {ordered}", "<" if down else ">"
    known: Stretch = (f"{column} IS NOT NULL", [], by)
    blank: Stretch = (f"{column} IS NULL", [], ordered)
    if at and value is None:
        blank = (f"{column} IS NULL AND {further}", place, ordered)
        return [blank, known] if backward else [blank]
    if at:
        known = (f"{column} {sign}= {given} AND ({column} {sign} {given} OR {further})", [value, value, *place], by)
        return [known] if backward else [known, blank]
    return [blank, known] if backward else [known, blank]
