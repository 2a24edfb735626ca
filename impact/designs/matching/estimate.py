"""Matching: treated persons beside untreated ones like them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from impact.designs.matching.model import Matching
from impact.errors import NotEstimable
from impact.estimate.assignment_unit import arms_of, assignment_unit
from impact.estimate.case import Case
from impact.estimate.checks import placebo_outcome_checks
from impact.estimate.cross_section import answer, comparison, with_outcome
from impact.estimate.hidden_bias import matched_pairs_check
from impact.estimate.observational import arrays, observational_checks, observational_effect
from impact.estimate.result import Diagnostic, Effect, verdict
from impact.estimate.sample import Sample
from impact.statistics.core import Estimate
from impact.statistics.observational import matching, strata
from impact.words.said import Said


def estimate_matching(case: Case[Matching]) -> Effect:
    """Estimate the effect on the treated by comparing them with untreated persons like them."""
    design = case.design
    compared = comparison(case)
    matched = _matched(design, compared.sample)

    def estimator(sample: Sample) -> Estimate:
        return matched.estimate if sample is compared.sample else _matched(design, sample).estimate

    estimate = answer(case, compared, estimator)
    checks, terms = observational_checks(
        case, compared, estimate, matched.weights, estimand="ATT", r2_max=design.r2_max
    )
    if isinstance(matched, matching.Pairs) and design.ratio == 1:
        checks.append(matched_pairs_check(compared.sample.outcome, matched.pairs, case.indicator.direction))
    checks += placebo_outcome_checks(case, lambda name: estimator(with_outcome(case, compared, name)))
    checks += assignment_unit(case, arms_of(compared.sample), estimate, lambda _: None)
    checks.append(_all_matched(matched))
    called = (matched.estimand, _name(design))
    return observational_effect(case, compared, estimate, called, (checks, terms))


def _name(design: Matching) -> Said:
    if design.method == "nearest":
        return Said(f"matching.nearest_by_{design.distance}")
    if design.method == "coarsened":
        return Said("matching.coarsened")
    return Said("matching.subclasses", n=design.subclasses)


def _all_matched(matched: matching.Pairs | strata.Strata) -> Diagnostic:
    lost = matched.n_treated - matched.n_treated_matched
    detail = Said(
        "matching.used",
        treated=matched.n_treated_matched,
        of_treated=matched.n_treated,
        comparison=matched.n_comparison_matched,
        of_comparison=matched.n_comparison,
    )
    null = Said("observational.every_treated_person_found_match")
    return verdict(Said("check.matched"), null, float(lost), detail, passed=lost == 0)


def _matched(design: Matching, sample: Sample) -> matching.Pairs | strata.Strata:
    if sample.weights is not None:
        raise NotEstimable(
            Said("observational.matching_takes_no_sampling_weights"), Said("observational.kind_weighting_which_does")
        )
    outcome, treated, matrix, names = arrays(sample)
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
        key=_keys(sample),
        replacement=design.replacement,
        distance=design.distance,
        ratio=design.ratio,
        caliper=design.caliper,
        adjust=design.bias_adjusted,
    )


def _keys(sample: Sample) -> NDArray[np.generic]:
    """Return what breaks ties: the units as numbers where their labels are numbers, else as text."""
    labels = sample.labels.to_numpy(dtype=object).astype(str)
    if all(label.isdigit() for label in labels):
        return labels.astype(np.int64)
    return labels
