"""A map of areas coloured by value, drawn as SVG without any tile server: the territory's page and report take it.

Values that are suppressed are never read: neither a label, nor a name, nor the limits of the classes tell of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pandas as pd

from impact.drawing.markup import Element, h
from impact.drawing.shapes import Point, Ring, Shape, hatching, label_point, outline
from impact.drawing.svg.text import text_width
from impact.figures.boundaries import projected
from impact.figures.style import FONT, INK, MUTED
from impact.words import Words

WHITE = "#ffffff"
FILLS = ("#e4f0f3", "#b5d5de", "#78b0c0", "#2b7793", "#0a465b")
"""From low to high: one hue that darkens evenly, so that every eye and a grey print keep the order."""
TEXTS = (INK, INK, INK, WHITE, WHITE)
WIDTH, MARGIN, GAP = 520.0, 6.0, 7.0
LABEL = (46.0, 34.0)
"""Room that a label of two lines takes."""
SWATCH, ROW, SMALL = 24.0, 22.0, 12


@dataclass(frozen=True, slots=True)
class Classes:
    """Five classes of equal width, from a round number on; the last holds its upper limit too."""

    start: float
    step: float

    def of(self, value: float) -> int:
        """Return the class of a value, 0 to 4."""
        steps = round((value - self.start) / self.step, 9)
        number = math.floor(steps)
        return min(4, max(0, number))

    @property
    def limits(self) -> list[float]:
        """The six limits of the five classes."""
        return [round(self.start + self.step * number, 9) for number in range(6)]


def classes(values: Iterable[float]) -> Classes | None:
    """Return the classes with the smallest round width that hold all values, or None without any."""
    numbers = list(values)
    if not numbers:
        return None
    low, high = min(numbers), max(numbers)
    span = (high - low) or abs(high) or 1.0
    least = span / 5
    power = math.floor(math.log10(least))
    round_steps = [float(f"{digit}e{power + more}") for more in range(3) for digit in (1, 2, 5)]
    for step in round_steps:
        start = step * math.floor(round(low / step, 9))
        if step >= least and start + 5 * step >= high:
            break
    return Classes(start, step)


@dataclass(frozen=True, slots=True)
class _Mark:
    """An area as it is drawn; ``value`` is None where none may be shown."""

    shape: Shape
    name: str
    group: str
    value: float | None
    suppressed: bool
    href: str | None
    fill: str
    text: str


def map_drawing(
    areas: pd.DataFrame, words: Words, *, unit: str, outlines: Mapping[str, frozenset[str]] | None = None
) -> Element:
    """Draw areas coloured by value in five classes, each a link with a name, with a legend below.

    Parameters
    ----------
    areas
        ``code``, ``name``, ``value``, ``state`` (empty where the value may be shown, ``suppressed`` or ``no_data``) and
        ``href``, where the area leads to, if anywhere; one row for each area, and a boundary for every code (see
        :func:`impact.figures.boundaries.has_geometry`).
    words
        Texts, numbers and dates in the reader's language.
    unit
        Unit of measurement of the values; the unit ``share`` is written as percentages.
    outlines
        Names of groups of areas that get a thick border, with their codes; without any, all areas together.
    """
    shapes, height = projected(areas["code"], WIDTH, MARGIN)
    groups = outlines or {"": frozenset(shapes)}
    marks, scale = _marks(areas, shapes, groups)
    legend, bottom = _legend(_entries(marks, scale, words, unit), _unit(words, unit), height + 14)
    layers = [_grounds(marks), _borders(shapes, groups), [_area(mark, words, unit) for mark in marks], legend]
    look = {"viewBox": f"0 0 {WIDTH:g} {bottom:.0f}", "class_": "map", "role": "group"}
    return h("svg", layers, **look, aria_label=words("map.label"), font_family=FONT)


def _grounds(marks: Iterable[_Mark]) -> Element:
    """Draw the colours of the areas; borders of those without a value lie on top of the others'."""
    ordered = sorted(marks, key=lambda mark: mark.value is None)
    grounds = list(map(_ground, ordered))
    return h("g", grounds, aria_hidden="true")


def _borders(shapes: Mapping[str, Shape], groups: Mapping[str, frozenset[str]]) -> Element:
    """Draw the border of each group of areas that are on the map."""
    members = [sorted(codes & shapes.keys()) for codes in groups.values()]
    outlines = [outline(shapes[code] for code in codes) for codes in members]
    return h("g", [_border(rings) for rings in outlines if rings], fill="none", aria_hidden="true")


def _marks(
    areas: pd.DataFrame, shapes: Mapping[str, Shape], groups: Mapping[str, frozenset[str]]
) -> tuple[list[_Mark], Classes | None]:
    """Return what is drawn of each area, and the classes of the values that may be shown."""
    values = pd.to_numeric(areas["value"]).where(areas["state"] == "")
    scale = classes(values.dropna())
    rows = areas.to_dict("records")
    group_of: dict[str, str] = {}
    for name, codes in groups.items():
        group_of = dict.fromkeys(codes, name) | group_of
    marks = []
    for row, value in zip(rows, values, strict=True):
        shape = shapes[row["code"]]
        number = None if math.isnan(value) else float(value)
        marks.append(_mark(row, shape, number, group_of.get(shape.code, ""), scale))
    return marks, scale


def _mark(row: dict[Any, Any], shape: Shape, value: float | None, group: str, scale: Classes | None) -> _Mark:
    name, href = str(row["name"]), row["href"]
    link = href if isinstance(href, str) and href else None
    is_suppressed = row["state"] == "suppressed"
    if value is None or scale is None:
        return _Mark(shape, name, group, value, is_suppressed, link, WHITE, INK)
    level = scale.of(value)
    return _Mark(shape, name, group, value, is_suppressed, link, FILLS[level], TEXTS[level])


