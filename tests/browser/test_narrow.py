"""On a telephone: nothing scrolls sideways, what is touched is large enough, a card says value, state and effect."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from impact_dashboards.pages import PAGES

from impact.words import words_in
from tests.browser.conftest import Watched

Watch = Callable[..., Watched]
WIDTH, TOUCH = 390, 44
DEEPER = ("monitoring/wecare/records", "monitoring/wecare/quarantine", "nowhere")
VIEWS = [*(example for page in PAGES.values() for example in page.examples), *DEEPER]
SIDEWAYS = """() => [...document.querySelectorAll('body *')].filter(one => {
  const flow = getComputedStyle(one).overflowX;
  return one.checkVisibility() && ['auto', 'scroll'].includes(flow) && one.scrollWidth > one.clientWidth + 1;
}).map(one => `${one.tagName}.${one.className} ${one.scrollWidth} > ${one.clientWidth}`)"""
BEYOND = """width => [...document.querySelectorAll('main a, main td, main th, main h1, main h2, main p, main svg')].filter(
  one => one.checkVisibility() && !one.closest('.unseen, thead') && one.getBoundingClientRect().right > width + 1
).map(one => `${one.tagName}.${one.getAttribute('class')} ${one.textContent.slice(0, 40)}`)"""
# a link within a sentence is as high as its line (WCAG 2.5.8 and 2.5.5 leave it out), and a drawing has its table beside
SMALL = """least => [...document.querySelectorAll('a[href], button, select, input:not([type=hidden]), summary')].filter(one => {
  const box = one.getBoundingClientRect();
  const flows = getComputedStyle(one).display === 'inline'
    && [...one.parentElement.childNodes].some(other => other !== one && other.textContent.trim());
  const seen = one.checkVisibility({contentVisibilityAuto: true}) && box.width > 1 && box.right > 0;
  return seen && !flows && !one.closest('svg') && box.height < least - 0.5;
}).map(one => `${one.tagName}.${one.className} ${one.textContent.slice(0, 40)}`)"""


def opened(site: str, watch: Watch, view: str, language: str = "it") -> Any:
    page = watch(site, WIDTH).open(f"/{language}/{view}")
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    return page


@pytest.mark.parametrize("view", VIEWS)
def test_nothing_scrolls_sideways_and_what_is_touched_is_large(site: str, watch: Watch, view: str) -> None:
    page = opened(site, watch, view)
    assert page.evaluate("document.documentElement.scrollWidth") <= WIDTH
    assert page.evaluate(SIDEWAYS) == []
    assert page.evaluate(BEYOND, WIDTH) == []
    assert page.evaluate(SMALL, TOUCH) == []


@pytest.mark.parametrize("language", ["it", "en"])
def test_a_card_shows_value_state_and_effect(site: str, watch: Watch, language: str) -> None:
    page = opened(site, watch, "portfolio?programme=nsw", language)
    words = words_in(language)
    card = page.locator("#findings tbody tr:has(td)").first
    for key in ("finding.value", "finding.status", "finding.effect"):
        cell = card.locator(f"td[data-label='{words(key)}']")
        box = cell.bounding_box()
        assert cell.inner_text().strip() not in ("", "–")
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= WIDTH
        assert words(key) in cell.evaluate("one => getComputedStyle(one, '::before').content")


def test_a_card_is_still_a_row_of_a_table(site: str, watch: Watch) -> None:
    page = opened(site, watch, "portfolio?programme=nsw", "en")
    table = page.get_by_role("table").first
    rows = table.get_by_role("row")
    assert rows.count() > 1
    assert table.get_by_role("columnheader").count() > 1
    assert rows.last.get_by_role("rowheader").count() == 1
    assert rows.last.get_by_role("cell").count() > 1


def test_pages_and_programmes_are_a_menu_that_opens(site: str, watch: Watch) -> None:
    page = watch(site, WIDTH).open("/en/portfolio")
    link = page.locator(".menu-fold a", has_text="Monitoring")
    assert not link.is_visible()
    page.locator(".menu-fold summary").click()
    assert link.is_visible()
    page.set_viewport_size({"width": 1360, "height": 900})
    assert not page.locator(".menu-fold").is_visible()
    assert page.locator(".broad-menu a", has_text="Monitoring").is_visible()


def test_the_chain_is_a_list_whose_steps_open(site: str, watch: Watch) -> None:
    page = watch(site, WIDTH).open("/en/theory/wecare")
    assert not page.locator("svg.chain").is_visible()
    step = page.locator(".chain-list a[href*='node=less_lonely']")
    step.click()
    page.wait_for_selector("#step h2")
    assert page.locator("#step h2").inner_text() == step.inner_text()
