"""The brief as an investor gets it: a PDF of one page whose text can be searched, an HTML file that needs nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe
from impact_dashboards.server.brief import write_brief
from playwright.sync_api import Browser
from pypdf import PdfReader

from impact.declare import load_programme
from impact.run.flow import run_programme
from impact.store import Warehouse
from impact.words.languages import Language
from tests.browser.conftest import Watched
from tests.support.programmes import indicator, written
from tests.support.shipped import SHIPPED, shipped_database


@pytest.fixture(scope="module")
def db(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shipped_database(tmp_path_factory)


@pytest.mark.parametrize("language", ["it", "en"])
@pytest.mark.parametrize("programme", SHIPPED)
def test_a_brief_is_one_page(db: Path, tmp_path: Path, programme: str, language: Language) -> None:
    write_brief(db, programme, language, tmp_path / "brief.pdf")
    assert len(PdfReader(tmp_path / "brief.pdf").pages) == 1


def test_five_outcomes_with_long_titles_and_all_that_they_lack_are_one_page(browser: Browser, tmp_path: Path) -> None:
    persons, title = 120, "Quota di persone che dopo un anno dal termine del percorso hanno ancora un lavoro "
    rows = pd.DataFrame({"person": range(persons), "arm": [i % 2 for i in range(persons)],
                         **{f"y{j}": [(i * (j + 3)) % 7 for i in range(persons)] for j in range(5)}})  # fmt: skip
    promise = {"target": {"value": 3, "due": "2020", "origin": {"note": "made for a test"}}}
    design = {"kind": "randomised", "arm": "arm", "treated": 1, "comparison": 0}
    indicators = [
        indicator(f"y{j}", design if j else None, title=title + str(j), ex_ante=promise, primary=True,
                  formula={"kind": "mean", "column": f"y{j}"}) for j in range(5)
    ]  # fmt: skip
    with Warehouse(tmp_path / "made.duckdb") as warehouse:
        run_programme(load_programme(written(tmp_path / "made", rows, indicators)), warehouse)
    write_brief(tmp_path / "made.duckdb", "made", "it", tmp_path / "brief.pdf")
    pages = PdfReader(tmp_path / "brief.pdf").pages
    assert len(pages) == 1
    assert "La regola: docs/methods/verdict.md" in " ".join(pages[0].extract_text().split())


def test_its_text_can_be_searched(db: Path, tmp_path: Path) -> None:
    write_brief(db, "nsw", "it", tmp_path / "nsw.pdf")
    text = " ".join(PdfReader(tmp_path / "nsw.pdf").pages[0].extract_text().split())
    for words in ("6.350", "1.790", "Anello più debole", "Evidenza 5 su 5", "Che cosa cambierebbe il verdetto"):
        assert words in text


def test_the_html_needs_nothing_but_itself(db: Path, tmp_path: Path, watch: Callable[..., Watched]) -> None:
    write_brief(db, "wecare", "it", tmp_path / "brief.html")
    watched = watch("file://")
    watched.page.goto((tmp_path / "brief.html").as_uri())
    assert watched.asked == [(tmp_path / "brief.html").as_uri()]
    assert watched.said == []
    found = Axe().run(watched.page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]})
    assert found.violations_count == 0, found.generate_report()
