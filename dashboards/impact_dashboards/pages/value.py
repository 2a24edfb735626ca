"""Value: what a decision needs, a block for each outcome, pool, cost or contract; every line says why."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

import pandas as pd
import plotly.graph_objects as go

from impact.figures import pool_figure
from impact.publish.rows import Record, rows_of
from impact.publish.scope import EVERY_ROLE
from impact.states import ValueSection, ValueState
from impact_dashboards.page.descriptor import Chapter, Page
from impact_dashboards.page.view import (
    Block,
    PageContent,
    Row,
    View,
    nothing,
)
from impact_dashboards.parts.findings import drawn_unit
from impact_dashboards.parts.marks import known
from impact_dashboards.parts.valued import line_table, note

ENDS = ("value", "conf_low", "conf_high")
OWN = re.compile("part/(.*)/effect")
POOLED = {"pooled": "pooled/effect", "prediction": "pooled/prediction"}
"""The lines of a pool that are drawn, beside those of its parts."""
HOW = "docs/how-to/value_a_programme.md"


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
        rows = list(of_subject)
        mark = " †" if rows[0]["data_kind"] == "synthetic" else ""
        title = f"{view.words.pick(rows[0], 'subject')}{mark}"
        figure = _pool(view, rows) if section == ValueSection.POOLS else None
        name, lead = f"{section}-{subject}", view.words(f"value.section.{section}")
        yield Block(name, title, line_table(view, rows), lead=lead, figure=figure)


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


def _has_value(view: View, programme: str) -> bool:
    return len(view.published.valuations(programme)) > 0


PAGE = Page(
    name="value",
    title="menu.value",
    build=page,
    roles=EVERY_ROLE,
    chapter=Chapter(body=("rules", "pools")),
    has_content=_has_value,
    examples=("value/wecare",),
)
