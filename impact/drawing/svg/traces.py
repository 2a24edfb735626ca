"""Traces of a drawing: lines with their gaps, areas, points with their names, error bars, bars."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any

from impact.drawing.markup import Element, h
from impact.drawing.svg.axes import Axis
from impact.drawing.svg.marks import mark
from impact.drawing.svg.parts import Props, paint, px, stroke
from impact.drawing.svg.text import block_size, inside, label, text_lines

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
    lowers, uppers = _bars(trace, letter, len(values))
    for value, lower, upper in zip(values, lowers, uppers, strict=True):
        if not known(value) or isinstance(value, str):
            continue
        if known(lower):
            yield value - lower
        if known(upper):
            yield value + upper


def _bars(trace: Props, letter: str, count: int) -> tuple[Sequence[Any], Sequence[Any]]:
    """Return the lengths of error bars below and above each value."""
    bars = trace.get(f"error_{letter}", {})
    if not bars.get("visible", "array" in bars):
        no_bars = [None] * count
        return no_bars, no_bars
    upper = bars["array"]
    if bars.get("symmetric") is False:
        return bars.get("arrayminus", upper), upper
    return upper, upper


def spots(trace: Props, x: Axis, y: Axis) -> list[Spot | None]:
    """Return the pixels of a trace's points; None where a value is missing."""
    across = trace.get("x", ())
    up = trace.get("y", ())
    pairs = zip(across, up, strict=True)
    return [_spot(x, y, *pair) for pair in pairs]


def _spot(x: Axis, y: Axis, across: Any, up: Any) -> Spot | None:
    return (x.place(across), y.place(up)) if known(across) and known(up) else None


def draw_trace(trace: Props, x: Axis, y: Axis, previous: list[Spot | None], picture: float) -> Element:
    """Return a trace.

    Parameters
    ----------
    trace
        Its properties, with the colour of its turn as ``colour``.
    x, y
        The axes it is drawn on, across and up; they turn its values into pixels.
    previous
        The points of the trace before it on these axes, for a fill that goes down to them.
    picture
        Width of the picture, which the names of points do not leave.
    """
    is_bar = trace["type"] == "bar"
    body = _bar(trace, x, y) if is_bar else _scatter(trace, x, y, previous, picture)
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
    defaults = {"color": trace["colour"], "width": 2, "dash": "solid"}
    line = {**defaults, **trace.get("line", {})}
    return stroke(line["color"], line["width"], line["dash"])


def marker_of(trace: Props) -> Props:
    """Return the marker of a trace, with what it says nothing about."""
    line = trace.get("line", {})
    colour = line.get("color", trace["colour"])
    defaults = {"size": 6, "color": colour, "symbol": "circle"}
    return {**defaults, **trace.get("marker", {})}


def bar_colour(trace: Props) -> str:
    """Return the colour of a trace's bars."""
    marker = trace.get("marker", {})
    return str(marker.get("color", trace["colour"]))


def _scatter(trace: Props, x: Axis, y: Axis, previous: list[Spot | None], picture: float) -> Iterator[Element]:
    """Yield what a trace of points has, from the bottom up: area, line, error bars, markers, names."""
    points, drawn = spots(trace, x, y), modes(trace)
    fill = trace.get("fill", "none")
    if fill != "none":
        area = _area(fill, points, previous)
        yield h("path", d=area, **_filling(trace))
    if "lines" in drawn:
        line = _path(points)
        yield h("path", d=line, fill="none", stroke_linejoin="round", **line_of(trace))
    yield from _whiskers(trace, x, y, points)
    if "markers" in drawn:
        yield from _points(trace, points)
    if "text" in drawn:
        size = marker_of(trace)["size"] if "markers" in drawn else 0
        yield from _names(trace, points, size, picture)


def _filling(trace: Props) -> dict[str, str]:
    """Return the look of an area; unlike Plotly, nothing here chooses a colour for one that has none."""
    if "fillcolor" in trace:
        return paint("fill", trace["fillcolor"])
    name = trace.get("name", "")
    raise ValueError(f"a drawing has no fill without a fillcolor, in trace '{name}'")


def _runs(points: Iterable[Spot | None]) -> list[list[Spot]]:
    """Return the points between gaps."""
    runs: list[list[Spot]] = [[]]
    for spot in points:
        if spot is None:
            runs.append([])
        else:
            runs[-1].append(spot)
    return [run for run in runs if run]


def _path(points: Iterable[Spot | None]) -> str:
    return "".join(map(_line, _runs(points)))


def _line(run: Sequence[Spot]) -> str:
    return "M" + "L".join(f"{px(x)} {px(y)}" for x, y in run)


def _area(fill: str, points: list[Spot | None], previous: list[Spot | None]) -> str:
    """Return the outline of a fill: each run of points closed, or closed by way of the trace before."""
    if fill == "toself":
        return "".join(_line(run) + "Z" for run in _runs(points))
    has_gap = None in points or None in previous
    if has_gap or not previous:
        raise ValueError("a drawing has no fill 'tonexty' over gaps, or without a trace before")
    back = previous[::-1]
    outline = _path([*points, *back])
    return outline + "Z"


