"""Regression discontinuity, as it is declared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from impact.declare.base import ColumnName, NumberColumn
from impact.declare.declaration import Declaration
from impact.designs.base import About, Design, arms_sql
from impact.designs.problems import end_line_problems, row_problems, weight_problems
from impact.errors import Problem
from impact.sql import ident, literal


class RegressionDiscontinuity(Design):
    """The programme went to those on one side of a cutoff of a running variable.

    Without ``bandwidth`` it is chosen by ``selection``. ``take_up`` makes the design fuzzy.
    """

    kind: Literal["regression_discontinuity"]
    running: NumberColumn
    cutoff: float
    treated: Literal["at_or_above", "below"] = "at_or_above"
    order: int = Field(default=1, ge=0, le=4)
    kernel: Literal["triangular", "uniform", "epanechnikov"] = "triangular"
    bandwidth: float | None = Field(default=None, gt=0)
    selection: Literal["mserd", "msetwo", "cerrd"] = "mserd"
    local_errors: Literal["nn", "HC0", "HC1", "HC2", "HC3"] = "nn"
    mass_points: Literal["adjust", "off"] = "adjust"
    covariates: tuple[ColumnName, ...] = ()
    take_up: NumberColumn | None = None
    cluster: ColumnName | None = None
    report: Literal["robust", "conventional"] = "robust"

    @property
    def clusters(self) -> tuple[str, ...]:
        """Column of the clusters, if any."""
        return (self.cluster,) if self.cluster else ()

    @property
    def about(self) -> About:
        """An effect per person, of those near the cutoff."""
        return About.PERSONS

    def arm_sql(self) -> str | None:
        """Write the arm of one row, by the side of the cutoff it lies on."""
        above = f"{ident(self.running)} >= {literal(self.cutoff)}"
        below = f"{ident(self.running)} < {literal(self.cutoff)}"
        return arms_sql(above, below) if self.treated == "at_or_above" else arms_sql(below, above)

    def problems(self, at: Declaration) -> Iterator[Problem]:
        """Yield what is wrong with the design: columns, weights, the wave looked at."""
        yield from row_problems(self, at)
        yield from weight_problems(self, at)
        yield from end_line_problems(at)
