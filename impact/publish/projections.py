"""Where a straight line through the periods so far would lead on a day that has not come.

Between :mod:`impact.publish.looks` and :mod:`impact.publish.milestones`. It is offered as a projection, beside values
and never among them. What adds up is projected period by period, and added to what is there; a stock goes by its line;
a running average or a number of different values has no line of its own.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Sequence
from dataclasses import dataclass

from impact.declare.contracts import Clock
from impact.declare.indicators import Indicator
from impact.errors import NotEstimable
from impact.formulas.limits import Limits
from impact.formulas.registry import kind_of
from impact.periods import Every, numbered_period, period_number
from impact.publish.looks import Looks
from impact.statistics.series import projected_total
from impact.words.said import Said


@dataclass(frozen=True)
class Projected:
    """A projection with its 95 % prediction interval and the periods behind it, or why there is none."""

    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: int | None = None
    reason: Said | None = None


@dataclass(frozen=True)
class Projector:
    """What is projected of a part.

    Parameters
    ----------
    indicator, clock
        Whose periods, and how long they are.
    limits
        The smallest and the largest value there can be.
    looks
        What is known of the part.
    """

    indicator: Indicator
    clock: Clock
    limits: Limits
    looks: Looks

    def to_day(self, day: datetime.date, every: Every | None) -> Projected:
        """Return the projection to a day: of the period that ends then, or of everything to date.

        Parameters
        ----------
        day
            After the last day with data.
        every
            Length of the period; None for everything to date.
        """
        try:
            value, low, high, n = self._line(day, every)
        except NotEstimable as error:
            return Projected(reason=error.reason)
        if not self.limits.hold(value):
            return Projected(reason=Said("milestones.beyond_limits"))
        return Projected(value, low, high, n)

    def _line(self, day: datetime.date, every: Every | None) -> tuple[float, float, float, int]:
        adds_up, stock = kind_of(self.indicator.formula).summary.total, self.indicator.over_time == "stock"
        if not self.looks.steps:
            raise NotEstimable(Said("milestones.no_periods"))
        if every is None and not (adds_up or stock):
            raise NotEstimable(Said("milestones.does_not_add_up"))
        if stock:
            return self._projected(self.clock.every, [self._number(day, self.clock.every)], 0.0)
        if not adds_up and every is not None:
            return self._projected(every, [self._number(day, every)], 0.0)
        return self._total(day, every)

    def _total(self, day: datetime.date, every: Every | None) -> tuple[float, float, float, int]:
        """Add to what is there what the line gives for each of the shortest periods that are to come."""
        last = self.looks.steps[-1].last
        start = last
        if every is not None:
            start = numbered_period(self._number(day, every), every, self.clock.year_starts).first
            start = max(last, start - datetime.timedelta(days=1))
        ahead = range(self._number(start, self.clock.every) + 1, self._number(day, self.clock.every) + 1)
        return self._projected(self.clock.every, ahead, self._so_far(day, every))

    def _so_far(self, day: datetime.date, every: Every | None) -> float:
        """Return what the period, or everything to date, has come to."""
        look = self.looks.of_periods.get((every, day)) if every else self.looks.on_days[-1]
        if look is None:
            return 0.0
        if not look.complete:
            raise NotEstimable(Said("milestones.reports_missing"))
        if look.value is None:
            raise NotEstimable(Said("milestones.no_periods"))
        return look.value

    def _projected(self, every: Every, ahead: Sequence[int], so_far: float) -> tuple[float, float, float, int]:
        values = self._series(every)
        times = [self._number(day, every) for day, _ in values]
        observed = [math.nan if value is None else value for _, value in values]
        line = projected_total(times, observed, list(ahead))
        return so_far + line.value, so_far + line.low, so_far + line.high, line.n

    def _series(self, every: Every) -> list[tuple[datetime.date, float | None]]:
        """Return the last day and the value of each period of a length."""
        if every == self.clock.every:
            return [(step.last, step.value) for step in self.looks.steps]
        of_length = [(last, look) for (length, last), look in self.looks.of_periods.items() if length == every]
        return [(last, look.value if look.complete else None) for last, look in of_length]

    def _number(self, day: datetime.date, every: Every) -> int:
        return period_number(day, every, self.clock.year_starts)
