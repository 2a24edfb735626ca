"""Units in two languages: one text for readers, the English one for every comparison and for the plan."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from impact_dashboards.parts.findings import drawn_unit, unit_of

import impact
from impact.declare import load_programme, shipped
from impact.expect import indicator_plan, plan_hash
from impact.words import words_in
from tests.support.programmes import edit, indicator, written
from tests.support.shipped import SHIPPED

ROWS = pd.DataFrame({"person": ["a", "b"], "y": [1.0, 2.0]})
IN_BOTH = {"share", "EUR"}
"""Units that have no translation: a share is written as a percentage, EUR is EUR."""


def made(folder: Path, unit: Any) -> Path:
    return written(folder, ROWS, [indicator("score", unit=unit)])


def test_unit_plan_does_not_change_by_a_translation(tmp_path: Path) -> None:
    plain, both, other = ("points", {"en": "points", "it": "punti"}, {"en": "marks", "it": "punti"})
    declared = [load_programme(made(tmp_path / str(n), unit)) for n, unit in enumerate((plain, both, other))]
    assert indicator_plan(declared[0], declared[0].indicators[0])["unit"] == "points"
    first, translated, changed = map(plan_hash, declared)
    assert first == translated
    assert first != changed


def test_unit_is_published_in_english_and_italian(tmp_path: Path) -> None:
    result = impact.run(made(tmp_path / "made", "points"), db=tmp_path / "made.duckdb")
    plain = result.findings().iloc[0]
    result.close()
    edit(tmp_path / "made" / "indicators.yaml", "unit: points", "unit: {en: points, it: punti}")
    result = impact.run(tmp_path / "made", db=tmp_path / "made.duckdb")
    translated = result.findings().iloc[0]
    result.close()
    assert (plain["unit"], plain["unit_it"]) == ("points", "points")
    assert (translated["unit"], translated["unit_it"]) == ("points", "punti")
    assert plain["definition_hash"] == translated["definition_hash"]


@pytest.mark.parametrize(
    ("unit", "unit_it", "said", "drawn"),
    [
        ("points", "punti", ("punti", "points"), ("punti", "points")),
        ("EUR", "EUR", ("EUR", "EUR"), ("EUR", "EUR")),
        ("share", "share", ("quota", "share"), ("share", "share")),
        ("share", "quota", ("quota", "share"), ("share", "share")),
    ],
)
def test_unit_in_the_language_of_the_reader(
    unit: str, unit_it: str, said: tuple[str, str], drawn: tuple[str, str]
) -> None:
    row = {"unit": unit, "unit_it": unit_it}
    assert tuple(unit_of(words_in(language), row) for language in ("it", "en")) == said
    assert tuple(drawn_unit(words_in(language), row) for language in ("it", "en")) == drawn


@pytest.mark.parametrize("name", SHIPPED)
def test_unit_of_every_shipped_indicator_and_claim_is_translated(name: str) -> None:
    programme = load_programme(shipped("data") / name)
    declared = {each.id: each.unit for each in (*programme.indicators, *programme.claims)}
    for where, unit in declared.items():
        assert unit["en"] in IN_BOTH or unit["it"] != unit["en"], where
