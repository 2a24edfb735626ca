"""A further language is one more file: sentences and pages are written in it, with its marks."""

from __future__ import annotations

import datetime
import re
import shutil
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from impact_dashboards.page.address import Address
from impact_dashboards.page.view import View

from impact.publish.published import ReaderTables
from impact.store import open_reader
from impact.words import catalogue, read, sentences
from impact.words.said import Said
from impact.words.sentences import Place, written
from tests.support.packages import forget_words
from tests.support.shipped import shipped_database
from tests.support.views import drawn
from tests.support.written import left, page_of, without, words
from tests.support.written import read as read_of
from tests.words.test_written import declared

ACCENTS = str.maketrans("aeiouyAEIOUY", "àèìòùỳÀÈÌÒÙỲ")
MARKS = ["\u00a0", ",", "\u00a0%", "p.p."]
TEXT = "XKQ"
PLAIN = re.compile("[aeiouyAEIOUY]|12[.]5|1250[.]|1,250|1250,0%")
"""What a sentence of only these values has no more: letters without accents and English marks."""


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
    parts: dict[str, dict[str, Any]] = {"app": catalogue.catalogue(), "sentences": sentences.sentences()}
    for part in parts:
        shutil.copytree(str(read.FOLDER / part), tmp_path / part)
    said = {part: {key: accented(texts["en"]) for key, texts in of.items()} for part, of in parts.items()}
    (tmp_path / "languages").mkdir()
    (tmp_path / "languages" / "eo.yaml").write_text(yaml.safe_dump({"marks": MARKS, **said}), "utf-8")
    with monkeypatch.context() as patched:
        patched.setattr(read, "FOLDER", tmp_path)
        forget_words()
        yield "eo"
    forget_words()


def sample(form: str) -> Any:
    """Return a value that can stand in a place: a text, a number, or several of either."""
    if form == "":
        return TEXT
    if form in ("digits", "gain", "points", "d") or re.fullmatch(r"[-+,]?(\.\d+)?[gfe%d]?", form):
        return 1250 if "," in form else 12 if form.endswith("d") else 12.5
    return (sample(form.partition("|")[2]),) * 2


def test_every_sentence_is_written_in_a_further_language(accents: str) -> None:
    for code, template in sentences.templates(accents).items():
        values = {piece.name: sample(piece.form) for piece in template if isinstance(piece, Place)}
        assert PLAIN.search(written(Said(code, **values), accents)) is None, code


@pytest.mark.parametrize("page", [("portfolio", ()), ("indicator", ("nsw", "earnings"))])
def test_pages_are_written_in_a_further_language(
    tmp_path_factory: pytest.TempPathFactory, accents: Any, page: tuple[str, tuple[str, ...]]
) -> None:
    address = Address(accents, *page, query=(("programme", "nsw"),) if not page[1] else ())
    with open_reader(shipped_database(tmp_path_factory)) as warehouse:
        view = View(ReaderTables(warehouse), catalogue.words_in(accents), address, datetime.date(2030, 1, 1))
        texts, known = list(read_of(drawn(view, page_of(view)))), declared(view.published, "nsw")
    catalogues = (sentences.sentences(), catalogue.catalogue())
    english = {word for of in catalogues for said in of.values() for word in words(str(said["en"]))}
    kept = {word for word in english if word == word.translate(ACCENTS)}.union(*map(words, known))
    assert sum("è" in text for text in texts) > 20
    assert left(without(texts, known), english - kept) == {}
