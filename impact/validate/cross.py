"""What one row cannot show: repeated keys and references to rows that do not exist, judged on the good rows."""

from __future__ import annotations

from graphlib import TopologicalSorter

import duckdb
import pandas as pd

from impact.declare.contracts import Contract, ForeignKey
from impact.declare.load import Programme
from impact.sql import (
    ALL,
    EVERY_COLUMN,
    Columns,
    Select,
    alike,
    as_text,
    columns,
    ident,
    literal,
    relation,
    with_tables,
)
from impact.validate.promises import promise_queries
from impact.words.said import Said

EACH_ROW_ONCE, ONE_ROW_PER_KEY = (literal(Said(f"rows.{what}").json()) for what in ("each_once", "one_per_key"))
_OUT = ("source", "ordinal")
"""The columns of the table of rows that are out already."""
COLUMNS = ["source", "ordinal", "column", "rule", "expected", "value"]


def contract_order(programme: Programme) -> list[str]:
    """Return the contracts so that each comes after those its foreign keys refer to."""
    graph = {}
    for contract in programme.contracts.values():
        graph[contract.id] = {key.references for key in contract.foreign_keys}
    return list(TopologicalSorter(graph).static_order())


def cross_reasons(
    connection: duckdb.DuckDBPyConnection, programme: Programme, tables: dict[str, dict[str, str]]
) -> pd.DataFrame:
    """Return the rows that break a key or a foreign key, and targets of what is not there.

    Rows that share a key are all set aside, because nothing says which is right; if they are identical in every
    column, the first stays.

    Parameters
    ----------
    connection
        A database that holds the staged table of every source, with its column ``_bad``.
    programme
        Gives contracts and the order in which they depend on each other.
    tables
        For each contract, the quoted table of each of its sources.

    Returns
    -------
    pandas.DataFrame
        ``source, ordinal, column, rule, expected, value``; ``ordinal`` is the row's place in its file, from 0.
    """
    broken: list[pd.DataFrame] = []
    for name in contract_order(programme):
        contract = programme.contracts[name]
        _good_rows(connection, contract, tables.get(name, {}))
        duplicates = _duplicates(connection, contract)
        _exclude(connection, contract, duplicates)
        orphans = [_orphans(connection, contract, key) for key in contract.foreign_keys]
        for frame in orphans:
            _exclude(connection, contract, frame)
        broken += [duplicates, *orphans]
    broken += _promises(connection, programme)
    for name in programme.contracts:
        connection.execute(f"DROP VIEW IF EXISTS {_view(name)}")
        connection.execute(f"DROP TABLE IF EXISTS {_out(name)}")
    filled = [frame for frame in broken if len(frame)]
    if not filled:
        return pd.DataFrame(columns=COLUMNS)
    return pd.concat(filled, ignore_index=True)


def _promises(connection: duckdb.DuckDBPyConnection, programme: Programme) -> list[pd.DataFrame]:
    """Return the targets of parts that name an indicator or a part which is not there."""
    views = {name: _view(name) for name in programme.contracts}
    return [connection.execute(query.sql()).df() for query in promise_queries(programme, views)]


def _view(contract: str) -> str:
    return ident(f"_good_{contract}")


def _out(contract: str) -> str:
    return ident(f"_out_{contract}")


def _good_rows(connection: duckdb.DuckDBPyConnection, contract: Contract, tables: dict[str, str]) -> None:
    """Make the view of a contract's good rows, and the table of those that are out; both are empty without sources."""
    view, out = _view(contract.id), _out(contract.id)
    queries = [_good(source, table, columns(contract.columns)) for source, table in tables.items()]
    if not queries:
        nothing = {"_source": "''", "_ordinal": "0", **dict.fromkeys(contract.columns, "NULL")}
        queries.append(Select(nothing, where=("FALSE",)))
    rows = " UNION ALL ".join(query.sql() for query in queries)
    is_out = f"EXISTS (FROM {out} AS o WHERE o.source = g._source AND o.ordinal = g._ordinal)"
    query = Select(EVERY_COLUMN, f"({rows}) AS g", where=(f"NOT {is_out}",))
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {out} (source VARCHAR, ordinal BIGINT)")
    connection.execute(f"CREATE OR REPLACE TEMP VIEW {view} AS {query.sql()}")


