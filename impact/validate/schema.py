"""A declared contract becomes a Pandera schema: the one meaning of every check.

:mod:`impact.validate.compile` reads the checks' statistics back from this schema and writes them as SQL;
:mod:`impact.validate.reference` runs the schema itself on pandas.
"""

from __future__ import annotations

import operator
import re
from functools import partial
from typing import Any

import pandas as pd
import pandera.pandas as pa

from impact.declare.base import Condition
from impact.declare.contracts import LARGEST, NUMERIC, SORTED_FLAGS, Column, Contract
from impact.declare.load import Programme

PANDAS_TYPES = {
    "text": "string",
    "code": "string",
    "integer": "Int64",
    "number": "float64",
    "boolean": "boolean",
    "date": "datetime64[us]",
}
COMPARISONS = {
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    ">": operator.gt,
}
_CONDITION_OPERATORS = {
    "at_least": ">=",
    "at_most": "<=",
    "above": ">",
    "below": "<",
    "equals": "==",
    "not_equals": "!=",
}


def _holds(frame: pd.DataFrame, condition: Condition) -> pd.Series:
    """Return True, False or NA per row."""
    values, operand = frame[condition.column], condition.operand
    if condition.operator == "is_missing":
        is_so: pd.Series = (values.isna() == operand).astype("boolean")
        return is_so
    if condition.operator == "one_of":
        options = [_like(values, option) for option in operand]
        result = values.isin(options)
    else:
        compare = COMPARISONS[_CONDITION_OPERATORS[condition.operator]]
        result = compare(values, _like(values, operand))
    judged: pd.Series = result.astype("boolean").mask(values.isna())
    return judged


def _like(values: pd.Series, operand: Any) -> Any:
    return str(operand) if isinstance(values.dtype, pd.StringDtype) else operand


def compare_columns(frame: pd.DataFrame, *, left: str, comparison: str, right: str) -> pd.Series:
    """Pass where the comparison holds or a side is missing."""
    first, second = frame[left], frame[right]
    compare = COMPARISONS[comparison]
    result = compare(first, second).astype("boolean")
    holds = result.fillna(value=False).astype(bool)
    both = first.notna() & second.notna()
    passed: pd.Series = holds | ~both
    return passed


def implies(frame: pd.DataFrame, *, when: Condition, then: Condition) -> pd.Series:
    """Pass unless ``when`` holds and ``then`` does not; unknown passes."""
    premise = _holds(frame, when).fillna(value=False)
    conclusion = _holds(frame, then).fillna(value=True)
    broken = premise & ~conclusion
    passed: pd.Series = ~broken.astype(bool)
    return passed


def to_pandera(programme: Programme, contract: Contract) -> pa.DataFrameSchema:
    """Return the Pandera schema of a contract.

    Column checks are named ``codes``, ``min``, ``max``, ``pattern`` and ``max_length``; rules by their id. Checks
    that only warn raise Pandera warnings.

    Parameters
    ----------
    programme
        The programme, whose codelists the columns of codes name.
    contract
        The contract: columns with their types and limits, and rules over several columns.
    """
    columns = {name: _column(programme, column) for name, column in _with_flags(contract).items()}
    rules = [_rule(rule) for rule in contract.rules]
    return pa.DataFrameSchema(columns, checks=rules, name=contract.id, ordered=False)


def _with_flags(contract: Contract) -> dict[str, Column]:
    """Return the columns; that of the status, which is read by the letter, takes the flags on the list only."""
    columns, name = dict(contract.columns), contract.status
    if name and columns[name].pattern is None:
        columns[name] = columns[name].model_copy(update={"pattern": SORTED_FLAGS})
    return columns


def _column(programme: Programme, column: Column) -> pa.Column:
    checks: list[pa.Check] = []
    low, high = column.min, column.max
    if column.type in NUMERIC:
        low = -LARGEST if low is None else low
        high = LARGEST if high is None else high
        checks.append(pa.Check.ge(low, name="min", error="min"))
        checks.append(pa.Check.le(high, name="max", error="max"))
    if column.type == "code":
        codes = programme.column_codes(column)
        checks.append(pa.Check.isin(codes, name="codes", error="codes"))
    if column.pattern is not None:
        pattern = re.compile(f"^(?:{column.pattern})$", re.ASCII)
        checks.append(pa.Check.str_matches(pattern, name="pattern", error="pattern"))
    if column.max_length is not None:
        checks.append(pa.Check.str_length(max_value=column.max_length, name="max_length", error="max_length"))
    for check in checks:
        check.raise_warning = check.name in column.warn
    return pa.Column(PANDAS_TYPES[column.type], checks=checks, nullable=not column.required)


def _rule(rule: Any) -> pa.Check:
    warn = rule.severity == "warning"
    if rule.kind == "compare":
        compared = {"left": rule.left, "comparison": rule.operator, "right": rule.right}
        return pa.Check(partial(compare_columns, **compared), name=rule.id, statistics=compared, raise_warning=warn)
    implied = {"when": rule.when, "then": rule.then}
    return pa.Check(partial(implies, **implied), name=rule.id, statistics=implied, raise_warning=warn)
