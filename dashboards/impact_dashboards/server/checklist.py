"""What a programme says to the checklist of a framework, as a document that stands by itself: HTML or PDF."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from impact.drawing.markup import Element, h
from impact.errors import UsageError
from impact.publish.rows import Record, rows_of
from impact.words.languages import Language
from impact_dashboards.page.address import Address
from impact_dashboards.page.view import PageContent, View
from impact_dashboards.pages import PAGES
from impact_dashboards.parts.facts import Fact, fact_list
from impact_dashboards.parts.valued import origin_text
from impact_dashboards.server.document import alone, document, published_view, write_document
from impact_dashboards.server.shell import block_element

PAGE = "framework"


def write_checklist(db: str | Path, programme: str, framework: str, language: Language, out: Path) -> None:
    """Write what a programme says to the checklist of a framework as HTML or PDF, by the ending of the file's name.

    Parameters
    ----------
    db
        A DuckDB file written by the engine.
    programme
        Id of a programme of which something is published.
    framework
        Id of a framework that it uses.
    language
        Language of its texts: ``it`` or ``en``.
    out
        The file; it ends with ``.html`` or ``.pdf``.

    Raises
    ------
    UsageError
        If there is no such programme, it does not use the framework, the file is neither or is the database, or a PDF
        is asked for and there is no browser to print it.
    """
    write_document(db, out, "report", lambda: checklist_html(db, programme, framework, language))


def checklist_html(db: str | Path, programme: str, framework: str, language: Language) -> str:
    """Return what a programme says to the checklist of a framework as an HTML document.

    Raises
    ------
    UsageError
        If there is no such programme, or it does not use the framework.
    """
    query = (("framework", framework), ("programme", programme))
    with published_view(db, programme, Address(language, PAGE, (), query)) as view:
        use = _use(view, programme, framework)
        content = PAGES[PAGE].content(view)
        body = h("div", _cover(view, use, content, view.version), _main(view, content), class_="page report")
        title = view.words.pick(view.published.titles[programme], "title")
    return document(f"{framework}: {title}", language, alone(body, _to_the_web))


def _use(view: View, programme: str, framework: str) -> Record:
    """Return how a programme uses a framework."""
    uses = {str(row["framework"]): row for row in rows_of(view.published.frameworks(programme))}
    if framework not in uses:
        names = ", ".join(uses) or "none"
        raise UsageError(f"the programme '{programme}' uses no framework '{framework}'; it uses: {names}")
    return uses[framework]


def _cover(view: View, use: Record, content: PageContent, version: str) -> Element:
    """Return what the document is of, with what every reader of the framework must know."""
    words, row = view.words, view.published.titles[str(use["programme"])]
    return h(
        "header",
        h("p", words("framework.report"), class_="over"),
        h("h1", words.pick(row, "title")),
        h("p", words.pick(use, "title"), class_="lead"),
        fact_list(_facts(view, use, row, version)),
        content.head,
        class_="cover",
    )


def _facts(view: View, use: Record, row: Record, version: str) -> Iterator[Fact]:
    words = view.words
    yield Fact(words("framework.source"), origin_text(use))
    yield Fact(words("framework.publisher"), words.pick(use, "publisher"))
    yield Fact(words("framework.version"), use["version"])
    yield Fact(words("report.period"), f"{words.date(row['period_start'])} – {words.date(row['period_end'])}")
    yield Fact(words("report.territory"), row["territory"])
    yield Fact(words("report.version"), version)
    yield Fact(words("report.date"), words.date(view.today))


def _main(view: View, content: PageContent) -> Element:
    elements = content.block("elements")
    return h("main", block_element(view, elements, files=False) if elements else None)


def _to_the_web(href: str) -> str:
    """Return where a link leads: to the web; the app's own pages are not in the document."""
    return href if href.startswith(("https://", "http://")) else ""
