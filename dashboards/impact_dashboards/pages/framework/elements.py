"""What programmes say to a checklist: a row for each element, with what declarations show of it by themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from impact.drawing.markup import Node, h
from impact.publish.rows import Record
from impact.states import ElementState
from impact.tables.frameworks import Element
from impact_dashboards.page.view import Block, ColumnSpec, Row, Table, View, columns_of, file_columns
from impact_dashboards.parts.state_marks import badge
from impact_dashboards.parts.valued import origin_text

IN_FILE = ("programme", "title_en", "title_it", "answer_en", "answer_it")


def elements_block(view: View, answers: Sequence[Element]) -> Block:
    """Return the elements of a checklist with what each programme says, programme by programme."""
    ordered = sorted(answers, key=lambda answer: (answer.programme, answer.place))
    rows = [_row(view, answer) for answer in ordered]
    table = Table(columns_of(view, COLUMNS), rows, file_columns(IN_FILE), group=lambda row: _heading(view, row))
    return Block("elements", view.words("framework.elements"), table, lead=_lead(view, ordered))


def _row(view: View, answer: Element) -> Record:
    """Return an answer as a row; what its declarations show is written out, so that the file has it too."""
    shown = view.words.said(answer.shown) if answer.shown else ""
    return vars(answer) | {"shown": shown, "seen": view.words.pick(vars(answer), "seen") if answer.seen_en else ""}


def _lead(view: View, answers: Sequence[Element]) -> Node:
    """Say how many elements are in each state: those that nobody verified are counted by themselves."""
    counts = Counter(answer.state for answer in answers)
    pieces = [f"{view.words(f'status.{state}')}: {counts[state]}" for state in ElementState]
    return [h("div", view.words("framework.elements_lead")), h("div", " · ".join(pieces))]


def _heading(view: View, row: Row) -> str:
    return view.words.pick(view.published.titles[row["programme"]], "title")


def _element(view: View, row: Row) -> Node:
    place = view.words.pick(row, "provision")
    return [h("div", h("code", row["element"]), " ", view.words.pick(row, "title")), h("small", place)]


def _state(view: View, row: Row) -> Node:
    return badge(row["state"], view.words)


def _answer(view: View, row: Row) -> Node:
    """Return what the programme says, by whom, and what its declarations show."""
    text = view.words.pick(row, "answer") if row["answer_en"] else ""
    shown = view.words("framework.shown", shown=row["shown"]) if row["shown"] else ""
    pieces = [text, origin_text(row), shown]
    return [h("div", piece) for piece in pieces if piece] or "–"


def _seen(view: View, row: Row) -> str:
    return row["seen"] or view.words("framework.unseen")


COLUMNS = (
    ColumnSpec("element", "framework.element", _element),
    ColumnSpec("state", "framework.state", _state),
    ColumnSpec("shown", "framework.answer", _answer),
    ColumnSpec("seen", "framework.seen", _seen),
)
