"""Threats to an effect, checked on its own data: balance, attrition, gaps, placebo outcomes, stability, subgroups.

Each check states its null and gives a value; what cannot be checked says why. Numbers that stand behind a check (one
per covariate, cluster or specification) come back as terms.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Literal

import numpy as np
import pandas as pd

from impact.designs.base import Armed, Design, EndLine, MultipleImputation
from impact.errors import NotEstimable
from impact.estimate.case import Case, as_numbers, at_wave, cluster_labels, placed, sample_weights
from impact.estimate.covariates import covariate, earlier_outcome
from impact.estimate.cross_section import Comparison
from impact.estimate.diagnostics import (
    SAME_BACKGROUND,
    complete_cases,
    differential_attrition,
    enough_clusters,
    joint_balance,
    left_out,
    without_keys,
)
from impact.estimate.result import ALPHA, Diagnostic, Term, checked, not_applicable, term_from, verdict
from impact.estimate.sample import AFTER, EXPOSURE, Sample, block_dummies
from impact.statistics.core import Estimate, Floats, cluster_codes
from impact.statistics.experiments.balance import standardised_differences
from impact.statistics.experiments.bounds import lee_bounds
from impact.statistics.linear import least_squares, sandwich
from impact.statistics.multiplicity import adjust
from impact.tables.part import MISSING_GROUP
from impact.words.said import Remark, Said, joined

Estimator = Callable[[Sample], Estimate]
MANY = 60
"""Leaving out one by one more parts than this says nothing and costs much."""
SAME_LOSS = Said("checks.both_arms_lost_same_share_persons")
UNTOUCHED = Said("checks.programme_shows_no_effect_what_cannot_have")
ONE_OUT = Said("checks.no_part_carries_the_effect")
SPECIFICATIONS = Said("checks.any_covariates")
SAME_EFFECT = Said("checks.effect_same_every_subgroup")


def arm_checks(case: Case[EndLine], compared: Comparison, estimate: Estimate) -> tuple[list[Diagnostic], list[Term]]:
    """Check what every comparison of two arms at one wave rests on."""
    balance, terms = _balance(case, compared)
    attrition, bounds = _attrition(case, compared)
    clusters = enough_clusters(estimate.n_clusters)
    gaps = _gaps(case, compared)
    checks = [balance, attrition, clusters, gaps, *left_out(compared.thin)]
    return checks, [*terms, *bounds]


def _gaps(case: Case[EndLine], compared: Comparison) -> Diagnostic:
    without_any = sum(compared.without.values())
    used, available = compared.sample.n, compared.available
    check = complete_cases(used, available + without_any, compared.without, compared.apart)
    if not isinstance(case.design.missing, MultipleImputation):
        return check
    lost = available - used
    detail: Remark = Said("checks.nobody_left_out_gaps_imputed", lost=lost, available=available)
    if without_any:
        imputed = Said("checks.gaps_imputed", lost=lost, available=available)
        detail = joined(imputed, without_keys(compared.without))
    return verdict(check.check, check.null_hypothesis, float(without_any), detail, passed=not without_any)


def _balance(case: Case[EndLine], compared: Comparison) -> tuple[Diagnostic, list[Term]]:
    sample = compared.sample
    if not sample.covariate_names:
        if case.baseline is None or case.contract.person is None:
            return not_applicable(Said("check.balance"), SAME_BACKGROUND, Said("checks.no_baseline_wave")), []
        sample = _baseline_sample(case, compared.rows)
    check = joint_balance(sample)
    terms = balance_terms(sample) if check.status != "not_applicable" else []
    return check, terms


def _baseline_sample(case: Case[EndLine], rows: pd.DataFrame) -> Sample:
    """Return both arms at the baseline, with the outcome there as their only covariate."""
    start = at_wave(rows, case.baseline)
    blocks = case.design.lots
    needed = ["_outcome", blocks] if blocks else ["_outcome"]
    start = start[start[needed].notna().all(axis=1)]
    in_place, _ = placed(case, start)
    start = start[in_place]
    covariates = start[["_outcome"]].rename(columns={"_outcome": earlier_outcome(case.baseline)})
    return Sample(
        start["_outcome"].to_numpy(dtype=float),
        start["_treated"].to_numpy(dtype=float),
        pd.DataFrame(index=start.index),
        covariates,
        start.index.to_numpy(dtype=np.int64),
        start["_label"],
        cluster_labels(case, start),
        sample_weights(case, start),
        start[blocks].to_numpy(dtype=object) if blocks else None,
    )


def balance_terms(
    sample: Sample, weights: Floats | None = None, *, estimand: Literal["ATT", "ATE"] = "ATE"
) -> list[Term]:
    """Return the standardised difference of each covariate between the arms, before or after weighting."""
    names = sample.covariate_names
    table = standardised_differences(
        sample.covariate_values, names, sample.exposure, estimand=estimand, weights=weights
    )
    family = Said("family.balance") if weights is None else Said("family.balance_after_adjustment")
    terms = []
    rows = zip(table.names, table.standardised, table.mean_treated, table.mean_comparison, strict=True)
    for name, difference, high, low in rows:
        if np.isfinite(difference):
            means = Said("checks.treated_comparison", high=high, low=low)
            terms.append(Term(family, covariate(name), float(difference), detail=means))
    return terms


def _attrition(case: Case[EndLine], compared: Comparison) -> tuple[Diagnostic, list[Term]]:
    if case.baseline is None or case.contract.person is None:
        return not_applicable(Said("check.attrition"), SAME_LOSS, Said("checks.no_baseline_wave")), []
    start = at_wave(compared.rows, case.baseline)
    end = compared.units["_outcome"]
    at_start = start.reset_index()[["_unit", "_treated"]]
    blocks = case.design.lots
    if blocks:
        at_start = at_start.assign(_block=start[blocks].to_numpy())
    check = differential_attrition(at_start, end.index[end.notna()].to_series())
    if check.status != "failed" or blocks:
        return check, []
    return check, _bounds(start, end)


def _bounds(start: pd.DataFrame, end: pd.Series) -> list[Term]:
    """Return Lee's bounds of the effect on those who would have stayed whatever their arm."""
    family = Said("family.lee_bounds")
    outcome = end.reindex(start.index).to_numpy(dtype=float)
    try:
        bounds = lee_bounds(outcome, start["_treated"].to_numpy(dtype=float))
    except NotEstimable:
        return []
    detail = Said("checks.trimmed", trimmed_share=bounds.trimmed_share)
    lower = term_from(family, Said("checks.lower"), bounds.lower, detail)
    upper = term_from(family, Said("checks.upper"), bounds.upper, detail)
    return [lower, upper]


