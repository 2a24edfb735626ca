"""Reward rules (misure di premialità): alternatives are scored on weighted criteria, which findings give."""

from __future__ import annotations

from pydantic import Field, model_validator

from impact.declare.base import ColumnName, Declared, Id, Origin, Text


class RewardScale(Declared):
    """The value of a criterion that scores 0, the one that scores 1, and who says so; between them it is a line."""

    worst: float = Field(alias="from")
    best: float = Field(alias="to")
    origin: Origin

    @model_validator(mode="after")
    def _has_length(self) -> RewardScale:
        if self.worst == self.best:
            raise ValueError("from and to are two different values")
        return self


class Bounds(Declared):
    """Shares of all weight within which the weight of a criterion is admissible."""

    at_least: float = Field(default=0.0, ge=0, le=1)
    at_most: float = Field(default=1.0, ge=0, le=1)

    @model_validator(mode="after")
    def _in_order(self) -> Bounds:
        if self.at_least > self.at_most:
            raise ValueError("at_least is not above at_most")
        return self


class Criterion(Declared):
    """An indicator whose findings for each alternative count towards the score, by their weight."""

    indicator: Id
    weight: float = Field(ge=0)
    scale: RewardScale
    bounds: Bounds = Bounds()


class RewardRule(Declared):
    """Alternatives, the codes of the column ``by``, scored on criteria; ``origin`` says who set the weights.

    Weights may be points: they are divided by their sum. ``bounds`` are shares of it.
    """

    id: Id
    title: Text
    by: ColumnName
    criteria: tuple[Criterion, ...] = Field(min_length=2)
    origin: Origin

    @model_validator(mode="after")
    def _some_weight(self) -> RewardRule:
        if not any(criterion.weight for criterion in self.criteria):
            raise ValueError("at least one criterion weighs more than 0")
        return self
