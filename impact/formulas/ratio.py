"""``ratio``: the sum of one column over the sum of another."""

from __future__ import annotations

from typing import Literal

from impact.declare.base import ColumnName, Condition
from impact.declare.contracts import Contract
from impact.formulas.base import ColumnUse, ColumnUses, RowsFormula, mean_sql
from impact.formulas.kind import Behind, FormulaKind, Samples, Scaled, Summary, never
from impact.formulas.limits import ANYTHING, NEVER_NEGATIVE, Limits, LimitsOf
from impact.sql import as_number


class Ratio(RowsFormula):
    """Sum of one column over the sum of another; parts aggregate by numerator and denominator."""

    kind: Literal["ratio"]
    numerator: ColumnName
    denominator: ColumnName

    def columns(self) -> ColumnUses:
        """Return both columns."""
        return (self.numerator, ColumnUse.NUMBER), (self.denominator, ColumnUse.NUMBER)

    def conditions(self) -> tuple[Condition, ...]:
        """Return none."""
        return ()

    def ratio_sql(self, contract: Contract) -> tuple[str, str]:
        """Write both columns."""
        return as_number(self.numerator), as_number(self.denominator)

    def aggregate_sql(self, y: str, weighted_y: str, weighted_x: str) -> str:
        """Write the ratio of sums."""
        return mean_sql(weighted_y, weighted_x)

    def value_limits(self, column: LimitsOf) -> Limits:
        """Return zero below where neither column goes below it."""
        limits = (column(self.numerator), column(self.denominator))
        if all(limit.low >= 0 for limit in limits):
            return NEVER_NEGATIVE
        return ANYTHING

    def row_limits(self, column: LimitsOf, *, weighted: bool) -> Limits:
        """Return those of the value."""
        return self.value_limits(column)

    def settling_columns(self) -> tuple[str, ...]:
        """Return both columns."""
        return self.numerator, self.denominator


KIND = FormulaKind(
    model=Ratio,
    summary=Summary.RATIO,
    samples=Samples.ANY,
    own_cuts=True,
    unknown_waves=False,
    share=False,
    per_person=False,
    scaled=Scaled.AVERAGE,
    parts_add_up=False,
    parts_overlap=False,
    of_all_units=False,
    grows=False,
    of_the_whole=never,
    behind=Behind.SUMMED_ROWS,
)
