"""Formulas become SQL expressions over one row of a contract's view; pure text, no database."""

from __future__ import annotations

from impact.declare.conditions import filter_sql
from impact.declare.contracts import Contract
from impact.declare.indicators import Indicator, Sample
from impact.declare.load import Programme
from impact.designs.base import Design
from impact.formulas.base import PublishedRows, RowFormula, RowsFormula
from impact.formulas.registry import kind_of
from impact.tables.part import label_sql


def per_row(indicator: Indicator) -> RowFormula | None:
    """Return the formula that gives each row a value, inside a change too; None for totals and ratios."""
    formula = indicator.formula.at_wave
    return formula if isinstance(formula, RowFormula) else None


def is_share(indicator: Indicator) -> bool:
    """Tell whether the value is a share of rows (each row 0 or 1), not a change of one."""
    return kind_of(indicator.formula).share


def where_sql(indicator: Indicator, contract: Contract) -> str:
    """Write the indicator's filter; TRUE where it has none. Of a stock only the last report of each unit counts."""
    return filter_sql(indicator.where, contract, last_report=indicator.takes_last_report)


def rows_formula(indicator: Indicator) -> RowsFormula:
    """Return the formula of an indicator that counts rows of its contract."""
    if not isinstance(indicator.formula, RowsFormula):
        raise TypeError(f"{indicator.id} counts no rows of its contract")
    return indicator.formula


def ratio_sql(indicator: Indicator, contract: Contract) -> tuple[str, str]:
    """Write numerator and denominator of one row; the value is the ratio of their sums.

    For sums and counts the denominator is 1 and the value is the sum alone.
    """
    return rows_formula(indicator).ratio_sql(contract)


def arm_sql(design: Design | None) -> str | None:
    """Write the arm of one row: ``treated``, ``comparison`` or NULL; None for designs without arms."""
    return design.arm_sql() if design else None


def cluster_sql(sample: Sample) -> str | None:
    """Write the cluster of one row as text, within its stratum: a label that stands in another stratum is another.

    The one place where clusters get their name, for values and effects (R: ``svydesign(nest = TRUE)``). Rows without a
    cluster are one of their own in each stratum. None where the sample has no clusters.
    """
    if not sample.cluster:
        return None
    names = [sample.strata, sample.cluster] if sample.strata else [sample.cluster]
    labels = " || chr(31) || ".join(map(label_sql, names))
    return f"({labels})"


def difference_sql(later: str, earlier: str) -> str:
    """Write a difference without the digits that neither of its terms has: decimals go wrong in the last bits only.

    Doubles carry 15 decimal digits, so those of the difference end where those of its larger term do; 0.3 − 0.1 is
    then 0.2, and equal changes are equal.
    """
    difference = f"({later} - {earlier})"
    larger = f"greatest(abs({later}), abs({earlier}))"
    digits = f"15 - CAST(ceil(log10({larger})) AS INTEGER)"
    # of two zeros there is no logarithm, and nothing to round
    has_digits = f"isfinite({later}) AND isfinite({earlier}) AND ({later} <> 0 OR {earlier} <> 0)"
    rounded = f"round({difference}, least(greatest({digits}, 0), 300))"
    return f"CASE WHEN {has_digits} THEN {rounded} ELSE {difference} END"


def _treated_sql(indicator: Indicator) -> str:
    """Restrict a query to the treated, whose value a finding with a comparison reports."""
    arm = arm_sql(indicator.ex_post.design)
    return f" AND {arm} = 'treated'" if arm else ""


def published_query(programme: Programme, indicator: Indicator, contract: Contract) -> str:
    """Write a query that anyone can run on the database to get the programme-wide value of each wave.

    Of a network it gives the ties, pair by pair.
    """
    where = where_sql(indicator, contract) + _treated_sql(indicator)
    return indicator.formula.published_query(PublishedRows(programme, indicator, contract, where))
