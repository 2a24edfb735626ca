"""Difference-in-differences, as it is declared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from impact.declare.base import WaveCode
from impact.declare.declaration import Declaration
from impact.designs.base import Armed, Clustered
from impact.designs.problems import error_problems, inference_problems, person_problems, row_problems
from impact.errors import Problem


class DifferenceInDifferences(Armed, Clustered):
    """Two groups, two waves.

    ``rows: linked`` follows persons seen at both waves, errors clustered by person unless ``cluster`` is given; trends
    may differ by ``covariates`` as they stood at the baseline. ``rows: repeated`` takes different rows at each wave,
    with the covariates of each row. ``placebo_wave`` is an earlier wave: the same estimate
    between it and the baseline should be zero.
    """

    kind: Literal["did"]
    rows: Literal["linked", "repeated"] = "linked"
    placebo_wave: WaveCode | None = None

    def problems(self, at: Declaration) -> Iterator[Problem]:
        """Yield what is wrong with the design: arms, inference, persons to follow, a baseline."""
        linked = self.rows == "linked"
        yield from row_problems(self, at)
        yield from inference_problems(self, at, linear=True)
        yield from error_problems(self, at, linked=linked)
        if linked:
            yield from person_problems(at)
        baseline = at.indicator.ex_ante.baseline
        if baseline is None or baseline.wave is None:
            what = f"'{at.indicator.id}' needs a baseline wave for a did design"
            yield at.place.at("ex_ante.baseline.wave").problem(what)
