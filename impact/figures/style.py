"""How every figure looks: colours that differ for every eye, one font, quiet axes; what Plotly and the SVG share."""

from __future__ import annotations

import functools
import html
from typing import Any

import plotly.graph_objects as go
from babel.numbers import format_decimal

from impact.drawing.svg.numbers import FormatNumber
from impact.words import Words

FONT = "Inter, system-ui, sans-serif"
INK, MUTED, GRID = "#17242e", "#51606b", "#e3e8eb"
ACCENT, ESTIMATE, TARGET, COMPARISON = "#0d5566", "#0b5a73", "#b3470f", "#6b46a3"
COLOURS = (ACCENT, TARGET, "#3c8a5c", COMPARISON, MUTED)

_AXIS = {
    "gridcolor": GRID,
    "zeroline": False,
    "automargin": True,
    "separatethousands": True,
    "exponentformat": "none",
    "tickfont": {"size": 11, "color": MUTED},
    "title": {"font": {"size": 12, "color": MUTED}},
}
TEMPLATE = go.layout.Template(
    layout={
        "font": {"family": FONT, "size": 12, "color": INK},
        "paper_bgcolor": "#ffffff",
        "plot_bgcolor": "#ffffff",
        "colorway": list(COLOURS),
        "xaxis": _AXIS,
        "yaxis": _AXIS,
        "legend": {"orientation": "h", "font": {"size": 12}, "y": -0.02, "yanchor": "top"},
    }
)


def escaped(text: Any) -> str:
    """Return a text that Plotly writes as it is: it reads tags and entities, but no entity for a quotation mark."""
    return html.escape(str(text), quote=False)


def dressed(figure: go.Figure, words: Words, **layout: Any) -> go.Figure:
    """Return a figure in the look of all, its numbers written as the reader's language does."""
    return figure.update_layout(template=TEMPLATE, separators=words("figure.separators"), **layout)


@functools.cache
def number_format(words: Words) -> FormatNumber:
    """Return what writes the numbers of an SVG drawing as the reader's language does."""

    def format_number(size: float, pattern: str) -> str:
        text = format_decimal(size, pattern.removesuffix("%"), locale=words.language)
        return words("figure.percent", value=text) if pattern.endswith("%") else text

    return format_number
