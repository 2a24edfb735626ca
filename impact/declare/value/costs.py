"""Costs of a programme: which amounts of which contract, at which prices, and per unit of what.

The numbers stand in :mod:`impact.statistics.economics`; the lines in :mod:`impact.value.costs`.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from impact.declare.base import Code, CodeColumn, ColumnName, Condition, Declared, Id, NumberColumn, Origin, Text
from impact.declare.value.money import DiscountRate, Quantity, Titled

Stage = Literal["planned", "committed", "incurred", "declared", "certified"]


class Stated(Declared):
    """What rows say in a column, or what somebody says of all of them."""

    column: ColumnName | None = None
    value: str | int | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Stated:
        if (self.column is None) == (self.value is None):
            raise ValueError("give either column or value")
        return self


class CostRows(Declared):
    """Good rows of a contract with an amount, and what the other columns say of it.

    A blank ``price_year``, ``period``, ``chart``, ``body`` or ``category`` is not stated; what needs it has no figure.
    """

    contract: Id
    where: tuple[Condition, ...] = ()
    amount: NumberColumn
    currency: Stated
    stage: Stated
    price_year: Stated | None = None
    period: Stated | None = None
    chart: CodeColumn | None = None
    body: ColumnName | None = None
    category: ColumnName | None = None


class Discount(DiscountRate):
    """The discount rate, and when in a year its amount falls."""

    timing: Literal["end_of_year", "start_of_year", "mid_year"]


class Capital(Declared):
    """An account of capital goods, charged by the years in which the programme uses them.

    ``life`` is how many years they last, ``used`` how many of those the programme uses them, ``resale`` the share of
    the price that they still fetch after the last.
    """

    account: Code
    life: int = Field(ge=1, le=200)
    used: int = Field(ge=1)
    resale: float = Field(ge=0, lt=1)
    origin: Origin

    @model_validator(mode="after")
    def _used_within_life(self) -> Capital:
        if self.used > self.life:
            raise ValueError("capital goods are used longer than they last")
        return self


class ShadowPrice(Declared):
    """What an account is worth to society for each unit of money that was paid."""

    account: Code
    factor: float = Field(ge=0)
    origin: Origin


class CostError(Declared):
    """Standard error of the cost in money of the declared year, and its correlation with the effect."""

    std_error: float = Field(gt=0)
    correlation: float = Field(ge=-1, le=1)
    origin: Origin


class Worth(Declared):
    """Money that one unit is worth to whoever decides."""

    value: float = Field(ge=0)
    origin: Origin


class Decisions(Declared):
    """How many decisions of this size better data would come in time for, in each year to come."""

    yearly: tuple[float, ...] = Field(min_length=1)
    first_year: Literal["undiscounted", "discounted"]
    origin: Origin


class Per(Quantity):
    """What the cost is given per unit of; ``unit`` is what one of them is called."""

    unit: Text
    thresholds: tuple[Worth, ...] = ()
    decisions: Decisions | None = None

    @model_validator(mode="after")
    def _thresholds_of_effect(self) -> Per:
        if self.thresholds and self.of == "value":
            raise ValueError("thresholds belong to an effect: a value is not what the programme caused")
        if self.decisions is not None and not self.thresholds:
            raise ValueError("decisions need a threshold: without a worth of the effect there is nothing to decide")
        return self


class Costs(Titled):
    """The costs of a programme, from whose perspective they are, and which stage of them is the cost."""

    perspective: Text
    rows: CostRows
    stage: Stage
    discount: Discount | None = None
    capital: tuple[Capital, ...] = ()
    shadow_prices: tuple[ShadowPrice, ...] = ()
    cost_error: CostError | None = None
    per: tuple[Per, ...] = ()
