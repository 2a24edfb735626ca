"""Simulated plans of weighting."""

from __future__ import annotations

from functools import partial

import numpy as np

from impact.declare.expectations import PowerPlan
from impact.designs.draws import confounded, repeated
from impact.designs.weighting.model import Weighting
from impact.statistics.core import Estimate
from impact.statistics.observational import balancing, weighting
from impact.statistics.power.simulation import Simulated


def simulate(design: Weighting, plan: PowerPlan, sd: float) -> Simulated:
    """Simulate a plan of weighting."""
    return repeated(partial(_draw, design, sd), plan)


def _draw(design: Weighting, sd: float, plan: PowerPlan, rng: np.random.Generator) -> Estimate:
    outcome, arm, covariate = confounded(plan, sd, rng)
    if design.method == "entropy":
        return balancing.entropy_balance(outcome, arm, covariate, ["covariate"])
    estimator = weighting.ipw if design.method == "ipw" else weighting.aipw
    return estimator(outcome, arm, covariate, ["covariate"], estimand=design.estimand)
