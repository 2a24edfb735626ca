"""Axes of a drawing: where a value lies, which ticks it has, and how they are written in the reader's language."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, NamedTuple

from impact.drawing.markup import Element, h
from impact.drawing.svg.numbers import FormatNumber, written
from impact.drawing.svg.parts import Props, px, stroke
from impact.drawing.svg.text import block_size, inside, label

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
        ``x`` for an axis across, ``y`` for one up; names its properties and coordinates.
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
        length = end - start
        own_start = start + first * length
        own_end = start + last * length
        return replace(self, start=own_start, end=own_end)

    def number(self, value: Any) -> float:
        """Return a value as a number on this axis."""
        return float(self.categories.index(value)) if isinstance(value, str) else float(value)

    def place(self, value: Any) -> float:
        """Return the pixel of a value."""
        span = self.high - self.low
        length = self.end - self.start
        share = (self.number(value) - self.low) / span
        return self.start + share * length

    @property
    def visible(self) -> bool:
        """Tell whether anything of the axis itself is drawn."""
        return bool(self.props.get("visible", True))

    def step(self) -> float:
        """Return the distance between ticks: a round number that gives about as many as fit, by Plotly's rule."""
        span = abs(self.high - self.low)
        rough = span / self._most_ticks()
        exponent = math.floor(math.log10(rough))
        power = 10.0**exponent
        digit = next(digit for digit in (2, 5, 10) if digit > rough / power)
        return power * digit

    def _most_ticks(self) -> float:
        """Return how many ticks are stated, or fit: from five to ten."""
        fitting = abs(self.end - self.start) / STEPS[self.letter]
        return float(self.props.get("nticks") or min(max(fitting, 4), 9) + 1)

    def ticks(self, format_number: FormatNumber) -> list[tuple[float, str]]:
        """Return the ticks within the range, each as a number and its text."""
        low, high = sorted((self.low, self.high))
        room = 1e-9 * (high - low)
        first, last = low - room, high + room
        ticks = self._ticks(format_number)
        return [tick for tick in ticks if first <= tick[0] <= last]

    def _ticks(self, format_number: FormatNumber) -> list[tuple[float, str]]:
        values, texts = self.props.get("tickvals"), self.props.get("ticktext")
        if values is None and self.categories:
            return [(float(number), name) for number, name in enumerate(self.categories)]
        step = self.step()
        numbers = self._steps(step) if values is None else [self.number(value) for value in values]
        if texts is None:
            tickformat = self.props.get("tickformat", "")
            texts = [written(number, tickformat, step, format_number) for number in numbers]
        suffix = self.props.get("ticksuffix", "")
        labels = [f"{text}{suffix}" for text in texts]
        return list(zip(numbers, labels, strict=True))

    def _steps(self, step: float) -> list[float]:
        """Return the multiples of a step within the range."""
        low, high = sorted((self.low, self.high))
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        return [step * count for count in range(first, last + 1)]


