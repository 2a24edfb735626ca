"""Formulas become SQL expressions over one row of a contract's view; pure text, no database."""

from __future__ import annotations

from impact.declare.contracts import Contract
from impact.declare.designs import (
    ARMS,
    Design,
    RegressionDiscontinuity,
    Staggered,
    SyntheticControl,
)
from impact.declare.indicators import (
    Change,
    Count,
    CountDistinct,
    Days,
    Indicator,
    Mean,
    Proportion,
    Quantile,
    Ratio,
    Sample,
    Scale,
    Sum,
    Threshold,
)
from impact.declare.networks import Network
from impact.sql import ident, literal
from impact.tables.part import label_sql
from impact.validate.compile import condition_sql

PerRowFormula = Mean | Proportion | Scale | Threshold | Days
_LIMITS = {"at_least": ">=", "at_most": "<=", "above": ">", "below": "<"}


def per_row(indicator: Indicator) -> PerRowFormula | None:
    """Return the formula that gives each row a value, inside a change too; None for totals and ratios."""
    formula = indicator.formula.of if isinstance(indicator.formula, Change) else indicator.formula
    return formula if isinstance(formula, PerRowFormula) else None


def is_share(indicator: Indicator) -> bool:
    """Tell whether the value is a share of rows (each row 0 or 1), not a change of one."""
    return isinstance(indicator.formula, Proportion | Threshold)


def value_sql(formula: PerRowFormula, contract: Contract) -> str:
    """Write the value of one row as a DOUBLE expression; NULL where it is missing.

    Parameters
    ----------
    formula
        A formula that has a value per row, not only per cell: mean, proportion, scale, threshold, days.
    contract
        The contract of the rows; gives the types of the columns.
    """
    if isinstance(formula, Mean):
        value = f"CAST({ident(formula.column)} AS DOUBLE)"
        return f"CASE WHEN {value} > 0 THEN ln({value}) END" if formula.transform == "log" else value
    if isinstance(formula, Proportion):
        test = condition_sql(formula.of, contract)
        return f"CASE WHEN {test} THEN 1.0::DOUBLE WHEN NOT {test} THEN 0.0::DOUBLE END"
    if isinstance(formula, Scale):
        return _scale(formula)
    if isinstance(formula, Days):
        return f"CAST(date_diff('day', {ident(formula.start)}, {ident(formula.end)}) AS DOUBLE)"
    name, symbol = next((n, s) for n, s in _LIMITS.items() if getattr(formula, n) is not None)
    # a score such as 3 × 0.1 must not miss a limit of 0.3 by its last bit
    score, limit = f"round({value_sql(formula.of, contract)}, 9)", literal(float(getattr(formula, name)))
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


def arm_sql(design: Design | None) -> str | None:
    """Write the arm of one row: ``treated``, ``comparison`` or NULL; None for designs without arms."""
    if isinstance(design, ARMS):
        tests = (_equals(design.arm, design.treated), _equals(design.arm, design.comparison))
    elif isinstance(design, Staggered):
        never = " OR ".join(_equals(design.cohort, code) for code in design.never) or f"{ident(design.cohort)} IS NULL"
        tests = (f"NOT ({never})", never)
    elif isinstance(design, RegressionDiscontinuity):
        above = f"{ident(design.running)} >= {literal(design.cutoff)}"
        below = f"{ident(design.running)} < {literal(design.cutoff)}"
        tests = (above, below) if design.treated == "at_or_above" else (below, above)
    elif isinstance(design, SyntheticControl):
        codes = ", ".join(literal(code) for code in design.treated_units)
        unit = f"CAST({ident(design.unit)} AS VARCHAR)"
        tests = (f"{unit} IN ({codes})", f"{unit} NOT IN ({codes})")
    else:
        return None
    return f"CASE WHEN {tests[0]} THEN 'treated' WHEN {tests[1]} THEN 'comparison' END"


def cluster_sql(sample: Sample) -> str | None:
    """Write the cluster of one row as text, within its stratum: a label that stands in another stratum is another.

    The one place where clusters get their name, for values and effects (R: ``svydesign(nest = TRUE)``). Rows without a
    cluster are one of their own in each stratum. None where the sample has no clusters.
    """
    names = [name for name in (sample.strata, sample.cluster) if name]
    labels = [label_sql(name) for name in names]
    return f"({' || chr(31) || '.join(labels)})" if sample.cluster else None


