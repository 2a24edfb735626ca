"""Declared texts in further languages: they leave as rows, and readers get them or are told what they read instead."""

from __future__ import annotations

import datetime
from pathlib import Path

import pandas as pd
import pytest
from impact_dashboards.page.address import Address, read_address

from impact.declare import load_programme
from impact.declare.base import Declared, Text, in_language
from impact.drawing.markup import h, to_html
from impact.publish.export.people import write_people
from impact.publish.export.table import ExportColumn, ExportTable
from impact.publish.origin import Origin
from impact.publish.scope import PART_ROWS
from impact.publish.translations import make_translations, translations_of
from impact.words import read, words_in
from impact.words.languages import LANGUAGES, InLanguage
from impact.words.left import left, lines
from impact.words.tags import canonical

SHIPPED = Path(__file__).parents[2] / "data"


class Titled(Declared):
    title: Text


@pytest.mark.parametrize(("code", "written"), [("DE-at", "de-AT"), ("sl", "sl"), ("sr-latn-rs", "sr-Latn-RS")])
def test_a_declared_text_takes_any_language_in_its_canonical_case(code: str, written: str) -> None:
    assert Titled.model_validate({"title": {"it": "Ore", code: "Ure"}}).title == {"it": "Ore", written: "Ure"}
    assert canonical(written) == written


@pytest.mark.parametrize(
    ("title", "said"),
    [
        ({"it": "Ore", "german": "Stunden"}, "'german' is no code of a language; expected a code of BCP 47"),
        ({"it": "Ore", "de_AT": "Stunden"}, "write de-AT"),
        ({"de-at": "Stunden", "de-AT": "Stunden"}, "the language de-AT twice"),
        ({"it": "Ore", "de": " "}, "words in at least one language"),
        ({}, "words in at least one language"),
    ],
)
def test_what_is_no_language_is_refused_with_what_to_write(title: dict[str, str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Titled.model_validate({"title": title})


def test_a_text_is_read_in_english_where_it_is_not_translated() -> None:
    text = {"de": "Stunden", "it": "Ore", "en": "Hours"}
    assert [in_language(text, code) for code in ("it", "de-CH", "sl")] == ["Ore", "Stunden", "Hours"]


def test_a_shipped_programme_is_read_in_german_by_files_alone() -> None:
    programme = load_programme(SHIPPED / "nsw")
    table = make_translations(programme, None)["translation"]  # type: ignore[arg-type]
    assert set(table["language"]) == {"de"}
    assert set(table["of"]) == {"programme"}
    words = words_in("de").reading(translations_of(table))
    row = {"programme": "nsw", "title_en": "Participants earn more", "title_it": "I partecipanti guadagnano di più"}
    assert words.pick(row, "title") == "Die Teilnehmenden verdienen mehr"
    assert not isinstance(words.pick(row, "title"), InLanguage)
    other = words.pick(row | {"title_en": "Nobody translated this"}, "title")
    assert to_html(h("td", other)) == '<td lang="en">Nobody translated this</td>'


def test_a_text_in_one_language_says_so_to_readers_of_the_others() -> None:
    told = {("p", "Ure"): {"sl": "Ure"}}
    row = {"programme": "p", "title_en": "Ure", "title_it": "Ure"}
    for language in ("it", "en", "de"):
        assert to_html(h("b", words_in(language).reading(told).pick(row, "title"))) == '<b lang="sl">Ure</b>'


def test_a_text_that_is_the_same_in_all_languages_is_in_none() -> None:
    row = {"programme": "p", "title_en": "ANPAL", "title_it": "ANPAL"}
    assert to_html(h("b", words_in("de").pick(row, "title"))) == "<b>ANPAL</b>"


def test_words_that_a_language_lacks_are_in_english_and_marked() -> None:
    lacking = left("de")["app"][0]
    english = words_in("en")._texts[lacking]
    assert words_in("de")._texts[lacking] == english
    assert words_in("de").is_partial
    assert not any(words_in(language).is_partial for language in LANGUAGES)
    mixed = h("p", words_in("de")("shell.menu"), " ", InLanguage("Pages", "en"))
    assert to_html(mixed) == '<p>Seiten <span lang="en">Pages</span></p>'


def test_what_is_left_is_counted() -> None:
    keys = read.texts_of("app")
    of_app, *_ = lines([])
    assert of_app == f"de app: {len(keys) - len(left('de')['app'])} of {len(keys)}"
    assert len(left("de")["app"]) < len(keys) - 300


def test_addresses_have_the_languages_with_a_catalogue() -> None:
    assert read.interface_languages() == (*LANGUAGES, "de")
    assert read_address("/de/portfolio") == Address("de", "portfolio")
    assert read_address("/sl/portfolio") is None


def test_readers_of_parts_get_titles_of_their_codes_and_nothing_of_the_whole() -> None:
    assert PART_ROWS["translation"].startswith("of = 'programme' OR (of = 'code' AND ")
    assert "whole" not in PART_ROWS["translation"]


def test_a_file_for_people_has_commas_words_and_a_mark_of_its_encoding() -> None:
    rows = {
        "title_it": ["Occupati; 2021"], "value": [1234.56789], "p_value": [0.0123456],
        "attainment": ["reached"], "run_id": ["x"],
    }  # fmt: skip
    columns = [
        ExportColumn("title_it", title="titolo"),
        *map(ExportColumn, ("value", "p_value", "attainment", "run_id")),
    ]
    origin = Origin("it", "v", "/it/portfolio", datetime.date(2030, 1, 1), False)
    table = ExportTable("t", "t", tuple(columns), pd.DataFrame(rows), origin)
    written = write_people(table)
    assert written.startswith(b"\xef\xbb\xbf")
    head, line = written.decode("utf-8-sig").splitlines()
    assert head == "Titolo;Valore;Valore p;Stato"
    assert line == '"Occupati; 2021";1234,57;0,012;Raggiunto'
