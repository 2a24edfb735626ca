"""What stands over the traces of a drawing: lines and boxes, notes, the legend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from impact.drawing.markup import Element, h
from impact.drawing.svg.axes import Axis
from impact.drawing.svg.marks import mark
from impact.drawing.svg.parts import Props, paint, px, stroke
from impact.drawing.svg.text import block_size, inside, label, wrapped
from impact.drawing.svg.traces import bar_colour, line_of, marker_of, modes

SAMPLE, NAME, BETWEEN, ABOVE = 26, 32, 16, 8
"""Pixels of a trace's sample in the legend, from its start to the name, between two entries, above the first row."""
ENDS = {"left": "start", "center": "middle", "right": "end"}
LEVELS = {"top": 0.0, "middle": 0.5, "bottom": 1.0}


@dataclass(frozen=True)
class Plot:
    """The plot within its picture.

    Parameters
    ----------
    start, end, top, bottom
        Its four sides, in pixels.
    axes
        By the names that traces refer to them by, such as ``x2``; each already lies on its pixels.
    picture
        Width of the whole picture, which no text leaves.
    """

    start: float
    end: float
    top: float
    bottom: float
    axes: Mapping[str, Axis]
    picture: float

    def place(self, letter: str, ref: str, value: Any) -> float:
        """Return the pixel of a value of an axis, of a part of its length, or of a part of the whole plot.

        Raises
        ------
        ValueError
            If there is no such axis.
        """
        name, _, domain = ref.partition(" ")
        if name == "paper":
            sides = (self.start, self.end) if letter == "x" else (self.bottom, self.top)
            return _part_way(*sides, float(value))
        if name not in self.axes or domain not in ("", "domain"):
            raise ValueError(f"a drawing has no {letter}ref '{ref}'")
        axis = self.axes[name]
        if domain:
            return _part_way(axis.start, axis.end, float(value))
        return axis.place(value)


def _part_way(start: float, end: float, share: float) -> float:
    return start + share * (end - start)


def draw_shape(shape: Props, plot: Plot) -> Element:
    """Return a line or a box."""
    x1, x2 = (plot.place("x", shape.get("xref", "x"), shape[end]) for end in ("x0", "x1"))
    y1, y2 = (plot.place("y", shape.get("yref", "y"), shape[end]) for end in ("y0", "y1"))
    look = {"opacity": shape.get("opacity"), "class_": "shape"}
    if shape["type"] == "line":
        return h("line", x1=px(x1), x2=px(x2), y1=px(y1), y2=px(y2), **_pen(shape), **look)
    filling = paint("fill", shape["fillcolor"]) if "fillcolor" in shape else {"fill": "none"}
    corner = {"x": px(min(x1, x2)), "y": px(min(y1, y2))}
    size = {"width": px(abs(x2 - x1)), "height": px(abs(y2 - y1))}
    return h("rect", **corner, **size, **filling, **_pen(shape), **look)


def _pen(shape: Props) -> dict[str, str]:
    """Return the look of a shape's line; nothing where it has no width."""
    line = {"color": "#444444", "width": 2, "dash": "solid"} | shape.get("line", {})
    return stroke(line["color"], line["width"], line["dash"]) if line["width"] else {}


def draw_note(note: Props, plot: Plot, font: Props) -> Element:
    """Return an annotation: a text at a place, moved inside where it would leave the picture.

    Raises
    ------
    ValueError
        For one with an arrow, which is what Plotly draws unless told otherwise, or with lines aligned against its side.
    """
    if note.get("showarrow", True):
        raise ValueError("a drawing has no arrows: give annotations showarrow=False")
    text, xref, yref = note["text"], note.get("xref", "x"), note.get("yref", "y")
    side = _auto(note.get("xanchor", "auto"), xref, note["x"], ("left", "center", "right"))
    level = _auto(note.get("yanchor", "auto"), yref, note["y"], ("bottom", "middle", "top"))
    if "<br>" in text and note.get("align", "center") != side:
        raise ValueError(f"a drawing has no annotation of several lines with xanchor '{side}' and another align")
    x = plot.place("x", xref, note["x"]) + note.get("xshift", 0)
    y = plot.place("y", yref, note["y"]) - note.get("yshift", 0)
    look = {"size": font["size"], "color": font["color"]} | note.get("font", {})
    width, _ = block_size(text, look["size"])
    x = inside(x, width, ENDS[side], plot.picture)
    return label(text, x, y, look, across=ENDS[side], up=LEVELS[level], class_="note")