def difference_sql(later: str, earlier: str) -> str:
    """Write a difference without the digits that neither of its terms has: decimals go wrong in the last bits only.

    Doubles carry 15 decimal digits, so those of the difference end where those of its larger term do; 0.3 − 0.1 is
    then 0.2, and equal changes are equal.
    """
    digits = f"15 - CAST(ceil(log10(greatest(abs({later}), abs({earlier})))) AS INTEGER)"
    known = f"isfinite({later}) AND isfinite({earlier}) AND ({later} <> 0 OR {earlier} <> 0)"
    exact = f"({later} - {earlier})"
    return f"CASE WHEN {known} THEN round({exact}, least(greatest({digits}, 0), 300)) ELSE {exact} END"


def _equals(column: str, code: str) -> str:
    return f"CAST({ident(column)} AS VARCHAR) = {literal(code)}"


def _treated_sql(indicator: Indicator) -> str:
    """Restrict a query to the treated, whose value a finding with a comparison reports."""
    arm = arm_sql(indicator.ex_post.design)
    return f" AND {arm} = 'treated'" if arm else ""


def query_sql(programme: str, indicator: Indicator, contract: Contract) -> str:
    """Write a query that anyone can run on the database to get the programme-wide value of each wave.

    Of a network it gives the ties, pair by pair.
    """
    view, where = ident(programme, contract.id), where_sql(indicator, contract) + _treated_sql(indicator)
    if isinstance(indicator.formula, Network):
        pair = f"{ident(indicator.formula.source)}, {ident(indicator.formula.target)}"
        wave = f"{ident(contract.wave)} AS wave, " if contract.wave else ""
        return f"SELECT DISTINCT {wave}{pair} FROM {view} WHERE {where} ORDER BY ALL"
    weight = ident(indicator.sample.weight) if indicator.sample.weight else "1"
    numerator, denominator = parts_sql(indicator, contract)
    if isinstance(indicator.formula, Change):
        return _change_query(indicator.formula.since, indicator, contract, f"{numerator} AS y", f"{view} WHERE {where}")
    wave = ident(contract.wave) if contract.wave else "''"
    rows = (
        f"(SELECT {wave} AS wave, {numerator} AS y, {denominator} AS x, CAST({weight} AS DOUBLE) AS w FROM {view}"
        f" WHERE {where})"
    )
    if indicator.formula.kind == "quantile" and indicator.sample.weight:
        share = "sum(w) OVER (PARTITION BY wave ORDER BY y) / sum(w) OVER (PARTITION BY wave)"
        ranked = f"(SELECT *, {share} AS share FROM {rows} WHERE y IS NOT NULL)"
        q = literal(indicator.formula.q * (1 - 1e-12))
        value = f"min(y) FILTER (share >= {q})"
        return f"SELECT wave, {value} AS value, count(*) AS n FROM {ranked} GROUP BY wave ORDER BY wave"
    value = {
        "sum": "sum(w * y)",
        "count": "sum(w * y)",
        "count_distinct": "count(DISTINCT y)",
        "quantile": f"quantile_cont(y, {literal(getattr(indicator.formula, 'q', 0.5))})",
    }.get(indicator.formula.kind, "sum(w * y) / nullif(sum(w * x), 0)")
    given = "y IS NOT NULL AND x IS NOT NULL AND w IS NOT NULL"
    return f"SELECT wave, {value} AS value, count(*) AS n FROM {rows} WHERE {given} GROUP BY wave ORDER BY wave"


def _change_query(since: str, indicator: Indicator, contract: Contract, value: str, rows: str) -> str:
    """Write the mean change of linked persons; filter, arm and weight are those of the earlier wave."""
    person, wave = ident(contract.person or ""), ident(contract.wave or "")
    weight = ident(indicator.sample.weight) if indicator.sample.weight else "1"
    view = rows.split(" WHERE ", 1)[0]
    then = (
        f"(SELECT {person} AS person, {value}, CAST({weight} AS DOUBLE) AS w FROM {rows} AND {wave} = {literal(since)})"
    )
    later = literal(indicator.ex_post.wave or "")
    now = f"(SELECT {person} AS person, {value} FROM {view} WHERE {wave} = {later})"
    return (
        f"SELECT {later} AS wave, sum(a.w * (b.y - a.y)) / sum(a.w) AS value, count(*) AS n"
        f" FROM {then} a JOIN {now} b USING (person) WHERE a.y IS NOT NULL AND b.y IS NOT NULL AND a.w IS NOT NULL"
    )
