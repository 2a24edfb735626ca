"""Figures: pure functions from tidy results to Plotly figures, shared by the command line, notebooks and the app.

:func:`figure_svg` writes any of them as SVG, without a browser.
"""

from typing import TYPE_CHECKING

from impact.rooms import on_demand

if TYPE_CHECKING:
    from impact.drawing.svg.figure import figure_svg
    from impact.figures.boundaries import has_geometry
    from impact.figures.control import control_figure
    from impact.figures.effects import effects_figure, family_name, parts_figure, pool_figure
    from impact.figures.map import map_drawing
    from impact.figures.network import network_figure
    from impact.figures.power import power_figure, write_power_curves
    from impact.figures.series import series_figure
    from impact.figures.style import number_format
    from impact.figures.waves import Point, waves_figure

__all__ = [
    "Point",
    "control_figure",
    "effects_figure",
    "family_name",
    "figure_svg",
    "has_geometry",
    "map_drawing",
    "network_figure",
    "number_format",
    "parts_figure",
    "pool_figure",
    "power_figure",
    "series_figure",
    "waves_figure",
    "write_power_curves",
]
__getattr__ = on_demand(__name__, __file__)