def _whiskers(trace: Props, x: Axis, y: Axis, points: list[Spot | None]) -> Iterator[Element]:
    """Yield the error bars of a trace, across and up."""
    for axis in (x, y):
        bars = trace.get(f"error_{axis.letter}", {})
        colour = bars.get("color", marker_of(trace)["color"])
        look = stroke(colour, bars.get("thickness", 2))
        values = trace.get(axis.letter, ())
        lowers, uppers = _bars(trace, axis.letter, len(points))
        for value, lower, upper, spot in zip(values, lowers, uppers, points, strict=True):
            if spot and known(lower) and known(upper):
                middle = axis.number(value)
                ends = axis.place(middle - lower), axis.place(middle + upper)
                path = _whisker(axis.letter, ends, spot, bars.get("width", 4))
                yield h("path", d=path, fill="none", **look)


def _whisker(letter: str, ends: tuple[float, float], spot: Spot, cap: float) -> str:
    """Return the path of an error bar, with a cap at each end where caps have a width."""
    (x, y), (low, high) = spot, ends
    length = px(2 * cap)
    if letter == "x":
        bar = f"M{px(low)} {px(y)}H{px(high)}"
        caps = [f"M{px(end)} {px(y - cap)}v{length}" for end in ends]
    else:
        bar = f"M{px(x)} {px(low)}V{px(high)}"
        caps = [f"M{px(x - cap)} {px(end)}h{length}" for end in ends]
    return bar + "".join(caps) if cap else bar


def by_point(value: Any, count: int) -> Sequence[Any]:
    """Return a property that is the same for all points, or has a value for each, as a value for each."""
    return [value] * count if value is None or isinstance(value, str) else list(value)


def _points(trace: Props, points: list[Spot | None]) -> Iterator[Element]:
    """Yield the markers of a trace, each with what a pointer reads on it."""
    marker = marker_of(trace)
    look = {"class_": "point", "opacity": marker.get("opacity")}
    texts = by_point(trace.get("hovertext"), len(points))
    for spot, text in zip(points, texts, strict=True):
        if spot:
            title = h("title", _plain(text)) if text else None
            shape = mark(marker["symbol"], *spot, marker)
            yield h("g", title, shape, **look)


def _plain(text: str) -> str:
    """Return a text on a single line, without its marks."""
    lines = text_lines(text)
    texts = ["".join(run for run, _ in line) for line in lines]
    return " ".join(texts)


def _names(trace: Props, points: list[Spot | None], size: float, picture: float) -> Iterator[Element]:
    """Yield the names of points, beside markers of a size and inside the picture."""
    count, distance = len(points), size / 2 + 2
    font = {"size": 12, **trace.get("textfont", {})}
    texts = by_point(trace.get("text"), count)
    positions = by_point(trace.get("textposition", "middle center"), count)
    for spot, text, position in zip(points, texts, positions, strict=True):
        if spot and text:
            yield _name(text, spot, position, font, distance=distance, picture=picture)


def _name(text: str, spot: Spot, position: str, font: Props, *, distance: float, picture: float) -> Element:
    height, side = position.split()
    across, right = SIDES[side]
    up, down = HEIGHTS[height]
    x, y = spot
    width, _ = block_size(text, font["size"])
    x_beside = inside(x + right * distance, width, across, picture)
    y_beside = y + down * distance
    return label(text, x_beside, y_beside, font, across=across, up=up, class_="name")


def _bar(trace: Props, x: Axis, y: Axis) -> Iterator[Element]:
    """Yield the bars of a trace, from zero, side by side with the gap of the figure."""
    is_flat = trace.get("orientation") == "h"
    along, across = (x, y) if is_flat else (y, x)
    centres = [across.number(value) for value in trace[across.letter]]
    step = min((right - left for left, right in pairwise(sorted(centres))), default=1.0)
    half = step * (1 - trace["bargap"]) / 2
    look = paint("fill", bar_colour(trace))
    for centre, value in zip(centres, trace[along.letter], strict=True):
        if known(value):
            length = _between(along, 0, value)
            breadth = _between(across, centre - half, centre + half)
            yield _rectangle(length, breadth, look) if is_flat else _rectangle(breadth, length, look)
    yield from _whiskers(trace, x, y, spots(trace, x, y))


def _between(axis: Axis, first: float, last: float) -> tuple[float, float]:
    """Return the pixels of two values, the lower first."""
    pixels = axis.place(first), axis.place(last)
    return min(pixels), max(pixels)


def _rectangle(across: tuple[float, float], up: tuple[float, float], look: Props) -> Element:
    (left, right), (top, bottom) = across, up
    return h("rect", x=px(left), y=px(top), width=px(right - left), height=px(bottom - top), **look)
