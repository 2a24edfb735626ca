"""Sentences: the source and the catalogue agree, values come back from JSON, a language is one file, tables hold codes."""

from __future__ import annotations

import ast
import datetime
import re
import shutil
import string
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from impact_dashboards.page.address import Address
from impact_dashboards.page.view import View

from impact.publish import findings_table
from impact.publish.published import Published
from impact.store import Warehouse, open_reader
from impact.store.sentences import SENTENCES, in_english
from impact.words import catalogue, read, sentences
from impact.words.said import Said, Text, codes, text_json
from impact.words.sentences import Place, written
from tests.app_words import HOLE, SOURCE, codes_of, constants, patterns, tree_of
from tests.shipped import SHIPPED, shipped_database
from tests.test_written import declared
from tests.views import drawn
from tests.written import left, page_of, without, words
from tests.written import read as read_of

CODES = sentences.sentences()
FILES = {path.stem: path for path in (Path(str(read.FOLDER)) / "sentences").glob("*.yaml")}
DECLARED = "declared.text"
"""What a declaration says in both languages: its places are the languages."""
CALLS = [
    (f"{path.name}:{node.lineno}", node)
    for path in SOURCE
    for node in ast.walk(tree_of(path))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Said" and node.args
]
CACHES = (read.added_languages, sentences.sentences, sentences.templates, sentences._marks, catalogue.catalogue)
ACCENTS = str.maketrans("aeiouyAEIOUY", "àèìòùỳÀÈÌÒÙỲ")
MARKS = ["\u00a0", ",", "\u00a0%", "e.p."]
NUMBER, TEXT = 12.5, "XKQ"


def places(code: str, language: str = "en") -> set[str]:
    return {piece.name for piece in sentences.templates(language)[code] if isinstance(piece, Place)}


def filled(pattern: str) -> Iterator[str]:
    """Yield the codes of a pattern whose holes are texts of the source or the declarations."""
    known = constants() | {text.replace(" ", "_") for text in constants()}
    fits = ((code, re.fullmatch(pattern, code)) for code in CODES)
    yield from (code for code, fit in fits if fit and known.issuperset(fit.groups()))


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
    assert [pattern for pattern in asked if not any(filled(pattern))] == []
    assert set(CODES) - constants() - {code for pattern in asked for code in filled(pattern)} == set()


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


def accented(text: Any) -> Any:
    """Return a text of the catalogue with accents on its vowels, also between the values of a place."""
    if isinstance(text, dict):
        return {form: accented(said) for form, said in text.items()}
    shown = (
        (fixed, name, form.translate(ACCENTS) if " " in (form or "") else form)
        for fixed, name, form, _ in string.Formatter().parse(text)
    )
    return "".join(
        fixed.translate(ACCENTS) + ("" if name is None else f"{{{name}{':' if form else ''}{form}}}")
        for fixed, name, form in shown
    )


@pytest.fixture
def accents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A further language, ``eo``: one file more beside the catalogues."""
    parts: dict[str, dict[str, Any]] = {"app": catalogue.catalogue(), "sentences": CODES}
    for part in parts:
        shutil.copytree(str(read.FOLDER / part), tmp_path / part)
    said = {part: {key: accented(texts["en"]) for key, texts in of.items()} for part, of in parts.items()}
    (tmp_path / "languages").mkdir()
    (tmp_path / "languages" / "eo.yaml").write_text(yaml.safe_dump({"marks": MARKS, **said}), "utf-8")
    with monkeypatch.context() as patched:
        patched.setattr(read, "FOLDER", tmp_path)
        forget()
        yield "eo"
    forget()


def forget() -> None:
    for cache in CACHES:
        cache.cache_clear()
    catalogue.words_in.cache_clear()


def sample(form: str) -> Any:
    """Return a value that can stand in a place: a text, a number, or several of either."""
    between, _, of_each = form.partition("|")
    if form in ("", "digits", "gain", "points") or re.fullmatch(r"[-+,]?(\.\d+)?[gfe%d]?", form):
        return TEXT if form == "" else 12 if form == "d" else NUMBER
    assert between == "" or " " in between or not between.isalnum(), form
    return (sample(of_each),) * 2


def test_every_sentence_is_written_in_a_further_language(accents: str) -> None:
    plain = re.compile("[aeiouyAEIOUY]|12\\.5|1,250|1250\\.")
    for code, template in sentences.templates(accents).items():
        values = {piece.name: sample(piece.form) for piece in template if isinstance(piece, Place)}
        text = written(Said(code, **values), accents)
        assert plain.search(text.replace(MARKS[3], "")) is None, f"{code}: {text}"


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    with open_reader(shipped_database(tmp_path_factory)) as warehouse:
        yield warehouse


@pytest.mark.parametrize("page", [("portfolio", ()), ("indicator", ("nsw", "earnings"))])
def test_pages_are_written_in_a_further_language(
    shipped: Warehouse, accents: Any, page: tuple[str, tuple[str, ...]]
) -> None:
    published = Published(shipped)
    address = Address(accents, *page, query=(("programme", "nsw"),) if not page[1] else ())
    view = View(published, catalogue.words_in(accents), address, datetime.date(2030, 1, 1))
    texts, known = list(read_of(drawn(view, page_of(view)))), declared(published, "nsw")
    english = {word for of in (CODES, catalogue.catalogue()) for said in of.values() for word in words(str(said["en"]))}
    kept = {word for word in english if word == word.translate(ACCENTS)}.union(*map(words, known))
    assert len([text for text in texts if text != text.translate(ACCENTS).lower()]) > 20
    assert left(without(texts, known), english - kept) == {}


def test_columns_of_sentences_hold_codes_and_declared_texts(shipped: Warehouse) -> None:
    for table, names in SENTENCES.items():
        for name in names:
            stored = shipped.rows(f"SELECT DISTINCT {name} FROM impact.{table} WHERE {name} IS NOT NULL")
            texts: list[Text] = [Said.from_json(text) for (text,) in stored]
            assert {code for text in texts for code in codes(text)} <= set(CODES)
            assert (table, name) == ("term", "term") or {text for text in texts if isinstance(text, str)} <= {""}


@pytest.mark.parametrize("programme", SHIPPED)
def test_views_say_in_english_what_the_tables_say(shipped: Warehouse, programme: str) -> None:
    columns = ["finding", *SENTENCES["finding"]]
    seen = in_english("finding", findings_table(shipped, programme))[columns].sort_values("finding")
    names = ", ".join(f'"{name}"' for name in columns)
    viewed = shipped.rows(f"SELECT {names} FROM impact.finding_en WHERE programme = ? ORDER BY finding", [programme])
    assert [tuple(row) for row in seen.astype(object).where(seen.notna(), None).itertuples(index=False)] == viewed
    assert len(viewed) > 3
