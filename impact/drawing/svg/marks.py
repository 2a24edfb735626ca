"""The shapes of points, in the proportions that Plotly gives them."""

from __future__ import annotations

import math
from itertools import cycle

from impact.drawing.markup import Element, h
from impact.drawing.svg.parts import Props, paint, px

Points = list[tuple[float, float]]


def _turned(corners: int, radius: float = 1.0, *, inner: float | None = None) -> Points:
    """Return the corners of a regular polygon, the first on top; of a star, where there is an inner radius."""
    radii = [radius] if inner is None else [radius, radius * inner]
    count = corners * len(radii)
    turns = [2 * math.pi * corner / count for corner in range(count)]
    return [_around(turn, length) for turn, length in zip(turns, cycle(radii), strict=False)]


def _around(turn: float, radius: float) -> tuple[float, float]:
    """Return the point that lies some turn from the top, clockwise."""
    return radius * math.sin(turn), -radius * math.cos(turn)


def _upside_down(points: Points) -> Points:
    return [(x, -y) for x, y in points]


_TRIANGLE: Points = [(-2 / math.sqrt(3), 0.5), (2 / math.sqrt(3), 0.5), (0, -1)]
_BAR, _ARM = 0.4, 1.2
_CROSS: Points = [
    (_ARM, _BAR), (_BAR, _BAR), (_BAR, _ARM), (-_BAR, _ARM), (-_BAR, _BAR), (-_ARM, _BAR),
    (-_ARM, -_BAR), (-_BAR, -_BAR), (-_BAR, -_ARM), (_BAR, -_ARM), (_BAR, -_BAR), (_ARM, -_BAR),
]  # fmt: skip
POLYGONS: dict[str, Points] = {
    "square": [(-1, -1), (1, -1), (1, 1), (-1, 1)],
    "diamond": [(1.3, 0), (0, 1.3), (-1.3, 0), (0, -1.3)],
    "diamond-tall": [(0, 1.4), (0.7, 0), (0, -1.4), (-0.7, 0)],
    "triangle-up": _TRIANGLE,
    "triangle-down": _upside_down(_TRIANGLE),
    "triangle-left": [(0.5, -2 / math.sqrt(3)), (0.5, 2 / math.sqrt(3)), (-1, 0)],
    "triangle-right": [(-0.5, -2 / math.sqrt(3)), (-0.5, 2 / math.sqrt(3)), (1, 0)],
    "pentagon": _turned(5),
    "hexagon": _turned(6),
    "star": _turned(5, 1.4, inner=0.382),
    "cross": _CROSS,
}
"""Corners of each symbol, in half sizes of the marker."""
DISCS = frozenset({"circle", "circle-dot"})
STROKES: dict[str, list[tuple[float, float, float, float]]] = {
    "x-thin": [(1, 1, -1, -1), (1, -1, -1, 1)],
    "line-ns": [(0, 1.4, 0, -1.4)],
    "line-ew": [(1.4, 0, -1.4, 0)],
}
"""Symbols that are lines only, drawn with the marker's line."""


def mark(symbol: str, x: float, y: float, marker: Props) -> Element:
    """Return the shape of a point.

    Parameters
    ----------
    symbol
        As Plotly names it; ``-open`` leaves it empty, ``circle-dot`` has a point in its middle.
    x, y
        Its middle, in pixels from the upper left corner of the drawing.
    marker
        ``size`` (its width in pixels), ``color`` of its inside, and ``line`` (``color`` and ``width``) around it.

    Raises
    ------
    ValueError
        For a symbol that is not drawn.
    """
    name, half = symbol.removesuffix("-open"), marker["size"] / 2
    if name in STROKES:
        return _strokes(name, x, y, half, marker)
    look = _look(marker, is_open=symbol.endswith("-open"))
    if name not in DISCS:
        return _polygon(name, x, y, half, look)
    disc = _disc(x, y, half, look)
    if name == "circle":
        return disc
    radius = max(half / 4, 1)
    dot = _disc(x, y, radius, {"fill": look.get("stroke", "#ffffff")})
    return h("g", disc, dot)


def _look(marker: Props, *, is_open: bool) -> dict[str, str]:
    """Return the colours of a marker's inside and of the line around it; an open one has a line only."""
    line = {"color": "#ffffff", "width": 0, **marker.get("line", {})}
    colour, width = marker["color"], line["width"]
    if is_open:
        return {"fill": "none"} | _outline(colour, width or 1)
    look = paint("fill", colour)
    if width:
        look |= _outline(line["color"], width)
    return look


def _strokes(name: str, x: float, y: float, half: float, marker: Props) -> Element:
    line = {"color": marker["color"], "width": 0} | marker.get("line", {})
    strokes = []
    for x_start, y_start, x_end, y_end in STROKES[name]:
        start = f"{px(x + half * x_start)} {px(y + half * y_start)}"
        end = f"{px(x + half * x_end)} {px(y + half * y_end)}"
        strokes.append(f"M{start}L{end}")
    return h("path", d="".join(strokes), fill="none", **_outline(line["color"], line["width"] or 1))


def _disc(x: float, y: float, radius: float, look: Props) -> Element:
    return h("circle", cx=px(x), cy=px(y), r=px(radius), **look)


def _polygon(name: str, x: float, y: float, half: float, look: Props) -> Element:
    if name not in POLYGONS:
        raise ValueError(f"a drawing has no marker.symbol '{name}'")
    corners = [f"{px(x + half * right)},{px(y + half * down)}" for right, down in POLYGONS[name]]
    return h("polygon", points=" ".join(corners), **look)


def _outline(colour: str, width: float) -> dict[str, str]:
    return paint("stroke", colour) | {"stroke_width": px(width)}
