"""Simulated plans: what the draws of several designs share.

Draws are as simple as the design allows: linear outcomes, effects that are the same for all. They answer what the plan
can show if its assumptions hold, not whether they hold.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from impact.declare.expectations import PowerPlan
from impact.errors import NotEstimable
from impact.statistics.core import Estimate, Floats, Ints
from impact.statistics.linear import least_squares, sandwich
from impact.statistics.linear.two_way import Cells, fit_cells
from impact.statistics.linear.two_way_errors import clustered_errors, row_scores, term_estimates
from impact.statistics.panels.adoption import NEVER
from impact.statistics.power.plan import Dataset, Plan
from impact.statistics.power.simulation import Simulated, row, simulate, summarise
from impact.words.said import Said

SELECTION = 0.5
"""How far the treated differ in the covariate, in standard deviations, where nobody drew lots."""
FEW = 100
"""Clusters below which the engine uses CR2."""


def repeated(draw: Callable[[PowerPlan, np.random.Generator], Estimate], plan: PowerPlan) -> Simulated:
    """Draw a plan as often as it says, and summarise the estimates; a draw that gives none counts as not found.

    Parameters
    ----------
    draw
        Makes one dataset of those who are left, and its estimate.
    plan
        What is expected; its ``replications`` and ``seed`` are used.

    Raises
    ------
    NotEstimable
        If the plan has clusters, a share that takes part, or an outcome that only persons in two arms have.
    """
    if plan.cluster_size > 1 or plan.take_up < 1:
        what = Said("plans.clusters_take_up_simulated_randomised_did_designs")
        raise NotEstimable(what, Said("plans.cluster_size_1_take_up_1_effect"))
    if plan.outcome != "scale":
        raise NotEstimable(
            Said("plans.outcomes_simulated_randomised_did_designs", outcome=plan.outcome), Said("plans.outcome_scale")
        )
    retained = {name: round(getattr(plan, name) * (1 - plan.attrition)) for name in ("treated", "comparison")}
    remaining, rng = plan.model_copy(update=retained), np.random.default_rng(plan.seed)
    rows = np.array([_row(draw, remaining, rng) for _ in range(plan.replications)], dtype=np.float64)
    return summarise(rows, plan.effect, plan.alpha)


def _row(
    draw: Callable[[PowerPlan, np.random.Generator], Estimate], plan: PowerPlan, rng: np.random.Generator
) -> tuple[float, ...]:
    try:
        return row(draw(plan, rng))
    except NotEstimable:
        return row(None)


def simulate_persons(
    plan: PowerPlan, sd: float, estimator: Callable[[Dataset], Estimate], *, before: int, autocorrelation: float
) -> Simulated:
    """Simulate persons in two arms: clusters, take-up, attrition, and outcomes that are shares or counts.

    Parameters
    ----------
    plan
        What is expected; its ``replications`` and ``seed`` are used.
    sd
        Standard deviation of the outcome between persons, in the unit of the indicator.
    estimator
        Estimates the effect of one dataset.
    before
        Waves before the programme.
    autocorrelation
        Correlation of a person's outcomes from one wave to the next.
    """
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
        autocorrelation=autocorrelation,
        attrition=(plan.attrition, plan.attrition),
        take_up=(plan.take_up, 0.0),
    )
    return simulate(drawn, estimator, replications=plan.replications, seed=plan.seed, alpha=plan.alpha)


def coefficient(outcome: Floats, matrix: Floats, clusters: np.ndarray | None) -> Estimate:
    """Return the coefficient of the arm, second column of the matrix, with the errors that the engine uses.

    Parameters
    ----------
    outcome, matrix
        Shapes (n,) and (n, k): the constant, the arm, earlier outcomes.
    clusters
        Labels, shape (n,), or None.
    """
    names = ["constant", "arm", *(f"before {wave}" for wave in range(matrix.shape[1] - 2))]
    fit = least_squares.fit(outcome, matrix.astype(np.float64), names)
    if clusters is None:
        return sandwich.coefficient(fit, "arm", errors="HC2")
    rule = "CR2" if len(np.unique(clusters)) < FEW else "CR1"
    return sandwich.coefficient(fit, "arm", errors=rule, clusters=[clusters])


def confounded(plan: PowerPlan, sd: float, rng: np.random.Generator) -> tuple[Floats, Floats, Floats]:
    """Draw outcome, arm and a covariate that differs between arms and explains a share of the outcome."""
    arm = np.repeat([1.0, 0.0], [plan.treated, plan.comparison])
    covariate = rng.normal(SELECTION * arm, 1)
    noise = rng.normal(0, sd * np.sqrt(1 - plan.explained), len(arm))
    return plan.mean + sd * np.sqrt(plan.explained) * covariate + noise + plan.effect * arm, arm, covariate[:, None]


def autoregressive(plan: PowerPlan, sd: float, rng: np.random.Generator, shape: tuple[int, int]) -> Floats:
    """Draw series, shape (units, waves), with the declared spread and correlation from wave to wave."""
    rho = plan.autocorrelation
    shocks = rng.normal(0, sd * np.sqrt(1 - rho**2), shape)
    drawn = np.empty(shape)
    drawn[:, 0] = rng.normal(0, sd, shape[0])
    for wave in range(1, shape[1]):
        drawn[:, wave] = rho * drawn[:, wave - 1] + shocks[:, wave]
    return plan.mean + drawn


def adoption(plan: PowerPlan, sd: float, rng: np.random.Generator, *, starts: int) -> tuple[Floats, Ints]:
    """Draw units that take up the programme and stay treated, shape (units, waves), and the wave each starts in.

    Parameters
    ----------
    plan, sd, rng
        What is expected, the spread of the outcome, the generator.
    starts
        At how many waves, one after the other, units start.
    """
    waves = plan.waves_before + plan.waves_after
    outcome = autoregressive(plan, sd, rng, (plan.treated + plan.comparison, waves))
    begun = plan.waves_before + np.arange(plan.treated) % starts
    cohort = np.concatenate([begun, np.full(plan.comparison, NEVER)]).astype(np.int64)
    return outcome + plan.effect * _treated(cohort, waves), cohort


def _treated(cohort: Ints, waves: int) -> NDArray[np.bool_]:
    treated: NDArray[np.bool_] = (np.arange(waves) >= cohort[:, None]) & (cohort[:, None] != NEVER)
    return treated


def two_way(outcome: Floats, cohort: Ints) -> Estimate:
    """Fit unit and wave effects, errors clustered by unit, to outcomes of shape (units, waves)."""
    n, waves = outcome.shape
    units, periods = np.repeat(np.arange(n), waves), np.tile(np.arange(waves), n)
    one = np.ones(n * waves)
    regressor = _treated(cohort, waves).astype(np.float64).reshape(-1, 1)
    behind = np.ones(n, dtype=np.int64)
    fit = fit_cells(Cells(units, periods, one, outcome.ravel(), regressor, ("treated",), n * waves, behind))
    scores = row_scores(fit, units)
    errors = clustered_errors(fit, [scores], both=None, nested=n - 1, small_sample="nested")
    return term_estimates(fit, errors)[0]
