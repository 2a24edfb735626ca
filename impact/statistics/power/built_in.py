"""Estimators that take all simulated datasets at once: difference, change, adjusted difference, with CR2 errors.

:mod:`impact.statistics.power.simulation` calls them by name.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from scipy import stats

from impact.errors import NotEstimable
from impact.statistics.core import CONFIDENCE, Floats, floats
from impact.statistics.power.plan import Dataset
from impact.words.said import Said

BuiltIn = Literal["difference", "change", "ancova"]


def built_in_rows(batch: Dataset, name: BuiltIn) -> Floats:
    """Return rows of (estimate, error, p-value, low, high) of a built-in estimator.

    ``difference`` of means after, ``change`` of the mean from before to after (difference-in-differences), both with
    CR2 errors and Satterthwaite df (HC2 without clusters); ``ancova`` with the arms' CR2 factor and one df less.
    """
    if name not in get_args(BuiltIn) or (name != "difference" and batch.pre == 0):
        raise NotEstimable(
            Said("power.not_built_in", name=name), Said("power.built_in_with_one_before", names=str(get_args(BuiltIn)))
        )
    later = batch.outcomes[:, :, batch.pre :].mean(axis=2)
    earlier = batch.outcomes[:, :, : batch.pre].mean(axis=2) if name != "difference" else np.zeros_like(later)
    observed = np.isfinite(later).astype(np.float64)
    outcome = np.where(observed > 0, later - earlier if name == "change" else later, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        if name == "ancova":
            rows = _ancova(batch, outcome, earlier * observed, observed)
        else:
            rows = _difference(batch, outcome, observed)
        estimable = (rows[1] > 0) & (rows[2] > 0)
        estimate, variance, df = (np.where(estimable, row, np.nan) for row in rows)
        error = np.sqrt(variance)
        half = stats.t.ppf(0.5 + CONFIDENCE / 2, df) * error
        p_value = 2 * stats.t.sf(np.abs(estimate / error), df)
    return np.column_stack([estimate, error, p_value, estimate - half, estimate + half])


def _within_clusters(batch: Dataset, values: Floats) -> Floats:
    """Sum the columns of values, shape (b, n), within clusters, whose rows stand together."""
    starts = np.unique(batch.cluster, return_index=True)[1]
    sums = np.add.reduceat(values, starts, axis=1)
    return floats(sums)


def _arm_sums(batch: Dataset, values: Floats) -> Floats:
    """Sum the columns of values, shape (b, n), within arms, shape (b, 2)."""
    arms = batch.arm[:, None] == np.arange(2)
    return floats(values @ arms.astype(np.float64))


def _difference(batch: Dataset, outcome: Floats, observed: Floats) -> tuple[Floats, Floats, Floats]:
    """Return differences of means, their CR2 variances and degrees of freedom."""
    totals = _arm_sums(batch, observed)
    means = _arm_sums(batch, outcome) / totals
    deviations = (outcome - means[:, batch.arm]) * observed
    influence = deviations / totals[:, batch.arm]
    variance, df = _cr2(batch, influence, observed)
    return means[:, 1] - means[:, 0], variance, df


def _cr2(batch: Dataset, influence: Floats, observed: Floats) -> tuple[Floats, Floats]:
    """Return the CR2 variance and Satterthwaite df of a difference of two arm means, clusters of any size."""
    first = np.unique(batch.cluster, return_index=True)[1]
    arm = batch.arm[first]
    totals = _arm_sums(batch, observed)
    by_cluster = totals[:, arm]
    # h: the share of its arm that a cluster holds, its leverage
    h = _within_clusters(batch, observed) / by_cluster
    q = h**2 / (1 - h)
    sums = _within_clusters(batch, influence)
    variance = np.sum(sums**2 / (1 - h), axis=1)
    # tr P² of the working covariances: the clusters', and those that the arm means share
    inner = np.sum((h**2 - q**2) / by_cluster**2, axis=1)
    outer = sum((np.sum(q[:, arm == side], axis=1) / totals[:, side]) ** 2 for side in (0, 1))
    trace = np.sum(1 / totals, axis=1)
    return variance, trace**2 / (inner + outer)


def _ancova(batch: Dataset, outcome: Floats, before: Floats, observed: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the difference of means adjusted with the slope within arms; its residuals get the arms' CR2 factor."""
    n, totals = observed.sum(axis=1), _arm_sums(batch, observed)
    means_before = _arm_sums(batch, before) / totals
    within = (before - means_before[:, batch.arm]) * observed
    slope = np.sum(within * outcome, axis=1) / np.sum(within**2, axis=1)
    adjusted = outcome - slope[:, None] * before
    means = _arm_sums(batch, adjusted) / totals
    # The arm and the covariate, centred; then the arm without the covariate (Frisch–Waugh–Lovell)
    columns = np.stack([batch.arm * observed, before])
    centre = columns.sum(axis=2) / n
    arm, covariate = (columns - centre[:, :, None]) * observed
    shared = np.sum(arm * covariate, axis=1) / np.sum(covariate**2, axis=1)
    arm = arm - shared[:, None] * covariate
    residuals = adjusted - means[:, batch.arm]
    influence = arm * residuals / np.sum(arm**2, axis=1)[:, None]
    variance, df = _cr2(batch, influence, observed)
    return means[:, 1] - means[:, 0], variance * (n - 2) / (n - 3), df - 1
