"""What is declared of a value that is reckoned from the values of two other indicators."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field, model_validator

from impact.declare.base import Condition, Id
from impact.declare.declaration import Declaration
from impact.errors import Problem
from impact.formulas.base import ColumnUses, FormulaModel, PublishedRows
from impact.formulas.derived.problems import operand_problems
from impact.formulas.limits import ANYTHING, SHARE, Limits, LimitsOf
from impact.sql import Select


class Derived(FormulaModel):
    """A value of the values of two other indicators of the programme, part by part and wave by wave.

    ``difference`` is the first less the second; ``ratio`` the first over the second; ``share_of`` a total over that of
    which it is a part; ``per_head`` a total over a population. ``factor`` multiplies, such as 1000 for "per thousand".
    ``independent`` says why operands of several contracts share no unit, without which their covariance is not known
    and there is no interval.
    """

    kind: Literal["derived"]
    operation: Literal["ratio", "difference", "share_of", "per_head"]
    operands: tuple[Id, Id]
    factor: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    independent: str | None = Field(default=None, min_length=1)

    @model_validator(mode="after")
    def _coherent(self) -> Derived:
        if self.operation == "share_of" and self.factor != 1:
            raise ValueError("a share_of lies within 0 and 1 and takes no factor; unit share is shown as a percentage")
        return self

    def columns(self) -> ColumnUses:
        """Return none: operands read columns."""
        return ()

    def conditions(self) -> tuple[Condition, ...]:
        """Return none: operands have conditions."""
        return ()

    def indicators(self) -> tuple[str, ...]:
        """Return its operands."""
        return self.operands

    @property
    def total_of_totals(self) -> bool:
        """A difference of totals is a total."""
        return self.operation == "difference"

    def problems(self, at: Declaration) -> Iterator[Problem]:
        """Yield what keeps the values of its operands from being put together."""
        return operand_problems(at, "formula.operands")

    def value_limits(self, column: LimitsOf) -> Limits:
        """Return those of a share; of others none are promised."""
        return SHARE if self.operation == "share_of" else ANYTHING

    def published_query(self, rows: PublishedRows) -> str:
        """Write the query of the value of each wave, of those of its operands."""
        first, second = (rows.of(name) for name in self.operands)
        together = "a.wave = b.wave" if second.contract.wave else "TRUE"
        factor = "" if self.factor == 1 else f"{self.factor!r} * "
        quotient = "a.value / nullif(b.value, 0)"
        value = "(a.value - b.value)" if self.operation == "difference" else quotient
        pairs = f"({first.query()}) a LEFT JOIN ({second.query()}) b ON {together}"
        columns = {"wave": "a.wave", "value": factor + value, "n": "a.n"}
        return Select(columns, pairs, order=("a.wave",)).sql()
