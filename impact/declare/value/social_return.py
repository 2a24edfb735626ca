"""Social return on investment: outcomes at proxy values, less what is not due to the programme, over inputs.

The numbers stand in :mod:`impact.statistics.economics`; the lines in :mod:`impact.value.social_return`.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from impact.declare.base import Declared, Id, Origin, Text
from impact.declare.value.money import Currency, DataKind, DiscountRate, Distribution, Quantity, Titled, Year


class StatedAmount(Declared):
    """An amount of money that somebody states."""

    value: float
    currency: Currency
    price_year: Year
    kind: DataKind
    origin: Origin


class Input(StatedAmount):
    """Money put in, valued at the start; unpaid work and goods included."""

    name: Text
    value: float = Field(ge=0)


class Inputs(Declared):
    """What was put in: the economic cost of an entry of ``costs``, or amounts that somebody states."""

    costs: Id | None = None
    stated: tuple[Input, ...] = ()

    @model_validator(mode="after")
    def _one_of_both(self) -> Inputs:
        if (self.costs is None) == (not self.stated):
            raise ValueError("give either costs or stated")
        return self


class Proxy(StatedAmount):
    """Money that one unit is worth in a year, negative where it is a harm; verified if somebody else checked it."""

    unit: Text
    verified: bool
    uncertain: Distribution | None = None


class Share(Declared):
    """A share that is taken off."""

    share: float = Field(ge=0, le=1)
    origin: Origin
    uncertain: Distribution | None = None


class Lasting(Declared):
    """How many years an outcome is counted."""

    years: int = Field(ge=1, le=200)
    origin: Origin


class ValuedOutcome(Quantity):
    """An outcome with its proxy; ``attribution`` is the share due to others.

    Of an effect the comparison group says what would have happened anyway, so that ``deadweight`` belongs to a value.
    """

    id: Id
    title: Text
    proxy: Proxy
    deadweight: Share | None = None
    displacement: Share
    attribution: Share
    drop_off: Share
    duration: Lasting

    @model_validator(mode="after")
    def _deadweight_once(self) -> ValuedOutcome:
        if self.of == "effect" and self.deadweight is not None:
            raise ValueError(
                "deadweight is counted twice: what would have happened anyway is in the comparison group of the effect;"
                " take deadweight out"
            )
        if self.of == "value" and self.deadweight is None:
            raise ValueError("a value needs deadweight: the share that would have happened anyway, 0 only if it is 0")
        return self


class SocialReturn(Titled):
    """A social return on investment."""

    inputs: Inputs
    discount: DiscountRate
    first_year: Literal["discounted", "undiscounted"]
    deductions: Literal["multiplied", "added"]
    outcomes: tuple[ValuedOutcome, ...] = Field(min_length=1)
    seed: int = Field(ge=0)
