"""By what needs and services are matched: the columns, and the waves at which they stand."""

from __future__ import annotations

from typing import Literal

from impact.declare.contracts import Contract

MatchColumn = Literal["territory", "theme", "target_group"]
MATCH: tuple[MatchColumn, ...] = ("territory", "theme", "target_group")
WAVE = "wave"


def wave_column(contract: Contract) -> str | None:
    """Return the column of waves: the one the contract names, or else the one called ``wave``, which may be blank."""
    return contract.wave or (WAVE if WAVE in contract.columns else None)
