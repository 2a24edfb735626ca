"""Cards of projects and programmes, those first that need a decision; the same as a table, for files."""

from __future__ import annotations

from collections.abc import Sequence

from impact.drawing.markup import Element, Node, h
from impact.publish.rows import Record
from impact_dashboards.page.view import Block, ColumnSpec, Row, Table, View, columns_of, file_columns
from impact_dashboards.parts.decisions import Need, Subject, subjects
from impact_dashboards.parts.projects import PAGE
from impact_dashboards.parts.state_marks import badge

SHOWN = 12
"""Cards that are shown at once; the others are folded away."""
WHOLE_PAGE = "verdict"
"""The page that says what a programme comes to."""


def decisions_block(view: View, programmes: Sequence[str], *, projects_only: bool = False) -> Block | None:
    """Return projects and programmes as cards, each with the reason in one line; None where there is none."""
    found = [one for one in subjects(view, programmes) if not (projects_only and one.part.is_whole)]
    if not found:
        return None
    kinds = {"real": [one for one in found if not one.synthetic], "synthetic": [one for one in found if one.synthetic]}
    body = [_cards(view, kind, of_kind) for kind, of_kind in kinds.items() if of_kind]
    table = Table(
        columns_of(view, COLUMNS), [_row(view, one) for one in found], file_columns(["programme", "part", "finding"])
    )
    title = view.words("decision.title")
    return Block("decisions", title, table, lead=view.words("decision.lead"), body=body, folded=True)


def _cards(view: View, kind: str, found: Sequence[Subject]) -> Element:
    """Return the cards on one kind of data: those that need a decision, and the others folded away."""
    pressing = [one for one in found if one.reason.need is not Need.SETTLED]
    shown = max(min(len(pressing), SHOWN), 1)
    cards = [h("li", _card(view, one)) for one in found]
    more: Node = None
    if len(cards) > shown:
        text = view.words("decision.others", count=len(cards) - shown)
        more = h("details", h("summary", text), h("ul", cards[shown:], class_="cards"), class_="more")
    return h("div", h("h3", view.words(f"decision.{kind}")), h("ul", cards[:shown], class_="cards"), more)


def link_to(view: View, subject: Subject) -> str:
    """Return the address of the page of a project, or of what a programme comes to."""
    if subject.part.is_whole:
        return view.address.to(WHOLE_PAGE, subject.programme)
    return view.address.to(PAGE, subject.programme, subject.part.code)


def _card(view: View, subject: Subject) -> Element:
    reason = subject.reason
    programme = view.words.pick(view.published.titles[subject.programme], "title")
    over = h("small", view.words("decision.whole") if subject.part.is_whole else programme)
    mark = badge(reason.state, view.words)
    name = subject.owner.body or subject.owner.contact
    whose = h("small", view.words("decision.whose", name=name)) if name else None
    content = [over, h("strong", subject.title), mark, h("span", reason.text, class_="reason"), whose]
    return h("a", content, href=link_to(view, subject), class_=f"decision {reason.need}")


def _row(view: View, subject: Subject) -> Record:
    return {
        "subject": subject,
        "programme": subject.programme,
        "part": str(subject.part),
        "title": subject.title,
        "need": view.words(f"decision.need_{subject.reason.need}"),
        "told": subject.reason.text,
        "owner": subject.owner.said(view),
        "finding": subject.reason.finding or None,
    }


def _name(view: View, row: Row) -> Element:
    return h("a", row["title"], href=link_to(view, row["subject"]))


COLUMNS = (
    ColumnSpec("title", "decision.name", _name),
    ColumnSpec("need", "decision.need"),
    ColumnSpec("told", "decision.why"),
    ColumnSpec("owner", "owner.title"),
)
