"""Declared texts in further languages leave as a table, and readers find them in it by the text in English.

Tables have a column for each of the two languages of the house; a third would be a column in each of them, for every
programme. Here it is rows: a text as the English columns have it, and the same in another language.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, TypeAlias

import duckdb
import pandas as pd
from pydantic import BaseModel

from impact.declare import Programme, in_language
from impact.declare.base import Texts
from impact.declare.contracts import CodeItem, Column
from impact.publish.rows import rows_of
from impact.tables.frames import to_frame
from impact.tables.titles import Translation
from impact.words.languages import LANGUAGES, Language

Place: TypeAlias = tuple[str, str, str]
"""What a text is of, with column and code where it is the title of one."""


def make_translations(programme: Programme, _: duckdb.DuckDBPyConnection) -> dict[str, pd.DataFrame]:
    """Return the declared texts that are in further languages, or lack one of the two of the house.

    Parameters
    ----------
    programme
        As declared; nothing is asked of the database.
    """
    rows = {row: None for place, text in _texts(programme) for row in _rows(programme.id, place, text)}
    return {"translation": to_frame(Translation, list(rows))}


def translations_of(frame: pd.DataFrame) -> Mapping[tuple[str, str], Mapping[Language, str]]:
    """Return the texts by language, by programme and text in English; without a programme, of the first that has it."""
    found: dict[tuple[str, str], dict[Language, str]] = {}
    for row in rows_of(frame):
        for programme in (str(row["programme"]), ""):
            by_language = found.setdefault((programme, str(row["text"])), {})
            by_language.setdefault(str(row["language"]), str(row["translation"]))
    return found


def _rows(programme: str, place: Place, text: Texts) -> Iterator[Translation]:
    lacks = any(language not in text for language in LANGUAGES)
    of, column, code = place
    for language, translation in text.items():
        if lacks or language not in LANGUAGES:
            yield Translation(
                programme=programme,
                of=of,
                column=column,
                code=code,
                text=in_language(text),
                language=language,
                translation=translation,
            )


def _texts(programme: Programme) -> Iterator[tuple[Place, Texts]]:
    """Yield every declared text with what it is of, the titles of codes by the columns that have them."""
    frameworks = [framework.file for framework in programme.frameworks]
    for text in _within([programme.header, programme.contracts, programme.indicators, frameworks]):
        yield ("programme", "", ""), text
    for codelist in programme.codelists.values():
        yield ("programme", "", ""), _as_texts(codelist.title)
    for contract in programme.contracts.values():
        for name, column in contract.columns.items():
            for item in _items(programme, column):
                yield ("code", name, item.code), _as_texts(item.title)
    for text in _within([programme.claims, programme.value, programme.evaluation, programme.export]):
        yield ("whole", "", ""), text


def _items(programme: Programme, column: Column) -> Sequence[CodeItem]:
    codelist = programme.codelists.get(column.codelist or "")
    return codelist.codes if codelist else ()


def _as_texts(text: dict[Language, str]) -> Texts:
    return text if isinstance(text, Texts) else Texts(text)


def _within(declared: Any) -> Iterator[Texts]:
    """Yield the texts in a declaration, wherever they stand."""
    if isinstance(declared, Texts):
        yield declared
    elif isinstance(declared, BaseModel):
        yield from _within([getattr(declared, name) for name in type(declared).model_fields])
    elif is_dataclass(declared):
        yield from _within([getattr(declared, field.name) for field in fields(declared)])
    elif isinstance(declared, Mapping):
        yield from _within(list(declared.values()))
    elif isinstance(declared, list | tuple):
        for item in declared:
            yield from _within(item)
