"""What was planned beside what was delivered, a bar per activity with a notch for today; the worst first.

Where a delivery should be today goes by the planned dates of its phase, else by the programme's: in equal steps from
the first day to the last, as no plan here says more.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from impact.declare import last_day
from impact.drawing.markup import Element, Node, h
from impact.publish.rows import Record, rows_of
from impact_dashboards.page.view import (
    Block,
    Column,
    ColumnSpec,
    Row,
    Table,
    View,
    columns_of,
    file_columns,
    nothing,
)
from impact_dashboards.parts.marks import bar, known
from impact_dashboards.parts.projects import named, projects_of
from impact_dashboards.parts.state_marks import badge

BEHIND = 0.15
"""How much of the whole an activity may lie behind its plan before that is critical."""
HOW = "docs/how-to/follow_the_process.md"
IN_FILE = ("kind", "phase", "project", "measure", "qualifier", "date", "document", "quote", "planned_quote")
"""What a file of activities holds beside what is shown."""
ORDER = ("bad", "warn", "good", "no_data", "no_target")
MEASURES = ("count", "hours")
BLANK = dict.fromkeys(("document", "place", "quote", "planned_quote", "project", "date", "qualifier"))
"""What the row of the phases has not, beside the activities."""
Span = tuple[datetime.date, datetime.date]


# ---- what should be there today --------------------------------------------------------------------------------------


def delivery_rows(view: View) -> list[Record]:
    """Return activities, counts and hours apart, with the phases as one more; those furthest behind first."""
    phases = rows_of(view.published.phases(view.programme))
    activities = rows_of(view.published.deliveries(view.programme))
    rows = [_phases_ended(view, phases)] if phases else []
    spans = {phase["phase"]: _span(phase["planned_start"], phase["planned_end"]) for phase in phases}
    period = _period(view)
    for activity in activities:
        span = spans.get(activity["phase"]) or period
        elapsed = _elapsed(span, view.today)
        rows += _measures_of(activity, elapsed)
    return sorted(rows, key=_worst_first)


def _worst_first(row: Row) -> tuple[int, float]:
    return ORDER.index(row["state"]), row["ahead"] or 0.0


def _measures_of(activity: Record, expected: float | None) -> Iterator[Record]:
    """Yield what was planned and delivered of an activity by count and by hours, as far as it is stated."""
    for measure in MEASURES:
        planned = activity[f"planned_{measure}"]
        delivered = activity[f"delivered_{measure}"]
        is_stated = planned is not None or delivered is not None
        if is_stated:
            amounts = {"measure": measure, "planned": planned, "delivered": delivered}
            yield judged(activity | amounts | {"expected": expected})


def _period(view: View) -> Span | None:
    """Return the first and the last day of the programme."""
    row = view.published.titles[view.programme]
    start = _first_day(row["period_start"])
    end = datetime.date.fromisoformat(last_day(row["period_end"]))
    return _span(start, end)


def _first_day(text: str) -> datetime.date:
    return datetime.date.fromisoformat((text + "-01-01")[:10])


def _span(start: Any, end: Any) -> Span | None:
    return None if start is None or end is None else (day_of(start), day_of(end))


def day_of(moment: Any) -> datetime.date:
    """Return the day of a moment."""
    return moment.date() if isinstance(moment, datetime.datetime) else moment


def _elapsed(span: Span | None, today: datetime.date) -> float | None:
    """Return how much of a time has passed; all of it on its last day."""
    if span is None:
        return None
    start, end = span
    days, elapsed = (end - start).days + 1, (today - start).days + 1
    return min(max(elapsed / days, 0.0), 1.0)


def _phases_ended(view: View, phases: Sequence[Record]) -> Record:
    """Return the phases as an activity: how many there are, how many have ended, how many should have."""
    planned = [phase for phase in phases if phase["status"] != "dropped"]
    counts = {"planned": len(planned), "delivered": sum(map(ended, planned)), "expected": _expected(view, planned)}
    titles = dict.fromkeys(("kind_it", "kind_en"), view.words("monitoring.phase"))
    name = {"activity": view.words("monitoring.phases_ended"), "kind": "phase", "phase": None, "measure": "count"}
    return judged({**name, **BLANK, **counts, **titles})


def _expected(view: View, phases: Sequence[Row]) -> float | None:
    """Return the share of the phases that should have ended by today; None where none has a date."""
    ends = [day_of(phase["planned_end"]) for phase in phases if phase["planned_end"] is not None]
    if not ends:
        return None
    due = sum(end <= view.today for end in ends)
    return due / len(phases)


def judged(row: Record) -> Record:
    """Return an activity with its share, how far it is ahead of the plan, and its state."""
    planned, expected = row["planned"], row["expected"]
    share = _share(planned, row["delivered"])
    ahead = None
    if share is not None and expected is not None:
        ahead = min(share, 1.0) - expected
    state = _plan_state(planned, share, ahead)
    return row | {"share": share, "ahead": ahead, "state": state}


def _share(planned: float | None, delivered: float | None) -> float | None:
    """Return what was delivered as a share of what was planned; None where either is not known, or nothing was."""
    is_known = known(planned) and known(delivered)
    if not is_known or not planned or delivered is None:
        return None
    return delivered / planned


def _plan_state(planned: float | None, share: float | None, ahead: float | None) -> str:
    if not planned:
        return "no_target"
    if share is None or (ahead is None and share < 1):
        return "no_data"
    if ahead is None or ahead >= 0:
        return "good"
    return "warn" if round(ahead, 9) >= -BEHIND else "bad"


def ended(row: Row) -> bool:
    """Tell whether a phase has ended, as far as is stated."""
    return row["actual_end"] is not None or row["status"] == "done"


# ---- the table -------------------------------------------------------------------------------------------------------


def _activity(view: View, row: Row) -> Node:
    code = row["project"]
    project = [" · ", named(view, view.programme, code, _project_title(view, code))] if code else []
    return [view.words.pick(row, "kind"), h("small", [h("code", row["activity"]), *project])]


def _project_title(view: View, code: str) -> str:
    project = projects_of(view, view.programme).get(code)
    return code if project is None else view.words.pick(project, "title")


def _progress(view: View, row: Row) -> Element | None:
    """Return the bar of an activity, with a notch where it should be today."""
    if row["share"] is None:
        return None
    share = view.words.number(row["share"], "share")
    text = view.words("monitoring.done_share", share=share)
    if row["expected"] is not None:
        number = view.words.number(row["expected"], "share")
        expected = view.words("monitoring.expected_share", share=number)
        text = f"{text}; {expected}"
    return bar(row["share"], row["state"], text, mark=row["expected"])


def _plan_badge(view: View, row: Row) -> Element:
    return badge(row["state"], view.words, _plan_words(view, row))


def _plan_words(view: View, row: Row) -> str:
    """Say how an activity stands to its plan."""
    state, share = row["state"], row["share"]
    if state == "no_target":
        return view.words("monitoring.unplanned")
    if state == "no_data":
        return view.words("monitoring.not_stated" if share is None else "monitoring.undated")
    if state == "good":
        return view.words("monitoring.complete_plan" if share >= 1 else "monitoring.on_course")
    points = view.words.gain(row["ahead"], "share")
    return view.words("monitoring.behind", points=points)


def _planned(view: View, row: Row) -> Node:
    return _amount(view, row, row["planned"])


def _delivered(view: View, row: Row) -> Node:
    """Return what was delivered, as it was stated: exactly, or about, more than, at most."""
    qualifier = row["qualifier"]
    amount = _amount(view, row, row["delivered"])
    key = f"qualifier.{qualifier}"
    is_qualified = qualifier and view.words.has(key)
    if not is_qualified or not isinstance(amount, str):
        return amount
    return f"{view.words(key)} {amount}"


def _amount(view: View, row: Row, value: float | None) -> Node:
    """Write a count, or a number of hours."""
    if value is None:
        return h("span", view.words("monitoring.not_stated"), class_="muted")
    number = view.words.number(value)
    if row["measure"] != "hours":
        return number
    hours = view.words("monitoring.hours")
    return f"{number} {hours}"


def written(view: View, row: Row) -> Node:
    """Return where a row of a document is written, with its words folded away."""
    stated = [row[name] for name in ("document", "place") if row[name]]
    if not stated:
        return None
    location = h("p", ", ".join(stated), class_="note")
    texts = [row.get(name) for name in ("planned_quote", "quote", "status_quote")]
    quotes = [h("q", text) for text in texts if text]
    summary = h("summary", view.words("monitoring.quote"))
    return h("details", summary, location, quotes, class_="quote")


ACTIVITIES = (
    ColumnSpec("activity", "monitoring.activity", _activity),
    ColumnSpec("", "monitoring.progress", _progress),
    ColumnSpec("state", "finding.status", _plan_badge),
    ColumnSpec("planned", "monitoring.planned", _planned, numeric=True),
    ColumnSpec("delivered", "monitoring.delivered", _delivered, numeric=True),
    ColumnSpec("place", "monitoring.written", written),
)
SHARES: Mapping[str, str] = {"share": "monitoring.share", "expected": "monitoring.expected"}


def deliveries_block(view: View, rows: Sequence[Record]) -> Block:
    """Return planned against delivered, a bar each with a notch where it should be today."""
    title = view.words("monitoring.plan")
    if not rows:
        return Block("plan", title, body=nothing(view.words, "monitoring.no_plan", HOW))

    def group(row: Row) -> str:
        return view.words("monitoring.unplanned" if row["state"] == "no_target" else "monitoring.with_plan")

    columns = columns_of(view, ACTIVITIES)
    shares = [Column(key, view.words(name), unit="share") for key, name in SHARES.items()]
    extra = [*shares, *file_columns(IN_FILE)]
    table = Table(columns, rows, extra, group=group)
    points = round(100 * BEHIND)
    lead = view.words("monitoring.plan_lead", points=points)
    return Block("plan", title, table, lead=lead)
