"""What is exported: a table of values as readers see them, with what its columns hold and mean, and where it is from.

Made by :mod:`impact.publish.export.programme` of published tables and by the app of what stands on a page; written by
the formats beside this module.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import pandas as pd

from impact.publish.origin import Origin
from impact.words import Words
from impact.words.said import Said


class Kind(StrEnum):
    """What the values of a column are, in the words of XML Schema where it has one."""

    TEXT = "string"
    NUMBER = "number"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    DATE = "date"
    MOMENT = "dateTime"
    CODES = "codes"
    """A list of texts."""
    ANY = "any"
    """Of a table that a page made: each value says itself what it is."""


@dataclass(frozen=True)
class ExportColumn:
    """A column of an exported table.

    Parameters
    ----------
    name
        Head of the column in the file.
    kind
        What its values are.
    title
        What readers see above it, where that is more than its name.
    meaning, unit
        What a value says, and in what it is measured; empty where nobody has written it down.
    required
        Whether a value is never missing.
    codes
        The texts that there can be; empty where there is no list of them.
    """

    name: str
    kind: Kind = Kind.ANY
    title: str = ""
    meaning: str = ""
    unit: str = ""
    required: bool = False
    codes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ExportTable:
    """A protected table, ready to be written in any format.

    Parameters
    ----------
    name
        Of its file, without the ending.
    title
        For readers.
    columns
        In order.
    frame
        A column of Python values per entry of ``columns``, all of dtype object; what is missing is None.
    origin
        Where it is from.
    url
        Where its CSV file stands, for what describes it; by default beside the description.
    suppressed
        How many rows are hidden, by reason.
    key
        Columns whose values together stand once.
    """

    name: str
    title: str
    columns: tuple[ExportColumn, ...]
    frame: pd.DataFrame
    origin: Origin
    url: str = ""
    suppressed: Mapping[str, int] = field(default_factory=dict)
    key: tuple[str, ...] = ()


FAMILY = "family"
"""Column by which readers of a file tell terms apart: the same in every language."""


def in_language(frame: pd.DataFrame, words: Words) -> pd.DataFrame:
    """Return a frame with its sentences in a language; a code or a name stays as it is."""
    texts = [name for name in frame if frame[name].dtype == object]
    written = {str(name): _written(frame[name], words) for name in texts}
    return frame.assign(**written)


def _written(values: pd.Series, words: Words) -> pd.Series:
    write = str if values.name == FAMILY else words.said
    texts = [write(value) if isinstance(value, Said) else value for value in values]
    return pd.Series(texts, values.index, dtype=object)
