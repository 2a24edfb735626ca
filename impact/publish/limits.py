"""Between which ends the value of one row lies, as everybody knows: shares, scales, declared limits, non-negativity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf

import duckdb

from impact.declare import Programme
from impact.declare.contracts import NUMERIC, Contract
from impact.declare.indicators import Indicator
from impact.formulas.base import RowsFormula
from impact.formulas.limits import ANYTHING, Limits
from impact.sql import Select, ident

Columns = Mapping[tuple[str, str], Limits]


def known_limits(
    programme: Programme, connection: duckdb.DuckDBPyConnection, indicators: Sequence[Indicator]
) -> dict[str, Limits]:
    """Return the least and greatest value that a row of each indicator can have.

    A column without a declared least value that holds none below zero is taken for one that cannot: amounts, ages.

    Parameters
    ----------
    programme
        As declared.
    connection
        With the views of good rows in place.
    indicators
        Of whose rows.
    """
    columns: dict[tuple[str, str], Limits] = {}
    for name in dict.fromkeys(indicator.contract for indicator in indicators):
        contract = programme.contracts[name]
        columns |= _columns(programme.id, contract, connection)
    return {indicator.id: _of_indicator(indicator, columns) for indicator in indicators}


def _columns(programme: str, contract: Contract, connection: duckdb.DuckDBPyConnection) -> Columns:
    numeric = {name: column for name, column in contract.columns.items() if column.type in NUMERIC}
    if not numeric:
        return {}
    query = Select({name: f"min({ident(name)}) >= 0" for name in numeric}, ident(programme, contract.id))
    (signs,) = connection.execute(query.sql()).fetchall()
    limits: dict[tuple[str, str], Limits] = {}
    for (name, column), positive in zip(numeric.items(), signs, strict=True):
        lowest = 0.0 if positive else -inf
        low = lowest if column.min is None else column.min
        high = inf if column.max is None else column.max
        limits[contract.id, name] = Limits(low, high)
    return limits


def _of_indicator(indicator: Indicator, columns: Columns) -> Limits:
    """Return the limits of an indicator's rows; with weights, what is left of them where the weight is not known."""
    formula, weighted = indicator.formula, indicator.sample.weight is not None
    if not isinstance(formula, RowsFormula):
        return ANYTHING
    return formula.row_limits(lambda name: columns.get((indicator.contract, name), ANYTHING), weighted=weighted)
