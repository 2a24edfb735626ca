"""What stands where a page needs a programme and the address names none: those that have something to show there."""

from __future__ import annotations

from collections.abc import Callable

from impact.drawing.markup import h
from impact_dashboards.page.view import PageContent, View


def choose(view: View, have: Callable[[str], bool]) -> PageContent:
    """Return a choice of programmes.

    Parameters
    ----------
    view
        What was asked for.
    have
        Tells whether a programme has anything to show on this page.
    """
    words, address = view.words, view.address
    cards = [
        h(
            "a",
            h("strong", words.pick(row, "title")),
            h("small", words.pick(row, "summary")),
            href=address.to(address.page, name),
            class_="tile",
        )
        for name, row in view.published.titles.items()
        if have(name)
    ]
    return PageContent(
        words(f"menu.{address.page}"), lead=words("choose.lead"), head=h("div", cards, class_="tiles choice")
    )
