"""A real browser against the served app. Without one these tests are skipped, and say so; `.ci/run` fails if they are."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.support.served import served
from tests.support.shipped import shipped_database

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        if os.environ.get("IMPACT_BROWSER_TESTS") == "required":
            pytest.fail("these tests need Chromium or Chrome on the path")
        pytest.skip("no Chromium or Chrome on the path: the tests in a browser are skipped")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def site(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app over the shipped programmes; the browser comes first, so that without one nothing is computed."""
    with served(shipped_database(tmp_path_factory)) as base:
        yield base


class Watched:
    """A page of the browser that notes what goes wrong on it."""

    def __init__(self, context: BrowserContext, base: str) -> None:
        self.page: Page = context.new_page()
        self.base, self.said, self.asked = base, list[str](), list[str]()
        self.page.on("console", lambda message: self.said.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.said.append(f"error: {error}"))
        self.page.on("dialog", lambda dialog: (self.said.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        self.page.on("request", lambda request: self.asked.append(request.url))

    def open(self, path: str) -> Page:
        """Open a page and wait until Dash has taken over."""
        self.page.goto(self.base + path)
        self.page.wait_for_selector("html[data-live]")
        return self.page

    def elsewhere(self) -> list[str]:
        """Return the requests that left the app."""
        return [url for url in self.asked if not url.startswith((self.base, "data:", "blob:"))]


@pytest.fixture
def watch(browser: Browser) -> Iterator[Callable[..., Watched]]:
    contexts: list[BrowserContext] = []

    def make(base: str, width: int = 1360, **options: object) -> Watched:
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)  # type: ignore[arg-type]
        contexts.append(context)
        return Watched(context, base)

    yield make
    for context in contexts:
        context.close()
