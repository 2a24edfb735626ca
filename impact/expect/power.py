"""Power before the money is spent: what the declared plan could show, in closed form and by simulating the design."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from impact.declare import Programme, in_language
from impact.declare.designs import (
    Design,
    DifferenceInDifferences,
    InterruptedTimeSeries,
    PanelEffects,
    Randomised,
    Staggered,
    SyntheticControl,
)
from impact.declare.expectations import PowerPlan
from impact.declare.indicators import Indicator
from impact.errors import NotEstimable
from impact.expect.simulated import can_simulate, simulate_design
from impact.statistics.core import Floats
from impact.statistics.power import closed_form as closed
from impact.statistics.power.simulation import Simulated
from impact.words.said import Said

CLOSED_FORM = (Randomised, DifferenceInDifferences)


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
        if isinstance(design, CLOSED_FORM):
            precision = plan_precision(design, plan)
            closed_power = closed.power(closed.itt_effect(plan.effect, plan.take_up), precision, alpha=plan.alpha)
            smallest = _smallest(precision, plan)
        if closed_power is None or (simulate and can_simulate(plan)):
            simulated = simulate_design(design, plan, spread(plan))
            smallest = smallest or _smallest(closed.Precision(simulated.empirical_sd), plan)
    except NotEstimable as error:
        reason = str(error.why())
    found = closed_power if closed_power is not None else (simulated.power if simulated else None)
    return PowerReport(
        indicator.id,
        design.kind if design else "none",
        in_language(indicator.unit),
        *_size(design, plan),
        plan.effect,
        spread(plan),
        plan.alpha,
        plan.power,
        found,
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
    if isinstance(design, CLOSED_FORM):
        precision = plan_precision(design, plan)
    else:
        precision = closed.Precision(simulate_design(design, plan, spread(plan)).empirical_sd)
    found = [
        closed.power(closed.itt_effect(float(effect), plan.take_up), precision, alpha=plan.alpha) for effect in effects
    ]
    return np.array(found, dtype=np.float64)


def _size(design: Design | None, plan: PowerPlan) -> tuple[int, str]:
    if isinstance(design, InterruptedTimeSeries):
        return plan.waves_before + plan.waves_after, "waves"
    n = (plan.treated + plan.comparison) * plan.cluster_size
    return n, "units" if isinstance(design, PanelEffects | Staggered | SyntheticControl) else "persons"


def _smallest(precision: closed.Precision, plan: PowerPlan) -> float:
    return closed.minimum_detectable_effect(precision, target=plan.power, alpha=plan.alpha) / plan.take_up


def spread(plan: PowerPlan) -> float:
    """Return the standard deviation between persons without the programme, in the unit of the indicator."""
    if plan.sd is not None and plan.outcome != "binary":
        return plan.sd
    if plan.outcome == "binary":
        return math.sqrt(plan.mean * (1 - plan.mean))
    return math.sqrt(plan.mean)


def plan_precision(design: Design | None, plan: PowerPlan) -> closed.Precision:
    """Return the standard error and degrees of freedom that a randomised or did plan will have.

    Notes
    -----
    Those who are lost are not there; ``explained`` is the share of variance that covariates take away; repeated waves
    multiply the variance as in Frison and Pocock (1992) and McKenzie (2012).
    """
    sd, linked = spread(plan), getattr(design, "rows", "linked") == "linked"
    if plan.cluster_size > 1:
        size = max(closed.retained(plan.cluster_size, plan.attrition), 1.0)
        precision = closed.cluster_means(plan.treated, plan.comparison, size, icc=plan.icc, sd=sd)
    elif isinstance(design, DifferenceInDifferences):
        return _two_arms(plan, *_spreads_of_change(plan, linked=linked)).scaled(1 - plan.explained)
    else:
        precision = _two_arms(plan, math.sqrt(_variance_treated(plan)), sd)
    precision = precision.scaled(1 - plan.explained)
    if isinstance(design, DifferenceInDifferences):
        correlation = closed.wave_correlation(2, plan.autocorrelation if linked else 0.0)
        return precision.scaled(closed.panel_factor(correlation, 1, "change"))
    if isinstance(design, Randomised) and design.covariate_waves:
        before = len(design.covariate_waves)
        correlation = closed.wave_correlation(before + 1, plan.autocorrelation)
        return precision.scaled(closed.panel_factor(correlation, before, "ancova"))
    return precision


def _two_arms(plan: PowerPlan, treated: float, comparison: float) -> closed.Precision:
    """Return the precision of a difference of means of those who are left, given the spread in each arm."""
    n_treated, n_comparison = (closed.retained(n, plan.attrition) for n in (plan.treated, plan.comparison))
    other = None if math.isclose(treated, comparison) else comparison
    return closed.two_means(n_treated, n_comparison, sd=treated, sd_comparison=other)


def _spreads_of_change(plan: PowerPlan, *, linked: bool) -> tuple[float, float]:
    """Return the spread of persons' changes in each arm: the treated may vary otherwise after than before."""
    before, after = spread(plan), math.sqrt(_variance_treated(plan))
    both = plan.autocorrelation if linked else 0.0
    treated = math.sqrt(before**2 + after**2 - 2 * both * before * after)
    return treated, before * math.sqrt(2 * (1 - both))


def _variance_treated(plan: PowerPlan) -> float:
    """Return the variance among the treated: it moves with a share or count, and grows if not all take part."""
    moved = plan.mean + plan.effect * plan.take_up
    if plan.outcome == "binary":
        return moved * (1 - moved)
    if plan.outcome == "count":
        dispersion = max(spread(plan) ** 2 - plan.mean, 0.0) / plan.mean**2
        return moved + dispersion * moved**2
    return spread(plan) ** 2 + plan.effect**2 * plan.take_up * (1 - plan.take_up)
