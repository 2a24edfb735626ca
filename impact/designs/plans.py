"""What power plans of several designs come to in closed form: spreads, and the precision of two arms."""

from __future__ import annotations

import math

from impact.declare.expectations import PowerPlan
from impact.statistics.power import closed_form as closed


def spread(plan: PowerPlan) -> float:
    """Return the standard deviation between persons without the programme, in the unit of the indicator."""
    if plan.sd is not None and plan.outcome != "binary":
        return plan.sd
    if plan.outcome == "binary":
        return math.sqrt(plan.mean * (1 - plan.mean))
    return math.sqrt(plan.mean)


def cluster_precision(plan: PowerPlan) -> closed.Precision:
    """Return the precision of a difference of means between clusters, of those who are left in them."""
    size = max(closed.retained(plan.cluster_size, plan.attrition), 1.0)
    return closed.cluster_means(plan.treated, plan.comparison, size, icc=plan.icc, sd=spread(plan))


def two_arms(plan: PowerPlan, treated: float, comparison: float) -> closed.Precision:
    """Return the precision of a difference of means of those who are left, given the spread in each arm."""
    n_treated, n_comparison = (closed.retained(n, plan.attrition) for n in (plan.treated, plan.comparison))
    sd_comparison = None if math.isclose(treated, comparison) else comparison
    return closed.two_means(n_treated, n_comparison, sd=treated, sd_comparison=sd_comparison)


def variance_treated(plan: PowerPlan) -> float:
    """Return the variance among the treated: it moves with a share or count, and grows if not all take part."""
    moved = plan.mean + plan.effect * plan.take_up
    if plan.outcome == "binary":
        return moved * (1 - moved)
    if plan.outcome == "count":
        dispersion = max(spread(plan) ** 2 - plan.mean, 0.0) / plan.mean**2
        return moved + dispersion * moved**2
    return spread(plan) ** 2 + plan.effect**2 * plan.take_up * (1 - plan.take_up)
