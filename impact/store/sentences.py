"""Sentences in tables: stored as JSON, held as :class:`impact.words.said.Said` in frames, in English in views.

What :meth:`impact.store.database.Database.append` writes is encoded here, what :mod:`impact.publish` reads is decoded
here. Who queries the database with SQL finds a view beside each table, such as ``impact.finding_en``.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping

import pandas as pd

from impact.sql import Select, ident, relation, replacing
from impact.tables.registry import TABLES
from impact.words.languages import LANGUAGES
from impact.words.said import Said, Text, text_json
from impact.words.sentences import written

SENTENCES: Mapping[str, tuple[str, ...]] = {
    table.name: names
    for table in TABLES.values()
    if (names := tuple(column.name for column in table.columns.values() if column.sentence))
}
"""The columns of each table that hold sentences."""
FROM_SQL = "quarantine"
"""The table whose rows come out of queries, with their sentences as JSON already."""


def encoded(table: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Return rows with their sentences as JSON, as the table keeps them."""
    return frame if table == FROM_SQL else _with_sentences(table, frame, _encoded)


def decoded(table: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Return rows of a table with their sentences as objects."""
    return _with_sentences(table, frame, decode)


def in_english(table: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Return decoded rows with their sentences as English text."""
    return _with_sentences(table, frame, _english)


def _with_sentences(table: str, frame: pd.DataFrame, convert: Callable[[object], object]) -> pd.DataFrame:
    """Return rows with their sentences converted, in a copy if there are any; columns that are not there stay out."""
    converted = {}
    for name in SENTENCES.get(table, ()):
        if name in frame:
            texts = [convert(text) for text in frame[name]]
            converted[name] = pd.Series(texts, frame.index, dtype=object)
    return frame.assign(**converted) if converted else frame


def views_sql() -> Iterator[str]:
    """Yield the statements that make a view of each table with its sentences in English."""
    for table, columns in SENTENCES.items():
        english = {name: relation(_in_english_sql(name)) for name in columns}
        query = Select(replacing(english, of="t.*"), f"{ident('impact', table)} t")
        view = ident("impact", f"{table}_en")
        yield f"CREATE VIEW IF NOT EXISTS {view} AS {query.sql()}"


def _in_english_sql(column: str) -> Select:
    same = (f"s.said = t.{ident(column)}", "s.language = 'en'", "s.programme = t.programme")
    return Select({"text": "s.text"}, "impact.sentence s", where=same)


def distinct_sql() -> str:
    """Return the query of a programme's sentences, each once; the programme is its parameter."""
    queries: list[Select] = []
    for table, names in SENTENCES.items():
        for column in map(ident, names):
            stated = ("programme = $1", f"{column} IS NOT NULL")
            queries.append(Select({"said": column}, ident("impact", table), where=stated))
    return " UNION ".join(query.sql() for query in queries)


def written_sentences(stored: list[str]) -> pd.DataFrame:
    """Return each sentence in every language: ``said``, ``language``, ``text``."""
    rows = []
    for text in stored:
        sentence = _decode(text)
        rows += [(text, language, written(sentence, language)) for language in LANGUAGES]
    return pd.DataFrame(rows, columns=["said", "language", "text"])


def decode(stored: object) -> Text | None:
    """Return a sentence as it was stored; None where there is none."""
    return _decode(stored) if isinstance(stored, str) else None


@functools.lru_cache(maxsize=65536)
def _decode(stored: str) -> Text:
    return Said.from_json(stored)


def _encoded(text: object) -> str | None:
    return text_json(text) if isinstance(text, Said | str) else None


def _english(text: object) -> object:
    return str(text) if isinstance(text, Said) else text
