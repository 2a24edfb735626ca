"""Randomised assignment, as it is declared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import model_validator

from impact.declare.base import CodeColumn, NumberColumn
from impact.declare.declaration import Declaration
from impact.designs.base import Clustered, EndLine
from impact.designs.problems import error_problems, inference_problems, row_problems
from impact.errors import Problem


class Randomised(EndLine, Clustered):
    """Randomised assignment: difference in means, ANCOVA, or Lin's interacted adjustment.

    ``blocks`` is the column within which assignment was drawn; ``take_up`` says who received the programme (0 or 1),
    for the effect on those whom the assignment moved (``estimand: LATE``).
    """

    kind: Literal["randomised"]
    adjustment: Literal["ancova", "lin"] = "ancova"
    blocks: CodeColumn | None = None
    take_up: NumberColumn | None = None
    estimand: Literal["ITT", "LATE"] = "ITT"

    @model_validator(mode="after")
    def _coherent(self) -> Randomised:
        if self.estimand == "LATE" and self.take_up is None:
            raise ValueError("estimand: LATE needs take_up, the column that says who received the programme")
        return self

    @property
    def by_lot(self) -> bool:
        """Whether chance alone decided who was treated: it did."""
        return True

    @property
    def lots(self) -> str | None:
        """Column within whose codes assignment was drawn."""
        return self.blocks

    def problems(self, at: Declaration) -> Iterator[Problem]:
        """Yield what is wrong with the design: arms, adjustment, inference."""
        yield from row_problems(self, at)
        if self.adjustment == "lin" and not self.adjusted:
            yield at.problem("adjustment: lin needs covariates", "design.covariates")
        complete, sampled = self.missing.method == "complete_cases", bool(at.indicator.sample.columns())
        if self.take_up and not complete:
            yield at.problem("take_up goes with complete cases only", "design.missing", "complete_cases")
        two_means = self.adjustment == "ancova" and not self.blocks
        yield from inference_problems(
            self,
            at,
            plain=two_means and not (self.adjusted or self.clusters or sampled),
            by_lot=self.estimand == "ITT" and complete and not sampled,
            linear=two_means and self.estimand == "ITT",
        )
        yield from error_problems(self, at)

    @property
    def adjusted(self) -> bool:
        """Whether the arms are adjusted for anything."""
        return bool(self.covariates or self.covariate_waves)
