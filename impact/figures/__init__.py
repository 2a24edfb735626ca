"""Figures: pure functions from tidy results to Plotly figures, shared by the command line, notebooks and the app."""

from impact.figures.network import network_figure
from impact.figures.power import power_figure, write_power_curves
from impact.figures.series import series_figure

__all__ = ["network_figure", "power_figure", "series_figure", "write_power_curves"]
