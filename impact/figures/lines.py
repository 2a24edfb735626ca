"""What drawings over waves share: pieces of a line between breaks, intervals, ticks, marks of flags."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from impact.figures.style import INK, escaped
from impact.words import Words

MARKS = {
    "break": "x-thin",
    "provisional": "circle-open",
    "estimated": "diamond-open",
    "forecast": "triangle-up-open",
    "low_reliability": "square-open",
    "incomplete": "diamond-tall",
}
"""The shape of each flag of official statistics; its words stand in the legend."""
TICKS = 12
PlotlyProps: TypeAlias = "dict[str, PlotlyValue]"
"""Properties of a piece of a figure, as Plotly names them."""
PlotlyValue: TypeAlias = "str | float | list[str] | list[float] | pd.Series | PlotlyProps"


def pieces(line: pd.DataFrame) -> list[pd.DataFrame]:
    """Return the pieces of a line: a new one begins where values do not compare.

    That is at each break, after a wave without a value, and on both sides of a value of some of the units.
    """
    blank = line["value"].isna()
    partial = _flagged(line, "incomplete")
    follows_partial = np.concatenate(([False], partial[:-1]))
    is_break = _flagged(line, "break")
    begins = is_break | blank | partial | follows_partial
    numbers = np.cumsum(begins)
    valued = ~blank
    groups = line[valued].groupby(numbers[valued])
    return [rows for _, rows in groups]


def _flagged(rows: pd.DataFrame, flag: str) -> np.ndarray:
    """Tell of each value whether it has a flag."""
    return np.array([flag in flags for flags in rows["flags"]], dtype=bool)


def bars(rows: pd.DataFrame, **looks: str | float) -> PlotlyProps | None:
    """Return the intervals as distances from the values; None where there are none."""
    if rows["conf_low"].isna().all():
        return None
    values = rows["value"]
    above = rows["conf_high"] - values
    below = values - rows["conf_low"]
    lengths: PlotlyProps = {"array": above, "arrayminus": below}
    return {"type": "data", "symmetric": False, **lengths, "thickness": 1, **looks}


def draw_flags(figure: go.Figure, points: pd.DataFrame, words: Words) -> bool:
    """Mark the values that are flagged; tell whether there are any."""
    flagged = False
    for flag, symbol in MARKS.items():
        rows = points[_flagged(points, flag)]
        flagged = flagged or len(rows) > 0
        if len(rows):
            marker = {"symbol": symbol, "size": 14, "color": INK, "line": {"width": 2, "color": INK}}
            name = escaped(words(f"figure.flag.{flag}"))
            figure.add_scatter(
                x=rows["place"], y=rows["value"], mode="markers", name=name, marker=marker, hoverinfo="skip"
            )
    return flagged


def axis_ends(values: Iterable[Any], room: float) -> list[float]:
    """Return ends of an axis that hold all values, with a part of their span free beside them."""
    present = [float(value) for value in values if value is not None]
    finite = list(filter(math.isfinite, present))
    low = min(finite, default=0.0)
    high = max(finite, default=1.0)
    magnitude = abs(high)
    span = high - low or max(magnitude, 1.0)
    margin = room * span
    return [low - margin, high + margin]


def wave_axis(points: pd.DataFrame) -> PlotlyProps:
    """Return the ticks of the axis of time: waves in equal steps back from the last."""
    ordered = points.sort_values("place")
    waves = ordered.drop_duplicates("place")
    least_step = math.ceil(len(waves) / TICKS)
    step = max(least_step, 1)
    labelled = waves.iloc[::-step]
    names = [str(wave).replace("_", " ") for wave in labelled["wave"]]
    texts = list(map(escaped, names))
    return {"tickvals": labelled["place"], "ticktext": texts}


def value_axis(unit: str, words: Words) -> PlotlyProps:
    """Return title and format of the axis of values."""
    if unit == "share":
        return {"tickformat": ".0%"}
    return {"title": {"text": escaped(unit), "standoff": 6}, "hoverformat": ",.4~g"}