def _good(source: str, table: str, stored: Columns) -> Select:
    return Select({"_source": literal(source), "_ordinal": "rowid", **stored}, table, where=("NOT _bad",))


def _exclude(connection: duckdb.DuckDBPyConnection, contract: Contract, frame: pd.DataFrame) -> None:
    if frame.empty:
        return
    connection.register("_excluded", frame)
    query = Select(columns(_OUT), "_excluded")
    connection.execute(f"INSERT INTO {_out(contract.id)} {query.sql()}")
    connection.unregister("_excluded")


def _duplicates(connection: duckdb.DuckDBPyConnection, contract: Contract) -> pd.DataFrame:
    values = [f"coalesce({as_text(name)}, '')" for name in contract.key]
    broken = {
        "source": "_source",
        "ordinal": "_ordinal",
        "column": literal(", ".join(contract.key)),
        "rule": "CASE WHEN _identical THEN 'repeated_row' ELSE 'duplicate_key' END",
        "expected": f"CASE WHEN _identical THEN {EACH_ROW_ONCE} ELSE {ONE_ROW_PER_KEY} END",
        "value": " || ', ' || ".join(values),
    }
    several = "NOT _identical OR _place > 1"
    query = Select(broken, "ranked", where=(several,), order=("_source", "_ordinal"))
    return connection.execute(with_tables(_ranked_tables(contract), query)).df()


def _ranked_tables(contract: Contract) -> dict[str, str | Select]:
    """Write the rows whose key stands more than once, each with its rank, and whether all of its key are identical.

    Keys are counted first, so that only the few rows that share one are hashed over all their columns.
    """
    view, key = _view(contract.id), ", ".join(map(ident, contract.key))
    every_column = ", ".join(map(ident, contract.columns))
    repeated = Select(columns(contract.key), view, group=ALL, having="count(*) > 1")
    ranks = {
        "_identical": f"min(_hash) OVER (PARTITION BY {key}) = max(_hash) OVER (PARTITION BY {key})",
        "_place": f"row_number() OVER (PARTITION BY {key} ORDER BY _source, _ordinal)",
    }
    return {
        "repeated": f"MATERIALIZED {relation(repeated)}",
        "rows": Select({"*": "g.*"}, f"{view} g JOIN repeated k ON {alike('g', 'k', contract.key)}"),
        "marked": Select({**EVERY_COLUMN, "_hash": f"hash({every_column})"}, "rows"),
        "ranked": Select({**EVERY_COLUMN, **ranks}, "marked"),
    }


def _orphans(connection: duckdb.DuckDBPyConnection, contract: Contract, key: ForeignKey) -> pd.DataFrame:
    referring = [f"g.{ident(name)}" for name in key.columns]
    referenced = [f"r.{ident(name)}" for name in key.to]
    values = [f"CAST({column} AS VARCHAR)" for column in referring]
    broken = {
        "source": "g._source",
        "ordinal": "g._ordinal",
        "column": literal(", ".join(key.columns)),
        "rule": "'foreign_key'",
        "expected": literal(Said("rows.reference", contract=key.references).json()),
        "value": " || ', ' || ".join(values),
    }
    pairs = zip(referenced, referring, strict=True)
    match = " AND ".join(f"{target} = {column}" for target, column in pairs)
    conditions = [f"{column} IS NOT NULL" for column in referring]
    conditions.append(f"NOT EXISTS (FROM {_view(key.references)} r WHERE {match})")
    query = Select(broken, f"{_view(contract.id)} g", where=tuple(conditions), order=("_source", "_ordinal"))
    return connection.execute(query.sql()).df()
