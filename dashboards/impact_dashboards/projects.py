"""Where each project started, where it arrived and what comes next; and the process: phases and deliveries."""

from __future__ import annotations

from typing import Any

import pandas as pd
from dash import html

from impact.publish import contract_sources, definition_contracts, findings_table, journeys_table
from impact.store import Warehouse
from impact_dashboards.parts import finding_table, mark, nothing, records, synthetic_banner, table

HEADS = ("Project", "Started from", "Arrived at", "Comes next", "Where it is written")
PROCESS = {"phase": "Phases", "delivery": "Deliveries"}
"""Shared contracts of the process, with the words above their findings."""
HOW = "docs/how-to/follow_the_process.md"


def has_projects(warehouse: Warehouse, programme: str) -> bool:
    """Tell whether a programme has journeys of projects, or findings about its process."""
    return len(journeys_table(warehouse, programme)) > 0 or len(_process(warehouse, programme)) > 0


def projects_page(warehouse: Warehouse, programme: str) -> list[Any]:
    """Return the page of one programme's projects and process."""
    process = _process(warehouse, programme)
    sources = contract_sources(warehouse, programme, "journey")
    kinds = pd.concat([process["data_kind"], sources["kind"]]).to_frame("data_kind")
    sections = [
        html.Section([html.H2(words), finding_table(process[process["contract"] == contract])])
        for contract, words in PROCESS.items()
        if (process["contract"] == contract).any()
    ]
    none = nothing("This programme declares no findings about phases or deliveries.", HOW)
    invented = "synthetic" if (sources["kind"] == "synthetic").any() else "real"
    journeys = _journeys(journeys_table(warehouse, programme), mark(invented))
    words = html.P("What was planned and what was delivered. It says nothing of what changed for anybody.")
    process_part = [html.H2("Process"), *([words, *sections] if sections else [none])]
    return [html.H1(f"Projects: {programme}"), *synthetic_banner(kinds), *journeys, *process_part]


def _process(warehouse: Warehouse, programme: str) -> pd.DataFrame:
    findings = findings_table(warehouse, programme)
    contracts = findings["indicator"].map(definition_contracts(warehouse, programme))
    return findings.assign(contract=contracts)[contracts.isin(list(PROCESS))]


def _journeys(journeys: pd.DataFrame, sign: str) -> list[Any]:
    if journeys.empty:
        return [nothing("This programme declares no journeys of projects.", HOW)]
    blank = int(journeys["arrived"].isna().sum())
    words = f"{len(journeys)} projects, in the words of the documents."
    words += (
        f" Of {blank} no document here says where they arrived; that is not to say that they did not." if blank else ""
    )
    rows = [_row(row, sign) for row in records(journeys)]
    return [html.P(words, className="headline"), html.Section(table(HEADS, rows))]


def _row(row: dict[str, Any], sign: str) -> html.Tr:
    place = ", ".join(row[name] for name in ("document", "place") if not pd.isna(row[name]))
    under = "" if pd.isna(row["territory"]) else row["territory"]
    source = html.Details([html.Summary(place), html.Q(row["quote"])])
    cells = [html.Td(_said(row[name])) for name in ("challenge", "arrived", "next")]
    return html.Tr([html.Th([row["name"] + sign, html.Small(under)], scope="row"), *cells, html.Td(source)])


def _said(words: Any) -> Any:
    return html.Span("not stated", className="no_data") if pd.isna(words) else words
