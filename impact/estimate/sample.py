"""One comparison as arrays: outcome, exposure, covariates, clusters, weights; what the cross-section designs share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from impact.designs.base import Inference
from impact.errors import NotEstimable
from impact.statistics.core import Estimate, Floats, Ints, cluster_codes, with_p_value
from impact.statistics.experiments import differences, randomisation
from impact.statistics.linear import least_squares, sandwich, wild
from impact.statistics.linear.few_clusters import SINGULAR
from impact.statistics.surveys.design import SampleDesign
from impact.statistics.surveys.regression import survey_regression
from impact.words.said import Said

AFTER = " × after"
MANY_CLUSTERS = 100
"""From here on CR1 is as good as CR2, and much cheaper."""
EXPOSURE = "_exposure"
"""Regressors of the engine's own start with an underscore, which no declared column does."""


@dataclass(frozen=True)
class Sample:
    """Observations of one comparison, complete.

    Parameters
    ----------
    outcome, exposure
        Shape (n,). The exposure is the regressor whose coefficient is the effect: the arm, or arm × after.
    base
        Shape (n, b): the constant and what belongs to the design itself.
    covariates
        Shape (n, p): what the arms are adjusted for.
    units, labels
        Shape (n,): the units by number, and what they are called.
    clusters
        None to two arrays of labels, each (n,).
    weights, blocks
        Shape (n,), or None.
    survey
        Strata, sampled clusters and population sizes where the rows were sampled by design and the comparison has no
        clusters of its own; errors are then those of the sample design.
    """

    outcome: Floats
    exposure: Floats
    base: pd.DataFrame
    covariates: pd.DataFrame
    units: Ints
    labels: pd.Series
    clusters: tuple[NDArray[Any], ...] = ()
    weights: Floats | None = None
    blocks: NDArray[np.object_] | None = None
    survey: SampleDesign | None = None

    @property
    def own_clusters(self) -> bool:
        """Whether each unit is a cluster of its own, called by its number or as it is."""
        if not self.clusters:
            return False
        first = self.clusters[0]
        if first.dtype != object:
            return np.array_equal(first, self.units)
        return np.array_equal(first.astype(str), self.labels.to_numpy(dtype=object).astype(str))

    @property
    def n(self) -> int:
        """Number of observations."""
        return len(self.outcome)

    def take(self, rows: NDArray[np.bool_]) -> Sample:
        """Return the sample of some of the observations."""
        return replace(
            self,
            outcome=self.outcome[rows],
            exposure=self.exposure[rows],
            base=self.base[rows],
            covariates=self.covariates[rows],
            units=self.units[rows],
            labels=self.labels[rows],
            clusters=tuple(labels[rows] for labels in self.clusters),
            weights=None if self.weights is None else self.weights[rows],
            blocks=None if self.blocks is None else self.blocks[rows],
            survey=None if self.survey is None else self.survey.take(rows),
        )

    def with_covariates(self, names: list[str]) -> Sample:
        """Return the sample with only some of its covariates."""
        return replace(self, covariates=self.covariates[names])

    @property
    def covariate_names(self) -> list[str]:
        """Names of the covariates, in order."""
        return list(map(str, self.covariates.columns))

    @property
    def covariate_values(self) -> Floats:
        """The covariates, shape (n, p)."""
        return self.covariates.to_numpy(dtype=float)

    def names(self) -> list[str]:
        """Names of the regressors, in order."""
        base = map(str, self.base.columns)
        return [*base, EXPOSURE, *self.covariate_names]

    def matrix(self) -> Floats:
        """Return the regressors, shape (n, b + 1 + p)."""
        base = self.base.to_numpy(dtype=float)
        exposure = self.exposure[:, None]
        return np.hstack((base, exposure, self.covariate_values))


def varying(covariates: pd.DataFrame) -> pd.DataFrame:
    """Leave out covariates that are the same for everybody: they adjust nothing."""
    return covariates.loc[:, covariates.nunique() > 1]


def beside_others(make: Callable[[pd.Series], Sample], rows: pd.Series) -> tuple[Sample, pd.Series]:
    """Return the sample of the rows (True where they belong to it) that covariates do not tell apart, and these rows.

    It is made anew of them: what a dummy leaves out as its base may have been one of the others.
    """
    sample = make(rows)
    apart = told_apart(sample)
    if not apart.any():
        return sample, rows
    beside = rows.copy()
    beside[rows] = ~apart
    return make(beside), beside


def told_apart(sample: Sample) -> NDArray[np.bool_]:
    """Return which observations the covariates fit whatever their outcome, as a dummy fits the only one of a village.

    Their leverage is one without the exposure: like a unit seen once in a panel they move no coefficient and no
    residual, and would be counted as observations and clusters. None where the covariates are collinear, or too many,
    which is refused elsewhere, or where the rows are a sample by design, whose units count as they were drawn.
    """
    nobody = np.zeros(sample.n, dtype=bool)
    if sample.survey is not None or not sample.covariate_names:
        return nobody
    matrix = np.hstack([sample.base.to_numpy(dtype=float), sample.covariate_values])
    names = [*map(str, sample.base.columns), *sample.covariate_names]
    try:
        fit = least_squares.fit(sample.outcome, matrix, names, weights=sample.weights)
    except NotEstimable:
        return nobody
    return np.asarray(fit.leverage >= 1 - SINGULAR, dtype=bool)


