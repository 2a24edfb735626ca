"""Simulated plans of an interrupted time series."""

from __future__ import annotations

from functools import partial

import numpy as np

from impact.declare.expectations import PowerPlan
from impact.designs.draws import autoregressive, repeated
from impact.designs.interrupted_time_series.model import InterruptedTimeSeries
from impact.statistics.core import Estimate
from impact.statistics.power.simulation import Simulated
from impact.statistics.series.segmented import interrupted


def simulate(design: InterruptedTimeSeries, plan: PowerPlan, sd: float) -> Simulated:
    """Simulate a plan of a series."""
    return repeated(partial(_draw, design, sd), plan)


def _draw(design: InterruptedTimeSeries, sd: float, plan: PowerPlan, rng: np.random.Generator) -> Estimate:
    """Draw one series whose level (or slope, where that is wanted) moves by the effect at the start."""
    waves = plan.waves_before + plan.waves_after
    since = np.maximum(np.arange(waves) - plan.waves_before + 1, 0)
    moved = plan.effect * (since if design.estimand == "slope" else since > 0)
    outcome = autoregressive(plan, sd, rng, (1, waves))[0] + moved
    season = np.arange(waves) % design.season if design.season else None
    fit = interrupted(
        outcome,
        plan.waves_before,
        season=season,
        errors=design.errors,
        lags=design.lags,
        small_sample=design.small_sample,
    )
    return {"level": fit.level, "slope": fit.slope, "at_wave": fit.effect}[design.estimand]
