"""Who is sampled and who is offered the programme: allocation, stratified samples, randomisation, rerandomisation.

How many are needed is :mod:`impact.statistics.power.closed_form`'s; whether the arms came out alike is the balance
table's. Every draw depends on the seed and the keys of the units only, not on the order of the rows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from impact.errors import NotEstimable
from impact.statistics.core import Floats, Ints, floats
from impact.statistics.experiments.assignment_blocks import (
    STRATUM,
    Blocks,
    Keys,
    blocks_of,
    check_acceptance,
    check_share,
    checked_keys,
    lowest_uniforms,
    whitened_covariates,
)
from impact.words.said import Said

BATCH_VALUES = 20_000


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
        Of the generator that drew; the same seed, keys and sizes give the same sample.
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
        Of the generator that drew; the same seed and keys give the same assignment.
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
        Units to sample from all strata together.
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

    Examples
    --------
    >>> strata = np.repeat(["city", "village"], [60, 40])
    >>> allocate(10, strata).tolist()
    [6, 4]
    >>> allocate(10, strata, method="neyman", sds=np.array([1.0, 3.0])).tolist()
    [3, 7]
    """
    labels = checked_keys(strata, STRATUM)
    _, codes = np.unique(labels, return_inverse=True)
    sizes = np.bincount(codes)
    n_strata = len(sizes)
    lowest = np.minimum(at_least, sizes)
    low, high = lowest.sum(), sizes.sum()
    if not low <= n <= high:
        few = Said("experiments.units_cannot_spread_over_strata_units", n=n, strata=n_strata, units=high)
        raise NotEstimable(few, Said("experiments.sample_fewer_strata", low=low, high=high))
    # n_h ∝ N_h, or N_h S_h (Neyman), kept between its least and the size of the stratum
    spreads = _spreads(method, sds, n_strata)
    shares = sizes * spreads
    level = _water_level(n, shares, lowest, sizes)
    return _rounded(level, n)


def _spreads(method: str, sds: Floats | None, n_strata: int) -> Floats:
    """Return what each stratum's size is multiplied by: one, or its standard deviation (Neyman)."""
    if method == "proportional":
        return np.ones(n_strata)
    spreads = np.array([] if sds is None else sds, dtype=np.float64)
    positive = (spreads > 0) & (spreads < math.inf)
    fits = spreads.shape == (n_strata,) and positive.all()
    if method != "neyman" or not fits:
        raise NotEstimable(
            Said("experiments.stratum_has_no_spread_allocate"),
            Said("experiments.neyman_with_positive_sds"),
        )
    return spreads


def _water_level(n: int, shares: Floats, lowest: Ints, highest: Ints) -> Floats:
    """Return ``clip(λ shares, lowest, highest)`` with the λ at which it sums to n; piecewise linear, so exact."""
    ends = np.concatenate([lowest / shares, highest / shares])
    knots = np.sort(ends)
    # The total at each knot: between two knots it is linear in λ
    proposed = knots[:, None] * shares
    levels = np.clip(proposed, lowest, highest)
    totals = levels.sum(axis=1)
    level = np.interp(n, totals, knots)
    return floats(np.clip(level * shares, lowest, highest))


