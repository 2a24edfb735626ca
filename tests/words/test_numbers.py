"""Digits: counts, money and codes whole, estimates by the second digit of their error, shares to one decimal."""

from __future__ import annotations

import math
from typing import Any

import pytest

from impact.cli.terminal.numbers import estimated, moved
from impact.words import numbers, words_in

EARNINGS = (5207.95, 7490.34)


@pytest.mark.parametrize(
    ("value", "within", "written"),
    [
        (6349.14, EARNINGS, "6,350"),
        (2208.0, EARNINGS, "2,208"),
        (0.001234, (0.001134, 0.001334), "0.001234"),
        (4.0321, (3.1, 4.9), "4.03"),
        (4.0321, (-20.0, 30.0), "4"),
        (99.96, (90.2, 110.1), "100.0"),
        (6349.14, (None, None), "6,349"),
        (6349.14, (math.nan, math.nan), "6,349"),
        (6349.14, (6349.14, 6349.14), "6,349"),
        (634.14, None, "634.1"),
        (6.3414, None, "6.34"),
        (0.5, None, "0.50"),
        (0.05, None, "0.05"),
        (0.063414, None, "0.0634"),
        (-6349.14, EARNINGS, "−6,350"),
    ],
)
def test_an_estimate_ends_with_the_second_digit_of_its_error(value: float, within: Any, written: str) -> None:
    assert words_in("en").number(value, "points", within) == written


def test_money_is_whole_and_a_unit_that_looks_like_a_currency_is_none() -> None:
    words = words_in("it")
    assert [words.number(value, "EUR") for value in (634.14, 12345.67)] == ["634", "12.346"]
    assert words.number(634.14, "FTE") == "634,1"


def test_shares_have_one_decimal_whatever_their_error() -> None:
    words = words_in("it")
    assert words.number(0.55384, "share", (0.5, 0.6)) == "55,4 %"
    assert words.gain(0.11111, "share", (0.01, 0.2)) == "+11,1 punti percentuali"
    assert words.interval(0.01234, 0.2, "share", gain=True) == "[+1,2; +20,0]"


def test_an_interval_ends_where_its_estimate_does() -> None:
    words = words_in("it")
    assert words.interval(*EARNINGS) == "[5.210; 7.490]"
    assert words.interval(475.61, 3113.07, gain=True) == "[+480; +3.110]"
    assert words.interval(-2.04, 3.0) == "[−2,0; 3,0]"
    assert words.interval(5.0, 5.0) == "[5; 5]"


def test_an_error_has_two_digits() -> None:
    words = words_in("en")
    assert [words.error(size, "points") for size in (582.3, 0.0123, 99.7, 0.0)] == ["580", "0.012", "100", "0"]
    assert words.error(0.0123, "share") == "1.2 pp"


def test_the_terminal_writes_the_same_digits_as_the_page() -> None:
    words = words_in("en")
    assert estimated(6349.14, *EARNINGS) == f"{words.number(6349.14, '', EARNINGS)} {words.interval(*EARNINGS)}"
    assert moved(-1794.34, -3113.07, -475.61) == "-1,790 [-3,110; -480]"


def test_no_more_decimals_than_a_reader_can_use() -> None:
    assert numbers.decimals(0.5, error=1e-30) == numbers.MOST_DECIMALS
