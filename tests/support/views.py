"""Pages for tests, without a browser: an address becomes a page, and its trees are walked."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path

from impact_dashboards.page.address import read_address
from impact_dashboards.page.view import PageContent, View
from impact_dashboards.pages import PAGES
from impact_dashboards.server.shell import frame

from impact.declare import load_programme
from impact.drawing.markup import Element, words_of
from impact.publish.published import ReaderTables
from impact.publish.scope import EVERYTHING, Scope
from impact.run.flow import run_programme
from impact.store import Warehouse
from impact.words import words_in

DAY = datetime.date(2030, 1, 1)


def asked(warehouse: Warehouse, path: str, scope: Scope = EVERYTHING) -> View:
    """Return what an address asks for."""
    address = read_address(path)
    assert address is not None
    return View(ReaderTables(warehouse, scope), words_in(address.language), address, DAY)


def ran(folder: Path) -> Warehouse:
    """Run a programme into a database of its own, which stays open."""
    warehouse = Warehouse(folder.parent / f"{folder.name}.duckdb")
    run_programme(load_programme(folder), warehouse)
    return warehouse


def drawn(view: View, page: PageContent) -> Element:
    """Return a page in its frame."""
    return frame(view, page, [PAGES[view.address.page]], "")


def walk(node: Element | str) -> Iterator[Element]:
    """Yield an element and all in it, in the order of reading."""
    if isinstance(node, Element):
        yield node
        for child in node.children:
            yield from walk(child)


def rows(node: Element, word: str = "") -> list[str]:
    """Return the words of each row of a table that has a word."""
    found = [" ".join(words_of(part).split()) for part in walk(node) if part.tag == "tr"]
    return [row for row in found if word in row]
