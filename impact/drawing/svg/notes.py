"""What stands over the traces of a drawing: lines and boxes, notes, the legend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from impact.drawing.markup import Element, h
from impact.drawing.svg.axes import Axis
from impact.drawing.svg.marks import mark
from impact.drawing.svg.parts import Props, paint, px, stroke
from impact.drawing.svg.text import LEADING, block_size, label
from impact.drawing.svg.traces import line_of, marker_of, modes

SAMPLE, BETWEEN = 26, 16
"""Pixels of the sample of a trace in the legend, and between two entries."""
ENDS = {"left": ("start", 0.0), "center": ("middle", 0.5), "right": ("end", 1.0)}
LEVELS = {"top": 0.0, "middle": 0.5, "bottom": 1.0}


@dataclass(frozen=True)
class Plot:
    """The plot: its four sides in pixels, and its axes by name."""

    left: float
    right: float
    top: float
    bottom: float
    axes: Mapping[str, Axis]

    def place(self, letter: str, ref: str, value: Any) -> float:
        """Return the pixel of a value of an axis, of a part of its length, or of a part of the whole plot.

        Raises
        ------
        ValueError
            If there is no such axis.
        """
        start, end = (self.left, self.right) if letter == "x" else (self.bottom, self.top)
        name, _, domain = ref.partition(" ")
        if name != "paper":
            if name not in self.axes or domain not in ("", "domain"):
                raise ValueError(f"a drawing has no {letter}ref '{ref}'")
            axis = self.axes[name]
            if not domain:
                return axis.place(value)
            start, end = axis.start, axis.end
        return start + float(value) * (end - start)


def draw_shape(shape: Props, plot: Plot) -> Element:
    """Return a line or a box."""
    x1, x2 = (plot.place("x", shape.get("xref", "x"), shape[end]) for end in ("x0", "x1"))
    y1, y2 = (plot.place("y", shape.get("yref", "y"), shape[end]) for end in ("y0", "y1"))
    line = {"color": "#444444", "width": 2, "dash": "solid"} | shape.get("line", {})
    pen = stroke(line["color"], line["width"], line["dash"]) if line["width"] else {}
    look = {**pen, "opacity": shape.get("opacity"), "class_": "shape"}
    if shape["type"] == "line":
        return h("line", x1=px(x1), x2=px(x2), y1=px(y1), y2=px(y2), **look)
    inside = paint("fill", shape["fillcolor"]) if "fillcolor" in shape else {"fill": "none"}
    sides = {"x": px(min(x1, x2)), "y": px(min(y1, y2)), "width": px(abs(x2 - x1)), "height": px(abs(y2 - y1))}
    return h("rect", **sides, **inside, **look)


def draw_note(note: Props, plot: Plot, font: Props) -> Element:
    """Return an annotation: a text at a place.

    Raises
    ------
    ValueError
        For one with an arrow, which is what Plotly draws unless told otherwise, or with lines aligned against its side.
    """
    if note.get("showarrow", True):
        raise ValueError("a drawing has no arrows: give annotations showarrow=False")
    xref, yref = note.get("xref", "x"), note.get("yref", "y")
    across = _auto(note.get("xanchor", "auto"), xref, note["x"], ("left", "center", "right"))
    up = _auto(note.get("yanchor", "auto"), yref, note["y"], ("bottom", "middle", "top"))
    if "<br>" in note["text"] and note.get("align", "center") != across:
        raise ValueError(f"a drawing has no annotation of several lines with xanchor '{across}' and another align")
    x = plot.place("x", xref, note["x"]) + note.get("xshift", 0)
    y = plot.place("y", yref, note["y"]) - note.get("yshift", 0)
    look = {"size": font["size"], "color": font["color"]} | note.get("font", {})
    return label(note["text"], x, y, look, across=ENDS[across][0], up=LEVELS[up], class_="note")


def _auto(anchor: str, ref: str, value: Any, ends: tuple[str, str, str]) -> str:
    """Return the anchor that Plotly chooses: the near third of the plot, or the middle for a place on an axis."""
    if anchor != "auto":
        return anchor
    if ref != "paper" and not ref.endswith("domain"):
        return ends[1]
    return ends[0] if value < 1 / 3 else ends[2] if value > 2 / 3 else ends[1]


def legend_traces(traces: Sequence[Props], *, shown: bool) -> list[Props]:
    """Return the traces that the legend names, in its order."""
    listed = [trace for trace in traces if shown and trace.get("showlegend", True)]
    return sorted(listed, key=lambda trace: trace.get("legendrank", 1000))


def legend_rows(traces: Sequence[Props], width: float, size: float) -> list[list[Props]]:
    """Return the traces of a legend in rows that are no longer than a width."""
    rows: list[list[Props]] = []
    used = 0.0
    for trace in traces:
        long = _entry_width(trace, size)
        if not rows or used + long > width:
            rows.append([])
            used = 0.0
        rows[-1].append(trace)
        used += long + BETWEEN
    return rows


def legend_height(rows: Sequence[Any], size: float) -> float:
    """Return the height of a legend, with the room above it."""
    return len(rows) * _row_height(size) + 8 if rows else 0.0


def _row_height(size: float) -> float:
    return size * LEADING + 6


def _entry_width(trace: Props, size: float) -> float:
    return SAMPLE + 6 + block_size(trace["name"], size)[0]


def draw_legend(rows: Sequence[Sequence[Props]], left: float, top: float, font: Props) -> list[Element]:
    """Return a legend from its upper left corner on."""
    size, entries = font["size"], []
    for number, row in enumerate(rows):
        x, y = left, top + 8 + (number + 0.5) * _row_height(size)
        for trace in row:
            name = label(trace["name"], x + SAMPLE + 6, y, dict(font), across="start")
            entries.append(h("g", _sample(trace, x, y), name, class_="entry"))
            x += _entry_width(trace, size) + BETWEEN
    return entries


def _sample(trace: Props, x: float, y: float) -> list[Element]:
    if trace["type"] == "bar":
        look = paint("fill", trace.get("marker", {}).get("color", trace["colour"]))
        return [h("rect", x=px(x + 4), y=px(y - 5), width=18, height=10, **look)]
    elements, drawn = [], modes(trace)
    if trace.get("fill", "none") != "none":
        elements.append(h("rect", x=px(x), y=px(y - 5), width=SAMPLE, height=10, **paint("fill", trace["fillcolor"])))
    if "lines" in drawn:
        elements.append(h("line", x1=px(x), x2=px(x + SAMPLE), y1=px(y), y2=px(y), **line_of(trace)))
    if "markers" in drawn:
        marker = marker_of(trace)
        elements.append(mark(marker["symbol"], x + SAMPLE / 2, y, marker | {"size": min(marker["size"], 12)}))
    return elements
