"""``proportion``: share of rows for which a condition holds."""

from __future__ import annotations

from typing import Literal

from impact.declare.base import Condition
from impact.declare.conditions import condition_sql
from impact.declare.contracts import Contract
from impact.formulas.base import ColumnUses, RowFormula
from impact.formulas.kind import Behind, FormulaKind, Samples, Scaled, Summary, never
from impact.formulas.limits import SHARE, Limits, LimitsOf


class Proportion(RowFormula):
    """Share of rows for which a condition holds, among rows where the column is not missing."""

    kind: Literal["proportion"]
    of: Condition

    def columns(self) -> ColumnUses:
        """Return none but that of the condition."""
        return ()

    def conditions(self) -> tuple[Condition, ...]:
        """Return the condition."""
        return (self.of,)

    def value_sql(self, contract: Contract) -> str:
        """Write 1 where the condition holds, 0 where it does not."""
        return indicator_sql(condition_sql(self.of, contract))

    def row_limits(self, column: LimitsOf, *, weighted: bool) -> Limits:
        """Return 0 and 1."""
        return SHARE

    def settling_columns(self) -> tuple[str, ...]:
        """Return none."""
        return ()


def indicator_sql(test: str) -> str:
    """Write 1 where a test holds, 0 where it does not, NULL where it is unknown."""
    return f"CASE WHEN {test} THEN 1.0::DOUBLE WHEN NOT {test} THEN 0.0::DOUBLE END"


KIND = FormulaKind(
    model=Proportion,
    summary=Summary.MEAN,
    samples=Samples.ANY,
    own_cuts=True,
    unknown_waves=False,
    share=True,
    per_person=True,
    scaled=Scaled.AVERAGE,
    parts_add_up=False,
    parts_overlap=False,
    of_all_units=False,
    grows=False,
    of_the_whole=never,
    behind=Behind.SUMMED_ROWS,
)
