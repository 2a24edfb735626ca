"""The way each project took, in the words of the documents; and the findings about the process."""

from __future__ import annotations

from collections.abc import Sequence

from impact.drawing.markup import Node, h
from impact.publish.rows import Record, rows_of
from impact_dashboards.page.view import Block, ColumnSpec, Row, Table, View, columns_of, file_columns, nothing
from impact_dashboards.parts.findings import finding_rows, finding_table
from impact_dashboards.parts.planned import HOW, written
from impact_dashboards.parts.projects import named

PROCESS = ("phase", "delivery")
"""Shared contracts of the process."""


def _project(view: View, row: Row) -> Node:
    return [named(view, view.programme, row["project"], row["title"]), h("small", row["territory"] or "")]


def _challenge(view: View, row: Row) -> Node:
    return row["challenge"] or _not_stated(view)


def _arrived(view: View, row: Row) -> Node:
    return row["arrived"] or _not_stated(view)


def _next(view: View, row: Row) -> Node:
    return row["next"] or _not_stated(view)


def _not_stated(view: View) -> Node:
    """Return what stands where the documents are silent, which is not to say that nothing was."""
    return h("span", view.words("monitoring.not_stated"), class_="muted")


JOURNEYS = (
    ColumnSpec("name", "monitoring.project", _project),
    ColumnSpec("challenge", "monitoring.challenge", _challenge),
    ColumnSpec("arrived", "monitoring.arrived", _arrived),
    ColumnSpec("next", "monitoring.ahead", _next),
    ColumnSpec("place", "monitoring.written", written),
)
JOURNEYS_IN_FILE = ("project", "territory", "document", "quote")


def journeys_block(view: View) -> Block:
    """Return where each project started, where it arrived, what comes next, and where that is written."""
    title = view.words("monitoring.journeys")
    journeys = rows_of(view.published.journeys(view.programme))
    if not journeys:
        empty = nothing(view.words, "monitoring.no_journeys", HOW)
        return Block("journeys", title, body=empty)
    mark = " †" if _is_synthetic(view) else ""
    rows = [journey | {"title": journey["name"] + mark} for journey in journeys]
    columns = columns_of(view, JOURNEYS)
    table = Table(columns, rows, file_columns(JOURNEYS_IN_FILE))
    return Block("journeys", title, table, lead=_lead(view, journeys))


def _lead(view: View, journeys: Sequence[Record]) -> list[Node]:
    """Say how many projects there are, and of how many it is not stated where they arrived."""
    lead: list[Node] = [view.words("monitoring.journeys_lead", count=len(journeys))]
    blank = sum(journey["arrived"] is None for journey in journeys)
    if blank:
        lead += [" ", view.words("monitoring.journeys_blank", count=blank)]
    return lead


def _is_synthetic(view: View) -> bool:
    """Tell whether any journey in force is of a synthetic file."""
    loads = view.published.loads(view.programme)
    is_journey = loads["contract"] == "journey"
    in_force = loads[loads["current"] & is_journey]
    return "synthetic" in set(in_force["kind"])


def process_block(view: View) -> Block | None:
    """Return the findings about phases and deliveries; nothing where there are none."""
    contracts = view.findings["indicator"].map(view.published.contracts(view.programme))
    of_process = view.findings[contracts.isin(PROCESS)]
    rows = finding_rows(view, of_process)
    if not rows:
        return None
    title, lead = view.words("monitoring.process"), view.words("monitoring.process_lead")
    return Block("process", title, finding_table(view, rows), lead=lead)
