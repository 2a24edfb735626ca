"""Formulas become SQL expressions over one row of a contract's view; pure text, no database."""

from __future__ import annotations

from impact.declare.contracts import Contract
from impact.declare.indicators import (
    Change,
    Count,
    CountDistinct,
    Indicator,
    Mean,
    Proportion,
    Quantile,
    Ratio,
    Scale,
    Sum,
    Threshold,
)
from impact.sql import ident, literal
from impact.validate.compile import condition_sql

PerRowFormula = Mean | Proportion | Scale | Threshold
_LIMITS = {"at_least": ">=", "at_most": "<=", "above": ">", "below": "<"}


def per_row(indicator: Indicator) -> PerRowFormula | None:
    """Return the formula that gives each row a value, inside a change too; None for totals and ratios."""
    formula = indicator.formula.of if isinstance(indicator.formula, Change) else indicator.formula
    return formula if isinstance(formula, Mean | Proportion | Scale | Threshold) else None


def is_share(indicator: Indicator) -> bool:
    """Tell whether the value is a share of rows (each row 0 or 1), not a change of one."""
    return isinstance(indicator.formula, Proportion | Threshold)


def value_sql(formula: PerRowFormula, contract: Contract) -> str:
    """Write the value of one row as a DOUBLE expression; NULL where it is missing.

    Parameters
    ----------
    formula
        A formula that has a value per row.
    contract
        Gives the types of the columns.
    """
    if isinstance(formula, Mean):
        return f"CAST({ident(formula.column)} AS DOUBLE)"
    if isinstance(formula, Proportion):
        test = condition_sql(formula.of, contract)
        return f"CASE WHEN {test} THEN 1.0::DOUBLE WHEN NOT {test} THEN 0.0::DOUBLE END"
    if isinstance(formula, Scale):
        return _scale(formula)
    name, symbol = next((n, s) for n, s in _LIMITS.items() if getattr(formula, n) is not None)
    score, limit = value_sql(formula.of, contract), literal(float(getattr(formula, name)))
    return f"CASE WHEN {score} {symbol} {limit} THEN 1.0::DOUBLE WHEN NOT {score} {symbol} {limit} THEN 0.0::DOUBLE END"


def _scale(scale: Scale) -> str:
    both_ends = literal(float(scale.low + scale.high))
    items = [
        f"({both_ends} - {ident(item)})" if item in scale.reverse else f"CAST({ident(item)} AS DOUBLE)"
        for item in scale.items
    ]
    answered = " + ".join(f"CAST({ident(item)} IS NOT NULL AS INTEGER)" for item in scale.items)
    total = " + ".join(f"coalesce({item}, 0.0)" for item in items)
    factor = scale.multiply * (len(items) if scale.aggregate == "sum" else 1)
    enough = scale.minimum_answered or len(items)
    return f"CASE WHEN {answered} >= {enough} THEN ({total}) * {literal(float(factor))} / ({answered}) END"


def where_sql(indicator: Indicator, contract: Contract) -> str:
    """Write the indicator's filter; TRUE where it has none."""
    return " AND ".join(condition_sql(condition, contract) for condition in indicator.where) or "TRUE"


def parts_sql(indicator: Indicator, contract: Contract) -> tuple[str, str]:
    """Write numerator and denominator of one row; the value is the ratio of their sums.

    For sums and counts the denominator is the text ``1`` and the value is the sum alone.
    """
    formula = indicator.formula
    if isinstance(formula, Ratio):
        return f"CAST({ident(formula.numerator)} AS DOUBLE)", f"CAST({ident(formula.denominator)} AS DOUBLE)"
    if isinstance(formula, Sum | Quantile):
        return f"CAST({ident(formula.column)} AS DOUBLE)", "1.0::DOUBLE"
    if isinstance(formula, Count):
        return "1.0::DOUBLE", "1.0::DOUBLE"
    if isinstance(formula, CountDistinct):
        return f"CAST({ident(formula.column)} AS VARCHAR)", "1.0::DOUBLE"
    row = per_row(indicator)
    assert row is not None  # noqa: S101 - the union of formulas is closed
    return value_sql(row, contract), "1.0::DOUBLE"


def _arm_sql(indicator: Indicator) -> str:
    """Restrict a query to the treated, whose value a finding with a comparison reports."""
    design = indicator.ex_post.design
    if design is None or design.kind == "before_after":
        return ""
    return f" AND {ident(design.arm)} = {literal(design.treated)}"


def query_sql(programme: str, indicator: Indicator, contract: Contract) -> str:
    """Write a query that anyone can run on the database to get the programme-wide value (unweighted)."""
    numerator, denominator = parts_sql(indicator, contract)
    view, formula = ident(programme, contract.id), indicator.formula
    where = where_sql(indicator, contract) + _arm_sql(indicator)
    if isinstance(formula, Change):
        person, wave = ident(contract.person or ""), ident(contract.wave or "")
        then, now = literal(formula.since), literal(indicator.ex_post.wave or "")
        return (
            f"SELECT avg(now_ - then_) AS value, count(now_ - then_) AS n FROM (SELECT {person},"
            f" max(CASE WHEN {wave} = {then} AND ({where}) THEN {numerator} END) AS then_,"
            f" max(CASE WHEN {wave} = {now} THEN {numerator} END) AS now_ FROM {view} GROUP BY {person})"
        )
    value = {
        "sum": "sum(y)",
        "count": "sum(y)",
        "count_distinct": "count(DISTINCT y)",
        "quantile": f"quantile_cont(y, {literal(getattr(formula, 'q', 0.5))})",
    }.get(formula.kind, "sum(y) / nullif(sum(x), 0)")
    if indicator.sample.weight and formula.kind not in ("count_distinct", "quantile"):
        weight = ident(indicator.sample.weight)
        numerator, denominator = f"{weight} * {numerator}", f"{weight} * {denominator}"
    wave_part = f"{ident(contract.wave)} AS wave, " if contract.wave else ""
    return (
        f"SELECT {'wave, ' if wave_part else ''}{value} AS value, count(*) AS n"
        f" FROM (SELECT {wave_part}{numerator} AS y, {denominator} AS x FROM {view}"
        f" WHERE {where}) WHERE y IS NOT NULL AND x IS NOT NULL" + (" GROUP BY wave ORDER BY wave" if wave_part else "")
    )
