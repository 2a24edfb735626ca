"""Sentences that the engine writes in English, read in Italian; used by the words of app, report and figures.

``engine_*.yaml`` beside this module hold patterns: ``en`` with places such as ``{n}``, and ``it`` with the same places.
A place called ``text``, ``text_2``, … holds words of the engine and is translated too; ``names`` holds names with
commas between. A place called by what a programme declares (:data:`DECLARED`: ``wave``, ``column``, ``code``, …) holds
a name or code, which stays letter by letter, also where it looks like a number. Any other holds a value that stays, but
for the decimal comma of numbers: one word if the place is called by one letter. A sentence that is no pattern is read
part by part.
"""

from __future__ import annotations

import functools
import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import yaml

from impact.words.read import LOADER

PLACE = re.compile(r"\{(\w+)\}")
BOTH = re.compile(r"en: (?P<en>.*); it: (?P<it>.*)", re.DOTALL)
"""A sentence that the engine itself wrote in both languages."""
NUMBER = re.compile(r"([+\-−]?)(\d{1,3}(?:,\d{3})+|\d+)((?:\.\d+)?(?:e[+-]?\d+)?)( ?%)?")
DECLARED = frozenset(
    (
        *("author", "code", "codes", "cohort", "column", "columns", "contract", "day", "exposure", "family", "formats"),
        *("group", "indicator", "known", "name", "others", "part", "path", "pattern", "period", "periods", "place"),
        *("places", "reason", "sign", "start", "term", "unit", "units", "values", "w", "wave", "waves"),
    )
)
"""Names of places, as ``wave_2`` too, that hold what a programme or its data call something: never a number."""
JOINTS = ("; ", ". ", ", ")
"""Where a sentence comes apart, outside brackets, in the order in which it is tried."""


@dataclass(frozen=True)
class Pattern:
    """A sentence with places, compiled; ``fixed`` is its longest text between them."""

    expression: re.Pattern[str]
    italian: str
    fixed: str

    def read(self, text: str) -> str | None:
        """Return the text in Italian, or None if it is not of this pattern."""
        found = self.expression.fullmatch(text)
        if found is None:
            return None
        held = {name: _held(name, value) for name, value in found.groupdict().items()}
        return PLACE.sub(lambda place: held[place[1]], self.italian)


@dataclass(frozen=True)
class Patterns:
    """All patterns: whole sentences, those that begin with a word, and the others; the most specific first."""

    whole: dict[str, str]
    by_word: dict[str, list[Pattern]]
    others: list[Pattern]

    def read(self, text: str) -> str | None:
        """Return the text in Italian, or None if no pattern knows it."""
        if text in self.whole:
            return self.whole[text]
        candidates = (*self.by_word.get(text.partition(" ")[0], ()), *self.others)
        alike = (pattern for pattern in candidates if pattern.fixed in text)
        return next((said for pattern in alike if (said := pattern.read(text)) is not None), None)


@functools.lru_cache(maxsize=100_000)
def engine_text(text: str, language: str) -> str:
    """Return a sentence of the engine in a language; what no pattern knows stays as it is.

    Examples
    --------
    >>> engine_text("lost 17.3% of 655 treated and 18.1% of 602 in the comparison", "it")
    'persi: 17,3 % di 655 trattati e 18,1 % di 602 nel confronto'
    >>> engine_text("errors are not clustered", "en")
    'errors are not clustered'
    """
    both = BOTH.fullmatch(text)
    if language != "it":
        return both["en"] if both else text
    return both["it"] if both else _in_italian(text)


def _in_italian(text: str) -> str:
    said = patterns().read(text)
    if said is not None:
        return said
    for joint in JOINTS:
        parts = re.split(rf"{re.escape(joint)}(?![^(]*\))", text)
        if len(parts) > 1:
            return joint.join(engine_text(part, "it") for part in parts)
    return _localised(text)


def _held(name: str, value: str) -> str:
    """Return in Italian what stands in a place; of a list of names, those made of several words are the engine's."""
    if name.startswith("text"):
        return engine_text(value, "it")
    if name.startswith("names"):
        return ", ".join(name_text(part, "it") for part in value.split(", "))
    return value if re.sub(r"_\d+$", "", name) in DECLARED else _localised(value)


def name_text(text: str, language: str) -> str:
    """Return a name in a language: one made of several words is the engine's, any other is declared and stays.

    Examples
    --------
    >>> name_text("level", "it"), name_text("outcome 1975", "it"), name_text("62.01", "it")
    ('level', 'esito 1975', '62.01')
    """
    return engine_text(text, language) if " " in text else text


def _localised(value: str) -> str:
    """Write a value that is a number with decimal comma; any other stays."""
    found = NUMBER.fullmatch(value)
    if found is None:
        return value
    sign, whole, rest, share = found.groups()
    return f"{sign}{whole.replace(',', '.')}{rest.replace('.', ',')}" + (" %" if share else "")


@functools.cache
def patterns() -> Patterns:
    """Return the patterns of all files, compiled once."""
    pairs = sorted(catalogue().items(), key=lambda pair: -len(PLACE.sub("", pair[0])))
    whole = {english: italian for english, italian in pairs if not PLACE.search(english)}
    by_word: dict[str, list[Pattern]] = defaultdict(list)
    others: list[Pattern] = []
    for english, italian in pairs:
        if english not in whole:
            word = english.partition(" ")[0]
            (others if PLACE.search(word) else by_word[word]).append(_compiled(english, italian))
    return Patterns(whole, dict(by_word), others)


def catalogue() -> dict[str, str]:
    """Return the Italian of every English pattern."""
    found: dict[str, str] = {}
    for path in sorted(Path(__file__).parent.glob("engine_*.yaml")):
        pairs = yaml.load(path.read_text(encoding="utf-8"), Loader=LOADER)
        found |= {pair["en"]: pair["it"] for pair in pairs}
    return found


def _compiled(english: str, italian: str) -> Pattern:
    """Compile a pattern."""
    parts = PLACE.split(english)
    texts, names = parts[::2], parts[1::2]
    held = [f"(?P<{name}>{_what_holds(name)})" for name in names]
    written = [re.escape(text) for text in texts]
    expression = "".join(text + place for text, place in zip(written, [*held, ""], strict=True))
    return Pattern(re.compile(expression, re.DOTALL), italian, max(texts, key=len))


def _what_holds(name: str) -> str:
    """Return what may stand in a place: one word, any words, or a value, which ends before the next sentence."""
    if len(name) == 1:
        return r"\S+?"
    return ".+?" if name.startswith("text") else "(?:(?!; ).)+?"
