"""Contracts that pay for outcomes, as rules: what counts, from where on it is paid, caps, dates and the outlay.

What was not published is left out; whatever depends on it is then not recomputable, and says so.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field, model_validator

from impact.declare.base import Code, ColumnName, Date, Declared, Id, Origin, Text, last_day

Counted = Literal["value", "effect", "achievement", "relative_increase", "relative_reduction"]


class Term(Declared):
    """A figure of the contract, with who published or agreed it."""

    value: float
    origin: Origin


def _not_negative(term: Term) -> Term:
    if term.value < 0:
        raise ValueError("the value is 0 or more")
    return term


def _above_zero(term: Term) -> Term:
    if term.value <= 0:
        raise ValueError("the value is above 0")
    return term


Amount: TypeAlias = Annotated[Term, AfterValidator(_not_negative)]
Size: TypeAlias = Annotated[Term, AfterValidator(_above_zero)]


class Against(Declared):
    """What a relative change is held against: the finding of another indicator, for the same cohort."""

    indicator: Id


class Metric(Declared):
    """What is paid for: a figure of the finding of an indicator, and the price of a unit of it.

    ``counted`` is ``value``; ``effect``, as a design estimated it; ``achievement``, the value over its target;
    ``relative_reduction`` or ``relative_increase``, as a share of what stands in ``against``: the ``baseline`` or
    ``comparison`` of the finding, or another indicator. ``trigger`` is the result from which on anything is paid.
    Units are counted from ``counted_from``: 0 pays all, the trigger only what lies beyond it. ``weight`` multiplies
    the tariff.
    """

    id: Id
    title: Text
    indicator: Id
    counted: Counted = "value"
    against: Literal["baseline", "comparison"] | Against | None = None
    better: Literal["higher", "lower"] = "higher"
    trigger: Term | None = None
    tariff: Amount | None = None
    counted_from: float | None = None
    weight: Amount | None = None
    most_units: Amount | None = None

    @model_validator(mode="after")
    def _coherent(self) -> Metric:
        relative = self.counted.startswith("relative")
        if relative != (self.against is not None):
            raise ValueError("against goes with relative_reduction and relative_increase, and they need it")
        if (self.tariff is None) != (self.counted_from is None):
            raise ValueError("tariff and counted_from go together: a price, and the result from which units count")
        return self


class Cohort(Declared):
    """A part of the programme that is judged and paid by itself, in the order in which cohorts are paid.

    ``code`` is its code in ``cohort_column``. Where cohorts are waves, ``indicators`` names for each metric the
    indicator that looks at the cohort's wave. ``final`` is the day on which its results were published or settled,
    where that is not the day of the indicators; results at hand before it are interim. ``size`` is its weight in
    the mean over all cohorts.
    """

    id: Id
    title: Text
    code: Code | None = None
    indicators: dict[Id, Id] = Field(default_factory=dict)
    final: Date | None = None
    size: Size | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Cohort:
        if (self.code is None) == (not self.indicators):
            raise ValueError("give either code, in cohort_column, or indicators, one for each metric")
        return self


class Overall(Declared):
    """A second trigger over all cohorts: where it is reached, those that missed their own are paid, too.

    Its result is the mean of a metric over cohorts by their size, or the value of an ``indicator`` where only the
    result over all was published.
    """

    metric: Id
    trigger: Term
    indicator: Id | None = None


class Instalment(Declared):
    """A share of the total and the day on which it is paid."""

    date: Date
    share: float = Field(gt=0, le=1)
    origin: Origin


class Outlay(Declared):
    """What investors paid in; the day is left out where nobody published it."""

    amount: float = Field(gt=0)
    date: Date | None = None
    origin: Origin


class ReturnCap(Declared):
    """The highest rate of return a year that is repaid, as a share; ``years`` from outlay to repayment."""

    rate: float = Field(gt=0)
    years: float | None = Field(default=None, gt=0)
    origin: Origin


class Reported(Declared):
    """What somebody published of money paid in and paid back after some years, whatever else was published."""

    id: Id
    title: Text
    outlay: float = Field(gt=0)
    repaid: float = Field(ge=0)
    years: float = Field(gt=0)
    origin: Origin


class OutcomeContract(Declared):
    """A contract that pays for outcomes. It is judged on each day of ``as_of``, by what was known then.

    Without ``as_of`` it is judged on the days on which a result became known.
    """

    id: Id
    title: Text
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    metrics: tuple[Metric, ...] = Field(min_length=1)
    cohort_column: ColumnName | None = None
    cohorts: tuple[Cohort, ...] = ()
    overall: Overall | None = None
    cohort_cap: Amount | None = None
    total_cap: Amount | None = None
    floor: Amount | None = None
    schedule: tuple[Instalment, ...] = ()
    outlay: tuple[Outlay, ...] = ()
    return_cap: ReturnCap | None = None
    reported: tuple[Reported, ...] = ()
    as_of: tuple[Date, ...] = ()

    @model_validator(mode="after")
    def _coherent(self) -> OutcomeContract:
        by_code = [cohort.id for cohort in self.cohorts if cohort.code is not None]
        if bool(by_code) != (self.cohort_column is not None):
            raise ValueError("cohort_column goes with cohorts that have a code")
        if self.schedule and abs(sum(part.share for part in self.schedule) - 1) > 1e-9:
            raise ValueError("the shares of the schedule add up to 1")
        if self.floor and self.total_cap and self.floor.value > self.total_cap.value:
            raise ValueError("the floor is at most the total cap")
        for field, dates in self.dates():
            days = [last_day(date) for date in dates]
            if any(later <= earlier for earlier, later in pairwise(days)):
                raise ValueError(f"the dates of {field} come in order, no two alike: {', '.join(dates)}")
        return self

    def dates(self) -> tuple[tuple[str, list[str]], ...]:
        """Return the dates of each list, which come in order."""
        return (
            ("as_of", list(self.as_of)),
            ("schedule", [part.date for part in self.schedule]),
            ("outlay", [part.date for part in self.outlay if part.date]),
        )
