"""Axes of a drawing: where a value lies, which ticks it has, and how they are written in the reader's language."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from impact.drawing.markup import Element, h
from impact.drawing.svg.numbers import FormatNumber, written
from impact.drawing.svg.parts import Props, px, stroke
from impact.drawing.svg.text import block_size, label

GAP = 6
"""Pixels between an axis and what is written beside it."""
PADDING = 1 / 18
"""Of the span of the values, left free at each end of an axis without a range: a twentieth of its length."""
STEPS = {"x": 80, "y": 40}
"""Pixels that a step between ticks takes at least, as in Plotly."""


@dataclass(frozen=True)
class Axis:
    """An axis and where it lies.

    Parameters
    ----------
    letter
        ``x`` or ``y``.
    props
        As the figure gives them, over those of its template.
    low, high
        Its ends, in its own unit; the first lies left or at the bottom.
    categories
        Its categories, at 0, 1, …; empty where it counts.
    start, end
        Pixels of its two ends.
    """

    letter: str
    props: Props
    low: float
    high: float
    categories: tuple[str, ...] = ()
    start: float = 0.0
    end: float = 0.0

    def within(self, start: float, end: float) -> Axis:
        """Return the axis on its part of the plot between two pixels."""
        first, last = self.props.get("domain", (0.0, 1.0))
        return replace(self, start=start + first * (end - start), end=start + last * (end - start))

    def number(self, value: Any) -> float:
        """Return a value as a number on this axis."""
        return float(self.categories.index(value)) if isinstance(value, str) else float(value)

    def place(self, value: Any) -> float:
        """Return the pixel of a value."""
        return self.start + (self.number(value) - self.low) / (self.high - self.low) * (self.end - self.start)

    @property
    def visible(self) -> bool:
        """Tell whether anything of the axis itself is drawn."""
        return bool(self.props.get("visible", True))

    def step(self) -> float:
        """Return the distance between ticks: a round number that gives about as many as fit, by Plotly's rule."""
        most = self.props.get("nticks") or min(max(abs(self.end - self.start) / STEPS[self.letter], 4), 9) + 1
        rough = abs(self.high - self.low) / most
        base = 10.0 ** math.floor(math.log10(rough))
        return base * next(size for size in (2, 5, 10) if size > rough / base)

    def ticks(self, format_number: FormatNumber) -> list[tuple[float, str]]:
        """Return the ticks within the range, each as a number and its text."""
        low, high = sorted((self.low, self.high))
        room = 1e-9 * (high - low)
        return [tick for tick in self._ticks(format_number) if low - room <= tick[0] <= high + room]

    def _ticks(self, format_number: FormatNumber) -> list[tuple[float, str]]:
        values, texts = self.props.get("tickvals"), self.props.get("ticktext")
        if values is None and self.categories:
            return [(float(number), name) for number, name in enumerate(self.categories)]
        step = self.step()
        if values is None:
            low, high = sorted((self.low, self.high))
            values = [step * count for count in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]
        numbers = [self.number(value) for value in values]
        if texts is None:
            texts = [written(value, self.props.get("tickformat", ""), step, format_number) for value in numbers]
        suffix = self.props.get("ticksuffix", "")
        return [(number, f"{text}{suffix}") for number, text in zip(numbers, texts, strict=True)]


def axis_of(letter: str, props: Props, values: Iterable[Any], *, from_zero: bool) -> Axis:
    """Return an axis that holds its values.

    Parameters
    ----------
    letter
        ``x`` or ``y``.
    props
        Of the axis.
    values
        All that is drawn on it, ends of error bars included.
    from_zero
        Whether it holds zero: lengths of bars start there.

    Raises
    ------
    ValueError
        For words on an axis that is not of type ``category``, which Plotly would have to guess, and for values that
        its range leaves out.
    """
    finite = [value for value in values if isinstance(value, str) or (value is not None and math.isfinite(value))]
    categories = tuple(dict.fromkeys(value for value in finite if isinstance(value, str)))
    if categories and props.get("type") != "category":
        raise ValueError(f"a drawing has words on an axis only with type='category'; found {categories[0]!r}")
    plain = Axis(letter, props, 0.0, 1.0, categories)
    numbers = [plain.number(value) for value in finite]
    low, high = props.get("range") or _span([*numbers, 0.0] if from_zero else numbers, categories)
    room = 1e-6 * abs(high - low)
    for number in numbers:
        if not min(low, high) - room <= number <= max(low, high) + room:
            raise ValueError(f"a drawing leaves nothing out: {number:g} lies beyond the range of an {letter} axis")
    return replace(plain, low=float(low), high=float(high))