def panel_attrition(case: Case[Armed], rows: pd.DataFrame, wave: str) -> Diagnostic:
    """Check that both arms lost the same share of those seen at the baseline, up to a wave."""
    seen = (rows["_wave"] == wave) & rows["_outcome"].notna()
    start = rows.loc[rows["_wave"] == case.baseline, ["_unit", "_treated"]]
    return differential_attrition(start, rows.loc[seen, "_unit"])


def placebo_outcome_checks(case: Case[Armed], estimate_for: Callable[[str], Estimate]) -> list[Diagnostic]:
    """Estimate the same on outcomes that the programme cannot have changed; p-values by Holm over all of them."""
    estimates: dict[str, Estimate] = {}
    checks: list[Diagnostic] = []
    for name in case.design.placebo_outcomes:
        try:
            estimates[name] = estimate_for(name)
        except NotEstimable as error:
            checks.append(not_applicable(Said("check.placebo_outcome", name=name), UNTOUCHED, error.reason))
    if not estimates:
        return checks
    adjusted = adjust(np.array([estimate.p_value for estimate in estimates.values()]), "holm")
    for (name, estimate), p_value in zip(estimates.items(), adjusted, strict=True):
        check = Said("check.placebo_outcome", name=name)
        detail = Said("checks.holm_adjusted_p")
        checks.append(checked(check, UNTOUCHED, estimate.estimate, float(p_value), detail))
    return checks


