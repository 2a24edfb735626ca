"""Selection on observables: matching and weighting, with overlap, balance and how much hidden bias would undo them."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from impact.declare.designs import Matching, Weighting
from impact.errors import NotEstimable
from impact.estimate.assignment_unit import arms_of, assignment_unit, by_labels
from impact.estimate.case import Case
from impact.estimate.checks import (
    arm_checks,
    balance_terms,
    placebo_outcome_checks,
    stability_checks,
)
from impact.estimate.cross_section import Comparison, analysed, answer, comparison, with_outcome
from impact.estimate.hidden_bias import hidden_bias_checks, matched_pairs_check
from impact.estimate.result import Diagnostic, Effect, Term, effect_from, not_applicable
from impact.estimate.sample import Sample, unit_influence
from impact.statistics.core import Estimate, Floats, cluster_codes
from impact.statistics.observational import balancing, matching, strata, weighting
from impact.statistics.observational.propensity import logit, overlap, propensity_weights
from impact.words.said import Said

COMMON = Said("observational.every_kind_person_some_both_arms")
ALIKE = Said("observational.after_adjustment_arms_alike_every_covariate")
EXTREME_SHARE, LARGEST_SHARE = 0.1, 0.1
FAR = 0.1
"""A standardised difference beyond this is commonly taken as imbalance."""


def estimate_matching(case: Case) -> Effect:
    """Estimate the effect on the treated by comparing them with untreated persons like them."""
    design = case.design
    assert isinstance(design, Matching)  # noqa: S101 - dispatched by type
    compared = comparison(case)
    matched = _matched(case, design, compared.sample)
    estimate = answer(case, compared, lambda part: _matched(case, design, part).estimate)
    checks, terms = _checks(case, compared, estimate, matched.weights)
    if isinstance(matched, matching.Pairs) and design.ratio == 1:
        checks.append(matched_pairs_check(compared.sample.outcome, matched.pairs, case.indicator.direction))
    checks += placebo_outcome_checks(
        case, lambda name: _matched(case, design, with_outcome(case, compared, name)).estimate
    )
    checks += assignment_unit(case, arms_of(compared.sample), estimate, lambda _: None)
    lost = matched.n_treated - matched.n_treated_matched
    detail = Said(
        "matching.used",
        treated=matched.n_treated_matched,
        of_treated=matched.n_treated,
        comparison=matched.n_comparison_matched,
        of_comparison=matched.n_comparison,
    )
    null = Said("observational.every_treated_person_found_match")
    checks.append(
        Diagnostic(Said("check.matched"), null, float(lost), None, "passed" if lost == 0 else "failed", detail)
    )
    return _effect(case, compared, estimate, (matched.estimand, _matching_name(design)), (checks, terms))


def _matching_name(design: Matching) -> Said:
    if design.method == "nearest":
        return Said(f"matching.nearest_by_{design.distance}")
    return (
        Said("matching.coarsened") if design.method == "coarsened" else Said("matching.subclasses", n=design.subclasses)
    )


def estimate_weighting(case: Case) -> Effect:
    """Estimate the effect with arms made alike by weights."""
    design = case.design
    assert isinstance(design, Weighting)  # noqa: S101 - dispatched by type
    compared = comparison(case)
    estimator = partial(_weighted, design)
    estimate = answer(case, compared, estimator)
    checks, terms = _checks(case, compared, estimate, _balancing(design, compared.sample))
    checks.append(_overlap(design, compared.sample))
    steady, more = stability_checks(case, analysed(case, compared), estimator, estimate)
    checks += [*steady, *placebo_outcome_checks(case, lambda name: estimator(with_outcome(case, compared, name)))]
    sample = compared.sample
    checks += assignment_unit(case, arms_of(sample), estimate, lambda labels: estimator(by_labels(sample, labels)))
    called = (Said(f"estimand.{design.estimand.lower()}"), Said(f"weighting.{design.method}"))
    return _effect(case, compared, estimate, called, (checks, [*terms, *more]))


def _effect(
    case: Case,
    compared: Comparison,
    estimate: Estimate,
    called: tuple[Said, Said],
    found: tuple[list[Diagnostic], list[Term]],
) -> Effect:
    estimand, name = called
    return effect_from(
        estimate,
        indicator=case.indicator.id,
        unit=case.unit,
        estimand=estimand,
        design=name,
        diagnostics=tuple(found[0]),
        terms=tuple(found[1]),
        influence=unit_influence(compared.sample, estimate),
    )


def _arrays(sample: Sample) -> tuple[Floats, Floats, Floats, list[str]]:
    names = list(map(str, sample.covariates.columns))
    if not names:
        raise NotEstimable(
            Said("observational.no_covariate_varies"), Said("observational.covariates_which_persons_differ")
        )
    return sample.outcome, sample.exposure, sample.covariates.to_numpy(dtype=float), names


def _matched(case: Case, design: Matching, sample: Sample) -> matching.Pairs | strata.Strata:
    if sample.weights is not None:
        raise NotEstimable(
            Said("observational.matching_takes_no_sampling_weights"), Said("observational.kind_weighting_which_does")
        )
    outcome, treated, matrix, names = _arrays(sample)
    if design.method == "subclasses":
        return strata.subclassify(outcome, treated, matrix, names, classes=design.subclasses)
    if design.method == "coarsened":
        exact = [name for name in names if name.partition("=")[0] in design.exact]
        return strata.coarsened_exact(outcome, treated, matrix, names, exact=exact)
    return matching.nearest(
        outcome,
        treated,
        matrix,
        names,
        key=_keys(case, sample),
        replacement=design.replacement,
        distance=design.distance,
        ratio=design.ratio,
        caliper=design.caliper,
        adjust=design.bias_adjusted,
    )


def _keys(case: Case, sample: Sample) -> NDArray[np.generic]:
    """Return what breaks ties: the units as numbers where their labels are numbers, else as text."""
    labels = sample.units.astype(str)
    if all(label.isdigit() for label in labels):
        return labels.astype(np.int64)
    return labels


def _weighted(design: Weighting, sample: Sample) -> Estimate:
    outcome, treated, matrix, names = _arrays(sample)
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
    _, treated, matrix, names = _arrays(sample)
    if design.method == "entropy":
        return balancing.entropy_weights(treated, matrix, names, weights=sample.weights)
    chance = logit(treated, matrix, names, weights=sample.weights).probabilities
    return propensity_weights(chance, treated, estimand=design.estimand, weights=sample.weights)


def _overlap(design: Weighting, sample: Sample) -> Diagnostic:
    """Check that no one's weight carries the estimate; the value is the largest weight's share."""
    _, treated, matrix, names = _arrays(sample)
    try:
        chance = logit(treated, matrix, names, weights=sample.weights).probabilities
    except NotEstimable as error:
        return not_applicable(Said("check.overlap"), COMMON, error.reason)
    found = overlap(chance, treated, estimand=design.estimand, weights=sample.weights)
    largest = max(found.treated_largest, found.comparison_largest)
    # for the treated alone, comparison persons who would never take part have no weight and do no harm
    thin = largest > LARGEST_SHARE or (design.estimand == "ATE" and found.extreme > EXTREME_SHARE)
    detail = Said(
        "weighting.overlap",
        largest=largest,
        extreme=found.extreme,
        treated=found.treated_effective,
        comparison=found.comparison_effective,
    )
    return Diagnostic(Said("check.overlap"), COMMON, largest, None, "failed" if thin else "passed", detail)


def _checks(
    case: Case, compared: Comparison, estimate: Estimate, weights: Floats
) -> tuple[list[Diagnostic], list[Term]]:
    """Check the comparison; balance is judged after adjustment, since before it is expected to fail."""
    sample = compared.sample
    checks, terms = arm_checks(case, compared, estimate)
    estimand = case.design.estimand if isinstance(case.design, Weighting) else "ATT"
    after = balance_terms(sample, np.asarray(weights, dtype=np.float64), estimand=estimand)
    worst = max(after, key=lambda term: abs(term.estimate))
    status = "passed" if abs(worst.estimate) <= FAR else "failed"
    detail = Said(
        "matching.largest_difference",
        covariate=worst.term,
        before=checks[0].detail,
    )
    checks[0] = Diagnostic(Said("check.balance"), ALIKE, worst.estimate, None, status, detail)
    hidden, more = hidden_bias_checks(sample, estimate, getattr(case.design, "r2_max", None))
    return [*checks, *hidden], [*terms, *after, *more]
