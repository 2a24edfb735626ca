"""Facts: names with their values, one beside the other or one below the other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from impact.drawing.markup import Element, Node, h


@dataclass(frozen=True)
class Fact:
    """A value with its name; without a value it is left out of lists."""

    name: str
    value: Node

    def pair(self) -> list[Element]:
        """Return name and value as a term and its description."""
        return [h("dt", self.name), h("dd", self.value)]


def fact_grid(*facts: Fact) -> Element:
    """Return facts as tiles, those without a value too."""
    return h("dl", [h("div", fact.pair()) for fact in facts], class_="facts")


def fact_list(facts: Iterable[Fact], **attributes: str) -> Element:
    """Return facts one below the other, those without a value left out."""
    return h("dl", [fact.pair() for fact in facts if fact.value], **attributes)
