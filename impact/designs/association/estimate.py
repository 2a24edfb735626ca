"""How an outcome goes with an exposure, adjusted for covariates: an association, labelled as one."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd

from impact.designs.association.model import Association
from impact.estimate.assignment_unit import BY_DEFAULT, arms_of, assignment_unit, by_labels
from impact.estimate.case import (
    Case,
    as_numbers,
    at_wave,
    cluster_labels,
    design_rows,
    place_columns,
    placed,
    require_covariates,
    sample_weights,
    survey_design,
)
from impact.estimate.checks import stability_checks
from impact.estimate.diagnostics import complete_cases, enough_clusters
from impact.estimate.result import Effect, effect_from
from impact.estimate.sample import EXPOSURE, Sample, beside_others, quick, regress, unit_influence, varying
from impact.statistics.core import Estimate
from impact.statistics.surveys.design import SampleDesign
from impact.statistics.surveys.regression import marginal_effect, survey_regression
from impact.words.said import Said


def estimate_association(case: Case[Association]) -> Effect:
    """Estimate the coefficient of the exposure in a linear or logit regression."""
    design = case.design
    sample, available, without, apart = _sample(case)
    estimate = _estimate(design, sample)
    variant = design.model_copy(update={"inference": quick(design.inference, sample)})
    steady, terms = stability_checks(case, sample, partial(_estimate, variant), estimate)
    plain = design.model_copy(update={"inference": BY_DEFAULT})
    assigned = assignment_unit(
        case, arms_of(sample), estimate, lambda labels: _estimate(plain, by_labels(sample, labels))
    )
    clusters = enough_clusters(estimate.n_clusters)
    complete = complete_cases(sample.n, available, without, apart)
    return effect_from(
        estimate,
        indicator=case.indicator.id,
        unit=_unit(case),
        estimand=Said("estimand.association"),
        design=Said(f"association.{design.model}", exposure=design.exposure),
        diagnostics=(clusters, complete, *steady, *assigned),
        terms=tuple(terms),
        influence=unit_influence(sample, estimate),
    )


def _unit(case: Case[Association]) -> str:
    design = case.design
    return "log odds" if design.model == "logit" and design.report == "coefficient" else case.unit


def _sample(case: Case[Association]) -> tuple[Sample, int, dict[str, int], int]:
    """Return the complete cases, the rows there were, how many lack which column, and how many are apart."""
    design = case.design
    rows = design_rows(case)
    wave = case.indicator.ex_post.wave
    if wave:
        rows = at_wave(rows, wave).reset_index()
    covariates = rows[list(design.covariates)]
    exposure = rows[design.exposure].astype(float)
    needed = dict.fromkeys([design.exposure, *design.covariates, *place_columns(case)])
    require_covariates(rows[list(needed)])
    in_place, without = placed(case, rows)
    complete = rows["_outcome"].notna() & exposure.notna() & covariates.notna().all(axis=1) & in_place

    def sample_of(members: pd.Series) -> Sample:
        units = rows[members]
        return Sample(
            units["_outcome"].to_numpy(dtype=float),
            np.asarray(exposure[members], dtype=np.float64),
            pd.DataFrame({"_constant": 1.0}, index=units.index),
            varying(as_numbers(covariates[members])),
            units["_unit"].to_numpy(dtype=np.int64),
            units["_label"],
            cluster_labels(case, units),
            sample_weights(case, units),
            None,
            survey_design(case, units),
        )

    sample, used = beside_others(sample_of, complete)
    apart = int((complete & ~used).sum())
    return sample, len(rows) - apart, without, apart


def _estimate(design: Association, sample: Sample) -> Estimate:
    if design.model == "linear":
        return regress(sample, design.inference)
    survey = sample.survey or _unstratified(sample)
    fitted = marginal_effect if design.report == "marginal_effect" else _coefficient
    return fitted(sample.outcome, sample.matrix(), sample.names(), EXPOSURE, survey)


def _unstratified(sample: Sample) -> SampleDesign:
    weights = np.ones(sample.n) if sample.weights is None else sample.weights
    clusters = sample.clusters[0] if sample.clusters else None
    return SampleDesign(weights, None, clusters, None)


def _coefficient(*arguments: object) -> Estimate:
    return survey_regression(*arguments, model="logit")  # type: ignore[arg-type]
