"""Words: every sentence that the engine can write has its Italian; numbers and names in it stay what they are."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from impact.declare.base import OPERATORS
from impact.store import Warehouse, open_reader
from impact.words.engine import PLACE, Pattern, catalogue, engine_text
from tests.support.engine_sentences import HOLE, engine_sentences
from tests.support.shipped import shipped_database

WORD = re.compile(r"(?<![\w.])[^\W\d_]{2,}(?![\w])")
CODES = {"arm", "baseline", "contract", "treated"}
"""English words that the shipped programmes use as names of columns, waves and codes: these stay as they are."""
WRITTEN = {
    "finding": ("method", "estimand", "design", "inference", "adjustment", "not_estimable", "evidence_reason"),
    "diagnostic": ("check", "null_hypothesis", "detail"),
    "term": ("family", "term", "detail"),
    "measure": ("method",),
    "quarantine": ("rule", "expected"),
}
"""Columns of the store in which the engine's sentences stand."""


def words(text: str) -> set[str]:
    """Return the words of a text or pattern, in small letters; identifiers and abbreviations are none."""
    return {word.lower() for word in WORD.findall(PLACE.sub(" ", text)) if not word.isupper()}


@pytest.fixture(scope="module")
def english() -> set[str]:
    """Words of the engine's sentences that no Italian sentence has."""
    pairs = catalogue()
    return set().union(*map(words, pairs)) - set().union(*map(words, pairs.values()))


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """All programmes that come with the engine, in one database."""
    with open_reader(shipped_database(tmp_path_factory)) as warehouse:
        yield warehouse


def untranslated(texts: dict[str, str], english: set[str]) -> dict[str, str]:
    """Return the texts that have English words left in Italian, with what they became and where they are written."""
    italian = {text: engine_text(text, "it") for text in texts}
    return {text: f"{said!r} from {texts[text]}" for text, said in italian.items() if words(said) & english}


def test_engine_sentences_are_read_from_the_source_whole() -> None:
    sentences = engine_sentences()
    assert len(sentences) > 1000
    expected = {
        "both arms lost the same share of persons",  # a constant of its module, through a call
        f"lost {HOLE} of {HOLE} treated and {HOLE} of {HOLE} in the comparison",  # a local f-string
        "the design is declared for the programme as a whole",  # an element of what a function returns
        "the treatment does not vary once the controls are known",  # an argument of an error
        "staggered adoption, Callaway–Sant'Anna, simple, against not yet treated",  # words of a declaration
        "unbounded: the change may be zero",  # one side of a condition
    }
    assert expected <= set(sentences)


def test_engine_every_sentence_has_its_italian(english: set[str]) -> None:
    conditions = f"{HOLE} {HOLE} {HOLE} where"  # of which the operator is in no expression: tested below
    sentences = {text: place for text, place in engine_sentences().items() if not text.startswith(conditions)}
    assert untranslated(sentences, english) == {}


@pytest.mark.parametrize("operator", OPERATORS)
def test_engine_every_operator_of_a_rule_has_its_italian(operator: str, english: set[str]) -> None:
    shown = "is given" if operator == "is_missing" else f"{operator.replace('_', ' ')} 5"
    text = f"hours {shown} where sex {shown}"
    assert untranslated({text: operator}, english) == {}
    assert engine_text(text, "it").startswith("hours ")


def test_engine_words_of_the_shipped_programmes_are_all_italian(found: Warehouse, english: set[str]) -> None:
    texts = {
        text: f"{table}.{column}"
        for table, columns in WRITTEN.items()
        for column in columns
        for (text,) in found.rows(f'SELECT DISTINCT "{column}" FROM impact.{table} WHERE "{column}" IS NOT NULL')
    }
    assert len(texts) > 200
    assert untranslated(texts, english - CODES) == {}


def test_engine_a_pattern_has_the_same_places_in_both_languages() -> None:
    for text, italian in catalogue().items():
        assert sorted(PLACE.findall(text)) == sorted(PLACE.findall(italian)), text
        assert len(set(PLACE.findall(text))) == len(PLACE.findall(text)), text


