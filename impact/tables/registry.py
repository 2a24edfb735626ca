"""All tables of the schema ``impact``, in the order of the reference; what makes them, and what describes them.

The layout has a number: a change of a table's types or columns raises it, and :mod:`impact.store.migrations` gets the
step by which an older database follows.
"""

from __future__ import annotations

from collections.abc import Mapping

from impact.sql import ident
from impact.tables import (
    charts,
    declared,
    files,
    finding,
    frameworks,
    milestones,
    monitoring,
    official,
    places,
    process,
    protection,
    results,
    runs,
    titles,
    valuation,
    variables,
)
from impact.tables.columns import Column, Record, Table

SCHEMA = "impact"
MODULES = (
    *(finding, valuation, results, monitoring, charts, milestones, titles, places, process, files),
    *(protection, declared, frameworks, variables, official, runs),
)
"""Where the tables are described, in the order of the reference."""
RECORDS: tuple[type[Record], ...] = tuple(
    record
    for module in MODULES
    for record in vars(module).values()
    if isinstance(record, type) and issubclass(record, Record) and record.__module__ == module.__name__
)
"""Every table that one of the modules describes: to write its class is to add it."""
TABLES: Mapping[str, Table] = {record.TABLE.name: record.TABLE for record in RECORDS}


def create_sql(table: Table) -> str:
    """Write the statement that makes a table where there is none."""
    name = ident(SCHEMA, table.name)
    columns = ", ".join(map(_column_sql, table.columns.values()))
    return f"CREATE TABLE IF NOT EXISTS {name} ({columns})"


def _column_sql(column: Column) -> str:
    clauses = [ident(column.name), column.sql]
    if column.key:
        clauses.append("PRIMARY KEY")
    elif not column.nullable:
        clauses.append("NOT NULL")
    if column.default is not None:
        clauses.append(f"DEFAULT {column.default}")
    return " ".join(clauses)
