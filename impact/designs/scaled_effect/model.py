"""An effect on those reached that is carried to the territory they live in, as it is declared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, model_validator

from impact.declare.base import Code, ColumnName, Declared, Id, Names, Origin
from impact.declare.declaration import Declaration
from impact.designs.base import About, Design
from impact.designs.scaled_effect.problems import scaled_problems
from impact.errors import Problem

Persons = Annotated[float, Field(ge=0)]
SAME = 1e-8
"""How far two counts of the same people may differ, as a share."""


class ReachMargin(Declared):
    """People reached by the codes of one column."""

    column: ColumnName
    totals: dict[Code, Persons] = Field(min_length=1)

    @property
    def people(self) -> float:
        """All people reached."""
        return sum(self.totals.values())


class Reach(Declared):
    """How many people the programme reached in the territory, and where that figure comes from.

    One ``total``; or ``totals`` by the codes of a ``column``; or ``margins`` of several columns, to which the joint
    distribution of the treated sample is raked. ``std_error`` is that of the total, or of each code's total, these
    taken as independent; absent, the counts are exact.
    """

    total: float | None = Field(default=None, gt=0)
    column: ColumnName | None = None
    totals: dict[Code, Persons] | None = Field(default=None, min_length=1)
    margins: tuple[ReachMargin, ...] | None = Field(default=None, min_length=1)
    std_error: Persons | dict[Code, Persons] | None = None
    origin: Origin

    @model_validator(mode="after")
    def _one_form(self) -> Reach:
        if sum(form is not None for form in (self.total, self.totals, self.margins)) != 1:
            raise ValueError("give exactly one of total, totals by column, margins")
        if (self.column is None) != (self.totals is None):
            raise ValueError("column and totals go together")
        if min(self._sizes) <= 0:
            raise ValueError("nobody is reached: the totals add up to zero")
        if max(self._sizes) - min(self._sizes) > SAME * max(self._sizes):
            listed = ", ".join(f"{size:g}" for size in self._sizes)
            raise ValueError(f"the margins count different numbers of people: {listed}")
        return self

    @model_validator(mode="after")
    def _error_fits(self) -> Reach:
        if self.std_error is None:
            return self
        if self.margins is not None:
            raise ValueError("std_error goes with total or totals; margins are taken as exact")
        if isinstance(self.std_error, dict) != (self.totals is not None):
            raise ValueError("std_error is one number for a total, and one for each code of totals")
        if isinstance(self.std_error, dict) and set(self.std_error) != set(self.totals or {}):
            raise ValueError("std_error and totals name different codes")
        return self

    @property
    def _sizes(self) -> list[float]:
        if self.margins is not None:
            return [margin.people for margin in self.margins]
        return [self.total if self.total is not None else sum((self.totals or {}).values())]

    @property
    def people(self) -> float:
        """All people reached."""
        return self._sizes[0]

    def codes(self) -> list[tuple[str, str]]:
        """Return every column and code that is named."""
        named = [(margin.column, code) for margin in self.margins or () for code in margin.totals]
        return named + [(self.column, code) for code in self.totals or () if self.column]


class Population(Declared):
    """The people of the territory, whose mean or share the indicator is."""

    total: float = Field(gt=0)
    origin: Origin


class ScaledEffect(Design):
    """Reach times effect over the territory's population, set against the territory's own change.

    ``of`` is an indicator of the same programme whose design estimates the effect on those reached; ``by`` takes its
    effect in each group. A mean, share or ratio needs ``population``; a sum or count has none.
    """

    kind: Literal["scaled_effect"]
    of: Id
    by: ColumnName | None = None
    reach: Reach
    population: Population | None = None

    @model_validator(mode="after")
    def _groups_are_counted(self) -> ScaledEffect:
        if self.reach.total is not None and self.by is not None:
            raise ValueError(f"by: {self.by} needs the people reached in each group: reach with totals or margins")
        if self.reach.column is not None and self.reach.column != self.by:
            raise ValueError(f"reach by {self.reach.column} needs by: {self.reach.column}, or one total")
        if self.reach.margins is not None and self.by is None:
            raise ValueError("margins need by, the column whose groups have effects of their own")
        return self

    @property
    def about(self) -> About:
        """A territory."""
        return About.TERRITORY

    @property
    def scales(self) -> str | None:
        """Id of the indicator whose effect is carried to the territory."""
        return self.of

    def arm_sql(self) -> str | None:
        """Return None: arms are of the effect that is carried further."""
        return None

    def names(self, *what: Names) -> tuple[str, ...]:
        """Return nothing: the columns that it names are those of another indicator."""
        return ()

    def problems(self, at: Declaration) -> Iterator[Problem]:
        """Yield what is wrong with the design: the territory's measure, the other indicator, its groups."""
        yield from scaled_problems(self, at)
