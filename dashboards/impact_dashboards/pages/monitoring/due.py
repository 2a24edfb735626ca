"""What was promised for a day: waves, milestones, targets and phases, those that are late before all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from impact.drawing.markup import Node, h
from impact.publish.rows import Record, rows_of
from impact_dashboards.page.view import Block, ColumnSpec, Row, Table, View, columns_of, file_columns, nothing
from impact_dashboards.parts.planned import HOW, day_of
from impact_dashboards.pages.monitoring.quality import chips
from impact_dashboards.parts.findings import link_of
from impact_dashboards.parts.state_marks import badge

DUE = ("late", "open", "done")
LATE = DUE[0]


def due_rows(view: View) -> list[Record]:
    """Return what was promised for a day, the earliest first."""
    return [_due_row(view, row) for row in rows_of(view.published.due(view.today, view.programme))]


def _due_row(view: View, row: Record) -> Record:
    """Return a promise with its title and how many days it is overdue."""
    title = view.words.pick(row, "title")
    day = day_of(row["due"])
    overdue = (view.today - day).days
    return row | {"title": title, "days": overdue, "due": day.isoformat()}


# ---- the table -------------------------------------------------------------------------------------------------------


def _title(view: View, row: Row) -> Node:
    """Return the title of a promise; that of a milestone or target leads to its finding."""
    if row["kind"] not in ("milestone", "target"):
        return str(row["title"])
    return h("a", row["title"], href=link_of(view, {"finding": row["id"]}))


def _kind(view: View, row: Row) -> str:
    return view.words(f"monitoring.due_{row['kind']}")


def _day(view: View, row: Row) -> str:
    return view.words.date(row["due"])


def _overdue(view: View, row: Row) -> str:
    return view.words("monitoring.days", count=row["days"]) if row["days"] > 0 else "–"


def _state(view: View, row: Row) -> Node:
    return badge(row["state"], view.words)


def _why(view: View, row: Row) -> Node:
    """Return the state of a promise that has one, else what its being late, open or done means."""
    if row["attainment"]:
        return badge(row["attainment"], view.words)
    kind, state = row["kind"], row["state"]
    return view.words(f"monitoring.why_{kind}_{state}")


PROMISES = (
    ColumnSpec("title", "monitoring.promise", _title),
    ColumnSpec("kind", "monitoring.what", _kind),
    ColumnSpec("due", "monitoring.day", _day),
    ColumnSpec("days", "monitoring.since", _overdue, numeric=True, unit="d"),
    ColumnSpec("state", "finding.status", _state),
    ColumnSpec("attainment", "monitoring.why", _why),
)


def due_block(view: View, rows: Sequence[Record]) -> Block:
    """Return what is late, open or done, whichever is chosen."""
    title = view.words("monitoring.due")
    if not rows:
        return Block("due", title, body=nothing(view.words, "monitoring.no_due", HOW))
    counts = Counter(row["state"] for row in rows)
    chosen = view.chosen("due", DUE, LATE)
    listed = [row for row in rows if row["state"] == chosen]
    columns = columns_of(view, PROMISES)
    table = Table(columns, listed, file_columns(["id"]))
    options = _options(view, counts)
    choice = chips(view, "due", options, chosen, "due")
    lead = _lead(view, rows, counts)
    return Block("due", title, table, lead=lead, body=choice)


def _options(view: View, counts: Mapping[str, int]) -> dict[str, str]:
    return {state: f"{view.words(f'status.{state}')} · {view.words.number(counts[state])}" for state in DUE}


def _lead(view: View, rows: Sequence[Row], counts: Mapping[str, int]) -> list[Node]:
    """Say how many of what is late is of whole programmes."""
    late = [str(row["id"]) for row in rows if row["state"] == LATE]
    of_programmes = sum(name.count("/") < 2 for name in late)
    share = view.words("monitoring.due_whole", count=of_programmes, of=counts[LATE])
    return [view.words("monitoring.due_lead"), " ", share]
