"""Threats to an effect, checked on its own data: balance, attrition, gaps, placebo outcomes, stability, subgroups.

Each check states its null and gives a value; what cannot be checked says why. Numbers that stand behind a check (one
per covariate, cluster or specification) come back as terms.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
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
from impact.estimate.result import Diagnostic, Term, checked, not_applicable, term_from
from impact.estimate.sample import AFTER, EXPOSURE, Sample, block_dummies
from impact.statistics.core import Estimate, Floats
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
    checks = [
        balance,
        attrition,
        enough_clusters(estimate.n_clusters),
        _gaps(case, compared),
        *left_out(compared.thin),
    ]
    return checks, [*terms, *bounds]


def _gaps(case: Case[EndLine], compared: Comparison) -> Diagnostic:
    nowhere = sum(compared.without.values())
    check = complete_cases(compared.sample.n, compared.available + nowhere, compared.without, compared.apart)
    if isinstance(case.design.missing, MultipleImputation):
        lost = compared.available - compared.sample.n
        detail: Remark = Said("checks.nobody_left_out_gaps_imputed", lost=lost, available=compared.available)
        if nowhere:
            imputed = Said("checks.gaps_imputed", lost=lost, available=compared.available)
            detail = joined(imputed, without_keys(compared.without))
        status = "failed" if nowhere else "passed"
        return Diagnostic(check.check, check.null_hypothesis, float(nowhere), None, status, detail)
    return check


def _balance(case: Case[EndLine], compared: Comparison) -> tuple[Diagnostic, list[Term]]:
    sample = compared.sample
    if not len(sample.covariates.columns):
        if case.baseline is None or case.contract.person is None:
            return not_applicable(Said("check.balance"), SAME_BACKGROUND, Said("checks.no_baseline_wave")), []
        before = at_wave(compared.rows, case.baseline)
        blocks = case.design.lots
        before = before[before[["_outcome", *([blocks] if blocks else [])]].notna().all(axis=1)]
        before = before[placed(case, before)[0]]
        sample = Sample(
            before["_outcome"].to_numpy(dtype=float),
            before["_treated"].to_numpy(dtype=float),
            pd.DataFrame(index=before.index),
            before[["_outcome"]].rename(columns={"_outcome": earlier_outcome(case.baseline)}),
            before.index.to_numpy(dtype=object),
            cluster_labels(case, before),
            sample_weights(case, before),
            before[blocks].to_numpy(dtype=object) if blocks else None,
        )
    check = joint_balance(sample)
    return check, balance_terms(sample) if check.status != "not_applicable" else []


def balance_terms(
    sample: Sample, weights: Floats | None = None, *, estimand: Literal["ATT", "ATE"] = "ATE"
) -> list[Term]:
    """Return the standardised difference of each covariate between the arms, before or after weighting."""
    table = standardised_differences(
        sample.covariates.to_numpy(dtype=float),
        list(map(str, sample.covariates.columns)),
        sample.exposure,
        estimand=estimand,
        weights=weights,
    )
    family = Said("family.balance") if weights is None else Said("family.balance_after_adjustment")
    return [
        Term(family, covariate(name), float(difference), detail=Said("checks.treated_comparison", high=high, low=low))
        for name, difference, high, low in zip(
            table.names, table.standardised, table.mean_treated, table.mean_comparison, strict=True
        )
        if np.isfinite(difference)
    ]


def _attrition(case: Case[EndLine], compared: Comparison) -> tuple[Diagnostic, list[Term]]:
    if case.baseline is None or case.contract.person is None:
        return not_applicable(Said("check.attrition"), SAME_LOSS, Said("checks.no_baseline_wave")), []
    start = at_wave(compared.rows, case.baseline)
    end = compared.units["_outcome"]
    blocks = case.design.lots
    seen = start.reset_index()[["_unit", "_treated", *([blocks] if blocks else [])]]
    check = differential_attrition(
        seen.rename(columns={blocks: "_block"}) if blocks else seen, set(end.index[end.notna()])
    )
    if check.status != "failed" or blocks:
        return check, []
    return check, _bounds(start, end)


def _bounds(start: pd.DataFrame, end: pd.Series) -> list[Term]:
    """Return Lee's bounds of the effect on those who would have stayed whatever their arm."""
    try:
        bounds = lee_bounds(end.reindex(start.index).to_numpy(dtype=float), start["_treated"].to_numpy(dtype=float))
    except NotEstimable:
        return []
    detail = Said("checks.trimmed", trimmed_share=bounds.trimmed_share)
    return [
        term_from(Said("family.lee_bounds"), Said("checks.lower"), bounds.lower, detail),
        term_from(Said("family.lee_bounds"), Said("checks.upper"), bounds.upper, detail),
    ]


def panel_attrition(case: Case[Armed], rows: pd.DataFrame, after: str) -> Diagnostic:
    """Check that both arms lost the same share of those seen at the baseline."""
    end_units = set(rows.loc[(rows["_wave"] == after) & rows["_outcome"].notna(), "_unit"])
    return differential_attrition(rows.loc[rows["_wave"] == case.baseline, ["_unit", "_treated"]], end_units)


