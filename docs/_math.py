"""Formulas between dollar signs become MathML when the site is built, so that no script has to draw them."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element

from latex2mathml.converter import convert_to_element
from markdown import Extension, Markdown
from markdown.inlinepatterns import InlineProcessor

BLOCK = r"\$\$(.+?)\$\$"
INLINE = r"\$(?=\S)([^$]*[^$\s])\$(?!\d)"
AFTER_CODE = 185
"""Priority below that of code between backticks, whose dollars stay, and above that of every other mark."""


class Formula(InlineProcessor):
    """LaTeX between dollars, in the line or as a block."""

    def __init__(self, pattern: str, display: str) -> None:
        super().__init__(pattern)
        self.display = display

    def handleMatch(self, m: re.Match[str], data: str) -> tuple[Element, int, int]:  # noqa: N802 - Markdown's name
        """Return the formula as MathML, with the span it replaces."""
        return convert_to_element(m.group(1), display=self.display), m.start(), m.end()


class MathML(Extension):
    """The two marks of a formula."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 - Markdown's name
        """Register them."""
        md.inlinePatterns.register(Formula(BLOCK, "block"), "formula_block", AFTER_CODE + 1)
        md.inlinePatterns.register(Formula(INLINE, "inline"), "formula", AFTER_CODE)


def makeExtension(**settings: object) -> MathML:  # noqa: N802 - the name Markdown calls
    """Return the extension."""
    return MathML(**settings)
