"""Checks of what a design assumes; each with a stated null, a value, and passed, failed or not applicable."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
import pandas as pd
from scipy import stats

from impact.errors import NotEstimable
from impact.estimate.covariates import covariate
from impact.estimate.result import Diagnostic, checked, not_applicable, verdict
from impact.estimate.sample import Sample, block_dummies
from impact.statistics.core import Floats, JointTest
from impact.statistics.experiments import balance
from impact.statistics.linear import least_squares, sandwich
from impact.words.said import Remark, Said, joined

FEW_CLUSTERS = 20
ROUNDING = 1e-12
NOTHING_THIN = Said("checks.no_part_too_thin_compared")
SAME_BACKGROUND = Said("checks.arms_have_same_background_before_programme")


def joint_balance(sample: Sample) -> Diagnostic:
    """Test by one statistic that the arms do not differ in background, with the sample's weights and clusters.

    The size is the largest standardised difference.
    """
    check = Said("check.balance")
    names = sample.covariate_names
    called = list(map(covariate, names))
    blocks = block_dummies(sample)
    if _separated(sample, blocks):
        detail = Said("checks.arms_have_no_value_common_tell_them", names=called)
        return Diagnostic(check, SAME_BACKGROUND, None, 0.0, "failed", detail, math.inf)
    try:
        test = _balance_test(sample, blocks, names)
    except NotEstimable as error:
        return not_applicable(check, SAME_BACKGROUND, error.reason)
    name, size = _furthest(sample, names)
    within = "checks.joint_balance_within_blocks" if sample.blocks is not None else "checks.joint_balance"
    detail = Said(within, reference=test.reference, names=called, size=size, name=covariate(name))
    return checked(check, SAME_BACKGROUND, test.statistic, test.p_value, detail, size=size)


def _balance_test(sample: Sample, blocks: pd.DataFrame, names: list[str]) -> JointTest:
    """Compare the arms, within blocks where there are some: the shares of treated may differ between them."""
    covariates = sample.covariate_values
    if sample.blocks is None:
        labels = sample.clusters[0].astype(str) if sample.clusters else None
        return balance.joint_balance(covariates, names, sample.exposure, weights=sample.weights, clusters=labels)
    matrix = np.column_stack([np.ones(sample.n), blocks.to_numpy(), covariates])
    columns = ["_constant", *map(str, blocks.columns), *names]
    fit = least_squares.fit(sample.exposure, matrix, columns)
    return sandwich.wald_joint(fit, names, errors="classical")


def _separated(sample: Sample, blocks: pd.DataFrame) -> bool:
    """Tell whether covariates give away everybody's arm, though there are more units than columns."""
    constant = np.ones(sample.n)
    matrix = np.column_stack([constant, blocks.to_numpy(dtype=float), sample.covariate_values])
    coefficients, _, rank, _ = np.linalg.lstsq(matrix, sample.exposure, rcond=None)
    residuals = sample.exposure - matrix @ coefficients
    unexplained = float(np.sum(residuals**2))
    return sample.n > rank + 1 and unexplained <= ROUNDING * sample.n


def _furthest(sample: Sample, names: list[str]) -> tuple[str, float]:
    """Return the covariate in which the arms differ most, and by how many standard deviations."""
    table = balance.standardised_differences(
        sample.covariate_values, names, sample.exposure, estimand="ATE", weights=sample.weights
    )
    distances = np.nan_to_num(np.abs(table.standardised), nan=math.inf)
    furthest = int(np.argmax(distances))
    return names[furthest], float(distances.max())


