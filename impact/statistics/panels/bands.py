"""Errors that hold for many effects at once: the multiplier bootstrap of influences, and its uniform band.

Serves every estimator that returns the influence of units; :mod:`impact.statistics.panels.aggregation` tests the same
effects together.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

from impact.errors import NotEstimable
from impact.statistics.core import CONFIDENCE, Floats, Ints, cluster_codes, cluster_sums, floats
from impact.words.said import Said

Multiplier = Literal["rademacher", "mammen"]
BATCH = 2**22
FEWEST_DRAWS = 100
FEWEST_CLUSTERS = 6


@dataclass(frozen=True)
class Bands:
    """Bootstrap errors and the critical value of a band that covers all effects at once.

    Parameters
    ----------
    std_errors
        Shape (k,), in the unit of the outcome.
    critical_value
        Of the uniform 95 % band: estimate ± critical value × error holds for all k effects together.
    pointwise
        The normal critical value, for one effect at a time.
    draws
        Vectors of random weights that were drawn.
    """

    std_errors: Floats
    critical_value: float
    pointwise: float
    draws: int

    def uniform(self, estimates: Floats) -> tuple[Floats, Floats]:
        """Return the lower and upper ends, shape (k,), of the uniform band around the estimates."""
        half = self.critical_value * self.std_errors
        low, high = estimates - half, estimates + half
        return low, high


def summed(influence: Floats, clusters: Ints | None) -> Floats:
    """Return the influence of each cluster, shape (G, k); as it is where units are their own.

    Examples
    --------
    >>> summed(np.array([[1.0], [2.0], [3.0]]), np.array([0, 0, 1])).tolist()
    [[3.0], [3.0]]
    """
    if clusters is None:
        return influence
    codes, count = cluster_codes(clusters)
    return cluster_sums(influence, codes, count)


def multiplier_bootstrap(
    influence: Floats,
    draws: int,
    rng: np.random.Generator,
    clusters: Ints | None = None,
    *,
    multiplier: Multiplier = "rademacher",
) -> Bands:
    """Bootstrap the errors of several effects together, by multiplying influences with random weights.

    Parameters
    ----------
    influence
        Shape (n, k), scaled so that ``estimate − truth ≈ Σ influence``.
    draws
        At least 100; 1,000 or more for a critical value that is stable to two digits.
    rng
        Source of the random weights; the same state gives the same bands.
    clusters
        Shape (n,): cluster codes, or None; a cluster then gets one weight.
    multiplier
        ``rademacher`` ±1, or ``mammen`` two points with third moment one.

    Returns
    -------
    Bands
        Errors are interquartile ranges of the draws over that of the standard normal; the critical value is the 95 %
        quantile of the largest absolute t value.

    Raises
    ------
    NotEstimable
        If an effect rests on fewer than six units or clusters: with signs alone there are then fewer than 20 different
        draws, too few for a 95 % quantile.

    References
    ----------
    Callaway, B. and Sant'Anna, P. (2021). Difference-in-differences with multiple time periods. Journal of Econometrics
    225(2), 200–230, algorithm 1. https://doi.org/10.1016/j.jeconom.2020.12.001

    Mammen, E. (1993). Bootstrap and wild bootstrap for high dimensional linear models. Annals of Statistics 21(1),
    255–285. https://doi.org/10.1214/aos/1176349025

    Examples
    --------
    >>> influence = np.random.default_rng(1).normal(size=(50, 2)) / 50
    >>> bands = multiplier_bootstrap(influence, 1000, np.random.default_rng(1))
    >>> bands.pointwise < bands.critical_value, bands.std_errors.shape
    (True, (2,))
    """
    if draws < FEWEST_DRAWS:
        raise ValueError(f"draws must be at least {FEWEST_DRAWS}")
    sums = summed(influence, clusters)
    moved = np.count_nonzero(sums, axis=0)
    if np.any(moved < FEWEST_CLUSTERS):
        raise NotEstimable(Said("panels.too_few_units_to_draw_from"), Said("panels.least_six_each_effect"))
    moving = np.any(sums != 0, axis=1)
    drawn = _draws(sums[moving], draws, rng, multiplier)
    # Algorithm 1: Σ̂^½ from the interquartile range of the draws, as extreme draws say little
    low, high = np.quantile(drawn, [0.25, 0.75], axis=0)
    upper, lower = stats.norm.ppf(0.75), stats.norm.ppf(0.25)
    errors = (high - low) / (upper - lower)
    # Then max |t*| over the effects: its quantile ĉ holds for all of them together
    t_star = np.abs(drawn / errors)
    max_t = t_star.max(axis=1)
    critical = float(np.quantile(max_t, CONFIDENCE, method="inverted_cdf"))
    level = 0.5 + CONFIDENCE / 2
    pointwise = float(stats.norm.ppf(level))
    return Bands(errors, critical, pointwise, draws)


def _draws(sums: Floats, draws: int, rng: np.random.Generator, multiplier: Multiplier) -> Floats:
    """Return weighted sums, shape (draws, k), in batches of bounded size."""
    n = len(sums)
    batch = max(1, BATCH // max(1, n))
    drawn = []
    for start in range(0, draws, batch):
        remaining = draws - start
        size = min(batch, remaining)
        multipliers = _multipliers(rng, (size, n), multiplier)
        drawn.append(multipliers @ sums)
    return np.vstack(drawn)


def _multipliers(rng: np.random.Generator, shape: tuple[int, int], multiplier: Multiplier) -> Floats:
    """Return random weights of mean zero and variance one: signs, or Mammen's two points."""
    if multiplier == "rademacher":
        coins = rng.integers(0, 2, shape, dtype=np.int8)
        doubled = 2.0 * coins.astype(np.float64)
        return doubled - 1.0
    # 1 − κ with probability κ/√5, else κ, where κ is the golden ratio (Mammen)
    root = math.sqrt(5)
    golden = (1 + root) / 2
    uniforms = rng.random(shape)
    low = uniforms < golden / root
    return floats(np.where(low, 1 - golden, golden))
