"""Every page in both languages and at both widths: nothing in the console, nothing that axe finds, nothing from elsewhere."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from impact_dashboards.pages import PAGES

from tests.browser.conftest import Watched
from tests.support.hostile import HOSTILE, hostile_database
from tests.support.served import served

Watch = Callable[..., Watched]
VIEWS = [*(example for page in PAGES.values() for example in page.examples), "nowhere"]
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]


def test_every_page_is_tried() -> None:
    tried = [{view.split("/")[0].split("?")[0] for view in page.examples} for page in PAGES.values()]
    assert tried == [{name} for name in PAGES]


@pytest.mark.parametrize("language", ["it", "en"])
@pytest.mark.parametrize("view", VIEWS)
def test_page(site: str, watch: Watch, view: str, language: str) -> None:
    watched = watch(site)
    page = watched.open(f"/{language}/{view}")
    assert page.evaluate("document.documentElement.lang") == language
    assert page.locator("h1").count() == 1
    for width in (1360, 390):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        found = Axe().run(page, options={"runOnly": RULES})
        assert found.violations_count == 0, found.generate_report()
    expected = [said for said in watched.said if not (view == "nowhere" and "404" in said)]
    assert expected == []
    assert watched.elsewhere() == []


@pytest.mark.parametrize("view", VIEWS)
def test_a_dark_page_has_enough_contrast(site: str, watch: Watch, view: str) -> None:
    page = watch(site, color_scheme="dark").open(f"/it/{view}")
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == "rgb(16, 25, 31)"
    found = Axe().run(page, options={"runOnly": RULES})
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("view", [view for view in VIEWS if view != "nowhere"])
def test_page_without_javascript_reads_the_same(site: str, watch: Watch, view: str) -> None:
    plain = watch(site, java_script_enabled=False).page
    plain.goto(f"{site}/it/{view}")
    live = watch(site).open(f"/it/{view}")
    assert plain.locator("main h1").inner_text() == live.locator("main h1").inner_text()
    rows = [" ".join(text.split()) for text in plain.locator("main table tr").all_inner_texts()]
    assert rows == [" ".join(text.split()) for text in live.locator("main table tr").all_inner_texts()]


def test_a_filter_changes_the_page_and_keeps_the_focus(site: str, watch: Watch) -> None:
    watched = watch(site)
    page = watched.open("/it/portfolio")
    before = page.locator("#findings tbody tr").count()
    page.locator("#filter-level").focus()
    page.locator("#filter-level").select_option("macro")
    page.wait_for_selector("html[data-shown*='level=macro']")
    assert page.evaluate("document.activeElement.id") == "filter-level"
    assert page.locator("#findings tbody tr").count() < before
    assert page.url == f"{site}/it/portfolio?level=macro&group=programme"
    again = watch(site).open(page.url.removeprefix(site))
    assert again.locator("main").inner_text() == page.locator("main").inner_text()
    assert watched.said == []


def test_a_step_of_the_chain_opens_by_keyboard(site: str, watch: Watch) -> None:
    page = watch(site).open("/en/theory/wecare")
    steps = page.locator(".step").count()
    page.locator("main").focus()
    reached = set()
    for _ in range(steps + 60):
        page.keyboard.press("Tab")
        name = page.evaluate("document.activeElement.id")
        if name.startswith("step-"):
            reached.add(name)
    assert len(reached) == steps
    name = page.locator("#step-less_lonely").get_attribute("aria-label") or ""
    page.locator("#step-less_lonely").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#step h2")
    heading = page.locator("#step h2").inner_text()
    assert heading
    assert name.startswith(heading)
    assert page.evaluate("document.activeElement.id") == "step-less_lonely"
    assert "node=less_lonely" in page.url


def test_a_filter_works_without_javascript(site: str, watch: Watch) -> None:
    page = watch(site, java_script_enabled=False).page
    page.goto(f"{site}/en/portfolio")
    page.select_option("#filter-status", "reached")
    page.click("form.filters button")
    assert "status=reached" in page.url
    shown = page.locator("#findings tbody .status.reached").count()
    assert shown == page.locator("#findings tbody tr:has(td)").count() > 0


def test_numbers_are_the_same_in_page_and_file(site: str, watch: Watch) -> None:
    page = watch(site).open("/en/portfolio?programme=nsw")
    href = page.locator("#findings .files a").first.get_attribute("href") or ""
    rows = {row["finding"]: row for row in csv.DictReader(io.StringIO(page.request.get(site + href).text()))}
    shown = page.locator("#findings tbody tr:has(td)")
    assert shown.count() == len(rows) > 0
    text = page.locator("#findings").inner_text()
    assert f"{round(float(rows['nsw/earnings']['value']), -1):,.0f}" in text
    assert f"+{round(float(rows['nsw/earnings']['estimate']), -1):,.0f}" in text


def test_a_drawing_can_be_had_as_svg_and_png_and_opened_in_plotly(site: str, watch: Watch) -> None:
    watched = watch(site)
    page = watched.open("/it/indicator/nsw/earnings")
    block = page.locator("#waves")
    drawn = page.request.get(site + (block.locator(".files a", has_text="SVG").get_attribute("href") or ""))
    assert drawn.headers["content-type"].startswith("image/svg+xml")
    with page.expect_download() as waiting:
        block.locator(".files a", has_text="PNG").click()
    with open(waiting.value.path(), "rb") as picture:
        assert picture.read(8) == b"\x89PNG\r\n\x1a\n"
    size: Any = block.locator(".drawing").bounding_box()
    block.locator(".plot-open").click()
    page.wait_for_selector("#waves .plot-live .main-svg")
    grown: Any = block.locator(".drawing").bounding_box()
    assert abs(grown["height"] - size["height"]) < 60
    assert watched.said == []
    assert watched.elsewhere() == []


def test_hostile_words_are_words_in_the_browser(site: str, watch: Watch, tmp_path: Path) -> None:
    with served(hostile_database(tmp_path)) as base:
        made = [page.address("en", "made").href for page in PAGES.values()]
        for path in [*made, "/en/portfolio?cut=territory"]:
            watched = watch(base)
            page = watched.open(path)
            page.wait_for_load_state("networkidle")
            assert watched.said == [], path
            assert page.locator("main script, main b, main iframe").count() == 0
            if page.locator(".filters select").count():
                control = page.locator(".filters select").first
                control.select_option(index=control.locator("option").count() - 1)
                page.wait_for_timeout(300)
                assert watched.said == [], path
        assert HOSTILE in watch(base).open("/en/claims/made").locator("main").inner_text()
