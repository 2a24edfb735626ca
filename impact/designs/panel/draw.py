"""Simulated plans of a panel."""

from __future__ import annotations

from functools import partial

import numpy as np

from impact.declare.expectations import PowerPlan
from impact.designs.draws import adoption, repeated, two_way
from impact.designs.panel.model import PanelEffects
from impact.statistics.core import Estimate
from impact.statistics.power.simulation import Simulated


def simulate(design: PanelEffects, plan: PowerPlan, sd: float) -> Simulated:
    """Simulate a plan of units that start together."""
    return repeated(partial(_draw, design, sd), plan)


def _draw(_: PanelEffects, sd: float, plan: PowerPlan, rng: np.random.Generator) -> Estimate:
    outcome, cohort = adoption(plan, sd, rng, starts=1)
    return two_way(outcome, cohort)
