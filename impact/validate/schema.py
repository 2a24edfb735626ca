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
    values = frame[condition.column]
    known: pd.Series
    if condition.operator == "is_missing":
        known = (values.isna() == condition.operand).astype("boolean")
        return known
    if condition.operator == "one_of":
        held = values.isin([_like(values, operand) for operand in condition.operand]).astype("boolean")
    else:
        compare = COMPARISONS[_CONDITION_OPERATORS[condition.operator]]
        held = compare(values, _like(values, condition.operand)).astype("boolean")
    known = held.mask(values.isna())
    return known


def _like(values: pd.Series, operand: Any) -> Any:
    return str(operand) if isinstance(values.dtype, pd.StringDtype) else operand


def compare_columns(frame: pd.DataFrame, *, left: str, comparison: str, right: str) -> pd.Series:
    """Pass where the comparison holds or a side is missing."""
    known = frame[left].notna() & frame[right].notna()
    held = COMPARISONS[comparison](frame[left], frame[right]).astype("boolean").fillna(value=False).astype(bool)
    passed: pd.Series = held | ~known
    return passed


def implies(frame: pd.DataFrame, *, when: Condition, then: Condition) -> pd.Series:
    """Pass unless ``when`` holds and ``then`` does not; unknown passes."""
    broken = _holds(frame, when).fillna(value=False) & ~_holds(frame, then).fillna(value=True)
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
    return pa.DataFrameSchema(columns, checks=[_rule(rule) for rule in contract.rules], name=contract.id, ordered=False)


def _with_flags(contract: Contract) -> dict[str, Column]:
    """Return the columns; that of the status, which is read by the letter, takes the flags on the list only."""
    columns = dict(contract.columns)
    if contract.status and columns[contract.status].pattern is None:
        columns[contract.status] = columns[contract.status].model_copy(update={"pattern": SORTED_FLAGS})
    return columns


def _column(programme: Programme, column: Column) -> pa.Column:
    checks: list[pa.Check] = []
    low, high = column.min, column.max
    if column.type in NUMERIC:
        low = -LARGEST if low is None else low
        high = LARGEST if high is None else high
        checks += [pa.Check.ge(low, name="min", error="min"), pa.Check.le(high, name="max", error="max")]
    if column.type == "code":
        checks.append(pa.Check.isin(programme.column_codes(column), name="codes", error="codes"))
    if column.pattern is not None:
        checks.append(
            pa.Check.str_matches(re.compile(f"^(?:{column.pattern})$", re.ASCII), name="pattern", error="pattern")
        )
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
