"""The report as a reader gets it: a PDF whose text can be searched, an HTML file that needs nothing but itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from impact_dashboards.server.report import write_report
from playwright.sync_api import Browser
from pypdf import PdfReader

from impact.errors import UsageError
from tests.browser.conftest import Watched
from tests.support.shipped import shipped_database


@pytest.fixture(scope="module")
def db(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shipped_database(tmp_path_factory)


def test_the_text_of_the_pdf_can_be_searched(db: Path, tmp_path: Path) -> None:
    write_report(db, "nsw", "it", tmp_path / "nsw.pdf")
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


def test_without_a_browser_the_pdf_says_what_to_do(db: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("impact_dashboards.server.document.BROWSERS", ("no-such-browser",))
    with pytest.raises(UsageError, match="print that"):
        write_report(db, "nsw", "it", tmp_path / "nsw.pdf")
