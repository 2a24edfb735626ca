"""What a programme stated about itself beside what its records give: those that differ first, nobody accused."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
from dash import html

from impact.publish import claims_table
from impact.render import CLAIM_STATES, QUALIFIERS, claim_reason, reading_line
from impact.store import Warehouse
from impact_dashboards.parts import mark, nothing, records, synthetic_banner, table

HEADS = ("Claim", "Stated", "Recomputed", "Difference", "State", "How it was recomputed", "Where it is stated")


def has_claims(warehouse: Warehouse, programme: str) -> bool:
    """Tell whether a programme has claims."""
    return len(claims_table(warehouse, programme)) > 0


def claims_page(warehouse: Warehouse, programme: str) -> list[Any]:
    """Return the page of one programme's claims."""
    claims = claims_table(warehouse, programme)
    if claims.empty:
        return [
            html.H1(f"Claims: {programme}"),
            nothing("This programme declares no claims.", "docs/how-to/audit_claims.md"),
        ]
    order = {state: place for place, state in enumerate(CLAIM_STATES)}
    shown = claims.sort_values("state", key=lambda states: states.map(order), kind="stable")
    head = [html.H1(f"Claims: {programme}"), *synthetic_banner(claims), html.P(_summary(claims), className="headline")]
    return [*head, html.Section(table(HEADS, [_row(row) for row in records(shown)]))]


def _summary(claims: pd.DataFrame) -> str:
    counts = claims["state"].value_counts()
    same, differ, open_ = (int(counts.get(state, 0)) for state in ("reproduced", "differs", "not_recomputable"))
    total = f"{len(claims)} totals that the programme states about itself were" if len(claims) > 1 else "One total was"
    return (
        f"{total} set beside the records: {same + differ} could be recomputed, of which {same} give the figure stated"
        f" and {differ} another; {open_} could not, for want of the records named below. A difference is a question to"
        " the document: lists may be incomplete, and a figure may be read in more than one way."
    )


def _row(row: dict[str, Any]) -> html.Tr:
    known, unit = not pd.isna(row["recomputed"]), row["unit"]
    stated = f"{QUALIFIERS.get(row['qualifier'], '')} {row['stated']:,.12g}".strip()
    apart = known and row["state"] == "differs"
    cells = [
        html.Th([row["title_en"] + mark(row["data_kind"]), html.Small(f"{unit} · {row['level']}")], scope="row"),
        html.Td(stated),
        html.Td(f"{row['recomputed']:,.12g}" if known else "–"),
        html.Td([f"{row['difference']:+,.12g}", html.Small(_percent(row))] if apart else "–"),
        html.Td(CLAIM_STATES[row["state"]], className=row["state"]),
        html.Td(_account(row)),
        html.Td(_origin(json.loads(row["origin"]))),
    ]
    return html.Tr(cells)


def _percent(row: dict[str, Any]) -> str:
    share = row["relative_difference"]
    return "" if pd.isna(share) else f"{100 * share:+.1f}%"


def _account(row: dict[str, Any]) -> list[Any]:
    """Return how the number came about, what hinders it, and how the difference may be read."""
    parts = [html.Div(row["formula"])] if row["formula"] else []
    parts += [html.Div(reason)] if (reason := claim_reason(row)) else []
    readings = json.loads(row["readings"]) if row["state"] != "reproduced" else []
    lines = [html.Li(reading_line(reading) + _gives(reading)) for reading in readings]
    return [*parts, *([html.Small("Possible readings"), html.Ul(lines)] if lines else [])]


def _gives(reading: dict[str, Any]) -> str:
    return ": the figure stated" if reading.get("gives_the_stated") else ""


def _origin(origin: dict[str, Any]) -> list[Any]:
    place = ", ".join(str(origin[name]) for name in ("document", "page", "note") if origin.get(name))
    quote = [html.Q(origin["quote"])] if origin.get("quote") else []
    return [*quote, html.Small(place)]
