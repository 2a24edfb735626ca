"""Text in the browser: every word within its box and the window, at each width and language; set in the shipped typeface."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from impact_dashboards.pages import PAGES
from playwright.sync_api import Page

from tests.browser.conftest import Watched

Watch = Callable[..., Watched]
VIEWS = [example for page in PAGES.values() for example in page.examples]
ZOOMED = 680
"""What is left of 1360 px where a reader enlarges everything to 200 %."""
WIDTHS = (320, 390, ZOOMED, 768, 1360, 1920)
WITH_LONG_NAMES = (320, ZOOMED, 1360)
LEFT = """() => {
  const wide = document.documentElement.clientWidth, found = [], slack = 1.5;
  const clips = new Map();
  const clipped = element => {
    if (!element) return false;
    if (!clips.has(element)) {
      clips.set(element, getComputedStyle(element).clipPath === "inset(50%)" || clipped(element.parentElement));
    }
    return clips.get(element);
  };
  const hidden = element => element.closest(".skip, ._dash-loading, [hidden]") || clipped(element);
  const boxes = new Map();
  const boxOf = element => {
    if (boxes.has(element)) return boxes.get(element);
    let box = element;
    while (/^(inline|contents)$/.test(getComputedStyle(box).display) && box.parentElement) box = box.parentElement;
    const scrolled = box.closest(".scroll, .drawing, .head nav, pre, textarea");
    const scrolls = /auto|scroll/.test(getComputedStyle(box).overflowX);
    const answer = {rect: box.getBoundingClientRect(), scrolled, scrolls};
    boxes.set(element, answer);
    return answer;
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const node = texts.currentNode, parent = node.parentElement, words = node.data.trim();
    if (!words || /^(SCRIPT|STYLE|NOSCRIPT|TITLE|DESC|OPTION)$/i.test(parent.tagName) || hidden(parent)) continue;
    if (!parent.checkVisibility()) continue;
    const drawing = parent.closest("svg");
    const step = parent.closest(".step");
    const frame = step ? step.querySelector(".card-box") : drawing;
    const box = drawing ? {rect: frame.getBoundingClientRect(), scrolled: drawing.closest(".drawing, .scroll")}
      : boxOf(parent);
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const rect of range.getClientRects()) {
      if (rect.width < 1 || rect.height < 1) continue;
      const beyond = !box.scrolls && (rect.right > box.rect.right + slack || rect.left < box.rect.left - slack);
      const outside = !box.scrolled && (rect.right > wide + slack || rect.left < -slack);
      if (beyond || outside) {
        found.push(`${parent.tagName.toLowerCase()}.${parent.getAttribute("class") || ""}: ${words.slice(0, 50)}`);
        break;
      }
    }
  }
  return [...new Set(found)];
}"""
LENGTHEN = """() => {
  for (const name of document.querySelectorAll("tbody th a, .tile strong, h1, .choice strong")) {
    name.textContent = "Sovracomunalità di Presenzano–Roccamonfina/Unterstützungsgemeinschaft " + name.textContent;
  }
}"""


def left_its_box(page: Page, widths: Iterable[int] = WIDTHS) -> dict[int, list[str]]:
    """Return the texts that leave their boxes, by the width of the window."""
    found: dict[int, list[str]] = {}
    for width in widths:
        page.set_viewport_size({"width": width, "height": 900})
        found[width] = page.evaluate(LEFT)
    return {width: texts for width, texts in found.items() if texts}


@pytest.mark.parametrize("language", ["it", "en"])
@pytest.mark.parametrize("view", VIEWS)
def test_no_text_leaves_its_box(site: str, watch: Watch, view: str, language: str) -> None:
    page = watch(site, java_script_enabled=False).page
    page.goto(f"{site}/{language}/{view}")
    page.evaluate("document.fonts.ready")
    # English words are the shorter ones: what fits in Italian at every width is tried at the narrowest in English
    assert left_its_box(page, WIDTHS if language == "it" else WIDTHS[:1]) == {}
    page.evaluate(LENGTHEN)
    assert left_its_box(page, WITH_LONG_NAMES if language == "it" else WIDTHS[:1]) == {}


def test_what_leaves_its_box_is_found(site: str, watch: Watch) -> None:
    page = watch(site, java_script_enabled=False).page
    page.goto(f"{site}/en/portfolio")
    page.evaluate("document.querySelector('h1').style.whiteSpace = 'nowrap'")
    page.evaluate("document.querySelector('h1').append(' and a heading that goes on far beyond the end of the line')")
    assert any("h1" in text for text in left_its_box(page)[320])


def test_the_typeface_comes_with_the_page_and_its_fallback_is_as_wide(site: str, watch: Watch) -> None:
    watched = watch(site)
    page = watched.open("/en/portfolio")
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.fonts.check('15px Inter')")
    fonts = [url for url in watched.asked if url.endswith(".woff2")]
    assert [url.rsplit("/", 1)[1] for url in fonts].count("inter-latin.woff2") == 1
    widths: Any = page.evaluate(
        """() => ["Inter", '"Inter Fallback"'].map(name => {
          const pen = document.createElement("canvas").getContext("2d");
          pen.font = "15px " + name;
          return pen.measureText("What was promised, what happened, how sure: 12,345").width;
        })"""
    )
    assert widths[1] == pytest.approx(widths[0], rel=0.04)
