"""What was planned beside what was delivered, a bar per activity with a notch for today; the worst first.

Where a delivery should be today goes by the planned dates of its phase, else by the programme's: in equal steps from
the first day to the last, as no plan here says more.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

from impact.declare import last_day
from impact.drawing.markup import Element, Node, h
from impact.publish.rows import rows_of
from impact_dashboards.page.view import Block, Column, Row, Table, View, nothing
from impact_dashboards.parts.marks import bar, known
from impact_dashboards.parts.state_marks import badge

BEHIND = 0.15
"""How much of the whole an activity may lie behind its plan before that is critical."""
HOW = "docs/how-to/follow_the_process.md"
KEPT = ("kind", "phase", "project", "measure", "qualifier", "date", "document", "quote", "planned_quote")
"""What a file of activities holds beside what is shown."""
ORDER = ("bad", "warn", "good", "no_data", "no_target")
Span = tuple[datetime.date, datetime.date]


def delivery_rows(view: View) -> list[dict[str, Any]]:
    """Return activities, counts and hours apart, with the phases as one more; those furthest behind first."""
    phases = {row["phase"]: row for row in rows_of(view.published.phases(view.programme))}
    spans = {name: _span(row["planned_start"], row["planned_end"]) for name, row in phases.items()}
    whole = _period(view)
    rows = [] if not phases else [_phases_ended(view, list(phases.values()))]
    for row in rows_of(view.published.deliveries(view.programme)):
        expected = _elapsed(spans.get(row["phase"]) or whole, view.today)
        rows += [
            judged(row | {"measure": measure, "planned": planned, "delivered": delivered, "expected": expected})
            for measure in ("count", "hours")
            for planned, delivered in [(row[f"planned_{measure}"], row[f"delivered_{measure}"])]
            if planned is not None or delivered is not None
        ]
    return sorted(rows, key=lambda row: (ORDER.index(row["state"]), row["ahead"] or 0.0))


def _period(view: View) -> Span | None:
    row = view.published.titles[view.programme]
    return _span(_first_day(row["period_start"]), datetime.date.fromisoformat(last_day(row["period_end"])))


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
    days = (end - start).days + 1
    return min(max(((today - start).days + 1) / days, 0.0), 1.0)


def _phases_ended(view: View, phases: list[dict[str, Any]]) -> dict[str, Any]:
    meant = [row for row in phases if row["status"] != "dropped"]
    past = [row for row in meant if row["planned_end"] is not None and day_of(row["planned_end"]) <= view.today]
    dated = any(row["planned_end"] is not None for row in meant)
    counts = {
        "planned": len(meant),
        "delivered": sum(map(ended, meant)),
        "expected": len(past) / len(meant) if dated else None,
    }
    blank = dict.fromkeys(("document", "place", "quote", "planned_quote", "project", "date", "qualifier"))
    row = {"activity": view.words("monitoring.phases_ended"), "kind": "phase", "phase": None, "measure": "count"}
    titles = dict.fromkeys(("kind_it", "kind_en"), view.words("monitoring.phase"))
    return judged(row | blank | counts | titles)


def judged(row: dict[str, Any]) -> dict[str, Any]:
    """Return an activity with its share, how far it is ahead of the plan, and its state."""
    planned, delivered, expected = row["planned"], row["delivered"], row["expected"]
    share = delivered / planned if known(planned) and known(delivered) and planned else None
    ahead = None if share is None or expected is None else min(share, 1.0) - expected
    return row | {"share": share, "ahead": ahead, "state": _plan_state(planned, share, ahead)}


def _plan_state(planned: float | None, share: float | None, ahead: float | None) -> str:
    if not planned:
        return "no_target"
    if share is None or (ahead is None and share < 1):
        return "no_data"
    return "good" if ahead is None or ahead >= 0 else "warn" if round(ahead, 9) >= -BEHIND else "bad"


def deliveries_block(view: View, rows: list[dict[str, Any]]) -> Block:
    """Return planned against delivered, a bar each with a notch where it should be today."""
    words = view.words
    title = words("monitoring.plan")
    if not rows:
        return Block("plan", title, body=nothing(words, "monitoring.no_plan", HOW))

    def amount(key: str) -> Callable[[Row], Node]:
        return lambda row: _amount(view, row, key)

    table = Table(
        [
            Column("activity", words("monitoring.activity"), lambda row: _activity(view, row)),
            Column("", words("monitoring.progress"), lambda row: _progress(view, row)),
            Column("state", words("finding.status"), lambda row: _plan_badge(view, row)),
            Column("planned", words("monitoring.planned"), amount("planned"), numeric=True),
            Column("delivered", words("monitoring.delivered"), amount("delivered"), numeric=True),
            Column("place", words("monitoring.written"), lambda row: written(view, row)),
        ],
        rows,
        [
            Column("share", words("monitoring.share"), unit="share"),
            Column("expected", words("monitoring.expected"), unit="share"),
            *(Column(key, key.replace("_", " ")) for key in KEPT),
        ],
        group=lambda row: words("monitoring.unplanned" if row["state"] == "no_target" else "monitoring.with_plan"),
    )  # fmt: skip
    return Block("plan", title, table, lead=words("monitoring.plan_lead", points=round(100 * BEHIND)))


def _activity(view: View, row: Row) -> Node:
    under = [h("code", row["activity"]), *([" · ", row["project"]] if row["project"] else [])]
    return [view.words.pick(row, "kind"), h("small", under)]


def _amount(view: View, row: Row, key: str) -> Node:
    value = row[key]
    if value is None:
        return h("span", view.words("monitoring.not_stated"), class_="muted")
    qualified = key == "delivered" and row["qualifier"] and view.words.has(f"qualifier.{row['qualifier']}")
    said = [view.words(f"qualifier.{row['qualifier']}")] if qualified else []
    unit = [view.words("monitoring.hours")] if row["measure"] == "hours" else []
    return " ".join([*said, view.words.number(value), *unit])


def _progress(view: View, row: Row) -> Element | None:
    if row["share"] is None:
        return None
    text = [view.words("monitoring.done_share", share=view.words.number(row["share"], "share"))]
    if row["expected"] is not None:
        text.append(view.words("monitoring.expected_share", share=view.words.number(row["expected"], "share")))
    return bar(row["share"], row["state"], "; ".join(text), mark=row["expected"])


def _plan_badge(view: View, row: Row) -> Element:
    words, state = view.words, row["state"]
    if state == "no_target":
        return badge(state, words, words("monitoring.unplanned"))
    if state == "no_data":
        return badge(state, words, words("monitoring.not_stated" if row["share"] is None else "monitoring.undated"))
    if state == "good":
        return badge(state, words, words("monitoring.complete_plan" if row["share"] >= 1 else "monitoring.on_course"))
    return badge(state, words, words("monitoring.behind", points=words.gain(row["ahead"], "share")))


def written(view: View, row: Row) -> Node:
    """Return where a row of a document is written, with its words folded away."""
    place = ", ".join(row[name] for name in ("document", "place") if row[name])
    if not place:
        return None
    quotes = [h("q", row[name]) for name in ("planned_quote", "quote", "status_quote") if row.get(name)]
    summary = h("summary", view.words("monitoring.quote"))
    return h("details", summary, h("p", place, class_="note"), quotes, class_="quote")


def ended(row: Row) -> bool:
    """Tell whether a phase has ended, as far as is stated."""
    return row["actual_end"] is not None or row["status"] == "done"
