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
    require_arms(units.loc[complete, "_treated"], case.when)
    require_clusters(case, units[complete])
    if units.loc[complete, "_outcome"].nunique() == 1:
        raise NotEstimable(Said("checks.outcome_same_everybody"), Said("checks.outcome_varies"))
    wide, thin = _wide(case, units, units if filled else units[complete])
    units, covariates, complete = units[wide], covariates[wide], complete[wide]

    def made(kept: pd.Series) -> Sample:
        return _sample(case, units[kept], as_numbers(covariates[kept]))

    if not case.design.by_lot or filled:
        return Comparison(rows, units, covariates, made(complete), without, thin)
    sample, used = beside_others(made, complete)
    apart = complete & ~used
    return Comparison(rows, units[~apart], covariates[~apart], sample, without, thin, int(apart.sum()))


def _wide(case: Case[EndLine], units: pd.DataFrame, analysed: pd.DataFrame) -> tuple[pd.Series, tuple[Said, ...]]:
    """Tell which units are in blocks that are wide enough; if most are not, all are, and the estimator refuses."""
    everybody = pd.Series(True, index=units.index)
    blocks = case.design.lots
    if blocks is None:
        return everybody, ()
    known = analysed[analysed[blocks].notna()]
    labels = known[blocks].to_numpy(dtype=object).astype(str)
    names, words = thin_blocks(known["_treated"].to_numpy(dtype=float), labels, cluster_labels(case, known))
    if not names or np.isin(labels, names).mean() > MOST:
        return everybody, ()
    return ~units[blocks].astype(str).isin(names), (words,)


def _complete(case: Case[EndLine], units: pd.DataFrame, covariates: pd.DataFrame) -> pd.Series:
    blocks = case.design.lots
    return units[["_outcome", *([blocks] if blocks else [])]].notna().all(axis=1) & covariates.notna().all(axis=1)


def _units(case: Case[EndLine], rows: pd.DataFrame) -> pd.DataFrame:
    """Return the units at the end line; where gaps are filled, also those who were lost since the baseline."""
    end = at_wave(rows, case.indicator.ex_post.wave).copy()
    if (since := case.indicator.formula.followed_since) is not None:
        before = at_wave(rows, since)["_outcome"]
        end = end.loc[end.index.intersection(before.index)]
        end["_outcome"] = end["_outcome"] - before.reindex(end.index)
    filled = isinstance(case.design.missing, MultipleImputation | AttritionWeights)
    if not filled:
        return end
    if case.baseline is None:
        raise NotEstimable(
            Said("checks.those_who_lost_not_known_without_baseline"), Said("checks.ex_ante_baseline_wave")
        )
    start = at_wave(rows, case.baseline)
    lost = start.loc[start.index.difference(end.index)].assign(_outcome=np.nan)
    return pd.concat([end, lost]).sort_index()


def _sample(case: Case[EndLine], units: pd.DataFrame, covariates: pd.DataFrame) -> Sample:
    blocks = case.design.lots
    return Sample(
        units["_outcome"].to_numpy(dtype=float),
        units["_treated"].to_numpy(dtype=float),
        pd.DataFrame({"_constant": 1.0}, index=units.index),
        varying(covariates),
        units.index.to_numpy(dtype=object),
        cluster_labels(case, units),
        sample_weights(case, units),
        units[blocks].to_numpy(dtype=object) if blocks else None,
        survey_design(case, units),
    )


def with_outcome(case: Case[EndLine], compared: Comparison, column: str) -> Sample:
    """Return the complete cases with another column as the outcome, for outcomes that cannot have changed."""
    units = compared.units.assign(_outcome=compared.units[column].astype(float))
    complete = _complete(case, units, compared.covariates)
    require_arms(units.loc[complete, "_treated"], Said("checks.at", wave=column))
    return _sample(case, units[complete], as_numbers(compared.covariates[complete]))


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
    if not isinstance(case.design.missing, AttritionWeights):
        return compared.sample
    known = compared.covariates.notna().all(axis=1)
    covariates = varying(as_numbers(compared.covariates[known]))
    answered = compared.units.loc[known, "_outcome"].notna().to_numpy()
    treated = compared.units.loc[known, "_treated"].to_numpy(dtype=float)
    matrix = np.column_stack([treated, covariates.to_numpy(dtype=float)])
    if answered.all():
        return compared.sample
    names = ["_treated", *map(str, covariates.columns)]
    fitted = logit(answered.astype(np.float64), matrix, names).probabilities
    chance = pd.Series(fitted, index=covariates.index).reindex(compared.sample.units).to_numpy(dtype=float)
    own = np.ones(compared.sample.n) if compared.sample.weights is None else compared.sample.weights
    survey = compared.sample.survey
    if survey is not None:
        survey = replace(survey, weights=survey.weights / chance)
    return replace(compared.sample, weights=own / chance, survey=survey)


def _imputed(case: Case[EndLine], compared: Comparison, estimator: Estimator, plan: MultipleImputation) -> Estimate:
    frame = pd.concat(
        [
            compared.units["_outcome"].rename(SEPARATE),
            compared.units["_treated"],
            varying(as_numbers(compared.covariates)),
        ],
        axis=1,
    ).astype(float)
    estimates = []
    for filled in multiply_impute(frame, draws=plan.draws, rng=np.random.default_rng(plan.seed)):
        units = compared.units.assign(_outcome=filled[SEPARATE].to_numpy())
        estimates.append(estimator(_sample(case, units, filled.drop(columns=[SEPARATE, "_treated"]))))
    pooled = pool(
        _column([e.estimate for e in estimates]),
        _column([e.std_error**2 for e in estimates]),
        df_complete=min(e.df for e in estimates),
        n_obs=len(frame),
    )
    rule = Said("rule.imputations_pooled_rubin_rules", rule=estimates[0].rule, draws=plan.draws)
    return replace(pooled, rule=rule, n_clusters=estimates[0].n_clusters)


def _column(values: list[float]) -> Floats:
    return np.array(values, dtype=np.float64)
