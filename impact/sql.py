"""SQL for DuckDB: the one place where names, literals and clauses become text.

Values travel as parameters wherever DuckDB takes them; :func:`literal` exists for the places that do not
(check predicates compiled into a ``CREATE TABLE AS``). A query that never changes is text where it is used; one that
is put together is a :class:`Select`.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from impact.errors import UsageError

Columns = Mapping[str, str]
"""Expressions by the name that they have in the result. The name ``*`` takes its expression as it stands."""
EVERY_COLUMN: Columns = {"*": "*"}
ALL = ("ALL",)
"""What to group or order by: every column that is no aggregate."""
PLAIN = re.compile(r"[a-z_][a-z0-9_]*")
"""Names that need no quotes as aliases."""
OR = re.compile(r"\bOR\b", re.IGNORECASE)


def ident(*parts: str) -> str:
    """Quote a possibly qualified identifier.

    Parameters
    ----------
    *parts
        Name parts, outermost first; each is quoted on its own.

    Examples
    --------
    >>> ident("nsw", 'odd"name')
    '"nsw"."odd""name"'
    """
    if any("\x00" in part for part in parts):
        raise UsageError("a name holds a NUL character")
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts)


def literal(value: str | int | float | bool | None) -> str:
    """Write a Python scalar as a SQL literal.

    Raises
    ------
    UsageError
        If the value is a NaN, an infinity, or text with a NUL character.

    Examples
    --------
    >>> literal("it's"), literal(3), literal(None)
    ("'it''s'", '3', 'NULL')
    """
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise UsageError(f"{value} has no SQL literal")
        return f"CAST({value!r} AS DOUBLE)"
    if "\x00" in value:
        raise UsageError("a text literal holds a NUL character")
    return "'" + value.replace("'", "''") + "'"


def as_text(name: str) -> str:
    """Write a column as text.

    Examples
    --------
    >>> as_text("age")
    'CAST("age" AS VARCHAR)'
    """
    return f"CAST({ident(name)} AS VARCHAR)"


def text_or_blank(name: str | None) -> str:
    """Write a column as text; the empty text where there is no such column, as in data without waves."""
    return as_text(name) if name else "''"


def as_number(name: str) -> str:
    """Write a column as a floating-point number."""
    return f"CAST({ident(name)} AS DOUBLE)"


def columns(names: Iterable[str], of: str = "") -> Columns:
    """Return columns under their own names; ``of`` is what a join calls the table they stand in.

    Examples
    --------
    >>> columns(["rule"], of="b")
    {'rule': 'b."rule"'}
    """
    table = f"{of}." if of else ""
    return {name: f"{table}{ident(name)}" for name in names}


def text_columns(names: Iterable[str]) -> Columns:
    """Return columns as text, under their own names."""
    return {name: as_text(name) for name in names}


def replacing(replaced: Columns, of: str = "*") -> Columns:
    """Return all columns of a table, some of them with another expression under their name.

    Examples
    --------
    >>> Select(replacing({"age": "NULL"}), "persons").sql()
    'SELECT * REPLACE (NULL AS "age") FROM persons'
    """
    listed = ", ".join(f"{expression} AS {ident(name)}" for name, expression in replaced.items())
    return {"*": f"{of} REPLACE ({listed})" if replaced else of}


@dataclass(frozen=True)
class Select:
    """A query of one relation, put together from expressions.

    Parameters
    ----------
    columns
        What it returns, in order.
    source
        The relation: a quoted table, a join, or another query; none for a row of values.
    where
        Conditions, of which all must hold.
    group, order
        Expressions; :data:`ALL` for every column.
    having
        Condition on groups.
    limit
        The most rows it returns.
    distinct
        Whether rows that are alike are returned once.

    Examples
    --------
    >>> young = Select(columns(["id"]), ident("p", "persons"), where=("age < 18", "a OR b"))
    >>> young.sql()
    'SELECT "id" FROM "p"."persons" WHERE age < 18 AND (a OR b)'
    >>> Select({"n": "count(*)"}, young).sql()
    'SELECT count(*) AS n FROM (SELECT "id" FROM "p"."persons" WHERE age < 18 AND (a OR b))'
    """

    columns: Columns
    source: str | Select = ""
    where: tuple[str, ...] = ()
    group: tuple[str, ...] = ()
    having: str = ""
    order: tuple[str, ...] = ()
    limit: int | None = None
    distinct: bool = False

    def sql(self) -> str:
        """Write it."""
        verb = "SELECT DISTINCT" if self.distinct else "SELECT"
        text = f"{verb} {_listed(self.columns)}"
        text += _clause("FROM", relation(self.source))
        text += _clause("WHERE", all_of(self.where) if self.where else "")
        text += _clause("GROUP BY", ", ".join(self.group))
        text += _clause("HAVING", self.having)
        text += _clause("ORDER BY", ", ".join(self.order))
        return text + _clause("LIMIT", "" if self.limit is None else str(self.limit))


def _clause(keyword: str, text: str) -> str:
    return f" {keyword} {text}" if text else ""


def _listed(expressions: Columns) -> str:
    return ", ".join(_column(name, expression) for name, expression in expressions.items())


def _column(name: str, expression: str) -> str:
    """Write an expression with its alias, if it needs one; behind AS every plain word may stand unquoted."""
    alias = name if PLAIN.fullmatch(name) else ident(name)
    return expression if name == "*" or expression in (alias, ident(name)) else f"{expression} AS {alias}"


def relation(source: str | Select) -> str:
    """Write what stands behind FROM or JOIN: a query in brackets, a table as it is."""
    return source if isinstance(source, str) else f"({source.sql()})"


def all_of(conditions: Iterable[str]) -> str:
    """Write that all conditions hold, those with an OR in them in brackets; TRUE without any.

    Examples
    --------
    >>> all_of(["a", "b OR c"]), all_of([])
    ('a AND (b OR c)', 'TRUE')
    """
    listed = list(conditions)
    return " AND ".join(map(_bracketed, listed) if len(listed) > 1 else listed) or "TRUE"


def _bracketed(condition: str) -> str:
    """Write a condition so that an AND beside it takes nothing out of it: an OR alone binds less."""
    return f"({condition})" if OR.search(condition) else condition


def alike(one: str, other: str, names: Iterable[str]) -> str:
    """Write that two tables of a join agree in columns, a missing value in both included."""
    return " AND ".join(f"{one}.{ident(name)} IS NOT DISTINCT FROM {other}.{ident(name)}" for name in names)


def with_tables(tables: Mapping[str, str | Select], query: Select) -> str:
    """Write a query with those it reads from, by the name it calls them; each may read those before it."""
    listed = ", ".join(f"{name} AS {relation(table)}" for name, table in tables.items())
    return f"WITH {listed} {query.sql()}"


def delete(table: str, *where: str) -> str:
    """Write that the rows of a table that fulfil all conditions are deleted."""
    return f"DELETE FROM {table} WHERE {all_of(where)}"


def update(table: str, values: Columns, *where: str) -> str:
    """Write that columns get new values in the rows of a table that fulfil all conditions."""
    changes = ", ".join(f"{ident(name)} = {expression}" for name, expression in values.items())
    return f"UPDATE {table} SET {changes} WHERE {all_of(where)}"


def insert_row(table: str, width: int) -> str:
    """Write that a row of so many parameters is inserted into a table."""
    return f"INSERT INTO {table} VALUES ({', '.join('?' * width)})"


def fingerprint(*parts: Any) -> str:
    """Return the SHA-256 of the canonical JSON of the parts (sorted keys, no spaces), in hex.

    Examples
    --------
    >>> fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})
    True
    """
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
