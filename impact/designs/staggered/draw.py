"""Simulated plans of staggered adoption."""

from __future__ import annotations

from functools import partial

import numpy as np

from impact.declare.expectations import PowerPlan
from impact.designs.draws import adoption, repeated, two_way
from impact.designs.staggered.model import Staggered
from impact.statistics.core import Estimate
from impact.statistics.panels.adoption import Panel
from impact.statistics.panels.aggregation import aggregate
from impact.statistics.panels.imputation import gardner_two_stage, imputation_effects
from impact.statistics.panels.interacted import sun_abraham
from impact.statistics.panels.staggered import group_time_effects
from impact.statistics.power.simulation import Simulated


def simulate(design: Staggered, plan: PowerPlan, sd: float) -> Simulated:
    """Simulate a plan of one cohort after the other."""
    return repeated(partial(_draw, design, sd), plan)


def _draw(design: Staggered, sd: float, plan: PowerPlan, rng: np.random.Generator) -> Estimate:
    outcome, cohort = adoption(plan, sd, rng, starts=plan.waves_after)
    if design.estimator == "twfe":
        return two_way(outcome, cohort)
    panel = Panel(outcome, cohort)
    if design.estimator == "sun_abraham":
        return sun_abraham(panel).overall
    if design.estimator == "imputation":
        return imputation_effects(panel).overall
    if design.estimator == "two_stage":
        return gardner_two_stage(panel).overall
    cells = group_time_effects(panel, control=design.control, method="reg")
    return aggregate(cells, design.aggregate).overall
