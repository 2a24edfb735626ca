"""Phases on a line of time: as planned, as they came, and what their state is."""

from __future__ import annotations

import datetime
from typing import Any

from impact.drawing.markup import Element, h
from impact.publish.rows import rows_of
from impact_dashboards.page.view import Block, Column, Row, Table, View
from impact_dashboards.pages.monitoring.planned import Span, day_of, ended, written
from impact_dashboards.parts.state_marks import badge

DIGITS = {"year": 4, "month": 7, "day": 10}
"""How much of a date is stated, by its precision."""
WIDTH, HEIGHT = 260, 24


def phases_block(view: View) -> Block | None:
    """Return the phases on a line of time, planned above and actual below; nothing where none is declared."""
    words, rows = view.words, rows_of(view.published.phases(view.programme))
    if not rows:
        return None
    rows = [row | {"state": _phase_state(view, row), "said": _phase_said(view, row)} for row in rows]
    scale = _scale(rows)
    columns = [
        Column("title", words("monitoring.phase"), _phase_name),
        Column("", _scale_title(view, scale), lambda row: _line(view, row, scale)),
        Column("state", words("finding.status"), lambda row: badge(row["state"], words, row["said"])),
        Column("planned_end", words("monitoring.planned"), lambda row: _dates(view, row, "planned")),
        Column("actual_end", words("monitoring.actual"), lambda row: _dates(view, row, "actual")),
        Column("place", words("monitoring.written"), lambda row: written(view, row)),
    ]
    columns = [column for column in columns if scale or column.key]
    kept = ("phase", "number", "status", "planned_start", "planned_precision", "actual_start", "actual_precision")
    extra = [Column(key, key.replace("_", " ")) for key in (*kept, "gate", "gate_met", "document", "quote")]
    lead = words("monitoring.phases_lead" if scale else "monitoring.phases_undated")
    table = Table(columns, [_plain_days(row) for row in rows], extra)
    return Block("phases", words("monitoring.phases"), table, lead=lead)


def _plain_days(row: dict[str, Any]) -> dict[str, Any]:
    return {name: day_of(value).isoformat() if hasattr(value, "isoformat") else value for name, value in row.items()}


def _phase_state(view: View, row: Row) -> str:
    if row["status"] == "dropped":
        return "no_target"
    if ended(row):
        return "done"
    if row["planned_end"] is not None and day_of(row["planned_end"]) < view.today:
        return "late"
    return "open" if row["status"] else "no_data"


def _phase_said(view: View, row: Row) -> str:
    state = _phase_state(view, row)
    if state == "open":
        return view.words(f"monitoring.phase_{row['status']}")
    silent = {"no_target": "monitoring.phase_dropped", "no_data": "monitoring.not_stated"}
    return view.words(silent.get(state, f"status.{state}"))


def _phase_name(row: Row) -> str:
    number = "" if row["number"] is None else f"{row['number']:g}. "
    return number + str(row["title"] or row["phase"]).replace("_", " ")


def _dates(view: View, row: Row, kind: str) -> str:
    digits = DIGITS.get(row[f"{kind}_precision"] or "day", 10)
    ends = [row[f"{kind}_{end}"] for end in ("start", "end")]
    told = [view.words.date(end[:digits]) if end else "…" for end in ends]
    return "–" if not any(ends) else told[0] if told[0] == told[1] else " – ".join(told)


def _scale(rows: list[dict[str, Any]]) -> Span | None:
    days = [day_of(row[f"{kind}_{end}"]) for row in rows for kind in ("planned", "actual") for end in ("start", "end")
            if row[f"{kind}_{end}"] is not None]  # fmt: skip
    return (min(days), max(days)) if days and max(days) > min(days) else None


def _scale_title(view: View, scale: Span | None) -> str:
    return "" if scale is None else " – ".join(view.words.date(day.isoformat()[:7]) for day in scale)


def _line(view: View, row: Row, scale: Span | None) -> Element | None:
    """Draw the time of a phase: as planned a pale bar, as it came a dark one, and today where it lies within."""
    start, end = scale or (view.today, view.today)
    days = max((end - start).days + 1, 1)

    def place(day: datetime.date) -> float:
        """Return where a day begins."""
        return round(WIDTH * (day - start).days / days, 1)

    parts = [h("path", d=f"M0 {HEIGHT / 2}H{WIDTH}", class_="rule")]
    for kind, y in (("planned", 3), ("actual", 13)):
        told = [row[f"{kind}_{name}"] for name in ("start", "end")]
        ends = [datetime.date.fromisoformat(day) for day in told if day]
        if ends:
            left, right = place(ends[0]), place(ends[-1] + datetime.timedelta(days=1))
            width = max(right - left, 3)
            parts.append(h("rect", x=min(left, WIDTH - 3), y=y, width=width, height=8, rx=3, class_=kind))
    if len(parts) == 1:
        return None
    if start <= view.today <= end:
        parts.append(h("path", d=f"M{place(view.today)} 0V{HEIGHT}", class_="today"))
    text = view.words("monitoring.line", planned=_dates(view, row, "planned"), actual=_dates(view, row, "actual"))
    return h("svg", h("title", text), parts, class_=f"phase-line {row['state']}", viewBox=f"0 0 {WIDTH} {HEIGHT}",
             width=WIDTH, height=HEIGHT, role="img", aria_label=text)  # fmt: skip
