"""What is promised of an indicator: one value on one day, a path of several, or one for each part, from a file."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from impact.declare.base import ColumnName, Date, Declared, Id, Origin, last_day
from impact.periods import Every


class Target(Declared):
    """The promise: a value, or a change from the baseline, by a due date, with where it comes from."""

    value: float | None = None
    change: float | None = None
    due: Date
    origin: Origin

    @model_validator(mode="after")
    def _one_form(self) -> Target:
        if (self.value is None) == (self.change is None):
            raise ValueError("give either value or change")
        return self


class _Rules(Declared):
    """How dated values are read.

    ``of`` says of what they are, where the contract has a clock: of the ``period`` that ends on the day, with its
    length in ``every``; or of everything from the start ``to_date``. ``between`` says what is promised between two
    days: the value before until the next (``step``), or a straight line (``linear``); nothing where it is left out.
    """

    of: Literal["period", "to_date"] | None = None
    every: Every | None = None
    between: Literal["step", "linear"] | None = None

    @model_validator(mode="after")
    def _of_a_length(self) -> _Rules:
        if (self.of == "period") != (self.every is not None):
            raise ValueError("every says how long the periods are that of: period is of: give both or neither")
        if self.of == "period" and self.between:
            raise ValueError("each period has a promise of its own: leave between out, or promise to_date")
        return self


class Path(_Rules):
    """A target in steps: several dated values, the earliest first, each with where it comes from.

    The last of them is the target of the finding; where they are promises of periods it is their sum. ``end`` gives it
    where it is neither.
    """

    milestones: tuple[Target, ...] = Field(min_length=1)
    end: Target | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Path:
        steps = (*self.milestones, *([self.end] if self.end else []))
        days = [last_day(step.due) for step in self.milestones]
        if any(later <= earlier for earlier, later in pairwise(days)):
            raise ValueError("milestones stand in order of time, one a day")
        if self.end and last_day(self.end.due) < days[-1]:
            raise ValueError("the end is not before the last milestone")
        if len({step.value is None for step in steps}) > 1:
            raise ValueError("a path is of values or of changes, not of both")
        if self.of == "period" and self.milestones[0].value is None:
            raise ValueError("a promise of a period is a value: a change is promised to_date")
        return self

    @property
    def final(self) -> Target:
        """What is promised for the end."""
        last = self.milestones[-1]
        if self.end is not None:
            return self.end
        if self.of != "period":
            return last
        values = [step.value for step in self.milestones if step.value is not None]
        return last.model_copy(update={"value": math.fsum(values)})

    @property
    def value(self) -> float | None:
        """The value that is promised for the end; None for a change."""
        return self.final.value

    @property
    def change(self) -> float | None:
        """The change from the baseline that is promised for the end; None for a value."""
        return self.final.change

    @property
    def due(self) -> str:
        """When the end is due."""
        return self.final.due

    @property
    def origin(self) -> Origin:
        """Where the promise for the end comes from."""
        return self.final.origin


class PartTargets(_Rules):
    """Targets of parts, and their baselines: rows of a contract, several for a part with a path.

    ``by`` is the column that cuts the indicator into these parts. The contract has the columns of the shared one,
    ``target``. Parts without a row are promised nothing.
    """

    by: ColumnName
    contract: Id = "target"


def _form(promise: Any) -> str:
    has_steps = isinstance(promise, Path) or (isinstance(promise, dict) and "milestones" in promise)
    return "path" if has_steps else "value"


AnyTarget = Annotated[Annotated[Target, Tag("value")] | Annotated[Path, Tag("path")], Discriminator(_form)]
"""A target: one value on one day, or a path."""
