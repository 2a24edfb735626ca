"""What a drawing may hold, and its smallest pieces: numbers, paint, dashes.

:data:`TRACES`, :data:`LAYOUT` and :data:`AXIS` name every property that is drawn. A figure with another is refused, so
that nothing of a figure is left out without a word.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from numbers import Real
from typing import Any, TypeAlias

Props = Mapping[str, Any]
"""Properties of a piece of a figure, as Plotly names them."""


class AnyValue:
    """Stands for whatever value a property has: the code that draws it reads it whole."""


ANY = AnyValue()
Allowed: TypeAlias = "type | tuple[str | bool, ...] | AnyValue | Mapping[str, Allowed]"
"""What a property may be: of a type, one of some values, anything, or a group of properties."""
Vocabulary = dict[str, Allowed]
"""The properties of a piece of a figure that are drawn."""
UNSEEN: Vocabulary = dict.fromkeys(("hoverinfo", "hovertemplate", "hoverlabel", "customdata", "meta", "uid"), ANY)
"""Properties that answer a pointer; a printed figure has none."""
FONT: Vocabulary = {"size": Real, "color": str, "weight": ANY}
LINE: Vocabulary = {"color": str, "width": Real, "dash": str}
BARS: Vocabulary = {
    "type": ("data",),
    "array": ANY,
    "arrayminus": ANY,
    "symmetric": bool,
    "visible": bool,
    "thickness": Real,
    "width": Real,
    "color": str,
}
MARKER: Vocabulary = {"symbol": str, "size": Real, "color": str, "opacity": Real, "line": {"color": str, "width": Real}}
_NAMED: Vocabulary = {
    "name": str,
    "legendgroup": str,
    "legendrank": Real,
    "showlegend": bool,
    "xaxis": str,
    "yaxis": str,
}
TRACES: dict[str, Vocabulary] = {
    "scatter": {
        "mode": str,
        "text": ANY,
        "textposition": ANY,
        "textfont": FONT,
        "hovertext": ANY,
        "line": LINE,
        "marker": MARKER,
        "error_x": BARS,
        "error_y": BARS,
        "fill": ("none", "tonexty", "toself"),
        "fillcolor": str,
        "cliponaxis": bool,
    },
    "bar": {"orientation": ("v", "h"), "marker": {"color": str}, "error_x": BARS, "error_y": BARS},
}
for _kind, _vocabulary in TRACES.items():
    _vocabulary |= _NAMED | UNSEEN | {"type": (_kind,), "x": ANY, "y": ANY, "opacity": Real}
AXIS: Vocabulary = {
    "type": ("linear", "category", "-"),
    "range": ANY,
    "domain": ANY,
    "anchor": str,
    "side": ("bottom", "left"),
    "visible": bool,
    "showgrid": bool,
    "gridcolor": str,
    "gridwidth": Real,
    "showline": bool,
    "linecolor": str,
    "linewidth": Real,
    "zeroline": bool,
    "zerolinecolor": str,
    "zerolinewidth": Real,
    "showticklabels": bool,
    "tickmode": ("array", "auto"),
    "tickvals": ANY,
    "ticktext": ANY,
    "tickformat": str,
    "ticksuffix": str,
    "nticks": Real,
    "tickfont": FONT,
    "ticks": ("",),
    "title": {"text": str, "font": FONT, "standoff": Real},
    "automargin": bool,
    "fixedrange": bool,
    "hoverformat": str,
    "separatethousands": (True,),
    "exponentformat": ("none",),
}
NOTE: Vocabulary = {
    "text": str,
    "x": ANY,
    "y": ANY,
    "xref": str,
    "yref": str,
    "xshift": Real,
    "yshift": Real,
    "font": FONT,
    "showarrow": (False,),
    "xanchor": ("auto", "left", "center", "right"),
    "yanchor": ("auto", "top", "middle", "bottom"),
    "align": ("left", "center", "right"),
}
SHAPE: Vocabulary = {
    "x0": ANY,
    "x1": ANY,
    "y0": ANY,
    "y1": ANY,
    "xref": str,
    "yref": str,
    "fillcolor": str,
    "opacity": Real,
    "type": ("line", "rect"),
    "line": LINE,
    "layer": ("above", "below"),
}
LAYOUT: Vocabulary = {
    "height": Real,
    "margin": dict.fromkeys("lrtb", Real),
    "font": FONT | {"family": str},
    "paper_bgcolor": str,
    "plot_bgcolor": str,
    "colorway": ANY,
    "separators": str,
    "showlegend": bool,
    "legend": {"orientation": ("h",), "font": FONT, **dict.fromkeys(("x", "y"), Real)}
    | dict.fromkeys(("xanchor", "yanchor"), str),
    "bargap": Real,
    "hovermode": ANY,
    "dragmode": ANY,
    "hoverlabel": ANY,
}
"""Beside axes, annotations and shapes, which are checked one by one."""
DASHES = {"dash": (3, 3), "dot": (1, 1), "dashdot": (3, 1, 1, 1), "longdash": (5, 5), "longdashdot": (5, 2, 1, 2)}
"""Lengths in widths of the line, which count as three pixels at least: as in Plotly."""
LEAST_DASH = 3


def check(props: Props, vocabulary: Mapping[str, Allowed], where: str) -> None:
    """Refuse what would not be drawn.

    Raises
    ------
    ValueError
        Names the first property, or value of one, that is not drawn.
    """
    for name, value in props.items():
        path = f"{where}.{name}"
        if name not in vocabulary:
            raise ValueError(f"a drawing has no {path}")
        _check_value(value, vocabulary[name], path)


def _check_value(value: Any, allowed: Allowed, path: str) -> None:
    if isinstance(allowed, Mapping):
        check(value, allowed, path)
    elif isinstance(allowed, tuple) and value not in allowed:
        values = ", ".join(map(repr, allowed))
        raise ValueError(f"a drawing has no {path} '{value}'; it has {values}")
    elif isinstance(allowed, type) and not isinstance(value, allowed):
        kind = allowed.__name__
        raise ValueError(f"a drawing has one {kind} for {path}, not {value!r}")


def merged(below: Props, above: Props) -> Props:
    """Return two layers of properties as one, the upper over the lower."""
    layers = dict(below)
    for name, value in above.items():
        is_group = isinstance(value, Mapping)
        layers[name] = merged(below.get(name, {}), value) if is_group else value
    return layers


def px(value: float) -> str:
    """Write a length to a hundredth of a pixel."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def paint(part: str, colour: str) -> dict[str, str]:
    """Return the attributes of a colour for ``fill`` or ``stroke``; what shines through has its opacity beside it."""
    channels = re.fullmatch(r"rgba\((\d+), ?(\d+), ?(\d+), ?([\d.]+)\)", colour)
    if channels is None:
        return {part: colour}
    red, green, blue, opacity = channels.groups()
    opaque = f"rgb({red},{green},{blue})"
    return {part: opaque, f"{part}_opacity": opacity}


def stroke(colour: str, width: float, dash: str = "solid") -> dict[str, str]:
    """Return the attributes of a line.

    Raises
    ------
    ValueError
        For a dash that no drawing has.
    """
    if dash != "solid" and dash not in DASHES:
        raise ValueError(f"a drawing has no line.dash '{dash}'")
    look = paint("stroke", colour) | {"stroke_width": px(width)}
    if dash != "solid":
        unit = max(width, LEAST_DASH)
        lengths = [px(length * unit) for length in DASHES[dash]]
        look["stroke_dasharray"] = " ".join(lengths)
    return look
