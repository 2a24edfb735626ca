"""Value: what a decision needs, a block for each outcome, pool, cost or contract; every line says why."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from itertools import groupby

import pandas as pd
import plotly.graph_objects as go

from impact.drawing.markup import Node, h
from impact.figures import pool_figure
from impact.publish.rows import Record, rows_of
from impact.publish.scope import EVERY_ROLE
from impact.states import ValueSection, ValueState
from impact_dashboards.page.descriptor import Chapter, Page
from impact_dashboards.page.view import (
    Block,
    ColumnSpec,
    PageContent,
    Row,
    Table,
    View,
    columns_of,
    file_columns,
    nothing,
)
from impact_dashboards.parts.findings import drawn_unit, link_of
from impact_dashboards.parts.marks import known
from impact_dashboards.parts.valued import figure, figure_interval, note, said

ENDS = ("value", "conf_low", "conf_high")
OWN = re.compile("part/(.*)/effect")
POOLED = {"pooled": "pooled/effect", "prediction": "pooled/prediction"}
"""The lines of a pool that are drawn, beside those of its parts."""
HOW = "docs/how-to/value_a_programme.md"
ORIGIN = ("document", "page", "quote", "note")
IN_FILE = ("section", "subject", "item", "unit", "unit_it", "conf_low", "conf_high", "state", "method", "data_kind")


def page(view: View) -> PageContent:
    """Return the page of one programme's value."""
    title = view.words("value.title")
    lines = rows_of(view.published.valuations(view.programme))
    if not lines:
        return PageContent(title, head=nothing(view.words, "value.none", HOW))
    by_section = groupby(lines, key=lambda line: line["section"])
    blocks = [block for section, of_section in by_section for block in _blocks(view, section, list(of_section))]
    synthetic = any(line["data_kind"] == "synthetic" for line in lines)
    return PageContent(title, blocks, lead=view.words("value.lead"), synthetic=synthetic)


def _blocks(view: View, section: str, lines: Sequence[Record]) -> Iterator[Block]:
    """Yield a block for each subject of a section."""
    for subject, of_subject in groupby(lines, key=lambda line: line["subject"]):
        rows = [line | {"place": _origin(line)} for line in of_subject]
        mark = " †" if rows[0]["data_kind"] == "synthetic" else ""
        title = f"{view.words.pick(rows[0], 'subject')}{mark}"
        table = Table(columns_of(view, LINES), rows, file_columns(IN_FILE))
        figure = _pool(view, rows) if section == ValueSection.POOLS else None
        yield Block(f"{section}-{subject}", title, table, lead=view.words(f"value.section.{section}"), figure=figure)


# ---- the drawing of a pool -------------------------------------------------------------------------------------------


def _pool(view: View, lines: Sequence[Row]) -> go.Figure | None:
    """Return the drawing of a pool, of the lines of its table; None where nothing of it is known."""
    effects = [_effect(view, line, "part", _part(view, line)) for line in lines if OWN.fullmatch(line["item"])]
    for role, item in POOLED.items():
        name = view.words(f"value.{role}")
        effects += [_effect(view, line, role, name) for line in lines if line["item"] == item]
    if not any(known(effect["value"]) for effect in effects):
        return None
    return pool_figure(pd.DataFrame(effects), drawn_unit(view.words, lines[0]), view.words)


def _effect(view: View, line: Row, role: str, name: str) -> Record:
    """Return a line as a row of the drawing; where it has no value, with what stands in its place."""
    is_hidden = line["state"] == ValueState.SUPPRESSED
    note = view.words("disclosure.few" if is_hidden else "value.not_pooled")
    return {"role": role, "name": name, "note": note} | {column: line[column] for column in ENDS}


def _part(view: View, line: Row) -> str:
    """Return what a part is called: its title, or else its code, in which a slash may stand."""
    return note(view, line) or OWN.sub(r"\1", line["item"])


# ---- the table -------------------------------------------------------------------------------------------------------


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


def _origin(line: Row) -> str:
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


def _has_value(view: View, programme: str) -> bool:
    return len(view.published.valuations(programme)) > 0


PAGE = Page(
    name="value",
    title="menu.value",
    build=page,
    roles=EVERY_ROLE,
    chapter=Chapter(),
    has_content=_has_value,
    examples=("value/wecare",),
)