def stability_checks(
    case: Case[Design], sample: Sample, estimator: Estimator, estimate: Estimate
) -> tuple[list[Diagnostic], list[Term]]:
    """Estimate again without each part, with other covariates, and by subgroup; for the whole only, not for groups."""
    if case.group is not None:
        return [], []
    leave_one_out, without_terms = _compared(
        "leave_one_out",
        ONE_OUT,
        _without_each(sample),
        estimator=estimator,
        estimate=estimate,
        nothing=Said("checks.no_clusters_to_leave_out", most=MANY),
    )
    specification, other_terms = _compared(
        "specification",
        SPECIFICATIONS,
        _specifications(case, sample),
        estimator=estimator,
        estimate=estimate,
        nothing=Said("checks.one_covariate"),
    )
    return [leave_one_out, specification], [*without_terms, *other_terms]


def _compared(
    name: str,
    null: Said,
    variants: Iterator[tuple[Said, Sample]],
    *,
    estimator: Estimator,
    estimate: Estimate,
    nothing: Said,
) -> tuple[Diagnostic, list[Term]]:
    """Pass if every variant's estimate lies within the interval of the effect; the value is the furthest away."""
    check, family = Said(f"check.{name}"), Said(f"family.{name}")
    terms = []
    refused = 0
    for variant, sample in variants:
        try:
            terms.append(term_from(family, variant, estimator(sample)))
        except NotEstimable:
            refused += 1
    if not terms:
        return not_applicable(check, null, nothing), []
    furthest = max(terms, key=lambda term: abs(term.estimate - estimate.estimate))
    inside = estimate.conf_low <= furthest.estimate <= estimate.conf_high
    distance = Said("checks.furthest", n=len(terms), variant=furthest.term)
    detail = joined(distance, Said("checks.not_estimable", n=refused) if refused else None)
    return verdict(check, null, furthest.estimate, detail, passed=inside), terms


def _without_each(sample: Sample) -> Iterator[tuple[Said, Sample]]:
    """Yield the sample without each of its clusters, where these are neither few nor many."""
    if not sample.clusters:
        return
    _, count = cluster_codes(sample.clusters[0])
    if not 3 <= count <= MANY:
        return
    labels = (sample.labels.to_numpy(dtype=object) if sample.own_clusters else sample.clusters[0]).astype(str)
    for cluster in np.unique(labels):
        stratum_and_cluster = " / ".join(cluster.split(chr(31)))
        yield Said("checks.without", name=stratum_and_cluster), sample.take(labels != cluster)


def _specifications(case: Case[Design], sample: Sample) -> Iterator[tuple[Said, Sample]]:
    """Yield all covariates but each and, where arms were drawn by lot, none and each alone.

    Without random assignment the comparison rests on the covariates: leaving them all out is no other specification.
    Dummies of one column stay together.
    """
    groups = _by_covariate(sample.covariate_names)
    if not groups:
        return
    everything = [column for columns in groups.values() for column in columns]
    by_lot = case.design.by_lot
    if by_lot:
        yield Said("checks.no_covariates"), sample.with_covariates([])
    if len(groups) == 1:
        return
    for group, columns in groups.items():
        name = covariate(group)
        if by_lot:
            yield Said("checks.only", name=name), sample.with_covariates(columns)
        remaining = [column for column in everything if column not in columns]
        yield Said("checks.without", name=name), sample.with_covariates(remaining)


