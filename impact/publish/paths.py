"""A part with what it was promised and what is known of it becomes a row for each milestone.

Between :mod:`impact.publish.looks` and :mod:`impact.publish.milestones`. Attainment comes from
:func:`impact.judge.judge_attainment`, as that of findings does.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from impact.declare import Programme, last_day
from impact.declare.indicators import Indicator
from impact.declare.limits import value_limits
from impact.expect.promises import Promise, Promises
from impact.formulas.limits import Limits
from impact.formulas.registry import kind_of
from impact.judge.attainment import Attainment, Completeness, judge_attainment
from impact.judge.course import judge_course, promised_between
from impact.periods import Every
from impact.publish.looks import Look, Looks
from impact.publish.projections import Projected, Projector
from impact.states import CourseState
from impact.tables.milestones import Milestone, Point
from impact.tables.part import Part

Columns = dict[str, Any]
"""Some columns of a milestone, by name; together they are checked when it is made."""


@dataclass(frozen=True)
class PathCase:
    """A part with what it was promised and what is known of it.

    Parameters
    ----------
    programme, indicator
        As declared.
    part
        Of the programme.
    baseline
        Of its finding; None where it is not known.
    promises
        What it was promised; None where nothing was.
    of
        Of what its values are where they are not of a period: ``to_date`` or ``wave``.
    looks
        What is known of it.
    """

    programme: Programme
    indicator: Indicator
    part: Part
    baseline: float | None
    promises: Promises | None
    of: str
    looks: Looks

    def rows(self) -> Iterator[Milestone]:
        """Yield a row for each dated promise, and one for the last day with data where the path goes on between."""
        promises = self.promises
        if promises is None:
            return
        ends_apart = promises.of_period or promises.final not in promises.milestones
        before = self._start_day
        for number, promise in enumerate(promises.milestones, start=1):
            is_end = number == len(promises.milestones) and not ends_apart
            yield self._row(number, "end" if is_end else "milestone", promise, before)
            before = promise.day
        if ends_apart:
            yield self._row(len(promises.milestones) + 1, "end", promises.final, self._start_day)
        if now := self._now(promises):
            yield self._row(0, "now", now, self._start_day)

    @cached_property
    def _start_day(self) -> datetime.date | None:
        """The day of the baseline, where it is a wave: what was found then is no step on the path."""
        stated = self.indicator.ex_ante.baseline
        if stated is None or stated.wave is None or (self.promises and self.promises.baseline is not None):
            return None
        dates = {wave.id: wave.date for wave in self.programme.header.waves}
        return datetime.date.fromisoformat(last_day(dates[stated.wave]))

    def _now(self, promises: Promises) -> Promise | None:
        """Return what is promised for the last day with data, if that lies on the path and no milestone is due then."""
        day, days = self.looks.until, [promise.day for promise in promises.milestones]
        if promises.between is None or day is None or day in days or day > days[-1]:
            return None
        points = [(when, figure) for when, figure in self._figures(promises) if figure is not None]
        return Promise(day.isoformat(), promised_between(points, day, promises.between), None, {})

    def _figures(self, promises: Promises) -> Iterator[tuple[datetime.date, float | None]]:
        if self._start_day is not None:
            yield self._start_day, self.baseline
        yield from ((promise.day, promise.figure(self.baseline)) for promise in promises.milestones)

    # ---- one row -----------------------------------------------------------------------------------------------------

    def _row(self, number: int, point: Point, promise: Promise, after: datetime.date | None) -> Milestone:
        every, target = self._every(point), promise.figure(self.baseline)
        look = self._look(promise.day, every, after)
        columns = self._identified() | _seen(look, target)
        columns |= {"number": number, "point": point, "due": promise.day, "of": "period" if every else self.of}
        columns |= {"target": target, "origin": json.dumps(promise.origin, ensure_ascii=False)}
        columns |= self._judged(promise.day, target, look, every)
        columns |= _offered(self._projected(promise.day, every, point))
        return Milestone(**columns)

    def _identified(self) -> Columns:
        return {
            "programme": self.programme.id,
            "finding": self.part.id(self.programme.id, self.indicator.id),
            "indicator": self.indicator.id,
            "arm": self.looks.arm,
            **self.part.fields(),
            "baseline": self.baseline,
        }

    def _every(self, point: Point) -> Every | None:
        """Return how long the period is that a milestone is of; None where it is of everything to date."""
        if point != "milestone" or self.promises is None or self.promises.rules is None:
            return None
        return self.promises.rules.every

    def _look(self, day: datetime.date, every: Every | None, after: datetime.date | None) -> Look | None:
        return self.looks.of_periods.get((every, day)) if every else self.looks.last_on(day, after)

    def _judged(self, day: datetime.date, target: float | None, look: Look | None, every: Every | None) -> Columns:
        is_due = self.looks.until is not None and day <= self.looks.until
        attainment = self._attainment(target, look, every, due=is_due)
        return {
            "attainment": attainment.status,
            "progress": attainment.progress,
            "progress_state": attainment.progress_state,
            "course": self._course(target, look) if is_due else CourseState.NOT_DUE,
        }

    def _attainment(self, target: float | None, look: Look | None, every: Every | None, *, due: bool) -> Attainment:
        return judge_attainment(
            self.indicator.direction,
            baseline=None if every else self.baseline,
            target=target,
            value=look.value if look else None,
            low=look.low if look else None,
            high=look.high if look else None,
            due=due,
            exact=look.exact if look else True,
            limits=self._limits,
            complete=self._complete(look),
            part=not self.part.is_whole,
        )

    def _course(self, target: float | None, look: Look | None) -> CourseState:
        return judge_course(
            self.indicator.direction,
            promised=target,
            value=look.value if look else None,
            low=look.low if look else None,
            high=look.high if look else None,
            exact=look.exact if look else True,
            complete=self._complete(look),
        )

    def _complete(self, look: Look | None) -> Completeness:
        grows = kind_of(self.indicator.formula).grows and self._limits.low >= 0
        return Completeness(value=look is None or look.complete, grows=grows)

    @cached_property
    def _limits(self) -> Limits:
        return value_limits(self.indicator, self.programme.contracts[self.indicator.contract])

    def _projected(self, day: datetime.date, every: Every | None, point: Point) -> Projected:
        clock, until = self.programme.contracts[self.indicator.contract].period, self.looks.until
        if clock is None or self.of == "wave" or until is None or day <= until or point == "now":
            return Projected()
        return Projector(self.indicator, clock, self._limits, self.looks).to_day(day, every)


def _seen(look: Look | None, target: float | None) -> Columns:
    """Return the value that is held against a promise, and how far it is from it."""
    has_value = look is not None and look.value is not None
    columns: Columns = {"seen": "", "seen_on": None, "suppressed": look.suppressed if look else ""}
    columns |= dict.fromkeys(("value", "conf_low", "conf_high", "gap"))
    if look is None or not has_value:
        return columns
    columns |= {"seen": look.name, "seen_on": look.day}
    columns |= {"value": look.value, "conf_low": look.low, "conf_high": look.high}
    if target is not None and look.value is not None and look.complete:
        columns["gap"] = look.value - target
    return columns


def _offered(projected: Projected) -> Columns:
    interval = {"projection_low": projected.low, "projection_high": projected.high}
    columns: Columns = {"projection": projected.value, **interval, "projection_n": projected.n}
    return columns | {"not_projected": projected.reason or ""}
