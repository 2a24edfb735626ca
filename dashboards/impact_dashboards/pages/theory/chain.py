"""The theory of change as a drawing: cards in columns from inputs to impact, links between them."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from impact.drawing.markup import Element, h
from impact.words import Words
from impact_dashboards.parts.state_marks import dots, shape

CARD_WIDTH, CARD_GAP, CARD_HEIGHT, CARD_SPACE, TOP = 160, 34, 122, 14, 44
LINE, LETTERS, LINES = 15, 20, 4
SWEEPS = 4
"""How often the cards of a column are put in the order of what they are linked to."""
ARROW = {"viewBox": "0 0 8 8", "refX": 8, "refY": 4, "markerWidth": 8, "markerHeight": 8}

Corner = tuple[float, float]
"""The upper left corner of a card, in pixels."""


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


@dataclass(frozen=True)
class Chain:
    """A theory of change, as it is drawn.

    Parameters
    ----------
    cards, ties
        The steps, each in one of the columns, and the causal claims between them.
    columns
        The columns that hold cards, in order, with their titles.
    chosen
        The step whose links are set off; empty for none.
    """

    cards: Sequence[Card]
    ties: Sequence[Tie]
    columns: Mapping[str, str]
    chosen: str = ""


def chain_drawing(chain: Chain, words: Words) -> Element:
    """Draw a theory of change; its words are those of the reader's language."""
    corners = _corners(chain)
    width = len(chain.columns) * (CARD_WIDTH + CARD_GAP) + 4
    lowest = max(y for _, y in corners.values())
    height = TOP + lowest + CARD_HEIGHT + 8
    name = words("theory.drawing", nodes=len(chain.cards), links=len(chain.ties))
    layers = [_arrow_tip(), _heads(chain), *_layers(chain, corners, words)]
    size = {"viewBox": f"0 0 {width} {height}", "width": width, "height": height}
    return h("svg", h("title", name), layers, class_="chain wide", **size, role="group", aria_label=name)


def _arrow_tip() -> Element:
    tip = h("path", d="M0 0 8 4 0 8Z", class_="tip")
    return h("defs", h("marker", tip, id="tip", **ARROW, markerUnits="userSpaceOnUse", orient="auto"))


def _heads(chain: Chain) -> list[Element]:
    step = CARD_WIDTH + CARD_GAP
    return [_head(title, 2 + position * step) for position, title in enumerate(chain.columns.values())]


def _head(title: str, x: float) -> Element:
    text = h("text", title, x=x, y=16, class_="stage")
    return h("g", text, h("path", d=f"M{x} 28H{x + CARD_WIDTH}", class_="rule"))


def _layers(chain: Chain, corners: Mapping[str, Corner], words: Words) -> tuple[list[Element], ...]:
    """Return links, cards and doubts, from the bottom up."""
    drawn = [tie for tie in chain.ties if tie.source in corners and tie.target in corners]
    ties = [_tie(tie, corners, chain.chosen) for tie in drawn]
    cards = [_card(card, corners[card.id], words, chosen=card.id == chain.chosen) for card in chain.cards]
    doubts = [_doubt(tie, corners, words) for tie in drawn if not tie.proven]
    return ties, cards, doubts


# ---- where the cards stand -------------------------------------------------------------------------------------------


def _corners(chain: Chain) -> dict[str, Corner]:
    """Return the upper left corner of each card; cards stand near those that they are linked to."""
    stacks = _stacks(chain)
    tallest = max(map(len, stacks.values()))
    return {
        node: _corner(column, row + (tallest - len(stack)) / 2)
        for column, stack in enumerate(stacks.values())
        for row, node in enumerate(stack)
    }


def _corner(column: int, row: float) -> Corner:
    return 2 + column * (CARD_WIDTH + CARD_GAP), TOP + row * (CARD_HEIGHT + CARD_SPACE)


def _stacks(chain: Chain) -> dict[str, list[str]]:
    """Return the cards of each column from top to bottom."""
    stacks: dict[str, list[str]] = {column: [] for column in chain.columns}
    for card in chain.cards:
        if card.column in stacks:
            stacks[card.column].append(card.id)
    linked = _linked(chain)
    forwards = list(stacks)
    for sweep in range(SWEEPS):
        order = forwards if sweep % 2 == 0 else forwards[::-1]
        for column in order:
            _sort(column, stacks, linked)
    return stacks


def _linked(chain: Chain) -> dict[str, list[str]]:
    """Return the cards that each card is linked to, either way."""
    linked: dict[str, list[str]] = {card.id: [] for card in chain.cards}
    for tie in chain.ties:
        source, target = tie.source, tie.target
        if source in linked and target in linked:
            linked[source].append(target)
            linked[target].append(source)
    return linked


