"""Time periods as stretches of days: what "from" and "until" mean between periods of different length.

Gregorian periods (``2021``, ``2021-05``, ``2021-05-01``, a time of day) and reporting periods (``2021-A1``, ``-S1``,
``-T1``, ``-Q1``, ``-M01``, ``-W01``, ``-D001``) of years that begin on 1 January; SDMX 2.1 and 3.0, section 6, 4.2.
"""

from __future__ import annotations

import calendar
import datetime
import re
from collections.abc import Callable, Mapping

from impact.publish.official.query.filters import Comparison, Operator
from impact.publish.official.query.parameters import shown
from impact.publish.official.query.refusal import bad

Days = tuple[datetime.date, datetime.date]
"""First and last day."""
_MONTHS = {"A": 12, "S": 6, "T": 4, "Q": 3, "M": 1}
_REPORTING = re.compile(r"(\d{4})-([ASTQMWD])(\d{1,3})", re.ASCII)
_GREGORIAN = re.compile(
    r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?)?", re.ASCII
)
_DIGITS = {"A": 1, "S": 1, "T": 1, "Q": 1, "M": 2, "W": 2, "D": 3}


def days_of(period: str) -> Days:
    """Return the first and the last day of a period.

    Raises
    ------
    QueryError
        If it is none.

    Examples
    --------
    >>> [day.isoformat() for day in days_of("2020-Q1")], [day.isoformat() for day in days_of("2020-02")]
    (['2020-01-01', '2020-03-31'], ['2020-02-01', '2020-02-29'])
    """
    try:
        days = _reporting(period) or _gregorian(period)
    except ValueError:
        days = None
    if days is None:
        raise bad(
            f"'{shown(period)}' is no time period; write one such as 2021, 2021-05, 2021-05-01, 2021-Q2 or 2021-S1"
        )
    return days


def _gregorian(period: str) -> Days | None:
    match = _GREGORIAN.fullmatch(period)
    if match is None or ("T" in period and match[3] is None):
        return None
    year, month, day = int(match[1]), match[2], match[3]
    if month is None:
        return datetime.date(year, 1, 1), datetime.date(year, 12, 31)
    if day is None:
        return _of_months(year, int(month), 1)
    only = datetime.date(year, int(month), int(day))
    return only, only


def _reporting(period: str) -> Days | None:
    match = _REPORTING.fullmatch(period)
    if match is None or len(match[3]) != _DIGITS[match[2]]:
        return None
    year, kind, number = int(match[1]), match[2], int(match[3])
    if kind == "W":
        monday = datetime.date.fromisocalendar(year, number, 1)
        return monday, monday + datetime.timedelta(days=6)
    if kind == "D":
        day = datetime.date(year, 1, 1) + datetime.timedelta(days=number - 1)
        return (day, day) if day.year == year else None
    months = _MONTHS[kind]
    return _of_months(year, (number - 1) * months + 1, months)


def _of_months(year: int, first: int, months: int) -> Days:
    start = datetime.date(year, first, 1)
    last = first + months - 1
    return start, datetime.date(year, last, calendar.monthrange(year, last)[1])


_TESTS: Mapping[Operator, Callable[[Days, Days], bool]] = {
    Operator.LESS: lambda period, value: period[1] < value[0],
    Operator.MOST: lambda period, value: period[1] <= value[1],
    Operator.MORE: lambda period, value: period[0] > value[1],
    Operator.LEAST: lambda period, value: period[0] >= value[0],
}


def is_ordered(operator: Operator) -> bool:
    """Tell whether an operator asks what is earlier and what later."""
    return operator in _TESTS


def holds(comparison: Comparison, period: str) -> bool:
    """Tell whether a period is before, until, after or from another.

    Examples
    --------
    >>> holds(Comparison(Operator.MOST, "2021-05"), "2021-Q1"), holds(Comparison(Operator.MOST, "2021-05"), "2021")
    (True, False)
    """
    return _TESTS[comparison.operator](days_of(period), days_of(comparison.value))
