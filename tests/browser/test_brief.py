"""The brief as an investor gets it: a PDF of one page whose text can be searched, an HTML file that needs nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from impact_dashboards.server.brief import write_brief
from playwright.sync_api import Browser
from pypdf import PdfReader

from impact.words.languages import Language
from tests.browser.conftest import Watched
from tests.support.shipped import SHIPPED, shipped_database


@pytest.fixture(scope="module")
def db(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shipped_database(tmp_path_factory)


@pytest.mark.parametrize("language", ["it", "en"])
@pytest.mark.parametrize("programme", SHIPPED)
def test_a_brief_is_one_page(db: Path, tmp_path: Path, programme: str, language: Language) -> None:
    write_brief(db, programme, language, tmp_path / "brief.pdf")
    assert len(PdfReader(tmp_path / "brief.pdf").pages) == 1


def test_its_text_can_be_searched(db: Path, tmp_path: Path) -> None:
    write_brief(db, "nsw", "it", tmp_path / "nsw.pdf")
    text = " ".join(PdfReader(tmp_path / "nsw.pdf").pages[0].extract_text().split())
    for words in ("6.349,14", "1.794,34", "Anello più debole", "Evidenza 5 su 5", "Che cosa cambierebbe il verdetto"):
        assert words in text


def test_the_html_needs_nothing_but_itself(db: Path, tmp_path: Path, watch: Callable[..., Watched]) -> None:
    write_brief(db, "wecare", "it", tmp_path / "brief.html")
    watched = watch("file://")
    watched.page.goto((tmp_path / "brief.html").as_uri())
    assert watched.asked == [(tmp_path / "brief.html").as_uri()]
    assert watched.said == []
    found = Axe().run(watched.page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]})
    assert found.violations_count == 0, found.generate_report()
