"""A Plotly figure as SVG: axes, traces, notes and legend, of the part of Plotly that the figures use."""

from impact.drawing.svg.figure import figure_svg

__all__ = ["figure_svg"]