def _sort(column: str, stacks: dict[str, list[str]], linked: Mapping[str, list[str]]) -> None:
    """Put the cards of a column in the order of the mean height of what they are linked to."""
    heights: dict[str, float] = {}
    for stack in stacks.values():
        steps = max(len(stack) - 1, 1)
        heights |= {node: row / steps for row, node in enumerate(stack)}

    def mean_height(node: str) -> float:
        return fmean([heights[other] for other in linked[node]] or [heights[node]])

    stacks[column].sort(key=mean_height)


# ---- links -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Curve:
    """The path of a link and its middle."""

    path: str
    x: float
    y: float


def _curve(tie: Tie, corners: Mapping[str, Corner]) -> _Curve:
    """Return the way from the right side of a card to the left side of the one it leads to."""
    source_x, source_top = corners[tie.source]
    x_end, target_top = corners[tie.target]
    x_start = source_x + CARD_WIDTH
    start, end = source_top + CARD_HEIGHT / 2, target_top + CARD_HEIGHT / 2
    middle = (start + end) / 2
    if source_x == x_end:
        bow = _bow(x_start, start, end)
        return _Curve(bow, x_start + 20, middle)
    bend = max((x_end - x_start) / 2, 20)
    path = f"M{x_start} {start}C{x_start + bend} {start} {x_end - bend} {end} {x_end} {end}"
    return _Curve(path, (x_start + x_end) / 2, middle)


def _bow(side: float, start: float, end: float) -> str:
    """Return the path between two cards of one column, beside them."""
    return f"M{side} {start}C{side + 30} {start} {side + 30} {end} {side} {end}"


def _tie(tie: Tie, corners: Mapping[str, Corner], chosen: str) -> Element:
    classes = ["tie"]
    if not tie.proven:
        classes.append("unproven")
    if chosen in (tie.source, tie.target):
        classes.append("chosen")
    return h("path", d=_curve(tie, corners).path, class_=" ".join(classes), marker_end="url(#tip)")


def _doubt(tie: Tie, corners: Mapping[str, Corner], words: Words) -> Element:
    """Return the question mark on a link without evidence, which leads to its assumption."""
    curve = _curve(tie, corners)
    name = words("theory.assumption_of", text=tie.assumption)
    disc = h("circle", cx=curve.x, cy=curve.y, r=9)
    mark = h("text", "?", x=curve.x, y=curve.y + 4)
    return h("a", h("title", name), disc, mark, href=tie.href, class_="doubt", aria_label=name, data_live=True)


# ---- cards -----------------------------------------------------------------------------------------------------------


def _card(card: Card, corner: Corner, words: Words, *, chosen: bool) -> Element:
    """Draw a card as the link to its step."""
    name = _card_name(card, words)
    classes = f"step {card.state}"
    if chosen:
        classes += " chosen"
    drawing = [_card_box(card, corner), _card_title(card, corner), _card_state(card, corner, words)]
    identity = f"step-{card.id}"
    link = {"href": card.href, "class_": classes, "aria_label": name, "data_live": True}
    return h("a", h("title", name), drawing, **link, id=identity)


def _card_name(card: Card, words: Words) -> str:
    """Return what a card says, for those who do not see it."""
    pieces = [card.title, words(f"status.{card.state}"), card.value]
    if card.evidence is not None:
        level = words("evidence.of", level=card.evidence)
        pieces.append(level)
    return ", ".join(filter(None, pieces))


def _card_box(card: Card, corner: Corner) -> list[Element]:
    x, y = corner
    box = h("rect", x=x, y=y, width=CARD_WIDTH, height=CARD_HEIGHT, rx=8, class_="card-box")
    edge = f"M{x + 2.5} {y + 10}V{y + CARD_HEIGHT - 10}"
    return [box, h("path", d=edge, class_=f"edge {card.state}")]


def _card_title(card: Card, corner: Corner) -> Element:
    """Write the title of a card, line by line."""
    left, top = corner
    x, y = left + 14, top + 21
    lines = _wrapped(card.title)
    text = [h("tspan", line, x=x, dy=LINE if number else 0) for number, line in enumerate(lines)]
    return h("text", text, x=x, y=y, class_="card-title")


def _card_state(card: Card, corner: Corner, words: Words) -> list[Element | None]:
    """Return the mark of the state, the value, and the evidence where there is any."""
    x, y = corner
    bottom = y + CARD_HEIGHT
    value = card.value or words(f"status.{card.state}")
    mark = shape(card.state, x=x + 20, y=bottom - 32, size=11)
    text = h("text", value, x=x + 32, y=bottom - 28, class_="card-value")
    level = None if card.evidence is None else dots(card.evidence, x + 14, bottom - 19)
    return [mark, text, level]


def _wrapped(title: str) -> list[str]:
    """Break a title into as many lines as a card has room for."""
    lines = textwrap.wrap(title, LETTERS)
    if len(lines) <= LINES:
        return lines
    *first_lines, last = lines[:LINES]
    cut = last[: LETTERS - 1].rstrip()
    return [*first_lines, f"{cut}…"]
