"""A value with its interval against baseline and target, as a small SVG image."""

from __future__ import annotations

import math
from urllib.parse import quote

WIDTH, HEIGHT = 160, 18


def whisker(
    baseline: float | None,
    target: float | None,
    value: float | None,
    low: float | None,
    high: float | None,
    *,
    scale: tuple[float, float] | None = None,
) -> str | None:
    """Draw one finding; returns a data address, or None where there is nothing to compare.

    Parameters
    ----------
    baseline, target
        Drawn as a thin and a dashed line.
    value, low, high
        Drawn as a dot on its interval.
    scale
        Ends of a scale that several drawings share; without it each fills its width.
    """
    known = [
        float(x) for x in (baseline, target, value, low, high, *(scale or ())) if x is not None and math.isfinite(x)
    ]
    if value is None or not math.isfinite(value) or len(set(known)) < 2:
        return None
    start, span = min(known), max(known) - min(known)

    def place(x: float) -> str:
        return f"{8 + (WIDTH - 16) * (x - start) / span:.1f}"

    marks = []
    if baseline is not None and math.isfinite(baseline):
        marks.append(_line(place(baseline), 'stroke="#9aa5ad"'))
    if target is not None and math.isfinite(target):
        marks.append(_line(place(target), 'stroke="#17242e" stroke-dasharray="2 2"'))
    if low is not None and high is not None and math.isfinite(low) and math.isfinite(high):
        marks.append(f'<path d="M{place(low)} 9H{place(high)}" stroke="#6fa8b5" stroke-width="2.5"/>')
    marks.append(f'<circle cx="{place(value)}" cy="9" r="4" fill="#0d6e85"/>')
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}">{"".join(marks)}</svg>'
    return "data:image/svg+xml," + quote(svg)


def _line(x: str, style: str) -> str:
    return f'<path d="M{x} 2V16" stroke-width="1.5" {style}/>'
