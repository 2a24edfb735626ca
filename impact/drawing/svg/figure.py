"""A Plotly figure as SVG, written without a browser: what pages show first, what the report and `.svg` files hold.

It draws the part of Plotly that the figures here use, by Plotly's rules: an axis maps its range onto its domain, ticks
and text are those given, and where none are given those that Plotly chooses. What it does not draw it refuses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import plotly.graph_objects as go

from impact.drawing.markup import Element, h
from impact.drawing.svg.axes import Axis, axis_of, draw_grid, draw_labels, label_room
from impact.drawing.svg.notes import (
    Entry,
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
AXIS_NAME = re.compile(r"[xy]axis\d*")


@dataclass(frozen=True)
class _Parts:
    """A figure read: its traces, its layout without them, its axes by name, annotations and shapes."""

    traces: list[Props]
    layout: Props
    axes: dict[str, Axis]
    notes: list[Props]
    shapes: list[Props]


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
    parts = _read(figure)
    height = parts.layout.get("height", 450)
    font = {"size": 12, "color": "#444444", "family": "sans-serif", **parts.layout.get("font", {})}
    body, picture = _drawn(parts, format_number, width, height, font)
    box = f"0 0 {px(picture)} {px(height)}"
    look = {"font_family": font["family"], "font_size": px(font["size"]), "fill": font["color"]}
    return h("svg", h("title", title), body, class_="figure", role="img", viewBox=box, **look)


def _read(figure: go.Figure) -> _Parts:
    """Read a figure, refuse what is not drawn, lay its own layout over its template's."""
    stated = figure.layout.to_plotly_json()
    template = stated.pop("template", {})
    trace_looks = template.get("data", {})
    if any(trace_looks.values()):
        raise ValueError("a drawing has no template that gives looks to traces")
    notes = list(stated.pop("annotations", ()))
    shapes = list(stated.pop("shapes", ()))
    defaults = template.get("layout", {})
    layout = merged(_without_axes(defaults), _without_axes(stated))
    _check(layout, notes, shapes)
    traces = [_trace(trace, number, layout) for number, trace in enumerate(figure.data)]
    axes = _axes(_axis_props(stated, defaults), traces)
    return _Parts(traces, layout, axes, notes, shapes)


def _without_axes(layout: Props) -> Props:
    return {name: value for name, value in layout.items() if not AXIS_NAME.fullmatch(name)}


def _axis_props(layout: Props, defaults: Props) -> dict[str, Props]:
    """Return the properties of every axis, over those that the template gives to all axes of its letter."""
    stated = [name for name in layout if AXIS_NAME.fullmatch(name)]
    names = dict.fromkeys(["xaxis", "yaxis", *stated])
    return {name: merged(defaults.get(name[:5], {}), layout.get(name, {})) for name in names}


def _check(layout: Props, notes: Sequence[Props], shapes: Sequence[Props]) -> None:
    check(layout, LAYOUT, "layout")
    if 0 < layout.get("legend", {}).get("y", 1.0) < 1:
        raise ValueError("a drawing has no legend within its plot")
    for note in notes:
        check(note, NOTE, "annotation")
    for shape in shapes:
        check(shape, SHAPE, "shape")


def _trace(trace: Any, number: int, layout: Props) -> Props:
    """Return the properties of a trace, with what it says nothing about."""
    properties = trace.to_plotly_json()
    kind = properties["type"]
    if kind not in TRACES:
        raise ValueError(f"a drawing has no trace of type '{kind}'")
    check(properties, TRACES[kind], kind)
    colours = layout.get("colorway") or ["#444444"]
    colour = colours[number % len(colours)]
    look = {"colour": colour, "bargap": layout.get("bargap", 0.2)}
    return {**look, "name": f"trace {number}", "xaxis": "x", "yaxis": "y", **properties}


def _axes(axis_props: Mapping[str, Props], traces: Sequence[Props]) -> dict[str, Axis]:
    axes = {}
    for name, props in axis_props.items():
        check(props, AXIS, name)
        letter = name[0]
        reference = name.replace("axis", "")
        on_axis = [trace for trace in traces if trace[f"{letter}axis"] == reference]
        axes[reference] = _axis(letter, props, on_axis)
    return axes


def _axis(letter: str, props: Props, traces: Sequence[Props]) -> Axis:
    """Return the axis of some traces; one that bars grow along holds zero, one that they stand on has no grid."""
    bars = [trace for trace in traces if trace["type"] == "bar"]
    if len(bars) > 1:
        raise ValueError("a drawing has no two bar traces on one axis")
    is_length = any((trace.get("orientation") == "h") == (letter == "x") for trace in bars)
    values = [value for trace in traces for value in reach(trace, letter)]
    has_grid = is_length or not bars
    return axis_of(letter, {"showgrid": has_grid, **props}, values, from_zero=is_length)


def _drawn(
    parts: _Parts, format_number: FormatNumber, width: float, height: float, font: Props
) -> tuple[list[Element], float]:
    """Return all of a drawing, and how wide it became."""
    margin = MARGIN | parts.layout.get("margin", {})
    legend = _legend(parts, width - margin["l"] - margin["r"], font)
    plot = _plot(parts, format_number, (width, height), margin, legend)
    paper = h("rect", width=px(plot.picture), height=px(height), fill=parts.layout.get("paper_bgcolor", "#ffffff"))
    notes = [draw_note(note, plot, font) for note in parts.notes]
    top = plot.top - legend.height if legend.is_on_top else _foot(plot, format_number)
    entries = draw_legend(legend.rows, margin["l"], top, legend.font)
    body = [paper, *_layers(parts, plot, format_number), h("g", notes, class_="notes")]
    return [*body, h("g", entries, class_="legend")], plot.picture