def _by_covariate(columns: list[str]) -> dict[str, list[str]]:
    """Return the columns of each covariate: itself, or its dummies."""
    groups: dict[str, list[str]] = {}
    for column in columns:
        name, _, _ = column.partition("=")
        groups.setdefault(name.removesuffix(AFTER), []).append(column)
    return groups


def subgroup_checks(case: Case[EndLine], compared: Comparison, errors: str) -> list[Diagnostic]:
    """Test for each registered subgroup column that the effect is the same in all its groups, by a joint Wald test.

    p-values are by Holm over all the columns: who cuts often enough finds a difference by chance.

    Parameters
    ----------
    case, compared
        The comparison; subgroups are those in which persons were at the baseline, or at the end line without one.
    errors
        Rule of the errors, as of the effect.
    """
    names = list(case.indicator.by)
    if case.group is not None or not names:
        return []
    linked = case.baseline is not None and case.contract.person is not None
    rows = at_wave(compared.rows, case.baseline) if linked else compared.units
    labels = rows[names].reindex(compared.sample.units)
    return interaction_checks(compared.sample, labels, errors)


def interaction_checks(sample: Sample, labels: pd.DataFrame, errors: str) -> list[Diagnostic]:
    """Test for each column of groups that the effect is the same in all of them, in one regression on all rows.

    Groups may share clusters: the errors of the one regression hold what they have in common.

    Parameters
    ----------
    sample
        All rows of the comparison.
    labels
        A column per cut with the group of each of the sample's rows, in their order.
    errors
        Rule of the errors, as of the effect.
    """
    return _by_holm([_heterogeneity(sample, str(name), labels[name], errors) for name in labels])


def _by_holm(checks: list[Diagnostic]) -> list[Diagnostic]:
    """Adjust tests for one another; those that could not be made, and a single one, stay as they are."""
    p_values = {place: check.p_value for place, check in enumerate(checks) if check.p_value is not None}
    if len(p_values) < 2:
        return checks
    adjusted = adjust(list(p_values.values()), "holm")
    together = list(checks)
    for place, p_value in zip(p_values, adjusted.tolist(), strict=True):
        status = "passed" if p_value >= ALPHA else "failed"
        detail = joined(checks[place].detail or None, Said("checks.holm_adjusted_p"))
        together[place] = replace(checks[place], p_value=p_value, status=status, detail=detail)
    return together


def _heterogeneity(sample: Sample, name: str, labels: pd.Series, errors: str) -> Diagnostic:
    check = Said("check.heterogeneity", name=name)
    texts = labels.map(lambda value: MISSING_GROUP if pd.isna(value) else str(value))
    groups = as_numbers(texts.to_frame(name))
    if not len(groups.columns):
        return not_applicable(check, SAME_EFFECT, Said("checks.one_group"))
    blocks = block_dummies(sample)
    in_group = groups.to_numpy(dtype=float)
    treated_in_group = in_group * sample.exposure[:, None]
    # each group has its own course without the programme too: level, arm and wave, whatever the design itself holds
    base_in_group = [in_group * sample.base[column].to_numpy(dtype=float)[:, None] for column in sample.base]
    matrix = np.hstack([sample.matrix(), *base_in_group, treated_in_group, blocks.to_numpy(dtype=float)])
    crossed = [f"{EXPOSURE} in {column}" for column in groups.columns]
    own = [f"{base} in {column}" for base in sample.base for column in groups.columns]
    names = [*sample.names(), *own, *crossed, *blocks.columns]
    rule = "HC2" if errors == "welch" else errors
    clusters = sample.clusters if "CR" in rule else ()
    try:
        fit = least_squares.fit(sample.outcome, matrix, names, weights=sample.weights)
        test = sandwich.wald_joint(fit, crossed, errors=rule, clusters=clusters)
    except NotEstimable as error:
        return not_applicable(check, SAME_EFFECT, error.reason)
    return checked(check, SAME_EFFECT, test.statistic, test.p_value, test.reference)
