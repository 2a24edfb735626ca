"""How numbers are written for readers, by language; used by sentences and by the words of app, report and figures."""

from __future__ import annotations

import functools
import math
import re
from typing import Any

from impact.words.read import added_languages

MARKS = {"en": (",", ".", "%", "pp"), "it": (".", ",", " %", "punti percentuali")}
"""By language: between thousands, before decimals, after a percentage, after a difference between percentages."""
NOT_ZERO = re.compile("[1-9]")
"""What is written with a sign: nought has none, however it came about."""
NO_NUMBER = "–"
LONGEST_MARK = 4
"""Letters of a mark that is repeated in an interval; a longer one stands with the estimate beside it, once."""
SMALLEST_P = 0.001
"""Below it a p-value is given as a bound: its digits say nothing."""


def marks(language: str) -> tuple[str, str, str, str]:
    """Return the marks of a language: of a catalogue's, or of one that a file adds."""
    if language in MARKS:
        return MARKS[language]
    thousands, decimals, percent, points = added_languages()[language]["marks"]
    return thousands, decimals, percent, points


def is_number(value: Any) -> bool:
    """Tell whether there is a number, and one that has an end."""
    return value is not None and math.isfinite(value)


def number(value: Any, language: str, unit: str = "") -> str:
    """Write a number for reading: shares as percentages, thousands apart, never more digits than carry meaning."""
    if not is_number(value):
        return NO_NUMBER
    if unit == "share":
        return f"{decimal(100 * value, '#,##0.0', language)}{marks(language)[2]}"
    if float(value).is_integer():
        return decimal(value, "#,##0", language)
    if abs(value) >= 0.1:
        return decimal(value, "#,##0.00", language)
    return decimal(float(f"{value:.3g}"), "0.##########", language)


def gain(value: Any, language: str, unit: str = "") -> str:
    """Write a difference with its sign; between shares in percentage points."""
    if not is_number(value):
        return NO_NUMBER
    text = size(abs(value), language, unit)
    sign = "−" if value < 0 and NOT_ZERO.search(text) else "+"
    return sign + text


def size(value: Any, language: str, unit: str = "") -> str:
    """Write how large a difference or its error is, without a sign; between shares in percentage points."""
    if unit != "share" or not is_number(value):
        return number(value, language)
    points = decimal(100 * value, "#,##0.0", language)
    _, _, _, points_mark = marks(language)
    return f"{points} {points_mark}"


def p_value(value: Any, language: str) -> str:
    """Write a p-value with its sign of equality: to three places, below which it is a bound."""
    if not is_number(value):
        return NO_NUMBER
    if value < SMALLEST_P:
        return f"< {decimal(SMALLEST_P, '0.000', language)}"
    return f"= {decimal(float(value), '0.000', language)}"


def interval(low: Any, high: Any, language: str, unit: str = "", *, of_gain: bool = False) -> str:
    """Write an interval in brackets, or nothing where there is none; a unit in words is not said at each end."""
    if not (is_number(low) and is_number(high)):
        return ""
    *_, points = marks(language)
    ends = [gain(end, language, unit) if of_gain else number(end, language, unit) for end in (low, high)]
    if of_gain and len(points) > LONGEST_MARK:
        ends = [end.removesuffix(f" {points}") for end in ends]
    return f"[{'; '.join(ends)}]"


@functools.lru_cache(maxsize=65536)
def decimal(value: float, pattern: str, language: str) -> str:
    """Write a number by a pattern of Unicode's locale data; a page writes the same ones again and again."""
    text = str(_pattern(pattern).apply(value, language))
    return text.replace("-", "−") if NOT_ZERO.search(text) else text.replace("-", "")


@functools.cache
def _pattern(pattern: str) -> Any:
    from babel.numbers import parse_pattern  # noqa: PLC0415 - locale data are read when first needed

    return parse_pattern(pattern)
