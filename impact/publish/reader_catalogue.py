"""A reader's own catalogue: views over the tables in reach, under the names that every query uses.

What is not in reach does not exist there, for whatever query: a page, a filter, an export, a trace.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Iterable, Sequence

import duckdb

from impact.publish.scope import EVERY, EVERYTHING, NONE, PART_ROWS, PERSON_COLUMNS, WHOLE_COLUMNS, Scope
from impact.sql import (
    EVERY_COLUMN,
    Columns,
    Select,
    all_of,
    as_text,
    columns,
    fingerprint,
    ident,
    literal,
    relation,
    replacing,
    with_tables,
)
from impact.store import Warehouse
from impact.store.opening import CATALOG

_building = threading.Lock()
_REACH = """
WITH RECURSIVE tree AS (
  SELECT programme, "column", code, parent FROM warehouse.impact.part UNION
  SELECT programme, "column", code, parent FROM warehouse.impact.label),
below AS (
  SELECT p.programme, a."column", a.code FROM asked a, allowed p
  UNION SELECT t.programme, t."column", t.code
  FROM below b JOIN tree t ON t.programme = b.programme AND t."column" = b."column" AND t.parent = b.code)
FROM below"""


def narrow(warehouse: Warehouse, scope: Scope) -> Warehouse:
    """Return the database as one reader finds it.

    Parameters
    ----------
    warehouse
        Open for reading.
    scope
        What the reader may see. Its catalogue is made once per state of the data and scope, in memory.

    Returns
    -------
    Warehouse
        With a connection of its own, which ends with it.
    """
    if scope == EVERYTHING:
        return warehouse
    reader = copy.copy(warehouse)
    reader.connection = warehouse.cursor()
    runs = reader.rows("FROM impact.run ORDER BY ALL")
    name = f"reader-{fingerprint(runs, scope.key)}"
    with _building:
        if not reader.rows("SELECT 1 FROM duckdb_databases() WHERE database_name = ?", [name]):
            _build(reader, name, scope)
    reader.connection.execute(f"USE {ident(name)}")
    return reader


def _build(warehouse: Warehouse, name: str, scope: Scope) -> None:
    """Make the catalogue, or nothing."""
    connection = warehouse.connection
    connection.execute(f"ATTACH ':memory:' AS {ident(name)}")
    try:
        connection.execute(f"USE {ident(name)}")
        _lists(connection, scope)
        _contracts(warehouse, name, scope)
        _results(warehouse, name, scope)
    except BaseException:
        connection.execute(f"USE {CATALOG}")
        connection.execute(f"DETACH {ident(name)}")
        raise


def _lists(connection: duckdb.DuckDBPyConnection, scope: Scope) -> None:
    """Write what is in reach into tables, which the views look up: no name of a reader's becomes SQL."""
    connection.execute("CREATE TABLE allowed (programme VARCHAR)")
    connection.execute(
        "INSERT INTO allowed SELECT programme FROM warehouse.impact.programme"
        " WHERE $1 IS NULL OR list_contains($1::VARCHAR[], programme)",
        [None if scope.programmes is None else sorted(scope.programmes)],
    )
    connection.execute('CREATE TABLE asked ("column" VARCHAR, code VARCHAR)')
    codes = [(column, code) for column, codes in scope.parts.items() for code in sorted(codes)]
    if codes:
        connection.executemany("INSERT INTO asked VALUES (?, ?)", codes)
    connection.execute(f"CREATE TABLE reach AS {_REACH}")
    connection.execute("CREATE TABLE held (programme VARCHAR, source VARCHAR)")


def _contracts(warehouse: Warehouse, catalog: str, scope: Scope) -> None:
    """Make a view of each contract's rows in reach, and note the files that hold any."""
    views = warehouse.rows(
        "SELECT schema_name, table_name, list(column_name) FROM duckdb_columns() JOIN duckdb_views() v"
        " USING (database_name, schema_name) WHERE v.view_name = table_name AND database_name = ?"
        " AND schema_name IN (FROM allowed) GROUP BY ALL",
        [CATALOG],
    )
    for programme in sorted({programme for programme, _, _ in views}):
        warehouse.connection.execute(f"CREATE SCHEMA {ident(programme)}")
    for programme, contract, names in views:
        view = ident(programme, contract)
        cuts = sorted(scope.parts.keys() & set(names))
        rows = _rows_in_reach(programme, cuts) if scope.parts else EVERY
        warehouse.connection.execute(_view(catalog, view, EVERY_COLUMN, rows))
        if cuts:
            files = Select({"programme": literal(programme), "source": "_source"}, view, distinct=True)
            warehouse.connection.execute(f"INSERT INTO held {files.sql()}")


def _rows_in_reach(programme: str, cuts: Sequence[str]) -> str:
    """Write which rows of a contract belong to a part in reach, by the columns that cut it; none without any."""
    return " OR ".join(_in_reach(programme, column) for column in cuts) or NONE


def _in_reach(programme: str, column: str) -> str:
    where = (f"programme = {literal(programme)}", f'"column" = {literal(column)}')
    codes = Select(columns(["code"]), "reach", where=where)
    return f"{as_text(column)} IN {relation(codes)}"


def _results(warehouse: Warehouse, catalog: str, scope: Scope) -> None:
    """Make a view of each of the engine's tables that :data:`PART_ROWS` names."""
    warehouse.connection.execute("CREATE SCHEMA impact")
    for table, part_rows in PART_ROWS.items():
        conditions = [] if table == "meta" else ["programme IN (FROM allowed)"]
        emptied = list[str]()
        if scope.parts:
            conditions.insert(0, part_rows)
            emptied += WHOLE_COLUMNS.get(table, ())
        if not scope.opens(table):
            emptied += PERSON_COLUMNS.get(table, ())
        view = _view(catalog, ident("impact", table), _emptied(emptied), all_of(conditions))
        warehouse.connection.execute(view)


def _emptied(names: Iterable[str]) -> Columns:
    """Return all columns of a table, some of them without what they hold: of the same type, and null."""
    return replacing({name: f"CASE WHEN FALSE THEN {ident(name)} END" for name in names})


def _view(catalog: str, name: str, shown: Columns, rows: str) -> str:
    """Write a view under the name of the table it is of; what it looks up are the lists of this catalogue."""
    lists = {table: f"(FROM {ident(catalog, 'main', table)})" for table in ("allowed", "reach", "held")}
    query = Select(shown, f"{CATALOG}.{name}", where=(rows,))
    return f"CREATE VIEW {name} AS {with_tables(lists, query)}"
