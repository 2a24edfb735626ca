"""What stands where a page needs a programme and the address names none: those that have something to show there."""

from __future__ import annotations

from collections.abc import Callable

from impact.drawing.markup import Element, h
from impact_dashboards.page.view import PageContent, Row, View


def choose(view: View, title: str, has_content: Callable[[View, str], bool]) -> PageContent:
    """Return a choice of programmes.

    Parameters
    ----------
    view
        What was asked for.
    title
        Key of the page's name in the menu.
    has_content
        Tells whether a programme has anything to show on this page.
    """
    offered = {name: row for name, row in view.published.titles.items() if has_content(view, name)}
    tiles = [_tile(view, name, row) for name, row in offered.items()]
    lead = view.words("choose.lead")
    return PageContent(view.words(title), lead=lead, head=h("div", tiles, class_="tiles choice"))


def _tile(view: View, name: str, row: Row) -> Element:
    """Return the link to the page of one programme, with what the programme is about."""
    title = h("strong", view.words.pick(row, "title"))
    summary = h("small", view.words.pick(row, "summary"))
    address = view.address
    href = address.to(address.page, name)
    return h("a", title, summary, href=href, class_="tile")
