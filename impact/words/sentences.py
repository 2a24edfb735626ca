"""The catalogue of sentences: what each code says in each language, with places for its values.

``sentences/*.yaml`` hold ``code: {en: …, it: …}``; the part of a code before its first dot is the name of the file. A
place is ``{name}`` or ``{name:form}``. The form of a number is Python's (``.1%``, ``.3g``, ``,``), ``digits``
(:func:`in_digits`), ``p`` (a p-value with its sign: ``= 0.023``), or ``gain`` or ``points`` (a difference with its
sign, between shares in percentage points). The form of several values is what stands between them, a comma if nothing
is said, and after a bar the form of each: ``{names}``, ``{parts:; }``, ``{bounds: … |.3g}``. A text stays as it is;
numbers take the language's marks. A further language is one more file; see :mod:`impact.words.read`.
"""

from __future__ import annotations

import functools
import math
import string
from dataclasses import dataclass
from typing import cast

from impact.words import numbers
from impact.words.languages import FALLBACK
from impact.words.read import texts_of
from impact.words.said import Said, Text, Value

COMMA = ", "


@dataclass(frozen=True)
class Place:
    """Where a value stands in a sentence, and in which form."""

    name: str
    form: str


Template = tuple[str | Place, ...]


def written(text: Text, language: str) -> str:
    """Write a sentence in a language; a text stays as it is.

    Parameters
    ----------
    text
        A sentence whose code is in the catalogue, or a text.
    language
        A key of the catalogue: ``en`` or ``it``.

    Raises
    ------
    KeyError
        If the catalogue does not know the code in this language, or the sentence lacks a value.

    Examples
    --------
    >>> from impact.words.said import Said
    >>> trimmed = Said("checks.trimmed", trimmed_share=0.146)
    >>> written(trimmed, "en"), written(trimmed, "it")
    ('14.6% trimmed', '14,6 % escluso (trimming)')
    """
    if isinstance(text, str):
        return text
    pieces = templates(language)[text.code]
    return "".join(piece if isinstance(piece, str) else _placed(piece, text, language) for piece in pieces)


def in_digits(value: float) -> str:
    """Write a number for a sentence: four digits, whole from a thousand on, never with an exponent.

    Examples
    --------
    >>> in_digits(21.2566), in_digits(-0.0583789), in_digits(1234567.8), in_digits(22.0), in_digits(0.0)
    ('21.26', '-0.05838', '1234568', '22', '0')
    """
    if value == 0 or not math.isfinite(value) or abs(value) >= 1000:
        return f"{value + 0.0:.0f}"
    magnitude = math.floor(math.log10(abs(value)))
    text = f"{value:.{3 - magnitude}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


@functools.cache
def templates(language: str) -> dict[str, Template]:
    """Return the sentences of a language by code, taken apart into texts and places."""
    return {code: template(texts.get(language, texts[FALLBACK])) for code, texts in sentences().items()}


def is_written(code: str, language: str) -> bool:
    """Tell whether a code has a sentence in a language, and is not said in English for want of one."""
    return language in sentences()[code]


@functools.cache
def sentences() -> dict[str, dict[str, str]]:
    """Return what every code says, by language."""
    return cast("dict[str, dict[str, str]]", texts_of("sentences"))


def template(text: str) -> Template:
    """Take a sentence of the catalogue apart.

    Examples
    --------
    >>> template("{n} units miss {names: / }")
    (Place(name='n', form=''), ' units miss ', Place(name='names', form=' / '))
    """
    pieces: list[str | Place] = []
    for fixed, name, form, _ in string.Formatter().parse(text):
        pieces += [fixed] if fixed else []
        pieces += [Place(name, form or "")] if name is not None else []
    return tuple(pieces)


def _placed(place: Place, said: Said, language: str) -> str:
    return _value(said.values[place.name], place.form, language)


def _value(value: Value, form: str, language: str) -> str:
    if isinstance(value, Said | str):
        return written(value, language)
    if isinstance(value, tuple):
        between, _, of_each = form.partition("|")
        return (between or COMMA).join(_value(member, of_each, language) for member in value)
    if form == "p":
        return numbers.p_value(value, language)
    if form == "gain":
        return numbers.gain(value, language)
    if form == "points":
        return numbers.gain(value, language, "share")
    text = in_digits(value) if form == "digits" else format(value, form)
    return localised(text, language)


def localised(text: str, language: str) -> str:
    """Give a number written by Python the marks of a language.

    Examples
    --------
    >>> localised("1,234.5", "it"), localised("17.3%", "it"), localised("17.3%", "en")
    ('1.234,5', '17,3 %', '17.3%')
    """
    if language == "en":
        return text
    return text.translate(_marks(language))


@functools.cache
def _marks(language: str) -> dict[int, str]:
    return dict(zip(map(ord, ",.%"), numbers.marks(language), strict=False))
