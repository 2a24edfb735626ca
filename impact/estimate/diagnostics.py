"""Checks of what a design assumes; each with a stated null, a value, and passed, failed or not applicable."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from scipy import stats

from impact.errors import NotEstimable
from impact.estimate.result import ALPHA, Diagnostic, checked, not_applicable
from impact.estimate.sample import Sample, block_dummies
from impact.statistics import balance, least_squares, sandwich

FEW_CLUSTERS = 20
SAME_BACKGROUND = "the arms have the same background before the programme"


def joint_balance(sample: Sample) -> Diagnostic:
    """Test by one statistic that the arms do not differ in background, with the sample's weights and clusters."""
    names = list(map(str, sample.covariates.columns))
    try:
        if sample.blocks is not None:
            return _balance_within_blocks(sample, names)
        test = balance.joint_balance(
            sample.covariates.to_numpy(dtype=float),
            names,
            sample.exposure,
            weights=sample.weights,
            clusters=sample.clusters[0].astype(str) if sample.clusters else None,
        )
    except NotEstimable as error:
        return not_applicable("balance", SAME_BACKGROUND, error.reason)
    detail = f"{test.reference} over {', '.join(names)}"
    return checked("balance", SAME_BACKGROUND, test.statistic, test.p_value, detail)


def _balance_within_blocks(sample: Sample, names: list[str]) -> Diagnostic:
    """Test the same among units of one block, whose shares of treated may differ."""
    blocks = block_dummies(sample)
    matrix = np.column_stack([np.ones(sample.n), blocks.to_numpy(), sample.covariates.to_numpy(dtype=float)])
    fit = least_squares.fit(sample.exposure, matrix, ["_constant", *map(str, blocks.columns), *names])
    test = sandwich.wald_joint(fit, names, errors="classical")
    detail = f"{test.reference} within blocks over {', '.join(names)}"
    return checked("balance", SAME_BACKGROUND, test.statistic, test.p_value, detail)


def differential_attrition(baseline: pd.DataFrame, end_units: set[str]) -> Diagnostic:
    """Test that the arms lost the same share of persons between baseline and end line.

    Parameters
    ----------
    baseline
        ``_unit`` and ``_treated`` (0 or 1) of those seen at baseline.
    end_units
        Those with an outcome at the end line.
    """
    null = "both arms lost the same share of persons"
    lost = ~baseline["_unit"].isin(end_units)
    by_arm = pd.DataFrame({"lost": lost, "seen": 1}).groupby(baseline["_treated"]).sum()
    if len(by_arm) < 2:
        return not_applicable("attrition", null, "one arm was not seen at baseline")
    (lost_0, n_0), (lost_1, n_1) = by_arm.sort_index().to_numpy(dtype=float).tolist()
    share_0, share_1, pooled = lost_0 / n_0, lost_1 / n_1, (lost_0 + lost_1) / (n_0 + n_1)
    error = math.sqrt(pooled * (1 - pooled) * (1 / n_0 + 1 / n_1))
    p_value = float(2 * stats.norm.sf(abs(share_1 - share_0) / error)) if error > 0 else 1.0
    status = "passed" if p_value >= ALPHA else "failed"
    detail = f"lost {share_1:.1%} of {int(n_1)} treated and {share_0:.1%} of {int(n_0)} in the comparison"
    return Diagnostic("attrition", null, share_1 - share_0, p_value, status, detail)


def enough_clusters(n_clusters: int | None) -> Diagnostic:
    """Check that there are enough clusters for clustered errors to be trusted whatever their rule."""
    null = f"there are at least {FEW_CLUSTERS} clusters"
    if n_clusters is None:
        return not_applicable("clusters", null, "errors are not clustered")
    status = "passed" if n_clusters >= FEW_CLUSTERS else "failed"
    return Diagnostic("clusters", null, float(n_clusters), None, status, f"{n_clusters} clusters")


def complete_cases(used: int, available: int) -> Diagnostic:
    """State how many observations were left out for missing values."""
    null = "no observation was left out for a missing value"
    status = "passed" if used == available else "failed"
    return Diagnostic("complete_cases", null, float(available - used), None, status, f"{used} of {available} used")
