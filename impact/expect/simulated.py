"""Simulate a declared plan and put each dataset through the estimator that the design will use.

Draws are as simple as the design allows: linear outcomes, effects that are the same for all. They answer what the plan
can show if its assumptions hold, not whether they hold.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from impact.declare.designs import (
    Association,
    Design,
    DifferenceInDifferences,
    InterruptedTimeSeries,
    Matching,
    PanelEffects,
    Randomised,
    RegressionDiscontinuity,
    Staggered,
    SyntheticControl,
    Weighting,
)
from impact.declare.expectations import PowerPlan
from impact.errors import NotEstimable
from impact.statistics.core import Estimate, Floats, wald
from impact.statistics.discontinuity import jump as discontinuity
from impact.statistics.linear import least_squares, sandwich
from impact.statistics.linear.two_way import Cells, fit_cells
from impact.statistics.linear.two_way_errors import clustered_errors, row_scores, term_estimates
from impact.statistics.observational import balancing, matching, strata, weighting
from impact.statistics.panels.adoption import NEVER, Panel
from impact.statistics.panels.aggregation import aggregate
from impact.statistics.panels.imputation import gardner_two_stage, imputation_effects
from impact.statistics.panels.interacted import sun_abraham
from impact.statistics.panels.staggered import group_time_effects
from impact.statistics.power.plan import Dataset, Plan
from impact.statistics.power.simulation import Simulated, row, simulate, summarise
from impact.statistics.series import segmented as series
from impact.statistics.synthetic.control import synthetic_control
from impact.statistics.synthetic.difference import synthetic_did
from impact.words.said import Said

Draw = Callable[[np.random.Generator], Estimate]
SELECTION = 0.5
"""How far the treated differ in the covariate, in standard deviations, where nobody drew lots."""
LARGEST = 2 * 10**8
"""Values that are drawn for a plan in all: about a minute; larger plans have their closed form only."""
FEW = 100
"""Clusters below which the engine uses CR2."""


def can_simulate(plan: PowerPlan) -> bool:
    """Tell whether a plan is small enough to be simulated."""
    persons = (plan.treated + plan.comparison) * plan.cluster_size
    return persons * (plan.waves_before + plan.waves_after) * plan.replications <= LARGEST


def simulate_design(design: Design | None, plan: PowerPlan, sd: float) -> Simulated:
    """Simulate a plan under its design.

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
    if isinstance(design, Randomised | DifferenceInDifferences):
        return _persons(design, plan, sd)
    draws: dict[type, Callable[..., Estimate]] = {
        Matching: _observational,
        Weighting: _observational,
        RegressionDiscontinuity: _discontinuity,
        PanelEffects: _adoption,
        Staggered: _adoption,
        InterruptedTimeSeries: _series,
        SyntheticControl: _synthetic,
        Association: _association,
    }
    if type(design) not in draws:
        raise NotEstimable(Said("designs.plan_declares_no_design_comparison"), Said("designs.design_under_ex_post"))
    if plan.cluster_size > 1 or plan.take_up < 1:
        what = Said("plans.clusters_take_up_simulated_randomised_did_designs")
        raise NotEstimable(what, Said("plans.cluster_size_1_take_up_1_effect"))
    if plan.outcome != "scale":
        raise NotEstimable(
            Said("plans.outcomes_simulated_randomised_did_designs", outcome=plan.outcome), Said("plans.outcome_scale")
        )
    left = {name: round(getattr(plan, name) * (1 - plan.attrition)) for name in ("treated", "comparison")}
    return _repeated(partial(draws[type(design)], design, plan.model_copy(update=left), sd), plan)


def _repeated(draw: Draw, plan: PowerPlan) -> Simulated:
    rng = np.random.default_rng(plan.seed)
    rows = np.array([_row(draw, rng) for _ in range(plan.replications)], dtype=np.float64)
    return summarise(rows, plan.effect, plan.alpha)


def _row(draw: Draw, rng: np.random.Generator) -> tuple[float, ...]:
    try:
        return row(draw(rng))
    except NotEstimable:
        return row(None)


def _persons(design: Randomised | DifferenceInDifferences, plan: PowerPlan, sd: float) -> Simulated:
    before = 1 if isinstance(design, DifferenceInDifferences) else len(design.covariate_waves)
    dispersion = max(sd**2 - plan.mean, 0.0) / plan.mean**2 if plan.outcome == "count" else 0.0
    drawn = Plan(
        plan.treated,
        plan.comparison,
        plan.effect,
        size=plan.cluster_size if plan.cluster_size > 1 else None,
        outcome=plan.outcome,
        mean=plan.mean,
        sd=sd * np.sqrt(1 - plan.explained),
        dispersion=dispersion,
        icc=plan.icc,
        pre=before,
        post=1,
        autocorrelation=plan.autocorrelation if getattr(design, "rows", "linked") == "linked" else 0.0,
        attrition=(plan.attrition, plan.attrition),
        take_up=(plan.take_up, 0.0),
    )
    estimator = partial(
        _change if isinstance(design, DifferenceInDifferences) else _arms, clustered=plan.cluster_size > 1
    )
    return simulate(drawn, estimator, replications=plan.replications, seed=plan.seed, alpha=plan.alpha)


