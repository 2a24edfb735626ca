"""Calendar periods, held against the values of DHIS2's own tests (docs FDL 1.3, core BSD-3), ISO 8601 and zone data."""

from __future__ import annotations

import datetime

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

DAY = datetime.date.fromisoformat
days = st.dates(datetime.date(1800, 1, 1), datetime.date(2200, 12, 31))
kinds: st.SearchStrategy[Every] = st.sampled_from(list(MONTHS))
starts = st.integers(1, 12)


@pytest.mark.parametrize(
    ("day", "every", "year_starts", "expected"),
    [
        ("2009-02-15", "year", 4, ("2008-04-01", "2009-03-31", "2008/09")),
        ("2009-09-12", "year", 4, ("2009-04-01", "2010-03-31", "2009/10")),
        ("2009-02-15", "year", 10, ("2008-10-01", "2009-09-30", "2008/09")),
        ("2009-11-12", "year", 10, ("2009-10-01", "2010-09-30", "2009/10")),
        ("2014-11-20", "quarter", 11, ("2014-11-01", "2015-01-31", "2014/15-Q1")),
        ("2009-03-15", "quarter", 11, ("2009-02-01", "2009-04-30", "2008/09-Q2")),
        ("2014-06-01", "half_year", 1, ("2014-01-01", "2014-06-30", "2014-S1")),
        ("2014-07-01", "half_year", 1, ("2014-07-01", "2014-12-31", "2014-S2")),
        ("2015-02-01", "half_year", 4, ("2014-10-01", "2015-03-31", "2014/15-S2")),
        ("2014-03-31", "half_year", 4, ("2013-10-01", "2014-03-31", "2013/14-S2")),
        ("2024-02-29", "month", 7, ("2024-02-01", "2024-02-29", "2024-02")),
        ("1999-12-31", "year", 7, ("1999-07-01", "2000-06-30", "1999/00")),
    ],
)
def test_a_day_is_in_its_period(day: str, every: Every, year_starts: int, expected: tuple[str, str, str]) -> None:
    period = period_of(DAY(day), every, year_starts)
    assert (str(period.first), str(period.last), period.label) == expected


@pytest.mark.parametrize(
    ("day", "every", "year_starts", "count"),
    [("2023-01-01", "quarter", 1, 90), ("2024-01-01", "quarter", 1, 91), ("2023-07-01", "year", 7, 366),
     ("2024-07-01", "year", 7, 365)],
)  # fmt: skip
def test_both_ends_of_a_period_are_counted(day: str, every: Every, year_starts: int, count: int) -> None:
    assert period_of(DAY(day), every, year_starts).days == count


@pytest.mark.parametrize(
    ("day", "week"),
    [("2008-12-29", "2009W1"), ("2009-12-29", "2009W53"), ("2010-01-04", "2010W1"), ("2011-01-03", "2011W1"),
     ("2012-12-30", "2012W52"), ("2012-12-31", "2013W1")],
)  # fmt: skip
def test_a_week_belongs_to_the_year_of_most_of_its_days(day: str, week: str) -> None:
    assert iso_week(DAY(day)) == week


@pytest.mark.parametrize(
    ("year", "week", "month"), [(2024, 18, "2024-05"), (2021, 13, "2021-04"), (2020, 53, "2020-12")]
)
def test_a_week_belongs_to_the_month_of_most_of_its_days(year: int, week: int, month: str) -> None:
    assert month_of_week(year, week) == month


@pytest.mark.parametrize(
    ("moment", "zone", "day"),
    [
        ("2024-03-31T22:30:00+00:00", "Europe/Rome", "2024-04-01"),
        ("2024-03-31T21:59:59+00:00", "Europe/Rome", "2024-03-31"),
        ("2023-12-31T23:30:00+00:00", "Europe/Rome", "2024-01-01"),
        ("2024-01-01T00:15:00+01:00", "America/New_York", "2023-12-31"),
        ("2024-06-30T23:30:00-05:00", "Europe/Rome", "2024-07-01"),
        ("2024-10-27T00:30:00+02:00", "UTC", "2024-10-26"),
    ],
)
def test_a_moment_has_the_day_of_its_zone(moment: str, zone: str, day: str) -> None:
    assert str(day_in_zone(datetime.datetime.fromisoformat(moment), zone)) == day


def test_a_moment_without_offset_has_no_day_in_a_zone() -> None:
    with pytest.raises(ValueError, match="no offset from UTC"):
        day_in_zone(datetime.datetime(2024, 1, 1), "Europe/Rome")


def test_an_interval_touches_periods_at_both_ends() -> None:
    touched = periods_between(DAY("2009-08-15"), DAY("2010-02-20"), "quarter")
    assert [period.label for period in touched] == ["2009-Q3", "2009-Q4", "2010-Q1"]
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
