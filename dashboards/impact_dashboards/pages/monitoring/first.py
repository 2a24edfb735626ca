"""What to look at first: signals, promises that are off course, reports that have not come; the worst before."""

from __future__ import annotations

from collections.abc import Mapping

from impact.drawing.markup import Node, h
from impact.publish.attention import Followed, count_charts
from impact.publish.rows import Record, rows_of
from impact.states import AttentionKind
from impact.tables.part import Part
from impact_dashboards.page.view import Block, ColumnSpec, Row, Table, View, columns_of, file_columns
from impact_dashboards.parts.findings import link_of
from impact_dashboards.parts.marks import known
from impact_dashboards.parts.owed import followed, part_name, to_look_at
from impact_dashboards.parts.owners import Owner, owner
from impact_dashboards.parts.projects import named
from impact_dashboards.parts.state_marks import badge

SHOWN = 20
"""Lines that the page shows; the file has all."""
IN_FILE = ("subject", "column", "code", "value", "expected", "gap", "rules")


def first_block(view: View) -> Block | None:
    """Return what to look at first; None where nothing is followed over time."""
    tables = followed(view, view.programme)
    if tables.points.empty and tables.milestones.empty and tables.reports.empty:
        return None
    titles = _titles(view)
    rows = [_line(view, row, titles) for row in rows_of(to_look_at(view, view.programme))]
    table = Table(columns_of(view, LINES), rows, file_columns(IN_FILE), shown=SHOWN)
    return Block("first", view.words("first.title"), table, lead=_lead(view, tables))


def _line(view: View, row: Record, titles: Mapping[str, str]) -> Record:
    """Return a line with what it is about, and whose it is."""
    subject, part = str(row["subject"]), Part(str(row["column"]), str(row["code"]))
    kind = "contract" if row["kind"] == AttentionKind.REPORT else "indicator"
    whose = owner(view, view.programme, part, **{kind: subject})
    texts = {"title": titles.get(subject, subject), "rules": _rules(row), "owner": whose.said(view)}
    return row | texts | {"whose": whose}


def _rules(row: Row) -> str:
    """Return the rules of a signal as one text."""
    return "; ".join(row["rules"] or ())


def _titles(view: View) -> dict[str, str]:
    """Return what indicators and contracts are called."""
    findings = view.findings
    titled = dict(zip(findings["indicator"], findings[f"title_{view.words.declared}"], strict=True))
    headings = view.published.headings(view.programme, view.words.declared)
    return {contract: title for (contract, column), title in headings.items() if not column} | titled


def _lead(view: View, tables: Followed) -> Node:
    """Say how many charts are marked, beside how many chance alone would mark."""
    charts = count_charts(tables, view.today)
    if not charts.charts:
        return view.words("first.lead")
    chance = view.words.number(round(charts.expected, 1))
    signals = view.words("first.signals", count=charts.marked, of=charts.charts, chance=chance)
    return [view.words("first.lead"), " ", signals]


def _subject(view: View, row: Row) -> Node:
    """Return what a line is about: an indicator leads to its finding, a project to its page."""
    part = Part(str(row["column"]), str(row["code"]))
    text: Node = str(row["title"])
    if row["kind"] != AttentionKind.REPORT:
        finding = part.id(view.programme, str(row["subject"]))
        text = h("a", text, href=link_of(view, {"finding": finding}))
    of = part_name(view, view.programme, part)
    return [text, h("small", named(view, view.programme, part.code, of))] if of else text


def _whose(view: View, row: Row) -> Node:
    whose: Owner = row["whose"]
    return whose.shown(view)


def _state(view: View, row: Row) -> Node:
    return badge(str(row["state"]), view.words)


def _what(view: View, row: Row) -> str:
    """Say what is there, and what would have been expected."""
    if row["kind"] == AttentionKind.REPORT:
        return view.words("first.reports", count=int(row["expected"]))
    value, expected = view.words.number(row["value"]), view.words.number(row["expected"])
    return view.words(f"first.{row['kind']}", value=value, expected=expected, period=row["period"])


def _gap(view: View, row: Row) -> str:
    if not known(row["gap"]):
        return "–"
    size = abs(float(row["gap"]))
    if row["kind"] == AttentionKind.PROMISE:
        return view.words.number(size, "share")
    return view.words("first.widths", size=view.words.number(size))


def _day(view: View, row: Row) -> str:
    return view.words.date(str(row["day"])[:10])


def _days(view: View, row: Row) -> str:
    return view.words("monitoring.days", count=int(row["days"]))


LINES = (
    ColumnSpec("title", "first.subject", _subject),
    ColumnSpec("state", "finding.status", _state),
    ColumnSpec("", "first.what", _what),
    ColumnSpec("", "first.gap", _gap, numeric=True),
    ColumnSpec("owner", "owner.title", _whose),
    ColumnSpec("day", "first.day", _day),
    ColumnSpec("days", "monitoring.since", _days, numeric=True, unit="d"),
    ColumnSpec("kind", "monitoring.what", lambda view, row: view.words(f"first.kind_{row['kind']}")),
)
