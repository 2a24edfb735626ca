"""Phases on a line of time: as planned, as they came, and what their state is."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence

from impact.drawing.markup import Element, Node, h
from impact.publish.rows import Record, rows_of
from impact_dashboards.page.view import Block, Column, ColumnSpec, Row, Table, View, columns_of, file_columns
from impact_dashboards.parts.planned import Span, day_of, ended, written
from impact_dashboards.parts.state_marks import badge

DIGITS = {"year": 4, "month": 7, "day": 10}
"""How much of a date is stated, by its precision."""
WIDTH, HEIGHT = 260, 24
KINDS = {"planned": 3, "actual": 13}
"""The two times of a phase, with the height at which the drawing shows each."""
ENDS = ("start", "end")
ONE_DAY = datetime.timedelta(days=1)


def phases_block(view: View) -> Block | None:
    """Return the phases on a line of time, planned above and actual below; nothing where none is declared."""
    phases = rows_of(view.published.phases(view.programme))
    if not phases:
        return None
    rows = [_phase_row(view, phase) for phase in phases]
    scale = _scale(rows)
    columns = _columns(view, scale)
    dated = list(map(_plain_days, rows))
    table = Table(columns, dated, file_columns(PHASES_IN_FILE))
    title = view.words("monitoring.phases")
    lead = view.words("monitoring.phases_lead" if scale else "monitoring.phases_undated")
    return Block("phases", title, table, lead=lead)


def _phase_row(view: View, phase: Record) -> Record:
    """Return a phase with its state and what the state is called."""
    state = _state(view, phase)
    return phase | {"state": state, "said": _state_words(view, phase, state)}


def _plain_days(row: Record) -> Record:
    """Return a row with its moments as days in text."""
    return {name: day_of(value).isoformat() if hasattr(value, "isoformat") else value for name, value in row.items()}


def _state(view: View, phase: Row) -> str:
    if phase["status"] == "dropped":
        return "no_target"
    if ended(phase):
        return "done"
    if phase["planned_end"] is not None and day_of(phase["planned_end"]) < view.today:
        return "late"
    return "open" if phase["status"] else "no_data"


def _state_words(view: View, phase: Row, state: str) -> str:
    """Return the word for the state of a phase: of an open one, what the documents call it."""
    if state == "open":
        return view.words(f"monitoring.phase_{phase['status']}")
    silent = {"no_target": "monitoring.phase_dropped", "no_data": "monitoring.not_stated"}
    key = silent.get(state, f"status.{state}")
    return view.words(key)


# ---- the table -------------------------------------------------------------------------------------------------------


def _title(view: View, phase: Row) -> str:
    """Return the number of a phase and its title, or its name where it has none."""
    title = str(phase["title"] or phase["phase"])
    words = title.replace("_", " ")
    number = phase["number"]
    if number is None:
        return words
    return f"{number:g}. {words}"


def _badge(view: View, phase: Row) -> Element:
    return badge(phase["state"], view.words, phase["said"])


def _planned(view: View, phase: Row) -> str:
    return _dates(view, phase, "planned")


def _actual(view: View, phase: Row) -> str:
    return _dates(view, phase, "actual")


def _dates(view: View, phase: Row, kind: str) -> str:
    """Write the time of a phase as far as it is stated."""
    precision = phase[f"{kind}_precision"] or "day"
    digits = DIGITS.get(precision, 10)
    days = [phase[f"{kind}_{end}"] for end in ENDS]
    if not any(days):
        return "–"
    start, end = (view.words.date(day[:digits]) if day else "…" for day in days)
    if start == end:
        return start
    return f"{start} – {end}"


PHASE = ColumnSpec("title", "monitoring.phase", _title)
PHASES = (
    ColumnSpec("state", "finding.status", _badge),
    ColumnSpec("planned_end", "monitoring.planned", _planned),
    ColumnSpec("actual_end", "monitoring.actual", _actual),
    ColumnSpec("place", "monitoring.written", written),
)
PHASES_IN_FILE = (
    *("phase", "number", "status", "planned_start", "planned_precision", "actual_start", "actual_precision", "gate"),
    *("gate_met", "document", "quote"),
)


def _columns(view: View, scale: Span | None) -> list[Column]:
    """Return the columns; without any date there is no drawing."""
    title, states = PHASE.column(view), columns_of(view, PHASES)
    if scale is None:
        return [title, *states]

    def line(phase: Row) -> Node:
        return _line(view, phase, scale)

    return [title, Column("", _scale_title(view, scale), line), *states]


# ---- the line of time ------------------------------------------------------------------------------------------------


def _scale(rows: Sequence[Row]) -> Span | None:
    """Return the first and the last day of all phases; None where they are one or none is known."""
    moments = [row[f"{kind}_{end}"] for row in rows for kind in KINDS for end in ENDS]
    days = [day_of(moment) for moment in moments if moment is not None]
    return (min(days), max(days)) if days and max(days) > min(days) else None


def _scale_title(view: View, scale: Span) -> str:
    return " – ".join(view.words.date(day.isoformat()[:7]) for day in scale)


def _x(day: datetime.date, scale: Span) -> float:
    """Return the pixel where a day begins."""
    start, end = scale
    days = max((end - start).days + 1, 1)
    elapsed = (day - start).days
    return round(WIDTH * elapsed / days, 1)


def _line(view: View, phase: Row, scale: Span) -> Element | None:
    """Draw the time of a phase: as planned a pale bar, as it came a dark one, and today where it lies within."""
    bars = list(_bars(phase, scale))
    if not bars:
        return None
    rule = h("path", d=f"M0 {HEIGHT / 2}H{WIDTH}", class_="rule")
    text = view.words("monitoring.line", planned=_planned(view, phase), actual=_actual(view, phase))
    return h(
        "svg",
        h("title", text),
        [rule, *bars, _today(view, scale)],
        class_=f"phase-line {phase['state']}",
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        width=WIDTH,
        height=HEIGHT,
        role="img",
        aria_label=text,
    )


def _bars(phase: Row, scale: Span) -> Iterator[Element]:
    for kind, y in KINDS.items():
        stated = [phase[f"{kind}_{end}"] for end in ENDS]
        days = [datetime.date.fromisoformat(day) for day in stated if day]
        if days:
            left, right = _x(days[0], scale), _x(days[-1] + ONE_DAY, scale)
            width = max(right - left, 3)
            yield h("rect", x=min(left, WIDTH - 3), y=y, width=width, height=8, rx=3, class_=kind)


def _today(view: View, scale: Span) -> Element | None:
    """Draw the line of today; nothing where it lies beyond the scale."""
    start, end = scale
    if not start <= view.today <= end:
        return None
    x = _x(view.today, scale)
    return h("path", d=f"M{x} 0V{HEIGHT}", class_="today")