def placebo_outcome_checks(case: Case[Armed], estimate_for: Callable[[str], Estimate]) -> list[Diagnostic]:
    """Estimate the same on outcomes that the programme cannot have changed; p-values by Holm over all of them."""
    names: Sequence[str] = case.design.placebo_outcomes
    found: list[tuple[str, Estimate]] = []
    checks: list[Diagnostic] = []
    for name in names:
        try:
            found.append((name, estimate_for(name)))
        except NotEstimable as error:
            checks.append(not_applicable(Said("check.placebo_outcome", name=name), UNTOUCHED, error.reason))
    if not found:
        return checks
    p_values = adjust(np.array([estimate.p_value for _, estimate in found]), "holm")
    return checks + [
        checked(
            Said("check.placebo_outcome", name=name),
            UNTOUCHED,
            estimate.estimate,
            float(p),
            Said("checks.holm_adjusted_p"),
        )
        for (name, estimate), p in zip(found, p_values, strict=True)
    ]


def stability_checks(
    case: Case[Design], sample: Sample, estimator: Estimator, estimate: Estimate
) -> tuple[list[Diagnostic], list[Term]]:
    """Estimate again without each part, with other covariates, and by subgroup; for the whole only, not for groups."""
    if case.group is not None:
        return [], []
    results = [
        _compared(
            "leave_one_out",
            ONE_OUT,
            _without_each(sample),
            estimator=estimator,
            estimate=estimate,
            nothing=Said("checks.no_clusters_to_leave_out", most=MANY),
        ),
        _compared(
            "specification",
            SPECIFICATIONS,
            _specifications(case, sample),
            estimator=estimator,
            estimate=estimate,
            nothing=Said("checks.one_covariate"),
        ),
    ]
    return [check for check, _ in results], [term for _, terms in results for term in terms]


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
    terms, refused = [], 0
    for variant, part in variants:
        try:
            terms.append(term_from(family, variant, estimator(part)))
        except NotEstimable:
            refused += 1
    if not terms:
        return not_applicable(check, null, nothing), []
    furthest = max(terms, key=lambda term: abs(term.estimate - estimate.estimate))
    inside = estimate.conf_low <= furthest.estimate <= estimate.conf_high
    detail = joined(
        Said("checks.furthest", n=len(terms), variant=furthest.term),
        Said("checks.not_estimable", n=refused) if refused else None,
    )
    return Diagnostic(check, null, furthest.estimate, None, "passed" if inside else "failed", detail), terms


def _without_each(sample: Sample) -> Iterator[tuple[Said, Sample]]:
    if not sample.clusters:
        return
    labels = sample.clusters[0].astype(str)
    parts = np.unique(labels)
    if 3 <= len(parts) <= MANY:
        for part in parts:
            stratum_and_cluster = " / ".join(part.split(chr(31)))
            yield Said("checks.without", name=stratum_and_cluster), sample.take(labels != part)


def _specifications(case: Case[Design], sample: Sample) -> Iterator[tuple[Said, Sample]]:
    """Yield all covariates but each and, where arms were drawn by lot, none and each alone.

    Without random assignment the comparison rests on the covariates: leaving them all out is no other specification.
    Dummies of one column stay together.
    """
    groups = _by_covariate(list(map(str, sample.covariates.columns)))
    if not groups:
        return
    everything = [name for names in groups.values() for name in names]
    by_lot = case.design.by_lot
    if by_lot:
        yield Said("checks.no_covariates"), sample.with_covariates([])
    if len(groups) > 1:
        for group, names in groups.items():
            if by_lot:
                yield Said("checks.only", name=covariate(group)), sample.with_covariates(names)
            yield (
                Said("checks.without", name=covariate(group)),
                sample.with_covariates([n for n in everything if n not in names]),
            )


def _by_covariate(columns: list[str]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for column in columns:
        groups.setdefault(column.partition("=")[0].removesuffix(AFTER), []).append(column)
    return groups


def subgroup_checks(case: Case[EndLine], compared: Comparison, errors: str) -> list[Diagnostic]:
    """Test for each registered subgroup column that the effect is the same in all its groups, by a joint Wald test.

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
    before = at_wave(compared.rows, case.baseline) if linked else compared.units
    labels = before[names].reindex(compared.sample.units)
    return [_heterogeneity(compared.sample, name, labels[name], errors) for name in names]


def _heterogeneity(sample: Sample, name: str, labels: pd.Series, errors: str) -> Diagnostic:
    check = Said("check.heterogeneity", name=name)
    words = labels.map(lambda value: MISSING_GROUP if pd.isna(value) else str(value))
    groups = as_numbers(words.to_frame(name))
    if not len(groups.columns):
        return not_applicable(check, SAME_EFFECT, Said("checks.one_group"))
    crossed = [f"{EXPOSURE} in {column}" for column in groups.columns]
    own = groups.to_numpy(dtype=float)
    blocks = block_dummies(sample)
    matrix = np.hstack([sample.matrix(), own, own * sample.exposure[:, None], blocks.to_numpy(dtype=float)])
    names = [*sample.names(), *(f"in {column}" for column in groups.columns), *crossed, *blocks.columns]
    try:
        fit = least_squares.fit(sample.outcome, matrix, names, weights=sample.weights)
        rule = "HC2" if errors == "welch" else errors
        test = sandwich.wald_joint(fit, crossed, errors=rule, clusters=sample.clusters if "CR" in rule else ())
    except NotEstimable as error:
        return not_applicable(check, SAME_EFFECT, error.reason)
    return checked(check, SAME_EFFECT, test.statistic, test.p_value, test.reference)
