"""Small drawings in tables: a value on its interval between baseline and target, a share as a bar. Inline SVG."""

from __future__ import annotations

import math
from typing import Any

from impact.drawing.markup import Element, h
from impact_dashboards.parts.state_marks import shape

WIDTH, HEIGHT, ROOM = 250, 22, 12


def known(value: Any) -> bool:
    """Tell whether there is a number."""
    return value is not None and math.isfinite(value)


def whisker(row: Any, words: str, *, scale: tuple[float, float] | None = None) -> Element | None:
    """Draw a finding: dot and interval, a thin line for the baseline and a dashed one for the target.

    Parameters
    ----------
    row
        ``value, conf_low, conf_high, baseline, target, attainment``.
    words
        What the drawing says, for those who do not see it.
    scale
        Values at the left and the right end, that several drawings share; an interval beyond it ends in an arrow.
        Without it, :func:`progress_scale`.
    """
    value, low, high = row["value"], row["conf_low"], row["conf_high"]
    ends = scale or progress_scale(row)
    if not known(value) or ends is None:
        return None
    start, end = ends

    def place(x: float) -> float:
        """Return where a value lies: 0 at the left end, 1 at the right, beyond them outside."""
        return (x - start) / (end - start)

    baseline, target = row["baseline"], row["target"]
    state = "good" if row["attainment"] == "no_target" else row["attainment"]
    spot = min(max(place(value), 0.0), 1.0)
    parts = [
        h("path", d=f"M{_x(place(baseline))} 1V{HEIGHT - 1}", class_="baseline") if known(baseline) else None,
        h("path", d=f"M{_x(place(target))} 1V{HEIGHT - 1}", class_="target") if known(target) else None,
        _interval(*sorted((place(low), place(high)))) if known(low) and known(high) else None,
        shape(state, x=_x(spot), y=HEIGHT / 2, size=11),
    ]
    return h(
        "svg",
        h("title", words),
        parts,
        class_=f"whisker {state}",
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        width=WIDTH,
        height=HEIGHT,
        role="img",
        aria_label=words,
    )


def progress_scale(row: Any) -> tuple[float, float] | None:
    """Return a scale on which baseline and target lie where they lie in every other row, whatever their unit.

    Without the two, what is known of the row fills the scale; None where that is a single value.
    """
    baseline, target = row["baseline"], row["target"]
    if known(baseline) and known(target) and baseline != target:
        gap = target - baseline
        return baseline - 0.35 * gap, target + 0.65 * gap
    ends = [x for x in (baseline, target, row["value"], row["conf_low"], row["conf_high"]) if known(x)]
    return (min(ends), max(ends)) if ends and max(ends) > min(ends) else None


def _x(place: float) -> float:
    return round(ROOM + (WIDTH - 2 * ROOM) * min(max(place, 0.0), 1.0), 1)


def _interval(low: float, high: float) -> list[Element]:
    middle = HEIGHT / 2
    parts = [h("path", d=f"M{_x(low)} {middle}H{_x(high)}", class_="interval")]
    for place, beyond, turn in ((low, low < 0, -1), (high, high > 1, 1)):
        x = _x(place)
        arrow = f"M{x} {middle - 4}L{x + 6 * turn} {middle}L{x} {middle + 4}Z"
        parts.append(
            h("path", d=arrow if beyond else f"M{x} {middle - 4}V{middle + 4}", class_="beyond" if beyond else "end")
        )
    return parts


def bar(share: float, state: str, words: str, *, mark: float | None = None) -> Element:
    """Draw a share of a whole, with a notch where it should be."""
    full = min(max(share, 0.0), 1.0)
    parts = [
        h("rect", x=0, y=6, width=200, height=10, rx=5, class_="whole"),
        h("rect", x=0, y=6, width=round(200 * full, 1), height=10, rx=5, class_="part"),
        h("path", d=f"M{round(200 * min(mark, 1.0), 1)} 1V21", class_="notch") if mark is not None else None,
    ]
    return h(
        "svg",
        h("title", words),
        parts,
        class_=f"bar {state}",
        viewBox="0 0 204 22",
        width=204,
        height=22,
        role="img",
        aria_label=words,
    )
