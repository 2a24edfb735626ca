"""The brief of a programme: the page Verdict as one sheet that an investor takes away, HTML or PDF."""

from __future__ import annotations

from pathlib import Path

from impact.drawing.markup import Element, h
from impact.words.languages import Language
from impact_dashboards.page.view import PageContent, View
from impact_dashboards.pages import PAGES
from impact_dashboards.server.document import alone, document, published_view, synthetic_warning, write_document
from impact_dashboards.server.shell import block_element

ROOMY = 11
"""Rows of all tables up to which the letters of a sheet may be of full size; with more they are smaller, to fit."""


def write_brief(db: str | Path, programme: str, language: Language, out: Path) -> None:
    """Write the brief of a programme as HTML or PDF, by the ending of the file's name.

    Parameters
    ----------
    db
        A DuckDB file written by the engine.
    programme
        Id of a programme of which something is published.
    language
        Language of its texts and numbers: ``it`` or ``en``.
    out
        The file; it ends with ``.html`` or ``.pdf``.

    Raises
    ------
    UsageError
        If there is no such programme, the file is neither or is the database, or a PDF is asked for and there is no
        browser to print it.
    """
    write_document(db, out, "brief", lambda: brief_html(db, programme, language))


def brief_html(db: str | Path, programme: str, language: Language) -> str:
    """Return the brief of a programme as an HTML document.

    Raises
    ------
    UsageError
        If there is no such programme.
    """
    page = PAGES["verdict"]
    with published_view(db, programme, page.address(language, programme)) as view:
        content = page.content(view)
        parts = (_head(view, content, view.version), _main(view, content), _foot(view))
        body = h("div", parts, class_=f"page brief{' dense' if _rows(content) > ROOMY else ''}")
    return document(f"{content.over}: {content.title}", language, alone(body, _to_the_web))


def _head(view: View, content: PageContent, version: str) -> Element:
    """Return what the brief is of, when and where, the warning over synthetic data and the verdict."""
    words, row = view.words, view.published.titles[view.programme]
    period = f"{words.date(row['period_start'])} – {words.date(row['period_end'])}"
    about = words(
        "brief.about", period=period, territory=row["territory"], version=version, date=words.date(view.today)
    )
    return h(
        "header",
        h("p", words("brief.over"), class_="over"),
        h("h1", content.over),
        h("p", about, class_="note"),
        synthetic_warning(view) if content.synthetic else None,
    )


def _main(view: View, content: PageContent) -> Element:
    """Return the verdict and what it rests on; where there is nothing to judge, that."""
    lead = h("p", content.lead, class_="lead") if content.lead else None
    blocks = [block_element(view, block, files=False) for block in content.blocks]
    return h("main", h("h2", content.title), lead, blocks or content.head)


def _foot(view: View) -> Element:
    return h("footer", h("p", view.words("brief.read"), class_="note"))


def _rows(content: PageContent) -> int:
    """Return how many rows the tables have."""
    return sum(len(block.table.rows) for block in content.blocks if block.table is not None)


def _to_the_web(href: str) -> str:
    """Return where a link leads: to the web; the app's own pages are not in the brief."""
    return href if href.startswith(("https://", "http://")) else ""
