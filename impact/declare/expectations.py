"""What is expected before the outcome is known: prior evidence or judgement, and the assumptions behind power."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, model_validator

from impact.declare.base import Declared, Origin


class Study(Declared):
    """One earlier estimate, in the unit of the indicator."""

    estimate: float
    std_error: float = Field(gt=0)
    origin: Origin


class Evidence(Declared):
    """Earlier studies pooled by random-effects meta-analysis; the forecast is for a new setting like theirs."""

    kind: Literal["evidence"]
    of: Literal["value", "effect"] = "effect"
    studies: tuple[Study, ...] = Field(min_length=3)
    method: Literal["DL", "REML", "PM"] = "REML"


class Elicited(Declared):
    """Quantiles that people who know the field put their name to, fitted by a distribution."""

    kind: Literal["elicited"]
    of: Literal["value", "effect"] = "value"
    family: Literal["normal", "lognormal", "beta", "gamma"] = "normal"
    quantiles: dict[float, float] = Field(min_length=2)
    origin: Origin

    @model_validator(mode="after")
    def _increasing(self) -> Elicited:
        levels = sorted(self.quantiles)
        if not all(0 < level < 1 for level in levels):
            raise ValueError("quantiles are given at levels between 0 and 1, such as 0.05, 0.5 and 0.95")
        values = [self.quantiles[level] for level in levels]
        if any(later <= earlier for earlier, later in pairwise(values)):
            raise ValueError("quantiles must grow with their level")
        return self


Forecast = Annotated[Evidence | Elicited, Field(discriminator="kind")]


class PowerPlan(Declared):
    """What the design is expected to meet: how many, how alike, how many lost, how large an effect.

    ``treated`` and ``comparison`` are persons, or clusters of ``cluster_size`` persons each where the design is
    clustered (series: units of the panel). ``effect``, ``sd`` and ``mean`` are in the unit of the indicator; for
    shares ``mean`` is the share without the programme and ``sd`` follows from it. ``autocorrelation`` is between the
    waves of a person, or of a series. ``take_up`` and ``attrition`` are shares.
    """

    outcome: Literal["scale", "binary", "count"] = "scale"
    effect: float
    mean: float = 0.0
    sd: float | None = Field(default=None, gt=0)
    treated: int = Field(ge=1)
    comparison: int = Field(ge=0)
    cluster_size: int = Field(default=1, ge=1)
    icc: float = Field(default=0.0, ge=0, lt=1)
    waves_before: int = Field(default=1, ge=0)
    waves_after: int = Field(default=1, ge=1)
    autocorrelation: float = Field(default=0.0, ge=0, lt=1)
    explained: float = Field(default=0.0, ge=0, lt=1)
    attrition: float = Field(default=0.0, ge=0, lt=1)
    take_up: float = Field(default=1.0, gt=0, le=1)
    alpha: float = Field(default=0.05, gt=0, lt=0.5)
    power: float = Field(default=0.8, gt=0.5, lt=1)
    replications: int = Field(default=500, ge=50, le=100_000)
    seed: int = Field(default=1, ge=0)
    origin: Origin | None = None

    @model_validator(mode="after")
    def _spread_is_known(self) -> PowerPlan:
        ends = (self.mean, self.mean + self.effect)
        if self.outcome == "scale" and self.sd is None:
            raise ValueError("a scale needs sd, the standard deviation between persons")
        if self.outcome == "binary" and not all(0 < end < 1 for end in ends):
            raise ValueError("for a share, mean and mean + effect lie between 0 and 1")
        if self.outcome == "count" and not all(end > 0 for end in ends):
            raise ValueError("for a count, mean and mean + effect are above 0")
        if self.icc and self.cluster_size == 1:
            raise ValueError("icc needs cluster_size above 1")
        return self
