"""Difference-in-differences with two groups and two waves, of linked persons or of repeated cross-sections."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

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
from impact.estimate.checks import interaction_checks, panel_attrition, placebo_outcome_checks, stability_checks
from impact.estimate.diagnostics import complete_cases, enough_clusters
from impact.estimate.result import Diagnostic, Effect, checked, effect_from, not_applicable, relative_size
from impact.estimate.sample import AFTER, Sample, beside_others, errors_rule, quick, regress, unit_influence, varying
from impact.statistics.core import Estimate
from impact.words.said import Said

PARALLEL = Said("did.before_programme_both_groups_moved_alike")


def estimate_did(case: Case[DifferenceInDifferences]) -> Effect:
    """Estimate by how much more the treated changed than the comparison, between the baseline and the end line."""
    design = case.design
    start, end = str(case.baseline), str(case.indicator.ex_post.wave)
    rows = design_rows(case)
    _, without = placed(case, rows[rows["_wave"].isin([start, end])])
    sample, available, apart = stacked(case, rows, start, end)
    estimate = estimator(case, sample)
    checks: list[Diagnostic] = [_placebo(case, rows, start, estimate)]
    if design.rows == "linked":
        checks.append(panel_attrition(case, rows, end))
    checks += [enough_clusters(estimate.n_clusters), complete_cases(sample.n, available, without, apart)]
    faster = quick(design.inference, sample)
    steady, terms = stability_checks(case, sample, lambda variant: regress(variant, faster), estimate)
    checks += steady
    checks += _subgroups(case, sample, rows, start)
    checks += placebo_outcome_checks(case, lambda column: _on(case, rows, column))
    arms = pd.Series(sample.base["_treated"].to_numpy(), index=sample.units)
    checks += assignment_unit(case, arms, estimate, lambda labels: regress(by_labels(sample, labels), BY_DEFAULT))
    return effect_from(
        estimate,
        indicator=case.indicator.id,
        unit=case.unit,
        estimand=Said("estimand.att"),
        design=Said(f"did.{design.rows}"),
        diagnostics=tuple(checks),
        terms=tuple(terms),
        influence=unit_influence(sample, estimate),
    )


def _subgroups(case: Case[DifferenceInDifferences], sample: Sample, rows: pd.DataFrame, start: str) -> list[Diagnostic]:
    """Test that the effect is the same in all groups; linked persons stay in the group they were in at the start.

    None is made where the errors are those of a sample design: the test would not know of it.
    """
    names = list(case.indicator.by)
    if case.group is not None or not names or sample.survey is not None:
        return []
    if case.design.rows == "linked":
        labels = at_wave(rows, start)[names].reindex(sample.units)
    else:
        labels = rows.loc[sample.base.index, names]
    return interaction_checks(sample, labels, errors_rule(sample, case.design.inference))


def _on(case: Case[DifferenceInDifferences], rows: pd.DataFrame, column: str) -> Estimate:
    """Estimate the same with another column as the outcome."""
    outcome = rows[column].astype(float)
    end = str(case.indicator.ex_post.wave)
    sample, *_ = stacked(case, rows.assign(_outcome=outcome), str(case.baseline), end)
    return estimator(case, sample)


def estimator(case: Case[DifferenceInDifferences], sample: Sample) -> Estimate:
    """Fit ``y ~ treated + after + treated × after`` with the declared errors."""
    design = case.design
    return regress(sample, design.inference)


def stacked(case: Case[DifferenceInDifferences], rows: pd.DataFrame, start: str, end: str) -> tuple[Sample, int, int]:
    """Return both waves one upon the other, the rows there were before gaps were left out, and how many are apart."""
    design = case.design
    linked = design.rows == "linked"
    both = rows[rows["_wave"].isin([start, end])]
    covariates = both[list(design.covariates)]
    if linked:
        at_start = at_wave(both, start)[list(design.covariates)]
        covariates = at_start.reindex(both["_unit"]).set_index(both.index)
    require_covariates(covariates, both["_treated"])
    require_covariates(both[place_columns(case)], both["_treated"])
    in_place, _ = placed(case, both)
    complete = both["_outcome"].notna() & covariates.notna().all(axis=1) & in_place
    available = len(both)
    if linked:
        at_wave(both, end)  # refuses several rows of a person
        available = int(_twice(both["_unit"], both["_unit"]).sum())
        complete &= _twice(both["_unit"], both.loc[complete, "_unit"])
    _require_arms(case, both[complete], start, end)

    def sample_of(members: pd.Series) -> Sample:
        return _sample(case, both[members], as_numbers(covariates[members]), end)

    sample, used = beside_others(sample_of, complete)
    apart = int((complete & ~used).sum())
    return sample, available - apart, apart


def _twice(units: pd.Series, rows: pd.Series) -> NDArray[np.bool_]:
    """Tell which units have two rows, one at each wave."""
    numbers = units.to_numpy(dtype=np.int64)
    counts = np.bincount(rows, minlength=int(numbers.max(initial=0)) + 1)
    twice: NDArray[np.bool_] = counts[numbers] == 2
    return twice


def _require_arms(case: Case[DifferenceInDifferences], rows: pd.DataFrame, start: str, end: str) -> None:
    """Refuse a wave with hardly anybody in an arm, and arms of one cluster."""
    for wave in (start, end):
        when = Said("checks.at", wave=wave)
        if case.design.rows == "linked":
            when = Said("checks.at_both", before=start, after=end, wave=wave)
        require_arms(rows.loc[rows["_wave"] == wave, "_treated"], when)
    if cluster_names(case):
        require_clusters(case, rows)


def _sample(
    case: Case[DifferenceInDifferences],
    rows: pd.DataFrame,
    covariates: pd.DataFrame,
    end: str,
) -> Sample:
    design = case.design
    covariates = varying(covariates)
    at_end = rows["_wave"] == end
    if design.rows == "linked":
        moved = covariates.mul(at_end.astype(float), axis=0)
        covariates = pd.concat([covariates, moved.add_suffix(AFTER)], axis=1)
    treated, later = rows["_treated"].to_numpy(dtype=float), at_end.to_numpy(dtype=float)
    base = pd.DataFrame({"_constant": 1.0, "_treated": treated, "_after": later}, index=rows.index)
    outcome = rows["_outcome"].to_numpy(dtype=float)
    units = rows["_unit"].to_numpy(dtype=np.int64)
    clusters = cluster_labels(case, rows)
    if not clusters and design.rows == "linked":
        clusters = (units,)
    weights = sample_weights(case, rows)
    return Sample(outcome, treated * later, base, covariates, units, rows["_label"], clusters, weights)


def _placebo(case: Case[DifferenceInDifferences], rows: pd.DataFrame, baseline: str, effect: Estimate) -> Diagnostic:
    """Make the same estimate on two waves before the programme, where the effect must be zero.

    The size is that difference over the effect itself.
    """
    check = Said("check.placebo_wave")
    wave = case.design.placebo_wave
    if wave is None:
        return not_applicable(check, PARALLEL, Said("did.no_wave_before_baseline_declared"))
    try:
        sample, *_ = stacked(case, rows, wave, baseline)
        earlier = estimator(case, sample)
    except NotEstimable as error:
        return not_applicable(check, PARALLEL, error.reason)
    detail = Said("did.to", wave=wave, baseline=baseline)
    size = relative_size(earlier.estimate, effect.estimate)
    return checked(check, PARALLEL, earlier.estimate, earlier.p_value, detail, size=size)