def _arms(data: Dataset, *, clustered: bool) -> Estimate:
    """Compare the arms after, adjusted for the waves before, as a randomised design does."""
    seen = ~np.isnan(data.outcomes[:, -1])
    before = data.outcomes[:, : data.pre]
    matrix = np.column_stack([np.ones(len(data.arm)), data.arm, before])[seen]
    return _coefficient(data.outcomes[seen, -1], matrix, data.cluster[seen] if clustered else None)


def _change(data: Dataset, *, clustered: bool) -> Estimate:
    """Compare changes, which for two waves of linked persons is the difference-in-differences."""
    change = data.outcomes[:, -1] - data.outcomes[:, data.pre - 1]
    seen = ~np.isnan(change)
    matrix = np.column_stack([np.ones(len(data.arm)), data.arm])[seen]
    return _coefficient(change[seen], matrix, data.cluster[seen] if clustered else None)


def _coefficient(outcome: Floats, matrix: Floats, clusters: np.ndarray | None) -> Estimate:
    names = ["constant", "arm", *(f"before {place}" for place in range(matrix.shape[1] - 2))]
    fit = least_squares.fit(outcome, matrix.astype(np.float64), names)
    if clusters is None:
        return sandwich.coefficient(fit, "arm", errors="HC2")
    rule = "CR2" if len(np.unique(clusters)) < FEW else "CR1"
    return sandwich.coefficient(fit, "arm", errors=rule, clusters=[clusters])


def _confounded(plan: PowerPlan, sd: float, rng: np.random.Generator) -> tuple[Floats, Floats, Floats]:
    """Draw outcome, arm and a covariate that differs between arms and explains a share of the outcome."""
    arm = np.repeat([1.0, 0.0], [plan.treated, plan.comparison])
    covariate = rng.normal(SELECTION * arm, 1)
    noise = rng.normal(0, sd * np.sqrt(1 - plan.explained), len(arm))
    return plan.mean + sd * np.sqrt(plan.explained) * covariate + noise + plan.effect * arm, arm, covariate[:, None]


def _observational(design: Matching | Weighting, plan: PowerPlan, sd: float, rng: np.random.Generator) -> Estimate:
    outcome, arm, covariate = _confounded(plan, sd, rng)
    if isinstance(design, Weighting):
        if design.method == "entropy":
            return balancing.entropy_balance(outcome, arm, covariate, ["covariate"])
        if design.method == "ipw":
            return weighting.ipw(outcome, arm, covariate, ["covariate"], estimand=design.estimand)
        return weighting.aipw(outcome, arm, covariate, ["covariate"], estimand=design.estimand)
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


def _discontinuity(design: RegressionDiscontinuity, plan: PowerPlan, sd: float, rng: np.random.Generator) -> Estimate:
    """Draw a running variable spread evenly on both sides of the cutoff, with a straight line through it."""
    running = np.concatenate([rng.uniform(0, 1, plan.treated), rng.uniform(-1, 0, plan.comparison)])
    noise = rng.normal(0, sd * np.sqrt(1 - plan.explained), len(running))
    line = sd * np.sqrt(3 * plan.explained) * running
    outcome = plan.mean + line + noise + plan.effect * (running >= 0)
    fit = discontinuity.regression_discontinuity(
        outcome,
        running,
        order=design.order,
        kernel=design.kernel,
        selection=design.selection,
        errors=design.local_errors,
    )
    return fit.robust if design.report == "robust" else fit.conventional


def _autoregressive(plan: PowerPlan, sd: float, rng: np.random.Generator, shape: tuple[int, int]) -> Floats:
    """Draw series, shape (units, waves), with the declared spread and correlation from wave to wave."""
    rho = plan.autocorrelation
    shocks = rng.normal(0, sd * np.sqrt(1 - rho**2), shape)
    drawn = np.empty(shape)
    drawn[:, 0] = rng.normal(0, sd, shape[0])
    for wave in range(1, shape[1]):
        drawn[:, wave] = rho * drawn[:, wave - 1] + shocks[:, wave]
    return plan.mean + drawn


