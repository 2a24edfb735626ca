"""Power curves: what each plan could show, as a page of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import plotly.graph_objects as go

from impact.declare import Programme, in_language
from impact.errors import NotEstimable
from impact.expect import PowerReport, power_curve
from impact.files import write_file

INK, ACCENT = "#1d1d1b", "#1b5e8c"


def power_figure(title: str, report: PowerReport, effects: Sequence[float], powers: Sequence[float]) -> go.Figure:
    """Draw power against the size of the effect, with the effect hoped for and the smallest detectable one.

    Parameters
    ----------
    title
        Title of the indicator, as it stands above the figure.
    report
        What its plan can show; gives the effect hoped for and the smallest detectable one.
    effects, powers
        Points of the curve; effects in the unit of the indicator, powers as shares.
    """
    line = {"color": ACCENT, "width": 2}
    curve = go.Scatter(x=list(effects), y=list(powers), mode="lines", name="power", line=line)
    figure = go.Figure(curve)
    figure.add_hline(y=report.target, line={"color": INK, "dash": "dot", "width": 1})
    marks = [
        ("hoped for", abs(report.effect), report.power),
        ("smallest found", report.minimum_detectable, report.target),
    ]
    for name, effect, power in marks:
        if effect is not None and power is not None:
            figure.add_scatter(x=[effect], y=[power], mode="markers", name=name, marker={"size": 10})
    heading = f"{title}: {report.n} units, {report.design}"
    powers_axis = {"title": "chance of finding it", "range": [0, 1], "tickformat": ".0%"}
    figure.update_layout(title=heading, xaxis_title=f"effect ({report.unit})", yaxis=powers_axis)
    return figure.update_layout(template="plotly_white")


def write_power_curves(programme: Programme, reports: Sequence[PowerReport], path: Path) -> None:
    """Write the curves of all plans that have one into a single HTML file that needs no network."""
    indicators = {indicator.id: indicator for indicator in programme.indicators}
    divisions: list[str] = []
    for report in reports:
        indicator = indicators[report.indicator]
        top = 2.0 * max(abs(report.effect), report.minimum_detectable or 0.0)
        effects = np.linspace(0.0, top, 81)
        try:
            powers = power_curve(indicator, effects)
        except NotEstimable:
            continue
        figure = power_figure(in_language(indicator.title), report, effects.tolist(), powers.tolist())
        divisions.append(figure.to_html(full_html=False, include_plotlyjs=not divisions))
    name = in_language(programme.header.title)
    page = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Power of {name}</title><body>'
    write_file(path, page + "".join(divisions) + "</body></html>")
