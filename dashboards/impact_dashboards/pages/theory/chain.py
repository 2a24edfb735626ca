"""The theory of change as a drawing: cards in columns from inputs to impact, links between them."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from impact.drawing.markup import Element, h
from impact.words import Words
from impact_dashboards.parts.state_marks import dots, shape

CARD, GAP, TALL, SPACE, TOP = 152, 34, 122, 14, 44
LINE, LETTERS, LINES = 15, 21, 4
SWEEPS = 4
"""How often the cards of a column are put in the order of what they are linked to."""


@dataclass(frozen=True)
class Card:
    """A step of the theory of change, as it is drawn."""

    id: str
    column: str
    title: str
    state: str
    value: str
    evidence: int | None
    href: str


@dataclass(frozen=True)
class Tie:
    """A causal claim between two steps; ``proven`` tells whether evidence for it is declared."""

    source: str
    target: str
    proven: bool
    assumption: str
    href: str


def chain_drawing(
    cards: Sequence[Card], ties: Sequence[Tie], columns: Mapping[str, str], words: Words, chosen: str = ""
) -> Element:
    """Draw a theory of change.

    Parameters
    ----------
    cards, ties
        Steps and links.
    columns
        The columns that hold cards, in order, with their titles.
    words
        Of the reader's language.
    chosen
        The step whose links are set off.
    """
    places = _places(cards, ties, list(columns))
    width = len(columns) * (CARD + GAP) - GAP + 4
    height = TOP + max(y for _, y in places.values()) + TALL + 8
    heads = [_head(title, 2 + place * (CARD + GAP)) for place, title in enumerate(columns.values())]
    known = [tie for tie in ties if tie.source in places and tie.target in places]
    return h(
        "svg",
        h("title", words("theory.drawing", nodes=len(cards), links=len(ties))),
        h(
            "defs",
            h(
                "marker",
                h("path", d="M0 0 8 4 0 8Z", class_="tip"),
                id="tip",
                viewBox="0 0 8 8",
                refX=8,
                refY=4,
                markerWidth=8,
                markerHeight=8,
                markerUnits="userSpaceOnUse",
                orient="auto",
            ),
        ),
        heads,
        [_tie(tie, places, chosen) for tie in known],
        [_card(card, places[card.id], words, chosen) for card in cards],
        [_doubt(tie, places, words) for tie in known if not tie.proven],
        class_="chain wide",
        viewBox=f"0 0 {width} {height}",
        width=width,
        height=height,
        role="group",
        aria_label=words("theory.drawing", nodes=len(cards), links=len(ties)),
    )


def _places(cards: Sequence[Card], ties: Sequence[Tie], columns: list[str]) -> dict[str, tuple[float, float]]:
    """Return the upper left corner of each card; cards stand near those that they are linked to."""
    stacks = {column: [card.id for card in cards if card.column == column] for column in columns}
    beside: dict[str, list[str]] = {card.id: [] for card in cards}
    for tie in ties:
        if tie.source in beside and tie.target in beside:
            beside[tie.source].append(tie.target)
            beside[tie.target].append(tie.source)
    for sweep in range(SWEEPS):
        for column in columns if sweep % 2 == 0 else columns[::-1]:
            rank = {
                name: place / max(len(stack) - 1, 1) for stack in stacks.values() for place, name in enumerate(stack)
            }
            stacks[column].sort(key=lambda name: fmean([rank[other] for other in beside[name]] or [rank[name]]))
    tallest = max(map(len, stacks.values()))
    return {
        name: (2 + across * (CARD + GAP), TOP + (down + (tallest - len(stack)) / 2) * (TALL + SPACE))
        for across, stack in enumerate(stacks.values())
        for down, name in enumerate(stack)
    }


def _head(title: str, x: float) -> Element:
    return h("g", h("text", title, x=x, y=16, class_="stage"), h("path", d=f"M{x} 28H{x + CARD}", class_="rule"))


def _curve(tie: Tie, places: Mapping[str, tuple[float, float]]) -> tuple[str, float, float]:
    """Return the path of a link and its middle."""
    (x0, y0), (x1, y1) = places[tie.source], places[tie.target]
    start, end = y0 + TALL / 2, y1 + TALL / 2
    if x0 == x1:
        side = x0 + CARD
        return f"M{side} {start}C{side + 30} {start} {side + 30} {end} {side} {end}", side + 20, (start + end) / 2
    left, right = x0 + CARD, x1
    bend = max((right - left) / 2, 20)
    path = f"M{left} {start}C{left + bend} {start} {right - bend} {end} {right} {end}"
    return path, (left + right) / 2, (start + end) / 2


def _tie(tie: Tie, places: Mapping[str, tuple[float, float]], chosen: str) -> Element:
    path, _, _ = _curve(tie, places)
    kinds = ["tie", *([] if tie.proven else ["unproven"]), *(["chosen"] if chosen in (tie.source, tie.target) else [])]
    return h("path", d=path, class_=" ".join(kinds), marker_end="url(#tip)")


def _doubt(tie: Tie, places: Mapping[str, tuple[float, float]], words: Words) -> Element:
    _, x, y = _curve(tie, places)
    name = words("theory.assumption_of", text=tie.assumption)
    return h(
        "a",
        h("title", name),
        h("circle", cx=x, cy=y, r=9),
        h("text", "?", x=x, y=y + 4),
        href=tie.href,
        class_="doubt",
        aria_label=name,
        data_live=True,
    )


def _card(card: Card, place: tuple[float, float], words: Words, chosen: str) -> Element:
    x, y = place
    lines = _wrapped(card.title)
    state = words(f"status.{card.state}")
    text = [h("tspan", line, x=x + 14, dy=LINE if number else 0) for number, line in enumerate(lines)]
    level = "" if card.evidence is None else words("evidence.of", level=card.evidence)
    name = ", ".join(filter(None, (card.title, state, card.value, level)))
    return h(
        "a",
        h("title", name),
        h("rect", x=x, y=y, width=CARD, height=TALL, rx=8, class_="card-box"),
        h("path", d=f"M{x + 2.5} {y + 10}V{y + TALL - 10}", class_=f"edge {card.state}"),
        h("text", text, x=x + 14, y=y + 21, class_="card-title"),
        shape(card.state, x=x + 20, y=y + TALL - 32, size=11),
        h("text", card.value or state, x=x + 32, y=y + TALL - 28, class_="card-value"),
        dots(card.evidence, x + 14, y + TALL - 19) if card.evidence is not None else None,
        href=card.href,
        class_=f"step {card.state}" + (" chosen" if card.id == chosen else ""),
        aria_label=name,
        data_live=True,
        id=f"step-{card.id}",
    )


def _wrapped(title: str) -> list[str]:
    lines = textwrap.wrap(title, LETTERS)
    if len(lines) <= LINES:
        return lines
    return [*lines[: LINES - 1], lines[LINES - 1][: LETTERS - 1].rstrip() + "…"]
