"""Numerator and denominator behind the value of a whole programme, so that programmes can be added up."""

from __future__ import annotations

from typing import NamedTuple

import duckdb

from impact.declare import Programme
from impact.declare.indicators import Indicator
from impact.formulas.base import PublishedRows
from impact.formulas.registry import kind_of
from impact.measure.formula import arm_sql, rows_formula, where_sql
from impact.sql import Select, literal


class Sums(NamedTuple):
    """What the rows behind a value come to; None where there is none, or where values of the kind do not add up."""

    numerator: float | None = None
    denominator: float | None = None


def whole_sums(connection: duckdb.DuckDBPyConnection, programme: Programme, indicator: Indicator) -> Sums:
    """Return the sums behind the value that the finding of the whole programme reports.

    The value of a mean, share or ratio is numerator over denominator; of a total it is the numerator.

    Parameters
    ----------
    connection
        Holds the views of the programme's good rows.
    programme, indicator
        As declared: its wave, and the treated where its design has arms.
    """
    summary = kind_of(indicator.formula).summary
    if not summary.additive:
        return Sums()
    rows = rows_formula(indicator).published_rows(_rows(programme, indicator))
    wave = f"wave = {literal(indicator.ex_post.wave)}" if indicator.ex_post.wave else "TRUE"
    sums = {"numerator": "fsum(w * y)", "denominator": "fsum(w * x)"}
    query = Select(sums, rows, where=("y IS NOT NULL", "x IS NOT NULL", "w > 0", wave))
    numerator, denominator = connection.execute(query.sql()).fetchall()[0]
    return Sums(numerator, None if summary.total else denominator)


def _rows(programme: Programme, indicator: Indicator) -> PublishedRows:
    contract = programme.contracts[indicator.contract]
    arm = arm_sql(indicator.ex_post.design)
    conditions = [where_sql(indicator, contract), *([f"({arm}) = 'treated'"] if arm else [])]
    return PublishedRows(programme, indicator, contract, " AND ".join(conditions))
