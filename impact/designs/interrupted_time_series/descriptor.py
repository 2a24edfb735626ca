"""What is true of interrupted time series."""

from __future__ import annotations

from impact.designs.interrupted_time_series.draw import simulate
from impact.designs.interrupted_time_series.estimate import estimate_series
from impact.designs.interrupted_time_series.model import InterruptedTimeSeries
from impact.designs.kind import COSTS_A_LEVEL, INFORMS, Counts, DesignKind

INTERRUPTED_TIME_SERIES = DesignKind(
    model=InterruptedTimeSeries,
    estimate=estimate_series,
    level=2,
    stands_on=(),
    checks={"autocorrelation": COSTS_A_LEVEL, "placebo_start": INFORMS},
    counts=Counts.SERIES,
    recruits="waves",
    precision=None,
    simulate=simulate,
)
