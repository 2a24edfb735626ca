"""Difference-in-differences with two groups and two waves, of linked persons or of repeated cross-sections."""

from __future__ import annotations

import pandas as pd

from impact.designs.did.model import DifferenceInDifferences
from impact.errors import NotEstimable
from impact.estimate.assignment_unit import BY_DEFAULT, assignment_unit, by_labels
from impact.estimate.case import (
    Case,
    as_numbers,
    at_wave,
    cluster_labels,
    cluster_names,
    design_rows,
    place_columns,
    placed,
    require_arms,
    require_clusters,
    require_covariates,
    sample_weights,
)
from impact.estimate.checks import panel_attrition, placebo_outcome_checks, stability_checks
from impact.estimate.diagnostics import complete_cases, enough_clusters
from impact.estimate.result import Diagnostic, Effect, checked, effect_from, not_applicable, relative_size
from impact.estimate.sample import AFTER, Sample, beside_others, quick, regress, unit_influence, varying
from impact.statistics.core import Estimate
from impact.words.said import Said

PARALLEL = Said("did.before_programme_both_groups_moved_alike")


def estimate_did(case: Case[DifferenceInDifferences]) -> Effect:
    """Estimate by how much more the treated changed than the comparison, between the baseline and the end line."""
    design = case.design
    before, after = str(case.baseline), str(case.indicator.ex_post.wave)
    rows = design_rows(case)
    without = placed(case, rows[rows["_wave"].isin([before, after])])[1]
    sample, available, apart = stacked(case, rows, before, after)
    estimate = estimator(case, sample)
    checks: list[Diagnostic] = [_placebo(case, rows, before, estimate)]
    if design.rows == "linked":
        checks.append(panel_attrition(case, rows, after))
    checks += [enough_clusters(estimate.n_clusters), complete_cases(sample.n, available, without, apart)]
    faster = quick(design.inference, sample)
    steady, terms = stability_checks(case, sample, lambda part: regress(part, faster), estimate)
    checks += [*steady, *placebo_outcome_checks(case, lambda column: _on(case, rows, column))]
    arms = pd.Series(sample.base["_treated"].to_numpy(), index=sample.units)
    checks += assignment_unit(case, arms, estimate, lambda labels: regress(by_labels(sample, labels), BY_DEFAULT))
    return effect_from(
        estimate,
        indicator=case.indicator.id,
        unit=case.unit,
        estimand=Said("estimand.att"),
        design=Said("did.linked" if design.rows == "linked" else "did.repeated"),
        diagnostics=tuple(checks),
        terms=tuple(terms),
        influence=unit_influence(sample, estimate),
    )


def _on(case: Case[DifferenceInDifferences], rows: pd.DataFrame, column: str) -> Estimate:
    """Estimate the same with another column as the outcome."""
    other = rows.assign(_outcome=rows[column].astype(float))
    sample, *_ = stacked(case, other, str(case.baseline), str(case.indicator.ex_post.wave))
    return estimator(case, sample)


def estimator(case: Case[DifferenceInDifferences], sample: Sample) -> Estimate:
    """Fit ``y ~ treated + after + treated × after`` with the declared errors."""
    design = case.design
    return regress(sample, design.inference)


def stacked(
    case: Case[DifferenceInDifferences], rows: pd.DataFrame, before: str, after: str
) -> tuple[Sample, int, int]:
    """Return both waves one upon the other, the rows there were before gaps were left out, and how many are apart."""
    design = case.design
    both = rows[rows["_wave"].isin([before, after])]
    covariates = both[list(design.covariates)]
    if design.rows == "linked":
        start = at_wave(both, before)[list(design.covariates)].reindex(both["_unit"])
        covariates = start.set_index(both.index)
    require_covariates(covariates, both["_treated"])
    require_covariates(both[place_columns(case)], both["_treated"])
    complete = both["_outcome"].notna() & covariates.notna().all(axis=1) & placed(case, both)[0]
    available = len(both)
    if design.rows == "linked":
        at_wave(both, before), at_wave(both, after)
        seen = both["_unit"].map(both["_unit"].value_counts()) == 2
        available = int(seen.sum())
        counts = both.loc[complete, "_unit"].value_counts()
        complete &= both["_unit"].map(counts).fillna(0).to_numpy() == 2

    def made(part: pd.Series) -> Sample:
        return _sample(case, design, both[part], as_numbers(covariates[part]), after)

    kept = both[complete]
    for wave in (before, after):
        when = Said("checks.at", wave=wave)
        if design.rows == "linked":
            when = Said("checks.at_both", before=before, after=after, wave=wave)
        require_arms(kept.loc[kept["_wave"] == wave, "_treated"], when)
    if cluster_names(case):
        require_clusters(case, kept)
    sample, used = beside_others(made, complete)
    apart = int((complete & ~used).sum())
    return sample, available - apart, apart


def _sample(
    case: Case[DifferenceInDifferences],
    design: DifferenceInDifferences,
    kept: pd.DataFrame,
    covariates: pd.DataFrame,
    after: str,
) -> Sample:
    covariates = varying(covariates)
    if design.rows == "linked":
        moved = covariates.mul((kept["_wave"] == after).astype(float), axis=0)
        covariates = pd.concat([covariates, moved.add_suffix(AFTER)], axis=1)
    treated, later = kept["_treated"].to_numpy(dtype=float), (kept["_wave"] == after).to_numpy(dtype=float)
    clusters = cluster_labels(case, kept)
    if not clusters and design.rows == "linked":
        clusters = (kept["_unit"].to_numpy(dtype=object),)
    return Sample(
        kept["_outcome"].to_numpy(dtype=float),
        treated * later,
        pd.DataFrame({"_constant": 1.0, "_treated": treated, "_after": later}, index=kept.index),
        covariates,
        kept["_unit"].to_numpy(dtype=object),
        clusters,
        sample_weights(case, kept),
    )


def _placebo(case: Case[DifferenceInDifferences], rows: pd.DataFrame, baseline: str, effect: Estimate) -> Diagnostic:
    """Make the same estimate on two waves before the programme, where the effect must be zero.

    The size is what is found there over the effect itself.
    """
    wave = case.design.placebo_wave
    if wave is None:
        return not_applicable(Said("check.placebo_wave"), PARALLEL, Said("did.no_wave_before_baseline_declared"))
    try:
        sample, *_ = stacked(case, rows, wave, baseline)
        found = estimator(case, sample)
    except NotEstimable as error:
        return not_applicable(Said("check.placebo_wave"), PARALLEL, error.reason)
    return checked(
        Said("check.placebo_wave"),
        PARALLEL,
        found.estimate,
        found.p_value,
        Said("did.to", wave=wave, baseline=baseline),
        size=relative_size(found.estimate, effect.estimate),
    )
