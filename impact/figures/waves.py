"""What was promised and what came of it, in one drawing over time: ex ante dashed, ex post with its uncertainty."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import pandas as pd
import plotly.graph_objects as go

from impact.drawing.svg.text import block_size
from impact.figures.lines import axis_ends, bars, draw_flags, pieces, value_axis, wave_axis
from impact.figures.style import COMPARISON, ESTIMATE, MUTED, TARGET, dressed, escaped
from impact.words import Words

HEIGHT, TOP, BOTTOM, LEGEND = 340, 16, 44, 40
APART = 34
"""Pixels between the labels at the ends of two lines."""
LABEL = 12
NUMBERS = ["value", "conf_low", "conf_high"]
_OWN: dict[str, Any] = {"colour": ESTIMATE, "dash": "solid", "width": 2.5, "symbol": "circle"}
STYLES: dict[str, dict[str, Any]] = {
    "treated": _OWN,
    "": _OWN,
    "comparison": {"colour": COMPARISON, "dash": "dot", "width": 1.5, "symbol": "square"},
}
BESIDE = 0.012
"""Part of the time drawn by which comparison and forecast stand beside their wave, so that each interval is seen."""
BAND = "rgba(11,90,115,0.14)"


class Point(NamedTuple):
    """A value at a place in time, with its interval where it has one."""

    place: float
    value: float
    low: float = math.nan
    high: float = math.nan


class _Label(NamedTuple):
    value: float
    text: str
    colour: str


def waves_figure(
    points: pd.DataFrame,
    unit: str,
    words: Words,
    *,
    baseline: Point | None = None,
    target: Point | None = None,
    due: str = "",
    forecast: Point | None = None,
) -> go.Figure:
    """Draw the promise and the estimates of one indicator over its waves.

    Parameters
    ----------
    points
        ``line`` (``treated``, ``comparison``, or empty where there are no arms), ``wave`` (as it is written),
        ``place`` (where it lies in time, a number; equal steps mean equal times), ``value``, ``conf_low``,
        ``conf_high`` and ``flags`` (a list); in order of ``place``. A wave without a value is a gap in the line.
    unit
        Unit of measurement of the values; the unit ``share`` is drawn as percentages.
    words
        Texts, numbers and dates in the reader's language.
    baseline
        The value that the promise starts from, at its place in time; None where there is none.
    target
        What is promised, at the time when it is due.
    due
        The date by which, as far as it is known: ``2021-05``.
    forecast
        What was expected without a word about a promise, with its interval.
    """
    every = points.astype(dict.fromkeys(NUMBERS, float))
    valued = every.dropna(subset="value")
    marks = [mark for mark in (baseline, target, forecast) if mark is not None]
    times = axis_ends([*valued["place"], *(mark.place for mark in marks)], 0.04)
    ends = valued[NUMBERS].to_numpy().ravel()
    values = axis_ends([*ends, *(end for mark in marks for end in mark[1:])], 0.08)
    beside = BESIDE * (times[1] - times[0])
    figure = go.Figure()
    labels = [
        *_promise(figure, unit, words, (baseline, target), due),
        *_forecast(figure, unit, words, forecast and forecast._replace(place=forecast.place - beside)),
        *_arms(figure, every, unit, words, beside),
    ]
    figure.update_traces(showlegend=False)
    flagged = draw_flags(figure, valued[valued["line"] != "comparison"], words)
    figure.update_xaxes(wave_axis(valued), range=times, showgrid=False)
    figure.update_yaxes(value_axis(unit, words), range=values)
    _write(figure, labels, *values)
    return _sized(figure, labels, words, flagged=flagged)


def _sized(figure: go.Figure, labels: list[_Label], words: Words, *, flagged: bool) -> go.Figure:
    """Leave room for the labels beside the plot, and for the legend below where there are flags."""
    right = max((block_size(label.text, LABEL)[0] for label in labels), default=0) + 16
    extra = LEGEND if flagged else 0
    margin = {"l": 48, "r": right, "t": TOP, "b": BOTTOM + extra}
    return dressed(figure, words, height=HEIGHT + extra, showlegend=flagged, legend={"y": -0.15}, margin=margin)


def _arms(figure: go.Figure, points: pd.DataFrame, unit: str, words: Words, beside: float) -> Iterator[_Label]:
    """Draw the arms, that of the participants last: it lies on top, and on its waves."""
    lines = {str(name): line for name, line in points.groupby("line", sort=False)}
    for name in sorted(lines, key=lambda name: name != "comparison"):
        line = lines[name]
        moved = line.assign(place=line["place"] + beside) if name == "comparison" else line
        if line["value"].notna().any():
            yield from _estimates(figure, name, moved, unit, words)


def _promise(
    figure: go.Figure, unit: str, words: Words, ends: tuple[Point | None, Point | None], due: str
) -> Iterator[_Label]:
    """Draw the path from baseline to target, and its two ends as far as they are known."""
    path = [mark for mark in ends if mark is not None]
    baseline, target = ends
    if len(path) == 2:
        x, y = [mark.place for mark in path], [mark.value for mark in path]
        figure.add_scatter(
            x=x, y=y, mode="lines", line={"color": TARGET, "dash": "dash", "width": 1.5}, hoverinfo="skip"
        )
    if baseline is not None:
        name = words("figure.baseline", value=words.number(baseline.value, unit))
        _mark(figure, baseline, "circle-open", TARGET, name)
    if target is not None:
        name = words("figure.target", value=words.number(target.value, unit))
        _mark(figure, target, "line-ew", TARGET, name)
        when = words("figure.due", date=words.date(due)) if due else words("figure.ex_ante")
        yield _Label(target.value, _two(name, when), TARGET)


def _forecast(figure: go.Figure, unit: str, words: Words, forecast: Point | None) -> Iterator[_Label]:
    if forecast is None:
        return
    name = words("figure.forecast", value=words.number(forecast.value, unit))
    _mark(figure, forecast, "diamond-open", MUTED, name)
    when = words.interval(forecast.low, forecast.high, unit) or words("figure.ex_ante")
    yield _Label(forecast.value, _two(name, when), MUTED)


def _mark(figure: go.Figure, mark: Point, symbol: str, colour: str, name: str) -> None:
    error = {"type": "data", "symmetric": False, "thickness": 1, "width": 4, "color": colour}
    ends = {"array": [mark.high - mark.value], "arrayminus": [mark.value - mark.low]}
    figure.add_scatter(
        x=[mark.place],
        y=[mark.value],
        error_y=error | ends if math.isfinite(mark.high - mark.low) else None,
        mode="markers",
        marker={"symbol": symbol, "size": 10, "color": colour, "line": {"color": colour, "width": 2.5}},
        hovertext=[escaped(name)],
        hoverinfo="text",
    )


def _estimates(figure: go.Figure, name: str, line: pd.DataFrame, unit: str, words: Words) -> Iterator[_Label]:
    for rows in pieces(line):
        if name != "comparison":
            _band(figure, rows)
        values = zip(rows["wave"].astype(str).str.replace("_", " "), rows["value"], strict=True)
        _draw_piece(figure, rows, [f"{wave}: {words.number(value, unit)}" for wave, value in values], **STYLES[name])
    last = float(line["value"].dropna().iloc[-1])
    key = "figure.comparison" if name == "comparison" else "figure.estimate"
    text = _two(words(key, value=words.number(last, unit)), words("figure.ex_post"))
    yield _Label(last, text, str(STYLES[name]["colour"]))


def _draw_piece(
    figure: go.Figure, rows: pd.DataFrame, told: list[str], *, colour: str, dash: str, width: float, symbol: str
) -> None:
    figure.add_scatter(
        x=rows["place"],
        y=rows["value"],
        error_y=bars(rows, color=colour, width=3),
        mode="lines+markers",
        line={"color": colour, "dash": dash, "width": width},
        marker={"symbol": symbol, "size": 9, "color": "#ffffff", "line": {"color": colour, "width": 2}},
        hovertext=[escaped(text) for text in told],
        hoverinfo="text",
    )


def _band(figure: go.Figure, rows: pd.DataFrame) -> None:
    """Draw the interval between the waves, where every wave of the piece has one."""
    if len(rows) < 2 or rows[["conf_low", "conf_high"]].isna().any(axis=None):
        return
    figure.add_scatter(
        x=[*rows["place"], *rows["place"][::-1]],
        y=[*rows["conf_high"], *rows["conf_low"][::-1]],
        mode="none",
        fill="toself",
        fillcolor=BAND,
        hoverinfo="skip",
    )


def _two(name: str, below: str) -> str:
    return f"<b>{escaped(name)}</b><br>{escaped(below)}"


def _write(figure: go.Figure, labels: list[_Label], low: float, high: float) -> None:
    """Write what each line is beside its end; labels that would run into one another move apart."""
    scale = (HEIGHT - TOP - BOTTOM) / (high - low)
    ordered = sorted(labels, key=lambda label: label.value)
    heights = [(label.value - low) * scale for label in ordered]
    for label, at, moved in zip(ordered, heights, spread(heights, APART, (high - low) * scale), strict=True):
        figure.add_annotation(
            text=label.text,
            xref="paper",
            x=1,
            yref="y",
            y=label.value,
            showarrow=False,
            xanchor="left",
            yanchor="middle",
            align="left",
            xshift=8,
            yshift=moved - at,
            font={"size": LABEL, "color": label.colour},
        )


def spread(heights: list[float], apart: float, top: float) -> list[float]:
    """Return ascending places moved so that they lie apart, and as far as they can between half a step and the top.

    Examples
    --------
    >>> spread([10.0, 12.0, 80.0], 20.0, 100.0)
    [10.0, 30.0, 80.0]
    """
    moved: list[float] = []
    for height in heights:
        moved.append(max(height, moved[-1] + apart) if moved else height)
    ceiling = top - apart / 2
    for index in range(len(moved) - 1, -1, -1):
        moved[index] = min(moved[index], ceiling)
        ceiling = moved[index] - apart
    return moved
