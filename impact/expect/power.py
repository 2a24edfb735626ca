"""Power before the money is spent: what the declared plan could show, in closed form and by simulating the design."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from impact.declare import Programme, in_language
from impact.declare.expectations import PowerPlan
from impact.declare.indicators import Indicator
from impact.designs.base import Design
from impact.designs.plans import spread
from impact.designs.registry import design_kind
from impact.errors import NotEstimable
from impact.statistics.core import Floats
from impact.statistics.power import closed_form as closed
from impact.statistics.power.simulation import Simulated
from impact.words.said import Said

LARGEST = 2 * 10**8
"""Values that are drawn for a plan in all: about a minute; larger plans have their closed form only."""


@dataclass(frozen=True)
class PowerReport:
    """What an indicator's plan can show.

    Parameters
    ----------
    indicator
        Id of the indicator whose plan it is.
    design
        Kind of its design, such as ``did``.
    unit
        Unit of measurement of the indicator, in English.
    n, units
        How many of what, in both arms, as recruited: persons, units of a panel, waves of a series.
    effect
        The effect hoped for, in the unit of the indicator.
    sd
        Standard deviation of the outcome between persons, in the unit of the indicator.
    power
        Chance of a p-value below ``alpha`` if that effect is real: closed form, or simulated where there is none.
    closed
        That chance in closed form; None for designs that have none.
    minimum_detectable
        Smallest effect that is found with the declared power.
    simulated
        Bias, power, coverage and width of the interval over the replications, or None if simulation was not asked for.
    reason
        Why the plan cannot be evaluated; None if it can.
    """

    indicator: str
    design: str
    unit: str
    n: int
    units: str
    effect: float
    sd: float
    alpha: float
    target: float
    power: float | None
    closed: float | None
    minimum_detectable: float | None
    simulated: Simulated | None
    reason: str | None

    def sentence(self) -> str:
        """Say in one sentence what the plan can see."""
        if self.minimum_detectable is None or self.power is None:
            return f"{self.indicator}: the plan cannot be evaluated because {self.reason}"
        in_sd = self.minimum_detectable / self.sd
        smallest = f"{in_words(self.minimum_detectable)} {self.unit} ({in_sd:.2f} sd)"
        return (
            f"With {self.n} {self.units} this design finds nothing below {smallest} {self.target:.0%} of the time; an"
            f" effect of {in_words(self.effect)} is found {self.power:.0%} of the time.{self._bias()}"
        )

    def _bias(self) -> str:
        """Warn of a bias that the simulation shows beyond chance, and beyond a twentieth of a standard deviation."""
        drawn = self.simulated
        if drawn is None or abs(drawn.bias) < max(4 * drawn.bias_mc, 0.05 * self.sd):
            return ""
        return f" But it is biased by {drawn.bias:+.3g}, so that its interval holds the truth {drawn.coverage:.0%}."


def in_words(value: float) -> str:
    """Write a size with three digits, or without decimals from a thousand on."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def power_reports(programme: Programme, *, simulate: bool = True) -> list[PowerReport]:
    """Evaluate every power plan a programme declares.

    Parameters
    ----------
    programme
        The programme; the plans stand at its indicators. No data is read.
    simulate
        Whether to simulate designs that have a closed form too, unless the plan is too large for that; the others are
        always simulated.
    """
    return [
        power_report(indicator, indicator.ex_ante.power, simulate=simulate)
        for indicator in programme.indicators
        if indicator.ex_ante.power is not None
    ]


def power_report(indicator: Indicator, plan: PowerPlan, *, simulate: bool = True) -> PowerReport:
    """Evaluate one plan under the indicator's design."""
    design = indicator.ex_post.design
    closed_power, smallest, simulated, reason = None, None, None, None
    try:
        precision = _closed_form(design, plan)
        if precision is not None:
            closed_power = closed.power(closed.itt_effect(plan.effect, plan.take_up), precision, alpha=plan.alpha)
            smallest = _smallest(precision, plan)
        if closed_power is None or (simulate and can_simulate(plan)):
            simulated = simulate_design(design, plan, spread(plan))
            smallest = smallest or _smallest(closed.Precision(simulated.empirical_sd), plan)
    except NotEstimable as error:
        reason = str(error.why())
    power = closed_power if closed_power is not None else (simulated.power if simulated else None)
    return PowerReport(
        indicator.id,
        design.kind if design else "none",
        in_language(indicator.unit),
        *_size(design, plan),
        plan.effect,
        spread(plan),
        plan.alpha,
        plan.power,
        power,
        closed_power,
        smallest,
        simulated,
        reason,
    )


def power_curve(indicator: Indicator, effects: Floats) -> Floats:
    """Return the power at each effect: closed form, or from the spread that one simulation shows.

    Raises
    ------
    NotEstimable
        If the indicator has no power plan, or the plan cannot be evaluated.
    """
    plan, design = indicator.ex_ante.power, indicator.ex_post.design
    if plan is None:
        raise NotEstimable(Said("plans.no_power_plan_declared"), Said("plans.ex_ante_power"))
    precision = _closed_form(design, plan)
    if precision is None:
        precision = closed.Precision(simulate_design(design, plan, spread(plan)).empirical_sd)
    on_everybody = [closed.itt_effect(float(effect), plan.take_up) for effect in effects]
    powers = [closed.power(effect, precision, alpha=plan.alpha) for effect in on_everybody]
    return np.array(powers, dtype=np.float64)


def can_simulate(plan: PowerPlan) -> bool:
    """Tell whether a plan is small enough to be simulated."""
    persons = (plan.treated + plan.comparison) * plan.cluster_size
    return persons * (plan.waves_before + plan.waves_after) * plan.replications <= LARGEST


def simulate_design(design: Design | None, plan: PowerPlan, sd: float) -> Simulated:
    """Simulate a plan and put each dataset through the estimator that the design will use.

    Parameters
    ----------
    design
        The design of the indicator, of a kind with an effect to estimate.
    plan
        What is expected; its ``replications`` and ``seed`` are used.
    sd
        Standard deviation of the outcome between persons, in the unit of the indicator.

    Raises
    ------
    NotEstimable
        If the design gives no effect, hardly any simulated dataset could be estimated, or the plan is too large.
    """
    if not can_simulate(plan):
        raise NotEstimable(
            Said("plans.more_values_would_drawn", LARGEST=LARGEST), Said("plans.fewer_persons_waves_replications")
        )
    simulate = design_kind(design).simulate if design else None
    if simulate is None:
        raise NotEstimable(Said("designs.plan_declares_no_design_comparison"), Said("designs.design_under_ex_post"))
    return simulate(design, plan, sd)


def _closed_form(design: Design | None, plan: PowerPlan) -> closed.Precision | None:
    """Return the precision that a plan will have, or None where its design has no closed form."""
    precision = design_kind(design).precision if design else None
    return precision(design, plan) if precision else None


def _size(design: Design | None, plan: PowerPlan) -> tuple[int, str]:
    """Return how many units a plan has, and what they are called."""
    recruits = design_kind(design).recruits if design else "persons"
    if recruits == "waves":
        return plan.waves_before + plan.waves_after, recruits
    persons = (plan.treated + plan.comparison) * plan.cluster_size
    return persons, recruits


def _smallest(precision: closed.Precision, plan: PowerPlan) -> float:
    return closed.minimum_detectable_effect(precision, target=plan.power, alpha=plan.alpha) / plan.take_up
