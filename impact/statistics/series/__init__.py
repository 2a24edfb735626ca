"""One series with a known start: segmented regression with serially correlated errors."""

from impact.statistics.series.segmented import Autocorrelation, SeriesFit, interrupted

__all__ = [
    "Autocorrelation",
    "SeriesFit",
    "interrupted",
]
