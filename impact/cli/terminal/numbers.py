"""Numbers as people read them in a terminal: few digits, percentages, differences with their sign."""

from __future__ import annotations

from typing import Any

import pandas as pd


def number(value: Any, unit: str = "") -> str:
    """Write a number for reading: shares as percentages, thousands apart, never more digits than carry meaning.

    Examples
    --------
    >>> number(6349.1435, "US dollars a year"), number(0.5538, "share"), number(22.0), number(None)
    ('6,349.14', '55.4%', '22', '')
    """
    if value is None or pd.isna(value):
        return ""
    if unit == "share":
        percentage = f"{100 * value:.1f}%"
        return percentage.replace("-0.0%", "0.0%")
    if float(value).is_integer():
        return f"{value + 0.0:,.0f}"
    if abs(value) < 0.1:
        return f"{value:.3g}"
    return f"{value:,.2f}"


def gain(value: float, unit: str = "") -> str:
    """Write a difference with its sign; between shares in percentage points.

    Examples
    --------
    >>> gain(0.111, "share"), gain(-3.0)
    ('+11.1 pp', '-3')
    """
    text = size(abs(value), unit)
    is_zero = not any(digit in text for digit in "123456789")
    sign = "-" if value < 0 and not is_zero else "+"
    return sign + text


def size(value: float, unit: str = "") -> str:
    """Write how large a difference or its error is, without a sign; between shares in percentage points."""
    return f"{100 * value:.1f} pp" if unit == "share" else number(value)


def bounds(low: float, high: float, unit: str = "") -> str:
    """Write the interval of a difference."""
    return f"[{gain(low, unit)}; {gain(high, unit)}]"


def interval(low: Any, high: Any, unit: str = "") -> str:
    """Write an interval in brackets, or nothing where there is none."""
    if low is None or pd.isna(low):
        return ""
    lower, upper = number(low, unit), number(high, unit)
    return f"[{lower}; {upper}]"
