"""A Plotly figure as SVG, written without a browser: what pages show first, what the report and `.svg` files hold.

It draws the part of Plotly that the figures here use, by Plotly's rules: an axis maps its range onto its domain, ticks
and text are those given, and where none are given those that Plotly chooses. What it does not draw it refuses.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from impact.drawing.markup import Element, h
from impact.drawing.svg.axes import Axis, axis_of, draw_grid, draw_labels, label_room
from impact.drawing.svg.notes import (
    Plot,
    draw_legend,
    draw_note,
    draw_shape,
    legend_height,
    legend_rows,
    legend_traces,
)
from impact.drawing.svg.numbers import FormatNumber
from impact.drawing.svg.parts import AXIS, LAYOUT, NOTE, SHAPE, TRACES, Props, check, merged, px
from impact.drawing.svg.traces import Spot, draw_trace, reach, spots

MARGIN = {"l": 80, "r": 80, "t": 100, "b": 80}
NARROWEST = 40
"""Pixels that are left for a plot at least."""


@dataclass(frozen=True)
class _Parts:
    """A figure read: its traces, its layout without them, its axes by name, annotations and shapes."""

    traces: list[dict[str, Any]]
    layout: dict[str, Any]
    axes: dict[str, Axis]
    notes: list[dict[str, Any]]
    shapes: list[dict[str, Any]]


def figure_svg(figure: go.Figure, *, title: str, format_number: FormatNumber, width: int = 860) -> Element:
    """Return a figure as an SVG element.

    Parameters
    ----------
    figure
        Of scatter and bar traces on cartesian axes; its template gives looks, not traces.
    title
        What it shows, in words, for those who do not see it.
    format_number
        Writes the numbers on axes as the reader's language does.
    width
        In pixels; more where the words beside the plot leave no room for it. The height is that of the figure.

    Raises
    ------
    ValueError
        Names what the figure holds and a drawing does not.

    Examples
    --------
    >>> from impact.drawing.markup import to_html
    >>> figure = go.Figure(go.Scatter(x=[0, 1], y=[2, 3])).update_layout(template=None, height=300)
    >>> to_html(figure_svg(figure, title="Rise", format_number=lambda size, pattern: f"{size:g}"))[:74]
    '<svg class="figure" role="img" viewBox="0 0 860 300" font-family="sans-ser'
    """
    pieces = _read(figure)
    height, font = pieces.layout.get("height", 450), {"size": 12, "color": "#444444"} | pieces.layout.get("font", {})
    look = {"font_family": font.get("family", "sans-serif"), "font_size": px(font["size"]), "fill": font["color"]}
    body, wide = _drawn(pieces, format_number, width, height, font)
    box = f"0 0 {px(wide)} {px(height)}"
    return h("svg", h("title", title), body, class_="figure", role="img", viewBox=box, **look)


def _read(figure: go.Figure) -> _Parts:
    """Read a figure, refuse what is not drawn, lay its own layout over its template's."""
    layout_json = figure.layout.to_plotly_json()
    template = layout_json.pop("template", {})
    if any(template.get("data", {}).values()):
        raise ValueError("a drawing has no template that gives looks to traces")
    template_layout = template.get("layout", {})
    notes, shapes = list(layout_json.pop("annotations", ())), list(layout_json.pop("shapes", ()))
    layout = merged(
        {name: value for name, value in template_layout.items() if name not in ("xaxis", "yaxis")}, layout_json
    )
    axis_props = {name: layout.pop(name) for name in [*layout] if re.fullmatch(r"[xy]axis\d*", name)}
    _check(layout, notes, shapes)
    colours = layout.get("colorway") or ["#444444"]
    traces = [_trace(trace, number, colours, layout) for number, trace in enumerate(figure.data)]
    names = dict.fromkeys(["xaxis", "yaxis", *axis_props])
    props = {name: merged(template_layout.get(name[:5], {}), axis_props.get(name, {})) for name in names}
    return _Parts(traces, layout, _axes(props, traces), notes, shapes)


def _check(layout: Props, notes: Sequence[Props], shapes: Sequence[Props]) -> None:
    check(layout, LAYOUT, "layout")
    if 0 < layout.get("legend", {}).get("y", 1.0) < 1:
        raise ValueError("a drawing has no legend within its plot")
    for note in notes:
        check(note, NOTE, "annotation")
    for shape in shapes:
        check(shape, SHAPE, "shape")


def _trace(trace: Any, number: int, colours: Sequence[str], layout: Props) -> dict[str, Any]:
    properties = trace.to_plotly_json()
    kind = properties["type"]
    if kind not in TRACES:
        raise ValueError(f"a drawing has no trace of type '{kind}'")
    check(properties, TRACES[kind], kind)
    common = {"colour": colours[number % len(colours)], "bargap": layout.get("bargap", 0.2), "name": f"trace {number}"}
    return {**common, "xaxis": "x", "yaxis": "y", **properties}


def _axes(props: Mapping[str, Props], traces: Sequence[Props]) -> dict[str, Axis]:
    axes = {}
    for name, axis_json in props.items():
        check(axis_json, AXIS, name)
        short, letter = name.replace("axis", ""), name[0]
        on_axis = [trace for trace in traces if trace[f"{letter}axis"] == short]
        bars = [trace for trace in on_axis if trace["type"] == "bar"]
        if len(bars) > 1:
            raise ValueError("a drawing has no two bar traces on one axis")
        long = any((trace.get("orientation") == "h") == (letter == "x") for trace in bars)
        values = [value for trace in on_axis for value in reach(trace, letter)]
        axes[short] = axis_of(letter, {"showgrid": long or not bars} | dict(axis_json), values, from_zero=long)
    return axes


