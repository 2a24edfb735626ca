"""The formula that lays the services of a territory over its needs; part of ``indicators.yaml``."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from impact.declare.base import Declared, Id
from impact.declare.contracts import Contract

MatchColumn = Literal["territory", "theme", "target_group"]
MATCH: tuple[MatchColumn, ...] = ("territory", "theme", "target_group")
WAVE = "wave"


class TerritoryMap(Declared):
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


def wave_column(contract: Contract) -> str | None:
    """Return the column of waves: the one the contract names, or else the one called ``wave``, which may be blank."""
    return contract.wave or (WAVE if WAVE in contract.columns else None)
