"""How many persons stand behind each value, where a person may stand in several rows of a wave."""

from __future__ import annotations

import duckdb

from impact.declare.contracts import Contract
from impact.declare.indicators import Indicator
from impact.formulas.kind import Behind
from impact.formulas.registry import kind_of
from impact.measure.formula import arm_sql, ratio_sql, where_sql
from impact.sql import ident, literal
from impact.tables.part import label_sql

Cell = tuple[str, str, str, str]
"""Arm, wave, the column that cuts ('' for the whole) and its code."""


def counts_persons(indicator: Indicator, contract: Contract) -> bool:
    """Tell whether the number of rows behind a value is the number of persons.

    It is where each has one row in a wave. Networks and maps are no rows of persons.
    """
    once = {contract.person, contract.wave} >= set(contract.key)
    return once or kind_of(indicator.formula).behind is Behind.OTHER


def person_counts(
    connection: duckdb.DuckDBPyConnection, programme: str, contract: Contract, indicator: Indicator
) -> dict[Cell, int]:
    """Count the persons behind each value of an indicator.

    Parameters
    ----------
    connection
        Holds the views of the programme's good rows, and the codes that the indicator is cut by in ``impact.part``.
    programme
        Id of the programme, which is the schema of its views of good rows.
    contract
        The contract of the rows that are counted.
    indicator
        The indicator; its columns and cuts say which rows count, and in which cells.
    """
    cuts = ("", *indicator.scope, *indicator.by)
    found = [
        row
        for column in cuts
        for row in connection.execute(_cut_sql(programme, contract, indicator, column)).fetchall()
    ]
    return {(arm, wave, column, code): int(persons) for arm, wave, column, code, persons in found}


def _cut_sql(programme: str, contract: Contract, indicator: Indicator, column: str) -> str:
    label = label_sql(column) if column else "''"
    valid = [where_sql(indicator, contract), *(f"{part} IS NOT NULL" for part in ratio_sql(indicator, contract))]
    weight = ident(indicator.sample.weight) if indicator.sample.weight else "1"
    valid.append(f"{weight} > 0")
    wave = f"CAST({ident(contract.wave)} AS VARCHAR)" if contract.wave else "''"
    arm = arm_sql(indicator.ex_post.design) or "''"
    rows = (
        f"SELECT {arm} AS arm, {wave} AS wave, {label} AS label, {ident(contract.person or '')} AS person"
        f" FROM {ident(programme, contract.id)} WHERE {' AND '.join(valid)}"
    )
    codes = (
        "SELECT code, unnest(holds) AS held FROM impact.part WHERE programme = "
        f'{literal(programme)} AND indicator = {literal(indicator.id)} AND "column" = {literal(column)}'
    )
    return (
        f"SELECT arm, wave, {literal(column)}, coalesce(code, label) AS code, count(DISTINCT person)"
        f" FROM ({rows}) LEFT JOIN ({codes}) ON held = label GROUP BY ALL"
    )
