"""Marked-up text as a tree: what pages and drawings are made of, before it is HTML, SVG or JSON.

Every word that comes from data passes through here, and is text wherever it goes: there is no way to write markup from
a string.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from impact.words.languages import InLanguage

VOID = frozenset({"br", "hr", "img", "input", "wbr"})
HTML_TAGS = frozenset(
    (
        *("a", "abbr", "article", "aside", "b", "br", "button", "caption", "code", "dd", "details", "div", "dl", "dt"),
        *("em", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "header", "hr", "i", "img", "input"),
        *("label", "li", "main", "nav", "ol", "optgroup", "option", "p", "pre", "q", "section", "select", "small"),
        *("span", "strong", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "time", "tr", "ul", "wbr"),
    )
)
SVG_TAGS = frozenset(
    (
        *("circle", "clipPath", "defs", "desc", "g", "line", "linearGradient", "marker", "path", "pattern", "polygon"),
        *("polyline", "rect", "stop", "svg", "text", "title", "tspan"),
    )
)
FORBIDDEN = frozenset({"style", "srcdoc"})
"""Attributes that no element has, beside those of events, which begin with ``on``."""
ADDRESSES = frozenset({"href", "src", "action"})
ADDRESS = re.compile(r"/(?![/\\])|#|\?|https?://")
"""How an address begins that a page may lead to: one of the app's own, or of the web."""

Attributes = Mapping[str, str | Literal[True]]
"""Attributes of an element as they are written: a text, or True for one without a value."""


@dataclass(frozen=True, slots=True)
class Element:
    """An element of a page or a drawing.

    Parameters
    ----------
    tag
        One of :data:`HTML_TAGS` or :data:`SVG_TAGS`.
    attributes
        As they are written in HTML; ``True`` is an attribute without a value, those that are ``None`` or ``False`` are
        left out.
    children
        Elements and text, in order.
    """

    tag: str
    attributes: Attributes
    children: tuple[Element | str, ...]


Node = Element | str | int | None | Iterable[Any]


def h(tag: str, *children: Node, **attributes: Any) -> Element:
    """Return an element; ``class_`` and ``for_`` lose their underscore, ``aria_label`` becomes ``aria-label``.

    Parameters
    ----------
    tag
        Name of the element, one of :data:`HTML_TAGS` or :data:`SVG_TAGS`.
    children
        Elements, text, numbers, and lists of these; None is left out. A text in another language than the page's
        (:class:`~impact.words.languages.InLanguage`) gives the element, or one of its own, the attribute ``lang``.
    attributes
        Names and values of its attributes; those that are None or False are left out.

    Raises
    ------
    ValueError
        For a tag that pages do not use, an attribute that runs code, or an address that is none.

    Examples
    --------
    >>> to_html(h("p", "a < b", h("b", 1), class_="lead"))
    '<p class="lead">a &lt; b<b>1</b></p>'
    """
    if tag not in HTML_TAGS and tag not in SVG_TAGS:
        raise ValueError(f"pages have no element '{tag}'")
    stated = {_written(name): value for name, value in attributes.items() if value is not None and value is not False}
    checked = {name: _checked(name, value) for name, value in stated.items()}
    held = tuple(_flat(children))
    if len(held) == 1 and isinstance(held[0], InLanguage):
        return Element(tag, {"lang": held[0].language} | checked, (str(held[0]),))
    inline = "tspan" if tag in SVG_TAGS else "span"
    return Element(tag, checked, tuple(_in_language(inline, child) for child in held))


def _in_language(inline: str, child: Element | str) -> Element | str:
    """Return a text in another language than its page's as an element that says so."""
    return Element(inline, {"lang": child.language}, (str(child),)) if isinstance(child, InLanguage) else child


def _written(name: str) -> str:
    return name.rstrip("_").replace("_", "-")


def _checked(name: str, value: Any) -> str | Literal[True]:
    """Return the value of an attribute as it is written; refuse what runs code, and addresses that are none."""
    if name.startswith("on") or name in FORBIDDEN:
        raise ValueError(f"an element has no attribute '{name}': looks stand in the style sheet, deeds in the script")
    text = str(value)
    if name in ADDRESSES and not ADDRESS.match(text):
        raise ValueError(f"'{text}' is no address that a page may lead to")
    return True if value is True else text


def _flat(children: Iterable[Node]) -> Iterator[Element | str]:
    for child in children:
        if isinstance(child, Element | str):
            yield child
        elif isinstance(child, list | tuple | Iterator):
            yield from _flat(child)
        elif isinstance(child, int):
            yield str(child)
        elif child is not None:
            raise TypeError(f"an element holds elements, text, numbers and lists of these, not {type(child).__name__}")


def to_html(node: Element | str) -> str:
    """Write a tree as HTML, all text escaped."""
    pieces: list[str] = []
    _write(node, pieces.append)
    return "".join(pieces)


def _write(node: Element | str, add: Callable[[str], None]) -> None:
    """Write a tree piece by piece; not as a generator, which would pass every piece up through every level."""
    if isinstance(node, str):
        add(html.escape(node, quote=False))
        return
    add(f"<{node.tag}")
    for name, value in node.attributes.items():
        add(f" {name}" if value is True else f' {name}="{html.escape(value)}"')
    add(">")
    for child in node.children:
        _write(child, add)
    if node.tag not in VOID:
        add(f"</{node.tag}>")


def to_json(node: Element | str) -> str:
    """Write a tree as JSON: text as it is, an element as ``[tag, attributes, child, …]``."""
    return json.dumps(_plain(node), ensure_ascii=False, separators=(",", ":"))


def _plain(node: Element | str) -> Any:
    return node if isinstance(node, str) else [node.tag, dict(node.attributes), *map(_plain, node.children)]


def svg_file(drawing: Element) -> str:
    """Write a drawing as an SVG file that stands by itself."""
    attributes = {"xmlns": "http://www.w3.org/2000/svg", **drawing.attributes}
    alone = Element("svg", attributes, drawing.children)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + to_html(alone)


def words_of(node: Element | str) -> str:
    """Return the words of a tree and of all in it, in the order of reading."""
    if isinstance(node, str):
        return node
    return " ".join(filter(None, map(words_of, node.children)))
