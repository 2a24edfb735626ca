"""``days``: from one date to another."""

from __future__ import annotations

from typing import Literal

from impact.declare.base import ColumnName, Condition
from impact.declare.contracts import Contract
from impact.formulas.base import ColumnUse, ColumnUses, RowFormula
from impact.formulas.kind import Behind, FormulaKind, Samples, Scaled, Summary, never
from impact.formulas.limits import ANYTHING, Limits, LimitsOf
from impact.sql import ident


class Days(RowFormula):
    """Days from one date to another; negative where ``end`` comes before ``start``, missing where either is."""

    kind: Literal["days"]
    start: ColumnName
    end: ColumnName

    def columns(self) -> ColumnUses:
        """Return the two dates."""
        return (self.start, ColumnUse.DATE), (self.end, ColumnUse.DATE)

    def conditions(self) -> tuple[Condition, ...]:
        """Return none."""
        return ()

    def value_sql(self, contract: Contract) -> str:
        """Write the days of a row."""
        return f"CAST(date_diff('day', {ident(self.start)}, {ident(self.end)}) AS DOUBLE)"

    def row_limits(self, column: LimitsOf, *, weighted: bool) -> Limits:
        """Return none."""
        return ANYTHING

    def settling_columns(self) -> tuple[str, ...]:
        """Return none."""
        return ()


KIND = FormulaKind(
    model=Days,
    summary=Summary.MEAN,
    samples=Samples.ANY,
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
    behind=Behind.SUMMED_ROWS,
)
