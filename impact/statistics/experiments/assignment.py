"""Who is sampled and who is offered the programme: allocation, stratified samples, randomisation, rerandomisation.

How many are needed is :mod:`impact.statistics.power.closed_form`'s; whether the arms came out alike is the balance
table's. Every draw depends on the seed and the keys of the units only, not on the order of the rows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special, stats

from impact.errors import NotEstimable
from impact.statistics.core import Floats, Ints, cluster_codes
from impact.words.said import Said

Keys = NDArray[Any]
BATCH_VALUES = 20_000
FEWEST_ALLOCATIONS = 20


@dataclass(frozen=True)
class _Label:
    """What is said of keys of units, or labels of strata or clusters, that cannot be used."""

    missing: Said
    every_unit: Said
    several_types: Said
    one_type: Said


UNIT_KEY = _Label(
    Said("experiments.unit_key_missing"),
    Said("experiments.unit_key_every_unit"),
    Said("experiments.unit_keys_several_types"),
    Said("experiments.unit_keys_one_type"),
)
STRATUM = _Label(
    Said("experiments.stratum_missing"),
    Said("experiments.stratum_every_unit"),
    Said("experiments.strata_several_types"),
    Said("experiments.strata_one_type"),
)
CLUSTER = _Label(
    Said("experiments.cluster_missing"),
    Said("statistics.cluster_every_unit"),
    Said("experiments.clusters_several_types"),
    Said("experiments.clusters_one_type"),
)


@dataclass(frozen=True)
class Sample:
    """A stratified simple random sample without replacement.

    Parameters
    ----------
    selected
        Shape (n,): whether the unit is in the sample.
    weights
        Shape (n,): units of the stratum per unit sampled, 0 for those not selected.
    seed
        Of the draw.
    """

    selected: NDArray[np.bool_]
    weights: Floats
    seed: int


@dataclass(frozen=True)
class Assignment:
    """Who is offered the programme.

    Parameters
    ----------
    arm
        Shape (n,): 1 if offered the programme.
    probability
        The same for every unit: the share asked for (for rerandomised designs, before covariates were looked at).
    seed
        Of the draw.
    draws
        Allocations drawn until one was accepted; 1 without rerandomisation.
    distance, threshold
        Mahalanobis distance between the arms' covariate means, and the largest accepted; None without covariates.
    """

    arm: Ints
    probability: float
    seed: int
    draws: int = 1
    distance: float | None = None
    threshold: float | None = None


@dataclass(frozen=True)
class _Blocks:
    """What is randomised: units or whole clusters, sorted by key; strata; the block of each row."""

    stratum: Ints
    sizes: Ints
    row_block: Ints


def allocate(
    n: int,
    strata: Keys,
    *,
    method: Literal["proportional", "neyman"] = "proportional",
    sds: Floats | None = None,
    at_least: int = 2,
) -> Ints:
    """Return how many units to sample from each stratum, in the sorted order of the strata's labels.

    Parameters
    ----------
    n
        Sample size.
    strata
        Shape (N,): stratum of every unit of the population.
    method
        ``proportional`` to the size N_h; ``neyman``: to ``N_h · sd_h``, the least variance of the overall mean.
    sds
        Shape (H,): standard deviation of the outcome in each stratum, in the sorted order; for ``neyman``.
    at_least
        Units in every stratum (all of a smaller one); two are needed to estimate a variance.

    Notes
    -----
    The allocation is ``clip(λ · share_h, at_least, N_h)`` with λ such that it sums to n, rounded by largest remainder.
    Cochran (1977), Sampling Techniques, section 5.5. Neyman (1934), https://doi.org/10.2307/2342192.

    Raises
    ------
    NotEstimable
        If n exceeds the population, cannot give each stratum its least, or a spread is missing.
    """
    _, codes = np.unique(_keys(strata, STRATUM), return_inverse=True)
    sizes = np.bincount(codes)
    lowest = np.minimum(at_least, sizes)
    if not lowest.sum() <= n <= sizes.sum():
        few = Said("experiments.units_cannot_spread_over_strata_units", n=n, strata=len(sizes), units=sizes.sum())
        raise NotEstimable(few, Said("experiments.sample_fewer_strata", low=lowest.sum(), high=sizes.sum()))
    return _rounded(_water_level(n, sizes * _spreads(method, sds, len(sizes)), lowest, sizes), n)


def _spreads(method: str, sds: Floats | None, n_strata: int) -> Floats:
    if method == "proportional":
        return np.ones(n_strata)
    found = np.array([] if sds is None else sds, dtype=np.float64)
    if method != "neyman" or found.shape != (n_strata,) or not ((found > 0) & (found < math.inf)).all():
        raise NotEstimable(
            Said("experiments.stratum_has_no_spread_allocate"),
            Said("experiments.neyman_with_positive_sds"),
        )
    return found


def _water_level(n: int, shares: Floats, lowest: Ints, highest: Ints) -> Floats:
    """Return ``clip(λ shares, lowest, highest)`` with the λ at which it sums to n; piecewise linear, so exact."""
    knots = np.sort(np.concatenate([lowest / shares, highest / shares]))
    sums = np.clip(knots[:, None] * shares, lowest, highest).sum(axis=1)
    return np.asarray(np.clip(np.interp(n, sums, knots) * shares, lowest, highest), dtype=np.float64)


def _rounded(parts: Floats, n: int) -> Ints:
    """Round down, then up where the remainder is largest, until the sum is n; ties go to the first stratum."""
    whole = np.floor(parts + 1e-9).astype(np.int64)
    order = np.argsort(whole - parts, kind="stable")
    whole[order[: n - int(whole.sum())]] += 1
    return whole


def stratified_sample(units: Keys, strata: Keys, sizes: Ints, *, seed: int) -> Sample:
    """Draw a simple random sample in each stratum.

    Parameters
    ----------
    units, strata
        Shape (N,): a unique key and the stratum of every unit.
    sizes
        Shape (H,): units to draw in each stratum, in the sorted order of the labels, as :func:`allocate` gives.

    Raises
    ------
    NotEstimable
        If a key is missing or repeated, or a stratum has fewer units than asked, or is asked for none.
    """
    blocks = _blocks(units, strata, None)
    wanted = np.asarray(sizes)
    if wanted.shape != blocks.sizes.shape or (wanted < 1).any() or (wanted > blocks.sizes).any():
        raise NotEstimable(
            Said("experiments.stratum_smaller_than_asked"),
            Said("experiments.from_one_to_all_each", n=len(blocks.sizes)),
        )
    draws = np.random.default_rng(seed).random((1, len(blocks.stratum)))
    chosen = _lowest(draws, blocks, wanted[None, :])[0][blocks.row_block]
    weight = (blocks.sizes / wanted)[blocks.stratum][blocks.row_block]
    return Sample(chosen, np.where(chosen, weight, 0.0), seed)


def randomise(
    units: Keys, *, strata: Keys | None = None, clusters: Keys | None = None, share: float = 0.5, seed: int
) -> Assignment:
    """Assign a share of the units, or of whole clusters, to the programme, within strata.

    Parameters
    ----------
    units
        Shape (n,): a unique key of every unit.
    strata
        Shape (n,): stratum of every unit; a cluster lies in one stratum.
    clusters
        Shape (n,): cluster of every unit; clusters are assigned whole, and the share is of clusters.
    share
        Share to treat, strictly between 0 and 1.
    seed
        Of the draw.

    Notes
    -----
    A stratum with m units treats ``share · m``. Where this is no whole number, the misfits are settled together: the
    fractions are laid end to end in random order and one uniform start picks who gets one more (systematic sampling).
    So each stratum is within one of its share, the total too, and every unit's probability is exactly the share.
    Compare Bruhn & McKenzie (2009), https://doi.org/10.1257/app.1.4.200, on strata and misfits.

    Raises
    ------
    NotEstimable
        If a key is missing or repeated, a cluster crosses strata, or a stratum is too small to hold both arms.
    """
    blocks = _blocks(units, strata, clusters)
    _check_share(blocks, share)
    treated = _draw(np.random.default_rng(seed), blocks, share, 1)[0]
    return Assignment(treated.astype(np.int64)[blocks.row_block], share, seed)


def rerandomise(
    units: Keys,
    *,
    covariates: Floats,
    strata: Keys | None = None,
    clusters: Keys | None = None,
    share: float = 0.5,
    acceptance: float = 0.01,
    max_draws: int = 100_000,
    seed: int,
) -> Assignment:
    """Randomise again until the arms' covariate means are close enough.

    Parameters
    ----------
    covariates
        Shape (n, k): measured before; for clusters, their means are balanced.
    acceptance
        Share of allocations to accept.
    max_draws
        Allocations to try.

    Notes
    -----
    The distance ``d' [S (1/nt + 1/nc)]⁻¹ d`` with ``d`` the difference of means and ``S`` the covariance, both of
    covariates centred on their stratum. It is about χ²(k); the threshold is its quantile at ``acceptance``. The other
    parameters are those of :func:`randomise`. Tests should draw again from the accepted allocations; the usual ones
    are conservative. Morgan & Rubin (2012), https://doi.org/10.1214/12-AOS1008.

    Raises
    ------
    NotEstimable
        As :func:`randomise`; if covariates are missing, do not vary or are collinear; if fewer than 20 allocations
        would be accepted (no test at 5 % is left); if none of the draws is close enough.
    """
    blocks = _blocks(units, strata, clusters)
    _check_share(blocks, share)
    whitened = _whitened(np.asarray(covariates, dtype=np.float64), blocks)
    _check_acceptance(blocks, share, acceptance)
    threshold = float(stats.chi2.ppf(acceptance, whitened.shape[1]))
    treated, draws, distance = _first_close(blocks, share, whitened, (threshold, max_draws, seed))
    return Assignment(treated.astype(np.int64)[blocks.row_block], share, seed, draws, distance, threshold)


def _first_close(
    blocks: _Blocks, share: float, whitened: Floats, limits: tuple[float, int, int]
) -> tuple[NDArray[np.bool_], int, float]:
    threshold, max_draws, seed = limits
    rng, best = np.random.default_rng(seed), math.inf
    batch = max(1, BATCH_VALUES // len(blocks.stratum))
    for start in range(0, max_draws, batch):
        treated = _draw(rng, blocks, share, min(batch, max_draws - start))
        distances = _distances(treated, whitened)
        close = np.flatnonzero(distances <= threshold)
        if len(close):
            return treated[close[0]], start + int(close[0]) + 1, float(distances[close[0]])
        best = min(best, float(distances.min()))
    never = Said(
        "experiments.none_allocations_came_within_distance_closest", max_draws=max_draws, threshold=threshold, best=best
    )
    raise NotEstimable(never, Said("experiments.higher_acceptance_more_draws_fewer_covariates"))


def _distances(treated: NDArray[np.bool_], whitened: Floats) -> Floats:
    """Return the Mahalanobis distance between the arms for each allocation, shape (draws,)."""
    n_treated = treated.sum(axis=1, keepdims=True)
    n_comparison = treated.shape[1] - n_treated
    sums = treated.astype(np.float64) @ whitened
    difference = sums / n_treated - (whitened.sum(axis=0) - sums) / n_comparison
    return np.asarray((difference**2 / (1 / n_treated + 1 / n_comparison)).sum(axis=1), dtype=np.float64)


def _keys(keys: Keys, label: _Label) -> Keys:
    found = np.asarray(keys)
    if found.ndim != 1 or len(found) == 0 or pd.isna(found).any():
        raise NotEstimable(label.missing, label.every_unit)
    if found.dtype.kind == "O" and len({type(key) for key in found}) > 1:
        raise NotEstimable(label.several_types, label.one_type)
    return found


def _blocks(units: Keys, strata: Keys | None, clusters: Keys | None) -> _Blocks:
    found = _keys(units, UNIT_KEY)
    if len(np.unique(found)) < len(found):
        raise NotEstimable(Said("experiments.unit_key_appears_twice"), Said("experiments.one_row_per_unit"))
    labels = np.zeros(len(found), dtype=np.int64) if strata is None else _keys(strata, STRATUM)
    groups = found if clusters is None else _keys(clusters, CLUSTER)
    if not len(found) == len(labels) == len(groups):
        raise NotEstimable(
            Said("experiments.units_strata_clusters_differ_length"), Said("experiments.one_stratum_cluster_per_unit")
        )
    row_block, n_blocks = cluster_codes(groups)
    codes, n_strata = cluster_codes(labels)
    stratum = np.zeros(n_blocks, dtype=np.int64)
    stratum[row_block] = codes
    if (stratum[row_block] != codes).any():
        raise NotEstimable(Said("experiments.cluster_lies_two_strata"), Said("experiments.strata_hold_whole_clusters"))
    return _Blocks(stratum, np.bincount(stratum, minlength=n_strata), row_block)


def _check_share(blocks: _Blocks, share: float) -> None:
    if not 0 < share < 1:
        raise NotEstimable(
            Said("experiments.treated_share_leaves_arm_empty", share=share),
            Said("experiments.share_strictly_between_0_1"),
        )
    least = math.ceil(1 / min(share, 1 - share) - 1e-9)
    if blocks.sizes.min() < least:
        small = Said("experiments.stratum_cannot_hold_both_arms_share", units=blocks.sizes.min(), share=share)
        raise NotEstimable(small, Said("experiments.larger_strata", least=least))


def _check_acceptance(blocks: _Blocks, share: float, acceptance: float) -> None:
    if not 0 < acceptance < 1:
        raise NotEstimable(
            Said("experiments.acceptance_impossible", acceptance=acceptance),
            Said("experiments.share_strictly_between_0_1"),
        )
    treated = np.floor(blocks.sizes * share + 1e-9)
    log_count = np.sum(special.gammaln(blocks.sizes + 1) - special.gammaln(treated + 1))
    log_count -= np.sum(special.gammaln(blocks.sizes - treated + 1))
    if log_count + math.log(acceptance) < math.log(FEWEST_ALLOCATIONS):
        few = Said("experiments.too_few_allocations_accepted", n=math.exp(log_count) * acceptance)
        raise NotEstimable(few, Said("experiments.higher_acceptance_more_units"))


def _draw(rng: np.random.Generator, blocks: _Blocks, share: float, draws: int) -> NDArray[np.bool_]:
    """Return allocations, shape (draws, blocks). One row of uniforms makes one, so batches do not change the stream."""
    m, n_strata = len(blocks.stratum), len(blocks.sizes)
    uniforms = rng.random((draws, m + n_strata + 1))
    target = np.round(blocks.sizes * share, 9)
    order = np.argsort(uniforms[:, m:-1], axis=1)
    ends = np.cumsum((target % 1)[order], axis=1) + uniforms[:, -1:]
    extra = np.diff(np.floor(ends), axis=1, prepend=0.0)
    counts = np.empty((draws, n_strata), dtype=np.int64)
    np.put_along_axis(counts, order, (np.floor(target)[order] + extra).astype(np.int64), axis=1)
    return _lowest(uniforms[:, :m], blocks, counts)


def _lowest(uniforms: Floats, blocks: _Blocks, counts: Ints) -> NDArray[np.bool_]:
    """Mark, in each stratum, as many blocks as counted, those with the lowest uniforms."""
    order = np.lexsort((uniforms, np.broadcast_to(blocks.stratum, uniforms.shape)), axis=1)
    first = np.cumsum(blocks.sizes) - blocks.sizes
    sorted_stratum = np.sort(blocks.stratum)
    rank = np.arange(len(blocks.stratum)) - first[sorted_stratum]
    chosen = np.empty(uniforms.shape, dtype=np.bool_)
    np.put_along_axis(chosen, order, rank < counts[:, sorted_stratum], axis=1)
    return chosen


def _whitened(covariates: Floats, blocks: _Blocks) -> Floats:
    """Return the blocks' covariate means, centred on their stratum, turned so that their covariance is the identity."""
    values = covariates[:, None] if covariates.ndim == 1 else covariates
    if len(values) != len(blocks.row_block) or not np.isfinite(values).all():
        raise NotEstimable(Said("experiments.covariate_missing"), Said("experiments.finite_covariates_every_unit"))
    count = np.bincount(blocks.row_block).astype(np.float64)
    means = np.column_stack([np.bincount(blocks.row_block, column) for column in values.T]) / count[:, None]
    levels = np.column_stack([np.bincount(blocks.stratum, column) for column in means.T]) / blocks.sizes[:, None]
    centred = means - levels[blocks.stratum]
    spread = np.sqrt(np.mean(centred**2, axis=0))
    if (spread <= 1e-12 * np.abs(means).max(axis=0, initial=1e-300)).any():
        raise NotEstimable(
            Said("experiments.covariate_does_not_vary_within_strata"), Said("experiments.covariates_vary")
        )
    left, size, _ = np.linalg.svd(centred / spread, full_matrices=False)
    if size.min() < 1e-8 * size.max() or values.shape[1] > len(means) - len(blocks.sizes):
        raise NotEstimable(
            Said("experiments.covariates_collinear"), Said("experiments.covariates_none_which_follows_others")
        )
    return np.asarray(left * math.sqrt(len(means) - len(blocks.sizes)), dtype=np.float64)