def _auto(anchor: str, ref: str, value: Any, ends: tuple[str, str, str]) -> str:
    """Return the anchor that Plotly chooses: the near third of the plot, or the middle for a place on an axis."""
    if anchor != "auto":
        return anchor
    first, middle, last = ends
    is_part_of_plot = ref == "paper" or ref.endswith("domain")
    if is_part_of_plot and value < 1 / 3:
        return first
    if is_part_of_plot and value > 2 / 3:
        return last
    return middle


def legend_traces(traces: Sequence[Props], *, shown: bool) -> list[Props]:
    """Return the traces that the legend names, in its order."""
    if not shown:
        return []
    listed = [trace for trace in traces if trace.get("showlegend", True)]
    return sorted(listed, key=_rank)


def _rank(trace: Props) -> float:
    return float(trace.get("legendrank", 1000))


@dataclass(frozen=True)
class Entry:
    """A trace in the legend: its name, broken into lines where it is long, and the pixels that it takes."""

    trace: Props
    name: str
    width: float
    height: float


def legend_rows(traces: Sequence[Props], width: float, size: float) -> list[list[Entry]]:
    """Return the entries of a legend in rows that are no longer than a width."""
    rows: list[list[Entry]] = []
    used = 0.0
    for trace in traces:
        entry = _entry(trace, width, size)
        if not rows or used + entry.width > width:
            rows.append([])
            used = 0.0
        rows[-1].append(entry)
        used += entry.width + BETWEEN
    return rows


def _entry(trace: Props, width: float, size: float) -> Entry:
    """Return the entry of a trace, its name broken where it is longer than the legend is wide."""
    name = wrapped(trace["name"], size, width - NAME)
    name_width, name_height = block_size(name, size)
    entry_width, entry_height = NAME + name_width, name_height + 6
    return Entry(trace, name, entry_width, entry_height)


def legend_height(rows: Sequence[Sequence[Entry]]) -> float:
    """Return the height of a legend, with the room above it."""
    return sum(map(_row_height, rows)) + ABOVE if rows else 0.0


def _row_height(row: Sequence[Entry]) -> float:
    return max(entry.height for entry in row)


def draw_legend(rows: Sequence[Sequence[Entry]], left: float, top: float, font: Props) -> list[Element]:
    """Return a legend from its upper left corner on."""
    entries = []
    row_top = top + ABOVE
    for row in rows:
        x, middle = left, row_top + _row_height(row) / 2
        for entry in row:
            name = label(entry.name, x + NAME, middle, font, across="start")
            entries.append(h("g", _sample(entry.trace, x, middle), name, class_="entry"))
            x += entry.width + BETWEEN
        row_top += _row_height(row)
    return entries


def _sample(trace: Props, x: float, y: float) -> list[Element]:
    """Return what a trace looks like, small: its bar, or its filling, line and marker."""
    if trace["type"] == "bar":
        return [_swatch(x + 4, y, 18, bar_colour(trace))]
    elements, drawn = [], modes(trace)
    if trace.get("fill", "none") != "none":
        elements.append(_swatch(x, y, SAMPLE, trace["fillcolor"]))
    if "lines" in drawn:
        elements.append(h("line", x1=px(x), x2=px(x + SAMPLE), y1=px(y), y2=px(y), **line_of(trace)))
    if "markers" in drawn:
        marker = marker_of(trace)
        small = {**marker, "size": min(marker["size"], 12)}
        elements.append(mark(marker["symbol"], x + SAMPLE / 2, y, small))
    return elements


def _swatch(x: float, y: float, width: float, colour: str) -> Element:
    return h("rect", x=px(x), y=px(y - 5), width=width, height=10, **paint("fill", colour))