def differential_attrition(baseline: pd.DataFrame, end_units: pd.Series) -> Diagnostic:
    """Test that the arms lost the same share of persons between baseline and end line, within blocks if there are any.

    Parameters
    ----------
    baseline
        ``_unit``, ``_treated`` (0 or 1) and, where arms were drawn within blocks, ``_block`` of those seen at baseline.
    end_units
        Those with an outcome at the end line.

    Notes
    -----
    The Mantel–Haenszel difference of the shares, tested as Cochran does: without blocks the test of two proportions
    with a pooled variance, but for its divisor n − 1. The size is the difference.

    References
    ----------
    Cochran (1954), Biometrics 10(4), 417–451. https://doi.org/10.2307/3001616
    """
    check, null = Said("check.attrition"), Said("checks.both_arms_lost_same_share_persons")
    counts = _losses_by_block(baseline, end_units)
    if counts.shape[1] < 4:
        return not_applicable(check, null, Said("checks.one_arm_not_seen_baseline"))
    lost_0, lost_1, n_0, n_1 = counts.T
    n = n_0 + n_1
    lost = lost_0 + lost_1
    # losses of the treated beyond those expected if their block's were spread over both arms, and the variance of that
    excess = float(np.sum(lost_1 - n_1 * lost / n))
    variance = float(np.sum(n_1 * n_0 * lost * (n - lost) / (n**2 * np.maximum(n - 1, 1))))
    difference = excess / float(np.sum(n_1 * n_0 / n))
    p_value = _two_sided(excess, variance)
    shares = Said(
        "checks.lost_shares",
        treated=lost_1.sum() / n_1.sum(),
        n_treated=int(n_1.sum()),
        comparison=lost_0.sum() / n_0.sum(),
        n_comparison=int(n_0.sum()),
    )
    detail = joined(shares, Said("checks.within_blocks") if "_block" in baseline else None)
    return checked(check, null, difference, p_value, detail, size=abs(difference))


def _losses_by_block(baseline: pd.DataFrame, end_units: pd.Series) -> Floats:
    """Return a row per block with the lost and all persons, of the comparison and of the treated arm each."""
    lost = ~baseline["_unit"].isin(end_units)
    blocks = baseline["_block"] if "_block" in baseline else pd.Series("", index=baseline.index)
    groups = [blocks.fillna(""), baseline["_treated"]]
    counts = pd.DataFrame({"lost": lost, "seen": 1}).groupby(groups).sum()
    return np.asarray(counts.unstack(fill_value=0), dtype=np.float64)


def _two_sided(deviation: float, variance: float) -> float:
    """Return the p-value of a normal deviation; 1 where nothing varies."""
    if not variance > 0:
        return 1.0
    z = abs(deviation) / math.sqrt(variance)
    return float(2 * stats.norm.sf(z))


def enough_clusters(n_clusters: int | None) -> Diagnostic:
    """Check that there are enough clusters for clustered errors to be trusted whatever their rule."""
    check = Said("check.clusters")
    null = Said("checks.least_clusters", FEW_CLUSTERS=FEW_CLUSTERS)
    if n_clusters is None:
        return not_applicable(check, null, Said("checks.errors_not_clustered"))
    detail = Said("checks.clusters", n_clusters=n_clusters)
    return verdict(check, null, float(n_clusters), detail, passed=n_clusters >= FEW_CLUSTERS)


def complete_cases(
    used: int, available: int, without: Mapping[str, int] = MappingProxyType({}), apart: int = 0
) -> Diagnostic:
    """State how many observations were left out for missing values.

    ``without`` counts those without a cluster or weight; ``apart`` were left out of ``available`` because covariates
    fit them perfectly.
    """
    null = Said("panel.no_observation_left_out_missing_value")
    counts = Said("checks.used", used=used, available=available)
    fitted = Said("checks.told_apart", n=apart) if apart else None
    detail = joined(counts, without_keys(without), fitted)
    lost = float(available - used)
    return verdict(Said("check.complete_cases"), null, lost, detail, passed=used == available)


def without_keys(without: Mapping[str, int]) -> Remark:
    """Say how many observations have no value in a column of clusters or weights."""
    lost = {name: count for name, count in without.items() if count}
    if not lost:
        return ""
    return Said("checks.without_keys", n=sum(lost.values()), columns=tuple(lost))


def left_out(parts: Sequence[Said]) -> list[Diagnostic]:
    """State each part that was left out because nothing, or no error, can be known of it; nothing if there is none."""
    if not parts:
        return []
    return [verdict(Said("check.left_out"), NOTHING_THIN, float(len(parts)), joined(*parts), passed=False)]
