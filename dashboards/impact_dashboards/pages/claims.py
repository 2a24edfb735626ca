"""Claims: totals that a programme stated about itself beside what its records give; those that differ first."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence

from impact.drawing.markup import Element, Node, h
from impact.publish.rows import Record, rows_of
from impact.publish.scope import EVERY_ROLE
from impact.states import ClaimState
from impact_dashboards.page.descriptor import Chapter, Page
from impact_dashboards.page.view import (
    Block,
    Choice,
    ColumnSpec,
    PageContent,
    Row,
    Table,
    View,
    columns_of,
    file_columns,
    nothing,
)
from impact_dashboards.parts.findings import unit_of
from impact_dashboards.parts.marks import known
from impact_dashboards.parts.state_marks import badge

HOW = "docs/how-to/audit_claims.md"
CLAIM_STATES = tuple(map(str, ClaimState))
"""In the order in which they are read."""
LOCATION = ("document", "page", "note")


def page(view: View) -> PageContent:
    """Return the page of one programme's claims."""
    title = view.words("claims.title")
    claims = rows_of(view.published.claims(view.programme))
    if not claims:
        return PageContent(title, head=nothing(view.words, "claims.none", HOW))
    counts = Counter(claim["state"] for claim in claims)
    state = view.chosen("state", CLAIM_STATES)
    rows = [_claim_row(view, claim) for claim in claims if state in ("", claim["state"])]
    table = Table(columns_of(view, CLAIMS), sorted(rows, key=_order), file_columns(CLAIMS_IN_FILE))
    block = Block("claims", view.words("claims.table"), table, lead=view.words("claims.read"))
    synthetic = any(row["data_kind"] == "synthetic" for row in rows)
    return PageContent(
        title, [block], lead=_lead(view, counts), choices=[_state_choice(view, counts, state)], synthetic=synthetic
    )


def _order(claim: Row) -> int:
    return CLAIM_STATES.index(claim["state"])


def _lead(view: View, counts: Counter[str]) -> str:
    """Say how many claims could be held against records, and how many of them differ."""
    same = counts["reproduced"]
    differ = counts["differs"]
    unclear = counts["not_recomputable"]
    total = counts.total()
    return view.words("claims.lead", count=total, done=same + differ, same=same, differ=differ, open=unclear)


def _state_choice(view: View, counts: Counter[str], state: str) -> Choice:
    options = {"": view.words("filters.all")}
    for name in CLAIM_STATES:
        title = view.words(f"status.{name}")
        options[name] = f"{title} ({counts[name]})"
    label = view.words("filter.status")
    return Choice("state", label, options, state)


def _claim_row(view: View, claim: Record) -> Record:
    """Return a claim with its texts in the reader's language."""
    origin = json.loads(claim["origin"])
    mark = " †" if claim["data_kind"] == "synthetic" else ""
    return claim | {
        "title": view.words.pick(claim, "title") + mark,
        "reason": claim[f"reason_{view.words.declared}"],
        "quote": origin.get("quote"),
        "place": ", ".join(str(origin[name]) for name in LOCATION if origin.get(name)),
        "possible": _readings(view, claim),
    }


def _readings(view: View, claim: Row) -> list[Node]:
    """Return how a difference may be read."""
    if claim["state"] == "reproduced":
        return []
    return [_reading(view, reading) for reading in json.loads(claim["readings"])]


def _reading(view: View, reading: Row) -> Node:
    """Return a possible reading with the number it gives."""
    text = str(reading["text"][view.words.declared])
    if "formula" not in reading:
        return text
    formula = h("code", reading["formula"])
    verdict = view.words("claims.gives_the_stated") if reading.get("gives_the_stated") else ""
    result = f" = {_result(view, reading)}] {verdict}"
    return [text, " [", formula, result.rstrip()]


def _result(view: View, reading: Row) -> str:
    """Return what a reading gives: a number, or why it gives none."""
    if reading["because"]:
        return str(reading["because"][view.words.declared])
    return view.words.number(reading["recomputed"])


# ---- the table -------------------------------------------------------------------------------------------------------


def _name(view: View, claim: Row) -> Node:
    level = view.words(f"level.{claim['level']}")
    return [claim["title"], h("small", f"{unit_of(view.words, claim)} · {level}")]


def _stated(view: View, claim: Row) -> str:
    key = f"qualifier.{claim['qualifier']}"
    number = view.words.number(claim["stated"], claim["unit"])
    return f"{view.words(key)} {number}" if view.words.has(key) else number


def _recomputed(view: View, claim: Row) -> str:
    return view.words.number(claim["recomputed"], claim["unit"])


def _difference(view: View, claim: Row) -> Node:
    if claim["state"] != "differs" or not known(claim["difference"]):
        return "–"
    gain = view.words.gain(claim["difference"], claim["unit"])
    share = claim["relative_difference"]
    if not known(share):
        return [gain, None]
    percentage = view.words.number(share, "share")
    return [gain, h("small", percentage)]


def _state(view: View, claim: Row) -> Element:
    return badge(claim["state"], view.words)


def _account(view: View, claim: Row) -> Node:
    """Return how the number came about, what hinders it, and how the difference may be read."""
    formula, reason = claim["formula"], claim["reason"]
    how = h("code", formula) if formula else None
    hinders = reason and claim["state"] != "reproduced"
    why = h("small", reason) if hinders else None
    readings = _possible(view, claim["possible"])
    return [how, why, readings]


def _possible(view: View, readings: Sequence[Node]) -> Node:
    if not readings:
        return None
    entries = [h("li", reading) for reading in readings]
    return [h("small", view.words("claims.possible")), h("ul", entries)]


def _written(view: View, claim: Row) -> Node:
    quote = h("q", claim["quote"]) if claim["quote"] else None
    return [quote, h("small", claim["place"])]


CLAIMS = (
    ColumnSpec("title", "claims.claim", _name),
    ColumnSpec("stated", "claims.stated", _stated, numeric=True),
    ColumnSpec("recomputed", "claims.recomputed", _recomputed, numeric=True),
    ColumnSpec("difference", "claims.difference", _difference, numeric=True),
    ColumnSpec("state", "finding.status", _state),
    ColumnSpec("formula", "claims.how", _account),
    ColumnSpec("quote", "claims.where", _written),
)
CLAIMS_IN_FILE = (
    *("claim", "level", "unit", "unit_it", "qualifier", "relative_difference", "reason", "place", "data_kind"),
    "run_id",
)


def _has_claims(view: View, programme: str) -> bool:
    return len(view.published.claims(programme)) > 0


PAGE = Page(
    name="claims",
    title="menu.claims",
    build=page,
    roles=EVERY_ROLE,
    chapter=Chapter(body=()),
    has_content=_has_claims,
    examples=("claims/wecare",),
)
