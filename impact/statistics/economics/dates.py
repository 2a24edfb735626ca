"""Years between dates, by the conventions of day counting."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from impact.errors import NotEstimable
from impact.statistics.core import Floats, floats
from impact.statistics.economics.checks import chosen
from impact.words.said import Said

DayCount = Literal["actual/365", "actual/actual", "30/360"]
Days = NDArray[np.datetime64]


def year_fractions(dates: ArrayLike, day_count: DayCount = "actual/365") -> Floats:
    """Return the years from the earliest of the dates to each.

    Parameters
    ----------
    dates
        Shape (n,): dates, or texts such as ``2008-03-01``.
    day_count
        ``actual/365``: days by 365, as spreadsheets do. ``actual/actual``: days of leap years by 366, of others by 365
        (ISDA). ``30/360``: months of 30 days (bond basis).

    Raises
    ------
    NotEstimable
        If a date is missing or no date, or there is no such convention.

    Notes
    -----
    Source: ISDA (2006), Definitions, section 4.16, https://www.isda.org/book/2006-isda-definitions/.

    Examples
    --------
    >>> year_fractions(["2008-01-01", "2008-12-31"]).tolist()
    [0.0, 1.0]
    """
    try:
        days = np.asarray(dates, dtype="datetime64[D]")
    except (TypeError, ValueError) as error:
        raise NotEstimable(Said("economics.date_missing"), Said("economics.date_every_amount")) from error
    if days.ndim != 1 or not len(days) or np.isnat(days).any():
        raise NotEstimable(Said("economics.date_missing"), Said("economics.date_every_amount"))
    count = _COUNTS[chosen("day_count", day_count, _COUNTS)]
    return count(days, days.min())


def _actual_365(days: Days, start: np.datetime64) -> Floats:
    return floats((days - start).astype(np.int64) / 365)


def _actual_actual(days: Days, start: np.datetime64) -> Floats:
    return floats(_calendar_years(days) - _calendar_years(np.array([start])))


def _calendar_years(days: Days) -> Floats:
    """Return dates as years with the share of the year that has passed."""
    years = days.astype("datetime64[Y]")
    begun = years.astype("datetime64[D]")
    length = (years + 1).astype("datetime64[D]") - begun
    passed = (days - begun).astype(np.int64) / length.astype(np.int64)
    return floats(years.astype(np.int64) + passed)


def _thirty_360(days: Days, start: np.datetime64) -> Floats:
    months = days.astype("datetime64[M]")
    day = (days - months.astype("datetime64[D]")).astype(np.int64) + 1
    first_month = start.astype("datetime64[M]")
    first_day = min(int((start - first_month.astype("datetime64[D]")).astype(np.int64)) + 1, 30)
    # The 31st becomes the 30th if the start does, too
    last = np.where((day == 31) & (first_day == 30), 30, day)
    gap = (months - first_month).astype(np.int64)
    return floats((30 * gap + last - first_day) / 360)


_COUNTS: dict[str, Callable[[Days, np.datetime64], Floats]] = {
    "actual/365": _actual_365,
    "actual/actual": _actual_actual,
    "30/360": _thirty_360,
}
