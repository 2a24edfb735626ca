"""What one row cannot show: repeated keys and references to rows that do not exist, judged on the good rows."""

from __future__ import annotations

from collections.abc import Sequence
from graphlib import TopologicalSorter

import duckdb
import pandas as pd

from impact.declare.contracts import Contract
from impact.declare.load import Programme
from impact.sql import ident, literal
from impact.words.said import Said

EACH_ROW_ONCE, ONE_ROW_PER_KEY = (literal(Said(f"rows.{what}").json()) for what in ("each_once", "one_per_key"))
COLUMNS = ["source", "ordinal", "column", "rule", "expected", "value"]


def contract_order(programme: Programme) -> list[str]:
    """Return the contracts so that each comes after those its foreign keys refer to."""
    graph = {c.id: {key.references for key in c.foreign_keys} for c in programme.contracts.values()}
    return list(TopologicalSorter(graph).static_order())


def cross_reasons(
    connection: duckdb.DuckDBPyConnection, programme: Programme, tables: dict[str, dict[str, str]]
) -> pd.DataFrame:
    """Return the rows that break a key or a foreign key.

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
    found: list[pd.DataFrame] = []
    for name in contract_order(programme):
        contract = programme.contracts[name]
        _good_rows(connection, contract, tables.get(name, {}))
        duplicates = _duplicates(connection, contract)
        _exclude(connection, contract, duplicates)
        orphans = [_orphans(connection, contract, key.columns, key.references, key.to) for key in contract.foreign_keys]
        for frame in orphans:
            _exclude(connection, contract, frame)
        found += [duplicates, *orphans]
    for name in programme.contracts:
        connection.execute(f"DROP VIEW IF EXISTS {_view(name)}")
        connection.execute(f"DROP TABLE IF EXISTS {_out(name)}")
    filled = [frame for frame in found if len(frame)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=COLUMNS)


def _view(contract: str) -> str:
    return ident(f"_good_{contract}")


def _out(contract: str) -> str:
    return ident(f"_out_{contract}")


def _good_rows(connection: duckdb.DuckDBPyConnection, contract: Contract, tables: dict[str, str]) -> None:
    columns = ", ".join(ident(name) for name in contract.columns)
    nothing = ", ".join(f"NULL AS {ident(name)}" for name in contract.columns)
    parts = [
        f"SELECT {literal(source)} AS _source, rowid AS _ordinal, {columns} FROM {table} WHERE NOT _bad"
        for source, table in tables.items()
    ] or [f"SELECT '' AS _source, 0 AS _ordinal, {nothing} WHERE FALSE"]
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {_out(contract.id)} (source VARCHAR, ordinal BIGINT)")
    connection.execute(
        f"CREATE OR REPLACE TEMP VIEW {_view(contract.id)} AS SELECT * FROM ({' UNION ALL '.join(parts)}) AS g"
        f" WHERE NOT EXISTS (FROM {_out(contract.id)} AS o WHERE o.source = g._source AND o.ordinal = g._ordinal)"
    )


def _exclude(connection: duckdb.DuckDBPyConnection, contract: Contract, frame: pd.DataFrame) -> None:
    if len(frame):
        connection.register("_excluded", frame)
        connection.execute(f"INSERT INTO {_out(contract.id)} SELECT source, ordinal FROM _excluded")
        connection.unregister("_excluded")


def _duplicates(connection: duckdb.DuckDBPyConnection, contract: Contract) -> pd.DataFrame:
    key = ", ".join(ident(name) for name in contract.key)
    whole = ", ".join(ident(name) for name in contract.columns)
    shown = " || ', ' || ".join(f"coalesce(CAST({ident(name)} AS VARCHAR), '')" for name in contract.key)
    same = " AND ".join(f"g.{ident(name)} IS NOT DISTINCT FROM k.{ident(name)}" for name in contract.key)
    return connection.execute(
        f"WITH repeated AS MATERIALIZED (SELECT {key} FROM {_view(contract.id)} GROUP BY ALL HAVING count(*) > 1),"
        f" rows AS (SELECT g.* FROM {_view(contract.id)} g JOIN repeated k ON {same}),"
        f" marked AS (SELECT *, hash({whole}) AS _hash FROM rows),"
        f" ranked AS (SELECT *, min(_hash) OVER same = max(_hash) OVER same AS _identical,"
        f" row_number() OVER (PARTITION BY {key} ORDER BY _source, _ordinal) AS _place FROM marked"
        f" WINDOW same AS (PARTITION BY {key}))"
        f" SELECT _source AS source, _ordinal AS ordinal, '{', '.join(contract.key)}' AS \"column\","
        " CASE WHEN _identical THEN 'repeated_row' ELSE 'duplicate_key' END AS rule,"
        f" CASE WHEN _identical THEN {EACH_ROW_ONCE} ELSE {ONE_ROW_PER_KEY} END AS expected,"
        f" {shown} AS value FROM ranked WHERE NOT _identical OR _place > 1 ORDER BY _source, _ordinal"
    ).df()


def _orphans(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    columns: Sequence[str],
    references: str,
    to: Sequence[str],
) -> pd.DataFrame:
    pairs = list(zip(columns, to, strict=True))
    match = " AND ".join(f"r.{ident(there)} = g.{ident(here)}" for here, there in pairs)
    given = " AND ".join(f"g.{ident(here)} IS NOT NULL" for here in columns)
    shown = " || ', ' || ".join(f"CAST(g.{ident(here)} AS VARCHAR)" for here in columns)
    expected = literal(Said("rows.reference", contract=references).json())
    return connection.execute(
        f"SELECT g._source AS source, g._ordinal AS ordinal, '{', '.join(columns)}' AS \"column\","
        f" 'foreign_key' AS rule, {expected} AS expected, {shown} AS value"
        f" FROM {_view(contract.id)} g WHERE {given}"
        f" AND NOT EXISTS (FROM {_view(references)} r WHERE {match}) ORDER BY _source, _ordinal"
    ).df()
