"""What programmes measure alike: a row for each, and one for what they come to together."""

from __future__ import annotations

from collections.abc import Iterator

from impact.drawing.markup import Element, Node, h
from impact.publish.compare import Alike, Comparison, Shared
from impact.publish.framework_totals import Total
from impact.publish.rows import Record
from impact.states import SharedState
from impact.words.said import Said
from impact_dashboards.page.view import Block, ColumnSpec, Row, Table, View, columns_of, file_columns
from impact_dashboards.parts.findings import link_of, unit_of
from impact_dashboards.parts.marks import ends_of, known
from impact_dashboards.parts.state_marks import badge

DIGITS = 12
"""Of a hash, as many as the page shows; the file has all."""
IN_FILE = (
    *("indicator", "unit", "unit_it", "conf_low", "conf_high"),
    *("numerator", "denominator", "data_kind", "reason"),
)


def alike_block(view: View, comparison: Comparison) -> Block:
    """Return every programme beside every shared indicator, with what they come to together."""
    rows = [row for alike in comparison.indicators for row in _rows(view, alike)]
    table = Table(columns_of(view, COLUMNS), rows, file_columns(IN_FILE), group=lambda row: _heading(view, row))
    return Block("alike", view.words("framework.alike"), table, lead=view.words("framework.alike_lead"))


def _rows(view: View, alike: Alike) -> Iterator[Record]:
    declared = vars(alike.declared)
    common = {name: declared[name] for name in ("indicator", "title_en", "title_it", "unit", "unit_it", "required")}
    for one in alike.programmes:
        yield common | _measured(one)
    for total in alike.totals:
        yield common | _together(view, total, _hash_of(alike, total))


def _measured(one: Shared) -> Record:
    declared, finding = one.declared, one.finding
    names = ("value", "conf_low", "conf_high", "n", "data_kind")
    return {name: getattr(finding, name) if finding else None for name in names} | {
        "programme": one.programme,
        "finding": declared.finding,
        "day": one.day,
        "state": one.state,
        "shared_hash": declared.shared_hash,
        "numerator": declared.numerator,
        "denominator": declared.denominator,
        "reason": "",
    }


def _together(view: View, total: Total, shared_hash: str) -> Record:
    """Return a total as a row; where there is none, with the reason alone."""
    ends = {name: getattr(total, name) for name in ("value", "conf_low", "conf_high", "n", "data_kind")}
    return ends | {
        "programme": "",
        "finding": None,
        "day": " – ".join(dict.fromkeys(total.days)),
        "state": SharedState.MEASURED if known(total.value) else "",
        "shared_hash": shared_hash,
        "numerator": None,
        "denominator": None,
        "reason": view.words.said(total.reason) if isinstance(total.reason, Said) else "",
        "part": ", ".join(total.programmes),
        "told": ", ".join(f"{name} ({view.words(f'status.{state}')})" for name, state in total.left_out),
    }


def _hash_of(alike: Alike, total: Total) -> str:
    names = {*total.programmes, *(name for name, _ in total.left_out)}
    return next(one.declared.shared_hash for one in alike.programmes if one.programme in names)


def _heading(view: View, row: Row) -> str:
    owed = f" · {view.words('framework.required')}" if row["required"] else ""
    return f"{view.words.pick(row, 'title')} · {unit_of(view.words, row)}{owed}"


def _programme(view: View, row: Row) -> Node:
    """Return the programme with a link to its finding; of a total, whose it is."""
    mark = " †" if row["data_kind"] == "synthetic" else ""
    if not row["programme"]:
        return h("strong", view.words("framework.together", programmes=row["part"]), mark)
    title = view.words.pick(view.published.titles[row["programme"]], "title") + mark
    return h("a", title, href=link_of(view, row)) if row["finding"] else title


def _value(view: View, row: Row) -> Node:
    if not known(row["value"]):
        return "–"
    ends = view.words.interval(row["conf_low"], row["conf_high"], row["unit"])
    return [view.words.number(row["value"], row["unit"], ends_of(row)), h("small", f" {ends}") if ends else None]


def _day(view: View, row: Row) -> str:
    days = filter(None, row["day"].split(" – "))
    return " – ".join(map(view.words.date, days)) or "–"


def _state(view: View, row: Row) -> Node:
    """Return the state of a value; of a total why it is as it is, and without whom."""
    if row["programme"]:
        return badge(row["state"], view.words)
    without = view.words("framework.without", programmes=row["told"]) if row["told"] else ""
    return [h("div", text) for text in (row["reason"], without) if text] or "–"


def _definition(view: View, row: Row) -> Element:
    return h("code", row["shared_hash"][:DIGITS])


COLUMNS = (
    ColumnSpec("programme", "filter.programme", _programme),
    ColumnSpec("value", "framework.value", _value, numeric=True),
    ColumnSpec("n", "n", numeric=True),
    ColumnSpec("day", "framework.day", _day),
    ColumnSpec("state", "framework.state", _state),
    ColumnSpec("shared_hash", "framework.definition", _definition, meaning="framework.definition_meaning"),
)
