"""Sentences that hold more than words: a number set off, a link; and where rows come from."""

from __future__ import annotations

import pandas as pd

from impact.drawing.markup import Element, Node, h
from impact.publish.rows import rows_of
from impact.words import Words
from impact_dashboards.page.view import Row

MARK = "\0"


def rich(words: Words, key: str, **parts: Node) -> list[Node]:
    """Return the text of a key with elements in its places.

    Parameters
    ----------
    words
        Of the reader's language.
    key
        Of a text with a place for each of the parts.
    parts
        What stands there.
    """
    text = words(key, **{name: f"{MARK}{name}{MARK}" for name in parts})
    return [parts[piece] if place % 2 else piece for place, piece in enumerate(text.split(MARK))]


def source_list(words: Words, sources: pd.DataFrame) -> Element | None:
    """Return where rows come from: title, publisher, document, licence, day of retrieval and address."""
    if sources.empty:
        return None
    return h("ul", [h("li", _source(words, row)) for row in rows_of(sources)], class_="sources")


def _source(words: Words, row: Row) -> Node:
    said = [row["title"] + (" †" if row["kind"] == "synthetic" else ""), row["publisher"], row["document"]]
    said += [words("source.licence", licence=row["licence"] or words("source.unstated"))]
    said += [words("source.retrieved", date=words.date(row["retrieved"]))] if row["retrieved"] else []
    said += [words("source.generator", name=row["generator"])] if row["generator"] else []
    text = words("source.of", source=" · ".join(filter(None, said)))
    return [text, *([" · ", web_link(row["url"], row["url"])] if row["url"] else [])]


def web_link(url: str, text: str) -> Element | str:
    """Return a link to an address of the web; any other address stays text."""
    return h("a", text, href=url, rel="noreferrer") if url.startswith(("https://", "http://")) else url
