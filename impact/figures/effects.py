"""Estimates one below the other, each with its interval: effects in parts and variants, pooled; values of parts."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Hashable
from typing import Any, NamedTuple

import pandas as pd
import plotly.graph_objects as go

from impact.drawing.svg.text import block_size
from impact.figures.lines import PlotlyProps, axis_ends, value_axis
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
PLAIN = ("circle", ESTIMATE)
POOL = {"part": PLAIN, "pooled": ("diamond", INK), "prediction": ("line-ns", TARGET)}
"""Shape and colour of the rows of a pool: a part, the mean of all, where a new part lies."""
EFFECT_TYPES = dict.fromkeys(("estimate", "conf_low", "conf_high"), float)
PART_TYPES = dict.fromkeys(("value", "conf_low", "conf_high"), float)
LINES = {"baseline": (MUTED, "solid"), "target": (TARGET, "dash")}


class _Row(NamedTuple):
    """A row of the drawing; a heading has no value. A state stands in the legend, with the look of the row."""

    name: str
    value: float = math.nan
    low: float = math.nan
    high: float = math.nan
    text: str = ""
    state: str = ""
    look: tuple[str, str] = PLAIN

    @property
    def has_value(self) -> bool:
        """Tell whether there is anything to draw."""
        return not math.isnan(self.value)


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
    numbers = terms.astype(EFFECT_TYPES)
    ordered = numbers.sort_values("place", kind="stable")
    families = ordered.groupby("family", sort=False)
    rows: list[_Row] = []
    for family, of_family in families:
        if families.ngroups > 1:
            heading = _heading(family_name(family, words))
            rows.append(heading)
        rows += [_effect(term, unit, words) for term in of_family.to_dict("records")]
    return _beside_zero(rows, unit, words)


def pool_figure(effects: pd.DataFrame, unit: str, words: Words) -> go.Figure:
    """Draw a pool of effects as a forest: parts in the order given, their mean, where the effect of a new part lies.

    Parameters
    ----------
    effects
        ``role`` (``part``, ``pooled`` or ``prediction``), ``name``, ``value``, ``conf_low`` and ``conf_high``: the same
        rows as the table's; ``note`` stands where there is no value.
    unit
        Unit of measurement of the indicator; effects on the unit ``share`` are drawn in percentage points.
    words
        Texts, numbers and dates in the reader's language.
    """
    numbers = effects.astype(PART_TYPES)
    rows = [_pooled(effect, unit, words) for effect in numbers.to_dict("records")]
    return _beside_zero(rows, unit, words)


def _pooled(effect: dict[Hashable, Any], unit: str, words: Words) -> _Row:
    """Return the row of a part, or of what all of them come to."""
    role, name = str(effect["role"]), str(effect["name"])
    if math.isnan(effect["value"]):
        return _Row(_wrapped(name), text=escaped(effect["note"]))
    ends = (effect["value"], effect["conf_low"], effect["conf_high"])
    return _estimated(name, ends, unit, words)._replace(look=POOL[role])


def _beside_zero(rows: list[_Row], unit: str, words: Words) -> go.Figure:
    """Draw effects beside the line of no effect."""
    figure = _forest(rows, words, [0.0])
    figure.add_vline(x=0, line={"color": INK, "width": 1}, layer="below")
    title = words("figure.effect_points") if unit == "share" else words("figure.effect", unit=unit)
    axis_title = {"text": escaped(title), "standoff": 6}
    return figure.update_xaxes(title=axis_title)


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
    numbers = parts.astype(PART_TYPES)
    rows = [_part(row, unit, words) for row in numbers.to_dict("records")]
    values = list(lines.values())
    figure = _forest(rows, words, values)
    for name, value in lines.items():
        number = words.number(value, unit)
        text = words(f"figure.{name}", value=number)
        _draw_line(figure, name, value, text, left=value < max(values))
    figure.update_xaxes(value_axis(unit, words))
    return figure.update_layout(margin_t=24)


def _draw_line(figure: go.Figure, name: str, value: float, text: str, *, left: bool) -> None:
    """Draw a value as a line across all rows, its words above it on one side."""
    colour, dash = LINES[name]
    look = {"color": colour, "width": 1.5, "dash": dash}
    side = "right" if left else "left"
    where = {"yref": "paper", "y": 1, "yanchor": "bottom", "xanchor": side}
    font = {"size": LABEL, "color": colour}
    words_above = escaped(text)
    note = {"text": words_above, **where, "showarrow": False, "font": font}
    figure.add_vline(x=value, line=look, layer="below", annotation=note)


def family_name(family: Any, words: Words) -> str:
    """Return what a family of terms is called: by its title where it has one, else by its name."""
    key = f"figure.{family.code}"
    if words.has(key):
        return words(key)
    name = words.said(family)
    return name.replace("_", " ")


def _term_name(term: Text, words: Words) -> str:
    key = f"figure.term.{term.code}" if isinstance(term, Said) else ""
    return words(key) if words.has(key) else words.said(term)


def _heading(name: str) -> _Row:
    return _Row(f"<b>{escaped(name)}</b>")


def _effect(term: dict[Hashable, Any], unit: str, words: Words) -> _Row:
    return _estimated(_term(term, words), (term["estimate"], term["conf_low"], term["conf_high"]), unit, words)


def _estimated(name: str, effect: tuple[float, float, float], unit: str, words: Words) -> _Row:
    """Return the row of an effect with its ends; of a share, its numbers are drawn in percentage points."""
    estimate, low, high = effect
    interval = words.interval(low, high, unit, gain=True)
    text = _in_words(words.gain(estimate, unit, (low, high)), interval)
    if unit == "share":
        estimate, low, high = 100.0 * estimate, 100.0 * low, 100.0 * high
    return _Row(_wrapped(name), estimate, low, high, text)


def _term(term: dict[Hashable, Any], words: Words) -> str:
    """Return what a term is called: by how long before or after it lies, where it is a time."""
    if term["family"] != EVENT:
        return _term_name(term["term"], words)
    time = int(term["term"].values["time"])
    if time == 0:
        return words("figure.event.at", count=0)
    key = "figure.event.before" if time < 0 else "figure.event.after"
    return words(key, count=abs(time))


def _part(part: dict[Hashable, Any], unit: str, words: Words) -> _Row:
    """Return the row of a part; without a value a note stands in its place."""
    name = _wrapped(str(part["part"]))
    value, low, high = (part[column] for column in ("value", "conf_low", "conf_high"))
    if math.isnan(value):
        note = part.get("note") or words("figure.no_value")
        text = escaped(note)
    else:
        interval = words.interval(low, high, unit)
        text = _in_words(words.number(value, unit, (low, high)), interval)
    state = str(part.get("attainment") or "")
    look = STATES.get(state, OTHER) if state else PLAIN
    return _Row(name, value, low, high, text, state, look)


def _wrapped(name: str) -> str:
    return "<br>".join(map(escaped, textwrap.wrap(name, WRAP)))


def _in_words(value: str, interval: str) -> str:
    """Return what stands beside a row: its value, and its interval below where there is one."""
    text = f"<b>{escaped(value)}</b>"
    if not interval:
        return text
    return f"{text}<br>{escaped(interval)}"


def _forest(rows: list[_Row], words: Words, references: list[float]) -> go.Figure:
    """Draw rows from top to bottom: name, interval, value in words; the axis holds the values of reference too."""
    figure, is_thin = go.Figure(), len(rows) > MANY
    texts = [row.text.replace("<br>", " ") if is_thin else row.text for row in rows]
    ends = axis_ends([*references, *(end for row in rows for end in row[1:4])], 0.06)
    for (state, look), alike in _by_look(rows).items():
        _draw(figure, alike, ends, look, escaped(words(f"status.{state}")) if state else "")
    figure.update_layout(annotations=[_beside(number, text) for number, text in enumerate(texts)])
    figure.update_xaxes(range=ends)
    names = [row.name for row in rows]
    lines = {"range": [len(rows) - 0.5, -0.5], "showgrid": not is_thin, "tickfont": {"color": INK}}
    figure.update_yaxes(tickvals=list(range(len(rows))), ticktext=names, **lines)
    return _sized(figure, texts, words, has_legend=any(row.state for row in rows if row.has_value))


def _by_look(rows: list[_Row]) -> dict[tuple[str, tuple[str, str]], dict[int, _Row]]:
    """Return the rows that have a value with their numbers, by state and look, in the order of the rows."""
    looks: dict[tuple[str, tuple[str, str]], dict[int, _Row]] = {}
    for number, row in enumerate(rows):
        if row.has_value:
            looks.setdefault((row.state, row.look), {})[number] = row
    return looks


def _sized(figure: go.Figure, texts: list[str], words: Words, *, has_legend: bool) -> go.Figure:
    """Leave room for the words beside the rows, and for the legend below."""
    legend = 30 if has_legend else 0
    widths = [block_size(text, LABEL)[0] for text in texts]
    margin = {"l": 8, "r": max(widths, default=0) + 18, "t": 8, "b": 48 + legend}
    row_height = THIN_ROW if len(texts) > MANY else ROW
    height = row_height * max(len(texts), 2) + 80 + legend
    return dressed(figure, words, height=height, showlegend=has_legend, legend={"y": -0.15}, margin=margin)


def _beside(row: int, text: str) -> PlotlyProps:
    """Return the words beside a row; a figure takes all of them at once, for it checks all it has with each."""
    return {
        "text": text,
        "xref": "paper",
        "x": 1,
        "yref": "y",
        "y": row,
        "showarrow": False,
        "xshift": 8,
        "xanchor": "left",
        "yanchor": "middle",
        "align": "left",
        "font": {"size": LABEL, "color": INK},
    }


def _draw(figure: go.Figure, rows: dict[int, _Row], ends: list[float], look: tuple[str, str], name: str) -> None:
    """Draw the rows of one look; an interval without an end goes to the edge, with an arrow there."""
    symbol, colour = look
    low_edge, high_edge = ends
    inset = 0.012 * (high_edge - low_edge)
    low, high = low_edge + inset, high_edge - inset
    line = {"color": colour, "width": 1.5}
    figure.add_scatter(
        x=[row.value for row in rows.values()],
        y=list(rows),
        error_x=_error_bars(list(rows.values()), low, high, colour),
        mode="markers",
        name=name,
        marker={"symbol": symbol, "size": 10, "color": colour, "line": line},
        hovertext=[row.text for row in rows.values()],
        hoverinfo="text",
    )
    _draw_arrows(figure, low, [number for number, row in rows.items() if row.low == -math.inf], "left", colour)
    _draw_arrows(figure, high, [number for number, row in rows.items() if row.high == math.inf], "right", colour)


def _error_bars(rows: list[_Row], low: float, high: float, colour: str) -> PlotlyProps:
    """Return the intervals of rows as far as they lie between two values."""
    above = [min(row.high, high) - row.value for row in rows]
    below = [row.value - max(row.low, low) for row in rows]
    look: PlotlyProps = {"color": colour, "thickness": 2, "width": 4}
    return {"type": "data", "symmetric": False, **look, "array": above, "arrayminus": below}


def _draw_arrows(figure: go.Figure, end: float, rows: list[int], side: str, colour: str) -> None:
    """Draw an arrow at the edge for each row whose interval has no end there."""
    if not rows:
        return
    ends = [end] * len(rows)
    marker = {"symbol": f"triangle-{side}", "size": 9, "color": colour}
    hidden = {"showlegend": False, "hoverinfo": "skip"}
    figure.add_scatter(x=ends, y=rows, mode="markers", marker=marker, cliponaxis=False, **hidden)
