"""What is assigned as one, units or clusters, with its strata; draws within strata; covariates by block; limits.

:mod:`impact.statistics.experiments.assignment` stands on it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from impact.errors import NotEstimable
from impact.statistics.core import Floats, Ints, cluster_codes, floats
from impact.words.said import Said

Keys = NDArray[Any]
FEWEST_ALLOCATIONS = 20


@dataclass(frozen=True)
class Label:
    """What is said of keys of units, or labels of strata or clusters, that cannot be used."""

    missing: Said
    every_unit: Said
    several_types: Said
    one_type: Said


UNIT_KEY = Label(
    Said("experiments.unit_key_missing"),
    Said("experiments.unit_key_every_unit"),
    Said("experiments.unit_keys_several_types"),
    Said("experiments.unit_keys_one_type"),
)
STRATUM = Label(
    Said("experiments.stratum_missing"),
    Said("experiments.stratum_every_unit"),
    Said("experiments.strata_several_types"),
    Said("experiments.strata_one_type"),
)
CLUSTER = Label(
    Said("experiments.cluster_missing"),
    Said("statistics.cluster_every_unit"),
    Said("experiments.clusters_several_types"),
    Said("experiments.clusters_one_type"),
)


@dataclass(frozen=True)
class Blocks:
    """What is randomised: units or whole clusters, sorted by key; strata; the block of each row."""

    stratum: Ints
    sizes: Ints
    row_block: Ints


def checked_keys(keys: Keys, label: Label) -> Keys:
    """Return keys as an array, refusing missing ones and several types."""
    labels = np.asarray(keys)
    usable = labels.ndim == 1 and len(labels) > 0
    if not usable or pd.isna(labels).any():
        raise NotEstimable(label.missing, label.every_unit)
    types = {type(key) for key in labels} if labels.dtype.kind == "O" else set()
    if len(types) > 1:
        raise NotEstimable(label.several_types, label.one_type)
    return labels


def blocks_of(units: Keys, strata: Keys | None, clusters: Keys | None) -> Blocks:
    """Return what is assigned as one: units or clusters, with their strata.

    Examples
    --------
    >>> blocks = blocks_of(np.arange(4), None, np.array(["a", "a", "b", "b"]))
    >>> blocks.sizes.tolist(), blocks.row_block.tolist()
    ([2], [0, 0, 1, 1])
    """
    keys = checked_keys(units, UNIT_KEY)
    distinct = np.unique(keys)
    if len(distinct) < len(keys):
        raise NotEstimable(Said("experiments.unit_key_appears_twice"), Said("experiments.one_row_per_unit"))
    n = len(keys)
    labels: Keys = np.zeros(n, dtype=np.int64)
    if strata is not None:
        labels = checked_keys(strata, STRATUM)
    groups = keys if clusters is None else checked_keys(clusters, CLUSTER)
    if not n == len(labels) == len(groups):
        raise NotEstimable(
            Said("experiments.units_strata_clusters_differ_length"), Said("experiments.one_stratum_cluster_per_unit")
        )
    row_block, n_blocks = cluster_codes(groups)
    codes, n_strata = cluster_codes(labels)
    stratum = np.zeros(n_blocks, dtype=np.int64)
    stratum[row_block] = codes
    crosses = stratum[row_block] != codes
    if crosses.any():
        raise NotEstimable(Said("experiments.cluster_lies_two_strata"), Said("experiments.strata_hold_whole_clusters"))
    sizes = np.bincount(stratum, minlength=n_strata)
    return Blocks(stratum, sizes, row_block)


def lowest_uniforms(uniforms: Floats, blocks: Blocks, counts: Ints) -> NDArray[np.bool_]:
    """Mark, in each stratum, as many blocks as counted, those with the lowest uniforms.

    Examples
    --------
    >>> blocks = Blocks(np.array([0, 0, 1]), np.array([2, 1]), np.arange(3))
    >>> lowest_uniforms(np.array([[0.9, 0.2, 0.5]]), blocks, np.array([[1, 1]])).tolist()
    [[False, True, True]]
    """
    strata = np.broadcast_to(blocks.stratum, uniforms.shape)
    order = np.lexsort((uniforms, strata), axis=1)
    # The rank of each block by its uniform within its stratum
    first = np.cumsum(blocks.sizes) - blocks.sizes
    in_order = np.sort(blocks.stratum)
    n_blocks = len(in_order)
    starts = first[in_order]
    rank = np.arange(n_blocks) - starts
    wanted = counts[:, in_order]
    lowest = rank < wanted
    chosen = np.empty(uniforms.shape, dtype=np.bool_)
    np.put_along_axis(chosen, order, lowest, axis=1)
    return chosen


def whitened_covariates(covariates: Floats, blocks: Blocks) -> Floats:
    """Return the blocks' covariate means, centred on their stratum, turned so that their covariance is the identity.

    Examples
    --------
    >>> blocks = Blocks(np.zeros(4, dtype=int), np.array([4]), np.arange(4))
    >>> whitened = whitened_covariates(np.array([1.0, 2.0, 3.0, 6.0]), blocks)
    >>> round(float(whitened.var(ddof=1)), 6)
    1.0
    """
    values = covariates[:, None] if covariates.ndim == 1 else covariates
    rows = blocks.row_block
    finite = np.isfinite(values)
    if len(values) != len(rows) or not finite.all():
        raise NotEstimable(Said("experiments.covariate_missing"), Said("experiments.finite_covariates_every_unit"))
    members = np.bincount(rows).astype(np.float64)
    means = _group_means(values, rows, members)
    levels = _group_means(means, blocks.stratum, blocks.sizes)
    centred = means - levels[blocks.stratum]
    variance = np.mean(centred**2, axis=0)
    spread = np.sqrt(variance)
    largest = np.abs(means).max(axis=0, initial=1e-300)
    constant = spread <= 1e-12 * largest
    if constant.any():
        raise NotEstimable(
            Said("experiments.covariate_does_not_vary_within_strata"), Said("experiments.covariates_vary")
        )
    # U of the singular value decomposition has covariance I / df.
    standard = centred / spread
    u, size, _ = np.linalg.svd(standard, full_matrices=False)
    n_covariates = values.shape[1]
    df = len(means) - len(blocks.sizes)
    singular = size.min() < 1e-8 * size.max()
    if singular or n_covariates > df:
        raise NotEstimable(
            Said("experiments.covariates_collinear"), Said("experiments.covariates_none_which_follows_others")
        )
    return floats(u * math.sqrt(df))


def _group_means(values: Floats, codes: Ints, counts: NDArray[Any]) -> Floats:
    """Return the means of the columns by group, shape (groups, k)."""
    sums = [np.bincount(codes, column) for column in values.T]
    totals = np.column_stack(sums)
    divisors = counts[:, None]
    return floats(totals / divisors)


def check_share(blocks: Blocks, share: float) -> None:
    """Refuse a share that some stratum cannot give to both arms."""
    if not 0 < share < 1:
        raise NotEstimable(
            Said("experiments.treated_share_leaves_arm_empty", share=share),
            Said("experiments.share_strictly_between_0_1"),
        )
    rarer = min(share, 1 - share)
    least = math.ceil(1 / rarer - 1e-9)
    smallest = blocks.sizes.min()
    if smallest < least:
        small = Said("experiments.stratum_cannot_hold_both_arms_share", units=smallest, share=share)
        raise NotEstimable(small, Said("experiments.larger_strata", least=least))


def check_acceptance(blocks: Blocks, share: float, acceptance: float) -> None:
    """Refuse an acceptance that leaves too few allocations for a randomisation test."""
    if not 0 < acceptance < 1:
        raise NotEstimable(
            Said("experiments.acceptance_impossible", acceptance=acceptance),
            Said("experiments.share_strictly_between_0_1"),
        )
    # log Π_s N_s! / (n_s! (N_s − n_s)!)
    sizes = blocks.sizes
    treated = np.floor(sizes * share + 1e-9)
    of_sizes = special.gammaln(sizes + 1)
    of_treated = special.gammaln(treated + 1)
    log_count = np.sum(of_sizes - of_treated)
    of_comparison = special.gammaln(sizes - treated + 1)
    log_count -= np.sum(of_comparison)
    log_accepted = log_count + math.log(acceptance)
    if log_accepted < math.log(FEWEST_ALLOCATIONS):
        few = Said("experiments.too_few_allocations_accepted", n=math.exp(log_count) * acceptance)
        raise NotEstimable(few, Said("experiments.higher_acceptance_more_units"))
