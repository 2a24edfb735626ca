"""One language: its texts by key, its way to write numbers and dates, its reading of the engine's own sentences."""

from __future__ import annotations

import datetime
import functools
import math
import re
from typing import Any

from babel.dates import format_date
from babel.numbers import parse_pattern

from impact.words.engine import engine_text, name_text
from impact.words.languages import Language
from impact.words.read import catalogue_files

WHOLE = 1e15
"""Numbers below it have all their whole digits."""
SMALLEST_P = 0.001
"""Below it a p-value is given as a bound: its digits say nothing."""
NOT_ZERO = re.compile("[1-9]")
"""What is written with a sign: nought has none, however it came about."""


class Words:
    """The words of one language.

    Parameters
    ----------
    language
        ``it`` or ``en``.
    """

    def __init__(self, language: Language) -> None:
        self.language = language
        self._texts = {key: texts[language] for key, texts in catalogue().items()}

    def __call__(self, key: str, **values: Any) -> str:
        """Return the text of a key; ``{name}`` in it is replaced by the value of that name.

        A text of two forms, ``one`` and ``many``, goes by the value called ``count``.

        Raises
        ------
        KeyError
            If the catalogue has no such key: a text may not be missing.
        """
        text = self._texts[key]
        if isinstance(text, dict):
            text = text["one" if values["count"] == 1 else "many"]
        shown = {name: self.number(value) if isinstance(value, int) else value for name, value in values.items()}
        return str(text).format(**shown)

    def has(self, key: str) -> bool:
        """Tell whether the catalogue has a key."""
        return key in self._texts

    def pick(self, row: Any, column: str) -> str:
        """Return the text of a row in this language, from the columns ``<column>_it`` and ``<column>_en``."""
        return str(row[f"{column}_{self.language}"])

    def said(self, text: str | None) -> str:
        """Return a sentence that the engine wrote, in this language."""
        return "" if text is None else engine_text(str(text), self.language)

    def named(self, text: str) -> str:
        """Return what a programme or the engine calls a thing, in this language; a declared name or code stays."""
        return name_text(text, self.language)

    def number(self, value: Any, unit: str = "") -> str:
        """Write a number for reading: shares as percentages, thousands apart, never more digits than carry meaning."""
        if value is None or not math.isfinite(value):
            return "–"
        if unit == "share":
            return f"{self._decimal(100 * value, '#,##0.0')}{self._percent}"
        if float(value).is_integer():
            return self._decimal(value, "#,##0")
        if abs(value) >= 0.1:
            return self._decimal(value, "#,##0.00")
        return self._decimal(float(f"{value:.3g}"), "0.##########")

    def exact(self, value: float) -> str:
        """Write a number with all the digits it has, as a value of a row that is not to be rounded."""
        text = f"{value:.0f}" if value.is_integer() and abs(value) < WHOLE else repr(value)
        return text.replace(".", ",").replace("-", "−") if self.language == "it" else text.replace("-", "−")

    def gain(self, value: Any, unit: str = "") -> str:
        """Write a difference with its sign; between shares in percentage points."""
        if value is None or not math.isfinite(value):
            return "–"
        size = self.size(abs(value), unit)
        return ("−" if value < 0 and NOT_ZERO.search(size) else "+") + size

    def size(self, value: Any, unit: str = "") -> str:
        """Write how large a difference or its error is, without a sign; between shares in percentage points."""
        if unit != "share" or value is None or not math.isfinite(value):
            return self.number(value)
        return f"{self._decimal(100 * value, '#,##0.0')} {self('points')}"

    def p_value(self, value: Any) -> str:
        """Write a p-value with its sign of equality: to three places, below which it is a bound."""
        if value is None or not math.isfinite(value):
            return "–"
        if value < SMALLEST_P:
            return f"< {self._decimal(SMALLEST_P, '0.000')}"
        return f"= {self._decimal(value, '0.000')}"

    def interval(self, low: Any, high: Any, unit: str = "", *, gain: bool = False) -> str:
        """Write an interval in brackets, or nothing where there is none."""
        if low is None or high is None or not (math.isfinite(low) and math.isfinite(high)):
            return ""
        write = self.gain if gain else self.number
        return f"[{write(low, unit)}; {write(high, unit)}]"

    def date(self, day: str | datetime.date | None) -> str:
        """Write a date as far as it is known: ``2021-05`` is a month, ``2021`` a year."""
        if day is None:
            return ""
        text = day if isinstance(day, str) else day.isoformat()
        pattern = {4: "yyyy", 7: "MMM yyyy"}.get(len(text), "d MMM yyyy")
        known = datetime.date.fromisoformat((text + "-01-01")[:10] if len(text) < 10 else text[:10])
        return format_date(known, pattern, locale=self.language)

    def _decimal(self, value: Any, pattern: str) -> str:
        return _decimal(float(value), pattern, self.language)

    @property
    def _percent(self) -> str:
        return " %" if self.language == "it" else "%"


@functools.lru_cache(maxsize=65536)
def _decimal(value: float, pattern: str, language: Language) -> str:
    """Write a number by a pattern of Unicode's locale data; a page writes the same ones again and again."""
    text = str(_pattern(pattern).apply(value, language))
    return text.replace("-", "−") if NOT_ZERO.search(text) else text.replace("-", "")


_pattern = functools.cache(parse_pattern)


@functools.cache
def catalogue() -> dict[str, dict[str, Any]]:
    """Return every key with its text in each language."""
    read: dict[str, dict[str, Any]] = {}
    for texts in catalogue_files("app"):
        read |= texts
    return read


@functools.cache
def words_in(language: Language) -> Words:
    """Return the words of a language, read once."""
    return Words(language)