def test_engine_an_untranslated_sentence_is_noticed(english: set[str]) -> None:
    assert untranslated({"the outcome varies without end": "here"}, english) != {}
    assert untranslated({"HC2; the outcome varies": "here"}, english) != {}


@pytest.mark.parametrize(
    ("text", "italian"),
    [
        ("errors are not clustered", "gli errori non sono raggruppati per cluster"),
        (
            "lost 17.3% of 1,655 treated and 18.1% of 602 in the comparison",
            "persi: 17,3 % di 1.655 trattati e 18,1 % di 602 nel confronto",
        ),
        ("CR2, delta method, t(21.2566)", "CR2, metodo delta, t(21,2566)"),
        ("F(8, 436) over age, group, outcome 1974", "F(8; 436) su age, group, esito 1974"),
        (
            "an arm lies in 1 cluster of district; needed: at least two clusters in each arm",
            "un gruppo sta in 1 cluster di district; serve: almeno due cluster in ogni gruppo",
        ),
        (
            "did design; lowered for failed checks: balance, placebo_outcome income",
            "disegno di differenza nelle differenze; abbassato per verifiche non superate: bilanciamento,"
            " esito placebo income",
        ),
        ("ex_ante.target.value: 0.25 → nothing", "ex_ante.target.value: 0,25 → niente"),
        ("p = 0.034 (HC2, t(12.5))", "p = 0,034 (HC2, t(12,5))"),
        ("observed -0.25", "osservato -0,25"),
        (
            "the cohort first treated 2017 lies in one unit; every unit never treated has a missing outcome",
            "la coorte trattata per la prima volta in 2017 sta in una sola unità;"
            " ogni unità mai trattata ha un esito mancante",
        ),
        (
            "for the cohort first treated 2017, period 2018, the comparison lies in one unit or cluster;"
            " in period 2019 the comparison lies in one unit or cluster;"
            " the cohort first treated w.1 is not compared just before its start",
            "per la coorte trattata per la prima volta in 2017, periodo 2018, il confronto sta in una sola unità o cluster;"
            " nel periodo 2019 il confronto sta in una sola unità o cluster;"
            " la coorte trattata per la prima volta in w.1 non ha confronto subito prima del suo inizio",
        ),
        (
            "36 rows of 6 units over 6 waves used; 2 have no school / weight; 60 rows left out as the only one of their"
            " unit or wave",
            "usate 36 righe di 6 unità su 6 rilevazioni; 2 senza school / weight; 60 righe escluse perché uniche della"
            " loro unità o rilevazione",
        ),
        ("en: between 1.5 and 2.5; it: tra 1,5 e 2,5", "tra 1,5 e 2,5"),
        ("Cascina Nuova, via Roma 1.5", "Cascina Nuova, via Roma 1.5"),
    ],
)
def test_engine_text_in_italian(text: str, italian: str) -> None:
    assert engine_text(text, "it") == italian


def test_engine_text_in_english_is_as_it_was_written() -> None:
    for text in engine_sentences():
        assert engine_text(text, "en") == text or text.startswith("en: ")
    assert engine_text("en: between 1.5 and 2.5; it: tra 1.5 e 2.5", "en") == "between 1.5 and 2.5"


@pytest.mark.parametrize("value", ["wave_2", "d20", "black=1", "2021-05", "v1.5.2", "ISTAT 2020"])
def test_engine_names_stay(value: str) -> None:
    assert engine_text(f"without {value}", "it") == f"senza {value}"


def test_engine_text_is_tried_against_few_of_the_patterns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of 1,400 patterns for each text would be seconds on a page: what it begins with and its fixed words choose."""
    tried: list[str] = []
    read = Pattern.read
    monkeypatch.setattr(Pattern, "read", lambda pattern, text: tried.append(text) or read(pattern, text))
    engine_text.cache_clear()
    texts = sorted(engine_sentences())[:1000]
    for text in texts:
        engine_text(text, "it")
    assert len(texts) <= len(tried) < 3 * len(texts)
