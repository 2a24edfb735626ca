"""Rows of the engine's tables for tests: what a test does not name is empty, or nothing."""

from __future__ import annotations

from typing import Any, TypeVar

from impact.tables.columns import Column, Record

Row = TypeVar("Row", bound=Record)
EMPTY = {"VARCHAR": "", "VARCHAR[]": (), "BIGINT[]": (), "JSON": "{}", "BOOLEAN": False}


def record(of: type[Row], **fields: Any) -> Row:
    """Return a row of a table."""
    blank = {column.name: _blank(column) for column in of.TABLE.columns.values()}
    return of(**(blank | fields))


def _blank(column: Column) -> object:
    if column.nullable:
        return None
    return "" if column.sentence else EMPTY.get(column.sql, 0)
