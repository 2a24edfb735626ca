"""Matching, as it is declared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from impact.declare.base import ColumnName
from impact.declare.declaration import Declaration
from impact.designs.base import EndLine
from impact.designs.problems import row_problems, weight_problems
from impact.errors import Problem


class Matching(EndLine):
    """Treated persons are compared with untreated ones like them.

    ``method`` is nearest neighbours by propensity score or Mahalanobis distance, subclasses of the propensity score,
    or coarsened exact matching, in which ``exact`` columns are not coarsened. ``caliper`` is in standard deviations
    of the propensity score; ``bias_adjusted`` takes out what differs within nearest pairs by a regression.
    """

    kind: Literal["matching"]
    covariates: tuple[ColumnName, ...] = Field(min_length=1)
    method: Literal["nearest", "subclasses", "coarsened"] = "nearest"
    distance: Literal["propensity", "mahalanobis"] = "propensity"
    ratio: int = Field(default=1, ge=1, le=10)
    replacement: bool = False
    caliper: float | None = Field(default=None, gt=0)
    bias_adjusted: bool = False
    exact: tuple[ColumnName, ...] = ()
    subclasses: int = Field(default=5, ge=2, le=50)
    r2_max: float | None = Field(default=None, gt=0, le=1)

    def problems(self, at: Declaration) -> Iterator[Problem]:
        """Yield what is wrong with the design: arms, clusters, weights."""
        yield from row_problems(self, at)
        if at.indicator.sample.cluster:
            fix = "Choose kind: weighting, which takes clusters."
            yield at.problem("matching takes no sampled clusters", "sample.cluster", fix=fix)
        yield from weight_problems(self, at)
