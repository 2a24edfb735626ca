"""Numbers in a terminal, by the one rule of digits of :mod:`impact.words.numbers`; minus is the mark of a keyboard."""

from __future__ import annotations

from typing import Any

import pandas as pd

from impact.words import numbers
from impact.words.numbers import Ends

LANGUAGE = "en"


def number(value: Any, unit: str = "", within: Ends | None = None) -> str:
    """Write a number for reading: shares as percentages, thousands apart, never more digits than carry meaning.

    Parameters
    ----------
    value
        The number; nothing is written as nothing.
    unit
        ``share`` is written as a percentage.
    within
        The ends of its interval, by which an estimate gets its digits.

    Examples
    --------
    >>> number(6349.1435, "US dollars a year"), number(0.5538, "share"), number(22.0), number(None)
    ('6,349', '55.4%', '22', '')
    >>> number(6349.1435, "US dollars a year", (5207.95, 7490.34))
    '6,350'
    """
    if value is None or pd.isna(value):
        return ""
    return _typed(numbers.number(value, LANGUAGE, unit, within))


def gain(value: float, unit: str = "", within: Ends | None = None) -> str:
    """Write a difference with its sign; between shares in percentage points.

    Examples
    --------
    >>> gain(0.111, "share"), gain(-3.0), gain(1794.34, within=(475.61, 3113.07))
    ('+11.1 pp', '-3', '+1,790')
    """
    return _typed(numbers.gain(value, LANGUAGE, unit, within))


def error(value: float, unit: str = "") -> str:
    """Write a standard error with its two digits; of a share in percentage points."""
    return _typed(numbers.error_size(value, LANGUAGE, unit))


def estimated(value: Any, low: Any, high: Any, unit: str = "") -> str:
    """Write a value with its interval, where it has one.

    Examples
    --------
    >>> estimated(6349.14, 5207.95, 7490.34), estimated(22.0, None, None)
    ('6,350 [5,210; 7,490]', '22')
    """
    return f"{number(value, unit, (low, high))} {interval(low, high, unit)}".rstrip()


def moved(value: float, low: float, high: float, unit: str = "") -> str:
    """Write a difference with its interval.

    Examples
    --------
    >>> moved(1794.34, 475.61, 3113.07)
    '+1,790 [+480; +3,110]'
    """
    return f"{gain(value, unit, (low, high))} {bounds(low, high, unit)}"


def bounds(low: float, high: float, unit: str = "") -> str:
    """Write the interval of a difference.

    Examples
    --------
    >>> bounds(475.61, 3113.07)
    '[+480; +3,110]'
    """
    ends = (low, high)
    lower, upper = (_typed(numbers.gain_end(end, LANGUAGE, unit, ends)) for end in ends)
    return f"[{lower}; {upper}]"


def interval(low: Any, high: Any, unit: str = "") -> str:
    """Write an interval in brackets, or nothing where there is none.

    Examples
    --------
    >>> interval(5207.95, 7490.34), interval(None, None)
    ('[5,210; 7,490]', '')
    """
    if low is None or pd.isna(low):
        return ""
    ends = (low, high)
    lower, upper = (_typed(numbers.interval_end(end, LANGUAGE, unit, ends)) for end in ends)
    return f"[{lower}; {upper}]"


def _typed(text: str) -> str:
    return text.replace("−", "-")
