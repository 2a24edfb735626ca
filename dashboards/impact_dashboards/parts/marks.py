"""Small drawings in tables: a value on its interval between baseline and target, a share as a bar. Inline SVG."""

from __future__ import annotations

import math
from typing import Any

from impact.drawing.markup import Element, h
from impact_dashboards.page.view import Row
from impact_dashboards.parts.state_marks import shape

WIDTH, HEIGHT, ROOM = 250, 22, 12
ENDS = ("baseline", "target", "value", "conf_low", "conf_high")


def known(value: Any) -> bool:
    """Tell whether there is a number."""
    return value is not None and math.isfinite(value)


def ends_of(row: Row, of: str = "conf") -> tuple[Any, Any]:
    """Return the ends of the interval by which a number of a row gets its digits: of its value, effect or forecast."""
    return row.get(f"{of}_low"), row.get(f"{of}_high")


Scale = tuple[float, float]
"""Values at the left and the right end of a drawing."""


def whisker(row: Row, text: str, *, scale: Scale | None = None) -> Element | None:
    """Draw a finding: dot and interval, a thin line for the baseline and a dashed one for the target.

    Parameters
    ----------
    row
        ``value, conf_low, conf_high, baseline, target, attainment``.
    text
        What the drawing says, for those who do not see it.
    scale
        Values at the left and the right end, that several drawings share; an interval beyond it ends in an arrow.
        Without it, :func:`progress_scale`.
    """
    ends = scale or progress_scale(row)
    if not known(row["value"]) or ends is None:
        return None
    state = "good" if row["attainment"] == "no_target" else row["attainment"]
    promise = [_promise_line(row, name, ends) for name in ("baseline", "target")]
    point = shape(state, x=_x(place(row["value"], ends)), y=HEIGHT / 2, size=11)
    return h(
        "svg",
        h("title", text),
        [*promise, _interval(row, ends), point],
        class_=f"whisker {state}",
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        width=WIDTH,
        height=HEIGHT,
        role="img",
        aria_label=text,
    )


def progress_scale(row: Row) -> Scale | None:
    """Return a scale on which baseline and target lie where they lie in every other row, whatever their unit.

    With one of the two, what is known of the row fills the scale. None with neither: a value alone would lie in the
    middle of its interval, and say nothing.
    """
    baseline, target = row["baseline"], row["target"]
    if known(baseline) and known(target) and baseline != target:
        gap = target - baseline
        return baseline - 0.35 * gap, target + 0.65 * gap
    if not known(baseline) and not known(target):
        return None
    ends = [row[name] for name in ENDS if known(row[name])]
    return (min(ends), max(ends)) if ends and max(ends) > min(ends) else None


def place(value: float, scale: Scale) -> float:
    """Return where a value lies: 0 at the left end, 1 at the right, beyond them outside."""
    start, end = scale
    return (value - start) / (end - start)


def _x(share: float) -> float:
    return round(ROOM + (WIDTH - 2 * ROOM) * min(max(share, 0.0), 1.0), 1)


def _promise_line(row: Row, name: str, scale: Scale) -> Element | None:
    """Draw baseline or target as a line from top to bottom; nothing where there is none."""
    value = row[name]
    if not known(value):
        return None
    x = _x(place(value, scale))
    path = f"M{x} 1V{HEIGHT - 1}"
    return h("path", d=path, class_=name)


def _interval(row: Row, scale: Scale) -> list[Element] | None:
    """Draw an interval, each end with a cap, or with an arrow where it lies beyond the scale."""
    if not known(row["conf_low"]) or not known(row["conf_high"]):
        return None
    shares = place(row["conf_low"], scale), place(row["conf_high"], scale)
    low, high = min(shares), max(shares)
    line = h("path", d=f"M{_x(low)} {HEIGHT / 2}H{_x(high)}", class_="interval")
    low_end = _arrow(low, -1) if low < 0 else _cap(low)
    high_end = _arrow(high, 1) if high > 1 else _cap(high)
    return [line, low_end, high_end]


def _cap(share: float) -> Element:
    x, middle = _x(share), HEIGHT / 2
    return h("path", d=f"M{x} {middle - 4}V{middle + 4}", class_="end")


def _arrow(share: float, turn: int) -> Element:
    x, middle = _x(share), HEIGHT / 2
    path = f"M{x} {middle - 4}L{x + 6 * turn} {middle}L{x} {middle + 4}Z"
    return h("path", d=path, class_="beyond")


def bar(share: float, state: str, text: str, *, mark: float | None = None) -> Element:
    """Draw a share of a whole, with a notch where it should be."""
    filled = round(200 * min(max(share, 0.0), 1.0), 1)
    body = [_bar_rectangle(200, "whole"), _bar_rectangle(filled, "part")]
    if mark is not None:
        body.append(_notch(mark))
    size = {"viewBox": "0 0 204 22", "width": 204, "height": 22}
    return h("svg", h("title", text), body, class_=f"bar {state}", **size, role="img", aria_label=text)


def _bar_rectangle(width: float, name: str) -> Element:
    return h("rect", x=0, y=6, width=width, height=10, rx=5, class_=name)


def _notch(share: float) -> Element:
    x = round(200 * min(share, 1.0), 1)
    return h("path", d=f"M{x} 1V21", class_="notch")
