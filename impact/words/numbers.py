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
TWICE_TO_THE_END = 2 * 1.959964
"""Standard errors between the ends of an interval of 95 %."""
MOST_DECIMALS = 10
SMALL = 0.1
"""Below it a number without an error has three digits behind its noughts."""


def marks(language: str) -> tuple[str, str, str, str]:
    """Return the marks of a language: of a catalogue's, or of one that a file adds."""
    if language in MARKS:
        return MARKS[language]
    thousands, decimals, percent, points = added_languages()[language]["marks"]
    return thousands, decimals, percent, points


def is_number(value: Any) -> bool:
    """Tell whether there is a number, and one that has an end."""
    return value is not None and math.isfinite(value)


Ends = tuple[Any, Any]
"""The two ends of a number's interval; none where they are missing or have no end."""


def error_within(ends: Ends | None) -> float | None:
    """Return the standard error that an interval stands for, read as one of 95 %; None where there is no interval.

    Examples
    --------
    >>> round(error_within((5207.95, 7490.34))), error_within(None)
    (582, None)
    """
    if ends is None or not (is_number(ends[0]) and is_number(ends[1])):
        return None
    return abs(float(ends[1]) - float(ends[0])) / TWICE_TO_THE_END


def decimals(value: float, unit: str = "", error: float | None = None) -> int:
    """Return how many decimals a number that is no share is written with: the one rule of digits.

    An estimate ends where the second digit of its standard error stands; below nought, that is how many of its whole
    digits are noughts. A whole number, such as a count, stays whole. A number without an error has the digits that
    carry meaning: none behind a thousand, and none of money from a hundred on.

    Parameters
    ----------
    value
        The number.
    unit
        A code of ISO 4217 where it is money.
    error
        Its standard error; None, nought, or what has no end, where there is none.

    Examples
    --------
    >>> decimals(6349.14, error=582.3), decimals(0.01234, error=0.0123), decimals(2208.0, error=30.0)
    (-1, 3, 0)
    >>> decimals(6349.14), decimals(634.14), decimals(634.14, "EUR"), decimals(6.3491), decimals(0.063491)
    (0, 1, 0, 2, 4)
    """
    if float(value).is_integer():
        return 0
    if error and is_number(error):
        return min(1 - _magnitude(error), MOST_DECIMALS)
    size = abs(value)
    if size >= 1000 or (size >= 100 and _is_money(unit)):
        return 0
    if size >= SMALL:
        return 1 if size >= 100 else 2
    return min(2 - _magnitude(size), MOST_DECIMALS)


def number(value: Any, language: str, unit: str = "", within: Ends | None = None) -> str:
    """Write a number for reading: shares as percentages, thousands apart, never more digits than carry meaning.

    Parameters
    ----------
    value
        The number; without one a dash is written.
    language
        Whose marks it gets.
    unit
        ``share`` is written as a percentage to one decimal.
    within
        The ends of its interval, by which an estimate gets its digits; see :func:`decimals`.
    """
    if not is_number(value):
        return NO_NUMBER
    if unit == "share":
        return f"{decimal(100 * value, '#,##0.0', language)}{marks(language)[2]}"
    error = error_within(within)
    place = decimals(value, unit, error)
    is_small = 0 < abs(value) < SMALL and not error
    return to_place(value, place, language, optional=is_small)


def interval_end(value: Any, language: str, unit: str, ends: Ends) -> str:
    """Write an end of an interval: to the digit to which the estimate in it is written, whole or not."""
    error = error_within(ends)
    if unit == "share" or not error:
        return number(value, language, unit)
    return to_place(value, min(1 - _magnitude(error), MOST_DECIMALS), language)


def gain_end(value: Any, language: str, unit: str, ends: Ends) -> str:
    """Write an end of the interval of a difference, with its sign."""
    if unit == "share":
        return gain(value, language, unit)
    return signed(value, interval_end(abs(value), language, unit, ends))


def to_place(value: float, place: int, language: str, *, optional: bool = False) -> str:
    """Write a number to so many decimals, all of them or as needed; below nought, to a whole digit."""
    digits = f".{('#' if optional else '0') * place}" if place > 0 else ""
    return decimal(round(float(value), place), f"#,##0{digits}", language)


def gain(value: Any, language: str, unit: str = "", within: Ends | None = None) -> str:
    """Write a difference with its sign; between shares in percentage points."""
    return signed(value, size(abs(value), language, unit, within)) if is_number(value) else NO_NUMBER


def signed(value: float, text: str) -> str:
    """Put a sign before how large a difference is; nought is never below itself."""
    sign = "−" if value < 0 and NOT_ZERO.search(text) else "+"
    return sign + text


def size(value: Any, language: str, unit: str = "", within: Ends | None = None) -> str:
    """Write how large a difference is, without a sign; between shares in percentage points."""
    if unit != "share" or not is_number(value):
        return number(value, language, unit, within)
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
    write = gain_end if of_gain else interval_end
    ends = [write(end, language, unit, (low, high)) for end in (low, high)]
    if of_gain and len(points) > LONGEST_MARK:
        ends = [end.removesuffix(f" {points}") for end in ends]
    return f"[{'; '.join(ends)}]"


def error_size(error: Any, language: str, unit: str = "") -> str:
    """Write a standard error with its two digits; of a share in percentage points."""
    if unit == "share" or not is_number(error) or not error:
        return size(error, language, unit)
    return to_place(error, min(1 - _magnitude(error), MOST_DECIMALS), language)


def _magnitude(value: float) -> int:
    """Return the power of ten of the first of two digits of a number."""
    return int(f"{abs(value):.1e}".partition("e")[2])


@functools.cache
def _is_money(unit: str) -> bool:
    """Tell whether a unit is a code of a currency; three capitals are looked up, `FTE` is none."""
    from babel.numbers import is_currency  # noqa: PLC0415 - locale data are read when first needed

    return len(unit) == len("EUR") and unit.isupper() and bool(is_currency(unit, "en"))


@functools.lru_cache(maxsize=65536)
def decimal(value: float, pattern: str, language: str) -> str:
    """Write a number by a pattern of Unicode's locale data; a page writes the same ones again and again."""
    text = str(_pattern(pattern).apply(value, language))
    return text.replace("-", "−") if NOT_ZERO.search(text) else text.replace("-", "")


@functools.cache
def _pattern(pattern: str) -> Any:
    from babel.numbers import parse_pattern  # noqa: PLC0415 - locale data are read when first needed

    return parse_pattern(pattern)
