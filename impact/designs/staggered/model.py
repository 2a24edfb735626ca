"""Staggered adoption, as it is declared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from impact.declare.base import Code, CodeColumn, ColumnName
from impact.declare.declaration import Declaration
from impact.designs.base import About, Clustered, arms_sql, equals_sql
from impact.designs.problems import inference_problems, panel_error_problems, panel_problems, row_problems
from impact.errors import Problem
from impact.sql import ident


class Staggered(Clustered):
    """Units take up the programme at different waves and keep it.

    ``cohort`` is the column with the wave in which a unit was first treated, ``never`` its codes for units that never
    are. ``aggregate`` is the average that becomes the finding's effect; the others are listed as terms.
    ``sensitivity: false`` leaves out the bounds for trends that part, which take a second or two.
    """

    kind: Literal["staggered"]
    cohort: CodeColumn
    never: tuple[Code, ...] = ()
    estimator: Literal["callaway_santanna", "sun_abraham", "imputation", "two_stage", "twfe"] = "callaway_santanna"
    control: Literal["never", "not_yet"] = "never"
    adjust: Literal["doubly_robust", "weighting", "regression"] = "doubly_robust"
    covariates: tuple[ColumnName, ...] = ()
    aggregate: Literal["simple", "group", "dynamic", "calendar"] = "simple"
    anticipation: int = Field(default=0, ge=0)
    sensitivity: bool = True

    @property
    def about(self) -> About:
        """An effect per person."""
        return About.PERSONS

    def arm_sql(self) -> str | None:
        """Write the arm of one row: treated at any wave, or never."""
        cohort = ident(self.cohort)
        never = " OR ".join(equals_sql(self.cohort, code) for code in self.never) or f"{cohort} IS NULL"
        return arms_sql(f"NOT ({never})", never)

    def problems(self, at: Declaration) -> Iterator[Problem]:
        """Yield what is wrong with the design: columns, options of the estimator, inference, the panel."""
        yield from row_problems(self, at)
        yield from self._option_problems(at)
        yield from inference_problems(self, at)
        yield from panel_error_problems(self, at, two_way=self.estimator == "twfe")
        yield from panel_problems(self, at)

    def _option_problems(self, at: Declaration) -> Iterator[Problem]:
        if self.estimator == "callaway_santanna":
            return
        chosen = {
            "covariates": bool(self.covariates),
            "anticipation": self.anticipation > 0,
            "aggregate": self.aggregate != "simple",
            "adjust": self.adjust != "doubly_robust",
        }
        for name in (name for name, is_set in chosen.items() if is_set):
            fix = "Remove it, or choose estimator: callaway_santanna."
            yield at.problem(f"estimator: {self.estimator} takes no {name}", f"design.{name}", fix=fix)
