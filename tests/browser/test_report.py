"""The report as a reader gets it: a PDF whose text can be searched, an HTML file that needs nothing but itself."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from impact_dashboards.server.report import report_html, write_report
from impact_dashboards.server.slides import slides_html, write_slides
from playwright.sync_api import Browser
from pypdf import PdfReader

from impact.errors import UsageError
from tests.browser.conftest import Watched
from tests.support.shipped import SHIPPED, shipped_database


@pytest.fixture(scope="module")
def db(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shipped_database(tmp_path_factory)


def test_the_text_of_the_pdf_can_be_searched(db: Path, tmp_path: Path) -> None:
    write_report(db, "nsw", "it", tmp_path / "nsw.pdf", appendix=True)
    text = " ".join(page.extract_text() for page in PdfReader(tmp_path / "nsw.pdf").pages)
    for words in ("6.350", "1.790", "Teoria del cambiamento", "Ipotesi nulla", "Che cosa è soppresso"):
        assert words in " ".join(text.split())


def test_the_html_needs_nothing_but_itself(db: Path, tmp_path: Path, watch: Callable[..., Watched]) -> None:
    write_report(db, "nsw", "en", tmp_path / "nsw.html")
    watched = watch("file://", java_script_enabled=True)
    watched.page.goto((tmp_path / "nsw.html").as_uri())
    assert watched.asked == [(tmp_path / "nsw.html").as_uri()]
    assert watched.said == []
    found = Axe().run(watched.page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]})
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("programme", SHIPPED)
def test_the_report_is_short_and_its_appendix_has_the_rest(db: Path, tmp_path: Path, programme: str) -> None:
    write_report(db, programme, "it", tmp_path / "short.pdf")
    pages = [" ".join(page.extract_text().split()) for page in PdfReader(tmp_path / "short.pdf").pages]
    assert len(pages) <= 20
    assert "Indice" in pages[0]
    assert "Verdetto" in pages[1]
    assert "Verdetto" not in pages[2]
    assert "--format whole" in pages[-1]


def test_the_appendix_repeats_nothing_and_leaves_nothing_out(db: Path) -> None:
    short, whole = (report_html(db, "wecare", "en", appendix=appendix) for appendix in (False, True))
    for text in ("Definition, data, method", "Assumptions and evidence"):
        assert text not in short
        assert text in whole
    names = re.findall(r'<article id="([^"]+)"', whole)
    assert len(names) == len(set(names))
    assert whole.count('<svg class="figure') >= short.count('<svg class="figure') > 0
    for name in re.findall(r'href="#([^"]+)"', whole):
        assert f'id="{name}"' in whole


@pytest.mark.parametrize("language", ["it", "en"])
def test_slides_are_sixteen_by_nine_and_a_finding_each(db: Path, tmp_path: Path, language: str) -> None:
    write_slides(db, "wecare", language, tmp_path / "slides.pdf")
    pages = PdfReader(tmp_path / "slides.pdf").pages
    assert {round(float(page.mediabox.width / page.mediabox.height), 2) for page in pages} == {1.78}
    html = slides_html(db, "wecare", language)
    assert len(pages) == html.count('class="slide"') == 5
    assert html.count("†") >= 4


def test_without_a_browser_the_pdf_says_what_to_do(db: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("impact_dashboards.server.document.BROWSERS", ("no-such-browser",))
    with pytest.raises(UsageError, match="print that"):
        write_report(db, "nsw", "it", tmp_path / "nsw.pdf")
