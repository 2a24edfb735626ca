"""Text in a drawing: Plotly's small markup read into lines, their widths estimated, everything else left as text."""

from __future__ import annotations

import html
import re
from typing import Any

from impact.drawing.markup import Element, h
from impact.drawing.svg.parts import Props, px

LEADING = 1.3
"""Height of a line in sizes of its font, as in Plotly."""
ASCENT = 0.75
"""How far capitals stand above the base line, in sizes of the font."""
_TAG = re.compile(r"(<br ?/?>|</?b>)", re.IGNORECASE)
_OTHER = re.compile(r"</?(a|em|i|s|span|strong|sub|sup|u)\b[^<>]*>", re.IGNORECASE)
_NARROW, _WIDE = frozenset("ijlt.,:;|!'()[]fr I1-·"), frozenset("mwMW%@—–")


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """Estimate how long a text is in a sans-serif font, a little above the truth."""
    units = sum(
        0.34 if letter in _NARROW else 0.9 if letter in _WIDE else 0.68 if letter.isupper() else 0.59 for letter in text
    )
    return units * size * (1.06 if bold else 1.0)


def text_lines(text: str) -> list[list[tuple[str, bool]]]:
    """Return the lines of a text, each as runs of words and whether they are bold.

    Raises
    ------
    ValueError
        For a tag that Plotly would obey and a drawing does not. Other tags are text, as in Plotly.
    """
    unknown = _OTHER.search(text)
    if unknown:
        raise ValueError(f"a drawing has no {unknown[0]} in a text; escape it")
    lines: list[list[tuple[str, bool]]] = [[]]
    bold = False
    for piece in filter(None, _TAG.split(text)):
        if not _TAG.fullmatch(piece):
            lines[-1].append((html.unescape(piece), bold))
        elif piece.lower().startswith("<br"):
            lines.append([])
        else:
            bold = piece.lower() == "<b>"
    return lines


def block_size(text: str, size: float) -> tuple[float, float]:
    """Return width and height of a text of one or more lines."""
    lines = text_lines(text)
    widths = [sum(text_width(run, size, bold=bold) for run, bold in line) for line in lines]
    return max(widths), len(lines) * size * LEADING


def label(
    text: str, x: float, y: float, font: Props, *, across: str = "middle", up: float = 0.5, **attributes: Any
) -> Element:
    """Return a text.

    Parameters
    ----------
    text
        With ``<br>`` and ``<b>``, and entities, as Plotly reads them.
    x, y
        The point it hangs on, in pixels from the upper left corner of the drawing.
    font
        ``size`` in pixels; ``color`` and ``weight`` where they differ from those around.
    across
        Which of its ends lies at ``x``: start, middle, end.
    up
        Which part of its height lies at ``y``: 0 its top, 1 its bottom.
    attributes
        Further attributes of the text element, as :func:`impact.drawing.markup.h` takes them.
    """
    size = float(font["size"])
    lines = text_lines(text)
    top = y - up * len(lines) * size * LEADING
    first = top + size * (LEADING + ASCENT) / 2
    rows = [
        [h("tspan", run, font_weight="600" if bold else None) if bold else run for run, bold in line] for line in lines
    ]
    body = (
        rows[0]
        if len(rows) == 1
        else [h("tspan", row, x=px(x), y=px(first + number * size * LEADING)) for number, row in enumerate(rows)]
    )
    look = {"font_size": px(size), "fill": font.get("color"), "font_weight": font.get("weight")}
    return h("text", body, x=px(x), y=px(first), text_anchor=across, **look, **attributes)
