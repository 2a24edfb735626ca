"""The rows a design needs: one per unit, with arm, outcome by wave, covariates and clusters."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import pandas as pd

from impact.declare.contracts import Contract
from impact.declare.indicators import Indicator, Sample
from impact.errors import NotEstimable
from impact.formulas.registry import kind_of
from impact.measure.formula import arm_sql, cluster_sql, per_row, ratio_sql, where_sql
from impact.measure.status import letters_sql
from impact.sql import ident, literal
from impact.tables.part import Part, label_sql
from impact.words.said import Said

_ALIKE = "min(x) > 0 AND min(y / x) = max(y / x)"
"""Where all rows have one value, a mean of them is that value, to the last bit."""


def selected_sql(indicator: Indicator, contract: Contract) -> str:
    """Write which rows an indicator looks at; a change selects persons by their row at the earlier wave."""
    where, since = where_sql(indicator, contract), indicator.formula.followed_since
    return where if since is None else f"({ident(contract.wave or '')} <> {literal(since)} OR ({where}))"


def unit_sql(
    programme: str,
    contract: Contract,
    indicator: Indicator,
    columns: Sequence[str],
    *,
    as_text: Sequence[str] = (),
    group: str | None = None,
) -> str:
    """Write the query of the rows a design needs; see :func:`unit_frame` for its columns."""
    formula = per_row(indicator)
    if formula is None:
        raise NotEstimable(Said("values.no_value_per_row", kind=indicator.formula.kind), Said("values.formula_per_row"))
    wave = ident(contract.wave) if contract.wave else "''"
    kinds = ("integer", "number", "boolean")
    numeric = {name for name in columns if contract.columns[name].type in kinds and name not in as_text}
    clusters = indicator.sample.cluster if indicator.sample.cluster in as_text else None
    extra = "".join(
        f", {_nested_sql(indicator.sample)} AS {ident(name)}"
        if name == clusters
        else f", CAST({ident(name)} AS {'DOUBLE' if name in numeric else 'VARCHAR'}) AS {ident(name)}"
        for name in dict.fromkeys(columns)
    )
    if group:
        extra += f", {label_sql(group)} AS _group"
    return (
        f"SELECT {_unit(contract)} AS _unit, CAST({wave} AS VARCHAR) AS _wave,"
        f" {formula.value_sql(contract)} AS _outcome{extra} FROM {ident(programme, contract.id)}"
        f" WHERE {selected_sql(indicator, contract)}"
    )


def _nested_sql(sample: Sample) -> str:
    """Write the sample's cluster within its stratum; NULL stays: effects leave out rows without a cluster."""
    return f"CASE WHEN {ident(sample.cluster or '')} IS NOT NULL THEN {cluster_sql(sample)} END"


def _unit(contract: Contract) -> str:
    """Write what tells units apart: the person, or else the key, whose parts are kept apart by a control character."""
    names = (contract.person,) if contract.person else contract.key
    return f"concat_ws(chr(31), {', '.join(f'CAST({ident(name)} AS VARCHAR)' for name in names)})"


def unit_frame(
    connection: duckdb.DuckDBPyConnection,
    programme: str,
    contract: Contract,
    indicator: Indicator,
    columns: Sequence[str],
    *,
    as_text: Sequence[str] = (),
    group: str | None = None,
) -> pd.DataFrame:
    """Return one row per row of the contract that the indicator's filter selects.

    Returns
    -------
    pandas.DataFrame
        ``_unit`` (the person, or the key where the contract follows nobody), ``_wave`` ('' without waves),
        ``_outcome`` (NaN where missing) and the named columns, numbers as float (unless ``as_text``) and everything
        else as text;
        ``_group`` is the group column as measures label it.
    """
    sql = unit_sql(programme, contract, indicator, columns, as_text=as_text, group=group)
    return connection.execute(f"{sql} ORDER BY _unit, _wave").df()


def wave_values(
    connection: duckdb.DuckDBPyConnection,
    programme: str,
    contract: Contract,
    indicator: Indicator,
    *,
    unit: str | None = None,
    group: tuple[str, Sequence[str]] | None = None,
) -> pd.DataFrame:
    """Return the indicator's value at each wave (and of each unit, a column): the series that designs in time read.

    ``group`` is a column and the labels whose rows belong to the group.

    Returns
    -------
    pandas.DataFrame
        ``_unit`` ('' without one), ``_wave``, ``_value``, ``_status`` (flags of the rows, '' where none).
    """
    numerator, denominator = ratio_sql(indicator, contract)
    total = kind_of(indicator.formula).summary.total
    weight = f"CAST({ident(indicator.sample.weight)} AS DOUBLE)" if indicator.sample.weight else "1.0::DOUBLE"
    where = where_sql(indicator, contract)
    if group:
        column, labels = group
        where += f" AND {Part(column).sql(labels)}"
    value = (
        "fsum(w * y)" if total else f"CASE WHEN {_ALIKE} THEN min(y / x) ELSE fsum(w * y) / nullif(fsum(w * x), 0) END"
    )
    return connection.execute(
        f"SELECT _unit, _wave, {value} AS _value, coalesce(string_agg(s, ''), '') AS _status FROM (SELECT"
        f" {f'CAST({ident(unit)} AS VARCHAR)' if unit else literal('')} AS _unit,"
        f" CAST({ident(contract.wave or '')} AS VARCHAR) AS _wave, {numerator} AS y, {denominator} AS x, {weight} AS w,"
        f" {letters_sql(contract)} AS s"
        f" FROM {ident(programme, contract.id)} WHERE {where})"
        " WHERE y IS NOT NULL AND x IS NOT NULL AND w > 0 GROUP BY ALL ORDER BY ALL"
    ).df()


def treated_cells(
    connection: duckdb.DuckDBPyConnection,
    programme: str,
    contract: Contract,
    indicator: Indicator,
    columns: Sequence[str],
    *,
    wave: str | None,
) -> pd.DataFrame:
    """Return how the treated of an indicator's design are spread over the codes of columns.

    Returns
    -------
    pandas.DataFrame
        The columns as text (None where missing), ``_weight`` the sum of weights and ``_n`` the rows.

    Raises
    ------
    NotEstimable
        If the design tells no treated rows apart.
    """
    arm, sample = arm_sql(indicator.ex_post.design), indicator.sample
    if arm is None:
        raise NotEstimable(Said("values.no_arms_in_design"), Said("values.reach_by_groups"))
    weight = f"CAST({ident(sample.weight)} AS DOUBLE)" if sample.weight else "1.0::DOUBLE"
    at = f" AND CAST({ident(contract.wave)} AS VARCHAR) = {literal(wave)}" if contract.wave and wave else ""
    named = ", ".join(f"CAST({ident(name)} AS VARCHAR) AS {ident(name)}" for name in columns)
    return connection.execute(
        f"SELECT {named}, sum({weight}) AS _weight, count(*) AS _n FROM {ident(programme, contract.id)}"
        f" WHERE {where_sql(indicator, contract)} AND ({arm}) = 'treated'{at} GROUP BY ALL ORDER BY ALL"
    ).df()
