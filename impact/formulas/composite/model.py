"""What is declared of an index of indicators: which, with what weight, between which goalposts, by which mean."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field, model_validator

from impact.declare.base import Code, ColumnName, Condition, Declared, Id
from impact.declare.declaration import Declaration
from impact.errors import Problem
from impact.formulas.base import ColumnUses, FormulaModel, PublishedRows
from impact.formulas.composite.problems import composite_problems
from impact.formulas.limits import ANYTHING, Limits, LimitsOf
from impact.sql import Select, literal


class Component(Declared):
    """One indicator of an index.

    ``polarity`` is negative where more of it is less of what the index measures. ``goalposts`` are the lower and the
    higher value that scores lie between, ``reference`` the value that scores 100 in an ``ampi``.
    """

    indicator: Id
    weight: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    polarity: Literal["positive", "negative"] = "positive"
    goalposts: tuple[float, float] | None = None
    reference: float | None = Field(default=None, allow_inf_nan=False)

    @model_validator(mode="after")
    def _coherent(self) -> Component:
        if self.goalposts is not None and not self.goalposts[0] < self.goalposts[1]:
            raise ValueError("goalposts are the lower and the higher value; polarity says which of them is better")
        if self.goalposts is not None and self.reference is not None:
            raise ValueError("give goalposts or the reference that they lie around")
        return self


class Composite(FormulaModel):
    """An index of the values of several other indicators, for each code of a column, wave by wave.

    ``weighted_mean`` and ``geometric_mean`` are of scores from 0 to 1 between goalposts, or of the values as they are
    where no component has goalposts; a value beyond a goalpost counts as it. ``ampi`` is ISTAT's adjusted
    Mazziotta-Pareto index: scores from 70 to 130 between goalposts, which lie half the range over all codes and waves
    around the ``reference``, less a penalty for imbalance, or plus it where the indicator should decrease. Without
    ``reference`` the value of the whole in the wave ``base`` scores 100.
    """

    kind: Literal["composite"]
    method: Literal["weighted_mean", "geometric_mean", "ampi"]
    units: ColumnName
    components: tuple[Component, ...] = Field(min_length=2)
    base: Code | None = None

    @model_validator(mode="after")
    def _coherent(self) -> Composite:
        with_goalposts = {component.goalposts is not None for component in self.components}
        if self.method == "ampi":
            return self
        if len(with_goalposts) > 1:
            raise ValueError("give goalposts to every component or to none")
        if True not in with_goalposts and any(component.polarity == "negative" for component in self.components):
            raise ValueError("a negative polarity turns scores round: give goalposts")
        if self.base or any(component.reference is not None for component in self.components):
            raise ValueError(f"reference and base go with method: ampi, not {self.method}")
        return self

    def columns(self) -> ColumnUses:
        """Return none: components read columns."""
        return ()

    def conditions(self) -> tuple[Condition, ...]:
        """Return none: components have conditions."""
        return ()

    def indicators(self) -> tuple[str, ...]:
        """Return its components."""
        return tuple(component.indicator for component in self.components)

    def waves(self) -> tuple[str, ...]:
        """Return the wave whose value of the whole scores 100."""
        return (self.base,) if self.base is not None else ()

    @property
    def compares_parts(self) -> bool:
        """An index is what it is beside the others."""
        return True

    def problems(self, at: Declaration) -> Iterator[Problem]:
        """Yield what keeps components from being one index."""
        return composite_problems(self, at)

    def value_limits(self, column: LimitsOf) -> Limits:
        """Return none: scores may lie beyond goalposts."""
        return ANYTHING

    def published_query(self, rows: PublishedRows) -> str:
        """Write the query of what the index is made of: the value of each component in each wave."""
        queries = []
        for name in self.indicators():
            columns = {"component": literal(name), "wave": "wave", "value": "value", "n": "n"}
            queries.append(Select(columns, f"({rows.of(name).query()})").sql())
        return " UNION ALL ".join(queries)