def _rounded(sizes: Floats, n: int) -> Ints:
    """Round down, then up where the remainder is largest, until the sum is n; ties go to the first stratum."""
    rounded_down = np.floor(sizes + 1e-9)
    integers = rounded_down.astype(np.int64)
    order = np.argsort(integers - sizes, kind="stable")
    missing = n - int(integers.sum())
    one_more = order[:missing]
    integers[one_more] += 1
    return integers


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

    Examples
    --------
    >>> strata = np.repeat(["city", "village"], [6, 4])
    >>> sample = stratified_sample(np.arange(10), strata, np.array([3, 2]), seed=1)
    >>> int(sample.selected.sum()), float(sample.weights.sum())
    (5, 10.0)
    """
    blocks = blocks_of(units, strata, None)
    wanted = np.asarray(sizes)
    fits = wanted.shape == blocks.sizes.shape
    if not fits or (wanted < 1).any() or (wanted > blocks.sizes).any():
        raise NotEstimable(
            Said("experiments.stratum_smaller_than_asked"),
            Said("experiments.from_one_to_all_each", n=len(blocks.sizes)),
        )
    rng = np.random.default_rng(seed)
    uniforms = rng.random((1, len(blocks.stratum)))
    wanted_row = wanted[None, :]
    drawn = lowest_uniforms(uniforms, blocks, wanted_row)
    chosen = drawn[0][blocks.row_block]
    # N_h / n_h: one over the probability of being drawn
    by_stratum = blocks.sizes / wanted
    weight = by_stratum[blocks.stratum][blocks.row_block]
    design_weight = np.where(chosen, weight, 0.0)
    return Sample(chosen, design_weight, seed)


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
        Of the generator that draws; published with the plan, it makes the draw repeatable.

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

    Examples
    --------
    >>> assignment = randomise(np.arange(10), seed=1)
    >>> int(assignment.arm.sum()), assignment.probability
    (5, 0.5)
    """
    blocks = blocks_of(units, strata, clusters)
    check_share(blocks, share)
    rng = np.random.default_rng(seed)
    treated = _draw(rng, blocks, share, 1)[0]
    allocation = treated.astype(np.int64)
    by_row = allocation[blocks.row_block]
    return Assignment(by_row, share, seed)


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
        Share of allocations to accept, between 0 and 1 (Morgan and Rubin's p_a): smaller is closer, and slower.
    max_draws
        Allocations tried before the draw is refused; about ``1 / acceptance`` are needed.

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

    Examples
    --------
    >>> covariates = np.arange(20.0)[:, None]
    >>> assignment = rerandomise(np.arange(20), covariates=covariates, acceptance=0.1, seed=1)
    >>> assignment.distance <= assignment.threshold
    True
    """
    blocks = blocks_of(units, strata, clusters)
    check_share(blocks, share)
    values = floats(covariates)
    # M of Morgan and Rubin is the squared length of the difference of means of whitened covariates.
    whitened = whitened_covariates(values, blocks)
    check_acceptance(blocks, share, acceptance)
    # Under randomisation M is about χ²(k): its quantile at p_a accepts that share of the draws.
    n_covariates = whitened.shape[1]
    threshold = float(stats.chi2.ppf(acceptance, n_covariates))
    limits = (threshold, max_draws, seed)
    treated, draws, distance = _first_close(blocks, share, whitened, limits)
    allocation = treated.astype(np.int64)
    by_row = allocation[blocks.row_block]
    return Assignment(by_row, share, seed, draws, distance, threshold)


def _first_close(
    blocks: Blocks, share: float, whitened: Floats, limits: tuple[float, int, int]
) -> tuple[NDArray[np.bool_], int, float]:
    """Return the first allocation whose distance is within the threshold, the draws it took, and its distance."""
    threshold, max_draws, seed = limits
    rng = np.random.default_rng(seed)
    best = math.inf
    n_blocks = len(blocks.stratum)
    batch = max(1, BATCH_VALUES // n_blocks)
    for start in range(0, max_draws, batch):
        remaining = max_draws - start
        size = min(batch, remaining)
        treated = _draw(rng, blocks, share, size)
        distances = _distances(treated, whitened)
        close = np.flatnonzero(distances <= threshold)
        if len(close):
            first = int(close[0])
            draws = start + first + 1
            return treated[first], draws, float(distances[first])
        closest = float(distances.min())
        best = min(best, closest)
    never = Said(
        "experiments.none_allocations_came_within_distance_closest", max_draws=max_draws, threshold=threshold, best=best
    )
    raise NotEstimable(never, Said("experiments.higher_acceptance_more_draws_fewer_covariates"))


def _distances(treated: NDArray[np.bool_], whitened: Floats) -> Floats:
    """Return the Mahalanobis distance between the arms for each allocation, shape (draws,)."""
    n_treated = treated.sum(axis=1, keepdims=True)
    n_comparison = treated.shape[1] - n_treated
    sums = treated.astype(np.float64) @ whitened
    remaining = whitened.sum(axis=0) - sums
    mean1, mean0 = sums / n_treated, remaining / n_comparison
    difference = mean1 - mean0
    variance = 1 / n_treated + 1 / n_comparison
    squares = difference**2 / variance
    return floats(squares.sum(axis=1))


def _draw(rng: np.random.Generator, blocks: Blocks, share: float, draws: int) -> NDArray[np.bool_]:
    """Return allocations, shape (draws, blocks). One row of uniforms makes one, so batches do not change the stream."""
    m, n_strata = len(blocks.stratum), len(blocks.sizes)
    n_uniforms = m + n_strata + 1
    uniforms = rng.random((draws, n_uniforms))
    exact = blocks.sizes * share
    target = np.round(exact, 9)
    # Systematic sampling in random order: a stratum gets its extra unit with its fraction as probability.
    order_keys = uniforms[:, m:-1]
    order = np.argsort(order_keys, axis=1)
    fractions = (target % 1)[order]
    start = uniforms[:, -1:]
    ends = np.cumsum(fractions, axis=1) + start
    passed = np.floor(ends)
    extra = np.diff(passed, axis=1, prepend=0.0)
    rounded_down = np.floor(target)[order]
    rounded = (rounded_down + extra).astype(np.int64)
    counts = np.empty((draws, n_strata), dtype=np.int64)
    np.put_along_axis(counts, order, rounded, axis=1)
    return lowest_uniforms(uniforms[:, :m], blocks, counts)
