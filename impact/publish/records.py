"""The good rows of a contract, page by page; for roles that may see rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from impact.errors import UsageError
from impact.sql import Select, columns, ident
from impact.store import Warehouse
from impact.validate.stored import MISSING_SUFFIX

PLACE = ("_source", "_row")
"""Where a row stands: its source and its place in it; the last word in every order."""
LARGEST = 1000
Place = tuple[str, int]
"""Of a row: its source and its number there. No value of a row is needed to go on from it, so none is in an address."""


class Filtered(NamedTuple):
    """Which rows pass filters: conditions with parameters, and what these stand for."""

    where: tuple[str, ...]
    values: list[str]


class Stretch(NamedTuple):
    """Rows that follow one another in an order: a condition with parameters, what these stand for, and the order."""

    where: str
    values: list[Any]
    order: tuple[str, ...]


def record_contracts(warehouse: Warehouse, programme: str) -> pd.DataFrame:
    """Return the contracts of a programme that have good rows, with how many: ``contract, rows``."""
    views = warehouse.rows(
        "SELECT view_name FROM duckdb_views() WHERE database_name = current_database() AND schema_name = ? ORDER BY 1",
        [programme],
    )
    counts = ((name, count_records(warehouse, programme, name, {})) for (name,) in views)
    filled = [(name, count) for name, count in counts if count]
    return pd.DataFrame(filled, columns=["contract", "rows"])


def record_columns(warehouse: Warehouse, programme: str, contract: str) -> dict[str, str]:
    """Return the declared columns of a contract with their SQL types.

    Raises
    ------
    UsageError
        If there are no such records.
    """
    described = warehouse.rows(
        "SELECT column_name, data_type FROM duckdb_columns() WHERE database_name = current_database()"
        " AND schema_name = ? AND table_name = ? ORDER BY column_index",
        [programme, contract],
    )
    types: dict[str, str] = dict(described)
    if not types.keys() >= set(PLACE):  # the tables under the views are not for reading
        raise UsageError(f"there are no records '{programme}/{contract}'")
    return {name: type_ for name, type_ in types.items() if name not in PLACE and not name.endswith(MISSING_SUFFIX)}


def whole_records(warehouse: Warehouse, programme: str, contract: str, most: int) -> pd.DataFrame:
    """Return all good rows of a contract in the order of the files.

    Parameters
    ----------
    warehouse
        Open for reading.
    programme, contract
        Whose rows.
    most
        Cells that they may have.

    Returns
    -------
    DataFrame
        The declared columns as Python values of dtype object, None where one is missing; then, for each column, one
        called as it is with :data:`impact.validate.stored.MISSING_SUFFIX`, with the kind in which a value is missing.

    Raises
    ------
    UsageError
        If there is no such contract, or it has more cells.
    """
    types = record_columns(warehouse, programme, contract)
    count = count_records(warehouse, programme, contract, {})
    if count * len(types) > most:
        raise UsageError(
            f"'{contract}' has {count:,} rows of {len(types)} columns, more than the {most:,} cells that fit here:"
            " take Parquet"
        )
    with_kinds = {
        name
        for (name,) in warehouse.rows(
            "SELECT column_name FROM duckdb_columns() WHERE database_name = current_database()"
            " AND schema_name = ? AND table_name = ?",
            [programme, contract],
        )
        if name.endswith(MISSING_SUFFIX)
    }
    kinds = {f"{name}{MISSING_SUFFIX}": _kind_sql(name, with_kinds) for name in types}
    query = Select({**columns(types), **kinds}, ident(programme, contract), order=PLACE)
    read = warehouse.rows(query.sql())
    return pd.DataFrame(read, columns=[*types, *kinds], dtype=object)


def _kind_sql(name: str, with_kinds: set[str]) -> str:
    """Write in which way a value is missing: a blank is ``missing``; NULL where there is a value."""
    kind = name + MISSING_SUFFIX
    declared = f"coalesce({ident(kind)}, 'missing')" if kind in with_kinds else "'missing'"
    return f"CASE WHEN {ident(name)} IS NULL THEN {declared} END"


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
    types = record_columns(warehouse, programme, contract)
    if not 1 <= size <= LARGEST:
        raise UsageError(f"a page has between 1 and {LARGEST} rows, not {size}")
    filtered = _filtered(warehouse, programme, types, filters or {})
    view = ident(programme, contract)
    backward = before is not None or last
    start = _value_at(warehouse, view, types, order, before or after)
    keys = list[Place]()
    for stretch in _stretches(types, order, start, down=descending != backward, backward=backward):
        where, limit = (*filtered.where, stretch.where), size - len(keys)
        query = Select(columns(PLACE), view, where=where, order=stretch.order, limit=limit)
        keys += warehouse.rows(query.sql(), [*filtered.values, *stretch.values])
        if len(keys) == size:
            break
    if backward:
        keys.reverse()
    return _in_full(warehouse, view, [*types, *PLACE], keys)


def _in_full(warehouse: Warehouse, view: str, names: Sequence[str], keys: Sequence[Place]) -> pd.DataFrame:
    """Return rows with all their columns, in the order of their keys."""
    numbers: dict[str, list[str]] = {}
    for source, number in keys:
        numbers.setdefault(source, []).append(str(number))
    sources = sorted(numbers)
    conditions = (f"(_source = ? AND _row IN ({', '.join(numbers[source])}))" for source in sources)
    where = (" OR ".join(conditions) or "FALSE",)
    query = Select(columns(names), view, where=where)
    frame = warehouse.frame(query.sql(), sources)
    index_of = {key: index for index, key in enumerate(keys)}
    order = [index_of[key] for key in zip(frame["_source"], frame["_row"], strict=True)]
    return frame.iloc[np.argsort(order, kind="stable")].reset_index(drop=True)


def count_records(warehouse: Warehouse, programme: str, contract: str, filters: Mapping[str, str]) -> int:
    """Return how many good rows a contract has that pass filters."""
    types = record_columns(warehouse, programme, contract)
    filtered = _filtered(warehouse, programme, types, filters)
    query = Select({"n": "count(*)"}, ident(programme, contract), where=filtered.where)
    ((count,),) = warehouse.rows(query.sql(), filtered.values)
    return int(count)


def _known(types: Mapping[str, str], name: str) -> str:
    if name not in types:
        names = ", ".join(types)
        raise UsageError(f"there is no column '{name}'; the columns are {names}")
    return ident(name)


def _filtered(warehouse: Warehouse, programme: str, types: Mapping[str, str], filters: Mapping[str, str]) -> Filtered:
    """Write which rows pass all filters: a text column holds the text, whatever its case; any other equals it."""
    rows = warehouse.rows('SELECT "column" FROM impact.cut WHERE programme = ?', [programme])
    coded = {name for (name,) in rows}
    conditions = []
    for name in filters:
        column, type_ = _known(types, name), types[name]
        if type_ == "VARCHAR" and name not in coded:
            conditions.append(f"contains(lower({column}), lower(?))")
        else:
            conditions.append(f"{column} = TRY_CAST(? AS {type_})")
    return Filtered(tuple(conditions), list(filters.values()))


def _value_at(
    warehouse: Warehouse, view: str, types: Mapping[str, str], order: str | None, key: Place | None
) -> list[Any]:
    """Return the value of a row in the column of the order, its source and its number; nothing without a row."""
    if key is None:
        return []
    value = _known(types, order) if order else "NULL"
    names = {"value": value, **columns(PLACE)}
    query = Select(names, view, where=("_source = ?", "_row = ?"))
    if rows := warehouse.rows(query.sql(), key):
        return list(rows[0])
    source, number = key
    raise UsageError(f"there is no row {number} of '{source}' here; begin with the first page")


def _stretches(
    types: Mapping[str, str], order: str | None, at: Sequence[Any], *, down: bool, backward: bool
) -> list[Stretch]:
    """Write which rows come after one and their order: those with a value, then those without; backward the opposite.

    Each stretch can be cut by the column's own statistics, which one condition for both could not.
    """
    value, *key = at or (None,)
    further = f"(_source, _row) {'<' if backward else '>'} (?, ?)" if at else "TRUE"
    by_key = tuple(f"{name} {'DESC' if backward else 'ASC'}" for name in PLACE)
    if order is None:
        return [Stretch(further, key, by_key)]
    column = _known(types, order)
    blank = Stretch(f"{column} IS NULL", [], by_key)
    by = (f"{column} {'DESC' if down else 'ASC'}", *by_key)
    valued = Stretch(f"{column} IS NOT NULL", [], by)
    if not at:
        return [blank, valued] if backward else [valued, blank]
    if value is None:
        rest_of_blank = Stretch(f"{column} IS NULL AND {further}", key, by_key)
        return [rest_of_blank, valued] if backward else [rest_of_blank]
    start, sign = f"CAST(? AS {types[order]})", "<" if down else ">"
    condition = f"{column} {sign}= {start} AND ({column} {sign} {start} OR {further})"
    rest_of_valued = Stretch(condition, [value, value, *key], by)
    return [rest_of_valued] if backward else [rest_of_valued, blank]
