"""Money in ``value.yaml``: currency, prices, rates, numbers from findings; what costs and social return share.

Every figure that somebody states has an origin. What enters a total also says whether it is ``real`` or ``synthetic``:
a figure of which one part is real and another synthetic is refused, see :mod:`impact.value.money`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from impact.declare.base import Declared, Id, Origin, Text

Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
"""An ISO 4217 code such as ``EUR``."""
Year = Annotated[int, Field(ge=1900, le=2200)]
ByYear = Annotated[dict[Year, Annotated[float, Field(gt=0)]], Field(min_length=1)]
"""Numbers above zero by year."""
DataKind = Literal["real", "synthetic"]
Order = Literal["convert_then_inflate", "inflate_then_convert"]
Family = Literal["normal", "triangular", "uniform", "lognormal", "beta"]


class DiscountRate(Declared):
    """The yearly rate, as a share: real, since amounts are at the prices of one year."""

    rate: float = Field(gt=-1, lt=1)
    origin: Origin


class PriceIndex(Declared):
    """A price index of the country of a currency, on any base."""

    currency: Currency
    values: ByYear
    origin: Origin


class ExchangeRate(Declared):
    """Units of the declared currency for one of another."""

    currency: Currency
    values: ByYear
    origin: Origin


class Prices(Declared):
    """What brings amounts to other prices and another currency.

    ``order`` says which comes first where an amount needs both: ``convert_then_inflate`` goes by the index of the
    declared currency, ``inflate_then_convert`` by that of the amount's own.
    """

    order: Order | None = None
    index: tuple[PriceIndex, ...] = ()
    exchange_rates: tuple[ExchangeRate, ...] = ()


class MoneyTerms(Declared):
    """In which currency and at the prices of which year figures are given."""

    currency: Currency
    price_year: Year
    prices: Prices = Prices()


class Reached(Declared):
    """How many an effect is on: the finding of an indicator that counts them, or a number that somebody states."""

    indicator: Id | None = None
    number: float | None = Field(default=None, gt=0)
    kind: DataKind | None = None
    origin: Origin | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Reached:
        stated = (self.number, self.kind, self.origin)
        if (self.indicator is None) == (self.number is None):
            raise ValueError("give either indicator or number")
        if self.indicator is None and None in stated:
            raise ValueError("a number that somebody states has a kind (real or synthetic) and an origin")
        if self.indicator is not None and stated != (None, None, None):
            raise ValueError("kind and origin belong to a number; those of an indicator are its data's")
        return self


class Quantity(Declared):
    """A number of units from a finding: its value, or its effect times the number of those reached.

    Of an effect, what is better counts as more, whichever way the indicator is to go.
    """

    indicator: Id
    of: Literal["value", "effect"]
    reached: Reached | None = None

    @model_validator(mode="after")
    def _reached_with_effect(self) -> Quantity:
        if (self.of == "effect") != (self.reached is not None):
            raise ValueError("reached belongs to an effect: units of it are the effect times the number reached")
        return self


class Distribution(Declared):
    """What is believed of a number that is not known.

    ``normal``: mean, sd. ``triangular``: low, most likely, high. ``uniform``: low, high. ``lognormal``: mean and sd of
    the logarithm. ``beta``: a, b, low, high.
    """

    family: Family
    parameters: tuple[float, ...]


class Titled(MoneyTerms):
    """An entry with a name of its own."""

    id: Id
    title: Text
