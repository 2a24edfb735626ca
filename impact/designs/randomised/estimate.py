"""Randomised assignment: intention to treat, and the effect on those whom the assignment moved."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd

from impact.designs.randomised.model import Randomised
from impact.errors import NotEstimable
from impact.estimate.assignment_unit import BY_DEFAULT, arms_of, assignment_unit, by_labels
from impact.estimate.case import Case
from impact.estimate.checks import arm_checks, placebo_outcome_checks, stability_checks, subgroup_checks
from impact.estimate.cross_section import Comparison, analysed, answer, comparison, with_outcome
from impact.estimate.result import Diagnostic, Effect, Term, effect_from, not_applicable, term_from, verdict
from impact.estimate.sample import (
    EXPOSURE,
    Sample,
    block_dummies,
    errors_rule,
    quick,
    randomisation_p,
    regress,
    unit_influence,
)
from impact.statistics.core import Estimate, cluster_codes
from impact.statistics.experiments import differences
from impact.statistics.linear import instrument
from impact.words.said import Said

MOVED = Said("randomised.being_assigned_moves_enough_people")


def estimate_randomised(case: Case[Randomised]) -> Effect:
    """Estimate the effect of being assigned (ITT), or on those who took part because they were assigned (LATE)."""
    design = case.design
    compared = comparison(case)
    estimator = partial(intention_to_treat, design)
    estimate = answer(case, compared, estimator)
    if design.inference.p_value == "randomisation":
        estimate = randomisation_p(compared.sample, estimate, design.inference)
    checks, terms = arm_checks(case, compared, estimate)
    sample = analysed(case, compared)
    variant = design.model_copy(update={"inference": quick(design.inference, sample)})
    steady, steady_terms = stability_checks(case, sample, partial(intention_to_treat, variant), estimate)
    checks += steady
    terms += steady_terms
    checks += assignment_unit(case, arms_of(sample), estimate, partial(_by_labels, design, compared, sample))
    checks += subgroup_checks(case, compared, errors_rule(compared.sample, design.inference))
    checks += placebo_outcome_checks(case, lambda name: estimator(with_outcome(case, compared, name)))
    name = _name(design, compared.sample)
    if design.take_up:
        late, first_stage, late_terms = _late(design, compared, estimate)
        checks.append(first_stage)
        terms += late_terms
        if late is not None and design.estimand == "LATE":
            estimate, name = late, Said("randomised.two_stage")
    return effect_from(
        estimate,
        indicator=case.indicator.id,
        unit=case.unit,
        estimand=Said(f"estimand.{design.estimand.lower()}"),
        design=name,
        diagnostics=tuple(checks),
        terms=tuple(terms),
        influence=unit_influence(compared.sample, estimate),
    )


def _late(design: Randomised, compared: Comparison, itt: Estimate) -> tuple[Estimate | None, Diagnostic, list[Term]]:
    """Return the effect on those who took part because assigned; where only the ITT is wanted, it may be missing."""
    try:
        late, first_stage, terms = _taken_up(design, compared)
    except NotEstimable as error:
        if design.estimand == "LATE":
            raise
        return None, not_applicable(Said("check.first_stage"), MOVED, error.reason), []
    family = Said("family.estimand")
    terms.append(term_from(family, Said("estimand.itt"), itt))
    terms.append(term_from(family, Said("estimand.late"), late))
    return late, first_stage, terms


def _by_labels(design: Randomised, compared: Comparison, sample: Sample, labels: pd.Series) -> Estimate:
    """Estimate the same with clusters by labels of the units."""
    plain = design.model_copy(update={"inference": BY_DEFAULT})
    if design.estimand == "LATE":
        clustered = replace(compared, sample=by_labels(compared.sample, labels))
        late, *_ = _taken_up(plain, clustered)
        return late
    return intention_to_treat(plain, by_labels(sample, labels))


def _name(design: Randomised, sample: Sample) -> Said:
    adjustment = "means"
    if sample.covariate_names:
        adjustment = "lin" if design.adjustment == "lin" else "ancova"
    return Said(f"randomised.{adjustment}_within_blocks" if design.blocks else f"randomised.{adjustment}")


def intention_to_treat(design: Randomised, sample: Sample) -> Estimate:
    """Return the difference between the arms, adjusted as the design says."""
    if design.blocks:
        return _blocked(design, sample)
    if design.adjustment == "lin" and sample.covariate_names:
        return differences.lin(
            sample.outcome,
            sample.exposure,
            sample.covariate_values,
            sample.covariate_names,
            weights=sample.weights,
            errors=errors_rule(sample, design.inference),
            clusters=sample.clusters,
        )
    return regress(sample, design.inference)


def _blocked(design: Randomised, sample: Sample) -> Estimate:
    if sample.blocks is None or sample.covariate_names:
        raise NotEstimable(
            Said("randomised.blocks_take_no_covariates_blocks_adjustment"), Said("randomised.either_blocks_covariates")
        )
    blocks = sample.blocks.astype(str)
    errors = errors_rule(sample, design.inference)
    return differences.blocked(
        sample.outcome,
        sample.exposure,
        blocks,
        weights=sample.weights,
        errors=errors,
        clusters=sample.clusters,
    )


def _taken_up(design: Randomised, compared: Comparison) -> tuple[Estimate, Diagnostic, list[Term]]:
    """Instrument taking part by being assigned; say how strongly the assignment moved anybody."""
    received = compared.units[design.take_up].reindex(compared.sample.units).to_numpy(dtype=float)
    reported = ~np.isnan(received)
    sample = compared.sample.take(reported)
    blocks = block_dummies(sample)
    exogenous = [frame.to_numpy(dtype=float) for frame in (sample.base, sample.covariates, blocks)]
    names = [name for name in sample.names() if name != EXPOSURE]
    rule = errors_rule(sample, design.inference)
    fitted = instrument.two_stage_least_squares(
        sample.outcome,
        received[reported],
        sample.exposure,
        np.hstack(exogenous),
        names=[*names, *map(str, blocks.columns)],
        weights=sample.weights,
        errors=_INSTRUMENTED.get(rule, rule),
        clusters=tuple(cluster_codes(labels.astype(str))[0] for labels in sample.clusters),
    )
    detail = Said("randomised.f_used", f_statistic=fitted.f_statistic, n=int(reported.sum()))
    strength = verdict(Said("check.first_stage"), MOVED, fitted.f_statistic, detail, passed=not fitted.weak)
    first_stage = Said("randomised.take_up_moved_assignment")
    terms = [
        term_from(Said("family.first_stage"), first_stage, fitted.first_stage),
        _anderson_rubin(fitted, sample.n),
    ]
    return fitted.late, strength, terms


_INSTRUMENTED = {"HC2": "HC1", "HC3": "HC1", "CR2": "CR1", "CR3": "CR1", "welch": "HC1"}
"""Rules of errors whose corrections rest on the leverage of a regression, and what stands in for them here."""


def _anderson_rubin(fitted: instrument.InstrumentResult, n: int) -> Term:
    """Return the effect with the interval that holds however weak the instrument is."""
    low, high = fitted.anderson_rubin if fitted.anderson_rubin is not None else (None, None)
    return Term(
        Said("family.anderson_rubin"),
        Said("estimand.late"),
        fitted.late.estimate,
        p_value=fitted.p_value_ar,
        conf_low=low,
        conf_high=high,
        n_obs=n,
    )
