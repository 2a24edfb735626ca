"""Regression discontinuity: units on both sides of a cutoff that decided who got the programme."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from impact.designs.regression_discontinuity.model import RegressionDiscontinuity
from impact.errors import NotEstimable
from impact.estimate.case import Case, as_numbers, at_wave, design_rows, require_covariates
from impact.estimate.diagnostics import complete_cases
from impact.estimate.result import Diagnostic, Effect, Term, checked, effect_from, not_applicable, term_from, verdict
from impact.statistics.core import Estimate, Floats
from impact.statistics.discontinuity.bandwidth import has_mass_points
from impact.statistics.discontinuity.density import density_test, step_test
from impact.statistics.discontinuity.jump import Discontinuity, regression_discontinuity
from impact.statistics.discontinuity.placebo import placebo_cutoffs
from impact.words.said import Said

MULTIPLES = (0.5, 0.75, 1.0, 1.5, 2.0)
NOT_SORTED = Said("discontinuity.nobody_placed_themselves_one_side_cutoff")
SMOOTH = Said("discontinuity.what_fixed_before_programme_does_not_jump")
NOWHERE_ELSE = Said("discontinuity.no_jump_where_no_cutoff")
SIDES = (Said("regression_discontinuity.left"), Said("regression_discontinuity.right"))
Options = dict[str, Any]
"""What every fit of a jump has in common, by the names of the arguments of ``regression_discontinuity``."""
STRONG = 10.0
"""First-stage F below which an instrument is commonly called weak (Staiger and Stock 1997)."""


def estimate_discontinuity(case: Case[RegressionDiscontinuity]) -> Effect:
    """Estimate the jump of the outcome at the cutoff; the effect on those near it."""
    design = case.design
    frame, everybody = _frame(case)
    running = _from_cutoff(frame, design)
    covariates = as_numbers(frame[list(design.covariates)])
    options = _options(design, frame, covariates)
    fit = _fit(design, frame, running, options, design.bandwidth)
    ranked = everybody[everybody[design.running].notna()]
    checks = [_density(_from_cutoff(ranked, design), design)]
    without_covariates = {name: value for name, value in options.items() if name != "covariates"}
    checks += _covariate_jumps(covariates, running, without_covariates)
    checks += _placebo(frame, running, options)
    if fit.take_up is not None:
        checks.append(_first_stage(fit.take_up))
    checks.append(complete_cases(len(frame), len(everybody)))
    terms = _terms(fit) + _sensitivity(design, frame, running, options=options, fit=fit)
    sharpness = "fuzzy" if design.take_up else "sharp"
    report = Said(f"regression_discontinuity.{design.report}")
    return effect_from(
        _reported(design, fit),
        indicator=case.indicator.id,
        unit=case.unit,
        estimand=Said("estimand.late_cutoff") if design.take_up else Said("estimand.ate_cutoff"),
        design=Said(f"regression_discontinuity.{sharpness}", report=report),
        diagnostics=tuple(checks),
        terms=tuple(terms),
    )


def _fit(
    design: RegressionDiscontinuity,
    frame: pd.DataFrame,
    running: Floats,
    options: Options,
    bandwidth: float | tuple[float, float] | None,
) -> Discontinuity:
    outcome = frame["_outcome"].to_numpy(dtype=float)
    take_up = frame[design.take_up].to_numpy(dtype=float) if design.take_up else None
    return regression_discontinuity(outcome, running, bandwidth=bandwidth, fuzzy=take_up, **options)


def _reported(design: RegressionDiscontinuity, fit: Discontinuity) -> Estimate:
    return fit.robust if design.report == "robust" else fit.conventional


def _frame(case: Case[RegressionDiscontinuity]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the complete rows, and all of them: who has no outcome yet may have moved across the cutoff too."""
    design = case.design
    rows = design_rows(case)
    wave = case.indicator.ex_post.wave
    if wave:
        rows = at_wave(rows, wave).reset_index()
    require_covariates(rows[[design.running, *design.covariates]])
    needed = ["_outcome", design.running, *design.covariates, *design.clusters]
    if design.take_up:
        needed.append(design.take_up)
    complete = rows[needed].notna().all(axis=1)
    return rows[complete], rows


def _from_cutoff(frame: pd.DataFrame, design: RegressionDiscontinuity) -> Floats:
    """Return the distance from the cutoff, positive where the programme went.

    With ``treated: below`` a unit exactly at the cutoff is not treated; the smallest number below zero keeps it there.
    """
    distance = frame[design.running].to_numpy(dtype=float) - design.cutoff
    if design.treated == "at_or_above":
        return distance
    return np.where(distance == 0, -np.finfo(float).tiny, -distance)


def _options(design: RegressionDiscontinuity, frame: pd.DataFrame, covariates: pd.DataFrame) -> Options:
    if len(design.clusters) > 1:
        raise NotEstimable(
            Said("discontinuity.regression_discontinuity_takes_one_set_clusters"), Said("checks.cluster_one_column")
        )
    clusters = None
    for name in design.clusters:
        clusters = frame[name].to_numpy(dtype=object).astype(str)
    return {
        "order": design.order,
        "kernel": design.kernel,
        "selection": design.selection,
        "errors": "cluster" if design.clusters else design.local_errors,
        "clusters": clusters,
        "covariates": covariates.to_numpy(dtype=float) if len(covariates.columns) else None,
        "masspoints": design.mass_points,
    }


