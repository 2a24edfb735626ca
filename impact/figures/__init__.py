"""Figures: pure functions from tidy results to Plotly figures, shared by the command line, notebooks and the app."""

from impact.figures.network import network_figure
from impact.figures.power import power_figure, write_power_curves

__all__ = ["network_figure", "power_figure", "write_power_curves"]
