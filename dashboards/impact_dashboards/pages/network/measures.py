"""What is measured on a network: before, after, the change between them, each with its uncertainty and its status."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import get_args

import pandas as pd

from impact.drawing.markup import Element, Node, h
from impact.formulas.network.model import MIXING, TURNOVER, Structure
from impact.publish.rows import Record
from impact_dashboards.page.view import Block, Column, ColumnSpec, Row, Table, View, columns_of, file_columns
from impact_dashboards.parts.findings import (
    KEPT,
    effect_cell,
    finding_rows,
    in_words,
    link_of,
    part_of,
    remarks,
    state_badge,
    text_columns,
    title_of,
    unit_of,
    value_cell,
    whole_only,
)
from impact_dashboards.parts.marks import known, whisker
from impact_dashboards.parts.state_marks import badge

ORDER = (*get_args(Structure), *MIXING, *TURNOVER)


def measure_blocks(view: View, measured: pd.DataFrame, kind: str) -> Iterator[Block]:
    """Yield the measures of the whole network, or of one kind of tie, and those of its parts.

    Parameters
    ----------
    view
        What was asked for.
    measured
        The findings on one network.
    kind
        The kind of tie, or nothing.
    """
    of_network = whole_only(measured)
    of_parts = measured.drop(of_network.index)
    if kind:
        of_kind = (of_parts["group"] == "tie") & (of_parts["group_value"] == kind)
        yield _measures(view, of_parts[of_kind], kind)
        return
    yield _measures(view, of_network, kind)
    if len(of_parts):
        yield _parts(view, of_parts)


def _measures(view: View, findings: pd.DataFrame, kind: str) -> Block:
    title, rows = view.words("network.measures"), finding_rows(view, _ordered(view, findings))
    if kind and not rows:
        return Block("measures", title, body=h("p", view.words("network.no_measures"), class_="empty"))
    lead = view.words("network.measures_lead") if _is_twice(rows) else None
    return Block("measures", title, Table(_columns(view, rows, MEASURE), rows, _file_columns(view)), lead=lead)


def _parts(view: View, findings: pd.DataFrame) -> Block:
    rows = finding_rows(view, _ordered(view, findings))

    def group(row: Row) -> str:
        return title_of(view, row)

    columns = _columns(view, rows, PART)
    table = Table(columns, rows, _file_columns(view), group)
    title = view.words("network.parts")
    return Block("parts", title, table, folded=True)


def _ordered(view: View, findings: pd.DataFrame) -> pd.DataFrame:
    """Return findings in the order in which measures are declared: ties, density and what else is structure first."""
    measures = view.published.formula_measures(view.programme)
    names = [str(measures[indicator]) for indicator in findings["indicator"]]
    ranks = list(map(ORDER.index, names))
    numbered = findings.assign(order=ranks)
    ordered = numbered.sort_values(["order", "indicator"], kind="stable")
    return ordered.drop(columns="order")


# ---- the table -------------------------------------------------------------------------------------------------------


def _name(view: View, row: Row) -> Node:
    return _linked(view, row, title_of(view, row))


def _part_name(view: View, row: Row) -> Node:
    return _linked(view, row, part_of(view, row))


def _linked(view: View, row: Row, name: str) -> Node:
    """Return a name that leads to its finding, above the unit and what is to be known of the value."""
    notes = [unit_of(view.words, row), *remarks(view, row)]
    link = h("a", name, href=link_of(view, row))
    text = " · ".join(notes)
    return [link, h("small", text)]


def _baseline(view: View, row: Row) -> str:
    return view.words.number(row["baseline"], row["unit"])


def _drawing(view: View, row: Row) -> Element | None:
    return whisker(row, in_words(view, row))


def _status(view: View, row: Row) -> Node:
    """Return what the promise came to, where there is one, and what the change says."""
    change = h("div", badge(row["contribution"], view.words))
    if not known(row["target"]):
        return [change]
    promise = h("div", state_badge(view, row))
    return [promise, change]


MEASURE = ColumnSpec("finding", "network.measure", _name)
PART = ColumnSpec("finding", "network.measure", _part_name)
STATUS = ColumnSpec("contribution", "network.status", _status)
ONCE = (ColumnSpec("value", "finding.value", value_cell, numeric=True, meaning="meaning.value"), STATUS)
TWICE = (
    ColumnSpec("baseline", "network.value_before", _baseline, numeric=True),
    ColumnSpec("", "network.drawing", _drawing),
    ColumnSpec("value", "network.value_after", value_cell, numeric=True, meaning="meaning.value"),
    ColumnSpec("estimate", "network.change", effect_cell, numeric=True, meaning="meaning.estimate"),
    STATUS,
)


def _is_twice(rows: Sequence[Row]) -> bool:
    """Tell whether the network was measured before and after."""
    return any(known(row["baseline"]) for row in rows)


def _columns(view: View, rows: Sequence[Record], name: ColumnSpec) -> list[Column]:
    return columns_of(view, (name, *(TWICE if _is_twice(rows) else ONCE)))


def _file_columns(view: View) -> list[Column]:
    return [*text_columns(view), *file_columns(KEPT)]
