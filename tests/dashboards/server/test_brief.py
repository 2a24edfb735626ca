"""The brief and the page Verdict: the numbers that readers see, both languages, what is suppressed, one sheet of HTML."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest
from impact_dashboards.page.address import Address
from impact_dashboards.page.view import PageContent, View
from impact_dashboards.pages import PAGES
from impact_dashboards.server.app import Site, today
from impact_dashboards.server.brief import brief_html, write_brief

from impact.declare import load_programme
from impact.errors import UsageError
from impact.publish.published import ReaderTables
from impact.run.flow import run_programme
from impact.states import EffectVerdict
from impact.store import Warehouse
from impact.words import LANGUAGES, words_in
from impact.words.languages import Language
from tests.support import money
from tests.support.programmes import indicator, written
from tests.support.shipped import SHIPPED, shipped_database

ORIGIN = {"note": "made for a test"}


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shipped_database(tmp_path_factory)


def page_of(db: Path, programme: str, language: Language = "en") -> PageContent:
    """Return the page Verdict, read through before the database is closed."""
    with Site(db).reader.edition().open() as warehouse:
        view = View(ReaderTables(warehouse), words_in(language), Address(language, "verdict", (programme,)), today())
        return PAGES["verdict"].content(view)


def text_of(html: str) -> str:
    body = html.partition("<body>")[2]
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


def made(folder: Path, persons: int) -> Path:
    """Run a programme whose mean of 4 to 6 was promised to be 5."""
    rows = pd.DataFrame({"person": range(persons), "y": [4 + i % 3 for i in range(persons)]})
    promise = {"target": {"value": 5, "due": "2020", "origin": ORIGIN}}
    written(folder / "made", rows, [indicator("y", ex_ante=promise)])
    with Warehouse(folder / "made.duckdb") as warehouse:
        run_programme(load_programme(folder / "made"), warehouse)
    return folder / "made.duckdb"


def test_the_verdict_on_the_published_experiment(db: Path) -> None:
    page = page_of(db, "nsw")
    assert page.lead == (
        "Promises: no target was stated. Effects: an improvement caused by the programme on 1 of 1. "
        "Weakest link: no target to hold the result against."
    )
    block = page.block("findings")
    assert block is not None
    assert block.table is not None
    (row,) = block.table.rows
    assert row["finding"] == "nsw/earnings"
    assert round(row["estimate"], 2) == 1794.34
    assert row["effect_verdict"] == EffectVerdict.CAUSED
    changes = page.block("changes")
    assert changes is not None
    assert changes.table is not None
    assert [row["need"].code for row in changes.table.rows] == [
        *("verdicts.need.target", "verdicts.need.plan", "verdicts.need.costs"),
    ]


def test_outcomes_of_value_yaml_stand_before_primary_indicators(db: Path) -> None:
    block = page_of(db, "wecare").block("findings")
    assert block is not None
    assert block.table is not None
    names = [row["indicator"] for row in block.table.rows]
    assert names == ["loneliness", "low_wellbeing", "employed", "who5"]
    assert block.table.rows[0]["risk"] == "weak evidence: high (9 of 9); drop-off: medium (4 of 9)"


def test_synthetic_costs_are_marked_in_the_brief(db: Path) -> None:
    block = page_of(db, "wecare").block("costs")
    assert block is not None
    assert block.table is not None
    show = block.table.columns[0].show
    assert show is not None
    assert ["†" in str(show(row)) for row in block.table.rows] == [
        row["data_kind"] == "synthetic" for row in block.table.rows
    ]
    assert {row["data_kind"] for row in block.table.rows} == {"real", "synthetic"}


@pytest.mark.parametrize(("stage", "asked"), [("incurred", False), ("declared", True)])
def test_amounts_of_another_stage_are_no_cost(tmp_path: Path, stage: str, asked: bool) -> None:
    path = tmp_path / "made.duckdb"
    folder = money.made(tmp_path / "made", {"costs": [money.COSTS | {"stage": stage}]}, primary=True)
    with Warehouse(path) as warehouse:
        run_programme(load_programme(folder), warehouse)
    changes = page_of(path, "made").block("changes")
    assert changes is not None
    assert changes.table is not None
    assert ("verdicts.need.costs" in [row["need"].code for row in changes.table.rows]) == asked


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("programme", SHIPPED)
def test_the_brief_says_what_the_page_says(db: Path, programme: str, language: Language) -> None:
    html = brief_html(db, programme, language)
    text, page = text_of(html), page_of(db, programme, language)
    assert f'<html lang="{language}">' in html
    assert html.count("<h1") == 1
    assert "<script" not in html
    assert not re.search(r'(?:href|src)="/', html)
    assert str(page.lead) in text
    for block in page.blocks:
        assert block.title in text
    assert (words_in(language)("banner.synthetic") in text) == page.synthetic


def test_numbers_stand_with_their_interval_or_the_reason(db: Path) -> None:
    english, italian = text_of(brief_html(db, "nsw", "en")), text_of(brief_html(db, "nsw", "it"))
    assert "6,350 [5,210; 7,490]" in english
    assert "+1,790 [+480; +3,110]" in english
    assert "Evidence 5 of 5" in english
    assert "exploratory: plan not registered" in english
    assert "6.350 [5.210; 7.490]" in italian
    assert "complete count, no sampling error" in text_of(brief_html(db, "talents4coop", "en"))


def test_what_few_persons_stand_behind_is_not_shown(tmp_path: Path) -> None:
    shown = text_of(brief_html(made(tmp_path / "many", 60), "made", "en"))
    assert "undecided 1 of 1" in shown
    assert "5 [4." in shown
    hidden = brief_html(made(tmp_path / "few", 6), "made", "en")
    text = text_of(hidden)
    assert "suppressed to protect persons 1 of 1" in text
    assert "suppressed: few persons" in text
    assert "More persons: with so few, nothing may be shown" in text
    assert "5 [" not in text
    assert "comparison alone" not in text


def test_the_file_has_the_numbers_of_the_published_findings(db: Path) -> None:
    block = page_of(db, "wecare").block("findings")
    assert block is not None
    assert block.table is not None
    frame = block.table.frame().set_index("finding")
    with Site(db).reader.edition().open() as warehouse:
        published = ReaderTables(warehouse).findings("wecare").set_index("finding").loc[frame.index]
    for name in ("value", "conf_low", "conf_high", "target", "estimate", "effect_low", "effect_high", "evidence_level"):
        assert list(frame[name]) == list(published[name])
    assert {"promise_verdict", "effect_verdict", "registration", "data_kind", "suppressed"} <= set(frame)


def test_a_brief_is_written_apart_from_the_database_and_of_a_programme_that_is_there(db: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nothing is published of a programme 'none'"):
        write_brief(db, "none", "it", tmp_path / "b.html")
    with pytest.raises(UsageError):
        write_brief(db, "nsw", "it", tmp_path / "b.txt")
    assert list(tmp_path.iterdir()) == []
