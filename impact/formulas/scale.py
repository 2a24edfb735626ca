"""``scale``: the mean or sum of items of a questionnaire."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from impact.declare.base import ColumnName, Condition
from impact.declare.contracts import Contract
from impact.formulas.base import ColumnUse, ColumnUses, RowFormula
from impact.formulas.kind import Behind, FormulaKind, Samples, Scaled, Summary, never
from impact.formulas.limits import Limits, LimitsOf
from impact.sql import as_number, ident, literal


class Scale(RowFormula):
    """Scale score: the mean or sum of items, reversed where declared, times a factor.

    With fewer than ``minimum_answered`` items answered the score is missing; a sum over fewer than all items is
    prorated to the full length. WHO-5 is ``aggregate: sum, multiply: 4``.
    """

    kind: Literal["scale"]
    items: tuple[ColumnName, ...] = Field(min_length=1)
    low: float
    high: float
    reverse: tuple[ColumnName, ...] = ()
    aggregate: Literal["mean", "sum"] = "mean"
    multiply: float = 1.0
    minimum_answered: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _coherent(self) -> Scale:
        if self.low >= self.high:
            raise ValueError("low must be below high")
        if extra := set(self.reverse) - set(self.items):
            raise ValueError(f"reverse names {sorted(extra)}, which are not items")
        if len(set(self.items)) != len(self.items):
            raise ValueError("an item stands twice")
        if self.minimum_answered and self.minimum_answered > len(self.items):
            raise ValueError("minimum_answered is larger than the number of items")
        return self

    def columns(self) -> ColumnUses:
        """Return the items."""
        return tuple((item, ColumnUse.NUMBER) for item in self.items)

    def conditions(self) -> tuple[Condition, ...]:
        """Return none."""
        return ()

    def value_sql(self, contract: Contract) -> str:
        """Write the score of a row; NULL where too few items are answered."""
        answers = [f"CAST({ident(item)} IS NOT NULL AS INTEGER)" for item in self.items]
        values = [f"coalesce({self._item_sql(item)}, 0.0)" for item in self.items]
        answered, total = " + ".join(answers), " + ".join(values)
        needed = self.minimum_answered or len(self.items)
        mean = f"({total}) * {literal(self._factor)} / ({answered})"
        return f"CASE WHEN {answered} >= {needed} THEN {mean} END"

    def _item_sql(self, item: str) -> str:
        both_ends = literal(float(self.low + self.high))
        return f"({both_ends} - {ident(item)})" if item in self.reverse else as_number(item)

    @property
    def _factor(self) -> float:
        """What the mean of the items is multiplied by."""
        return float(self.multiply * self._length)

    @property
    def _length(self) -> int:
        """By how many items a mean is multiplied to be the aggregate."""
        return len(self.items) if self.aggregate == "sum" else 1

    def row_limits(self, column: LimitsOf, *, weighted: bool) -> Limits:
        """Return the ends of the scale."""
        first = self.low * self.multiply * self._length
        second = self.high * self.multiply * self._length
        return Limits(min(first, second), max(first, second))

    def settling_columns(self) -> tuple[str, ...]:
        """Return none: the other items may be answered."""
        return ()


KIND = FormulaKind(
    model=Scale,
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
