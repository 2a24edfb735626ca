"""How a value stands to what was promised for its day: on course, behind or ahead, by its interval."""

from __future__ import annotations

import datetime
import math
from collections.abc import Sequence
from typing import Literal

from impact.formulas.limits import slack_of
from impact.judge.attainment import ALL_UNITS, Completeness
from impact.states import CourseState

Point = tuple[datetime.date, float]
"""A day and the value that is promised for it."""


def judge_course(
    direction: str,
    *,
    promised: float | None,
    value: float | None,
    low: float | None = None,
    high: float | None = None,
    exact: bool = True,
    complete: Completeness = ALL_UNITS,
) -> CourseState:
    """Hold a value and its interval against what was promised for its day.

    Parameters
    ----------
    direction
        What is better: ``increase``, ``decrease``, or to ``maintain`` the value.
    promised, value
        In the indicator's unit; None where unknown.
    low, high
        Interval of the value; None where there is none.
    exact
        Whether a value without interval is a complete count; if not, nothing is certain of it.
    complete
        Whether the value is of all that was to be reported. What is of some is a bound, or says nothing.

    Returns
    -------
    CourseState
        ``on_course`` where the interval holds the promise, ``ahead`` or ``behind`` where all of it lies beyond or short
        of it.

    Examples
    --------
    >>> str(judge_course("decrease", promised=20, value=15, low=13, high=17))
    'ahead'
    >>> str(judge_course("increase", promised=20, value=20)), str(judge_course("increase", promised=20, value=19))
    ('on_course', 'behind')
    """
    if promised is None:
        return CourseState.NO_PATH
    if value is None:
        return CourseState.NOT_MEASURED
    if low is None and not exact and complete.value:
        return CourseState.UNCERTAIN
    low, high = (value if low is None else low), (value if high is None else high)
    if not complete.value:
        low, high = (value if complete.grows and exact else -math.inf), math.inf
    slack = slack_of(promised)
    if low - slack <= promised <= high + slack:
        return CourseState.ON_COURSE if complete.value else CourseState.INCOMPLETE
    if direction == "maintain":
        return CourseState.OFF_COURSE
    beyond = low > promised if direction == "increase" else high < promised
    return CourseState.AHEAD if beyond else CourseState.BEHIND


def promised_between(points: Sequence[Point], day: datetime.date, between: Literal["step", "linear"]) -> float | None:
    """Return what is promised for a day between two milestones.

    Parameters
    ----------
    points
        In order of time; with a baseline whose day is known, that one first.
    day
        Where the path is looked at.
    between
        ``step``: what was promised last holds until the next day; ``linear``: a straight line, by days.

    Returns
    -------
    float or None
        None before the first point, where there is no path; after the last what is promised for it.

    Examples
    --------
    >>> first, last = datetime.date(2024, 1, 1), datetime.date(2024, 1, 11)
    >>> promised_between([(first, 10.0), (last, 30.0)], datetime.date(2024, 1, 6), "linear")
    20.0
    >>> promised_between([(first, 10.0), (last, 30.0)], datetime.date(2024, 1, 6), "step")
    10.0
    """
    earlier = [point for point in points if point[0] <= day]
    later = [point for point in points if point[0] > day]
    if not earlier:
        return None
    start, value = earlier[-1]
    if between == "step" or not later:
        return value
    end, next_value = later[0]
    return value + (next_value - value) * ((day - start).days / (end - start).days)
