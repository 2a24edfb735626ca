"""A control chart: values by period with their centre and limits, and a mark on each that is a signal."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from impact.figures.lines import PlotlyProps, axis_ends, value_axis, wave_axis
from impact.figures.style import ACCENT, GRID, INK, MUTED, TARGET, dressed, escaped
from impact.words import Words

SIGNALS = {"concern": ("triangle-down", TARGET), "change": ("diamond", INK), "improvement": ("triangle-up", ACCENT)}
"""Shape and colour of each reading that is a signal."""


def control_figure(points: pd.DataFrame, unit: str, words: Words) -> go.Figure:
    """Draw the values of one indicator and part over its periods; with limits where it has a chart.

    Parameters
    ----------
    points
        ``wave`` (the period as it is written), ``place`` (where it lies in time, a number), ``value``, ``center``,
        ``lower``, ``upper`` and ``reading``, in order of ``place``. A period without a value interrupts the line.
    unit
        Unit of measurement of the values; the unit ``share`` is drawn as percentages.
    words
        Texts, numbers and dates in the reader's language.
    """
    figure = go.Figure()
    if points["center"].notna().any():
        _draw_limits(figure, points, words)
    figure.add_scatter(
        x=points["place"],
        y=points["value"],
        mode="lines+markers",
        name=escaped(words("figure.period_value")),
        line={"color": MUTED, "width": 2},
        marker={"size": 6, "color": MUTED},
        text=list(map(escaped, points["wave"])),
        hovertemplate="%{text}: %{y}<extra></extra>",
    )
    for reading, (symbol, colour) in SIGNALS.items():
        marked = points[points["reading"] == reading]
        if len(marked):
            marker: PlotlyProps = {"symbol": symbol, "size": 12, "color": colour}
            name = escaped(words(f"reading.{reading}"))
            figure.add_scatter(x=marked["place"], y=marked["value"], mode="markers", name=name, marker=marker)
    ends = points[["value", "lower", "upper"]].to_numpy(dtype=float).ravel()
    figure.update_xaxes(wave_axis(points), range=axis_ends(points["place"], 0.03), showgrid=False)
    figure.update_yaxes(value_axis(unit, words), range=axis_ends(ends, 0.08))
    margin = {"l": 48, "r": 16, "t": 16, "b": 8}
    return dressed(figure, words, height=340, showlegend=True, legend={"y": -0.15}, margin=margin)


def _draw_limits(figure: go.Figure, points: pd.DataFrame, words: Words) -> None:
    looks = {"lower": ("dot", GRID), "upper": ("dot", GRID), "center": ("dash", MUTED)}
    for name, (dash, _) in looks.items():
        figure.add_scatter(
            x=points["place"],
            y=points[name],
            mode="lines",
            name=escaped(words("figure.center" if name == "center" else "figure.limits")),
            legendgroup="center" if name == "center" else "limits",
            showlegend=name != "lower",
            line={"color": INK if name == "center" else MUTED, "width": 1, "dash": dash},
            hoverinfo="skip",
        )
