"""Simulated plans of matching."""

from __future__ import annotations

from functools import partial

import numpy as np

from impact.declare.expectations import PowerPlan
from impact.designs.draws import confounded, repeated
from impact.designs.matching.model import Matching
from impact.statistics.core import Estimate
from impact.statistics.observational import matching, strata
from impact.statistics.power.simulation import Simulated


def simulate(design: Matching, plan: PowerPlan, sd: float) -> Simulated:
    """Simulate a plan of matching."""
    return repeated(partial(_draw, design, sd), plan)


def _draw(design: Matching, sd: float, plan: PowerPlan, rng: np.random.Generator) -> Estimate:
    outcome, arm, covariate = confounded(plan, sd, rng)
    if design.method == "subclasses":
        return strata.subclassify(outcome, arm, covariate, ["covariate"], classes=design.subclasses).estimate
    if design.method == "coarsened":
        return strata.coarsened_exact(outcome, arm, covariate, ["covariate"]).estimate
    return matching.nearest(
        outcome,
        arm,
        covariate,
        ["covariate"],
        key=np.arange(len(arm)),
        replacement=design.replacement,
        distance=design.distance,
        ratio=design.ratio,
        caliper=design.caliper,
    ).estimate
