"""``evaluation.yaml``: what concerns several indicators, or comes before them: families of tests, random assignment."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from impact.declare.base import Code, ColumnName, Condition, Declared, Id


class Family(Declared):
    """Outcomes that are tested together, so that the more are looked at, the harder it is to find one by chance.

    ``romano_wolf`` uses how the outcomes move together, on ``draws`` multiplier draws; the others need p-values only.
    """

    id: Id
    indicators: tuple[Id, ...] = Field(min_length=2)
    method: Literal[
        "romano_wolf", "holm", "hochberg", "hommel", "bonferroni", "benjamini_hochberg", "benjamini_yekutieli"
    ] = "holm"
    draws: int = Field(default=9999, ge=99, le=1_000_000)
    seed: int = Field(default=1, ge=0)


class Assignment(Declared):
    """A draw of who is offered the programme, from the rows of a contract.

    ``strata`` are columns within which the share is kept; ``cluster`` keeps whole groups together. With ``covariates``
    the draw is repeated until the arms are balanced as well as the best ``acceptance`` share of all draws would be.
    """

    id: Id
    contract: Id
    wave: Code | None = None
    where: tuple[Condition, ...] = ()
    share: float = Field(default=0.5, gt=0, lt=1)
    strata: tuple[ColumnName, ...] = ()
    cluster: ColumnName | None = None
    covariates: tuple[ColumnName, ...] = ()
    acceptance: float | None = Field(default=None, gt=0, lt=1)
    seed: int = Field(ge=0)

    @model_validator(mode="after")
    def _coherent(self) -> Assignment:
        if self.acceptance is not None and not self.covariates:
            raise ValueError("acceptance needs covariates to balance")
        return self


class EvaluationFile(Declared):
    """The whole of ``evaluation.yaml``; a programme may do without it."""

    families: tuple[Family, ...] = ()
    assignments: tuple[Assignment, ...] = ()
