"""Simulated plans of a regression discontinuity."""

from __future__ import annotations

from functools import partial

import numpy as np

from impact.declare.expectations import PowerPlan
from impact.designs.draws import repeated
from impact.designs.regression_discontinuity.model import RegressionDiscontinuity
from impact.statistics.core import Estimate
from impact.statistics.discontinuity.jump import regression_discontinuity
from impact.statistics.power.simulation import Simulated


def simulate(design: RegressionDiscontinuity, plan: PowerPlan, sd: float) -> Simulated:
    """Simulate a plan of a cutoff."""
    return repeated(partial(_draw, design, sd), plan)


def _draw(design: RegressionDiscontinuity, sd: float, plan: PowerPlan, rng: np.random.Generator) -> Estimate:
    """Draw a running variable spread evenly on both sides of the cutoff, with a straight line through it."""
    running = np.concatenate([rng.uniform(0, 1, plan.treated), rng.uniform(-1, 0, plan.comparison)])
    noise = rng.normal(0, sd * np.sqrt(1 - plan.explained), len(running))
    line = sd * np.sqrt(3 * plan.explained) * running
    outcome = plan.mean + line + noise + plan.effect * (running >= 0)
    fit = regression_discontinuity(
        outcome,
        running,
        order=design.order,
        kernel=design.kernel,
        selection=design.selection,
        errors=design.local_errors,
    )
    return fit.robust if design.report == "robust" else fit.conventional
