"""What was promised for a day: waves, milestones, targets and phases, those that are late before all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from impact.drawing.markup import Node, h
from impact.publish.rows import Record, rows_of
from impact.tables.part import read_finding
from impact_dashboards.page.view import Block, ColumnSpec, Row, Table, View, columns_of, file_columns, nothing
from impact_dashboards.pages.monitoring.quality import chips
from impact_dashboards.parts.findings import link_of
from impact_dashboards.parts.owed import LATE, MISSED_PROMISE, MISSING_DATA, lacking, part_name
from impact_dashboards.parts.owners import Owner, owner_of
from impact_dashboards.parts.planned import HOW, day_of
from impact_dashboards.parts.projects import named
from impact_dashboards.parts.state_marks import badge

DUE = (MISSED_PROMISE, MISSING_DATA, "open", "done")
"""What became of what was promised for a day: what is late is missed, or the data are missing that would tell."""


def due_rows(view: View) -> list[Record]:
    """Return what was promised for a day, the earliest first."""
    return [_due_row(view, row) for row in rows_of(view.published.due(view.today, view.programme))]


def _due_row(view: View, row: Record) -> Record:
    """Return a promise with its title, what is lacking, whose it is and how many days it is overdue."""
    title = view.words.pick(row, "title")
    day = day_of(row["due"])
    overdue = (view.today - day).days
    state = lacking(row) if row["state"] == LATE else row["state"]
    whose = owner_of(view, row)
    texts = {"title": title, "days": overdue, "due": day.isoformat(), "owner": whose.said(view)}
    return row | texts | {"became": state, "whose": whose}


# ---- the table -------------------------------------------------------------------------------------------------------


def _title(view: View, row: Row) -> Node:
    """Return the title of a promise; that of a milestone or target leads to its finding."""
    if row["kind"] not in ("milestone", "target"):
        return str(row["title"])
    programme, _, part = read_finding(str(row["id"]))
    of = part_name(view, programme, part)
    title = str(row["title"]).removesuffix(f" · {of}")
    below = h("small", named(view, programme, part.code, of)) if of else None
    return [h("a", title, href=link_of(view, {"finding": row["id"]})), below]


def _kind(view: View, row: Row) -> str:
    return view.words(f"monitoring.due_{row['kind']}")


def _day(view: View, row: Row) -> str:
    return view.words.date(row["due"])


def _overdue(view: View, row: Row) -> str:
    return view.words("monitoring.days", count=row["days"]) if row["days"] > 0 else "–"


def _state(view: View, row: Row) -> Node:
    return badge(row["state"], view.words)


def _whose(view: View, row: Row) -> Node:
    whose: Owner = row["whose"]
    return whose.shown(view)


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
    ColumnSpec("owner", "owner.title", _whose),
    ColumnSpec("days", "monitoring.since", _overdue, numeric=True, unit="d"),
    ColumnSpec("state", "finding.status", _state),
    ColumnSpec("attainment", "monitoring.why", _why),
)


def due_block(view: View, rows: Sequence[Record]) -> Block:
    """Return what is late, open or done, whichever is chosen."""
    title = view.words("monitoring.due")
    if not rows:
        return Block("due", title, body=nothing(view.words, "monitoring.no_due", HOW))
    counts = Counter(str(row["became"]) for row in rows)
    chosen = view.chosen("due", DUE, next((state for state in DUE if counts[state]), DUE[0]))
    listed = [row for row in rows if row["became"] == chosen]
    columns = columns_of(view, PROMISES)
    table = Table(columns, listed, file_columns(["id"]))
    options = _options(view, counts)
    choice = chips(view, "due", options, chosen, "due")
    lead = _lead(view, rows)
    return Block("due", title, table, lead=lead, body=choice)


def _options(view: View, counts: Mapping[str, int]) -> dict[str, str]:
    return {state: f"{view.words(f'monitoring.became_{state}')} · {view.words.number(counts[state])}" for state in DUE}


def _lead(view: View, rows: Sequence[Row]) -> list[Node]:
    """Say how many of what is late is of whole programmes."""
    late = [str(row["id"]) for row in rows if row["state"] == LATE]
    of_programmes = sum(name.count("/") < 2 for name in late)
    share = view.words("monitoring.due_whole", count=of_programmes, of=len(late))
    return [view.words("monitoring.due_lead"), " ", share]
