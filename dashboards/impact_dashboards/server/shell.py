"""The frame around every page: head, banner, menu, filters, blocks with their files, foot."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from impact.drawing.markup import Element, Node, h
from impact.publish.export import people
from impact.words.languages import Language
from impact.words.read import interface_languages
from impact_dashboards.page.address import Address
from impact_dashboards.page.descriptor import Page
from impact_dashboards.page.view import Block, Choice, PageContent, View
from impact_dashboards.pages import FOOT, HOME, PAGES
from impact_dashboards.parts.drawings import BESIDE, HALF, NARROW, WIDE, drawing_of
from impact_dashboards.parts.tables import table_element

_CALLED = {"metadata": "JSON", "people": "Excel"}
"""Files that are not called by their ending."""
BELOW = [module.PAGE for module in FOOT]
"""Pages of the menu below."""
PLOTLY = "/assets/vendor/plotly-cartesian.min.js"


def frame(view: View, page: PageContent, menu: Iterable[Page], foot: Node) -> Element:
    """Return a whole page.

    Parameters
    ----------
    view, page
        What was asked for and what is on it.
    menu
        The pages that this reader may open, in order.
    foot
        What stands below, such as the version of the data.
    """
    skip = h("a", view.words("shell.skip"), href="#content", class_="skip")
    opened = list(menu)
    above = [entry for entry in opened if entry not in BELOW]
    header = h("header", _head(view, above), _under(view, _banner(view, page)))
    main = h("main", *_main(view, page), id="content", tabindex="-1")
    partial = h("p", view.words("shell.partial"), class_="partial") if view.words.is_partial else None
    footer = h("footer", _foot(view, [entry for entry in opened if entry in BELOW]), partial, foot)
    return h("div", skip, header, main, footer, class_="page", data_address=view.address.href)


def _foot(view: View, menu: Iterable[Page]) -> Element | None:
    """Return the menu below the page; none where this reader may open nothing of it."""
    links = [h("li", _menu_link(view, page)) for page in menu]
    return h("nav", h("ul", links), aria_label=view.words("shell.foot_menu")) if links else None


def _banner(view: View, page: PageContent) -> Element | None:
    """Return the warning over synthetic data."""
    if not page.synthetic:
        return None
    return h("p", h("strong", view.words("banner.synthetic")), class_="banner", role="note")


def _main(view: View, page: PageContent) -> Iterator[Node]:
    """Yield heading, sentence, filters and blocks of a page."""
    over = h("p", page.over, class_="over") if page.over else None
    yield [over, h("div", h("h1", page.title), _share(view), class_="title")]
    yield h("p", page.lead, class_="lead") if page.lead else None
    yield page.head
    yield _filters(view, page)
    if not page.aside:
        yield list(_blocks(view, page.blocks, WIDE))
        return
    column = h("div", list(_blocks(view, page.blocks, BESIDE)), class_="column")
    yield h("div", column, page.aside, class_="beside")


def _share(view: View) -> Element:
    """Return the button that copies the address of what is shown, filters included."""
    words = view.words
    button = h(
        "button",
        words("shell.share"),
        type="button",
        class_="share",
        data_share=True,
        data_said=words("shell.shared"),
        data_by_hand=words("shell.share_by_hand"),
    )
    return h("div", button, h("span", role="status", class_="shared"), class_="sharing")


def _blocks(view: View, blocks: Iterable[Block], width: int) -> Iterator[Node]:
    """Yield the blocks in order, those of half width side by side."""
    for half, alike in groupby(blocks, key=lambda block: block.half):
        block_width = HALF if half else width
        elements = [block_element(view, block, block_width) for block in alike]
        yield h("div", elements, class_="pair") if half else elements


def _head(view: View, menu: Iterable[Page]) -> Element:
    """Return the name of the app, the menu and the other languages."""
    items = [h("li", _menu_link(view, page)) for page in menu]
    navigation = h("nav", h("ul", items), aria_label=view.words("shell.menu"), class_="broad-menu")
    others = [language for language in interface_languages() if language != view.address.language]
    languages = [_language_link(view, language) for language in others]
    return h("div", _brand(view), navigation, _folded_menu(view, items), languages, class_="head")


def _folded_menu(view: View, items: list[Element]) -> Element:
    """Return pages and programmes folded away, in place of both bars where there is no room for them."""
    title, programmes = view.words("shell.menu"), view.words("shell.programmes")
    links = [h("li", link) for link in _programme_bar(view)]
    below = [h("p", programmes, class_="menu-title"), h("ul", links)]
    body = h("nav", h("ul", items), below, aria_label=title)
    return h("details", h("summary", f"{title} · {programmes}"), body, class_="menu-fold")


def _brand(view: View) -> Element:
    ring = h("circle", cx=12, cy=12, r=10, class_="ring")
    slice_ = h("path", d="M12 5V12H19A7 7 0 0 0 12 5Z", class_="slice")
    logo = h("svg", ring, slice_, viewBox="0 0 24 24", width=24, height=24, aria_hidden="true", class_="logo")
    return h("a", logo, h("span", view.words("shell.name")), href=view.address.to(HOME.name), class_="brand")


def _menu_link(view: View, page: Page) -> Element:
    """Return the link to a page, on the programme that the address is about."""
    address = view.address
    current = "page" if page.name == address.page else None
    href = page.link(address, _programme(address))
    title = view.words(page.title)
    return h("a", title, href=href, aria_current=current)


def _language_link(view: View, language: Language) -> Element:
    key = f"language.{language}"
    return h(
        "a",
        language.upper(),
        href=view.address.in_language(language),
        hreflang=language,
        lang=language,
        aria_label=view.words(key) if view.words.has(key) else None,
        class_="language",
    )


def _programme(address: Address) -> str:
    """Return the programme that an address names, in its path or as a filter."""
    return address.programme or address.get("programme")


def _under(view: View, banner: Element | None) -> Element:
    """Return the bar of programmes, and the banner over synthetic data."""
    navigation = h("nav", _programme_bar(view), aria_label=view.words("shell.programmes"))
    return h("div", navigation, banner, class_="under")


def _programme_bar(view: View) -> list[Element]:
    """Return the links to this page on each programme."""
    current = _programme(view.address)
    return [
        h("a", title, href=href, aria_current="true" if name == current else None)
        for name, title, href in _programme_links(view)
    ]


def _programme_links(view: View) -> Iterator[tuple[str, str, str]]:
    """Yield name, title and address of each programme on this page; on the page of all, all of them first."""
    address, page = view.address, PAGES.get(view.address.page)
    if page is not None and page.has_content is None:
        yield "", view.words("shell.all_programmes"), page.link(address, "")
    for name, row in view.published.titles.items():
        href = page.link(address, name) if page else address.to(address.page, name)
        yield name, view.words.pick(row, "title"), href


def _filters(view: View, page: PageContent) -> Element | None:
    if not page.choices:
        return None
    # other filters leave other rows, which are read from their first page
    chosen = {choice.name for choice in page.choices} | {"page"}
    hidden = [
        h("input", type="hidden", name=name, value=value) for name, value in view.address.query if name not in chosen
    ]
    controls = [_control(choice) for choice in page.choices]
    go = h("button", view.words("filters.show"), type="submit", class_="go")
    return h(
        "form",
        hidden,
        controls,
        go,
        action=view.address.bare,
        method="get",
        class_="filters",
        data_live=True,
        aria_label=view.words("filters.title"),
    )


def _control(choice: Choice) -> Element:
    options = [h("option", text, value=value, selected=value == choice.value) for value, text in choice.options.items()]
    name = f"filter-{choice.name}"
    select = h("select", options, id=name, name=choice.name, data_value=choice.value)
    return h("div", h("label", choice.title, for_=name), select, class_="filter")


def block_element(view: View, block: Block, width: int = WIDE, *, files: bool = True) -> Element:
    """Return a block: heading, files, words, drawing and table; in a report without files."""
    heading = h(
        "div", h("h2" if files else "h3", block.title), _files(view, block) if files else None, class_="block-head"
    )
    lead = h("p", block.lead, class_="note") if block.lead else None
    drawn = _drawn(view, block, width) if files else drawing_of(view.words, block, width)
    table = table_element(view.words, block.table, block.title) if block.table else None
    if table is not None and block.folded:
        table = h("details", h("summary", view.words("block.as_table")), table, class_="twin")
    name = block.id if files else None
    return h("section", heading, lead, drawn, block.body, table, block.after, class_="card", id=name)


def _files(view: View, block: Block) -> Element | None:
    """Return the links to a block as files."""
    if block.table is None:
        return None
    name = "-".join((view.address.page, *view.address.path, block.id))
    links = [_file_link(view, block, "csv", ".csv", download=f"{name}.csv")]
    if people.wants_people(view.address.language):
        links.insert(0, _file_link(view, block, "people", people.FORMAT.suffix, download=f"{name}.people.csv"))
    if block.figure is not None or block.drawing is not None:
        links.append(_file_link(view, block, "svg", ".svg", download=f"{name}.svg"))
        links.append(_file_link(view, block, "png", ".svg", data_png=f"{name}.png"))
    links.append(_file_link(view, block, "metadata", ".metadata.json"))
    return h("p", links, class_="files")


def _file_link(view: View, block: Block, form: str, ending: str, **attributes: str) -> Element:
    """Return the link to a block as a file, called by its format."""
    name = _CALLED[form] if form in _CALLED else form.upper()
    href = view.address.file(block.id, ending)
    label = view.words(f"files.{form}", title=block.title)
    return h("a", name, href=href, **attributes, aria_label=label)


def _drawn(view: View, block: Block, width: int) -> Element | None:
    """Return a block's drawing; a figure for wide and narrow screens, with the address of what Plotly draws of it."""
    if block.figure is None:
        return h("div", block.drawing, class_="drawing") if block.drawing is not None else None
    drawings = [
        h("div", drawing_of(view.words, block, size), class_=name)
        for name, size in (("broad", width), ("slim", NARROW))
    ]
    source = view.address.file(block.id, ".figure.json")
    return h(
        "div",
        drawings,
        class_="drawing",
        data_plot=source,
        data_plotly=PLOTLY,
        data_words=view.words("block.live"),
        data_at_once=block.at_once,
    )
