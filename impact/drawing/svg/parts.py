"""What a drawing may hold, and its smallest pieces: numbers, paint, dashes.

:data:`TRACES`, :data:`LAYOUT` and :data:`AXIS` name every property that is drawn. A figure with another is refused, so
that nothing of a figure is left out without a word.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from numbers import Real
from typing import Any

Props = Mapping[str, Any]
"""Properties of a piece of a figure, as Plotly names them."""
ANY = object()
"""A property whose value the code that draws it reads whole."""
UNSEEN = dict.fromkeys(("hoverinfo", "hovertemplate", "hoverlabel", "customdata", "meta", "uid"), ANY)
"""Properties that answer a pointer; a printed figure has none."""
FONT = {"size": Real, "color": str, "weight": ANY}
LINE = {"color": str, "width": Real, "dash": str}
BARS = {
    "type": ("data",),
    "array": ANY,
    "arrayminus": ANY,
    "symmetric": bool,
    "visible": bool,
    "thickness": Real,
    "width": Real,
    "color": str,
}
MARKER = {"symbol": str, "size": Real, "color": str, "opacity": Real, "line": {"color": str, "width": Real}}
_NAMED = {"name": str, "legendgroup": str, "legendrank": Real, "showlegend": bool, "xaxis": str, "yaxis": str}
TRACES: dict[str, dict[str, Any]] = {
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
TRACES = {
    kind: own | _NAMED | UNSEEN | {"type": (kind,), "x": ANY, "y": ANY, "opacity": Real} for kind, own in TRACES.items()
}
AXIS: dict[str, Any] = {
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
NOTE = {
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
SHAPE = {
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
LAYOUT: dict[str, Any] = {
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


def check(given: Props, drawn: Props, where: str) -> None:
    """Refuse what would not be drawn.

    Raises
    ------
    ValueError
        Names the first property, or value of one, that is not drawn.
    """
    for name, value in given.items():
        if name not in drawn:
            raise ValueError(f"a drawing has no {where}.{name}")
        _check_value(value, drawn[name], f"{where}.{name}")


def _check_value(value: Any, drawn: Any, where: str) -> None:
    if isinstance(drawn, Mapping):
        check(value, drawn, where)
    elif isinstance(drawn, tuple) and value not in drawn:
        raise ValueError(f"a drawing has no {where} '{value}'; it has {', '.join(map(repr, drawn))}")
    elif isinstance(drawn, type) and not isinstance(value, drawn):
        raise ValueError(f"a drawing has one {drawn.__name__} for {where}, not {value!r}")


def merged(below: Props, above: Props) -> dict[str, Any]:
    """Return two layers of properties as one, the upper over the lower."""
    both = {
        name: merged(below.get(name, {}), value) if isinstance(value, Mapping) else value
        for name, value in above.items()
    }
    return {**below, **both}


def px(value: float) -> str:
    """Write a length to a hundredth of a pixel."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def paint(part: str, colour: str) -> dict[str, str]:
    """Return the attributes of a colour for ``fill`` or ``stroke``; what shines through has its opacity beside it."""
    channels = re.fullmatch(r"rgba\((\d+), ?(\d+), ?(\d+), ?([\d.]+)\)", colour)
    if channels is None:
        return {part: colour}
    return {part: f"rgb({channels[1]},{channels[2]},{channels[3]})", f"{part}_opacity": channels[4]}


def stroke(colour: str, width: float, dash: str = "solid") -> dict[str, str]:
    """Return the attributes of a line.

    Raises
    ------
    ValueError
        For a dash that no drawing has.
    """
    if dash != "solid" and dash not in DASHES:
        raise ValueError(f"a drawing has no line.dash '{dash}'")
    lengths = [px(length * max(width, LEAST_DASH)) for length in DASHES.get(dash, ())]
    dashes = {"stroke_dasharray": " ".join(lengths)} if lengths else {}
    return paint("stroke", colour) | {"stroke_width": px(width)} | dashes
