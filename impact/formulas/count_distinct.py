"""``count_distinct``: the number of different values of a column."""

from __future__ import annotations

from typing import Literal

from impact.declare.base import ColumnName, Condition
from impact.declare.contracts import Contract
from impact.formulas.base import ONE, ColumnUse, ColumnUses, CountedFormula
from impact.formulas.kind import Behind, FormulaKind, Samples, Scaled, Summary, always
from impact.formulas.limits import ANYTHING, NEVER_NEGATIVE, Limits, LimitsOf
from impact.formulas.measured import Measured, ValueCounts
from impact.sql import as_text


class CountDistinct(CountedFormula):
    """Number of different values of a column."""

    kind: Literal["count_distinct"]
    column: ColumnName

    def columns(self) -> ColumnUses:
        """Return its column."""
        return ((self.column, ColumnUse.ANY),)

    def conditions(self) -> tuple[Condition, ...]:
        """Return none."""
        return ()

    def ratio_sql(self, contract: Contract) -> tuple[str, str]:
        """Write the column as text, over 1."""
        return as_text(self.column), ONE

    def aggregate_sql(self, y: str, weighted_y: str, weighted_x: str) -> str:
        """Write the number of different values."""
        return f"count(DISTINCT {y})"

    def value_of_counts(self, counts: ValueCounts) -> Measured:
        """Return how many values there are: a complete count."""
        return Measured(float(len(counts.values)))

    def value_limits(self, column: LimitsOf) -> Limits:
        """Return zero below."""
        return NEVER_NEGATIVE

    def row_limits(self, column: LimitsOf, *, weighted: bool) -> Limits:
        """Return none: values do not add up."""
        return ANYTHING

    def settling_columns(self) -> tuple[str, ...]:
        """Return its column."""
        return (self.column,)

    def counts_presence(self, units: tuple[str, ...]) -> bool:
        """Tell whether it counts the units themselves."""
        return self.column in units


KIND = FormulaKind(
    model=CountDistinct,
    summary=Summary.COUNTS,
    samples=Samples.UNCALIBRATED,
    own_cuts=True,
    unknown_waves=False,
    share=False,
    per_person=False,
    scaled=Scaled.NOTHING,
    parts_add_up=True,
    parts_overlap=True,
    of_all_units=True,
    grows=True,
    of_the_whole=always,
    behind=Behind.ROWS,
)
