"""Calendar periods: of which month, quarter, half-year or year a day is, and what they are called.

Pure dates, no data. Contracts with a clock, calendars of what is due and milestones count in these periods.
"""

from __future__ import annotations

import datetime
import zoneinfo
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

Every = Literal["month", "quarter", "half_year", "year"]
"""How long a period is."""
MONTHS: dict[Every, int] = {"month": 1, "quarter": 3, "half_year": 6, "year": 12}
"""Months of each kind of period; a year holds a whole number of each, and each shorter one fits into the longer."""
PERIOD, LAST_REPORT, UNIT_OPEN = "reporting_period", "last_report", "unit_open"
"""Columns that rows with a clock get: the period that is looked at, whether a row is of its unit's last report, and
whether its unit is open at the period's end, where a roster says when units close."""
_PREFIX: dict[Every, str] = {"month": "", "quarter": "Q", "half_year": "S", "year": ""}


@dataclass(frozen=True, order=True)
class Period:
    """A period of whole months.

    Parameters
    ----------
    first, last
        Its days, both included.
    every
        How long it is.
    label
        What it is called: ``2024-03``, ``2024-Q1``, ``2024-S1``, ``2024``; where years do not start in January, by both
        years that it may touch: ``2024/25-Q1``, ``2024/25``.
    """

    first: datetime.date
    last: datetime.date
    every: Every
    label: str

    @property
    def days(self) -> int:
        """How many days it has, first and last included.

        Examples
        --------
        >>> period_of(datetime.date(2024, 2, 3), "quarter").days
        91
        """
        return (self.last - self.first).days + 1


def period_number(day: datetime.date, every: Every, year_starts: int = 1) -> int:
    """Return the number of the period that a day is in, counted without gaps from the year 0.

    Parameters
    ----------
    day
        Any day.
    every
        How long periods are.
    year_starts
        The month, from 1, with which years start; shorter periods are counted from there.
    """
    return (day.year * 12 + day.month - year_starts) // MONTHS[every]


def numbered_period(number: int, every: Every, year_starts: int = 1) -> Period:
    """Return the period of a number; see :func:`period_number` for the parameters."""
    months = MONTHS[every]
    start = number * months + year_starts - 1
    first, after = _first_of_month(start), _first_of_month(start + months)
    return Period(first, after - datetime.timedelta(days=1), every, _label(number, every, year_starts))


def _first_of_month(months: int) -> datetime.date:
    year, month = divmod(months, 12)
    return datetime.date(year, month + 1, 1)


def _label(number: int, every: Every, year_starts: int) -> str:
    if every == "month":
        first = _first_of_month(number + year_starts - 1)
        return f"{first:%Y-%m}"
    year, within = divmod(number, 12 // MONTHS[every])
    name = f"{year:04}" if year_starts == 1 else f"{year:04}/{(year + 1) % 100:02}"
    return name if every == "year" else f"{name}-{_PREFIX[every]}{within + 1}"


def period_of(day: datetime.date, every: Every, year_starts: int = 1) -> Period:
    """Return the period that a day is in; see :func:`period_number` for the parameters.

    Examples
    --------
    >>> period_of(datetime.date(2009, 2, 15), "year", year_starts=4).label
    '2008/09'
    >>> str(period_of(datetime.date(2015, 2, 1), "half_year", year_starts=4).last)
    '2015-03-31'
    """
    return numbered_period(period_number(day, every, year_starts), every, year_starts)


def periods_between(
    first: datetime.date, last: datetime.date, every: Every, year_starts: int = 1
) -> tuple[Period, ...]:
    """Return the periods that an interval of days touches, in order; none where it ends before it starts.

    Examples
    --------
    >>> found = periods_between(datetime.date(2009, 8, 15), datetime.date(2010, 2, 20), "quarter")
    >>> [period.label for period in found]
    ['2009-Q3', '2009-Q4', '2010-Q1']
    """
    numbers = range(period_number(first, every, year_starts), period_number(last, every, year_starts) + 1)
    return tuple(numbered_period(number, every, year_starts) for number in numbers)


def coarser(every: Every) -> tuple[Every, ...]:
    """Return the kinds of period that are made of whole ones of this kind, itself first."""
    kinds: tuple[Every, ...] = get_args(Every)
    return kinds[kinds.index(every) :]


def iso_week(day: datetime.date) -> str:
    """Return the week of a day by ISO 8601, with the year that holds most of its days.

    Examples
    --------
    >>> iso_week(datetime.date(2008, 12, 29)), iso_week(datetime.date(2009, 12, 29))
    ('2009W1', '2009W53')
    """
    year, week, _ = day.isocalendar()
    return f"{year}W{week}"


def month_of_week(year: int, week: int) -> str:
    """Return the month that holds most days of an ISO week: that of its Thursday.

    Examples
    --------
    >>> month_of_week(2024, 18)
    '2024-05'
    """
    thursday = datetime.date.fromisocalendar(year, week, 4)
    return f"{thursday:%Y-%m}"


def day_in_zone(moment: datetime.datetime, zone: str) -> datetime.date:
    """Return the day of a point in time in a time zone.

    Parameters
    ----------
    moment
        With its offset from UTC.
    zone
        Such as ``Europe/Rome``.

    Raises
    ------
    ValueError
        If the moment has no offset: its day would be that of the machine's clock.

    Examples
    --------
    >>> day_in_zone(datetime.datetime.fromisoformat("2024-03-31T22:30:00+00:00"), "Europe/Rome")
    datetime.date(2024, 4, 1)
    """
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no offset from UTC, so its day in {zone} is not known")
    return moment.astimezone(zoneinfo.ZoneInfo(zone)).date()


def stretch(first: datetime.date, last: datetime.date, every: Every, year_starts: int = 1) -> Iterator[Period]:
    """Yield the periods of this length and of every longer one that an interval touches, the shortest first."""
    for longer in coarser(every):
        yield from periods_between(first, last, longer, year_starts)
