"""What drawings over waves share: pieces of a line between breaks, intervals, ticks, marks of flags."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

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


def pieces(line: pd.DataFrame) -> list[pd.DataFrame]:
    """Return the pieces of a line: a new one begins where values do not compare.

    That is at each break, after a wave without a value, and on both sides of a value of some of the units.
    """
    blank, partial = line["value"].isna(), np.array(["incomplete" in flags for flags in line["flags"]], dtype=bool)
    follows_some = np.concatenate(([False], partial[:-1]))
    breaks = np.cumsum(
        np.array(["break" in flags for flags in line["flags"]], dtype=bool) | blank | partial | follows_some
    )
    return [rows for _, rows in line[~blank].groupby(breaks[~blank])]


def bars(rows: pd.DataFrame, **looks: Any) -> dict[str, Any] | None:
    """Return the intervals as distances from the values; None where there are none."""
    if rows["conf_low"].isna().all():
        return None
    upper, lower = rows["conf_high"] - rows["value"], rows["value"] - rows["conf_low"]
    return {"type": "data", "symmetric": False, "array": upper, "arrayminus": lower, "thickness": 1, **looks}


def draw_flags(figure: go.Figure, points: pd.DataFrame, words: Words) -> bool:
    """Mark the values that are flagged; tell whether there are any."""
    flagged = False
    for flag, symbol in MARKS.items():
        rows = points[[flag in flags for flags in points["flags"]]]
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
    finite = [float(value) for value in values if value is not None and math.isfinite(value)]
    low, high = min(finite, default=0.0), max(finite, default=1.0)
    span = high - low or max(abs(high), 1.0)
    return [low - room * span, high + room * span]


def wave_axis(points: pd.DataFrame) -> dict[str, Any]:
    """Return the ticks of the axis of time: waves in equal steps back from the last."""
    waves = points.sort_values("place").drop_duplicates("place")[["place", "wave"]]
    labelled = waves.iloc[:: -math.ceil(len(waves) / TICKS)] if len(waves) else waves
    return {
        "tickvals": labelled["place"],
        "ticktext": [escaped(str(wave).replace("_", " ")) for wave in labelled["wave"]],
    }


def value_axis(unit: str, words: Words) -> dict[str, Any]:
    """Return title and format of the axis of values."""
    if unit == "share":
        return {"tickformat": ".0%"}
    return {"title": {"text": escaped(unit), "standoff": 6}, "hoverformat": ",.4~g"}
