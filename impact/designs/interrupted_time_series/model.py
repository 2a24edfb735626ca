"""An interrupted time series, as it is declared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from impact.declare.base import WaveCode
from impact.declare.declaration import Declaration
from impact.designs.base import About, Design
from impact.designs.problems import series_problems, start_problems, wave_problems
from impact.errors import Problem


class InterruptedTimeSeries(Design):
    """One series over many waves, with a change of level and slope from ``start`` on.

    The series is the indicator's value at each wave. ``season`` is the number of waves in a cycle (12 for months).
    ``errors`` allow for autocorrelation: an AR(1) model by maximum likelihood, or Newey–West with ``lags``.
    """

    kind: Literal["interrupted_time_series"]
    start: WaveCode
    season: int | None = Field(default=None, ge=2, le=366)
    errors: Literal["classical", "newey_west", "ar1"] = "ar1"
    lags: int | None = Field(default=None, ge=0, le=200)
    small_sample: bool = True
    estimand: Literal["level", "slope", "at_wave"] = "at_wave"

    @property
    def about(self) -> About:
        """An effect per person; a change of slope is none."""
        return About.SERIES if self.estimand == "slope" else About.PERSONS

    def arm_sql(self) -> str | None:
        """Return None: everybody is treated from the start on."""
        return None

    def problems(self, at: Declaration) -> Iterator[Problem]:
        """Yield what is wrong with the design: the outcome, the waves."""
        yield from series_problems(self, at)
        yield from wave_problems(self, at)
        yield from start_problems(at, self.start)
