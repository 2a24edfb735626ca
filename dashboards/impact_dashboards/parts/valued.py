"""Lines of value as pages write them: a figure with its unit, its interval, what is said of it."""

from __future__ import annotations

import json
from collections.abc import Sequence

from impact.drawing.markup import Node, h
from impact.publish.rows import Record
from impact.states import ValueState
from impact.words.said import Said
from impact_dashboards.page.view import ColumnSpec, Row, Table, View, columns_of, file_columns
from impact_dashboards.parts.findings import link_of, unit_of
from impact_dashboards.parts.marks import ends_of, known

ORIGIN = ("document", "page", "quote", "note")
IN_FILE = ("section", "subject", "item", "unit", "unit_it", "conf_low", "conf_high", "state", "method", "data_kind")


def line_table(view: View, lines: Sequence[Record]) -> Table:
    """Return lines as a table: what each is, its figure or verdict, why, and what it rests on."""
    rows = [line | {"place": origin_text(line)} for line in lines]
    return Table(columns_of(view, LINES), rows, file_columns(IN_FILE))


def figure(view: View, line: Row) -> str:
    """Return the figure of a line with its unit; nothing where there is none."""
    if not known(line["value"]):
        return ""
    unit = line["unit"]
    write = view.words.gain if line["difference"] else view.words.number
    shown = "" if unit == "share" else unit_of(view.words, line)
    return f"{write(line['value'], unit, ends_of(line))} {shown}".rstrip()


def figure_interval(view: View, line: Row) -> str:
    """Return the interval of the figure of a line; nothing where there is none."""
    return view.words.interval(line["conf_low"], line["conf_high"], line["unit"], gain=line["difference"])


def note(view: View, line: Row) -> str:
    """Return what is declared in words, or nothing."""
    return view.words.pick(line, "note") if line["note_en"] else ""


def said(view: View, text: Said | str | None) -> str:
    """Write what a line says, which may be nothing."""
    return view.words.said(text) if text else ""


def _label(view: View, line: Row) -> str:
    return view.words.said(line["label"])


def _figure(view: View, line: Row) -> Node:
    """Return the figure with its interval, or the verdict, or what is declared in words."""
    if line["state"] == ValueState.SUPPRESSED:
        return view.words("disclosure.few")
    texts = (figure(view, line), said(view, line["verdict"]), note(view, line))
    pieces = [text for text in texts if text]
    ends = figure_interval(view, line)
    return [[h("div", piece) for piece in pieces], h("small", ends) if ends else None] if pieces else "–"


def _why(view: View, line: Row) -> Node:
    texts = [said(view, line["reason"]), said(view, line["method"])]
    return [h("div", text) for text in texts if text] or "–"


def _rests_on(view: View, line: Row) -> Node:
    """Return links to the findings behind a line, or who declares it."""
    links = [h("div", h("a", h("code", name), href=link_of(view, {"finding": name}))) for name in line["rests_on"]]
    return links or line["place"] or "–"


def origin_text(line: Row) -> str:
    """Return who says what is declared in a row: document, page, quote and note; nothing where nobody does."""
    if not line["origin"]:
        return ""
    origin = json.loads(line["origin"])
    return ", ".join(str(origin[name]) for name in ORIGIN if origin.get(name))


LINES = (
    ColumnSpec("label", "value.line", _label),
    ColumnSpec("value", "value.figure", _figure),
    ColumnSpec("reason", "value.why", _why),
    ColumnSpec("place", "value.rests_on", _rests_on),
)
