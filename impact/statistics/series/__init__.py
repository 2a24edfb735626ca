"""One series over time: with a known start (segmented regression), its growth, and where a line through it leads."""

from impact.statistics.series.growth import GrowthClass, cagr, growth_class
from impact.statistics.series.projection import FEWEST_POINTS, Projection, projected
from impact.statistics.series.segmented import Autocorrelation, SeriesFit, interrupted

__all__ = [
    "FEWEST_POINTS",
    "Autocorrelation",
    "GrowthClass",
    "Projection",
    "SeriesFit",
    "cagr",
    "growth_class",
    "interrupted",
    "projected",
]
