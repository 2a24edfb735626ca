"""SVG: a drawing of a page as a file of its own."""

from __future__ import annotations

from impact.drawing.markup import Element, svg_file
from impact.publish.export.format import Format, Takes


def write_svg(drawing: Element) -> bytes:
    """Write a drawing with what a file needs to stand alone."""
    return svg_file(drawing).encode("utf-8")


FORMAT = Format(".svg", "image/svg+xml", Takes.DRAWING, write_svg)
