"""One language: its texts by key, its way to write numbers and dates, and the sentences that a code says."""

from __future__ import annotations

import copy
import datetime
import functools
from collections.abc import Mapping
from typing import Any, TypeAlias

from babel.dates import format_date

from impact.words import numbers
from impact.words.languages import FALLBACK, LANGUAGES, InLanguage, Language
from impact.words.read import Entry, texts_of
from impact.words.said import Said, Text
from impact.words.sentences import is_written, written
from impact.words.tags import nearest

Translations: TypeAlias = Mapping[tuple[str, str], Mapping[Language, str]]
"""By programme (or none, for any) and text as tables hold it in English: the text by language."""
WHOLE = 1e15
"""Numbers below it have all their whole digits."""
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
        self._texts = {key: texts.get(language, texts[FALLBACK]) for key, texts in catalogue().items()}
        self._missing = {key for key, texts in catalogue().items() if language not in texts}
        self._translations: Translations = {}

    def __call__(self, key: str, **values: Any) -> str:
        """Return the text of a key; ``{name}`` in it is replaced by the value of that name.

        A text of two forms, ``one`` and ``many``, goes by the value called ``count``. One that a further language
        lacks is in English, as an :class:`~impact.words.languages.InLanguage`.

        Raises
        ------
        KeyError
            If the catalogue has no such key: a text may not be missing.
        """
        text = self._texts[key]
        if isinstance(text, dict):
            text = text["one" if values["count"] == 1 else "many"]
        filled = text.format(**{name: self._filled(value) for name, value in values.items()})
        return InLanguage(filled, FALLBACK) if key in self._missing else filled

    def _filled(self, value: object) -> object:
        """Return a value as it stands in a text: whole numbers are written, everything else is text already."""
        return self.number(value) if isinstance(value, int) else value

    @property
    def declared(self) -> Language:
        """The language in which texts of declarations are read: their own two, English for a further one."""
        return self.language if self.language in LANGUAGES else "en"

    @property
    def is_partial(self) -> bool:
        """Whether some texts of the app are in English for want of one in this language."""
        return bool(self._missing)

    def has(self, key: str) -> bool:
        """Tell whether the catalogue has a key."""
        return key in self._texts

    def pick(self, row: Any, column: str) -> str:
        """Return a declared text of a row in this language, from ``<column>_<language>`` or its translation.

        Where there is none it is in English, or in the only language that it has, and says so.
        """
        stored, english = str(row[f"{column}_{self.declared}"]), str(row[f"{column}_{FALLBACK}"])
        one_for_all = self.declared == FALLBACK and stored == row.get(f"{column}_it", None)
        programme = str(row.get("programme", ""))
        return self.translated(stored, programme, key=english, marked=not one_for_all)

    def picked(self, table: Any, column: str = "title") -> list[str]:
        """Return a declared text of each row of a frame, as :meth:`pick` does of one."""
        names = [name for name in ("programme", f"{column}_en", f"{column}_it") if name in table]
        rows = zip(*(table[name] for name in names), strict=True)
        return [self.pick(dict(zip(names, row, strict=True)), column) for row in rows]

    def translated(self, stored: str, programme: str = "", *, key: str = "", marked: bool = True) -> str:
        """Return what a declared text, as tables hold it, is in this language; marked where it is in another.

        Parameters
        ----------
        stored
            What is shown where there is no translation.
        programme
            Whose it is; of any, if it is not said.
        key
            The text in English, by which translations are found; what is stored, if it is not said.
        marked
            Whether a text without a translation says that it is in English.
        """
        by_language = self._translations.get((programme, key or stored), {})
        is_further = self.language not in LANGUAGES
        found = nearest(by_language, self.language) if is_further else None
        if found is not None:
            return by_language[found]
        unknown = FALLBACK if is_further and marked else self.language
        source = next((language for language, text in by_language.items() if text == stored), unknown)
        return stored if source == self.language else InLanguage(stored, source)

    def reading(self, translations: Translations) -> Words:
        """Return these words with the translations of declared texts that a reader of tables may see."""
        words = copy.copy(self)
        words._translations = translations
        return words

    def said(self, text: Text | None) -> str:
        """Write a sentence in this language; a text stays as it is, and nothing is written as nothing."""
        said = "" if text is None else written(text, self.language)
        is_foreign = isinstance(text, Said) and not is_written(text.code, self.language)
        return InLanguage(said, FALLBACK) if is_foreign else said

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

    def size(self, value: Any, unit: str = "", within: numbers.Ends | None = None) -> str:
        """Write how large a difference is, without a sign; between shares in percentage points."""
        return numbers.size(value, self.language, unit, within)

    def error(self, value: Any, unit: str = "") -> str:
        """Write a standard error with its two digits; of a share in percentage points."""
        return numbers.error_size(value, self.language, unit)

    def p_value(self, value: Any) -> str:
        """Write a p-value with its sign of equality: to three places, below which it is a bound."""
        return numbers.p_value(value, self.language)

    def interval(self, low: Any, high: Any, unit: str = "", *, gain: bool = False) -> str:
        """Write an interval in brackets, or nothing where there is none."""
        return numbers.interval(low, high, self.language, unit, of_gain=gain)

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
