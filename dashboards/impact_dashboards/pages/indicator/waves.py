"""Promise and outcome over the waves: baseline, target, forecast, estimates; and the facts of the finding."""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd
import plotly.graph_objects as go

from impact.declare import last_day
from impact.drawing.markup import Element, h
from impact.figures import Point, waves_figure
from impact.publish.rows import rows_of
from impact.states import NO_WAY
from impact_dashboards.page.view import Block, ColumnSpec, Row, Table, View, columns_of, file_columns
from impact_dashboards.parts.facts import Fact, fact_grid
from impact_dashboards.parts.findings import (
    drawn_unit,
    effect_cell,
    remarks,
    state_badge,
    unit_of,
    value_cell,
)
from impact_dashboards.parts.marks import ends_of, known
from impact_dashboards.parts.state_marks import badge, evidence
from impact_dashboards.parts.values import placed, value_columns

CELL = ["indicator", "scope", "scope_value", "group", "group_value"]
"""What a measured value shares with its finding."""
DATED = 10_000
"""Places in time beyond it are days; below, they are steps between waves without dates."""
IN_FILE = ("wave", "conf_low", "conf_high", "std_error", "method")


def _arm(view: View, point: Row) -> str:
    return view.words(f"arm.{point['line'] or 'all'}")


WAVES = (
    ColumnSpec("wave_title", "indicator.wave"),
    ColumnSpec("line", "indicator.arm", _arm),
)


def waves_block(view: View, row: Row) -> Block:
    """Return baseline, target, forecast and estimates over the waves, and the value beside them."""
    points = _points(view, row)
    columns = [*columns_of(view, WAVES), *value_columns(view, row["unit"])]
    table = Table(columns, rows_of(points), file_columns(IN_FILE))
    drawable = points["value"].notna().any() or known(row["value"])
    figure = _figure(view, row, points) if drawable else None
    title, facts = view.words("indicator.waves"), _facts(view, row)
    return Block("waves", title, table, figure=figure, body=facts, folded=figure is not None)


def _points(view: View, row: Row) -> pd.DataFrame:
    """Return the measured values of a finding, arm by arm in order of time."""
    measures = view.published.measures(view.programme)
    cell = [row[key] or "" for key in CELL]
    of_cell = (measures[CELL] == cell).all(axis=1)
    has_wave = measures["wave"] != ""
    values = measures[of_cell & has_wave]
    lines = values.assign(line=values["arm"])
    return placed(view, lines).sort_values(["line", "place"])


# ---- the drawing -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Times:
    """Where the first and the last estimate lie in time, and the day when the promise is due."""

    start: float
    last: float
    due: float


def _times(row: Row, drawn: pd.DataFrame) -> _Times:
    """Return where estimates and promise lie in time; without dates the promise is due at the last estimate."""
    if drawn.empty:
        return _Times(0, 0, 0)
    places = drawn["place"]
    start = float(places.min())
    last = float(places.max())
    if not row["due"] or last <= DATED:
        return _Times(start, last, last)
    due = datetime.date.fromisoformat(last_day(row["due"]))
    return _Times(start, last, float(due.toordinal()))


def _figure(view: View, row: Row, points: pd.DataFrame) -> go.Figure | None:
    """Return the drawing; None where there is neither a promise nor a second value to draw a line to."""
    drawn = points[points["value"].notna()]
    times = _times(row, drawn)
    target = _point(row, "target", times.due)
    nothing = drawn.empty and not known(row["baseline"])
    if nothing or (target is None and len(drawn) < 2):
        return None
    return waves_figure(
        points.assign(wave=points["date"]),
        drawn_unit(view.words, row),
        view.words,
        baseline=_point(row, "baseline", times.start) if target else None,
        target=target,
        due=row["due"] or "",
        forecast=_forecast_point(row, times.due),
    )


def _point(row: Row, name: str, time: float) -> Point | None:
    return Point(time, float(row[name])) if known(row[name]) else None


def _forecast_point(row: Row, time: float) -> Point | None:
    """Return the forecast of the value, with its interval as far as it is known."""
    forecast = row["forecast"]
    if not known(forecast) or row["forecast_of"] != "value":
        return None
    low = _or_nan(row["forecast_low"])
    high = _or_nan(row["forecast_high"])
    return Point(time, float(forecast), low, high)


def _or_nan(end: float) -> float:
    return float(end) if known(end) else math.nan


# ---- the facts -------------------------------------------------------------------------------------------------------


def _facts(view: View, row: Row) -> Element:
    facts = [*_promise_facts(view, row), *_effect_facts(view, row), *_forecast_facts(view, row)]
    notes = "; ".join(remarks(view, row))
    return h("div", fact_grid(*facts), h("p", notes, class_="note") if notes else None)


def _promise_facts(view: View, row: Row) -> Iterator[Fact]:
    """Yield the value against its promise."""
    words, unit = view.words, row["unit"]
    yield Fact(words("finding.value"), [value_cell(view, row), state_badge(view, row)])
    yield Fact(words("finding.baseline").capitalize(), words.number(row["baseline"], unit))
    yield Fact(words("finding.target").capitalize(), words.number(row["target"], unit))
    yield Fact(words("indicator.gap"), words.gain(_gap(row), unit))
    yield Fact(words("indicator.progress"), _progress(view, row))


def _gap(row: Row) -> float | None:
    """Return how far the value lies from its target; None where there is no path between them."""
    value, target = row["value"], row["target"]
    if not known(value) or not known(target) or row["attainment"] in NO_WAY:
        return None
    return float(value - target)


def _progress(view: View, row: Row) -> str:
    """Write how much of the way to the target is gone, or why that cannot be said."""
    if known(row["progress"]):
        return view.words.number(row["progress"], "share")
    return view.words(f"progress.{row['progress_state']}")


def _effect_facts(view: View, row: Row) -> Iterator[Fact]:
    """Yield what the value is compared with, and what it rests on."""
    words = view.words
    yield Fact(words("indicator.comparison"), words.number(row["comparison"], row["unit"]))
    yield Fact(words("finding.effect"), [effect_cell(view, row), badge(row["contribution"], words)])
    yield Fact(words("finding.evidence"), evidence(row["evidence_level"], words))
    yield Fact("n", words.number(row["n"]))
    yield Fact(words("indicator.unit"), unit_of(words, row))


def _forecast_facts(view: View, row: Row) -> Iterator[Fact]:
    """Yield what was forecast, of the value or of the effect, and whether it held."""
    if not known(row["forecast"]):
        return
    words, unit, of_effect = view.words, row["unit"], row["forecast_of"] == "effect"
    write = words.gain if of_effect else words.number
    interval = words.interval(row["forecast_low"], row["forecast_high"], unit, gain=of_effect)
    hit = {True: "held", False: "missed", None: "open"}[row["forecast_hit"]]
    outcome = h("small", words(f"forecast.{hit}"))
    title = words(f"indicator.forecast_{row['forecast_of']}")
    yield Fact(title, [write(row["forecast"], unit, ends_of(row, "forecast")), h("small", interval), outcome])
