"""``mean``: of a column, or of its logarithm."""

from __future__ import annotations

import math
from typing import Literal

from impact.declare.base import ColumnName, Condition
from impact.declare.contracts import Contract
from impact.formulas.base import ColumnUse, ColumnUses, RowFormula
from impact.formulas.kind import Behind, FormulaKind, Samples, Scaled, Summary, never
from impact.formulas.limits import ANYTHING, Limits, LimitsOf
from impact.sql import as_number


class Mean(RowFormula):
    """Mean of a column, or of its natural logarithm; the logarithm of what is not above zero is missing."""

    kind: Literal["mean"]
    column: ColumnName
    transform: Literal["log"] | None = None

    def columns(self) -> ColumnUses:
        """Return its column."""
        return ((self.column, ColumnUse.NUMBER),)

    def conditions(self) -> tuple[Condition, ...]:
        """Return none."""
        return ()

    def value_sql(self, contract: Contract) -> str:
        """Write the column or its logarithm."""
        value = as_number(self.column)
        if self.transform == "log":
            return f"CASE WHEN {value} > 0 THEN ln({value}) END"
        return value

    def value_limits(self, column: LimitsOf) -> Limits:
        """Return those of the column; of a logarithm none are promised."""
        return ANYTHING if self.transform == "log" else column(self.column)

    def row_limits(self, column: LimitsOf, *, weighted: bool) -> Limits:
        """Return those of the column, or their logarithms."""
        limits = column(self.column)
        if self.transform == "log":
            return Limits(_logarithm(limits.low), _logarithm(limits.high))
        return limits

    def settling_columns(self) -> tuple[str, ...]:
        """Return its column."""
        return (self.column,)


def _logarithm(end: float) -> float:
    return math.log(end) if end > 0 else -math.inf


KIND = FormulaKind(
    model=Mean,
    summary=Summary.MEAN,
    samples=Samples.ANY,
    own_cuts=True,
    unknown_waves=False,
    share=False,
    per_person=True,
    scaled=Scaled.AVERAGE,
    parts_add_up=False,
    parts_overlap=False,
    of_all_units=False,
    grows=False,
    of_the_whole=never,
    behind=Behind.SUMMED_ROWS,
)
