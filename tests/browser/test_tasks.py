"""What readers come for, timed by clicks: each task starts at the front door and counts the links that are followed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page

from tests.browser.conftest import Watched
from tests.support.monitored import write_with_contacts
from tests.support.served import served
from tests.support.views import ran

Watch = Callable[..., Watched]
WIDTHS = (1360, 390)


class Reader:
    """A reader at the front door, who counts clicks."""

    def __init__(self, page: Page) -> None:
        self.page, self.clicks = page, 0

    def click(self, link: Locator) -> None:
        """Follow a link and wait for where it leads."""
        self.clicks += 1
        before = self.page.url
        link.click()
        self.page.wait_for_url(lambda url: url != before)
        self.page.wait_for_selector("html[data-live]")


@pytest.fixture(scope="module")
def monitored(browser: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app over a programme whose reports are due; the browser comes first, so that without one nothing is made."""
    folder: Path = tmp_path_factory.mktemp("tasks") / "made"
    ran(write_with_contacts(folder)).close()
    with served(folder.parent / "made.duckdb") as base:
        yield base


def reader(watch: Watch, base: str, width: int) -> Reader:
    return Reader(watch(base, width, locale="en-GB").open("/"))


@pytest.mark.parametrize("width", WIDTHS)
def test_which_project_missed_its_promise_and_by_how_much(site: str, watch: Watch, width: int) -> None:
    one = reader(watch, site, width)
    assert one.page.url.endswith("/en/home")
    card = one.page.locator(".decision.missed").first
    said = card.inner_text()
    assert "To-link" in said
    assert "8.1 off" in said
    one.click(card)
    assert one.clicks <= 2
    assert one.page.locator("h1").inner_text() == "To-link"
    row = one.page.locator("#promises tbody tr", has_text="WHO-5").first
    assert "50.1" in row.inner_text()
    assert "promised 58.17" in row.inner_text()


@pytest.mark.parametrize("width", WIDTHS)
def test_what_is_late_and_whose_is_it(monitored: str, watch: Watch, width: int) -> None:
    one = reader(watch, monitored, width)
    one.click(one.page.locator(".told a", has_text="reports missing").last)
    assert one.clicks <= 2
    row = one.page.locator("#whose tbody tr", has_text="Reports desk")
    assert "Invented agency" in row.inner_text()
    assert "days" in row.inner_text()
    every = one.page.locator("#due tbody tr:has(td)")
    for late in every.all():
        assert "days" in late.inner_text()
        assert "Invented" in late.inner_text()


def test_why_should_i_trust_this_effect(site: str, watch: Watch) -> None:
    page = watch(site).open("/en/portfolio?programme=nsw&status=effect")
    one = Reader(page)
    one.click(page.locator("#findings tbody th a").first)
    assert one.clicks <= 1
    assert page.locator("#effect").count() == 1
    assert page.locator("main").inner_text().count("Check") > 0


def test_a_project_is_compared_with_another_by_a_link_and_a_choice(site: str, watch: Watch) -> None:
    one = Reader(watch(site).open("/en/project/wecare/draios"))
    one.click(one.page.locator("a", has_text="Compare with other projects"))
    one.page.locator("#filter-second").select_option("wecare/silvercare")
    one.page.wait_for_selector("#compared")
    assert one.page.locator("#compared tbody tr:has(td)").count() == 6
    assert "second=wecare%2Fsilvercare" in one.page.url
