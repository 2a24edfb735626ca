"""Errors by replicate weights: jackknife, balanced half samples, bootstrap.

For statistics that have no linearisation at hand. Each replicate gives some sampling units no weight and others more;
the spread of the statistic over replicates is its variance. Taylor errors of the usual statistics are in
:mod:`impact.statistics.surveys.estimation`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.linalg import hadamard

from impact.errors import NotEstimable
from impact.statistics.core import Estimate, Floats, Ints, wald
from impact.statistics.surveys.design import SampleDesign, Units
from impact.words.said import Said

Method = Literal["JK1", "JKn", "BRR", "bootstrap"]
PRECISION = 1e-13


@dataclass(frozen=True, eq=False)
class Replicates:
    """Replicate weights of a design.

    Parameters
    ----------
    weights
        Shape (n, R): the weights of each replicate.
    full
        Shape (n,), the weights of the whole sample.
    scale
        Factor of the sum of squares.
    rscales
        Shape (R,), factor of each replicate.
    df
        Degrees of freedom: sampling units minus strata.
    rule
        Name of the method, with Fay's factor if there is one.
    n_clusters
        Clusters, or None where rows were drawn one by one.
    """

    weights: Floats
    full: Floats
    scale: float
    rscales: Floats
    df: int
    rule: Said
    n_clusters: int | None


def replicate_weights(
    design: SampleDesign,
    method: Method,
    *,
    fay: float = 0.0,
    draws: int = 500,
    rng: np.random.Generator | None = None,
) -> Replicates:
    """Return replicate weights, shape (n, R), of a design.

    Parameters
    ----------
    design
        How the whole sample was drawn, with two sampling units or more in each stratum.
    method
        ``JK1`` leaves out one unit at a time, without strata; ``JKn`` within strata; ``BRR`` takes balanced half
        samples of strata with two units; ``bootstrap`` rescales draws with replacement.
    fay
        For ``BRR``: the weight that the other half keeps, 0 ≤ fay < 1.
    draws, rng
        Number of replicates and their source, for ``bootstrap`` only.

    Raises
    ------
    NotEstimable
        If the design does not suit the method: strata under JK1, one unit in a stratum, other than two under BRR,
        a known population under BRR, no random generator or fewer than two draws under bootstrap.

    Notes
    -----
    ``Var = scale · Σ_r rscales_r (θ_r − θ̄)²``. JK1 and JKn: the units left weigh ``m/(m−1)``, and
    ``(1−f)(m−1)/m`` scales the squares. BRR: ``2 − fay`` and ``fay``, ``scale = 1/(R(1−fay)²)``, signs from a Hadamard
    matrix larger than the number of strata. Bootstrap: ``m−1`` draws, ``1 + √(1−f)·(m/(m−1)·count − 1)``,
    ``scale = 1/(R−1)``. n × R weights are held in memory. References: Wolter (2007), Introduction to Variance
    Estimation, https://doi.org/10.1007/978-0-387-35099-8; Judkins (1990) for Fay's method; Rao, Wu and Yue (1992)
    for the bootstrap, https://www150.statcan.gc.ca/n1/pub/12-001-x/1992002/article/14486-eng.pdf.

    Examples
    --------
    >>> replicate_weights(SampleDesign(np.ones(3)), "JK1").weights.tolist()
    [[0.0, 1.5, 1.5], [1.5, 0.0, 1.5], [1.5, 1.5, 0.0]]
    """
    units = design.units
    if (units.sizes < 2).any():
        smallest = int(np.argmin(units.sizes))
        name = repr(units.strata[smallest])
        reason = Said("surveys.stratum_has_one_sampling_unit", name=name)
        raise NotEstimable(reason, Said("surveys.two_units_every_stratum"))
    if method == "bootstrap":
        factors, scale, rscales = _bootstrap(units, draws, rng)
    elif method == "BRR":
        factors, scale, rscales = _half_samples(units, fay)
    else:
        factors, scale, rscales = _jackknife(units, stratified=method == "JKn")
    clusters = None if design.clusters is None else len(units.stratum)
    rule = Said("rule.named", name=method)
    if method == "BRR" and fay:
        rule = Said("rule.fay", fay=fay)
    full = design.weights
    by_row = factors[units.of_row]
    weights = full[:, None] * by_row
    df = design.degrees_of_freedom
    return Replicates(weights, full, scale, rscales, df, rule, clusters)


def replicate_estimate(statistic: Callable[[Floats], float], replicates: Replicates) -> Estimate:
    """Return a statistic with the error that its replicates give.

    Parameters
    ----------
    statistic
        From weights, shape (n,), to a number. To allow for calibration, calibrate within it.
    replicates
        Weights of each replicate and their scales, from :func:`replicate_weights`.

    Raises
    ------
    NotEstimable
        If the statistic is not a number in the sample or in a replicate, or does not vary.

    Notes
    -----
    Squares are around the mean of the replicates (as R's survey by default), not around the full estimate.

    Examples
    --------
    >>> y, replicates = np.array([1.0, 2.0, 3.0]), replicate_weights(SampleDesign(np.ones(3)), "JK1")
    >>> estimate = replicate_estimate(lambda w: float(w @ y / w.sum()), replicates)
    >>> estimate.estimate, round(estimate.std_error, 4)
    (2.0, 0.5774)
    """
    value = float(statistic(replicates.full))
    columns = replicates.weights.T
    values = np.array([statistic(weights) for weights in columns], dtype=np.float64)
    finite = np.isfinite(values)
    bad = int((~finite).sum())
    if bad or not np.isfinite(value):
        needed = Said("surveys.statistic_of_every_replicate")
        raise NotEstimable(Said("surveys.statistic_not_number_replicates_sample", n=bad), needed)
    # V = s Σ_r s_r (θ_r − θ̄)²
    mean = values.mean()
    squares = (values - mean) ** 2
    scaled = replicates.rscales * squares
    variance = replicates.scale * np.sum(scaled)
    error = float(np.sqrt(variance))
    largest = float(np.abs(values).max())
    if error <= PRECISION * largest:
        raise NotEstimable(Said("surveys.statistic_same_every_replicate"), Said("surveys.outcome_varies_between_units"))
    n = len(replicates.full)
    return wald(value, error, rule=replicates.rule, n_obs=n, df=replicates.df, n_clusters=replicates.n_clusters)


def _jackknife(units: Units, *, stratified: bool) -> tuple[Floats, float, Floats]:
    """Return factors (units, units), scale and scale by replicate: each unit left out once, its stratum weighted up."""
    if not stratified and len(units.sizes) > 1:
        raise NotEstimable(Said("surveys.jk1_does_not_know_strata"), Said("surveys.jkn_stratified_design"))
    stratum = units.stratum
    together = stratum[:, None] == stratum[None, :]
    sizes = units.sizes[stratum]
    less_one = sizes - 1
    weighted_up = sizes / less_one
    factors = np.where(together, weighted_up[None, :], 1.0)
    np.fill_diagonal(factors, 0.0)
    fractions = units.fractions[stratum]
    remaining = 1 - fractions
    scales = remaining * less_one / sizes
    return factors, 1.0, scales


def _half_samples(units: Units, fay: float) -> tuple[Floats, float, Floats]:
    """Return factors, scale and scale by replicate of balanced half samples, from the rows of a Hadamard matrix."""
    other_size = units.sizes != 2
    if other_size.any():
        first = int(np.argmax(other_size))
        name = repr(units.strata[first])
        reason = Said("surveys.stratum_has_not_two_sampling_units", name=name)
        raise NotEstimable(reason, Said("surveys.jkn_bootstrap"))
    if (units.fractions > 0).any():
        raise NotEstimable(
            Said("surveys.half_samples_without_correction"),
            Said("surveys.design_without_population_jkn"),
        )
    if not 0 <= fay < 1:
        raise NotEstimable(Said("surveys.fay_factor_not_between_0_1", fay=fay), Said("surveys.possible_fay_factors"))
    strata = len(units.sizes)
    order = 1 << strata.bit_length()
    matrix = hadamard(order)[:, 1 : strata + 1]
    signs = matrix.T.astype(np.float64)
    is_first = _rank_in_stratum(units) == 0
    side = np.where(is_first, 1.0, -1.0)
    # 2 − fay for the half that is drawn, fay for the other
    other_half = 1 - fay
    factors = 1 + other_half * side[:, None] * signs[units.stratum]
    scale = 1 / (order * other_half**2)
    return factors, scale, np.ones(order)


def _rank_in_stratum(units: Units) -> Ints:
    """Return the number of each unit within its stratum, from 0."""
    order = np.argsort(units.stratum, kind="stable")
    sizes = units.sizes.astype(np.int64)
    ends = np.cumsum(sizes)
    first = np.concatenate([[0], ends[:-1]])
    rank = np.empty(len(order), dtype=np.int64)
    sorted_stratum = units.stratum[order]
    starts = first[sorted_stratum]
    rank[order] = np.arange(len(order)) - starts
    return rank


def _bootstrap(units: Units, draws: int, rng: np.random.Generator | None) -> tuple[Floats, float, Floats]:
    """Return factors, scale and scale by replicate of the rescaled bootstrap: n − 1 of n units of each stratum."""
    if rng is None or draws < 2:
        raise NotEstimable(Said("surveys.bootstrap_lacks_rng_or_draws"), Said("surveys.rng_draws"))
    factors = np.empty((len(units.stratum), draws))
    strata = zip(units.sizes, units.fractions, strict=True)
    for code, (size, fraction) in enumerate(strata):
        n = int(size)
        chances = np.full(n, 1 / size)
        counts = rng.multinomial(n - 1, chances, size=draws).T
        # 1 + √(1 − f) (m/(m − 1) · count − 1), so that Σ over draws has the variance of the design (Rao, Wu and Yue)
        deviations = size / (size - 1) * counts - 1
        root = np.sqrt(1 - fraction)
        members = units.stratum == code
        factors[members] = 1 + root * deviations
    return factors, 1 / (draws - 1), np.ones(draws)
