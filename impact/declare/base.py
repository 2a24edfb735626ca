"""What all declarations share: the frozen model, identifiers, text per language, dates and conditions."""

from __future__ import annotations

import calendar
import datetime
import re
from enum import Enum
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from impact.words.languages import FALLBACK, Language
from impact.words.tags import canonical, nearest

Level = Literal["micro", "meso", "macro"]
Stage = Literal["input", "activity", "output", "outcome", "impact"]
Horizon = Literal["short", "medium", "long"]
StakeholderRole = Literal["funder", "lead", "partner", "beneficiary", "evaluator", "supporter"]
Scalar = Annotated[str | bool | int | float, Field(union_mode="smart")]


ODD_SPACES = (
    "\t\n\r\x0b\x0c\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
"""White space other than the plain space."""
INVISIBLE = (
    "\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180e\u180f\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2061\u2062\u2063\u2064"
    "\u2065\u2066\u2067\u2068\u2069\u206a\u206b\u206c\u206d\u206e\u206f\u2800\u3164\ufe00\ufe01\ufe02\ufe03\ufe04"
    "\ufe05\ufe06\ufe07\ufe08\ufe09\ufe0a\ufe0b\ufe0c\ufe0d\ufe0e\ufe0f\ufeff\uffa0\ufff9\ufffa\ufffb"
)
"""Characters that show nothing: soft hyphen, marks of direction, joiners, fillers, selectors, byte order mark."""
MOST = 1e30
"""Size beyond which a declared number is refused: squared and multiplied, it would leave what a double can hold."""
MOST_WHOLE = 10**15
"""The same for whole numbers: beyond it doubles lose units."""


def _check_size(value: Any) -> None:
    """Refuse numbers of a size that nothing measured has, wherever they stand in a value."""
    if isinstance(value, dict):
        _check_size(tuple(value))
        _check_size(tuple(value.values()))
    elif isinstance(value, tuple):
        for item in value:
            _check_size(item)
    elif isinstance(value, int):
        if abs(value) > MOST_WHOLE:
            raise ValueError(f"a whole number is at most {MOST_WHOLE:.0e}")
    elif isinstance(value, float) and value != 0:
        size, least = abs(value), 1 / MOST
        if size > MOST or size < least:
            raise ValueError(f"a number lies between {least:.0e} and {MOST:.0e}, or is 0")


def _check_twice(value: Any) -> None:
    """Refuse a list of names or codes that has one of them twice, as the data are read: trimmed."""
    if not isinstance(value, tuple) or not all(isinstance(item, str) for item in value):
        return
    trimmed = [item.strip(f" {ODD_SPACES}{INVISIBLE}") for item in value]
    if len(set(trimmed)) == len(trimmed):
        return
    first = next(item for item in trimmed if trimmed.count(item) > 1)
    raise ValueError(f"'{first}' stands twice")


class Declared(BaseModel):
    """Base of every declaration: frozen; an unknown field, a number beyond measure or a name given twice is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True, allow_inf_nan=False)

    @field_validator("*", mode="after")
    @classmethod
    def _in_measure(cls, value: Any) -> Any:
        _check_size(value)
        _check_twice(value)
        return value


def _both_languages(value: Any) -> Any:
    return {"it": value, "en": value} if isinstance(value, str) else value


class Texts(dict[Language, str]):
    """A text by language: a dictionary that can be told from others wherever it stands in a declaration."""


def _by_language(value: dict[Language, str]) -> dict[Language, str]:
    """Return a text with its languages written as they are; refuse what is no language, or has no words."""
    if not value or not all(text.strip() for text in value.values()):
        raise ValueError("a text needs words in at least one language, such as it or en, and in each that it names")
    texts = Texts()
    for code, text in value.items():
        language = canonical(code)
        if language in texts:
            raise ValueError(f"a text has the language {language} twice; leave one of the two")
        texts[language] = text
    return texts


_TEXT_SCHEMA = {
    "description": "Text people read: {it: …, en: …, de: …}, by codes of BCP 47, or one text for all languages.",
    "anyOf": [
        {"type": "string", "minLength": 1},
        {
            "type": "object",
            "properties": {"it": {"type": "string"}, "en": {"type": "string"}},
            "patternProperties": {"^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$": {"type": "string"}},
            "additionalProperties": False,
            "minProperties": 1,
        },
    ],
}

Text = Annotated[
    dict[Language, str],
    BeforeValidator(_both_languages),
    AfterValidator(_by_language),
    WithJsonSchema(_TEXT_SCHEMA),
]
"""Text people read: ``{it: …, en: …}`` and any further language of BCP 47, or one plain text for all."""


def in_language(text: dict[Language, str], language: Language = "en") -> str:
    """Return a text in one language; where it is not translated in English, else in the first that it has.

    Examples
    --------
    >>> in_language({"it": "Ore", "en": "Hours"}, "it"), in_language({"it": "Ore"}, "en")
    ('Ore', 'Ore')
    """
    return text[read_in(text, language)]


def read_in(text: dict[Language, str], language: Language) -> Language:
    """Return the language in which a reader of another one is shown a text.

    Examples
    --------
    >>> read_in({"it": "Ore", "de-AT": "Stunden"}, "de"), read_in({"it": "Ore", "de": "Stunden"}, "sl")
    ('de-AT', 'it')
    """
    return nearest(text, language) or nearest(text, FALLBACK) or next(iter(text))


def _calendar_date(value: str) -> str:
    match = re.fullmatch(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?", value)
    if not match:
        raise ValueError("a date is written YYYY, YYYY-MM or YYYY-MM-DD, in quotes when it is only a year")
    last_day(value)
    return value


def last_day(value: str) -> str:
    """Return the last calendar day of a year, month or day, as ``YYYY-MM-DD``.

    Examples
    --------
    >>> last_day("2020-02"), last_day("1978"), last_day("2020-02-03")
    ('2020-02-29', '1978-12-31', '2020-02-03')
    """
    year, *within = map(int, value.split("-"))
    month = within[0] if within else 12
    if not 1 <= month <= 12:
        raise ValueError(f"there is no month {month}")
    if len(within) > 1:
        day = within[1]
    else:
        _, day = calendar.monthrange(year, month)
    return datetime.date(year, month, day).isoformat()


def _as_text(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


_DATE_SCHEMA = {
    "description": "A year, month or day: 2021, 2021-06, 2021-06-30.",
    "anyOf": [{"type": "string", "pattern": r"^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$"}, {"type": "integer"}],
}
Date = Annotated[str, BeforeValidator(_as_text), AfterValidator(_calendar_date), WithJsonSchema(_DATE_SCHEMA)]
"""A year, month or day, kept as text: ``"2021"``, ``2021-06``, ``2021-06-30``."""

Id = Annotated[
    str,
    BeforeValidator(_as_text),
    Field(pattern=r"^[a-z0-9][a-z0-9_]*$", max_length=60),
    WithJsonSchema({"type": "string", "pattern": "^[a-z0-9][a-z0-9_]*$", "maxLength": 60}),
]
"""An identifier: lower-case letters, digits and underscores."""


class Names(Enum):
    """What a text of a declaration names; a mark in its type, so that a new field is checked as the others are."""

    COLUMN = "column"
    COLUMN_OF_CODES = "column of codes"
    COLUMN_OF_NUMBERS = "column of numbers"
    WAVE = "wave"


ColumnName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(?:_[a-z0-9]+)*$", max_length=60), Names.COLUMN]
"""A column of a contract: lower-case words joined by single underscores."""
CodeColumn = Annotated[ColumnName, Names.COLUMN_OF_CODES]
"""A column that is read as codes, whatever its type."""
NumberColumn = Annotated[ColumnName, Names.COLUMN_OF_NUMBERS]
"""A column that must hold numbers."""

Code = Annotated[
    str,
    BeforeValidator(_as_text),
    Field(min_length=1, max_length=200),
    WithJsonSchema({"description": "A code as it stands in the data.", "type": ["string", "integer"]}),
]
"""A code as it stands in the data; always text, so that ``00123`` stays itself."""
WaveCode = Annotated[Code, Names.WAVE]
"""The code of a wave of the programme."""

OPERATORS = ("equals", "not_equals", "one_of", "at_least", "at_most", "above", "below", "is_missing")


class Condition(Declared):
    """A test on one column: exactly one operator is given.

    A comparison with a missing value is unknown, and unknown never selects a row.
    """

    column: ColumnName
    equals: Scalar | None = None
    not_equals: Scalar | None = None
    one_of: tuple[Scalar, ...] | None = Field(default=None, min_length=1)
    at_least: float | None = None
    at_most: float | None = None
    above: float | None = None
    below: float | None = None
    is_missing: bool | None = None

    @model_validator(mode="after")
    def _one_operator(self) -> Condition:
        operators = [name for name in OPERATORS if getattr(self, name) is not None]
        if len(operators) != 1:
            choices = ", ".join(OPERATORS)
            declared = ", ".join(operators) or "none"
            message = f"give exactly one of {choices}; found {declared}"
            raise ValueError(message)
        return self

    @property
    def operator(self) -> str:
        """Name of the operator that is given."""
        return next(name for name in OPERATORS if getattr(self, name) is not None)

    @property
    def operand(self) -> Any:
        """Value of the operator that is given."""
        return getattr(self, self.operator)


class Origin(Declared):
    """Where a stated figure comes from: a document with its wording, or a note on how it was set."""

    document: str | None = None
    page: str | None = None
    quote: str | None = None
    note: str | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Origin:
        if not (self.document or self.note):
            raise ValueError("an origin names a document or carries a note")
        return self
