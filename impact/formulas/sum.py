"""``sum``: of a column."""

from __future__ import annotations

import math
from typing import Literal

from impact.declare.base import ColumnName, Condition
from impact.declare.contracts import Contract
from impact.formulas.base import ONE, ColumnUse, ColumnUses, RowsFormula
from impact.formulas.kind import Behind, FormulaKind, Samples, Scaled, Summary, always
from impact.formulas.limits import ANYTHING, NEVER_NEGATIVE, Limits, LimitsOf
from impact.sql import as_number


class Sum(RowsFormula):
    """Sum of a column.

    ``qualifier`` is a code column that says how each figure was stated (exact, about, more_than, at_most); what is
    not exact stays visible on the sum.
    """

    kind: Literal["sum"]
    column: ColumnName
    qualifier: ColumnName | None = None

    @property
    def stated_by(self) -> str | None:
        """The column that says how each figure was stated."""
        return self.qualifier

    def columns(self) -> ColumnUses:
        """Return its column, and the qualifier."""
        summed = (self.column, ColumnUse.NUMBER)
        if self.qualifier is None:
            return (summed,)
        return summed, (self.qualifier, ColumnUse.ANY)

    def conditions(self) -> tuple[Condition, ...]:
        """Return none."""
        return ()

    def ratio_sql(self, contract: Contract) -> tuple[str, str]:
        """Write the column, over 1."""
        return as_number(self.column), ONE

    def aggregate_sql(self, y: str, weighted_y: str, weighted_x: str) -> str:
        """Write the sum."""
        return f"sum({weighted_y})"

    def value_limits(self, column: LimitsOf) -> Limits:
        """Return zero below where the column does not go below it."""
        return NEVER_NEGATIVE if column(self.column).low >= 0 else ANYTHING

    def row_limits(self, column: LimitsOf, *, weighted: bool) -> Limits:
        """Return those of the column; times a weight nobody knows, its sign alone."""
        limits = column(self.column)
        if not weighted:
            return limits
        low = 0.0 if limits.low >= 0 else -math.inf
        high = 0.0 if limits.high <= 0 else math.inf
        return Limits(low, high)

    def settling_columns(self) -> tuple[str, ...]:
        """Return its column."""
        return (self.column,)


KIND = FormulaKind(
    model=Sum,
    summary=Summary.TOTAL,
    samples=Samples.ANY,
    own_cuts=True,
    unknown_waves=False,
    share=False,
    per_person=False,
    scaled=Scaled.TOTAL,
    parts_add_up=True,
    parts_overlap=False,
    of_all_units=True,
    grows=True,
    of_the_whole=always,
    behind=Behind.SUMMED_ROWS,
)
