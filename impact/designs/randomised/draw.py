"""Plans of a randomised assignment: their precision in closed form, and simulated."""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from impact.declare.expectations import PowerPlan
from impact.designs import plans
from impact.designs.draws import coefficient, simulate_persons
from impact.designs.randomised.model import Randomised
from impact.statistics.core import Estimate
from impact.statistics.power import closed_form as closed
from impact.statistics.power.plan import Dataset
from impact.statistics.power.simulation import Simulated


def precision(design: Randomised, plan: PowerPlan) -> closed.Precision:
    """Return the precision of the difference between the arms, adjusted for the waves before (ANCOVA).

    Notes
    -----
    Repeated waves multiply the variance as in Frison and Pocock (1992) and McKenzie (2012).
    """
    if plan.cluster_size > 1:
        unadjusted = plans.cluster_precision(plan)
    else:
        unadjusted = plans.two_arms(plan, math.sqrt(plans.variance_treated(plan)), plans.spread(plan))
    unexplained = unadjusted.scaled(1 - plan.explained)
    before = len(design.covariate_waves)
    if not before:
        return unexplained
    correlation = closed.wave_correlation(before + 1, plan.autocorrelation)
    return unexplained.scaled(closed.panel_factor(correlation, before, "ancova"))


def simulate(design: Randomised, plan: PowerPlan, sd: float) -> Simulated:
    """Simulate a plan of two arms, measured before as often as the design adjusts for."""
    estimator = partial(_arms, clustered=plan.cluster_size > 1)
    before = len(design.covariate_waves)
    return simulate_persons(plan, sd, estimator, before=before, autocorrelation=plan.autocorrelation)


def _arms(data: Dataset, *, clustered: bool) -> Estimate:
    """Compare the arms after, adjusted for the waves before, as a randomised design does."""
    answered = ~np.isnan(data.outcomes[:, -1])
    earlier = data.outcomes[:, : data.pre]
    matrix = np.column_stack([np.ones(len(data.arm)), data.arm, earlier])[answered]
    return coefficient(data.outcomes[answered, -1], matrix, data.cluster[answered] if clustered else None)
