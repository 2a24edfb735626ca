"""Sentences that hold more than words: a number set off, a link; and where rows come from."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from impact.drawing.markup import Element, Node, h
from impact.publish.rows import rows_of
from impact.words import Words
from impact_dashboards.page.view import Row

MARK = "\0"


def rich(words: Words, key: str, **elements: Node) -> list[Node]:
    """Return the text of a key with elements for its values.

    Parameters
    ----------
    words
        Of the reader's language.
    key
        Of a text with a value for each of the elements.
    elements
        What stands for each value, by its name in the text.
    """
    marked = {name: f"{MARK}{name}{MARK}" for name in elements}
    text = words(key, **marked)
    pieces = text.split(MARK)
    return [elements[piece] if position % 2 else piece for position, piece in enumerate(pieces)]


def source_list(words: Words, sources: pd.DataFrame) -> Element | None:
    """Return where rows come from: title, publisher, document, licence, day of retrieval and address."""
    if sources.empty:
        return None
    return h("ul", [h("li", _source(words, row)) for row in rows_of(sources)], class_="sources")


def _source(words: Words, row: Row) -> Node:
    """Return where rows come from, with the address as a link where it is known."""
    stated = filter(None, _provenance(words, row))
    text = words("source.of", source=" · ".join(stated))
    url = row["url"]
    if not url:
        return [text]
    return [text, " · ", web_link(url, url)]


def _provenance(words: Words, row: Row) -> Iterator[str]:
    """Yield what is stated of a source; the licence too where none is."""
    mark = " †" if row["kind"] == "synthetic" else ""
    yield row["title"] + mark
    yield row["publisher"]
    yield row["document"]
    yield words("source.licence", licence=row["licence"] or words("source.unstated"))
    if row["retrieved"]:
        yield words("source.retrieved", date=words.date(row["retrieved"]))
    if row["generator"]:
        yield words("source.generator", name=row["generator"])


def web_link(url: str, text: str) -> Element | str:
    """Return a link to an address of the web; any other address stays text."""
    return h("a", text, href=url, rel="noreferrer") if url.startswith(("https://", "http://")) else url