def axis_of(letter: str, props: Props, values: Iterable[Any], *, from_zero: bool) -> Axis:
    """Return an axis that holds its values.

    Parameters
    ----------
    letter
        ``x`` for an axis across, ``y`` for one up.
    props
        Its properties as the figure states them, over those of the template.
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
    placed = [value for value in values if isinstance(value, str) or (value is not None and math.isfinite(value))]
    names = [value for value in placed if isinstance(value, str)]
    categories = tuple(dict.fromkeys(names))
    if categories and props.get("type") != "category":
        raise ValueError(f"a drawing has words on an axis only with type='category'; found {categories[0]!r}")
    without_range = Axis(letter, props, 0.0, 1.0, categories)
    numbers = [without_range.number(value) for value in placed]
    values_to_span = [*numbers, 0.0] if from_zero else numbers
    low, high = props.get("range") or _span(values_to_span, categories)
    axis = replace(without_range, low=float(low), high=float(high))
    for number in numbers:
        _check_within(axis, number)
    return axis


def _check_within(axis: Axis, number: float) -> None:
    low, high = sorted((axis.low, axis.high))
    room = 1e-6 * (high - low)
    if not low - room <= number <= high + room:
        raise ValueError(f"a drawing leaves nothing out: {number:g} lies beyond the range of an {axis.letter} axis")


def _span(numbers: list[float], categories: tuple[str, ...]) -> tuple[float, float]:
    if categories:
        return -0.5, len(categories) - 0.5
    low = min(numbers, default=0.0)
    high = max(numbers, default=1.0)
    if low == high:
        return low - 1, high + 1
    room = PADDING * (high - low)
    start = low - room if low else 0.0
    end = high + room if high else 0.0
    return start, end


def label_room(axis: Axis, format_number: FormatNumber) -> float:
    """Return how much room the ticks and the title of an axis take beside it."""
    if not axis.visible:
        return 0.0
    size = _tick_font(axis)["size"]
    ticks = _labelled_ticks(axis, format_number)
    blocks = [block_size(text, size) for _, text in ticks]
    lengths = [width if axis.letter == "y" else height for width, height in blocks]
    return GAP + max(lengths, default=0.0) + _title_room(axis)


def _tick_font(axis: Axis) -> Props:
    return {"size": 12, **axis.props.get("tickfont", {})}


def _title_font(axis: Axis) -> Props:
    return {"size": 14, **axis.props["title"].get("font", {})}


def _labelled_ticks(axis: Axis, format_number: FormatNumber) -> list[tuple[float, str]]:
    return axis.ticks(format_number) if axis.props.get("showticklabels", True) else []


def _title_room(axis: Axis) -> float:
    title = axis.props.get("title", {})
    if not title.get("text"):
        return 0.0
    _, height = block_size(title["text"], _title_font(axis)["size"])
    return height + GAP


def draw_grid(axis: Axis, other: Axis, format_number: FormatNumber) -> list[Element]:
    """Return the lines of an axis across the plot: at its ticks, at zero, and its own."""
    if not axis.visible:
        return []
    props = axis.props
    lines = []
    if props.get("showgrid", True):
        look = _line_look(axis, "grid", "#eeeeee")
        lines += [_across(axis, other, number, look) for number, _ in axis.ticks(format_number)]
    has_zero = axis.low * axis.high <= 0 and not axis.categories
    if props.get("zeroline", True) and has_zero:
        look = _line_look(axis, "zeroline", "#444444")
        lines.append(_across(axis, other, 0.0, look))
    if props.get("showline", False):
        look = _line_look(axis, "line", "#444444")
        lines.append(h("line", **_ends(axis, axis.start, axis.end), **_ends(other, other.start, other.start), **look))
    return lines


def _line_look(axis: Axis, name: str, colour: str) -> dict[str, str]:
    """Return the look of a kind of an axis's lines, of some colour where none is stated."""
    width = axis.props.get(f"{name}width", 1)
    return stroke(axis.props.get(f"{name}color", colour), width)


def _ends(axis: Axis, start: float, end: float) -> dict[str, str]:
    """Return the two coordinates of a line's ends along an axis."""
    return {f"{axis.letter}1": px(start), f"{axis.letter}2": px(end)}


def _across(axis: Axis, other: Axis, number: float, look: Mapping[str, str]) -> Element:
    """Return the line across the plot at a number of an axis."""
    pixel = axis.place(number)
    return h("line", **_ends(axis, pixel, pixel), **_ends(other, other.start, other.end), **look)


def draw_labels(axis: Axis, other: Axis, format_number: FormatNumber, picture: float) -> list[Element]:
    """Return the ticks of an axis and its title, in words; those of a picture of some width stay within it."""
    if not axis.visible:
        return []
    font = _tick_font(axis)
    ticks = _labelled_ticks(axis, format_number)
    if axis.letter == "y":
        x = other.start - GAP
        texts = [label(text, x, axis.place(number), font, across="end", class_="tick") for number, text in ticks]
    else:
        labels = [_Label(axis.place(number), text, block_size(text, font["size"])[0]) for number, text in ticks]
        texts = [_below(tick, other.start + GAP, font, picture) for tick in _apart(labels)]
    return texts + _title(axis, other, format_number)


class _Label(NamedTuple):
    """The text of a tick below a plot: where its middle lies, and how wide it is."""

    x: float
    text: str
    width: float


def _below(tick: _Label, y: float, font: Props, picture: float) -> Element:
    x = inside(tick.x, tick.width, "middle", picture)
    return label(tick.text, x, y, font, up=0, class_="tick")


def _apart(ticks: list[_Label]) -> list[_Label]:
    """Keep every tick, or every second, third … back from the last, so that no text runs into the next."""
    for step in range(1, len(ticks) + 1):
        spaced = ticks[::-step][::-1]
        if not any(_touch(left, right) for left, right in pairwise(spaced)):
            return spaced
    return ticks


def _touch(left: _Label, right: _Label) -> bool:
    distance = abs(right.x - left.x)
    return distance < (left.width + right.width) / 2 + GAP


def _title(axis: Axis, other: Axis, format_number: FormatNumber) -> list[Element]:
    title = axis.props.get("title", {})
    text = title.get("text")
    if not text:
        return []
    font = _title_font(axis)
    middle = (axis.start + axis.end) / 2
    room = label_room(axis, format_number)
    if axis.letter == "x":
        return [label(text, middle, other.start + room, font, up=1, class_="title")]
    edge = other.start - room
    turned = f"rotate(-90 {px(edge)} {px(middle)})"
    return [label(text, edge, middle, font, up=0, transform=turned, class_="title")]
