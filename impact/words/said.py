"""A sentence that is said once: a code of the catalogue with typed values; stored as JSON, written out by readers.

Every room may say something; only those who show it write it, in the reader's language: see
:mod:`impact.words.sentences`. A value is a number, a text that stays as it is (a code, a name, what somebody wrote),
another sentence, or several of these. How a number is written (as a share, in percentage points, to how many digits)
stands in the catalogue, not here.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

Value: TypeAlias = "int | float | str | Said | tuple[Value, ...]"
Text: TypeAlias = "str | Said"
"""A sentence, or a text that is the same in every language."""
Remark: TypeAlias = "Said | Literal['']"
"""A sentence, or nothing to say."""


@dataclass(frozen=True, init=False)
class Said:
    """A sentence by its code, with the values that stand in it.

    Parameters
    ----------
    code
        Key of the catalogue, ``<file>.<what it says>``.
    values
        By the name of their place in the sentence: numbers of Python or numpy, texts, sentences, or sequences of these.

    Examples
    --------
    >>> used = Said("checks.used", used=655, available=1602)
    >>> used.json()
    '{"code": "checks.used", "values": {"used": 655, "available": 1602}}'
    >>> Said.from_json(used.json()) == used
    True
    """

    code: str
    values: Mapping[str, Value]

    def __init__(self, code: str, /, **values: Any) -> None:
        object.__setattr__(self, "code", code)
        object.__setattr__(self, "values", {name: _plain(value) for name, value in values.items()})

    def __hash__(self) -> int:
        return hash(self.json())

    def __str__(self) -> str:
        from impact.words.sentences import written  # noqa: PLC0415 - the catalogue is read when first needed

        return written(self, "en")

    def json(self) -> str:
        """Return the sentence as it is stored."""
        return text_json(self)

    @staticmethod
    def from_json(text: str) -> Text:
        """Return what was stored: a sentence, or a text.

        Raises
        ------
        ValueError
            If the JSON holds neither.
        """
        return Said.from_plain(json.loads(text))

    @staticmethod
    def from_plain(stored: Any) -> Text:
        """Return what was stored, of JSON that has been read: a sentence, or a text.

        Raises
        ------
        ValueError
            If it is neither.
        """
        text = _loaded(stored)
        if not isinstance(text, Said | str):
            raise ValueError(f"expected a sentence or a text, found {stored!r}")
        return text


def text_json(text: Text | tuple[Text, ...]) -> str:
    """Return a sentence, a text, or several of these as a list, as it is stored."""
    return json.dumps(_dumped(text), ensure_ascii=False, allow_nan=False)


def joined(*texts: Said | Literal[""] | None, by: Literal["semicolon", "comma"] = "semicolon") -> Remark:
    """Return texts one after the other; those that are None or empty are left out.

    Parameters
    ----------
    texts
        What is to be said, in order; what is None or empty is left out.
    by
        What stands between them.
    """
    present = [text for text in texts if text]
    if len(present) == 1:
        return present[0]
    return Said(f"join.{by}", parts=present) if present else ""


def says(text: object, code: str) -> bool:
    """Tell whether something is the sentence of a code."""
    return isinstance(text, Said) and text.code == code


def _plain(value: Any) -> Value:
    """Return a value in plain Python types; a number without an end becomes the word for it."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Said | int):
        return value
    if hasattr(value, "item") and not getattr(value, "shape", ()):
        return _plain(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    return tuple(_plain(member) for member in value)


def _dumped(value: Value) -> Any:
    if isinstance(value, tuple):
        return [_dumped(member) for member in value]
    if not isinstance(value, Said):
        return value
    stored = {"code": value.code}
    values = {name: _dumped(member) for name, member in value.values.items()}
    return {**stored, "values": values} if values else stored


def _loaded(stored: Any) -> Value:
    if isinstance(stored, dict):
        values = stored.get("values", {})
        return Said(stored["code"], **{name: _loaded(value) for name, value in values.items()})
    return tuple(map(_loaded, stored)) if isinstance(stored, list) else stored
