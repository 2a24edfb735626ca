"""A declared condition on a column: whether it fits the column, and as SQL."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from impact.declare.base import Condition
from impact.declare.contracts import NUMERIC, Contract
from impact.errors import Problem
from impact.sql import ident, literal

if TYPE_CHECKING:
    from impact.declare.load import Programme

_SQL_OPERATORS = {
    "at_least": ">=",
    "at_most": "<=",
    "above": ">",
    "below": "<",
    "equals": "=",
    "not_equals": "<>",
}


def condition_sql(condition: Condition, contract: Contract) -> str:
    """Write a declared condition as SQL; unknown where its column is missing."""
    column, operator, operand = ident(condition.column), condition.operator, condition.operand
    as_text = contract.columns[condition.column].type in ("text", "code")
    if operator == "is_missing":
        return f"({column} IS {'' if operand else 'NOT '}NULL)"
    if operator == "one_of":
        return "(" + " OR ".join(f"{column} = {literal(str(v) if as_text else v)}" for v in operand) + ")"
    return f"({column} {_SQL_OPERATORS[operator]} {literal(str(operand) if as_text else operand)})"


def condition_problems(
    programme: Programme, contract: Contract, condition: Condition, line: int | None, where: str
) -> Iterator[Problem]:
    """Check a condition against the column it names; ``where`` starts with the file."""
    column, operator, operand = contract.columns[condition.column], condition.operator, condition.operand
    file, where = where.split(" ", 1)
    if operator in ("at_least", "at_most", "above", "below") and column.type not in NUMERIC:
        yield Problem(
            f"'{operator}' compares numbers, but column '{condition.column}' is {column.type}",
            file,
            line,
            where,
        )
    if operator not in ("equals", "not_equals", "one_of"):
        return
    values = operand if operator == "one_of" else (operand,)
    if column.type == "code" and column.codelist in (None, *programme.codelists):
        codes = programme.column_codes(column)
        for value in values:
            if str(value) not in codes:
                yield Problem(
                    f"column '{condition.column}' has no code '{value}'",
                    file,
                    line,
                    where,
                    ", ".join(codes[:20]),
                )
    wanted = {"integer": (int, float), "number": (int, float), "boolean": (bool,), "text": (str,), "date": (str,)}.get(
        column.type
    )
    for value in values if wanted else ():
        if not isinstance(value, wanted or ()) or (column.type != "boolean" and isinstance(value, bool)):
            yield Problem(
                f"column '{condition.column}' is {column.type}",
                file,
                line,
                where,
                column.type,
                repr(value),
            )
