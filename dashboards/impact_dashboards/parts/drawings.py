"""The drawing of a block, at the widths that a page and a telephone give it."""

from __future__ import annotations

from impact.drawing.markup import Element
from impact.drawing.svg.figure import figure_svg
from impact.figures.style import number_format
from impact.words import Words
from impact_dashboards.page.view import Block

WIDE, BESIDE, HALF, NARROW = 1160, 860, 560, 360
"""Pixels of a drawing: across the page, beside a list, in a block of half width, on a telephone."""


def drawing_of(words: Words, block: Block, width: int = WIDE) -> Element | None:
    """Return a block's drawing as SVG, whatever made it."""
    if block.figure is not None:
        return figure_svg(block.figure, title=block.title, format_number=number_format(words), width=width)
    return block.drawing
