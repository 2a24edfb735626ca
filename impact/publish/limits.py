"""Between which ends the value of one row lies, as everybody knows: shares, scales, declared limits, non-negativity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf, log

import duckdb

from impact.declare import Programme
from impact.declare.contracts import NUMERIC, Contract
from impact.declare.indicators import Change, Days, Indicator, Proportion, Ratio, Scale, Sum, Threshold
from impact.measure.formula import PerRowFormula
from impact.sql import ident

Limits = tuple[float, float]
FREE: Limits = (-inf, inf)
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
    for name in dict.fromkeys(one.contract for one in indicators):
        columns |= _columns(programme.id, programme.contracts[name], connection)
    return {one.id: _of_indicator(one, columns) for one in indicators}


def _columns(programme: str, contract: Contract, connection: duckdb.DuckDBPyConnection) -> Columns:
    numeric = {name: column for name, column in contract.columns.items() if column.type in NUMERIC}
    if not numeric:
        return {}
    least = ", ".join(f"min({ident(name)}) >= 0" for name in numeric)
    (signs,) = connection.execute(f"SELECT {least} FROM {ident(programme, contract.id)}").fetchall()
    return {
        (contract.id, name): (
            column.min if column.min is not None else 0.0 if positive else -inf,
            column.max if column.max is not None else inf,
        )
        for (name, column), positive in zip(numeric.items(), signs, strict=True)
    }


def _of_indicator(indicator: Indicator, columns: Columns) -> Limits:
    """Return the limits of an indicator's rows; with weights, what is left of them where the weight is not known."""
    formula, contract = indicator.formula, indicator.contract
    if isinstance(formula, Change):
        low, high = _of_row(formula.of, contract, columns)
        return low - high, high - low
    if isinstance(formula, Ratio):
        parts = [columns.get((contract, name), FREE) for name in (formula.numerator, formula.denominator)]
        return (0.0 if all(low >= 0 for low, _ in parts) else -inf), inf
    if isinstance(formula, Sum):
        low, high = columns.get((contract, formula.column), FREE)
        return (0.0 if low >= 0 else -inf, 0.0 if high <= 0 else inf) if indicator.sample.weight else (low, high)
    return _of_row(formula, contract, columns) if isinstance(formula, PerRowFormula) else FREE


def _of_row(formula: PerRowFormula, contract: str, columns: Columns) -> Limits:
    if isinstance(formula, Proportion | Threshold):
        return 0.0, 1.0
    if isinstance(formula, Scale):
        ends = [end * formula.multiply * (len(formula.items) if formula.aggregate == "sum" else 1)
                for end in (formula.low, formula.high)]  # fmt: skip
        return min(ends), max(ends)
    if isinstance(formula, Days):
        return FREE
    limits = columns.get((contract, formula.column), FREE)
    return _logarithm(limits) if formula.transform == "log" else limits


def _logarithm(limits: Limits) -> Limits:
    low, high = (log(end) if end > 0 else -inf for end in limits)
    return low, high
