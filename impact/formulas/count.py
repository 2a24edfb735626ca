"""``count``: the number of rows."""

from __future__ import annotations

from typing import Literal

from impact.declare.base import Condition
from impact.declare.contracts import Contract
from impact.formulas.base import ONE, ColumnUses, RowsFormula
from impact.formulas.kind import Behind, FormulaKind, Samples, Scaled, Summary, always
from impact.formulas.limits import ANYTHING, NEVER_NEGATIVE, Limits, LimitsOf


class Count(RowsFormula):
    """Number of rows."""

    kind: Literal["count"]

    def columns(self) -> ColumnUses:
        """Return none."""
        return ()

    def conditions(self) -> tuple[Condition, ...]:
        """Return none."""
        return ()

    def ratio_sql(self, contract: Contract) -> tuple[str, str]:
        """Write 1, over 1."""
        return ONE, ONE

    def aggregate_sql(self, y: str, weighted_y: str, weighted_x: str) -> str:
        """Write the sum of ones."""
        return f"sum({weighted_y})"

    def value_limits(self, column: LimitsOf) -> Limits:
        """Return zero below."""
        return NEVER_NEGATIVE

    def row_limits(self, column: LimitsOf, *, weighted: bool) -> Limits:
        """Return none: the value is the count itself."""
        return ANYTHING

    def settling_columns(self) -> tuple[str, ...]:
        """Return none."""
        return ()

    def counts_presence(self, units: tuple[str, ...]) -> bool:
        """Say yes: a unit that is not there is not counted."""
        return True


KIND = FormulaKind(
    model=Count,
    summary=Summary.ROWS,
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
    behind=Behind.ROWS,
)
