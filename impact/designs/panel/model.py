"""Effects in a panel, as they are declared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from impact.declare.base import NumberColumn
from impact.declare.declaration import Declaration
from impact.designs.base import About, Clustered
from impact.designs.problems import inference_problems, panel_error_problems, panel_problems, row_problems
from impact.errors import Problem


class PanelEffects(Clustered):
    """A treatment that switches on and off, or varies in size, over waves: unit and wave effects (TWFE).

    ``covariates`` vary over waves.
    """

    kind: Literal["panel"]
    treatment: NumberColumn
    covariates: tuple[NumberColumn, ...] = ()

    @property
    def about(self) -> About:
        """An effect per person."""
        return About.PERSONS

    def arm_sql(self) -> str | None:
        """Return None: a unit may be treated at one wave and not at another."""
        return None

    def problems(self, at: Declaration) -> Iterator[Problem]:
        """Yield what is wrong with the design: columns, inference, the panel."""
        yield from row_problems(self, at)
        yield from inference_problems(self, at)
        yield from panel_error_problems(self, at, two_way=True)
        yield from panel_problems(self, at)
