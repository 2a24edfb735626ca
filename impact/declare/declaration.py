"""Where a formula or a design is declared: what those need who say what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from impact.declare.location import Location

if TYPE_CHECKING:
    from impact.declare.contracts import Contract
    from impact.declare.indicators import Indicator
    from impact.declare.load import Programme
    from impact.errors import Problem

FILE = "indicators.yaml"


@dataclass(frozen=True)
class Declaration:
    """An indicator in its programme.

    Parameters
    ----------
    programme, indicator
        The programme, and the indicator that declares the formula or design.
    contract
        The contract of the indicator's rows.
    place
        Where the programme declares the indicator, or binds it to a framework's.
    """

    programme: Programme
    indicator: Indicator
    contract: Contract
    place: Location

    @property
    def line(self) -> int | None:
        """Line at which the indicator stands, if known."""
        return self.place.line

    def location(self, field: str) -> Location:
        """Return where a field of the indicator stands, such as ``formula``."""
        return self.place.at(f"{self.indicator.id}.{field}")

    def problem(self, what: str, field: str, expected: str = "", found: str = "", fix: str = "") -> Problem:
        """Return a problem with a field of the indicator, such as ``formula``."""
        return self.location(field).problem(what, expected, found, fix)