def _path(rings: Iterable[Ring]) -> str:
    return "".join("M" + "L".join(f"{x:.1f},{y:.1f}" for x, y in ring[:-1]) + "Z" for ring in rings)


def _ground(mark: _Mark) -> list[Element]:
    """Draw the colour of an area; without one, a thin border shows where it lies."""
    rings = mark.shape.rings
    edge = WHITE if mark.value is not None else MUTED
    line = {"stroke": edge, "stroke_width": 1.2, "stroke_linejoin": "round"}
    land = h("path", d=_path(rings), fill=mark.fill, **line)
    if mark.suppressed:
        return [land, _hatch(rings)]
    return [land]


def _hatch(rings: Iterable[Ring], gap: float = GAP) -> Element:
    lines = "".join(f"M{a:.1f},{b:.1f}L{c:.1f},{d:.1f}" for (a, b), (c, d) in hatching(rings, gap))
    return h("path", d=lines, stroke=MUTED, stroke_width=1)


def _border(rings: Iterable[Ring]) -> Element:
    return h("path", d=_path(rings), class_="map-outline", stroke=INK, stroke_width=2.4, stroke_linejoin="round")


def _area(mark: _Mark, words: Words, unit: str) -> Element:
    """Draw what can be reached of an area, above all borders: its shape without colour, and its label."""
    name = _area_name(mark, words, unit)
    path = _path(mark.shape.rings)
    reach = h("path", d=path, class_="map-reach", fill="none", pointer_events="all")
    inner = (h("title", name), reach, _label(mark, words, unit))
    if mark.href is None:
        return h("g", inner, role="img", aria_label=name)
    return h("a", inner, href=mark.href, class_="map-area", aria_label=name)


def _area_name(mark: _Mark, words: Words, unit: str) -> str:
    """Say what an area is and what value it has, for those who do not see it."""
    value = _value_words(mark, words, unit)
    key = "map.area_in_group" if mark.group else "map.area"
    return words(key, name=mark.name, value=value, group=mark.group)


def _value_words(mark: _Mark, words: Words, unit: str) -> str:
    if mark.value is None:
        return words("map.suppressed" if mark.suppressed else "map.no_data")
    number = words.number(mark.value, unit)
    if unit in ("", "share"):
        return number
    return f"{number} {unit}"


def _label(mark: _Mark, words: Words, unit: str) -> Element:
    """Write two letters and the value, with an edge in the colour of the area where the label meets a line."""
    x, y = label_point(mark.shape, *LABEL)
    lines = [mark.shape.abbreviation]
    if mark.value is not None:
        lines.append(words.number(mark.value, unit))
    first = y + 5 - 8.5 * (len(lines) - 1)
    texts = [_text(line, (x, first + 17 * number), font_weight=700 - 100 * number) for number, line in enumerate(lines)]
    edge = {"stroke": mark.fill, "stroke_width": 3, "stroke_linejoin": "round", "paint_order": "stroke"}
    letters = {"fill": mark.text, **edge, "text_anchor": "middle", "font_size": 15}
    return h("g", texts, class_="map-label", **letters, pointer_events="none", aria_hidden="true")


def _text(text: str, at: Point, **looks: Any) -> Element:
    return h("text", text, x=f"{at[0]:.1f}", y=f"{at[1]:.1f}", **looks)


def _unit(words: Words, unit: str) -> str:
    return words("map.unit", unit="%" if unit == "share" else unit) if unit else ""


def _entries(marks: list[_Mark], scale: Classes | None, words: Words, unit: str) -> list[tuple[str, str]]:
    """Return the entries of the legend: a colour, or ``suppressed``, with its text."""
    factor = 100 if unit == "share" else 1
    limits = [] if scale is None else [words.number(round(factor * limit, 9)) for limit in scale.limits]
    classes_in_words = [words("map.class", low=low, high=high) for low, high in pairwise(limits)]
    entries = list(zip(FILLS, classes_in_words, strict=False))
    if any(mark.suppressed for mark in marks):
        entries.append(("suppressed", words("map.suppressed")))
    if any(mark.value is None and not mark.suppressed for mark in marks):
        entries.append((WHITE, words("map.no_data")))
    return entries


def _legend(entries: list[tuple[str, str]], heading: str, top: float) -> tuple[Element, float]:
    """Draw the legend in as many rows as it needs; return where it ends, too."""
    drawn: list[Element] = []
    x, y = MARGIN, top
    if heading:
        title = _text(heading, (x, y + 10))
        drawn.append(title)
        y += ROW
    for fill, text in entries:
        room = SWATCH + text_width(text, SMALL) + 9
        if x + room > WIDTH and x > MARGIN:
            x, y = MARGIN, y + ROW
        label = _text(text, (x + SWATCH, y + 10))
        drawn += [*_swatch(fill, x, y), label]
        x += room
    return h("g", drawn, class_="map-legend", fill=INK, font_size=SMALL), y + ROW


def _swatch(fill: str, x: float, y: float) -> list[Element]:
    is_hatched = fill == "suppressed"
    corner = {"x": f"{x:.1f}", "y": f"{y:.1f}"}
    look = {"fill": WHITE if is_hatched else fill, "stroke": MUTED, "stroke_width": 0.8}
    box = h("rect", **corner, width=18, height=12, **look)
    if not is_hatched:
        return [box]
    right, bottom = x + 18, y + 12
    corners = ((x, y), (right, y), (right, bottom), (x, bottom), (x, y))
    return [box, _hatch([corners], 5)]
