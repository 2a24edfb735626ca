"""What was promised for a day: waves, targets and phases, those that are late before all."""

from __future__ import annotations

from typing import Any

from impact.drawing.markup import Node, h
from impact.publish.rows import rows_of
from impact_dashboards.page.view import Block, Column, Row, Table, View, nothing
from impact_dashboards.pages.monitoring.planned import HOW, day_of
from impact_dashboards.pages.monitoring.quality import chips
from impact_dashboards.parts.findings import link_of
from impact_dashboards.parts.state_marks import badge

DUE = ("late", "open", "done")


def due_rows(view: View) -> list[dict[str, Any]]:
    """Return what was promised for a day, the earliest first."""
    return [
        row | {"title": view.words.pick(row, "title"), "days": (view.today - day_of(row["due"])).days,
               "due": day_of(row["due"]).isoformat()}
        for row in rows_of(view.published.due(view.today, view.programme))
    ]  # fmt: skip


def due_block(view: View, rows: list[dict[str, Any]]) -> Block:
    """Return what is late, open or done, whichever is chosen."""
    words = view.words
    title = words("monitoring.due")
    if not rows:
        return Block("due", title, body=nothing(words, "monitoring.no_due", HOW))
    counts = {state: sum(row["state"] == state for row in rows) for state in DUE}
    chosen = view.chosen("due", DUE, DUE[0])
    options = {state: f"{words(f'status.{state}')} · {words.number(count)}" for state, count in counts.items()}
    table = Table(
        [
            Column("title", words("monitoring.promise"), lambda row: _due_name(view, row)),
            Column("kind", words("monitoring.what"), lambda row: words(f"monitoring.due_{row['kind']}")),
            Column("due", words("monitoring.day"), lambda row: words.date(row["due"])),
            Column("days", words("monitoring.since"), lambda row: _since(view, row), numeric=True, unit="d"),
            Column("state", words("finding.status"), lambda row: badge(row["state"], words)),
            Column("attainment", words("monitoring.why"), lambda row: _why(view, row)),
        ],
        [row for row in rows if row["state"] == chosen],
        [Column("id", "id")],
    )
    body = chips(view, "due", options, chosen, "due")
    whole = sum(row["state"] == DUE[0] and str(row["id"]).count("/") < 2 for row in rows)
    lead = [words("monitoring.due_lead"), " ", words("monitoring.due_whole", count=whole, of=counts[DUE[0]])]
    return Block("due", title, table, lead=lead, body=body)


def _due_name(view: View, row: Row) -> Node:
    if row["kind"] != "target":
        return str(row["title"])
    programme, indicator = str(row["id"]).split("/")[:2]
    finding = {"finding": row["id"], "programme": programme, "indicator": indicator}
    return h("a", row["title"], href=link_of(view, finding))


def _since(view: View, row: Row) -> str:
    return view.words("monitoring.days", count=row["days"]) if row["days"] > 0 else "–"


def _why(view: View, row: Row) -> Node:
    if row["attainment"]:
        return badge(row["attainment"], view.words)
    return view.words(f"monitoring.why_{row['kind']}_{row['state']}")