def _drawn(
    pieces: _Parts, format_number: FormatNumber, width: float, height: float, font: Props
) -> tuple[list[Element], float]:
    """Return all of a drawing, and how wide it became."""
    margin = MARGIN | pieces.layout.get("margin", {})
    legend = {"y": 1.0} | pieces.layout.get("legend", {})
    small = {"size": font["size"], "color": font["color"]} | legend.get("font", {})
    has_legend = pieces.layout.get("showlegend", len(pieces.traces) > 1)
    rows = legend_rows(legend_traces(pieces.traces, shown=has_legend), width - margin["l"] - margin["r"], small["size"])
    plot = _plot(pieces, format_number, (width, height), margin, (legend_height(rows, small["size"]), legend["y"] >= 1))
    wide = plot.right + margin["r"]
    top = plot.top - legend_height(rows, small["size"]) if legend["y"] >= 1 else _foot(plot, format_number)
    paper = h("rect", width=px(wide), height=px(height), fill=pieces.layout.get("paper_bgcolor", "#ffffff"))
    body = [
        paper,
        *_layers(pieces, plot, format_number, wide),
        h("g", [draw_note(note, plot, font) for note in pieces.notes], class_="notes"),
        h("g", draw_legend(rows, margin["l"], top, small), class_="legend"),
    ]
    return body, wide


def _other(axis: Axis, axes: Mapping[str, Axis]) -> Axis:
    name = axis.props.get("anchor", "y" if axis.letter == "x" else "x")
    if name not in axes:
        raise ValueError(f"a drawing has no axis with anchor '{name}'")
    return axes[name]


def _lowest(axes: Mapping[str, Axis], letter: str) -> list[Axis]:
    """Return the axes of a letter whose words stand at the edge of the plot."""
    return [
        axis
        for axis in axes.values()
        if axis.letter == letter and _other(axis, axes).props.get("domain", (0.0, 1.0))[0] == 0
    ]


def _plot(
    pieces: _Parts,
    format_number: FormatNumber,
    size: tuple[float, float],
    margin: Mapping[str, float],
    legend: tuple[float, bool],
) -> Plot:
    """Return the plot within its margins, which grow where words need more room.

    Parameters
    ----------
    parts
        Of the figure.
    format_number
        Writes the numbers at the ticks, whose length needs room.
    size
        Width and height of the drawing.
    margin
        Of the figure.
    legend
        Height of the legend, and whether it stands above the plot.
    """
    (width, height), (extra, on_top) = size, legend
    tick_room = max(
        (label_room(axis.within(0, width), format_number) for axis in _lowest(pieces.axes, "x")), default=0.0
    )
    top = max(margin["t"], extra + 4 if on_top else 0)
    bottom = height - max(margin["b"], tick_room + (0 if on_top else extra) + 4)
    beside = [label_room(axis.within(bottom, top), format_number) for axis in _lowest(pieces.axes, "y")]
    start = max(margin["l"], *beside, 0)
    end = max(width - margin["r"], start + NARROWEST)
    if bottom - top < NARROWEST:
        raise ValueError(f"a drawing of {width:g} by {height:g} pixels leaves no room for its plot")
    axes = {
        name: axis.within(start, end) if axis.letter == "x" else axis.within(bottom, top)
        for name, axis in pieces.axes.items()
    }
    return Plot(start, end, top, bottom, axes)


def _foot(plot: Plot, format_number: FormatNumber) -> float:
    """Return where the words below the plot end."""
    return plot.bottom + max((label_room(axis, format_number) for axis in _lowest(plot.axes, "x")), default=0.0)


def _layers(pieces: _Parts, plot: Plot, format_number: FormatNumber, width: float) -> list[Element]:
    """Return what is drawn, from the bottom up, in Plotly's order."""
    axes, used = plot.axes, {trace[f"{letter}axis"] for trace in pieces.traces for letter in "xy"}
    pairs = [(axis, _other(axis, axes)) for name, axis in axes.items() if name in used]
    under = [shape for shape in pieces.shapes if shape.get("layer") == "below"]
    over = [shape for shape in pieces.shapes if shape.get("layer") != "below"]
    return [
        h("g", [draw_shape(shape, plot) for shape in under], class_="below"),
        h("g", [draw_grid(axis, crossing, format_number) for axis, crossing in pairs], class_="grid"),
        h("g", _traces(pieces.traces, axes), class_="traces"),
        h("g", [draw_shape(shape, plot) for shape in over], class_="above"),
        h("g", [draw_labels(axis, crossing, format_number, width) for axis, crossing in pairs], class_="axes"),
    ]


def _traces(traces: Sequence[Props], axes: Mapping[str, Axis]) -> list[Element]:
    last_spots: dict[tuple[str, str], list[Spot | None]] = {}
    drawn = []
    for trace in traces:
        pair = trace["xaxis"], trace["yaxis"]
        x, y = axes[pair[0]], axes[pair[1]]
        drawn.append(draw_trace(trace, x, y, last_spots.get(pair, [])))
        last_spots[pair] = spots(trace, x, y)
    return drawn
