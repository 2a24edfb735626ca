"""What was promised for a day: waves, targets and phases, those that are late before all."""

from __future__ import annotations

from impact.drawing.markup import Content, h
from impact.states import DueState
from impact.tables.part import read_finding
from impact_dashboards.page.view import Block, Column, PageRow, Row, Table, View, nothing, records
from impact_dashboards.pages.monitoring.planned import HOW, day_of
from impact_dashboards.pages.monitoring.quality import chips
from impact_dashboards.parts.findings import link_of
from impact_dashboards.parts.state_marks import badge


def due_rows(view: View) -> list[PageRow]:
    """Return what was promised for a day, the earliest first."""
    return [
        row | {"title": view.words.pick(row, "title"), "days": (view.today - day_of(row["due"])).days,
               "due": day_of(row["due"]).isoformat()}
        for row in records(view.published.due(view.today, view.programme))
    ]  # fmt: skip


def due_block(view: View, rows: list[PageRow]) -> Block:
    """Return what is late, open or done, whichever is chosen."""
    words = view.words
    title = words("monitoring.due")
    if not rows:
        return Block("due", title, body=nothing(words, "monitoring.no_due", HOW))
    counts = {state: sum(row["state"] == state for row in rows) for state in DueState}
    chosen = view.chosen("due", tuple(DueState), DueState.LATE)
    options = {str(state): f"{words(f'status.{state}')} · {words.number(count)}" for state, count in counts.items()}
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
    whole = sum(row["state"] == DueState.LATE and read_finding(str(row["id"]))[2].is_whole for row in rows)
    lead = [words("monitoring.due_lead"), " ", words("monitoring.due_whole", count=whole, of=counts[DueState.LATE])]
    return Block("due", title, table, lead=lead, body=body)


def _due_name(view: View, row: Row) -> Content:
    if row["kind"] != "target":
        return str(row["title"])
    return h("a", row["title"], href=link_of(view, {"finding": row["id"]}))


def _since(view: View, row: Row) -> str:
    return view.words("monitoring.days", count=row["days"]) if row["days"] > 0 else "–"


def _why(view: View, row: Row) -> Content:
    if row["attainment"]:
        return badge(row["attainment"], view.words)
    return view.words(f"monitoring.why_{row['kind']}_{row['state']}")
