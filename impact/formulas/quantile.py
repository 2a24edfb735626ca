"""``quantile``: of a column; the median by default."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from impact import formulas
from impact.declare.base import ColumnName, Condition
from impact.declare.contracts import Contract
from impact.formulas.base import ONE, ColumnUse, ColumnUses, CountedFormula, PublishedRows
from impact.formulas.kind import Behind, FormulaKind, Samples, Scaled, Summary, never
from impact.formulas.limits import ANYTHING, Limits, LimitsOf
from impact.formulas.measured import REACHED, Measured, ValueCounts
from impact.sql import as_number, literal


class Quantile(CountedFormula):
    """Quantile of a column; the median by default."""

    kind: Literal["quantile"]
    column: ColumnName
    q: float = Field(default=0.5, gt=0, lt=1)

    def columns(self) -> ColumnUses:
        """Return its column."""
        return ((self.column, ColumnUse.NUMBER),)

    def conditions(self) -> tuple[Condition, ...]:
        """Return none."""
        return ()

    def ratio_sql(self, contract: Contract) -> tuple[str, str]:
        """Write the column, over 1."""
        return as_number(self.column), ONE

    def aggregate_sql(self, y: str, weighted_y: str, weighted_x: str) -> str:
        """Write the quantile without weights."""
        return f"quantile_cont({y}, {literal(self.q)})"

    def published_query(self, rows: PublishedRows) -> str:
        """Write the query; with weights, of the smallest value whose cumulated share reaches q."""
        if not rows.indicator.sample.weight:
            return super().published_query(rows)
        share = "sum(w) OVER (PARTITION BY wave ORDER BY y) / sum(w) OVER (PARTITION BY wave)"
        ranked = f"(SELECT *, {share} AS share FROM {self.published_rows(rows)} WHERE y IS NOT NULL)"
        value = f"min(y) FILTER (share >= {literal(self.q * REACHED)})"
        return f"SELECT wave, {value} AS value, count(*) AS n FROM {ranked} GROUP BY wave ORDER BY wave"

    def value_of_counts(self, counts: ValueCounts) -> Measured:
        """Return the quantile with its interval."""
        return formulas.quantile_of_counts(counts, self.q)

    def value_limits(self, column: LimitsOf) -> Limits:
        """Return those of the column."""
        return column(self.column)

    def row_limits(self, column: LimitsOf, *, weighted: bool) -> Limits:
        """Return none: values do not add up."""
        return ANYTHING

    def settling_columns(self) -> tuple[str, ...]:
        """Return its column."""
        return (self.column,)


KIND = FormulaKind(
    model=Quantile,
    summary=Summary.COUNTS,
    samples=Samples.UNCALIBRATED,
    own_cuts=True,
    unknown_waves=False,
    share=False,
    per_person=False,
    scaled=Scaled.NOTHING,
    parts_add_up=False,
    parts_overlap=False,
    of_all_units=False,
    grows=False,
    of_the_whole=never,
    behind=Behind.ROWS,
)
