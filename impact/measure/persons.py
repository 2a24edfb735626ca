"""How many persons stand behind each value, where a person may stand in several rows of a wave."""

from __future__ import annotations

import duckdb

from impact.declare.contracts import Contract
from impact.declare.indicators import Indicator
from impact.formulas.kind import Behind
from impact.formulas.registry import kind_of
from impact.measure.formula import arm_sql, ratio_sql, where_sql
from impact.sql import ALL, Select, ident, literal, relation, text_or_blank
from impact.tables.part import label_sql

Cell = tuple[str, str, str, str]
"""Arm, wave, the column that cuts ('' for the whole) and its code."""


def counts_persons(indicator: Indicator, contract: Contract) -> bool:
    """Tell whether the number of rows behind a value is the number of persons.

    It is where each has one row in a wave. Networks and maps are no rows of persons.
    """
    if kind_of(indicator.formula).behind is Behind.OTHER:
        return True
    return {contract.person, contract.wave} >= set(contract.key)


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
    counts: dict[Cell, int] = {}
    for column in ("", *indicator.scope, *indicator.by):
        query = _cut_sql(programme, contract, indicator, column)
        for arm, wave, cut, code, persons in connection.execute(query).fetchall():
            counts[arm, wave, cut, code] = int(persons)
    return counts


def _cut_sql(programme: str, contract: Contract, indicator: Indicator, column: str) -> str:
    """Write the query of persons by arm, wave and code of a column."""
    rows = _valued_rows(programme, contract, indicator, column)
    part_key = {"programme": programme, "indicator": indicator.id, "column": column}
    of_column = tuple(f"{ident(name)} = {literal(value)}" for name, value in part_key.items())
    codes = Select({"code": "code", "held": "unnest(holds)"}, "impact.part", where=of_column)
    cell = {"arm": "arm", "wave": "wave", "column": literal(column), "code": "coalesce(code, label)"}
    # a label that no code holds stands for itself
    joined = f"{relation(rows)} LEFT JOIN {relation(codes)} ON held = label"
    return Select({**cell, "persons": "count(DISTINCT person)"}, joined, group=ALL).sql()


def _valued_rows(programme: str, contract: Contract, indicator: Indicator, column: str) -> Select:
    """Write the rows that give a value, each with its person and its label in a column."""
    row = {
        "arm": arm_sql(indicator.ex_post.design) or "''",
        "wave": text_or_blank(contract.wave),
        "label": label_sql(column) if column else "''",
        "person": ident(contract.person or ""),
    }
    weight = ident(indicator.sample.weight) if indicator.sample.weight else "1"
    valid = [f"{term} IS NOT NULL" for term in ratio_sql(indicator, contract)]
    where = (where_sql(indicator, contract), *valid, f"{weight} > 0")
    return Select(row, ident(programme, contract.id), where=where)
