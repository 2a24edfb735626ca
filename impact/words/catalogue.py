"""One language: its texts by key, its way to write numbers and dates, and the sentences that a code says."""

from __future__ import annotations

import datetime
import functools
import math
from typing import Any

from babel.dates import format_date

from impact.words import numbers
from impact.words.languages import LANGUAGES, Language
from impact.words.read import Entry, texts_of
from impact.words.said import Text
from impact.words.sentences import written

WHOLE = 1e15
"""Numbers below it have all their whole digits."""
SMALLEST_P = 0.001
"""Below it a p-value is given as a bound: its digits say nothing."""
DATE_PATTERNS = {4: "yyyy", 7: "MMM yyyy"}
"""How a date is written that is known to the year or to the month, by the length of its text."""
FIRST_DAY = "0000-01-01"
"""What completes such a date: its first day."""


class Words:
    """The words of one language.

    Parameters
    ----------
    language
        ``it``, ``en``, or one that a file adds.
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
        return text.format(**{name: self._filled(value) for name, value in values.items()})

    def _filled(self, value: object) -> object:
        """Return a value as it stands in a text: whole numbers are written, everything else is text already."""
        return self.number(value) if isinstance(value, int) else value

    @property
    def declared(self) -> Language:
        """The language in which texts of declarations are read: their own two, English for a further one."""
        return self.language if self.language in LANGUAGES else "en"

    def has(self, key: str) -> bool:
        """Tell whether the catalogue has a key."""
        return key in self._texts

    def pick(self, row: Any, column: str) -> str:
        """Return the text of a row in the language of declarations, from ``<column>_<language>``."""
        return str(row[f"{column}_{self.declared}"])

    def said(self, text: Text | None) -> str:
        """Write a sentence in this language; a text stays as it is, and nothing is written as nothing."""
        return "" if text is None else written(text, self.language)

    def number(self, value: Any, unit: str = "", within: numbers.Ends | None = None) -> str:
        """Write a number for reading, an estimate by its interval; see :func:`impact.words.numbers.number`."""
        return numbers.number(value, self.language, unit, within)

    def exact(self, value: float) -> str:
        """Write a number with all the digits it has, as a value of a row that is not to be rounded."""
        is_whole = value.is_integer() and abs(value) < WHOLE
        text = f"{value:.0f}" if is_whole else repr(value)
        _, decimal_mark, _, _ = numbers.marks(self.language)
        return text.replace(".", decimal_mark).replace("-", "−")

    def gain(self, value: Any, unit: str = "", within: numbers.Ends | None = None) -> str:
        """Write a difference with its sign; between shares in percentage points."""
        return numbers.gain(value, self.language, unit, within)

    def error(self, value: Any, unit: str = "") -> str:
        """Write a standard error with its two digits; of a share in percentage points."""
        return numbers.error_size(value, self.language, unit)

    def p_value(self, value: Any) -> str:
        """Write a p-value with its sign of equality: to three places, below which it is a bound."""
        if value is None or not math.isfinite(value):
            return numbers.NO_NUMBER
        if value < SMALLEST_P:
            return f"< {numbers.decimal(SMALLEST_P, '0.000', self.language)}"
        return f"= {numbers.decimal(float(value), '0.000', self.language)}"

    def interval(self, low: Any, high: Any, unit: str = "", *, gain: bool = False) -> str:
        """Write an interval in brackets, or nothing where there is none."""
        if not (numbers.is_number(low) and numbers.is_number(high)):
            return ""
        write = numbers.gain_end if gain else numbers.interval_end
        lower, upper = (write(end, self.language, unit, (low, high)) for end in (low, high))
        return f"[{lower}; {upper}]"

    def date(self, day: str | datetime.date | None) -> str:
        """Write a date as far as it is known: ``2021-05`` is a month, ``2021`` a year."""
        if day is None:
            return ""
        text = day if isinstance(day, str) else day.isoformat()
        pattern = DATE_PATTERNS.get(len(text), "d MMM yyyy")
        first = text + FIRST_DAY[len(text) :]
        return format_date(datetime.date.fromisoformat(first[:10]), pattern, locale=self.language)


@functools.cache
def catalogue() -> dict[str, dict[str, Entry]]:
    """Return every key with its text in each language."""
    return texts_of("app")


@functools.cache
def words_in(language: Language) -> Words:
    """Return the words of a language, read once."""
    return Words(language)
