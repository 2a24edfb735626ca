"""No comparison, as it is declared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from impact.declare.declaration import Declaration
from impact.designs.base import About, Design
from impact.errors import Problem


class BeforeAfter(Design):
    """No comparison: reported as a change, never as an effect."""

    kind: Literal["before_after"]

    @property
    def about(self) -> About:
        """Nothing: there is no comparison."""
        return About.NOTHING

    def arm_sql(self) -> str | None:
        """Return None: there is no comparison."""
        return None

    def problems(self, at: Declaration) -> Iterator[Problem]:
        """Yield nothing: the promise and the waves of the indicator are checked anyway."""
        yield from ()
