"""Traces of a drawing: lines with their gaps, areas, points with their names, error bars, bars."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, pairwise
from typing import Any

from impact.drawing.markup import Element, h
from impact.drawing.svg.axes import Axis
from impact.drawing.svg.marks import mark
from impact.drawing.svg.parts import Props, paint, px, stroke
from impact.drawing.svg.text import label, text_lines

Spot = tuple[float, float]
MODES = frozenset({"lines", "markers", "text", "none"})
SIDES = {"left": ("end", -1), "center": ("middle", 0), "right": ("start", 1)}
HEIGHTS = {"top": (1.0, -1), "middle": (0.5, 0), "bottom": (0.0, 1)}


def known(value: Any) -> bool:
    """Tell whether a value lies anywhere: words do, numbers that are missing or without end do not."""
    return isinstance(value, str) or (value is not None and math.isfinite(value))


def reach(trace: Props, letter: str) -> Iterator[Any]:
    """Yield all that a trace puts on its axis of a letter, with the ends of its error bars."""
    values = list(trace.get(letter, ()))
    yield from values
    for value, lower, upper in zip(values, *_bars(trace, letter, len(values)), strict=True):
        if known(value) and not isinstance(value, str):
            yield from (value + sign * size for sign, size in ((-1, lower), (1, upper)) if known(size))


def _bars(trace: Props, letter: str, count: int) -> tuple[Sequence[Any], Sequence[Any]]:
    """Return the lengths of error bars below and above each value."""
    bars = trace.get(f"error_{letter}", {})
    if not bars.get("visible", "array" in bars):
        return [None] * count, [None] * count
    upper = bars["array"]
    return (bars.get("arrayminus", upper) if bars.get("symmetric") is False else upper), upper


def spots(trace: Props, x: Axis, y: Axis) -> list[Spot | None]:
    """Return the pixels of a trace's points; None where a value is missing."""
    pairs = zip(trace.get("x", ()), trace.get("y", ()), strict=True)
    return [(x.place(across), y.place(up)) if known(across) and known(up) else None for across, up in pairs]


def draw_trace(trace: Props, x: Axis, y: Axis, before: list[Spot | None]) -> Element:
    """Return a trace.

    Parameters
    ----------
    trace
        Its properties, with the colour of its turn as ``colour``.
    x, y
        The axes it is drawn on, across and up; they turn its values into pixels.
    before
        The points of the trace before it on these axes, for a fill that goes down to them.
    """
    body = _bar(trace, x, y) if trace["type"] == "bar" else _scatter(trace, x, y, before)
    return h("g", list(body), class_="trace", opacity=trace.get("opacity"))


def modes(trace: Props) -> frozenset[str]:
    """Return what is drawn of a trace; without a mode lines, and points where there are few, as in Plotly.

    Raises
    ------
    ValueError
        For a mode that is none.
    """
    stated = trace.get("mode", "lines+markers" if len(trace.get("x", ())) < 20 else "lines")
    drawn = frozenset(stated.split("+"))
    if not drawn <= MODES:
        raise ValueError(f"a drawing has no mode '{stated}'")
    return drawn


def line_of(trace: Props) -> dict[str, str]:
    """Return the look of a trace's line."""
    line = trace.get("line", {})
    return stroke(line.get("color", trace["colour"]), line.get("width", 2), line.get("dash", "solid"))


def marker_of(trace: Props) -> dict[str, Any]:
    """Return the marker of a trace, with what it says nothing about."""
    colour = trace.get("line", {}).get("color", trace["colour"])
    return {"size": 6, "color": colour, "symbol": "circle", **trace.get("marker", {})}


def _scatter(trace: Props, x: Axis, y: Axis, before: list[Spot | None]) -> Iterator[Element]:
    points, drawn = spots(trace, x, y), modes(trace)
    if trace.get("fill", "none") != "none":
        yield h("path", d=_area(trace["fill"], points, before), **_filling(trace))
    if "lines" in drawn:
        yield h("path", d=_path(points), fill="none", stroke_linejoin="round", **line_of(trace))
    yield from _whiskers(trace, x, y, points)
    if "markers" in drawn:
        yield from _points(trace, points)
    if "text" in drawn:
        yield from _names(trace, points, marker_of(trace)["size"] if "markers" in drawn else 0)


def _filling(trace: Props) -> dict[str, str]:
    if "fillcolor" not in trace:
        raise ValueError(f"a drawing has no fill without a fillcolor, in trace '{trace.get('name', '')}'")
    return paint("fill", trace["fillcolor"])


