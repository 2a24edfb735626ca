"""The way each project took, in the words of the documents; and the findings about the process."""

from __future__ import annotations

from impact.drawing.markup import Node, h
from impact.publish.rows import rows_of
from impact_dashboards.page.view import Block, Column, Row, Table, View, nothing
from impact_dashboards.pages.monitoring.planned import HOW, written
from impact_dashboards.parts.findings import finding_rows, finding_table

PROCESS = ("phase", "delivery")
"""Shared contracts of the process."""


def journeys_block(view: View) -> Block:
    """Return where each project started, where it arrived, what comes next, and where that is written."""
    words, rows = view.words, rows_of(view.published.journeys(view.programme))
    title = words("monitoring.journeys")
    if not rows:
        return Block("journeys", title, body=nothing(words, "monitoring.no_journeys", HOW))
    blank = sum(row["arrived"] is None for row in rows)
    lead = [words("monitoring.journeys_lead", count=len(rows))]
    lead += [" ", words("monitoring.journeys_blank", count=blank)] if blank else []
    sign = " †" if "synthetic" in kinds_of(view, "journey") else ""

    def said(key: str, title: str) -> Column:
        return Column(key, words(f"monitoring.{title}"), lambda row: row[key] or not_stated(view))

    def name(row: Row) -> Node:
        return [row["name"] + sign, h("small", row["territory"] or "")]

    table = Table(
        [
            Column("name", words("monitoring.project"), name),
            said("challenge", "challenge"),
            said("arrived", "arrived"),
            said("next", "ahead"),
            Column("place", words("monitoring.written"), lambda row: written(view, row)),
        ],
        rows,
        [Column(key, key) for key in ("project", "territory", "document", "quote")],
    )
    return Block("journeys", title, table, lead=lead)


def not_stated(view: View) -> Node:
    """Return what stands where the documents are silent, which is not to say that nothing was."""
    return h("span", view.words("monitoring.not_stated"), class_="muted")


def kinds_of(view: View, contract: str) -> set[str]:
    """Return the kinds of data, real or synthetic, that a contract's rows are of."""
    loads = view.published.loads(view.programme)
    return set(loads.loc[loads["current"] & (loads["contract"] == contract), "kind"])


def process_block(view: View) -> Block | None:
    """Return the findings about phases and deliveries; nothing where there are none."""
    words, findings = view.words, view.findings
    contracts = findings["indicator"].map(view.published.contracts(view.programme))
    rows = finding_rows(view, findings[contracts.isin(PROCESS)])
    if not rows:
        return None
    lead = words("monitoring.process_lead")
    return Block("process", words("monitoring.process"), finding_table(view, rows), lead=lead)
