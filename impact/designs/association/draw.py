"""Simulated plans of an association."""

from __future__ import annotations

from functools import partial

import numpy as np

from impact.declare.expectations import PowerPlan
from impact.designs.association.model import Association
from impact.designs.draws import repeated
from impact.statistics.core import Estimate
from impact.statistics.linear import least_squares, sandwich
from impact.statistics.power.simulation import Simulated


def simulate(design: Association, plan: PowerPlan, sd: float) -> Simulated:
    """Simulate a plan of an exposure."""
    return repeated(partial(_draw, design, sd), plan)


def _draw(design: Association, sd: float, plan: PowerPlan, rng: np.random.Generator) -> Estimate:
    """Draw an exposure with spread one, so that the effect is per standard deviation of the exposure."""
    n = plan.treated + plan.comparison
    exposure = rng.normal(0, 1, n)
    outcome = plan.mean + plan.effect * exposure + rng.normal(0, sd * np.sqrt(1 - plan.explained), n)
    fit = least_squares.fit(outcome, np.column_stack([np.ones(n), exposure]), ["constant", "exposure"])
    return sandwich.coefficient(fit, "exposure", errors="HC2")