def _adoption(design: PanelEffects | Staggered, plan: PowerPlan, sd: float, rng: np.random.Generator) -> Estimate:
    """Draw units that start together, or one cohort after the other, and stay treated."""
    waves = plan.waves_before + plan.waves_after
    outcome = _autoregressive(plan, sd, rng, (plan.treated + plan.comparison, waves))
    starts = plan.waves_after if isinstance(design, Staggered) else 1
    begun = plan.waves_before + np.arange(plan.treated) % starts
    cohort = np.concatenate([begun, np.full(plan.comparison, NEVER)]).astype(np.int64)
    treated = (np.arange(waves) >= cohort[:, None]) & (cohort[:, None] != NEVER)
    outcome += plan.effect * treated
    if isinstance(design, PanelEffects) or design.estimator == "twfe":
        return _two_way(outcome, treated)
    panel = Panel(outcome, cohort)
    if design.estimator == "sun_abraham":
        return sun_abraham(panel).overall
    if design.estimator != "callaway_santanna":
        return (imputation_effects if design.estimator == "imputation" else gardner_two_stage)(panel).overall
    return aggregate(group_time_effects(panel, control=design.control, method="reg"), design.aggregate).overall


def _two_way(outcome: Floats, treated: NDArray[np.bool_]) -> Estimate:
    """Fit unit and wave effects, errors clustered by unit."""
    n, waves = outcome.shape
    units, periods = np.repeat(np.arange(n), waves), np.tile(np.arange(waves), n)
    one = np.ones(n * waves)
    regressor = treated.astype(np.float64).reshape(-1, 1)
    behind = np.ones(n, dtype=np.int64)
    fit = fit_cells(Cells(units, periods, one, outcome.ravel(), regressor, ("treated",), n * waves, behind))
    scores = row_scores(fit, units)
    errors = clustered_errors(fit, [scores], both=None, nested=n - 1, small_sample="nested")
    return term_estimates(fit, errors)[0]


def _series(design: InterruptedTimeSeries, plan: PowerPlan, sd: float, rng: np.random.Generator) -> Estimate:
    """Draw one series whose level (or slope, where that is wanted) moves by the effect at the start."""
    waves = plan.waves_before + plan.waves_after
    since = np.maximum(np.arange(waves) - plan.waves_before + 1, 0)
    moved = plan.effect * (since if design.estimand == "slope" else since > 0)
    outcome = _autoregressive(plan, sd, rng, (1, waves))[0] + moved
    season = np.arange(waves) % design.season if design.season else None
    fit = series.interrupted(
        outcome,
        plan.waves_before,
        season=season,
        errors=design.errors,
        lags=design.lags,
        small_sample=design.small_sample,
    )
    return {"level": fit.level, "slope": fit.slope, "at_wave": fit.effect}[design.estimand]


def _synthetic(design: SyntheticControl, plan: PowerPlan, sd: float, rng: np.random.Generator) -> Estimate:
    """Draw units that share one series, each with its own level, and move the treated ones after the start."""
    if design.predictors:
        need = Said("plans.plan_same_design_without_predictors_matched_outcome")
        raise NotEstimable(Said("plans.predictors_synthetic_control_not_simulated"), need)
    waves = plan.waves_before + plan.waves_after
    units = plan.treated + plan.comparison
    common = _autoregressive(plan, sd, rng, (1, waves))
    own = _autoregressive(plan, sd * np.sqrt(1 - plan.explained), rng, (units, waves))
    outcome = np.sqrt(plan.explained) * common + own
    outcome[: plan.treated, plan.waves_before :] += plan.effect
    if design.method == "synthetic_control":
        found = synthetic_control(outcome, 0, plan.waves_before)
        spread = float(np.std(found.placebo_gaps[:, plan.waves_before :].mean(axis=1), ddof=1))
        return wald(
            found.effect,
            spread,
            rule=Said("rule.spread_placebo_units"),
            n_obs=outcome.size,
            df=len(found.placebo_gaps) - 1,
        )
    rows, starts = list(range(plan.treated)), [plan.waves_before] * plan.treated
    return synthetic_did(outcome, rows, starts, draws=design.draws, rng=rng).effect


def _association(design: Association, plan: PowerPlan, sd: float, rng: np.random.Generator) -> Estimate:
    """Draw an exposure with spread one, so that the effect is per standard deviation of the exposure."""
    n = plan.treated + plan.comparison
    exposure = rng.normal(0, 1, n)
    outcome = plan.mean + plan.effect * exposure + rng.normal(0, sd * np.sqrt(1 - plan.explained), n)
    fit = least_squares.fit(outcome, np.column_stack([np.ones(n), exposure]), ["constant", "exposure"])
    return sandwich.coefficient(fit, "exposure", errors="HC2")
