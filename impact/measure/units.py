"""The rows a design needs: one per unit, with arm, outcome by wave, covariates and clusters."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import pandas as pd

from impact.declare.contracts import Contract
from impact.declare.indicators import Change, Indicator
from impact.measure.formula import per_row, value_sql, where_sql
from impact.measure.moments import MISSING_GROUP
from impact.sql import ident, literal


def _selected(indicator: Indicator, contract: Contract, wave: str) -> str:
    """Write the filter; a change selects persons by their row at the earlier wave, as its measure does."""
    where = where_sql(indicator, contract)
    if isinstance(indicator.formula, Change):
        return f"({wave} <> {literal(indicator.formula.since)} OR ({where}))"
    return where


def unit_frame(
    connection: duckdb.DuckDBPyConnection,
    programme: str,
    contract: Contract,
    indicator: Indicator,
    columns: Sequence[str],
    *,
    group: str | None = None,
) -> pd.DataFrame:
    """Return one row per row of the contract that the indicator's filter selects.

    Returns
    -------
    pandas.DataFrame
        ``_unit`` (the person), ``_wave`` ('' without waves), ``_outcome`` (NaN where missing) and the named columns,
        numbers as float and everything else as text; ``_group`` is the group column as measures label it.
    """
    formula = per_row(indicator)
    assert formula is not None and contract.person is not None  # noqa: S101, PT018 - checked when declared
    wave = ident(contract.wave) if contract.wave else "''"
    numeric = {name for name in columns if contract.columns[name].type in ("integer", "number", "boolean")}
    extra = "".join(
        f", CAST({ident(name)} AS {'DOUBLE' if name in numeric else 'VARCHAR'}) AS {ident(name)}"
        for name in dict.fromkeys(columns)
    )
    if group:
        extra += f", coalesce(CAST({ident(group)} AS VARCHAR), {literal(MISSING_GROUP)}) AS _group"
    return connection.execute(
        f"SELECT CAST({ident(contract.person)} AS VARCHAR) AS _unit, CAST({wave} AS VARCHAR) AS _wave,"
        f" {value_sql(formula, contract)} AS _outcome{extra} FROM {ident(programme, contract.id)}"
        f" WHERE {_selected(indicator, contract, wave)} ORDER BY _unit, _wave"
    ).df()
