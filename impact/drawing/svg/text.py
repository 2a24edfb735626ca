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
Run = tuple[str, bool]
"""Words that stand together, and whether they are bold."""
Line = list[Run]
_TAG = re.compile(r"(<br ?/?>|</?b>)", re.IGNORECASE)
_OTHER = re.compile(r"</?(a|em|i|s|span|strong|sub|sup|u)\b[^<>]*>", re.IGNORECASE)
_WIDTHS = {
    letter: width
    for letters, width in (
        ("ijlI.,:;|·' \u00a0", 0.34),
        ('frt()[]!-"', 0.42),
        ("+−=<>~≈", 0.84),
        ("mwMW%@—…", 1.0),
    )
    for letter in letters
}
"""Widths of letters that differ from the others, in sizes of the font.

They are those of DejaVu Sans, rounded up: of the fonts that stand in for a missing one it is the widest.
"""
_CAPITAL, _LETTER = 0.75, 0.64
_BOLD = 1.14
"""How much wider bold letters are."""
_EDGE = 1
"""Pixels left free between a text and the edge of the picture."""
_PART_BEFORE = {"start": 0.0, "middle": 0.5, "end": 1.0}
"""Which part of a text lies left of the point it hangs on."""


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """Estimate how long a text is in a sans-serif font, a little above the truth."""
    width = size * sum(map(_letter_width, text))
    return width * _BOLD if bold else width


def _letter_width(letter: str) -> float:
    return _WIDTHS.get(letter) or (_CAPITAL if letter.isupper() else _LETTER)


def inside(x: float, width: float, across: str, picture: float) -> float:
    """Return where a text hangs so that it stays inside the picture; one that is wider begins at its left edge.

    Parameters
    ----------
    x
        Where it would hang.
    width
        Of the text, in pixels.
    across
        Which of its ends hangs there: start, middle, end.
    picture
        Width of the picture, in pixels.

    Examples
    --------
    >>> inside(50, 20, "start", 100), inside(95, 20, "start", 100), inside(5, 20, "end", 100)
    (50.0, 79.0, 21.0)
    """
    before = width * _PART_BEFORE[across]
    rightmost = picture - width - _EDGE
    left = max(min(x - before, rightmost), _EDGE)
    return left + before


def text_lines(text: str) -> list[Line]:
    """Return the lines of a text, each as runs of words and whether they are bold.

    Raises
    ------
    ValueError
        For a tag that Plotly would obey and a drawing does not. Other tags are text, as in Plotly.
    """
    unknown = _OTHER.search(text)
    if unknown:
        raise ValueError(f"a drawing has no {unknown[0]} in a text; escape it")
    lines: list[Line] = [[]]
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
    widths = [_line_width(line, size) for line in lines]
    height = len(lines) * size * LEADING
    return max(widths), height


def _line_width(line: Line, size: float) -> float:
    return sum(text_width(run, size, bold=bold) for run, bold in line)


def wrapped(text: str, size: float, width: float) -> str:
    """Break the lines of a text between words where they would be longer than a width.

    Examples
    --------
    >>> wrapped("one two <b>three</b>", 10, 50)
    'one two<br><b>three</b>'
    """
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and block_size(longer, size)[0] > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return "<br>".join(lines)


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
    leading = size * LEADING
    lines = text_lines(text)
    top = y - up * len(lines) * leading
    base_line = top + size * (LEADING + ASCENT) / 2
    rows = [list(map(_run, line)) for line in lines]
    spans = [h("tspan", row, x=px(x), y=px(base_line + number * leading)) for number, row in enumerate(rows)]
    body = spans if len(rows) > 1 else rows[0]
    look = {"font_size": px(size), "fill": font.get("color"), "font_weight": font.get("weight")}
    return h("text", body, x=px(x), y=px(base_line), text_anchor=across, **look, **attributes)


def _run(run: Run) -> Element | str:
    text, bold = run
    return h("tspan", text, font_weight="600") if bold else text
