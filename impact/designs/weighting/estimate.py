"""Weighting: arms made alike by weights, or by weights and a model of the outcome."""

from __future__ import annotations

from functools import partial

from impact.designs.weighting.model import Weighting
from impact.errors import NotEstimable
from impact.estimate.assignment_unit import arms_of, assignment_unit, by_labels
from impact.estimate.case import Case
from impact.estimate.checks import placebo_outcome_checks, stability_checks
from impact.estimate.cross_section import analysed, answer, comparison, with_outcome
from impact.estimate.observational import arrays, observational_checks, observational_effect
from impact.estimate.result import Diagnostic, Effect, not_applicable, verdict
from impact.estimate.sample import Sample
from impact.statistics.core import Estimate, Floats, cluster_codes
from impact.statistics.observational import balancing, weighting
from impact.statistics.observational.propensity import logit, overlap, propensity_weights
from impact.words.said import Said

COMMON = Said("observational.every_kind_person_some_both_arms")
EXTREME_SHARE, LARGEST_SHARE = 0.1, 0.1


def estimate_weighting(case: Case[Weighting]) -> Effect:
    """Estimate the effect with arms made alike by weights."""
    design = case.design
    compared = comparison(case)
    sample = compared.sample
    estimator = partial(_weighted, design)
    estimate = answer(case, compared, estimator)
    weights = _balancing(design, sample)
    checks, terms = observational_checks(
        case, compared, estimate, weights, estimand=design.estimand, r2_max=design.r2_max
    )
    checks.append(_overlap(design, sample))
    steady, steady_terms = stability_checks(case, analysed(case, compared), estimator, estimate)
    checks += steady
    checks += placebo_outcome_checks(case, lambda name: estimator(with_outcome(case, compared, name)))
    checks += assignment_unit(case, arms_of(sample), estimate, lambda labels: estimator(by_labels(sample, labels)))
    called = (Said(f"estimand.{design.estimand.lower()}"), Said(f"weighting.{design.method}"))
    return observational_effect(case, compared, estimate, called, (checks, [*terms, *steady_terms]))


def _weighted(design: Weighting, sample: Sample) -> Estimate:
    outcome, treated, matrix, names = arrays(sample)
    clusters = cluster_codes(sample.clusters[0].astype(str))[0] if sample.clusters else None
    if design.method == "entropy":
        return balancing.entropy_balance(outcome, treated, matrix, names, weights=sample.weights, clusters=clusters)
    if design.method == "ipw":
        return weighting.ipw(
            outcome,
            treated,
            matrix,
            names,
            estimand=design.estimand,
            propensity=design.propensity,
            weights=sample.weights,
            clusters=clusters,
        )
    return weighting.aipw(
        outcome,
        treated,
        matrix,
        names,
        estimand=design.estimand,
        nuisance=design.propensity,
        weights=sample.weights,
        clusters=clusters,
    )


def _balancing(design: Weighting, sample: Sample) -> Floats:
    _, treated, matrix, names = arrays(sample)
    if design.method == "entropy":
        return balancing.entropy_weights(treated, matrix, names, weights=sample.weights)
    chance = logit(treated, matrix, names, weights=sample.weights).probabilities
    return propensity_weights(chance, treated, estimand=design.estimand, weights=sample.weights)


def _overlap(design: Weighting, sample: Sample) -> Diagnostic:
    """Check that no one's weight carries the estimate; the value is the largest weight's share."""
    check = Said("check.overlap")
    _, treated, matrix, names = arrays(sample)
    try:
        chance = logit(treated, matrix, names, weights=sample.weights).probabilities
    except NotEstimable as error:
        return not_applicable(check, COMMON, error.reason)
    shares = overlap(chance, treated, estimand=design.estimand, weights=sample.weights)
    largest = max(shares.treated_largest, shares.comparison_largest)
    # for the treated alone, comparison persons who would never take part have no weight and do no harm
    thin = largest > LARGEST_SHARE or (design.estimand == "ATE" and shares.extreme > EXTREME_SHARE)
    detail = Said(
        "weighting.overlap",
        largest=largest,
        extreme=shares.extreme,
        treated=shares.treated_effective,
        comparison=shares.comparison_effective,
    )
    return verdict(check, COMMON, largest, detail, passed=not thin)
