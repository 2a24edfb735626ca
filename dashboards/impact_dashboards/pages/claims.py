"""Claims: totals that a programme stated about itself beside what its records give; those that differ first."""

from __future__ import annotations

import json
from typing import Any

from impact.drawing.markup import Node, h
from impact.publish.rows import rows_of
from impact.publish.scope import EVERY_ROLE
from impact_dashboards.page.descriptor import Chapter, Page
from impact_dashboards.page.view import Block, Choice, Column, PageContent, Row, Table, View, nothing
from impact_dashboards.parts.findings import unit_of
from impact_dashboards.parts.marks import known
from impact_dashboards.parts.state_marks import badge

HOW = "docs/how-to/audit_claims.md"
CLAIM_STATES = ("differs", "not_recomputable", "reproduced")
"""In the order in which they are read."""


def page(view: View) -> PageContent:
    """Return the page of one programme's claims."""
    words = view.words
    every = rows_of(view.published.claims(view.programme))
    if not every:
        return PageContent(words("claims.title"), head=nothing(words, "claims.none", HOW))
    state = view.chosen("state", CLAIM_STATES)
    order = CLAIM_STATES
    rows = sorted(
        (_row(view, row) for row in every if not state or row["state"] == state),
        key=lambda row: order.index(row["state"]),
    )
    counts = {name: sum(row["state"] == name for row in every) for name in CLAIM_STATES}
    options = {"": words("filters.all")} | {
        name: f"{words('status.' + name)} ({count})" for name, count in counts.items()
    }
    lead = words(
        "claims.lead",
        count=len(every),
        done=counts["reproduced"] + counts["differs"],
        same=counts["reproduced"],
        differ=counts["differs"],
        open=counts["not_recomputable"],
    )
    return PageContent(
        words("claims.title"),
        [Block("claims", words("claims.table"), _table(view, rows), lead=words("claims.read"))],
        lead=lead,
        choices=[Choice("state", words("filter.status"), options, state)],
        synthetic=any(row["data_kind"] == "synthetic" for row in rows),
    )


def _row(view: View, row: dict[str, Any]) -> dict[str, Any]:
    """Return a claim with its texts in the reader's language."""
    language = view.words.language
    origin = json.loads(row["origin"])
    readings = json.loads(row["readings"]) if row["state"] != "reproduced" else []
    return row | {
        "title": view.words.pick(row, "title") + (" †" if row["data_kind"] == "synthetic" else ""),
        "reason": row[f"reason_{language}"],
        "quote": origin.get("quote"),
        "place": ", ".join(str(origin[name]) for name in ("document", "page", "note") if origin.get(name)),
        "possible": [_reading(view, reading) for reading in readings],
    }


def _reading(view: View, reading: dict[str, Any]) -> Node:
    """Return a possible reading with the number it gives."""
    words, language = view.words, view.words.language
    text = str(reading["text"][language])
    if "formula" not in reading:
        return text
    gives = reading["because"][language] if reading["because"] else words.number(reading["recomputed"])
    said = words("claims.gives_the_stated") if reading.get("gives_the_stated") else ""
    return [text, " [", h("code", reading["formula"]), f" = {gives}] {said}".rstrip()]


def _table(view: View, rows: list[dict[str, Any]]) -> Table:
    words = view.words
    return Table(
        [
            Column(
                "title",
                words("claims.claim"),
                lambda row: [row["title"], h("small", f"{unit_of(words, row)} · {words('level.' + row['level'])}")],
            ),
            Column("stated", words("claims.stated"), lambda row: _stated(view, row), numeric=True),
            Column(
                "recomputed",
                words("claims.recomputed"),
                lambda row: words.number(row["recomputed"], row["unit"]),
                numeric=True,
            ),
            Column("difference", words("claims.difference"), lambda row: _difference(view, row), numeric=True),
            Column("state", words("finding.status"), lambda row: badge(row["state"], words)),
            Column("formula", words("claims.how"), lambda row: _account(view, row)),
            Column(
                "quote",
                words("claims.where"),
                lambda row: [h("q", row["quote"]) if row["quote"] else None, h("small", row["place"])],
            ),
        ],
        rows,
        [
            Column(key, key)
            for key in (
                "claim",
                "level",
                "unit",
                "unit_it",
                "qualifier",
                "relative_difference",
                "reason",
                "place",
                "data_kind",
                "run_id",
            )
        ],
    )


def _stated(view: View, row: Row) -> str:
    key = f"qualifier.{row['qualifier']}"
    return " ".join(
        [*([view.words(key)] if view.words.has(key) else []), view.words.number(row["stated"], row["unit"])]
    )


def _difference(view: View, row: Row) -> Node:
    if row["state"] != "differs" or not known(row["difference"]):
        return "–"
    share = row["relative_difference"]
    return [
        view.words.gain(row["difference"], row["unit"]),
        h("small", view.words.number(share, "share")) if known(share) else None,
    ]


def _account(view: View, row: Row) -> Node:
    """Return how the number came about, what hinders it, and how the difference may be read."""
    possible = h("ul", [h("li", text) for text in row["possible"]])
    more = [h("small", view.words("claims.possible")), possible] if row["possible"] else None
    reason = h("small", row["reason"]) if row["reason"] and row["state"] != "reproduced" else None
    return [h("code", row["formula"]) if row["formula"] else None, reason, more]


def _has_claims(view: View, programme: str) -> bool:
    return len(view.published.claims(programme)) > 0


PAGE = Page(
    name="claims",
    title="menu.claims",
    build=page,
    roles=EVERY_ROLE,
    chapter=Chapter(),
    has_content=_has_claims,
    examples=("claims/wecare",),
)
