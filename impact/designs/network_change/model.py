"""The change of a network, as it is declared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from impact.declare.declaration import Declaration
from impact.designs.base import About, Design
from impact.errors import Problem
from impact.formulas.network.model import TURNOVER, Network


class NetworkChange(Design):
    """How a measure of a network differs between the baseline and the wave looked at: a change, never an effect.

    The bodies of both waves are drawn again together; turnover of ties and their correlation stand beside.
    """

    kind: Literal["network_change"]
    draws: int = Field(default=1000, ge=100, le=100_000)
    seed: int = Field(default=1, ge=0)

    @property
    def about(self) -> About:
        """A network as a whole."""
        return About.NETWORK

    def arm_sql(self) -> str | None:
        """Return None: all bodies of the network are in the programme."""
        return None

    def problems(self, at: Declaration) -> Iterator[Problem]:
        """Yield what a change of a network lacks: a network, and a wave to start from."""
        formula, baseline = at.indicator.formula, at.indicator.ex_ante.baseline
        if not isinstance(formula, Network) or formula.measure in TURNOVER:
            expected = "a network measure that has a value at each wave"
            yield at.problem("network_change compares a network at two waves", "formula", expected)
        if not (baseline and baseline.wave):
            fix = "Name the earlier wave; a network measured once has no change."
            yield at.place.at("ex_ante.baseline.wave").problem(f"'{at.indicator.id}' has no baseline wave", fix=fix)
