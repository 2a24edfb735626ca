"""A series over its waves: a line that is interrupted where the series breaks, and marks where a value is flagged."""

from __future__ import annotations

import html
import math
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

INK = "#17242e"
LINES = (("#0d5566", "solid"), ("#b3470f", "dash"), ("#3c8a5c", "dot"), ("#6b46a3", "dashdot"), ("#51606b", "longdash"))
MARKS = {
    "break": ("x-thin", "break: not comparable with the values before"),
    "provisional": ("circle-open", "provisional"),
    "estimated": ("diamond-open", "estimated"),
    "forecast": ("triangle-up-open", "forecast"),
    "low_reliability": ("square-open", "low reliability"),
}
"""Shape and words of each flag of official statistics."""
TICKS = 12


def series_figure(points: pd.DataFrame, unit: str) -> go.Figure:
    """Draw the values of one indicator over its waves, a line for the whole and for each part.

    Parameters
    ----------
    points
        ``line`` (its name), ``wave`` (as it is written), ``place`` (where it lies in time, a number; equal steps mean
        equal times), ``value``, ``conf_low``, ``conf_high`` and ``flags`` (a list); in order of ``place``.
    unit
        Of the values; shares are drawn as percentages.
    """
    figure = go.Figure()
    for number, (name, line) in enumerate(points.groupby("line", sort=False)):
        _draw_line(figure, html.escape(str(name)), line, LINES[number % len(LINES)])
    for flag, (symbol, words) in MARKS.items():
        _draw_marks(figure, points[[flag in flags for flags in points["flags"]]], symbol, words)
    ticks = _ticks(points)
    figure.update_xaxes(
        tickvals=ticks["place"], ticktext=[html.escape(str(wave).replace("_", " ")) for wave in ticks["wave"]]
    )
    share = {"tickformat": ".0%"} if unit == "share" else {}
    figure.update_yaxes(title=html.escape(unit), **share)
    legend = {"orientation": "h", "y": -0.15}
    figure.update_layout(
        template="plotly_white", height=340, showlegend=True, legend=legend, margin={"l": 60, "r": 16, "t": 16, "b": 8}
    )
    return figure


def _ticks(points: pd.DataFrame) -> pd.DataFrame:
    """Choose the waves that are written below the axis: equal steps back from the last."""
    waves = points.sort_values("place").drop_duplicates("place")[["place", "wave"]]
    return waves.iloc[:: -math.ceil(len(waves) / TICKS)]


def _draw_line(figure: go.Figure, name: str, line: pd.DataFrame, style: tuple[str, str]) -> None:
    colour, dash = style
    pieces = np.cumsum(["break" in flags for flags in line["flags"]])
    for place, (_, rows) in enumerate(line.groupby(pieces)):
        figure.add_scatter(
            x=rows["place"],
            y=rows["value"],
            error_y=_bars(rows),
            mode="lines+markers",
            name=name,
            legendgroup=name,
            showlegend=place == 0,
            line={"color": colour, "dash": dash, "width": 2},
            marker={"size": 6},
            text=[html.escape(str(wave)) for wave in rows["wave"]],
            hovertemplate="%{text}: %{y}<extra></extra>",
        )


def _bars(rows: pd.DataFrame) -> dict[str, Any] | None:
    """Return the intervals as distances from the values; None where there are none."""
    if rows["conf_low"].isna().all():
        return None
    above, below = rows["conf_high"] - rows["value"], rows["value"] - rows["conf_low"]
    return {"type": "data", "symmetric": False, "array": above, "arrayminus": below, "thickness": 1}


def _draw_marks(figure: go.Figure, rows: pd.DataFrame, symbol: str, words: str) -> None:
    if rows.empty:
        return
    figure.add_scatter(
        x=rows["place"],
        y=rows["value"],
        mode="markers",
        name=words,
        marker={"symbol": symbol, "size": 14, "color": INK, "line": {"width": 2}},
        hoverinfo="skip",
    )
