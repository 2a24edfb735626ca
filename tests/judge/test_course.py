"""On course, behind or ahead: by the interval, whichever direction is better; and the path between two milestones."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impact.judge.attainment import Completeness
from impact.judge.course import judge_course, promised_between

MIRRORED = {"ahead": "behind", "behind": "ahead"}
figures = st.floats(-1e6, 1e6)


@pytest.mark.parametrize(
    ("direction", "value", "low", "high", "expected"),
    [
        ("increase", 20, None, None, "on_course"),  # a count that equals its promise
        ("increase", 19, None, None, "behind"),
        ("increase", 21, None, None, "ahead"),
        ("decrease", 19, None, None, "ahead"),
        ("decrease", 21, None, None, "behind"),
        ("increase", 15, 14, 20, "on_course"),  # the interval holds the promise at its end
        ("increase", 15, 14, 19.9, "behind"),
        ("decrease", 15, 14, 19.9, "ahead"),
        ("decrease", 25, 20.1, 30, "behind"),
        ("maintain", 25, 20.1, 30, "off_course"),
        ("maintain", 15, 10, 19, "off_course"),
        ("maintain", 19, 18, 21, "on_course"),
    ],
)
def test_course_goes_by_the_interval(
    direction: str, value: float, low: float | None, high: float | None, expected: str
) -> None:
    assert judge_course(direction, promised=20, value=value, low=low, high=high) == expected


@pytest.mark.parametrize("direction", ["increase", "decrease"])
def test_a_promise_of_nought_is_a_promise(direction: str) -> None:
    assert judge_course(direction, promised=0, value=0) == "on_course"
    assert judge_course(direction, promised=0, value=1) == ("ahead" if direction == "increase" else "behind")


def test_what_is_not_known_is_not_judged() -> None:
    assert judge_course("increase", promised=None, value=3) == "no_path"
    assert judge_course("increase", promised=3, value=None) == "not_measured"
    assert judge_course("increase", promised=3, value=1, exact=False) == "uncertain"


def test_what_lacks_reports_is_a_bound() -> None:
    """What only grows with further reports is ahead once it is beyond; short of its promise nothing is known."""
    grows, moves = Completeness(value=False, grows=True), Completeness(value=False)
    assert judge_course("increase", promised=20, value=21, complete=grows) == "ahead"
    assert judge_course("increase", promised=20, value=19, complete=grows) == "incomplete"
    assert judge_course("decrease", promised=20, value=21, complete=grows) == "behind"
    assert judge_course("increase", promised=20, value=21, complete=moves) == "incomplete"


@given(figures, figures, figures, figures)
def test_course_turns_with_the_direction(promised: float, value: float, down: float, up: float) -> None:
    low, high = value - abs(down), value + abs(up)
    rising = judge_course("increase", promised=promised, value=value, low=low, high=high)
    falling = judge_course("decrease", promised=promised, value=value, low=low, high=high)
    assert falling == MIRRORED.get(rising, rising)
    turned = judge_course("decrease", promised=-promised, value=-value, low=-high, high=-low)
    assert turned == rising


DAYS = (datetime.date(2024, 3, 31), datetime.date(2024, 12, 31))


def test_the_path_between_two_days() -> None:
    """From 31 March to 31 December are 275 days; 30 June is the 91st: 40 + 60 × 91/275."""
    points = [(DAYS[0], 40.0), (DAYS[1], 100.0)]
    june = datetime.date(2024, 6, 30)
    assert promised_between(points, june, "linear") == pytest.approx(40 + 60 * 91 / 275, rel=1e-15)
    assert promised_between(points, june, "step") == 40
    assert promised_between(points, DAYS[1], "linear") == 100
    assert promised_between(points, datetime.date(2025, 5, 1), "linear") == 100
    assert promised_between(points, datetime.date(2024, 3, 30), "linear") is None
    assert promised_between(points, datetime.date(2024, 3, 30), "step") is None


@given(st.dates(DAYS[0], DAYS[1]), figures, figures)
def test_a_line_stays_between_its_ends(day: datetime.date, start: float, end: float) -> None:
    found = promised_between([(DAYS[0], start), (DAYS[1], end)], day, "linear")
    assert found is not None
    assert min(start, end) - 1e-6 <= found <= max(start, end) + 1e-6
