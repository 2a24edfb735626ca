"""An association, as it is declared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from impact.declare.base import ColumnName, NumberColumn
from impact.declare.declaration import Declaration
from impact.designs.base import About, Clustered
from impact.designs.problems import end_line_problems, error_problems, inference_problems, row_problems
from impact.errors import Problem


class Association(Clustered):
    """How the outcome goes with an exposure, adjusted for covariates: an association, never an effect.

    ``logit`` models a share; ``report`` gives its coefficient or the average marginal effect in shares.
    """

    kind: Literal["association"]
    exposure: NumberColumn
    covariates: tuple[ColumnName, ...] = ()
    model: Literal["linear", "logit"] = "linear"
    report: Literal["coefficient", "marginal_effect"] = "coefficient"

    @property
    def about(self) -> About:
        """An association: nobody was assigned to anything."""
        return About.ASSOCIATION

    def arm_sql(self) -> str | None:
        """Return None: an exposure has no arms."""
        return None

    def problems(self, at: Declaration) -> Iterator[Problem]:
        """Yield what is wrong with the design: columns, inference, the wave looked at."""
        yield from row_problems(self, at)
        if self.model == "logit" and len(self.clusters) > 1:
            yield at.problem("model: logit takes one cluster column", "design.cluster")
        yield from inference_problems(self, at, linear=self.model == "linear")
        yield from error_problems(self, at)
        yield from end_line_problems(at)
