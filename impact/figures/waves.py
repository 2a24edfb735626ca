"""What was promised and what came of it, in one drawing over time: ex ante dashed, ex post with its uncertainty."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import pandas as pd
import plotly.graph_objects as go

from impact.drawing.svg.text import block_size
from impact.figures.lines import PlotlyProps, axis_ends, bars, draw_flags, pieces, value_axis, wave_axis
from impact.figures.style import COMPARISON, ESTIMATE, MUTED, TARGET, dressed, escaped
from impact.words import Words

HEIGHT, TOP, BOTTOM, LEGEND = 340, 16, 44, 40
APART = 34
"""Pixels between the labels at the ends of two lines."""
LABEL = 12
NUMBERS = ["value", "conf_low", "conf_high"]


class _Style(NamedTuple):
    """How the line of an arm looks."""

    colour: str
    dash: str
    width: float
    symbol: str


PARTICIPANTS = _Style(ESTIMATE, "solid", 2.5, "circle")
STYLES = {"treated": PARTICIPANTS, "": PARTICIPANTS, "comparison": _Style(COMPARISON, "dot", 1.5, "square")}
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
    every_wave = points.astype(dict.fromkeys(NUMBERS, float))
    valued = every_wave.dropna(subset="value")
    marks = [mark for mark in (baseline, target, forecast) if mark is not None]
    times = axis_ends([*valued["place"], *(mark.place for mark in marks)], 0.04)
    ends = valued[NUMBERS].to_numpy().ravel()
    values = axis_ends([*ends, *(end for mark in marks for end in mark[1:])], 0.08)
    start, end = times
    step = BESIDE * (end - start)
    figure = go.Figure()
    labels = list(_promise(figure, unit, words, (baseline, target), due))
    if forecast is not None:
        labels.append(_forecast(figure, unit, words, forecast._replace(place=forecast.place - step)))
    labels += _arms(figure, every_wave, unit, words, step)
    figure.update_traces(showlegend=False)
    flagged = draw_flags(figure, valued[valued["line"] != "comparison"], words)
    figure.update_xaxes(wave_axis(valued), range=times, showgrid=False)
    figure.update_yaxes(value_axis(unit, words), range=values)
    _write(figure, labels, *values)
    return _sized(figure, labels, words, flagged=flagged)


def _sized(figure: go.Figure, labels: list[_Label], words: Words, *, flagged: bool) -> go.Figure:
    """Leave room for the labels beside the plot, and for the legend below where there are flags."""
    widths = [block_size(label.text, LABEL)[0] for label in labels]
    legend = LEGEND if flagged else 0
    height, bottom = HEIGHT + legend, BOTTOM + legend
    margin = {"l": 48, "r": max(widths, default=0) + 16, "t": TOP, "b": bottom}
    return dressed(figure, words, height=height, showlegend=flagged, legend={"y": -0.15}, margin=margin)


def _arms(figure: go.Figure, points: pd.DataFrame, unit: str, words: Words, step: float) -> Iterator[_Label]:
    """Draw the arms, that of the participants last: it lies on top, and on its waves."""
    lines = {str(name): line for name, line in points.groupby("line", sort=False)}
    ordered = sorted(lines, key=lambda name: name != "comparison")
    for name in ordered:
        line = lines[name]
        if name == "comparison":
            beside = line["place"] + step
            line = line.assign(place=beside)
        if line["value"].notna().any():
            yield _estimates(figure, name, line, unit, words)


def _promise(
    figure: go.Figure, unit: str, words: Words, ends: tuple[Point | None, Point | None], due: str
) -> Iterator[_Label]:
    """Draw the path from baseline to target, and its two ends as far as they are known."""
    baseline, target = ends
    if baseline is not None and target is not None:
        _draw_path(figure, baseline, target)
    if baseline is not None:
        name = words("figure.baseline", value=words.number(baseline.value, unit))
        _mark(figure, baseline, "circle-open", TARGET, name)
    if target is not None:
        name = words("figure.target", value=words.number(target.value, unit))
        _mark(figure, target, "line-ew", TARGET, name)
        when = words("figure.due", date=words.date(due)) if due else words("figure.ex_ante")
        yield _Label(target.value, _two(name, when), TARGET)


def _draw_path(figure: go.Figure, baseline: Point, target: Point) -> None:
    times, values = [baseline.place, target.place], [baseline.value, target.value]
    dashed = {"color": TARGET, "dash": "dash", "width": 1.5}
    figure.add_scatter(x=times, y=values, mode="lines", line=dashed, hoverinfo="skip")


def _forecast(figure: go.Figure, unit: str, words: Words, forecast: Point) -> _Label:
    """Draw what was expected, and return its label."""
    number = words.number(forecast.value, unit, (forecast.low, forecast.high))
    name = words("figure.forecast", value=number)
    _mark(figure, forecast, "diamond-open", MUTED, name)
    interval = words.interval(forecast.low, forecast.high, unit)
    below = interval or words("figure.ex_ante")
    text = _two(name, below)
    return _Label(forecast.value, text, MUTED)


def _mark(figure: go.Figure, mark: Point, symbol: str, colour: str, name: str) -> None:
    """Draw a single value with its interval where it has one."""
    line = {"color": colour, "width": 2.5}
    marker = {"symbol": symbol, "size": 10, "color": colour, "line": line}
    text = {"hovertext": [escaped(name)], "hoverinfo": "text"}
    error = _mark_bars(mark, colour) if math.isfinite(mark.high - mark.low) else None
    figure.add_scatter(x=[mark.place], y=[mark.value], error_y=error, mode="markers", marker=marker, **text)


def _mark_bars(mark: Point, colour: str) -> PlotlyProps:
    look: PlotlyProps = {"thickness": 1, "width": 4, "color": colour}
    above = mark.high - mark.value
    below = mark.value - mark.low
    return {"type": "data", "symmetric": False, **look, "array": [above], "arrayminus": [below]}


def _estimates(figure: go.Figure, name: str, line: pd.DataFrame, unit: str, words: Words) -> _Label:
    """Draw the estimates of an arm, piece by piece, and return the label of the last."""
    style = STYLES[name]
    for rows in pieces(line):
        if name != "comparison":
            _band(figure, rows)
        numbers = [_written(row, unit, words) for _, row in rows.iterrows()]
        _draw_piece(figure, rows, numbers, style)
    values = line["value"].dropna()
    last = float(values.iloc[-1])
    number = _written(line.loc[values.index[-1]], unit, words)
    key = "figure.comparison" if name == "comparison" else "figure.estimate"
    title = words(key, value=number)
    text = _two(title, words("figure.ex_post"))
    return _Label(last, text, style.colour)


def _written(row: pd.Series, unit: str, words: Words) -> str:
    """Write the value of a row by its interval."""
    return words.number(row["value"], unit, (row["conf_low"], row["conf_high"]))


def _draw_piece(figure: go.Figure, rows: pd.DataFrame, numbers: list[str], style: _Style) -> None:
    """Draw a line without a gap; a pointer reads the wave and the number at each of its points."""
    waves = rows["wave"].astype(str).str.replace("_", " ")
    texts = [escaped(f"{wave}: {number}") for wave, number in zip(waves, numbers, strict=True)]
    line = {"color": style.colour, "dash": style.dash, "width": style.width}
    marker = {"symbol": style.symbol, "size": 9, "color": "#ffffff", "line": {"color": style.colour, "width": 2}}
    figure.add_scatter(
        x=rows["place"],
        y=rows["value"],
        error_y=bars(rows, color=style.colour, width=3),
        mode="lines+markers",
        line=line,
        marker=marker,
        hovertext=texts,
        hoverinfo="text",
    )


def _band(figure: go.Figure, rows: pd.DataFrame) -> None:
    """Draw the interval between the waves, where every wave of the piece has one."""
    times, lows, highs = rows["place"], rows["conf_low"], rows["conf_high"]
    is_open = lows.isna().any() or highs.isna().any()
    if len(rows) < 2 or is_open:
        return
    times_back, lows_back = times[::-1], lows[::-1]
    there_and_back = [*times, *times_back]
    edge = [*highs, *lows_back]
    look = {"mode": "none", "fill": "toself", "fillcolor": BAND, "hoverinfo": "skip"}
    figure.add_scatter(x=there_and_back, y=edge, **look)


def _two(name: str, below: str) -> str:
    return f"<b>{escaped(name)}</b><br>{escaped(below)}"


def _write(figure: go.Figure, labels: list[_Label], low: float, high: float) -> None:
    """Write what each line is beside its end; labels that would run into one another move apart."""
    span = high - low
    scale = (HEIGHT - TOP - BOTTOM) / span
    ordered = sorted(labels, key=lambda label: label.value)
    heights = [(label.value - low) * scale for label in ordered]
    top = span * scale
    moved = spread(heights, APART, top)
    for label, height, moved_height in zip(ordered, heights, moved, strict=True):
        shift = moved_height - height
        _write_label(figure, label, shift)


def _write_label(figure: go.Figure, label: _Label, shift: float) -> None:
    """Write a label right of the plot at the height of its value, or shifted up from there."""
    where = {"xref": "paper", "x": 1, "xshift": 8, "yref": "y", "y": label.value, "yshift": shift}
    anchor = {"xanchor": "left", "yanchor": "middle", "align": "left"}
    font = {"size": LABEL, "color": label.colour}
    figure.add_annotation(text=label.text, **where, **anchor, font=font, showarrow=False)


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
    for index in reversed(range(len(moved))):
        moved[index] = min(moved[index], ceiling)
        ceiling = moved[index] - apart
    return moved
