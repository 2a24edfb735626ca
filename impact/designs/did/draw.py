"""Plans of difference-in-differences: their precision in closed form, and simulated."""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from impact.declare.expectations import PowerPlan
from impact.designs import plans
from impact.designs.did.model import DifferenceInDifferences
from impact.designs.draws import coefficient, simulate_persons
from impact.statistics.core import Estimate
from impact.statistics.power import closed_form as closed
from impact.statistics.power.plan import Dataset
from impact.statistics.power.simulation import Simulated


def precision(design: DifferenceInDifferences, plan: PowerPlan) -> closed.Precision:
    """Return the precision of the difference between changes; different rows at each wave are not correlated.

    Notes
    -----
    With clusters, two waves multiply the variance as in McKenzie (2012); without, each arm's changes have their own.
    """
    autocorrelation = _autocorrelation(design, plan)
    if plan.cluster_size > 1:
        correlation = closed.wave_correlation(2, autocorrelation)
        unexplained = plans.cluster_precision(plan).scaled(1 - plan.explained)
        return unexplained.scaled(closed.panel_factor(correlation, 1, "change"))
    return plans.two_arms(plan, *_spreads_of_change(plan, autocorrelation)).scaled(1 - plan.explained)


def _autocorrelation(design: DifferenceInDifferences, plan: PowerPlan) -> float:
    return plan.autocorrelation if design.rows == "linked" else 0.0


def _spreads_of_change(plan: PowerPlan, autocorrelation: float) -> tuple[float, float]:
    """Return the spread of persons' changes in each arm: the treated may vary otherwise after than before."""
    before, after = plans.spread(plan), math.sqrt(plans.variance_treated(plan))
    treated = math.sqrt(before**2 + after**2 - 2 * autocorrelation * before * after)
    return treated, before * math.sqrt(2 * (1 - autocorrelation))


def simulate(design: DifferenceInDifferences, plan: PowerPlan, sd: float) -> Simulated:
    """Simulate a plan of two arms, measured once before and once after."""
    estimator = partial(_change, clustered=plan.cluster_size > 1)
    return simulate_persons(plan, sd, estimator, before=1, autocorrelation=_autocorrelation(design, plan))


def _change(data: Dataset, *, clustered: bool) -> Estimate:
    """Compare changes, which for two waves of linked persons is the difference-in-differences."""
    change = data.outcomes[:, -1] - data.outcomes[:, data.pre - 1]
    answered = ~np.isnan(change)
    matrix = np.column_stack([np.ones(len(data.arm)), data.arm])[answered]
    return coefficient(change[answered], matrix, data.cluster[answered] if clustered else None)