def _span(numbers: list[float], categories: tuple[str, ...]) -> tuple[float, float]:
    if categories:
        return -0.5, len(categories) - 0.5
    low, high = min(numbers, default=0.0), max(numbers, default=1.0)
    if low == high:
        return low - 1, high + 1
    room = PADDING * (high - low)
    return low - room if low else 0.0, high + room if high else 0.0


def label_room(axis: Axis, format_number: FormatNumber) -> float:
    """Return how much room the ticks and the title of an axis take beside it."""
    if not axis.visible:
        return 0.0
    side = 0 if axis.letter == "y" else 1
    size = axis.props.get("tickfont", {}).get("size", 12)
    texts = [text for _, text in axis.ticks(format_number)] if axis.props.get("showticklabels", True) else []
    title = axis.props.get("title", {})
    title_room = block_size(title["text"], title.get("font", {}).get("size", 14))[1] + GAP if title.get("text") else 0.0
    return GAP + max((block_size(text, size)[side] for text in texts), default=0.0) + title_room


def draw_grid(axis: Axis, other: Axis, format_number: FormatNumber) -> list[Element]:
    """Return the lines of an axis across the plot: at its ticks, at zero, and its own."""
    if not axis.visible:
        return []
    props = axis.props
    lines = []
    if props.get("showgrid", True):
        look = stroke(props.get("gridcolor", "#eeeeee"), props.get("gridwidth", 1))
        lines += [_across(axis, other, number, look) for number, _ in axis.ticks(format_number)]
    if props.get("zeroline", True) and axis.low * axis.high <= 0 and not axis.categories:
        look = stroke(props.get("zerolinecolor", "#444444"), props.get("zerolinewidth", 1))
        lines.append(_across(axis, other, 0.0, look))
    if props.get("showline", False):
        look = stroke(props.get("linecolor", "#444444"), props.get("linewidth", 1))
        along = {f"{axis.letter}1": px(axis.start), f"{axis.letter}2": px(axis.end)}
        lines.append(h("line", **along, **dict.fromkeys(_ends(other), px(other.start)), **look))
    return lines


def _ends(axis: Axis) -> tuple[str, str]:
    return f"{axis.letter}1", f"{axis.letter}2"


def _across(axis: Axis, other: Axis, number: float, look: Mapping[str, str]) -> Element:
    at = dict.fromkeys(_ends(axis), px(axis.place(number)))
    return h("line", **at, **{f"{other.letter}1": px(other.start), f"{other.letter}2": px(other.end)}, **look)


def draw_labels(axis: Axis, other: Axis, format_number: FormatNumber, width: float) -> list[Element]:
    """Return the ticks of an axis and its title, in words; those of a drawing of some width stay within it."""
    if not axis.visible:
        return []
    font = {"size": 12} | axis.props.get("tickfont", {})
    ticks = axis.ticks(format_number) if axis.props.get("showticklabels", True) else []
    if axis.letter == "y":
        texts = [
            label(text, other.start - GAP, axis.place(at), font, across="end", class_="tick") for at, text in ticks
        ]
    else:
        spaced = _apart([(axis.place(at), text, block_size(text, font["size"])[0]) for at, text in ticks])
        texts = [
            label(text, _inside(at, wide, width), other.start + GAP, font, up=0, class_="tick")
            for at, text, wide in spaced
        ]
    return texts + _title(axis, other, format_number)


def _inside(at: float, wide: float, width: float) -> float:
    return min(max(at, wide / 2 + 1), width - wide / 2 - 1)


def _apart(ticks: list[tuple[float, str, float]]) -> list[tuple[float, str, float]]:
    """Keep every tick, or every second, third … back from the last, so that no text runs into the next."""
    for every in range(1, len(ticks) + 1):
        spaced = ticks[::-1][::every][::-1]
        if all(abs(b[0] - a[0]) >= (a[2] + b[2]) / 2 + GAP for a, b in pairwise(spaced)):
            return spaced
    return ticks


def _title(axis: Axis, other: Axis, format_number: FormatNumber) -> list[Element]:
    title = axis.props.get("title", {})
    if not title.get("text"):
        return []
    font = {"size": 14} | title.get("font", {})
    middle, room = (axis.start + axis.end) / 2, label_room(axis, format_number)
    if axis.letter == "x":
        return [label(title["text"], middle, other.start + room, font, up=1, class_="title")]
    edge = other.start - room
    turned = f"rotate(-90 {px(edge)} {px(middle)})"
    return [label(title["text"], edge, middle, font, up=0, transform=turned, class_="title")]
