"""A declared condition on a column: whether it fits the column, and as SQL."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from impact.declare.base import Condition
from impact.declare.contracts import NUMERIC, Contract
from impact.declare.location import Location
from impact.errors import Problem
from impact.periods import LAST_REPORT
from impact.sql import ident, literal

if TYPE_CHECKING:
    from impact.declare.load import Programme

_SQL_OPERATORS = {
    "at_least": ">=",
    "at_most": "<=",
    "above": ">",
    "below": "<",
    "equals": "=",
    "one_of": "=",
    "not_equals": "<>",
}
_PYTHON_TYPES: Mapping[str, tuple[type, ...]] = {
    "integer": (int, float),
    "number": (int, float),
    "text": (str,),
    "date": (str,),
}


def filter_sql(conditions: Iterable[Condition], contract: Contract, *, last_report: bool) -> str:
    """Write which rows pass all conditions, TRUE where there are none; and are of their unit's ``last_report``."""
    texts = [condition_sql(condition, contract) for condition in conditions]
    if last_report:
        texts.append(ident(LAST_REPORT))
    return " AND ".join(texts) or "TRUE"


def condition_sql(condition: Condition, contract: Contract) -> str:
    """Write a declared condition as SQL; unknown where its column is missing."""
    column, operator, operand = ident(condition.column), condition.operator, condition.operand
    if operator == "is_missing":
        negation = "" if operand else "NOT "
        return f"({column} IS {negation}NULL)"
    values = operand if operator == "one_of" else (operand,)
    if contract.columns[condition.column].type in ("text", "code"):
        values = [str(value) for value in values]
    symbol = _SQL_OPERATORS[operator]
    tests = [f"{column} {symbol} {literal(value)}" for value in values]
    return f"({' OR '.join(tests)})"


def condition_problems(
    programme: Programme, contract: Contract, condition: Condition, at: Location
) -> Iterator[Problem]:
    """Check a condition against the column it names."""
    name, operator, operand = condition.column, condition.operator, condition.operand
    column = contract.columns[name]
    if operator in ("at_least", "at_most", "above", "below") and column.type not in NUMERIC:
        yield at.problem(f"'{operator}' compares numbers, but column '{name}' is {column.type}")
    if operator not in ("equals", "not_equals", "one_of"):
        return
    values = operand if operator == "one_of" else (operand,)
    if column.type == "code" and column.codelist in (None, *programme.codelists):
        codes = programme.column_codes(column)
        expected = ", ".join(codes[:20])
        for value in values:
            if str(value) not in codes:
                yield at.problem(f"column '{name}' has no code '{value}'", expected)
    for value in values:
        if not _fits(value, column.type):
            yield at.problem(f"column '{name}' is {column.type}", column.type, repr(value))


def _fits(value: Any, kind: str) -> bool:
    """Tell whether a value is of the type of a column; of a code, only the codes decide."""
    if kind == "boolean":
        return isinstance(value, bool)
    types = _PYTHON_TYPES.get(kind)
    return types is None or (isinstance(value, types) and not isinstance(value, bool))
