"""Simulated plans of a synthetic control."""

from __future__ import annotations

from functools import partial

import numpy as np

from impact.declare.expectations import PowerPlan
from impact.designs.draws import autoregressive, repeated
from impact.designs.synthetic_control.model import SyntheticControl
from impact.errors import NotEstimable
from impact.statistics.core import Estimate, wald
from impact.statistics.power.simulation import Simulated
from impact.statistics.synthetic.control import synthetic_control
from impact.statistics.synthetic.difference import synthetic_did
from impact.words.said import Said


def simulate(design: SyntheticControl, plan: PowerPlan, sd: float) -> Simulated:
    """Simulate a plan of units with a series each."""
    return repeated(partial(_draw, design, sd), plan)


def _draw(design: SyntheticControl, sd: float, plan: PowerPlan, rng: np.random.Generator) -> Estimate:
    """Draw units that share one series, each with its own level, and move the treated ones after the start."""
    if design.predictors:
        need = Said("plans.plan_same_design_without_predictors_matched_outcome")
        raise NotEstimable(Said("plans.predictors_synthetic_control_not_simulated"), need)
    waves = plan.waves_before + plan.waves_after
    units = plan.treated + plan.comparison
    common = autoregressive(plan, sd, rng, (1, waves))
    idiosyncratic = autoregressive(plan, sd * np.sqrt(1 - plan.explained), rng, (units, waves))
    outcome = np.sqrt(plan.explained) * common + idiosyncratic
    outcome[: plan.treated, plan.waves_before :] += plan.effect
    if design.method == "synthetic_control":
        control = synthetic_control(outcome, 0, plan.waves_before)
        spread = float(np.std(control.placebo_gaps[:, plan.waves_before :].mean(axis=1), ddof=1))
        return wald(
            control.effect,
            spread,
            rule=Said("rule.spread_placebo_units"),
            n_obs=outcome.size,
            df=len(control.placebo_gaps) - 1,
        )
    rows, starts = list(range(plan.treated)), [plan.waves_before] * plan.treated
    return synthetic_did(outcome, rows, starts, draws=design.draws, rng=rng).effect
