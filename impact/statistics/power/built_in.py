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
    names = get_args(BuiltIn)
    needs_before = name != "difference"
    if name not in names or (needs_before and batch.pre == 0):
        needed = Said("power.built_in_with_one_before", names=str(names))
        raise NotEstimable(Said("power.not_built_in", name=name), needed)
    before_start, since_start = batch.outcomes[:, :, : batch.pre], batch.outcomes[:, :, batch.pre :]
    later = since_start.mean(axis=2)
    earlier = before_start.mean(axis=2) if needs_before else np.zeros_like(later)
    observed = np.isfinite(later).astype(np.float64)
    measured = later - earlier if name == "change" else later
    outcome = np.where(observed > 0, measured, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        if name == "ancova":
            rows = _ancova(batch, outcome, earlier * observed, observed)
        else:
            rows = _difference(batch, outcome, observed)
        estimable = (rows[1] > 0) & (rows[2] > 0)
        estimate, variance, df = (np.where(estimable, row, np.nan) for row in rows)
        error = np.sqrt(variance)
        level = 0.5 + CONFIDENCE / 2
        half = stats.t.ppf(level, df) * error
        t = np.abs(estimate / error)
        p_value = 2 * stats.t.sf(t, df)
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
    arm = batch.arm
    means = _arm_sums(batch, outcome) / totals
    deviations = (outcome - means[:, arm]) * observed
    influence = deviations / totals[:, arm]
    variance, df = _cr2(batch, influence, observed)
    mean0, mean1 = means[:, 0], means[:, 1]
    return mean1 - mean0, variance, df


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
    terms = (h**2 - q**2) / by_cluster**2
    inner = np.sum(terms, axis=1)
    outer: Floats | float = 0
    for side in (0, 1):
        in_arm = np.sum(q[:, arm == side], axis=1)
        outer = outer + (in_arm / totals[:, side]) ** 2
    trace = np.sum(1 / totals, axis=1)
    df = trace**2 / (inner + outer)
    return variance, df


def _ancova(batch: Dataset, outcome: Floats, before: Floats, observed: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the difference of means adjusted with the slope within arms; its residuals get the arms' CR2 factor."""
    n, totals = observed.sum(axis=1), _arm_sums(batch, observed)
    sums_before = _arm_sums(batch, before)
    means_before = sums_before / totals
    # θ̂, the slope within arms (Frison and Pocock)
    within = (before - means_before[:, batch.arm]) * observed
    products, squares = np.sum(within * outcome, axis=1), np.sum(within**2, axis=1)
    slope = products / squares
    explained = slope[:, None] * before
    adjusted = outcome - explained
    means = _arm_sums(batch, adjusted) / totals
    # The arm and the covariate, centred; then the arm without the covariate (Frisch–Waugh–Lovell)
    columns = np.stack([batch.arm * observed, before])
    centre = columns.sum(axis=2) / n
    arm, covariate = (columns - centre[:, :, None]) * observed
    shared = np.sum(arm * covariate, axis=1) / np.sum(covariate**2, axis=1)
    predicted = shared[:, None] * covariate
    arm = arm - predicted
    residuals = adjusted - means[:, batch.arm]
    power = np.sum(arm**2, axis=1)
    influence = arm * residuals / power[:, None]
    variance, df = _cr2(batch, influence, observed)
    mean0, mean1 = means[:, 0], means[:, 1]
    # One degree of freedom more goes to the slope
    inflated = variance * (n - 2) / (n - 3)
    return mean1 - mean0, inflated, df - 1
