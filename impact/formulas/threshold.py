"""``threshold``: share of rows whose score crosses a limit."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from impact.declare.base import Condition
from impact.declare.contracts import Contract
from impact.formulas.base import ColumnUses, RowFormula
from impact.formulas.kind import Behind, FormulaKind, Samples, Scaled, Summary, never
from impact.formulas.limits import SHARE, Limits, LimitsOf
from impact.formulas.mean import Mean
from impact.formulas.proportion import indicator_sql
from impact.formulas.scale import Scale
from impact.sql import literal

_SYMBOLS = {"at_least": ">=", "at_most": "<=", "above": ">", "below": "<"}


class Threshold(RowFormula):
    """Share of rows whose mean or scale score crosses a limit."""

    kind: Literal["threshold"]
    of: Annotated[Mean | Scale, Field(discriminator="kind")]
    at_least: float | None = None
    at_most: float | None = None
    above: float | None = None
    below: float | None = None

    @model_validator(mode="after")
    def _one_limit(self) -> Threshold:
        limits = [name for name in _SYMBOLS if getattr(self, name) is not None]
        if len(limits) != 1:
            raise ValueError("give exactly one of at_least, at_most, above, below")
        return self

    def columns(self) -> ColumnUses:
        """Return those of the score."""
        return self.of.columns()

    def conditions(self) -> tuple[Condition, ...]:
        """Return those of the score."""
        return self.of.conditions()

    def value_sql(self, contract: Contract) -> str:
        """Write 1 where the score crosses the limit, 0 where it does not."""
        symbol, limit = self._limit
        score = self.of.value_sql(contract)
        # a score such as 3 × 0.1 must not miss a limit of 0.3 by its last bit
        rounded = f"round({score}, 9)"
        return indicator_sql(f"{rounded} {symbol} {literal(limit)}")

    @property
    def _limit(self) -> tuple[str, float]:
        """The limit, with the symbol that compares a score to it."""
        name = next(name for name in _SYMBOLS if getattr(self, name) is not None)
        return _SYMBOLS[name], float(getattr(self, name))

    def row_limits(self, column: LimitsOf, *, weighted: bool) -> Limits:
        """Return 0 and 1."""
        return SHARE

    def settling_columns(self) -> tuple[str, ...]:
        """Return none."""
        return ()


KIND = FormulaKind(
    model=Threshold,
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
