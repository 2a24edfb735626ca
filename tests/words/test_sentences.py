"""Sentences: the source and the catalogue agree, values come back from JSON, tables hold codes and views say them."""

from __future__ import annotations

import ast
import functools
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from impact.publish import findings_table
from impact.store import Warehouse, open_reader
from impact.store.sentences import SENTENCES, in_english
from impact.words import read
from impact.words.said import Said, Text, Value, text_json
from impact.words.sentences import Place, sentences, templates
from tests.support.app_words import HOLE, SOURCE, codes_of, constants, patterns, tree_of
from tests.support.shipped import SHIPPED, shipped_database

CODES = sentences()
FILES = {path.stem: path for path in (Path(str(read.FOLDER)) / "sentences").glob("*.yaml")}
DECLARED = "declared.text"
"""What a declaration says in both languages: its places are the languages."""
CALLS = [
    (f"{path.name}:{node.lineno}", node)
    for path in SOURCE
    for node in ast.walk(tree_of(path))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Said" and node.args
]


def places(code: str, language: str = "en") -> set[str]:
    return {piece.name for piece in templates(language)[code] if isinstance(piece, Place)}


@functools.cache
def filled(pattern: str) -> frozenset[str]:
    """Return the codes of a pattern whose holes are texts of the source or the declarations."""
    fits = ((code, re.fullmatch(pattern, code)) for code in CODES)
    return frozenset(code for code, fit in fits if fit and texts().issuperset(fit.groups()))


@functools.cache
def texts() -> set[str]:
    return constants() | {text.replace(" ", "_") for text in constants()}


def test_every_sentence_of_the_source_is_in_the_catalogue_with_its_values() -> None:
    assert len(CALLS) > 500
    for place, call in CALLS:
        given_names = {str(word.arg) for word in call.keywords if word.arg}
        for pattern in set(patterns(call.args[0])) - {HOLE}:
            of = [places(code) for code in filled(pattern)]
            more = any(word.arg is None for word in call.keywords)
            assert any(given_names <= needed if more else given_names == needed for needed in of), (place, pattern)


def test_every_code_of_the_source_is_in_the_catalogue_and_none_is_left_over() -> None:
    asked = {pattern for path in SOURCE for code in codes_of(tree_of(path)) for pattern in patterns(code)} - {HOLE}
    assert [pattern for pattern in asked if not filled(pattern)] == []
    assert set(CODES) - texts() - {code for pattern in asked for code in filled(pattern)} == set()


def test_every_sentence_stands_once_in_the_file_of_its_name_with_the_same_places_in_both_languages() -> None:
    for name, path in FILES.items():
        keys = Counter(key.value for key, _ in yaml.compose(path.read_text("utf-8"), Loader=read.LOADER).value)
        assert [key for key, count in keys.items() if count > 1 or key.partition(".")[0] != name] == []
    assert {code for code, texts in CODES.items() if set(texts) != {"en", "it"}} == set()
    assert {code for code in CODES if places(code) != places(code, "it")} == {DECLARED}


SIMPLE = st.integers() | st.floats() | st.text()
VALUES = st.recursive(
    SIMPLE,
    lambda inner: st.lists(inner, max_size=3)
    | st.builds(lambda code, values: Said(code, **values), st.sampled_from(sorted(CODES)), st.dictionaries(st.text(min_size=1), inner, max_size=3)),
)  # fmt: skip


@given(st.sampled_from(sorted(CODES)), st.dictionaries(st.text(min_size=1), VALUES, max_size=4), st.text())
def test_a_sentence_comes_back_from_json_as_it_was(code: str, values: dict[str, Any], text: str) -> None:
    said = Said(code, **values)
    assert Said.from_json(said.json()) == said
    assert hash(Said.from_json(said.json())) == hash(said)
    assert Said.from_json(text_json(text)) == text


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """All programmes that come with the engine, in one database."""
    with open_reader(shipped_database(tmp_path_factory)) as warehouse:
        yield warehouse


def codes(value: Value) -> set[str]:
    """Return the codes of a sentence and of all sentences in it."""
    if isinstance(value, Said):
        return {value.code}.union(*map(codes, value.values.values()))
    return set().union(*map(codes, value)) if isinstance(value, tuple) else set()


def test_columns_of_sentences_hold_codes_and_declared_texts(shipped: Warehouse) -> None:
    for table, names in SENTENCES.items():
        for name in names:
            stored = shipped.rows(f'SELECT DISTINCT "{name}" FROM impact.{table} WHERE "{name}" IS NOT NULL')
            said: list[Text] = [Said.from_json(text) for (text,) in stored]
            assert set().union(*map(codes, said)) <= set(CODES)
            assert (table, name) == ("term", "term") or {text for text in said if isinstance(text, str)} <= {""}


@pytest.mark.parametrize("programme", SHIPPED)
def test_views_say_in_english_what_the_tables_say(shipped: Warehouse, programme: str) -> None:
    columns = ["finding", *SENTENCES["finding"]]
    seen = in_english("finding", findings_table(shipped, programme))[columns].sort_values("finding")
    names = ", ".join(f'"{name}"' for name in columns)
    viewed = shipped.rows(f"SELECT {names} FROM impact.finding_en WHERE programme = ? ORDER BY finding", [programme])
    assert [tuple(row) for row in seen.astype(object).where(seen.notna(), None).itertuples(index=False)] == viewed
    assert len(viewed) > 3
