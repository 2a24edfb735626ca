"""The shapes of points, in the proportions that Plotly gives them."""

from __future__ import annotations

import math

from impact.drawing.markup import Element, h
from impact.drawing.svg.parts import Props, paint, px

Points = list[tuple[float, float]]


def _turned(corners: int, radius: float = 1.0, *, inner: float | None = None) -> Points:
    """Return the corners of a regular polygon, the first on top; of a star, where there is an inner radius."""
    radii = [radius] if inner is None else [radius, radius * inner]
    count = corners * len(radii)
    return [
        (radii[corner % len(radii)] * math.sin(turn), -radii[corner % len(radii)] * math.cos(turn))
        for corner in range(count)
        for turn in [2 * math.pi * corner / count]
    ]


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
    line = {"color": marker["color"] if name in STROKES else "#ffffff", "width": 0} | marker.get("line", {})
    if name in STROKES:
        ends = [(x + half * x1, y + half * y1, x + half * x2, y + half * y2) for x1, y1, x2, y2 in STROKES[name]]
        path = "".join(f"M{px(x1)} {px(y1)}L{px(x2)} {px(y2)}" for x1, y1, x2, y2 in ends)
        return h("path", d=path, fill="none", **_outline(line["color"], line["width"] or 1))
    if symbol.endswith("-open"):
        look = {"fill": "none"} | _outline(marker["color"], line["width"] or 1)
    else:
        look = paint("fill", marker["color"]) | (_outline(line["color"], line["width"]) if line["width"] else {})
    return _body(name, x, y, half, look)


def _body(name: str, x: float, y: float, half: float, look: Props) -> Element:
    if name in ("circle", "circle-dot"):
        disc = h("circle", cx=px(x), cy=px(y), r=px(half), **look)
        dot = h("circle", cx=px(x), cy=px(y), r=px(max(half / 4, 1)), fill=look.get("stroke", "#ffffff"))
        return h("g", disc, dot) if name == "circle-dot" else disc
    if name not in POLYGONS:
        raise ValueError(f"a drawing has no marker.symbol '{name}'")
    corners = " ".join(f"{px(x + half * right)},{px(y + half * down)}" for right, down in POLYGONS[name])
    return h("polygon", points=corners, **look)


def _outline(colour: str, width: float) -> dict[str, str]:
    return paint("stroke", colour) | {"stroke_width": px(width)}
