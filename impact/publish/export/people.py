"""CSV for people: what a spreadsheet opens by a double click where numbers have decimal commas.

A byte order mark says that it is UTF-8, semicolons part the cells, heads and states are words. Numbers have six digits
and at least two places, p-values three places; all digits, and the columns for which there is no word, are in the plain
CSV beside it, which is for programs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from impact.publish.export.csv import SEPARATOR, safe_cell
from impact.publish.export.format import Format, Takes
from impact.publish.export.table import ExportColumn, ExportTable
from impact.words import Words, words_in
from impact.words.languages import Language
from impact.words.numbers import marks

BYTE_ORDER = "utf-8-sig"
COMMA = ","
DIGITS = 6
FEWEST_PLACES = 2
P_PLACES = 3
"""Places of the columns of p-values, whose names begin with :data:`P_VALUE`."""
P_VALUE = "p_"
CODED: Mapping[str, str] = {
    **dict.fromkeys(("attainment", "contribution", "state", "course"), "status"),
    "level": "level",
    "stage": "stage",
    "data_kind": "data",
    "progress_state": "progress",
    "arm": "arm",
    "registration": "registration",
    "suppressed": "disclosure",
    "direction": "definition.direction",
}
"""By column, where the words of its codes stand in the catalogue."""


def wants_people(language: Language) -> bool:
    """Tell whether spreadsheets of a language read numbers with a decimal comma, and so not the plain CSV."""
    _, decimals, _, _ = marks(language)
    return decimals == COMMA


def write_people(table: ExportTable) -> bytes:
    """Write the rows of a table for a spreadsheet of its language."""
    words = words_in(table.origin.language)
    heads = {column.name: head for column in table.columns if (head := _head(words, column))}
    cells = [[_cell(words, name, value) for value in table.frame[name]] for name in heads]
    frame = pd.DataFrame(dict(enumerate(cells)), dtype=object)
    separator = ";" if wants_people(words.language) else COMMA
    titles = list(map(safe_cell, heads.values()))
    text = frame.to_csv(index=False, header=titles, sep=separator, lineterminator="\r\n")
    return text.encode(BYTE_ORDER)


def _head(words: Words, column: ExportColumn) -> str:
    """Return what people call a column; nothing for one that is for programs."""
    key = f"people.{column.name}"
    title = words(key) if words.has(key) else column.title
    return title[:1].upper() + title[1:]


def _cell(words: Words, name: str, value: Any) -> Any:
    """Return a value as it stands in a cell: numbers with all their digits, yes and no in words, blank for none."""
    if isinstance(value, list | tuple):
        return safe_cell(SEPARATOR.join(map(str, value)))
    if value is None or pd.isna(value):
        return None
    plain = value.item() if hasattr(value, "item") else value
    if isinstance(plain, bool):
        return words(f"answer.{str(plain).lower()}")
    if isinstance(plain, float):
        return _rounded(name, plain).replace(".", marks(words.language)[1])
    key = f"{CODED.get(name, '')}.{plain}"
    return words(key) if words.has(key) else safe_cell(plain)


def _rounded(name: str, value: float) -> str:
    """Write a number with the digits that people read, without nulls at its end."""
    if value == 0 or not math.isfinite(value):
        return f"{value:.0f}"
    size = math.floor(math.log10(abs(value)))
    places = P_PLACES if name.startswith(P_VALUE) else max(FEWEST_PLACES, DIGITS - 1 - size)
    text = f"{value:.{places}f}"
    return text.rstrip("0").rstrip(".")


FORMAT = Format(".people.csv", "text/csv", Takes.TABLE, write_people)
"""Of blocks of pages only: what leaves as a package is for programs."""