def _density(running: Floats, design: RegressionDiscontinuity) -> Diagnostic:
    try:
        return _steps(running, design) if has_mass_points(running) else _jump(running)
    except NotEstimable as error:
        return not_applicable(Said("check.density"), NOT_SORTED, error.reason)


def _jump(running: Floats) -> Diagnostic:
    test = density_test(running)
    left, right = test.bandwidth
    detail = Said(
        "discontinuity.within",
        n_effective_left=test.n_effective_left,
        n_effective_right=test.n_effective_right,
        left=left,
        right=right,
    )
    return checked(Said("check.density"), NOT_SORTED, test.statistic, test.p_value, detail)


def _steps(running: Floats, design: RegressionDiscontinuity) -> Diagnostic:
    test = step_test(running, cutoff_is_below=design.treated == "below")
    detail = Said(
        "discontinuity.first_value_beyond_cutoff_those_beside", at=test.at, below=test.below, above=test.above
    )
    return checked(Said("check.density"), NOT_SORTED, test.share, test.p_value, detail)


def _covariate_jumps(covariates: pd.DataFrame, running: Floats, options: Options) -> list[Diagnostic]:
    """Check that covariates do not jump; the smallest p-value, Bonferroni-corrected for their number."""
    check = Said("check.covariate_continuity")
    if not len(covariates.columns):
        return [not_applicable(check, SMOOTH, Said("discontinuity.no_covariates_declared"))]
    jumps: dict[str, Estimate] = {}
    for name in covariates.columns:
        try:
            fit = regression_discontinuity(covariates[name].to_numpy(dtype=float), running, **options)
        except NotEstimable:
            continue
        jumps[str(name)] = fit.robust
    if not jumps:
        return [not_applicable(check, SMOOTH, Said("discontinuity.no_covariate_gives_estimate_cutoff"))]
    strongest = min(jumps, key=lambda name: jumps[name].p_value)
    jump = jumps[strongest]
    p_value = min(1.0, jump.p_value * len(jumps))
    detail = Said("discontinuity.strongest_bonferroni_corrected_p", n=len(jumps), name=strongest)
    return [checked(check, SMOOTH, jump.estimate, p_value, detail)]


def _placebo(frame: pd.DataFrame, running: Floats, options: Options) -> list[Diagnostic]:
    outcome = frame["_outcome"].to_numpy(dtype=float)
    checks = []
    for cutoff in placebo_cutoffs(outcome, running, **options):
        check = Said("check.placebo_cutoff", label=cutoff.label)
        jump = cutoff.estimate
        if jump is None:
            checks.append(not_applicable(check, NOWHERE_ELSE, cutoff.reason))
        else:
            detail = Said("discontinuity.cutoff", at=cutoff.at)
            checks.append(checked(check, NOWHERE_ELSE, jump.estimate, jump.p_value, detail))
    return checks


def _first_stage(take_up: Estimate) -> Diagnostic:
    strength = take_up.statistic**2
    null = Said("regression_discontinuity.moves_enough")
    detail = Said("discontinuity.strength", strength=strength)
    return verdict(Said("check.first_stage"), null, strength, detail, passed=strength >= STRONG)


def _terms(fit: Discontinuity) -> list[Term]:
    family = Said("family.estimator")
    terms = [
        term_from(family, Said("regression_discontinuity.conventional"), fit.conventional),
        term_from(family, Said("discontinuity.robust_bias_corrected"), fit.robust),
    ]
    if fit.take_up is not None:
        terms.append(term_from(Said("family.first_stage"), Said("discontinuity.take_up_cutoff"), fit.take_up))
    effective_n = (float(fit.n_effective_left), float(fit.n_effective_right))
    terms += _by_side("bandwidth", fit.bandwidth)
    terms += _by_side("bias_bandwidth", fit.bias_bandwidth)
    terms += _by_side("effective_n", effective_n)
    return terms


def _by_side(family: str, values: tuple[float, float]) -> list[Term]:
    """Return a number of each side of the cutoff."""
    return [Term(Said(f"family.{family}"), side, value) for side, value in zip(SIDES, values, strict=True)]


def _sensitivity(
    design: RegressionDiscontinuity,
    frame: pd.DataFrame,
    running: Floats,
    *,
    options: Options,
    fit: Discontinuity,
) -> list[Term]:
    """Estimate the same with narrower and wider bandwidths; what cannot be estimated there is left out."""
    family = Said("family.bandwidth_sensitivity")
    terms = []
    for multiple in MULTIPLES:
        lower, upper = (multiple * side for side in fit.bandwidth)
        try:
            scaled = _fit(design, frame, running, options, (lower, upper))
        except NotEstimable:
            continue
        detail = Said("discontinuity.bandwidths", left=lower, right=upper)
        name = Said("discontinuity.bandwidth", multiple=multiple)
        terms.append(term_from(family, name, _reported(design, scaled), detail))
    return terms
