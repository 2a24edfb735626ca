"""A series over its waves: a line that is interrupted where the series breaks, and marks where a value is flagged."""

from __future__ import annotations

from itertools import cycle

import pandas as pd
import plotly.graph_objects as go

from impact.figures.lines import axis_ends, bars, draw_flags, pieces, value_axis, wave_axis
from impact.figures.style import COLOURS, dressed, escaped
from impact.words import Words

DASHES = ("solid", "dash", "dot", "dashdot", "longdash")


def series_figure(points: pd.DataFrame, unit: str, words: Words) -> go.Figure:
    """Draw the values of one indicator over its waves, a line for the whole and for each part.

    Parameters
    ----------
    points
        ``line`` (its name), ``wave`` (as it is written), ``place`` (where it lies in time, a number; equal steps mean
        equal times), ``value``, ``conf_low``, ``conf_high`` and ``flags`` (a list); in order of ``place``.
    unit
        Unit of measurement of the values; the unit ``share`` is drawn as percentages.
    words
        Texts, numbers and dates in the reader's language.
    """
    figure = go.Figure()
    looks = zip(cycle(COLOURS), cycle(DASHES), strict=False)
    for (name, line), (colour, dash) in zip(points.groupby("line", sort=False), looks, strict=False):
        _draw_line(figure, escaped(name), line, colour, dash)
    draw_flags(figure, points, words)
    times = axis_ends(points["place"], 0.03)
    ends = points[["value", "conf_low", "conf_high"]].to_numpy().ravel()
    figure.update_xaxes(wave_axis(points), range=times, showgrid=False)
    figure.update_yaxes(value_axis(unit, words), range=axis_ends(ends, 0.08))
    margin = {"l": 48, "r": 16, "t": 16, "b": 8}
    return dressed(figure, words, height=340, showlegend=True, legend={"y": -0.15}, margin=margin)


def _draw_line(figure: go.Figure, name: str, line: pd.DataFrame, colour: str, dash: str) -> None:
    """Draw a line piece by piece; the first stands for all in the legend."""
    look = {"color": colour, "dash": dash, "width": 2}
    for number, rows in enumerate(pieces(line)):
        waves = list(map(escaped, rows["wave"]))
        figure.add_scatter(
            x=rows["place"],
            y=rows["value"],
            error_y=bars(rows),
            mode="lines+markers",
            name=name,
            legendgroup=name,
            showlegend=number == 0,
            line=look,
            marker={"size": 6},
            text=waves,
            hovertemplate="%{text}: %{y}<extra></extra>",
        )
