"""The report of a programme: one HTML file that needs neither network nor JavaScript, or a PDF of it.

It is written from the same pages as the app, so that every number in it is the app's. A page says which of its blocks
stand in the body, which is short enough to be read; the rest is an appendix for those who ask for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from impact.drawing.markup import Element, Node, h
from impact.publish.rows import rows_of
from impact.words.languages import Language
from impact_dashboards.page.address import Address, read_address
from impact_dashboards.page.descriptor import Chapter, Page
from impact_dashboards.page.view import Block, PageContent, View
from impact_dashboards.pages import HOME, PAGES
from impact_dashboards.parts.facts import Fact, fact_list
from impact_dashboards.parts.sentences import rich
from impact_dashboards.server.document import alone, document, published_view, synthetic_warning, walk, write_document
from impact_dashboards.server.shell import block_element

SUMMARY = "verdict"
"""The page that opens the report, as its summary on one sheet."""
APPENDIX = "appendix-"
"""What the names of the appendix's chapters begin with."""


def write_report(db: str | Path, programme: str, language: Language, out: Path, *, appendix: bool = False) -> None:
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
    appendix
        Whether all that the pages of the app have on the programme follows.

    Raises
    ------
    UsageError
        If there is no such programme, the file is neither or is the database, or a PDF is asked for and there is no
        browser to print it.
    """
    write_document(db, out, "report", lambda: report_html(db, programme, language, appendix=appendix))


def report_html(db: str | Path, programme: str, language: Language, *, appendix: bool = False) -> str:
    """Return the report of a programme as an HTML document.

    Raises
    ------
    UsageError
        If there is no such programme.
    """
    with published_view(db, programme, Address(language, HOME.name)) as view:
        body = h("div", _report(view, programme, appendix=appendix), class_="page report")
        title = view.words.pick(view.published.titles[programme], "title")
    anchors = {str(node.attributes["id"]) for node in walk(body) if "id" in node.attributes}
    return document(title, language, alone(body, lambda href: _within(href, anchors)))


def _report(view: View, programme: str, *, appendix: bool) -> list[Node]:
    """Return cover and contents, the verdict on a page of its own, the other chapters, the appendix."""
    chapters = list(_chapters(view, programme, _of_body))
    chapters.sort(key=lambda chapter: chapter.page.name != SUMMARY)
    more = list(_chapters(view, programme, _of_appendix)) if appendix else []
    cover = _cover(view, programme)
    heading = h("h2", view.words("report.appendix"), class_="chapter part") if more else None
    return [
        h("header", cover, _contents(view, chapters, more), class_="cover"),
        [chapter.element() for chapter in chapters],
        heading,
        [chapter.element() for chapter in more],
        None if appendix else h("p", _where_the_rest_is(view, programme), class_="note"),
    ]


def _cover(view: View, programme: str) -> list[Node]:
    words, row = view.words, view.published.titles[programme]
    is_synthetic = (view.published.findings(programme)["data_kind"] == "synthetic").any()
    return [
        h("p", words("report.over"), class_="over"),
        h("h1", words.pick(row, "title")),
        h("p", words.pick(row, "summary"), class_="lead"),
        synthetic_warning(view) if is_synthetic else None,
        fact_list(_cover_facts(view, programme)),
    ]


def _cover_facts(view: View, programme: str) -> Iterator[Fact]:
    """Yield what the programme is about, who has a part in it, and of which data the report is."""
    words, row = view.words, view.published.titles[programme]
    start, end = words.date(row["period_start"]), words.date(row["period_end"])
    bodies = rows_of(view.published.stakeholders(programme))
    yield Fact(words("report.period"), f"{start} – {end}")
    yield Fact(words("report.territory"), row["territory"])
    yield Fact(words("report.bodies"), ", ".join(body["name"] for body in bodies))
    yield Fact(words("report.version"), view.version)
    yield Fact(words("report.date"), words.date(view.today))


def _contents(view: View, chapters: Sequence[_Chapter], more: Sequence[_Chapter]) -> Element:
    """Return the list of chapters, each a link to where it begins."""
    title = view.words("report.contents")
    items: list[Node] = [chapter.entry() for chapter in chapters]
    if more:
        items.append(h("li", view.words("report.appendix"), h("ol", [chapter.entry() for chapter in more])))
    return h("nav", h("h2", title), h("ol", items), class_="contents", aria_label=title)


def _where_the_rest_is(view: View, programme: str) -> list[Node]:
    """Say by which command the rest can be had."""
    command = f"impact report {programme} --format whole --lang {view.words.language} --out {programme}.pdf"
    return rich(view.words, "report.rest", command=h("code", command))


# ---- chapters --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Chapter:
    """A page of the app, or one item of it, as far as it stands in the body or the appendix.

    Parameters
    ----------
    page, content
        What the page is, and what is on it.
    blocks
        Those of its blocks that stand here.
    anchor
        What the chapter is called in links.
    """

    page: Page
    content: PageContent
    blocks: Sequence[Element]
    anchor: str

    def element(self) -> Element:
        """Return the chapter."""
        over = h("p", self.content.over, class_="over") if self.content.over else None
        lead = h("p", self.content.lead, class_="lead") if self.content.lead else None
        return h("article", over, h("h2", self.content.title, class_="chapter"), lead, self.blocks, id=self.anchor)

    def entry(self) -> Element:
        """Return its line of the contents."""
        return h("li", h("a", self.content.title, href=f"#{self.anchor}"))


Pick = Callable[[View, Page, Chapter, str], "_Chapter | None"]
"""Returns the chapter of a page on an item, if anything of it stands here."""


def _chapters(view: View, programme: str, pick: Pick) -> Iterator[_Chapter]:
    """Yield the chapters in the order of the menu, those without a block left out."""
    for page in PAGES.values():
        if page.chapter is None:
            continue
        for item in page.chapter.items(view, programme):
            address = page.address(view.words.language, programme, item)
            chapter = pick(replace(view, address=address), page, page.chapter, programme)
            if chapter is not None:
                yield chapter


def _of_body(view: View, page: Page, chapter: Chapter, programme: str) -> _Chapter | None:
    """Return the chapter of an item in the body, where a drawing stands without the table that shows the same."""
    if not chapter.body or _item(view.address) not in chapter.body_items(view, programme):
        return None
    content = page.content(view)
    blocks = [_drawn_alone(block) for block in chapter.blocks(content) if chapter.in_body(block)]
    return _chapter(view, page, content, blocks, _anchor(view.address))


def _of_appendix(view: View, page: Page, chapter: Chapter, programme: str) -> _Chapter | None:
    """Return what the body leaves out of an item."""
    content = page.content(view)
    is_told = bool(chapter.body) and _item(view.address) in chapter.body_items(view, programme)
    blocks = [_left_out(block) if is_told and chapter.in_body(block) else block for block in chapter.blocks(content)]
    content = replace(content, lead=None) if is_told else content
    return _chapter(view, page, content, list(filter(None, blocks)), f"{APPENDIX}{_anchor(view.address)}")


def _is_twice(block: Block) -> bool:
    """Tell whether a block has a table that is folded away because its drawing shows it."""
    has_drawing = block.figure is not None or block.drawing is not None
    return block.folded and has_drawing and block.table is not None


def _drawn_alone(block: Block) -> Block:
    """Return a block as the body has it: without the table that its drawing shows."""
    return replace(block, table=None) if _is_twice(block) else block


def _left_out(block: Block) -> Block | None:
    """Return what the body leaves out of a block: the table that its drawing shows, if there is one."""
    return Block(block.id, block.title, block.table) if _is_twice(block) else None


def _chapter(view: View, page: Page, content: PageContent, blocks: Sequence[Block], anchor: str) -> _Chapter | None:
    elements = [block_element(view, block, files=False) for block in blocks]
    return _Chapter(page, content, elements, anchor) if elements else None


def _item(address: Address) -> str:
    """Return the item of a programme that an address is about; nothing for the programme itself."""
    return "".join(address.path[1:2])


def _anchor(address: Address) -> str:
    """Return what a chapter is called in links: its page, and the item that it is about."""
    return "-".join((address.page, *address.path[1:2]))


def _within(href: str, anchors: set[str]) -> str:
    """Return where a link of the app leads in the report; nothing where the report has no such place."""
    if href.startswith(("https://", "http://")):
        return href
    address = read_address(href)
    if address is None:
        return href if href.removeprefix("#") in anchors else ""
    chapter = _anchor(address)
    names = (chapter, f"{APPENDIX}{chapter}", address.page)
    return next((f"#{name}" for name in names if name in anchors), "")
