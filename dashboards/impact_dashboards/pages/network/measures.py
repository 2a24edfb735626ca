"""What is measured on a network: before, after, the change between them, each with its uncertainty and its status."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

import pandas as pd

from impact.declare.networks import MIXING, TURNOVER, Structure
from impact.drawing.markup import Node, h
from impact_dashboards.page.view import Block, Column, Row, Table, View
from impact_dashboards.parts.findings import (
    KEPT,
    effect_cell,
    finding_rows,
    in_words,
    link_of,
    part_of,
    remarks,
    state_badge,
    title_of,
    unit_of,
    value_cell,
    whole_only,
)
from impact_dashboards.parts.marks import known, whisker
from impact_dashboards.parts.state_marks import badge

ORDER = (*get_args(Structure), *MIXING, *TURNOVER)


def measure_blocks(view: View, measured: pd.DataFrame, kind: str) -> list[Block]:
    """Return the measures of the whole network, or of one kind of tie, and those of its parts.

    Parameters
    ----------
    view
        What was asked for.
    measured
        The findings on one network.
    kind
        The kind of tie, or nothing.
    """
    words = view.words
    parts = measured.drop(whole_only(measured).index)
    of_kind = parts[(parts["group"] == "tie") & (parts["group_value"] == kind)]
    rows = finding_rows(view, _ordered(view, of_kind if kind else whole_only(measured)))
    lead = words("network.measures_lead") if any(known(row["baseline"]) for row in rows) else None
    block = Block("measures", words("network.measures"), _table(view, rows), lead=lead)
    if kind and not rows:
        block = Block("measures", words("network.measures"), body=h("p", words("network.no_measures"), class_="empty"))
    if parts.empty or kind:
        return [block]
    of_parts = _table(view, finding_rows(view, _ordered(view, parts)), parts=True)
    return [block, Block("parts", words("network.parts"), of_parts, folded=True)]


def _ordered(view: View, findings: pd.DataFrame) -> pd.DataFrame:
    """Return findings in the order in which measures are declared: ties, density and what else is structure first."""
    measures = view.published.formula_measures(view.programme)
    places = [ORDER.index(str(measures[indicator])) for indicator in findings["indicator"]]
    return findings.assign(place=places).sort_values(["place", "indicator"], kind="stable").drop(columns="place")


def _table(view: View, rows: Sequence[Row], *, parts: bool = False) -> Table:
    words = view.words
    twice = any(known(row["baseline"]) for row in rows)
    before = [
        Column(
            "baseline",
            words("network.value_before"),
            lambda row: words.number(row["baseline"], row["unit"]),
            numeric=True,
        ),
        Column("", words("network.drawing"), lambda row: whisker(row, in_words(view, row))),
    ]
    change = Column(
        "estimate",
        words("network.change"),
        lambda row: effect_cell(view, row),
        numeric=True,
        meaning=words("meaning.estimate"),
    )
    after = words("network.value_after") if twice else words("finding.value")
    columns = [
        Column("finding", words("network.measure"), lambda row: _name(view, row, parts=parts)),
        *(before if twice else []),
        Column("value", after, lambda row: value_cell(view, row), numeric=True, meaning=words("meaning.value")),
        *([change] if twice else []),
        Column("contribution", words("network.status"), lambda row: _status(view, row)),
    ]
    extra = [
        Column(f"title_{words.language}", words("finding.title")),
        Column(f"part_{words.language}", words("finding.part")),
    ]
    group = (lambda row: title_of(view, row)) if parts else None
    return Table(columns, rows, [*extra, *(Column(key, key.replace("_", " ")) for key in KEPT)], group)


def _name(view: View, row: Row, *, parts: bool) -> Node:
    name = part_of(view, row) if parts else title_of(view, row)
    said = [unit_of(view.words, row), *remarks(view, row)]
    return [h("a", name, href=link_of(view, row)), h("small", " · ".join(said))]


def _status(view: View, row: Row) -> Node:
    """Return what the promise came to, where there is one, and what the change says."""
    promise = [state_badge(view, row)] if known(row["target"]) else []
    states = [*promise, badge(row["contribution"], view.words)]
    return [h("div", state) for state in states]
