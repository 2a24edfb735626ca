"""CSV for people: what a spreadsheet opens by a double click where numbers have decimal commas.

A byte order mark says that it is UTF-8, semicolons part the cells, and the heads are the titles that the page has. The
numbers are those of the plain CSV beside it, which is for programs, with a comma for its point.
"""

from __future__ import annotations

import functools
from typing import Any

import pandas as pd

from impact.publish.export.csv import SEPARATOR, safe_cell
from impact.publish.export.format import Format, Takes
from impact.publish.export.table import ExportTable
from impact.words import Words, words_in
from impact.words.languages import Language
from impact.words.numbers import marks

BYTE_ORDER = "utf-8-sig"
COMMA = ","


def wants_people(language: Language) -> bool:
    """Tell whether spreadsheets of a language read numbers with a decimal comma, and so not the plain CSV."""
    _, decimals, _, _ = marks(language)
    return decimals == COMMA


def write_people(table: ExportTable) -> bytes:
    """Write the rows of a table for a spreadsheet of its language."""
    words = words_in(table.origin.language)
    write = functools.partial(_cell, words)
    heads = [safe_cell(column.title or column.name) for column in table.columns]
    cells = [[write(value) for value in table.frame[column.name]] for column in table.columns]
    frame = pd.DataFrame(dict(enumerate(cells)), dtype=object)
    separator = ";" if wants_people(words.language) else COMMA
    text = frame.to_csv(index=False, header=heads, sep=separator, lineterminator="\r\n")
    return text.encode(BYTE_ORDER)


def _cell(words: Words, value: Any) -> Any:
    """Return a value as it stands in a cell: numbers with all their digits, yes and no in words, blank for none."""
    if isinstance(value, list | tuple):
        return safe_cell(SEPARATOR.join(map(str, value)))
    if value is None or pd.isna(value):
        return None
    plain = value.item() if hasattr(value, "item") else value
    if isinstance(plain, bool):
        return words(f"answer.{str(plain).lower()}")
    if isinstance(plain, float):
        return repr(plain).removesuffix(".0").replace(".", marks(words.language)[1])
    return safe_cell(plain)


FORMAT = Format(".people.csv", "text/csv", Takes.TABLE, write_people)
"""Of blocks of pages only: what leaves as a package is for programs."""
