"""Estimates one below the other, each with its interval: an effect in its parts and variants, the values of parts."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Hashable
from typing import Any, NamedTuple

import pandas as pd
import plotly.graph_objects as go

from impact.drawing.svg.text import block_size
from impact.figures.lines import axis_ends, value_axis
from impact.figures.style import ESTIMATE, INK, MUTED, TARGET, dressed, escaped
from impact.words import Words
from impact.words.said import Said, Text

ROW, THIN_ROW, MANY = 38, 22, 14
"""Pixels of a row, of one where there are more rows than many."""
LABEL, WRAP = 11, 28
EVENT = Said("family.event_time")
STATES = {
    "reached": ("circle", "#0e6b80"),
    "uncertain": ("triangle-up", "#9a5300"),
    "incomplete": ("diamond-open", "#9a5300"),
    "short": ("square", "#97173f"),
    "wrong_way": ("triangle-down", "#97173f"),
}
"""Shape and colour of the states that say something of a value; the others are an empty circle."""
OTHER = ("circle-open", MUTED)
LINES = {"baseline": (MUTED, "solid"), "target": (TARGET, "dash")}


class _Row(NamedTuple):
    """A row of the drawing; a heading has no value."""

    name: str
    value: float = math.nan
    low: float = math.nan
    high: float = math.nan
    text: str = ""
    state: str = ""


def effects_figure(terms: pd.DataFrame, unit: str, words: Words) -> go.Figure:
    """Draw effects with their intervals beside the line of no effect, under a heading for each family.

    Parameters
    ----------
    terms
        ``family``, ``place``, ``term``, ``estimate``, ``conf_low`` and ``conf_high``:
        rows of :class:`impact.tables.results.Term`; of families that are effects in the unit of the indicator.
    unit
        Unit of measurement of the indicator; effects on the unit ``share`` are drawn in percentage points.
    words
        Texts, numbers and dates in the reader's language.
    """
    scale = 100.0 if unit == "share" else 1.0
    rows: list[_Row] = []
    numbers = terms.astype(dict.fromkeys(("estimate", "conf_low", "conf_high"), float))
    families = numbers.sort_values("place", kind="stable").groupby("family", sort=False)
    for family, of_family in families:
        if families.ngroups > 1:
            rows.append(_Row(f"<b>{escaped(family_name(family, words))}</b>"))
        rows += [_effect(term, unit, words, scale) for term in of_family.to_dict("records")]
    figure = _forest(rows, words, [0.0])
    figure.add_vline(x=0, line={"color": INK, "width": 1}, layer="below")
    title = words("figure.effect_points") if unit == "share" else words("figure.effect", unit=unit)
    return figure.update_xaxes(title={"text": escaped(title), "standoff": 6})


def parts_figure(
    parts: pd.DataFrame, unit: str, words: Words, *, baseline: float | None = None, target: float | None = None
) -> go.Figure:
    """Draw the values of parts with their intervals, in the order given, beside baseline and target.

    Parameters
    ----------
    parts
        ``part`` (its name), ``value``, ``conf_low``, ``conf_high``; ``attainment`` where the parts are judged, and
        ``note``, which stands where there is no value.
    unit
        Unit of measurement of the values; the unit ``share`` is drawn as percentages.
    words
        Texts, numbers and dates in the reader's language.
    baseline, target
        The baseline and the target of the whole programme, in ``unit``; None where there is none.
    """
    marks = {"baseline": baseline, "target": target}
    lines = {name: value for name, value in marks.items() if value is not None}
    numbers = parts.astype(dict.fromkeys(("value", "conf_low", "conf_high"), float))
    rows = [_part(row, unit, words) for row in numbers.to_dict("records")]
    figure = _forest(rows, words, list(lines.values()))
    for name, value in lines.items():
        text = words(f"figure.{name}", value=words.number(value, unit))
        _draw_line(figure, name, value, text, left=value < max(lines.values()))
    return figure.update_xaxes(value_axis(unit, words)).update_layout(margin_t=24)


def _draw_line(figure: go.Figure, name: str, value: float, text: str, *, left: bool) -> None:
    """Draw a value as a line across all rows, its words above it on one side."""
    colour, dash = LINES[name]
    figure.add_vline(
        x=value,
        line={"color": colour, "width": 1.5, "dash": dash},
        layer="below",
        annotation={
            "text": escaped(text),
            "yref": "paper",
            "y": 1,
            "yanchor": "bottom",
            "showarrow": False,
            "xanchor": "right" if left else "left",
            "font": {"size": LABEL, "color": colour},
        },
    )


def family_name(family: Any, words: Words) -> str:
    """Return what a family of terms is called: by its title where it has one, else by its name."""
    key = f"figure.{family.code}"
    return words(key) if words.has(key) else words.said(family).replace("_", " ")


def _term_name(term: Text, words: Words) -> str:
    key = f"figure.term.{term.code}" if isinstance(term, Said) else ""
    return words(key) if words.has(key) else words.said(term)


def _effect(term: dict[Hashable, Any], unit: str, words: Words, scale: float) -> _Row:
    value, low, high = (term[name] for name in ("estimate", "conf_low", "conf_high"))
    text = _told(words.gain(value, unit), words.interval(low, high, unit, gain=True))
    return _Row(_wrapped(_term(term, words)), value * scale, low * scale, high * scale, text)


def _term(term: dict[Hashable, Any], words: Words) -> str:
    if term["family"] != EVENT:
        return _term_name(term["term"], words)
    time = int(term["term"].values["time"])
    key = "at" if time == 0 else "before" if time < 0 else "after"
    return words(f"figure.event.{key}", count=abs(time))


def _part(part: dict[Hashable, Any], unit: str, words: Words) -> _Row:
    value, low, high = (part[name] for name in ("value", "conf_low", "conf_high"))
    text = _told(words.number(value, unit), words.interval(low, high, unit))
    if math.isnan(value):
        text = escaped(part.get("note") or words("figure.no_value"))
    return _Row(_wrapped(str(part["part"])), value, low, high, text, str(part.get("attainment") or ""))


def _wrapped(name: str) -> str:
    return "<br>".join(map(escaped, textwrap.wrap(name, WRAP)))


def _told(value: str, interval: str) -> str:
    return f"<b>{escaped(value)}</b><br>{escaped(interval)}" if interval else f"<b>{escaped(value)}</b>"


def _forest(rows: list[_Row], words: Words, also: list[float]) -> go.Figure:
    """Draw rows from top to bottom: name, interval, value in words; ``also`` are values that the axis holds too."""
    figure, thin = go.Figure(), len(rows) > MANY
    texts = [row.text.replace("<br>", " ") for row in rows] if thin else [row.text for row in rows]
    low, high = axis_ends([*also, *(end for row in rows for end in row[1:4])], 0.06)
    states = list(dict.fromkeys(row.state for row in rows if not math.isnan(row.value)))
    for state in states:
        _draw(figure, {number: row for number, row in enumerate(rows) if row.state == state}, (low, high), words)
    figure.update_layout(annotations=[_beside(number, text) for number, text in enumerate(texts)])
    figure.update_xaxes(range=[low, high])
    figure.update_yaxes(
        tickvals=list(range(len(rows))),
        ticktext=[row.name for row in rows],
        range=[len(rows) - 0.5, -0.5],
        showgrid=not thin,
        tickfont={"color": INK},
    )
    legend = 30 if any(states) else 0
    margin = {
        "l": 8,
        "r": max((block_size(text, LABEL)[0] for text in texts), default=0) + 18,
        "t": 8,
        "b": 48 + legend,
    }
    height = (THIN_ROW if thin else ROW) * max(len(rows), 2) + 80 + legend
    return dressed(figure, words, height=height, showlegend=any(states), legend={"y": -0.15}, margin=margin)


def _beside(place: int, text: str) -> dict[str, Any]:
    """Return the words beside a row; a figure takes all of them at once, for it checks all it has with each."""
    return {
        "text": text,
        "xref": "paper",
        "x": 1,
        "yref": "y",
        "y": place,
        "showarrow": False,
        "xshift": 8,
        "xanchor": "left",
        "yanchor": "middle",
        "align": "left",
        "font": {"size": LABEL, "color": INK},
    }


def _draw(figure: go.Figure, rows: dict[int, _Row], ends: tuple[float, float], words: Words) -> None:
    """Draw the rows of one state; an interval without an end goes to the edge, with an arrow there."""
    valued = {number: row for number, row in rows.items() if not math.isnan(row.value)}
    state = next(iter(valued.values())).state
    symbol, colour = STATES.get(state, OTHER) if state else ("circle", ESTIMATE)
    inside = 0.012 * (ends[1] - ends[0])
    ends = ends[0] + inside, ends[1] - inside
    lows = [max(row.low, ends[0]) for row in valued.values()]
    highs = [min(row.high, ends[1]) for row in valued.values()]
    values = [row.value for row in valued.values()]
    figure.add_scatter(
        x=values,
        y=list(valued),
        error_x={
            "type": "data",
            "symmetric": False,
            "color": colour,
            "thickness": 2,
            "width": 4,
            "array": [high - value for high, value in zip(highs, values, strict=True)],
            "arrayminus": [value - low for low, value in zip(lows, values, strict=True)],
        },
        mode="markers",
        name=escaped(words(f"status.{state}")) if state else "",
        marker={"symbol": symbol, "size": 10, "color": colour, "line": {"color": colour, "width": 1.5}},
        hovertext=[row.text for row in valued.values()],
        hoverinfo="text",
    )
    for side, end, endless in (
        ("left", ends[0], [number for number, row in valued.items() if row.low == -math.inf]),
        ("right", ends[1], [number for number, row in valued.items() if row.high == math.inf]),
    ):
        if endless:
            figure.add_scatter(
                x=[end] * len(endless),
                y=endless,
                mode="markers",
                marker={"symbol": f"triangle-{side}", "size": 9, "color": colour},
                cliponaxis=False,
                showlegend=False,
                hoverinfo="skip",
            )
