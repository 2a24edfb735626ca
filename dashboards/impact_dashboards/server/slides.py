"""The report of a programme as slides: its verdict, then a finding a page, HTML or PDF of sixteen by nine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from impact.drawing.markup import Element, h
from impact.publish.rows import Record
from impact.words.languages import Language
from impact_dashboards.page.view import PageContent, View
from impact_dashboards.pages import PAGES
from impact_dashboards.pages.verdict import read_verdict
from impact_dashboards.parts.drawings import WIDE, drawing_of
from impact_dashboards.parts.facts import Fact, fact_grid
from impact_dashboards.parts.findings import effect_cell, state_badge, value_cell
from impact_dashboards.parts.marks import known
from impact_dashboards.parts.state_marks import evidence
from impact_dashboards.server.document import alone, document, published_view, synthetic_warning, write_document

DRAWN = "waves"
"""The block of the page of an indicator whose drawing stands on its slide."""


def write_slides(db: str | Path, programme: str, language: Language, out: Path) -> None:
    """Write the slides of a programme as HTML or PDF, by the ending of the file's name.

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
    write_document(db, out, "slides", lambda: slides_html(db, programme, language))


def slides_html(db: str | Path, programme: str, language: Language) -> str:
    """Return the slides of a programme as an HTML document.

    Raises
    ------
    UsageError
        If there is no such programme.
    """
    with published_view(db, programme, PAGES["verdict"].address(language, programme)) as view:
        title = view.words.pick(view.published.titles[programme], "title")
        slides = [_opening(view, title), *_findings(view, programme)]
        body = h("main", slides, class_="page slides")
    return document(title, language, alone(body, lambda href: ""))


def _opening(view: View, title: str) -> Element:
    """Return the first slide: what the findings that matter most come to."""
    content = PAGES["verdict"].content(view)
    note = f"{view.words('report.version')} {view.version} · {view.words.date(view.today)}"
    return h(
        "section",
        h("p", view.words("report.over"), class_="over"),
        h("h1", title),
        h("p", content.lead, class_="lead") if content.lead else content.head,
        synthetic_warning(view) if content.synthetic else None,
        h("p", note, class_="note"),
        class_="slide",
    )


def _findings(view: View, programme: str) -> Iterator[Element]:
    """Yield a slide for each finding that the verdict rests on, in its order."""
    indicators = PAGES["indicator"]
    for row in read_verdict(view, programme).rows:
        address = indicators.address(view.words.language, programme, row["indicator"])
        yield _slide(view, row, indicators.content(replace(view, address=address)))


def _slide(view: View, row: Record, content: PageContent) -> Element:
    """Return a finding as a slide: the sentence, the drawing, value, promise, effect, evidence."""
    block = content.block(DRAWN)
    drawing = drawing_of(view.words, block, WIDE) if block is not None else None
    return h(
        "section",
        h("p", content.over, class_="over"),
        h("h2", content.title),
        h("p", content.lead, class_="lead"),
        h("div", drawing, class_="drawing") if drawing is not None else None,
        fact_grid(*_facts(view, row)),
        synthetic_warning(view) if content.synthetic else None,
        class_="slide",
    )


def _facts(view: View, row: Record) -> Iterator[Fact]:
    """Yield what is known of a finding; what nobody measured has no place on a slide."""
    words = view.words
    if known(row["value"]):
        yield Fact(words("finding.value"), value_cell(view, row))
    yield Fact(words("finding.status"), state_badge(view, row))
    if known(row["estimate"]):
        yield Fact(words("finding.effect"), effect_cell(view, row))
        yield Fact(words("finding.evidence"), evidence(row["evidence_level"], words))
