"""What a reader does on a page beside reading: go back, share what is shown, use the keyboard alone."""

from __future__ import annotations

from collections.abc import Callable

from tests.browser.conftest import Watched

Watch = Callable[..., Watched]


def test_back_undoes_a_filter_and_forward_does_it_again(site: str, watch: Watch) -> None:
    watched = watch(site)
    page = watched.open("/it/explore/wecare")
    first = page.locator("#filter-indicator").input_value()
    whole = page.locator("main table").inner_text()
    page.locator("#filter-indicator").select_option("loneliness")
    page.wait_for_selector("html[data-shown*='indicator=loneliness']")
    chosen = page.locator("main table").inner_text()
    assert chosen != whole
    page.go_back()
    page.wait_for_selector(".page:not([data-address*='indicator=loneliness'])")
    assert page.locator("main table").inner_text() == whole
    assert page.locator("#filter-indicator").input_value() == first
    page.go_forward()
    page.wait_for_selector(".page[data-address*='indicator=loneliness']")
    assert page.locator("main table").inner_text() == chosen
    assert page.locator("#filter-indicator").input_value() == "loneliness"
    assert watched.said == []


def test_back_leaves_a_page_on_which_nothing_was_chosen(site: str, watch: Watch) -> None:
    page = watch(site).open("/en/claims/wecare")
    page.goto(f"{site}/en/explore/wecare#content")
    page.go_back()
    page.wait_for_url("**/en/claims/wecare")


def test_what_is_typed_is_one_view(site: str, watch: Watch) -> None:
    page = watch(site).open("/en/monitoring/wecare/records/participant_survey")
    field = page.locator("input[type=search]").first
    before = page.evaluate("history.length")
    for letter in "ab":
        field.press_sequentially(letter)
        page.wait_for_timeout(400)
    assert page.evaluate("history.length") == before + 1


def test_the_link_to_a_view_is_copied_and_said(site: str, watch: Watch) -> None:
    watched = watch(site, permissions=["clipboard-read", "clipboard-write"])
    page = watched.open("/en/explore/wecare?level=macro")
    page.locator(".share").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(".shared:not(:empty)")
    assert page.locator(".shared").get_attribute("role") == "status"
    assert page.evaluate("navigator.clipboard.readText()") == page.url
    assert watched.said == []


def test_the_keyboard_reaches_what_matters_in_order(site: str, watch: Watch) -> None:
    page = watch(site).open("/en/explore/wecare")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    reached = []
    for _ in range(6):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.className"))
    assert reached == ["share", "filter-level", "filter-indicator", "filter-cut", "filter-wave", "go"]
