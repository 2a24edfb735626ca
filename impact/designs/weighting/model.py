"""Weighting, as it is declared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field, model_validator

from impact.declare.base import ColumnName
from impact.declare.declaration import Declaration
from impact.designs.base import EndLine
from impact.designs.problems import row_problems
from impact.errors import Problem


class Weighting(EndLine):
    """Arms are made alike in the covariates by weights, or by weights and a model of the outcome (``aipw``).

    ``propensity: known`` takes the estimated weights as given in the error, as survey software does. ``r2_max`` is
    the R² that Oster's check supposes if hidden causes were known; by default 1.3 times that of the covariates.
    """

    kind: Literal["weighting"]
    cluster: ColumnName | None = None
    covariates: tuple[ColumnName, ...] = Field(min_length=1)
    method: Literal["ipw", "entropy", "aipw"] = "aipw"
    estimand: Literal["ATT", "ATE"] = "ATT"
    propensity: Literal["estimated", "known"] = "estimated"
    r2_max: float | None = Field(default=None, gt=0, le=1)

    @model_validator(mode="after")
    def _coherent(self) -> Weighting:
        if self.method == "entropy" and self.estimand == "ATE":
            raise ValueError("entropy balancing gives the ATT; choose ipw or aipw for the ATE")
        if self.propensity == "known" and self.method == "entropy":
            raise ValueError("propensity: known goes with method: ipw or aipw")
        return self

    @property
    def clusters(self) -> tuple[str, ...]:
        """Column of the clusters, if any."""
        return (self.cluster,) if self.cluster else ()

    def problems(self, at: Declaration) -> Iterator[Problem]:
        """Yield what is wrong with the design: its arms."""
        yield from row_problems(self, at)
