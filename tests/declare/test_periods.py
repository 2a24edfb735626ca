"""Calendar periods, held against the values of DHIS2's own tests (docs FDL 1.3, core BSD-3), ISO 8601 and zone data."""

from __future__ import annotations

import datetime
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impact.periods import (
    MONTHS,
    Every,
    coarser,
    day_in_zone,
    iso_week,
    month_of_week,
    period_of,
    periods_between,
)
from tests.support.references import MONITORING_FIGURES, monitoring_reference, references

DAY = datetime.date.fromisoformat
days = st.dates(datetime.date(1800, 1, 1), datetime.date(2200, 12, 31))
kinds: st.SearchStrategy[Every] = st.sampled_from(list(MONTHS))
starts = st.integers(1, 12)


KINDS: dict[str, tuple[Every, int]] = {
    "FinancialApril": ("year", 4),
    "FinancialOct": ("year", 10),
    "QuarterlyNov": ("quarter", 11),
    "SixMonthly": ("half_year", 1),
    "SixMonthlyApril": ("half_year", 4),
}
"""DHIS2's names of periods: how long they are, and with which month their years start."""


def span(name: str) -> str:
    """Return first and last day of the period of a reference such as ``period.FinancialApril.2009-02-15``."""
    _, kind, day = name.split(".")
    period = period_of(DAY(day), *KINDS[kind])
    return f"{period.first}/{period.last}"


def days_of(name: str) -> int:
    """Return the days of a reference such as ``period.days.2023-07-01``: a quarter, or a year from July."""
    first = DAY(name.rpartition(".")[2])
    return period_of(first, "year", 7).days if first.month == 7 else period_of(first, "quarter").days


def quarters_between(_: str) -> int:
    """Return how many quarters the interval of ``period.quarters_between`` touches."""
    return len(periods_between(DAY("2009-08-15"), DAY("2010-02-20"), "quarter"))


def month_of(name: str) -> str:
    """Return the month of a reference such as ``period.week_to_month.2024W18``."""
    year, week = name.rpartition(".")[2].split("W")
    return month_of_week(int(year), int(week))


def day_of(name: str) -> str:
    """Return the day of a reference such as ``period.tz.2024-03-31T22:30:00+00:00.Europe/Rome``."""
    moment, zone = name.removeprefix("period.tz.").rsplit(".", 1)
    return str(day_in_zone(datetime.datetime.fromisoformat(moment), zone))


REFERENCES: dict[str, Callable[[str], object]] = {
    **dict.fromkeys(KINDS, span),
    "quarters_between": quarters_between,
    "iso_week": lambda name: iso_week(DAY(name.rpartition(".")[2])),
    "week_to_month": month_of,
    "days": days_of,
    "tz": day_of,
}
"""What is reckoned for each kind of reference."""


@pytest.mark.parametrize("name", [name for name in references(MONITORING_FIGURES) if name.startswith("period.")])
def test_a_period_is_that_of_the_reference(name: str) -> None:
    kind = name.split(".")[1]
    assert REFERENCES[kind](name) == monitoring_reference(name)["value"]


@pytest.mark.parametrize(
    ("day", "every", "year_starts", "label"),
    [
        ("2009-02-15", "year", 4, "2008/09"),
        ("1999-12-31", "year", 7, "1999/00"),
        ("2014-11-20", "quarter", 11, "2014/15-Q1"),
        ("2009-03-15", "quarter", 11, "2008/09-Q2"),
        ("2014-07-01", "half_year", 1, "2014-S2"),
        ("2015-02-01", "half_year", 4, "2014/15-S2"),
        ("2024-02-29", "month", 7, "2024-02"),
    ],
)
def test_a_period_is_called_by_the_years_it_may_touch(day: str, every: Every, year_starts: int, label: str) -> None:
    assert period_of(DAY(day), every, year_starts).label == label


def test_a_moment_without_offset_has_no_day_in_a_zone() -> None:
    with pytest.raises(ValueError, match="no offset from UTC"):
        day_in_zone(datetime.datetime(2024, 1, 1), "Europe/Rome")


def test_an_interval_that_ends_before_it_starts_touches_nothing() -> None:
    assert periods_between(DAY("2010-02-20"), DAY("2009-08-15"), "quarter") == ()


@given(days, kinds, starts)
def test_periods_leave_no_gap_and_no_overlap(day: datetime.date, every: Every, year_starts: int) -> None:
    period = period_of(day, every, year_starts)
    assert period.first <= day <= period.last
    after = period_of(period.last + datetime.timedelta(days=1), every, year_starts)
    assert (after.first - period.last).days == 1
    assert after.label > period.label
    months = (after.first.year - period.first.year) * 12 + after.first.month - period.first.month
    assert months == MONTHS[every]


@given(days, kinds, starts)
def test_longer_periods_are_made_of_whole_shorter_ones(day: datetime.date, every: Every, year_starts: int) -> None:
    short = period_of(day, every, year_starts)
    for longer in coarser(every):
        around = period_of(day, longer, year_starts)
        assert around.first <= short.first <= short.last <= around.last
        inside = periods_between(around.first, around.last, every, year_starts)
        assert (inside[0].first, inside[-1].last) == (around.first, around.last)
        assert len(inside) == MONTHS[longer] // MONTHS[every]
