"""The check of a column as SQL: the predicate that is true where it fails."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import TypedDict, cast

import duckdb
import pandera.pandas as pa

from impact.declare.base import Condition
from impact.sql import literal


class Statistics(TypedDict, total=False):
    """What a check compares with, as its Pandera check keeps it: those of a column first, then those of a rule."""

    min_value: float
    max_value: float
    allowed_values: list[str]
    pattern: re.Pattern[str] | str
    left: str
    comparison: str
    right: str
    when: Condition
    then: Condition


def statistics_of(check: pa.Check) -> Statistics:
    """Return what a check compares with."""
    return cast("Statistics", dict(check.statistics or {}))


def _ge(expression: str, statistics: Statistics) -> str:
    return f"({expression} < {literal(statistics['min_value'])})"


def _le(expression: str, statistics: Statistics) -> str:
    return f"({expression} > {literal(statistics['max_value'])})"


def _isin(expression: str, statistics: Statistics) -> str:
    # chained comparisons: IN with five or more literals becomes a join, and loses the file's order
    equal = " OR ".join(f"{expression} = {literal(value)}" for value in statistics["allowed_values"])
    return f"(NOT ({equal}))"


def _length(expression: str, statistics: Statistics) -> str:
    return f"(length({expression}) > {literal(statistics['max_value'])})"


def _matches(expression: str, statistics: Statistics) -> str | None:
    pattern = pattern_of(statistics)
    if not _known_to_re2(pattern):
        return None
    return f"(NOT regexp_full_match({expression}, {literal(pattern)}))"


def pattern_of(statistics: Statistics) -> str:
    """Return the pattern of a check of text."""
    pattern = statistics["pattern"]
    return pattern.pattern if isinstance(pattern, re.Pattern) else pattern


@cache
def _known_to_re2(pattern: str) -> bool:
    with duckdb.connect() as connection:
        try:
            connection.execute("SELECT regexp_full_match('', ?)", [pattern]).fetchall()
        except duckdb.Error:
            return False
    return True


_COMPILERS: dict[str, Callable[[str, Statistics], str | None]] = {
    "min": _ge,
    "max": _le,
    "codes": _isin,
    "max_length": _length,
    "pattern": _matches,
}


def compile_check(check: pa.Check, expression: str) -> str | None:
    """Write a column check as the SQL predicate that is true where it fails, or None if SQL cannot say it."""
    return _COMPILERS[str(check.name)](expression, statistics_of(check))