def _runs(found: Iterable[Spot | None]) -> list[list[Spot]]:
    return [
        [spot for spot in run if spot] for is_run, run in groupby(found, key=lambda spot: spot is not None) if is_run
    ]


def _path(found: Iterable[Spot | None]) -> str:
    return "".join("M" + "L".join(f"{px(x)} {px(y)}" for x, y in run) for run in _runs(found))


def _area(fill: str, found: list[Spot | None], before: list[Spot | None]) -> str:
    """Return the outline of a fill: each run of points closed, or closed by way of the trace before."""
    if fill == "toself":
        return "".join(_path(run) + "Z" for run in _runs(found))
    if None in found or None in before or not before:
        raise ValueError("a drawing has no fill 'tonexty' over gaps, or without a trace before")
    return _path([*found, *before[::-1]]) + "Z"


def _whiskers(trace: Props, x: Axis, y: Axis, found: list[Spot | None]) -> Iterator[Element]:
    for axis in (x, y):
        bars = trace.get(f"error_{axis.letter}", {})
        look = stroke(bars.get("color", marker_of(trace)["color"]), bars.get("thickness", 2))
        ends = zip(trace.get(axis.letter, ()), *_bars(trace, axis.letter, len(found)), found, strict=True)
        for value, lower, upper, spot in ends:
            if spot and known(lower) and known(upper):
                middle = axis.number(value)
                low, high = axis.place(middle - lower), axis.place(middle + upper)
                yield h("path", d=_whisker(axis.letter, low, high, spot, bars.get("width", 4)), fill="none", **look)


def _whisker(letter: str, low: float, high: float, spot: Spot, cap: float) -> str:
    """Return the path of an error bar, with a cap at each end where caps have a width."""
    x, y = spot
    flat = letter == "x"
    bar = f"M{px(low)} {px(y)}H{px(high)}" if flat else f"M{px(x)} {px(low)}V{px(high)}"
    if not cap:
        return bar
    caps = [
        f"M{px(end)} {px(y - cap)}v{px(2 * cap)}" if flat else f"M{px(x - cap)} {px(end)}h{px(2 * cap)}"
        for end in (low, high)
    ]
    return bar + "".join(caps)


def each(value: Any, count: int) -> Sequence[Any]:
    """Return a property that is one for all, or one for each point, as one for each."""
    return [value] * count if value is None or isinstance(value, str) else list(value)


def _points(trace: Props, found: list[Spot | None]) -> Iterator[Element]:
    marker = marker_of(trace)
    for spot, text in zip(found, each(trace.get("hovertext"), len(found)), strict=True):
        if spot:
            shape = mark(marker["symbol"], *spot, marker)
            look = {"class_": "point", "opacity": marker.get("opacity")}
            yield h("g", h("title", "".join(_plain(text))) if text else None, shape, **look)


def _plain(text: str) -> Iterator[str]:
    for number, line in enumerate(text_lines(text)):
        yield (" " if number else "") + "".join(run for run, _ in line)


def _names(trace: Props, found: list[Spot | None], size: float) -> Iterator[Element]:
    count = len(found)
    font = {"size": 12} | trace.get("textfont", {})
    positions = each(trace.get("textposition", "middle center"), count)
    for spot, text, position in zip(found, each(trace.get("text"), count), positions, strict=True):
        if spot and text:
            height, side = position.split()
            across, right = SIDES[side]
            up, down = HEIGHTS[height]
            away = size / 2 + 2
            yield label(text, spot[0] + right * away, spot[1] + down * away, font, across=across, up=up, class_="name")


def _bar(trace: Props, x: Axis, y: Axis) -> Iterator[Element]:
    """Yield the bars of a trace, from zero, side by side with the gap of the figure."""
    flat = trace.get("orientation") == "h"
    along, across = (x, y) if flat else (y, x)
    centres = [across.number(value) for value in trace[across.letter]]
    apart = min((abs(b - a) for a, b in pairwise(sorted(centres))), default=1.0)
    half = apart * (1 - trace["bargap"]) / 2
    look = paint("fill", trace.get("marker", {}).get("color", trace["colour"]))
    for centre, value in zip(centres, trace[along.letter], strict=True):
        if known(value):
            low, high = sorted((along.place(0), along.place(value)))
            first, last = sorted((across.place(centre - half), across.place(centre + half)))
            sides = (low, first, high, last) if flat else (first, low, last, high)
            x_start, top, x_end, bottom = sides
            yield h("rect", x=px(x_start), y=px(top), width=px(x_end - x_start), height=px(bottom - top), **look)
    yield from _whiskers(trace, x, y, spots(trace, x, y))