class _Legend(NamedTuple):
    """The legend: its rows, their font, and whether they stand above the plot."""

    rows: list[list[Entry]]
    font: Props
    is_on_top: bool

    @property
    def height(self) -> float:
        """How much room it takes, in pixels."""
        return legend_height(self.rows)


def _legend(parts: _Parts, width: float, font: Props) -> _Legend:
    """Return the legend in rows that are no longer than a width."""
    props = parts.layout.get("legend", {})
    small = {"size": font["size"], "color": font["color"], **props.get("font", {})}
    is_shown = parts.layout.get("showlegend", len(parts.traces) > 1)
    traces = legend_traces(parts.traces, shown=is_shown)
    return _Legend(legend_rows(traces, width, small["size"]), small, props.get("y", 1.0) >= 1)


def _other(axis: Axis, axes: Mapping[str, Axis]) -> Axis:
    across = "y" if axis.letter == "x" else "x"
    name = axis.props.get("anchor", across)
    if name not in axes:
        raise ValueError(f"a drawing has no axis with anchor '{name}'")
    return axes[name]


def _lowest(axes: Mapping[str, Axis], letter: str) -> list[Axis]:
    """Return the axes of a letter whose words stand at the edge of the plot."""
    of_letter = [axis for axis in axes.values() if axis.letter == letter]
    crossed = [(axis, _other(axis, axes)) for axis in of_letter]
    return [axis for axis, other in crossed if _starts_at_edge(other)]


def _starts_at_edge(axis: Axis) -> bool:
    first, _ = axis.props.get("domain", (0.0, 1.0))
    return bool(first == 0)


def _plot(
    parts: _Parts,
    format_number: FormatNumber,
    size: tuple[float, float],
    margin: Mapping[str, float],
    legend: _Legend,
) -> Plot:
    """Return the plot within its margins, which grow where words need more room.

    Parameters
    ----------
    parts
        The figure as it was read: its axes need room for their words.
    format_number
        Writes the numbers at the ticks, whose length needs room.
    size
        Width and height of the drawing.
    margin
        Pixels that the figure leaves free on each side at least, by Plotly's letters.
    legend
        Needs room above or below the plot.
    """
    width, height = size
    tick_rooms = [label_room(axis.within(0, width), format_number) for axis in _lowest(parts.axes, "x")]
    above, below = (legend.height, 0.0) if legend.is_on_top else (0.0, legend.height)
    top = max(margin["t"], above + 4 if legend.is_on_top else 0)
    bottom = height - max(margin["b"], max(tick_rooms, default=0.0) + below + 4)
    if bottom - top < NARROWEST:
        raise ValueError(f"a drawing of {width:g} by {height:g} pixels leaves no room for its plot")
    beside = [label_room(axis.within(bottom, top), format_number) for axis in _lowest(parts.axes, "y")]
    start = max(margin["l"], *beside, 0)
    end = max(width - margin["r"], start + NARROWEST)
    lengths = {"x": (start, end), "y": (bottom, top)}
    axes = {name: axis.within(*lengths[axis.letter]) for name, axis in parts.axes.items()}
    return Plot(start, end, top, bottom, axes, picture=end + margin["r"])


def _foot(plot: Plot, format_number: FormatNumber) -> float:
    """Return where the words below the plot end."""
    axes = _lowest(plot.axes, "x")
    rooms = [label_room(axis, format_number) for axis in axes]
    return plot.bottom + max(rooms, default=0.0)


def _layers(parts: _Parts, plot: Plot, format_number: FormatNumber) -> Iterator[Element]:
    """Yield what is drawn, from the bottom up, in Plotly's order."""
    names = {trace[f"{letter}axis"] for trace in parts.traces for letter in "xy"}
    pairs = [(axis, _other(axis, plot.axes)) for name, axis in plot.axes.items() if name in names]
    grid = [draw_grid(axis, other, format_number) for axis, other in pairs]
    labels = [draw_labels(axis, other, format_number, plot.picture) for axis, other in pairs]
    yield h("g", _shapes(parts, plot, is_below=True), class_="below")
    yield h("g", grid, class_="grid")
    yield h("g", _traces(parts.traces, plot), class_="traces")
    yield h("g", _shapes(parts, plot, is_below=False), class_="above")
    yield h("g", labels, class_="axes")


def _shapes(parts: _Parts, plot: Plot, *, is_below: bool) -> list[Element]:
    """Return the shapes that lie below the traces, or those above."""
    below = [shape for shape in parts.shapes if shape.get("layer") == "below"]
    above = [shape for shape in parts.shapes if shape.get("layer") != "below"]
    in_layer = below if is_below else above
    return [draw_shape(shape, plot) for shape in in_layer]


def _traces(traces: Sequence[Props], plot: Plot) -> list[Element]:
    """Return the traces in order; each knows the points of the last one on its axes."""
    last_spots: dict[tuple[str, str], list[Spot | None]] = {}
    elements = []
    for trace in traces:
        pair = trace["xaxis"], trace["yaxis"]
        x, y = (plot.axes[name] for name in pair)
        previous = last_spots.get(pair, [])
        element = draw_trace(trace, x, y, previous, plot.picture)
        elements.append(element)
        last_spots[pair] = spots(trace, x, y)
    return elements
