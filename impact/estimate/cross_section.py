"""Arms compared at one wave: the sample of a randomised, matched or weighted comparison, and what to do with gaps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from impact.designs.base import AttritionWeights, EndLine, MultipleImputation
from impact.errors import NotEstimable
from impact.estimate.case import (
    Case,
    as_numbers,
    at_wave,
    background,
    cluster_labels,
    design_rows,
    place_columns,
    placed,
    require_arms,
    require_clusters,
    require_covariates,
    sample_weights,
    survey_design,
)
from impact.estimate.sample import Sample, beside_others, varying
from impact.statistics.core import Estimate, Floats
from impact.statistics.experiments.differences import thin_blocks
from impact.statistics.observational.propensity import logit
from impact.statistics.surveys.imputation import multiply_impute, pool
from impact.words.said import Said

Estimator = Callable[[Sample], Estimate]
SEPARATE = "outcome of the end line"
MOST = 0.5
"""Where thin blocks hold more than this share of the units, what is left is not the experiment that was declared."""


@dataclass(frozen=True)
class Comparison:
    """Both arms at the end line.

    Parameters
    ----------
    rows
        All rows of both arms, every wave.
    units
        One row per unit of interest (seen at the end line, or before it where gaps are filled): ``_outcome``,
        ``_treated`` and the design's columns.
    covariates
        Of the same units, as they stand, with gaps.
    sample
        The complete cases.
    without
        By column, those left out of ``units`` because they have no cluster or weight.
    thin
        In words, the blocks left out of ``units`` because an arm of theirs has fewer than two units or clusters.
    apart
        Those left out of ``units`` because the covariates of a regression fit them perfectly.
    """

    rows: pd.DataFrame
    units: pd.DataFrame
    covariates: pd.DataFrame
    sample: Sample
    without: dict[str, int]
    thin: tuple[Said, ...]
    apart: int = 0

    @property
    def available(self) -> int:
        """Units of which the complete cases are a part."""
        return len(self.units)


def comparison(case: Case[EndLine]) -> Comparison:
    """Collect the sample of a design with arms at its end line.

    Raises
    ------
    NotEstimable
        If an arm has fewer than two complete cases, or lies in one cluster.
    """
    rows = design_rows(case)
    units = _units(case, rows)
    require_covariates(units[place_columns(case)], units["_treated"])
    in_place, without = placed(case, units)
    units = units[in_place]
    covariates = background(case, rows, units)
    filled = isinstance(case.design.missing, MultipleImputation)
    require_covariates(covariates, None if filled else units["_treated"])
    complete = _complete(case, units, covariates)
    _require_complete(case, units[complete])
    wide, thin = _wide(case, units, units if filled else units[complete])
    units, covariates, complete = units[wide], covariates[wide], complete[wide]

    def sample_of(members: pd.Series) -> Sample:
        return _sample(case, units[members], as_numbers(covariates[members]))

    if not case.design.by_lot or filled:
        return Comparison(rows, units, covariates, sample_of(complete), without, thin)
    sample, used = beside_others(sample_of, complete)
    apart = complete & ~used
    return Comparison(rows, units[~apart], covariates[~apart], sample, without, thin, int(apart.sum()))


def _require_complete(case: Case[EndLine], units: pd.DataFrame) -> None:
    """Refuse complete cases that tell nothing: a thin arm, one in a single cluster, an outcome that does not vary."""
    require_arms(units["_treated"], case.when)
    require_clusters(case, units)
    if units["_outcome"].nunique() == 1:
        raise NotEstimable(Said("checks.outcome_same_everybody"), Said("checks.outcome_varies"))


def _wide(case: Case[EndLine], units: pd.DataFrame, analysed: pd.DataFrame) -> tuple[pd.Series, tuple[Said, ...]]:
    """Tell which units are in blocks that are wide enough; if most are not, all are, and the estimator refuses."""
    everybody = pd.Series(True, index=units.index)
    blocks = case.design.lots
    if blocks is None:
        return everybody, ()
    blocked = analysed[analysed[blocks].notna()]
    treated = blocked["_treated"].to_numpy(dtype=float)
    labels = blocked[blocks].to_numpy(dtype=object).astype(str)
    thin, remark = thin_blocks(treated, labels, cluster_labels(case, blocked))
    if not thin or np.isin(labels, thin).mean() > MOST:
        return everybody, ()
    in_thin = units[blocks].astype(str).isin(thin)
    return ~in_thin, (remark,)


def _complete(case: Case[EndLine], units: pd.DataFrame, covariates: pd.DataFrame) -> pd.Series:
    blocks = case.design.lots
    needed = ["_outcome", blocks] if blocks else ["_outcome"]
    return units[needed].notna().all(axis=1) & covariates.notna().all(axis=1)


def _units(case: Case[EndLine], rows: pd.DataFrame) -> pd.DataFrame:
    """Return the units at the end line; where gaps are filled, also those who were lost since the baseline."""
    end = at_wave(rows, case.indicator.ex_post.wave).copy()
    since = case.indicator.formula.followed_since
    if since is not None:
        earlier = at_wave(rows, since)["_outcome"]
        end = end.loc[end.index.intersection(earlier.index)]
        end["_outcome"] = end["_outcome"] - earlier.reindex(end.index)
    if not isinstance(case.design.missing, MultipleImputation | AttritionWeights):
        return end
    if case.baseline is None:
        raise NotEstimable(
            Said("checks.those_who_lost_not_known_without_baseline"), Said("checks.ex_ante_baseline_wave")
        )
    start = at_wave(rows, case.baseline)
    absent = start.index.difference(end.index)
    lost = start.loc[absent].assign(_outcome=np.nan)
    return pd.concat([end, lost]).sort_index()


def _sample(case: Case[EndLine], units: pd.DataFrame, covariates: pd.DataFrame) -> Sample:
    blocks = case.design.lots
    return Sample(
        units["_outcome"].to_numpy(dtype=float),
        units["_treated"].to_numpy(dtype=float),
        pd.DataFrame({"_constant": 1.0}, index=units.index),
        varying(covariates),
        units.index.to_numpy(dtype=np.int64),
        units["_label"],
        cluster_labels(case, units),
        sample_weights(case, units),
        units[blocks].to_numpy(dtype=object) if blocks else None,
        survey_design(case, units),
    )


def with_outcome(case: Case[EndLine], compared: Comparison, column: str) -> Sample:
    """Return the complete cases with another column as the outcome, for outcomes that cannot have changed."""
    outcome = compared.units[column].astype(float)
    units = compared.units.assign(_outcome=outcome)
    complete = _complete(case, units, compared.covariates)
    require_arms(units.loc[complete, "_treated"], Said("checks.at", wave=column))
    covariates = as_numbers(compared.covariates[complete])
    return _sample(case, units[complete], covariates)


def answer(case: Case[EndLine], compared: Comparison, estimator: Estimator) -> Estimate:
    """Estimate as the plan says what to do with missing values: leave out, weight, or impute.

    Raises
    ------
    NotEstimable
        Where the estimator refuses, or the gaps cannot be filled.
    """
    missing = case.design.missing
    if isinstance(missing, MultipleImputation):
        return _imputed(case, compared, estimator, missing)
    return estimator(analysed(case, compared))


def analysed(case: Case[EndLine], compared: Comparison) -> Sample:
    """Return the complete cases as they are analysed: weighted for attrition where the plan says so.

    Those who answered are weighted by the inverse of their chance of answering, fitted in both arms with covariates.
    """
    sample = compared.sample
    if not isinstance(case.design.missing, AttritionWeights):
        return sample
    chances = _chances_of_answering(compared)
    if chances is None:
        return sample
    chance = chances.reindex(sample.units).to_numpy(dtype=float)
    weights = np.ones(sample.n) if sample.weights is None else sample.weights
    survey = sample.survey
    if survey is not None:
        survey = replace(survey, weights=survey.weights / chance)
    return replace(sample, weights=weights / chance, survey=survey)


def _chances_of_answering(compared: Comparison) -> pd.Series | None:
    """Return the chance of each unit with covariates to have an outcome; None where all have one."""
    described = compared.covariates.notna().all(axis=1)
    covariates = varying(as_numbers(compared.covariates[described]))
    units = compared.units[described]
    answered = units["_outcome"].notna().to_numpy()
    if answered.all():
        return None
    treated = units["_treated"].to_numpy(dtype=float)
    matrix = np.column_stack([treated, covariates.to_numpy(dtype=float)])
    names = ["_treated", *map(str, covariates.columns)]
    fit = logit(answered.astype(np.float64), matrix, names)
    return pd.Series(fit.probabilities, index=covariates.index)


def _imputed(case: Case[EndLine], compared: Comparison, estimator: Estimator, plan: MultipleImputation) -> Estimate:
    outcome = compared.units["_outcome"].rename(SEPARATE)
    covariates = varying(as_numbers(compared.covariates))
    frame = pd.concat([outcome, compared.units["_treated"], covariates], axis=1).astype(float)
    rng = np.random.default_rng(plan.seed)
    estimates = []
    for filled in multiply_impute(frame, draws=plan.draws, rng=rng):
        units = compared.units.assign(_outcome=filled[SEPARATE].to_numpy())
        filled_covariates = filled.drop(columns=[SEPARATE, "_treated"])
        estimates.append(estimator(_sample(case, units, filled_covariates)))
    values = _column([estimate.estimate for estimate in estimates])
    variances = _column([estimate.std_error**2 for estimate in estimates])
    df_complete = min(estimate.df for estimate in estimates)
    pooled = pool(values, variances, df_complete=df_complete, n_obs=len(frame))
    first = estimates[0]
    rule = Said("rule.imputations_pooled_rubin_rules", rule=first.rule, draws=plan.draws)
    return replace(pooled, rule=rule, n_clusters=first.n_clusters)


def _column(values: list[float]) -> Floats:
    return np.array(values, dtype=np.float64)
