"""Quoting for DuckDB: the one place where names and literals become SQL text.

Values travel as parameters wherever DuckDB takes them; :func:`literal` exists for the places that do not
(check predicates compiled into a ``CREATE TABLE AS``).
"""

from __future__ import annotations

import hashlib
import json
import math
from typing import Any

from impact.errors import UsageError


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


def fingerprint(*parts: Any) -> str:
    """Return the SHA-256 of the canonical JSON of the parts (sorted keys, no spaces), in hex.

    Examples
    --------
    >>> fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})
    True
    """
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
