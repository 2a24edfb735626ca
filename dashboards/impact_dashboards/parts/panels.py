"""Findings of one indicator on one axis: what each part of a programme promised and reached, side by side."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, starmap

from impact.drawing.markup import Element, h
from impact.publish.rows import Record
from impact_dashboards.page.view import Row, View
from impact_dashboards.parts.marks import HEIGHT, ROOM, WIDTH, Scale, known, place
from impact_dashboards.parts.state_marks import Attributes

AXIS_HEIGHT = 34
TICKS = 3
"""At least so many numbers stand below an axis."""
STEPS = (5.0, 2.0, 1.0, 0.5, 0.2)
"""Times a power of ten that lie between two numbers of an axis, the widest first."""
CLOSE = 0.34
"""Share of the axis below which two words above it would run into each other."""
EDGE = 0.2
"""Share of the axis from which a word above it is written inwards."""
POINTS = ("value", "target", "baseline")


@dataclass(frozen=True)
class Panel:
    """The axis that the parts of an indicator share.

    Parameters
    ----------
    scale
        Values at its left and its right end; the right end is the better one.
    unit
        Of the values.
    change
        Whether it shows the change from each part's own baseline: where every part promised the same change.
    target
        The promise that all parts share, on the axis; None where each has its own.
    """

    scale: Scale
    unit: str
    change: bool
    target: float | None

    def of(self, row: Row) -> Scale:
        """Return the values of a part at both ends of the axis."""
        shift = row["baseline"] if self.change else 0.0
        start, end = self.scale
        return start + shift, end + shift


def with_panels(rows: Sequence[Row]) -> list[Record]:
    """Return rows with the panel and scale of their indicator, where there are several of it to compare."""
    alike: dict[tuple[str, str, str], list[Row]] = {}
    for row in rows:
        alike.setdefault(_indicator(row), []).append(row)
    panels = {name: _panel(of_name) for name, of_name in alike.items()}
    return [_placed(row, panels[_indicator(row)]) for row in rows]


def _indicator(row: Row) -> tuple[str, str, str]:
    """Return what the rows of a panel have in common: one indicator by one definition."""
    return row["programme"], row["indicator"], row["definition_hash"]


def _placed(row: Row, panel: Panel | None) -> Record:
    fits = panel is not None and (not panel.change or known(row["baseline"]))
    return {**row, "panel": panel, "scale": panel.of(row) if panel is not None and fits else None}


def _panel(rows: Sequence[Row]) -> Panel | None:
    valued = [row for row in rows if known(row["value"])]
    if len(valued) < 2:
        return None
    targets = [row["target"] for row in valued if known(row["target"])]
    gains = [row["target"] - row["baseline"] for row in valued if known(row["target"]) and known(row["baseline"])]
    change = not _same(targets) and len(gains) == len(valued) and _same(gains)
    shared = gains if change else targets
    values = [row[name] - (row["baseline"] if change else 0.0) for row in valued for name in POINTS if known(row[name])]
    low, high = min(values), max(values)
    if low == high:
        return None
    margin = 0.15 * (high - low)
    ends = low - margin, high + margin
    scale = ends[::-1] if valued[0]["direction"] == "decrease" else ends
    return Panel(scale, str(valued[0]["unit"]), change, shared[0] if _same(shared) else None)


def _same(numbers: Sequence[float]) -> bool:
    return bool(numbers) and all(starmap(_alike, pairwise(numbers)))


def _alike(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=1e-6, abs_tol=1e-9)


# ---- the axis --------------------------------------------------------------------------------------------------------


def axis_of(view: View, rows: Sequence[Row]) -> Element | None:
    """Draw the axis over the rows of a group; None where they have not one and the same."""
    panels = {row.get("panel") for row in rows}
    panel = panels.pop() if len(panels) == 1 else None
    return None if panel is None else _axis(view, panel)


def _axis(view: View, panel: Panel) -> Element:
    numbers = [(place(value, panel.scale), _number(view, panel, value)) for value in _ticks(panel.scale)]
    words = list(_words(view, panel))
    text = view.words("panel.axis", ends=" – ".join(number for _, number in numbers))
    said = ", ".join([text, *(word for _, word in words)])
    marks = [_tick(share, number) for share, number in numbers]
    above = [_word(share, word) for share, word in words]
    size = {"viewBox": f"0 0 {WIDTH} {AXIS_HEIGHT}", "width": WIDTH, "height": AXIS_HEIGHT}
    rule = h("path", d=f"M{ROOM} {AXIS_HEIGHT - 16}H{WIDTH - ROOM}", class_="rule")
    return h("svg", h("title", said), rule, marks, above, class_="panel-axis", **size, role="img", aria_label=said)


def _number(view: View, panel: Panel, value: float) -> str:
    if panel.change:
        return view.words.gain(value, panel.unit) if value else view.words.number(0)
    return view.words.number(value, panel.unit)


def _words(view: View, panel: Panel) -> Iterator[tuple[float, str]]:
    """Yield the words above the axis and where they stand: the shared promise, and the baseline where it has room."""
    target = None if panel.target is None else place(panel.target, panel.scale)
    if panel.target is not None and target is not None:
        yield target, f"{view.words('finding.target')} {_number(view, panel, panel.target)}"
    if panel.change:
        start = place(0.0, panel.scale)
        if target is None or abs(start - target) > CLOSE:
            yield start, view.words("finding.baseline")


def _ticks(scale: Scale) -> list[float]:
    """Return round numbers on an axis, as far apart as leaves at least three of them."""
    low, high = min(scale), max(scale)
    size = 10.0 ** math.floor(math.log10(high - low))
    for step in (share * size for share in STEPS):
        first, last = math.ceil(low / step), math.floor(high / step)
        if last - first + 1 >= TICKS:
            break
    return [round(count * step, 12) for count in range(first, last + 1)]


def _x(share: float) -> float:
    return round(ROOM + (WIDTH - 2 * ROOM) * share, 1)


def _tick(share: float, number: str) -> list[Element]:
    x, line = _x(share), AXIS_HEIGHT - 16
    where: Attributes = {"x": x, "y": AXIS_HEIGHT - 3}
    return [h("path", d=f"M{x} {line}v4", class_="rule"), h("text", number, **where, text_anchor="middle")]


def _word(share: float, word: str) -> Element:
    anchor = "start" if share < EDGE else "end" if share > 1 - EDGE else "middle"
    return h("text", word, x=_x(share), y=HEIGHT / 2, text_anchor=anchor, class_="said")
