"""What is declared of a map that lays the services of a territory over its needs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field, model_validator

from impact.declare.base import Condition, Id
from impact.declare.declaration import Declaration
from impact.errors import Problem
from impact.formulas.base import ColumnUse, ColumnUses, FormulaModel, PublishedRows
from impact.formulas.limits import ANYTHING, Limits, LimitsOf
from impact.formulas.territory_map.match import MATCH, MatchColumn, wave_column
from impact.formulas.territory_map.problems import map_problems
from impact.formulas.territory_map.relations import map_query


class TerritoryMap(FormulaModel):
    """Needs against supply: the indicator's contract holds the needs, ``supply`` names the contract of services.

    Needs that agree in the columns of ``match`` are one cell. A service covers a cell when in each of the columns it
    has the same code or one above it in the codelist; where a code of the service lies below, it covers a part only.
    ``coverage`` is the share of cells with a service that covers them, ``partial`` the number with services for a part
    only, ``gaps`` the number without any, ``overlaps`` the number covered by two or more different bodies. With
    ``weight`` each need counts in the coverage by its severity, or by the people who voiced it.
    """

    kind: Literal["territory_map"]
    measure: Literal["coverage", "partial", "gaps", "overlaps"]
    supply: Id
    match: tuple[MatchColumn, ...] = Field(default=MATCH, min_length=1)
    weight: Literal["severity", "voices"] | None = None

    @model_validator(mode="after")
    def _coherent(self) -> TerritoryMap:
        if len(set(self.match)) != len(self.match):
            raise ValueError("match names a column twice")
        if self.weight and self.measure != "coverage":
            raise ValueError(f"weight goes with measure: coverage, not {self.measure}")
        return self

    def columns(self) -> ColumnUses:
        """Return the weight; its problems look at the columns that are matched."""
        return ((self.weight, ColumnUse.NUMBER),) if self.weight else ()

    def conditions(self) -> tuple[Condition, ...]:
        """Return none."""
        return ()

    def contracts(self) -> tuple[str, ...]:
        """Return the contract of the services."""
        return (self.supply,)

    def has_waves(self, at: Declaration) -> bool:
        """Tell whether either side is told apart by wave."""
        supply = at.programme.contracts.get(self.supply)
        if supply is not None and wave_column(supply):
            return True
        return wave_column(at.contract) is not None

    def problems(self, at: Declaration) -> Iterator[Problem]:
        """Yield what is wrong with contracts, columns to match and sample."""
        return map_problems(self, at)

    def value_limits(self, column: LimitsOf) -> Limits:
        """Return none: measures have limits of their own."""
        return ANYTHING

    def published_query(self, rows: PublishedRows) -> str:
        """Write the query of the share or count of each wave."""
        return map_query(self, rows)