def errors_rule(sample: Sample, inference: Inference) -> str:
    """Return the declared rule of the errors, or the default one."""
    if inference.errors is not None:
        return inference.errors
    if not sample.clusters:
        return "HC2"
    if len(sample.clusters) > 1:
        return "CR1"
    _, count = cluster_codes(sample.clusters[0])
    return "CR2" if count < MANY_CLUSTERS else "CR1"


def regress(sample: Sample, inference: Inference) -> Estimate:
    """Return the coefficient of the exposure, with the inference that is declared."""
    if sample.survey is not None and inference.errors is None:
        return survey_regression(sample.outcome, sample.matrix(), sample.names(), EXPOSURE, sample.survey)
    rule = errors_rule(sample, inference)
    if rule == "welch":
        return _welch(sample)
    fit = least_squares.fit(sample.outcome, sample.matrix(), sample.names(), weights=sample.weights)
    clusters = sample.clusters if rule.startswith("CR") else ()
    if rule.startswith("CR") and not clusters:
        raise NotEstimable(Said("checks.errors_need_clusters", rule=rule), Said("checks.cluster_column_design"))
    estimate = sandwich.coefficient(fit, EXPOSURE, errors=rule, clusters=clusters)
    if inference.p_value == "wild_bootstrap":
        return _wild(sample, fit, estimate, inference)
    return estimate


def _welch(sample: Sample) -> Estimate:
    adjusted = len(sample.base.columns) > 1 or sample.covariate_names
    if adjusted or sample.weights is not None:
        raise NotEstimable(Said("checks.welch_errors_compare_two_means_nothing_else"), Said("checks.errors_hc2"))
    return differences.welch(sample.outcome, sample.exposure)


def _wild(sample: Sample, fit: least_squares.Fit, estimate: Estimate, inference: Inference) -> Estimate:
    """Replace p-value and interval by those of the wild cluster bootstrap."""
    if len(sample.clusters) != 1:
        raise NotEstimable(
            Said("checks.wild_cluster_bootstrap_needs_one_set_clusters"), Said("checks.one_cluster_column_design")
        )
    codes = _codes(sample.clusters[0])
    rng = np.random.default_rng(inference.seed)
    drawn = wild.wild_bootstrap(fit, EXPOSURE, codes, draws=inference.draws, rng=rng)
    code = "rule.wild_bootstrap_of_all" if drawn.enumerated else "rule.wild_bootstrap"
    rule = Said(code, weights=drawn.weights, draws=drawn.draws)
    tested = with_p_value(estimate, drawn.p_value, rule)
    return replace(tested, conf_low=drawn.conf_low, conf_high=drawn.conf_high)


def _codes(labels: NDArray[np.object_]) -> Ints:
    """Return labels as numbers from 0."""
    codes, _ = cluster_codes(labels)
    return codes


def randomisation_p(sample: Sample, estimate: Estimate, inference: Inference) -> Estimate:
    """Replace the p-value by that of drawing the assignment again, under the null that nobody was affected."""
    covariates = sample.covariate_values if sample.covariate_names else None
    blocks = None if sample.blocks is None else _codes(sample.blocks)
    clusters = _codes(sample.clusters[0]) if sample.clusters else None
    rng = np.random.default_rng(inference.seed)
    drawn = randomisation.randomisation_test(
        sample.outcome,
        sample.exposure,
        covariates=covariates,
        blocks=blocks,
        clusters=clusters,
        draws=inference.draws,
        rng=rng,
    )
    code = "rule.randomisation_of_all" if drawn.enumerated else "rule.randomisation"
    return with_p_value(estimate, drawn.p_value, Said(code, draws=drawn.draws))


def block_dummies(sample: Sample) -> pd.DataFrame:
    """Return a 0/1 column per block but the first; no column without blocks."""
    if sample.blocks is None:
        return pd.DataFrame(index=sample.base.index)
    labels = pd.Series(sample.blocks.astype(str))
    dummies = pd.get_dummies(labels, prefix="_block", drop_first=True, dtype=float)
    return dummies.set_index(sample.base.index)


def quick(inference: Inference, sample: Sample) -> Inference:
    """Return the inference of a variant, of which only the estimate is looked at: CR1 where CR2 would take long."""
    slow = bool(sample.clusters) and errors_rule(sample, inference) in ("CR2", "CR3")
    rule = "CR1" if slow else inference.errors
    return inference.model_copy(update={"errors": rule, "p_value": "t"})


def unit_influence(sample: Sample, estimate: Estimate) -> pd.Series | None:
    """Return the influence of each unit, or of each cluster where errors are clustered; its name says which."""
    if estimate.influence is None or len(estimate.influence) != sample.n:
        return None
    if sample.clusters and not sample.own_clusters:
        by_row = pd.Series(estimate.influence, name="cluster")
        return by_row.groupby(pd.Series(sample.clusters[0].astype(str))).sum()
    _, first, codes = np.unique(sample.units, return_index=True, return_inverse=True)
    added = np.bincount(codes, estimate.influence)
    return pd.Series(added, index=sample.labels.iloc[first].to_numpy(dtype=object), name="unit")
