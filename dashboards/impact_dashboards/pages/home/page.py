"""Home: the app's first page. It asks nothing: three sentences with numbers, then what needs a decision, as cards."""

from __future__ import annotations

from impact.publish.scope import EVERY_ROLE
from impact_dashboards.page.descriptor import Page
from impact_dashboards.page.view import PageContent, View, nothing
from impact_dashboards.pages.home.sentences import sentences
from impact_dashboards.parts.cards import decisions_block
from impact_dashboards.parts.findings import all_rows


def page(view: View) -> PageContent:
    """Return the page, on all programmes in reach or on the one that is chosen."""
    chosen = view.chosen("programme", view.published.titles)
    programmes = [chosen] if chosen else list(view.published.titles)
    rows = [row for row in all_rows(view) if row["programme"] in programmes]
    block = decisions_block(view, programmes)
    return PageContent(
        view.words("home.title"),
        [block] if block is not None else [],
        head=[sentences(view, rows, programmes), None if block else nothing(view.words, "home.none")],
        synthetic=any(row["data_kind"] == "synthetic" for row in rows),
    )


PAGE = Page(
    name="home",
    title="menu.home",
    build=page,
    roles=EVERY_ROLE,
    chapter=None,
    has_content=None,
    examples=("home", "home?programme=wecare"),
)
