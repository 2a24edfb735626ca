"""The report of a programme: one HTML file that needs neither network nor JavaScript, or a PDF of it.

It is written from the same pages as the app, so that every number in it is the app's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from impact.drawing.markup import Element, h
from impact.publish.published import ReaderTables
from impact.publish.rows import rows_of
from impact.words.languages import Language
from impact_dashboards.page.address import Address, read_address
from impact_dashboards.page.descriptor import Chapter, Page
from impact_dashboards.page.view import PageContent, View
from impact_dashboards.pages import HOME, PAGES
from impact_dashboards.parts.facts import Fact, fact_list
from impact_dashboards.server.app import today
from impact_dashboards.server.document import alone, check_published, document, synthetic_warning, walk, write_document
from impact_dashboards.server.reader import Reader
from impact_dashboards.server.shell import block_element


def write_report(db: str | Path, programme: str, language: Language, out: Path) -> None:
    """Write the report of a programme as HTML or PDF, by the ending of the file's name.

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
    write_document(db, out, "report", lambda: report_html(db, programme, language))


def report_html(db: str | Path, programme: str, language: Language) -> str:
    """Return the report of a programme as an HTML document.

    Raises
    ------
    UsageError
        If there is no such programme.
    """
    edition = Reader(db).edition()
    with edition.open() as warehouse:
        published = ReaderTables(warehouse)
        view = View(published, published.words(language), Address(language, HOME.name), today())
        check_published(view, programme)
        body = h(
            "div", _cover(view, programme, edition.version), list(_chapters(view, programme)), class_="page report"
        )
        title = view.words.pick(view.published.titles[programme], "title")
    anchors = {str(node.attributes["id"]) for node in walk(body) if "id" in node.attributes}
    return document(title, language, alone(body, lambda href: _within(href, anchors)))


def _cover(view: View, programme: str, version: str) -> Element:
    words, row = view.words, view.published.titles[programme]
    is_synthetic = (view.published.findings(programme)["data_kind"] == "synthetic").any()
    return h(
        "header",
        h("p", words("report.over"), class_="over"),
        h("h1", words.pick(row, "title")),
        h("p", words.pick(row, "summary"), class_="lead"),
        synthetic_warning(view) if is_synthetic else None,
        fact_list(_cover_facts(view, programme, version)),
        class_="cover",
    )


def _cover_facts(view: View, programme: str, version: str) -> Iterator[Fact]:
    """Yield what the programme is about, who has a part in it, and of which data the report is."""
    words, row = view.words, view.published.titles[programme]
    start, end = words.date(row["period_start"]), words.date(row["period_end"])
    bodies = rows_of(view.published.stakeholders(programme))
    yield Fact(words("report.period"), f"{start} – {end}")
    yield Fact(words("report.territory"), row["territory"])
    yield Fact(words("report.bodies"), ", ".join(body["name"] for body in bodies))
    yield Fact(words("report.version"), version)
    yield Fact(words("report.date"), words.date(view.today))


def _chapters(view: View, programme: str) -> Iterator[Element]:
    """Yield the chapters in the order of the menu, those without a block left out."""
    for page in PAGES.values():
        if page.chapter is None:
            continue
        for item in page.chapter.items(view, programme):
            address = page.address(view.words.language, programme, item)
            yield from _chapter(page, page.chapter, replace(view, address=address))


def _chapter(page: Page, chapter: Chapter, view: View) -> Iterator[Element]:
    """Yield the chapter of a page, if anything of it stands in the report."""
    content = page.content(view)
    blocks = [block_element(view, block, files=False) for block in chapter.blocks(content)]
    if blocks:
        yield _section(content, blocks, _anchor(view.address))


def _anchor(address: Address) -> str:
    """Return what a chapter is called in links: its page, and the item that it is about."""
    return "-".join((address.page, *address.path[1:2]))


def _section(page: PageContent, blocks: list[Element], anchor: str) -> Element:
    over = h("p", page.over, class_="over") if page.over else None
    lead = h("p", page.lead, class_="lead") if page.lead else None
    return h("article", over, h("h2", page.title, class_="chapter"), lead, blocks, id=anchor)


def _within(href: str, anchors: set[str]) -> str:
    """Return where a link of the app leads in the report; nothing where the report has no such place."""
    if href.startswith(("https://", "http://")):
        return href
    address = read_address(href)
    if address is None:
        return href if href.removeprefix("#") in anchors else ""
    names = (_anchor(address), address.page)
    return next((f"#{name}" for name in names if name in anchors), "")
