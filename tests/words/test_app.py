"""Words of the app: each in both languages, none missing where the source asks for it, none that nobody asks for."""

from __future__ import annotations

import re
import string
from collections import Counter
from enum import StrEnum
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from impact_dashboards.pages.export.page import MEASURED, MORE
from impact_dashboards.parts.findings import KEPT, column_meaning
from impact_dashboards.parts.state_marks import SHAPES

from impact.cli import terminal
from impact.declare.base import Horizon, Language, Level, Stage
from impact.declare.claims import Qualifier
from impact.declare.contracts import CheckName, MissingKind
from impact.declare.sources import Provenance
from impact.measure.obs_flags import WORDS as OFFICIAL_FLAGS
from impact.states import (
    Arm,
    AttainmentState,
    CheckStatus,
    ClaimState,
    ContributionState,
    CourseState,
    DueState,
    ElementState,
    MapState,
    ProgressState,
    Reason,
    Registration,
    SharedState,
)
from impact.validate.load import _LINE_RULES
from impact.words.catalogue import catalogue, words_in
from impact.words.read import LOADER, interface_languages
from impact.words.sentences import sentences
from tests.support.app_words import HOLE, ROOT, Written, constants, flags, written

FILES = sorted((ROOT / "impact" / "words" / "app").glob("*.yaml"))
NO_KEY = (".html", ".pdf", ".yaml", ".csv", ".xml", ".json", ".zip")
"""Endings of names of files, which look like keys."""
FROM_DUCKDB = {"missing_columns", "too_many_columns"}
"""What DuckDB calls lines that are no rows: rules whose names the source does not write."""


@pytest.fixture(scope="module")
def texts() -> dict[str, Any]:
    """All keys with their texts."""
    return catalogue()


@pytest.fixture(scope="module")
def source(texts: dict[str, Any]) -> list[Written]:
    """Everything in the source that has the form of a key: the name of a part of the app, a dot, more."""
    parts = "|".join(sorted({key.partition(".")[0] for key in texts if "." in key}))
    shaped = re.compile(rf"({parts})\\\.([\w .\\]|{re.escape(HOLE)})+")
    keyed = (found for found in written() if not found.pattern.endswith(NO_KEY))
    return [found for found in keyed if shaped.fullmatch(found.pattern) or (found.called and found.pattern != HOLE)]


def keys_of(path: Path) -> list[str]:
    """Return the keys of a file as they are written, so that one written twice is seen."""
    tree = yaml.compose(path.read_text("utf-8"), Loader=LOADER)
    return [key.value for key, _ in tree.value] if tree else []


def forms(text: Any) -> dict[str, str]:
    """Return the forms of a text: one and many, or the text itself."""
    return text if isinstance(text, dict) else {"": text}


def places(text: str) -> set[str]:
    """Return the values that stand in a text."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_app_no_key_is_written_twice() -> None:
    counts = Counter(key for path in FILES for key in keys_of(path))
    assert len(counts) > 500
    assert [key for key, count in counts.items() if count > 1] == []


def test_app_every_key_has_both_languages_and_every_language_the_same_forms_and_values(texts: dict[str, Any]) -> None:
    for key, text in texts.items():
        assert {"it", "en"} <= set(text) <= set(interface_languages()), key
        english = forms(text["en"])
        assert set(english) in ({""}, {"one", "many"}), key
        for language, wording in text.items():
            other = forms(wording)
            assert set(other) == set(english), f"{key} {language}"
            for form, said in other.items():
                assert isinstance(said, str), f"{key} {language}"
                assert places(said) == places(english[form]), f"{key} {form} {language}"


def test_app_every_key_that_the_source_asks_for_is_there(texts: dict[str, Any], source: list[Written]) -> None:
    assert len(source) > 500
    missing = [found for found in source if not any(re.fullmatch(found.pattern, key) for key in texts)]
    assert missing == []


def test_app_every_text_is_given_its_values(texts: dict[str, Any], source: list[Written]) -> None:
    for found in source:
        text = texts.get(found.pattern.replace("\\", ""))
        if text is not None and found.called and found.given is not None:
            needed = set().union(*map(places, forms(text["it"]).values()))
            needed |= {"count"} if isinstance(text["it"], dict) else set()
            assert needed <= found.given, f"{found.place} gives {sorted(found.given)} of {sorted(needed)}"


def test_app_every_key_is_asked_for(texts: dict[str, Any], source: list[Written]) -> None:
    """What stands in the hole of a key is a text of the source, or a code of a declaration or a sentence."""
    known, patterns = (
        constants() | FROM_DUCKDB | set(sentences()),
        [re.compile(pattern) for pattern in {found.pattern for found in source}],
    )
    for key in texts:
        fits = (pattern.fullmatch(key) for pattern in patterns)
        assert any(fit and known.issuperset(fit.groups()) for fit in fits), f"nobody asks for {key}"


def test_app_every_state_has_its_shape_and_word(texts: dict[str, Any]) -> None:
    states = {*AttainmentState, *ContributionState, *ClaimState, *MapState, *DueState, *SharedState, *ElementState}
    states |= {*CourseState}
    assert states <= set(SHAPES)
    assert {f"status.{state}" for state in SHAPES} <= set(texts)


@pytest.mark.parametrize(
    ("kind", "words", "elsewhere"),
    [
        (AttainmentState, terminal.ATTAINMENT, {AttainmentState.SUPPRESSED, AttainmentState.UNMEASURED}),
        (ContributionState, terminal.CONTRIBUTION, {ContributionState.SUPPRESSED}),
        (ClaimState, terminal.CLAIM_STATES, set()),
    ],
)
def test_a_terminal_has_words_for_every_state_that_it_meets(
    kind: type[StrEnum], words: dict[str, str], elsewhere: set[str]
) -> None:
    assert set(words) == set(kind) - elsewhere


def test_app_every_flag_has_its_words(texts: dict[str, Any]) -> None:
    found = flags() | set(OFFICIAL_FLAGS.values())
    assert {"small_n", "few_clusters", "no_interval", "no_data", "own_rows", "bodies_left_out", "break"} <= found
    assert {flag for flag in found if f"flag.{flag}" not in texts} == set()


KINDS = {
    "arm": {"all", Arm.TREATED, Arm.COMPARISON},
    "check": set(CheckStatus),
    "data": set(get_args(Provenance.model_fields["kind"].annotation)),
    "disclosure": set(Reason),
    "horizon": set(get_args(Horizon)),
    "level": set(get_args(Level)),
    "monitoring.due": {"wave", "target", "phase"},
    "monitoring.kind": set(get_args(MissingKind)),
    "progress": set(ProgressState),
    "qualifier": set(get_args(Qualifier)) - {"exact"},
    "registration": set(Registration),
    "rule": {*get_args(CheckName), *_LINE_RULES, *FROM_DUCKDB},
    "stage": set(get_args(Stage)),
}


@pytest.mark.parametrize("kind", KINDS)
def test_app_every_state_of_a_kind_has_its_words(kind: str, texts: dict[str, Any]) -> None:
    joint = "_" if "." in kind else "."
    assert KINDS[kind]
    assert {code for code in KINDS[kind] if f"{kind}{joint}{code}" not in texts} == set()


@pytest.mark.parametrize("language", ["it", "en"])
def test_app_every_column_of_a_file_has_its_meaning(language: Language) -> None:
    columns = {*KEPT, *MEASURED, *MORE}
    assert {name for name in columns if not column_meaning(words_in(language), name)} == set()
