"""Many hypotheses: adjusted p-values from p-values, or from the joint distribution of the statistics.

A room for pure numbers: arrays in, arrays out.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from statsmodels.stats.multitest import multipletests

from impact.errors import NotEstimable
from impact.statistics.core import Floats, cluster_codes, cluster_sums, floats
from impact.words.said import Said

Method = Literal["holm", "hochberg", "hommel", "bonferroni", "BH", "BY"]
_NAMES = {
    "holm": "holm",
    "hochberg": "simes-hochberg",
    "hommel": "hommel",
    "bonferroni": "bonferroni",
    "BH": "fdr_bh",
    "BY": "fdr_by",
}
FEWEST_CLUSTERS = 6
FEWEST_DRAWS = 99
BATCH = 4_000_000


def adjust(p_values: ArrayLike, method: Method = "holm") -> Floats:
    """Return adjusted p-values, shape (m,), in the order given.

    Parameters
    ----------
    p_values
        Shape (m,): one per hypothesis, all of them.
    method
        ``holm``, ``bonferroni``: family-wise error under any dependence; ``hochberg``, ``hommel``: family-wise error
        under independence or positive dependence; ``BH``: false discovery rate under the same; ``BY``: false discovery
        rate under any dependence.

    Raises
    ------
    NotEstimable
        Without p-values, with missing ones or ones outside 0 … 1: a hypothesis without p-value still counts.

    References
    ----------
    Holm (1979), https://www.jstor.org/stable/4615733. Hochberg (1988), https://doi.org/10.1093/biomet/75.4.800. Hommel
    (1988), https://doi.org/10.1093/biomet/75.2.383. Benjamini, Hochberg (1995),
    https://doi.org/10.1111/j.2517-6161.1995.tb02031.x. Benjamini, Yekutieli (2001),
    https://doi.org/10.1214/aos/1013699998.

    Examples
    --------
    >>> adjust([0.01, 0.04, 0.03], "holm").round(2).tolist()
    [0.03, 0.06, 0.06]
    """
    p = floats(p_values)
    if method not in _NAMES:
        raise NotEstimable(Said("statistics.method_not_known", method=method), Said("statistics.names", names=_NAMES))
    if p.ndim != 1 or len(p) == 0:
        raise NotEstimable(Said("statistics.no_list_p_values"), Said("statistics.one_p_value_per_hypothesis"))
    valid = (p >= 0) & (p <= 1)
    wrong = np.flatnonzero(~valid)
    if len(wrong):
        first = wrong[0]
        reason = Said("statistics.hypothesis_has_p_value", number=first, p=p[first])
        raise NotEstimable(reason, Said("statistics.p_value_each_hypothesis"))
    name = _NAMES[method]
    adjusted = multipletests(p, method=name)[1]
    return floats(adjusted)


def romano_wolf(statistics: ArrayLike, null_statistics: ArrayLike) -> Floats:
    """Return step-down max-t adjusted p-values, shape (m,), two-sided.

    Parameters
    ----------
    statistics
        Shape (m,): observed t statistics, one per hypothesis.
    null_statistics
        Shape (draws, m): statistics under the null, drawn jointly; from :func:`multiplier_draws`, or bootstrap
        estimates minus the estimate, over the bootstrap standard error.

    Raises
    ------
    NotEstimable
        With missing statistics, shapes that differ, or fewer than 99 draws.

    Notes
    -----
    Hypotheses are ordered by ``|t|``. Each is compared with the largest null ``|t|`` among itself and those below it:
    ``(1 + #{max ≥ |t|})/(1 + draws)``, made monotone. Controls the family-wise error, asymptotically, whatever the
    dependence; uses it, so it rejects no less than Holm up to simulation error.

    References
    ----------
    Romano, Wolf (2005), https://doi.org/10.1198/016214504000000539; (2016), https://doi.org/10.1016/j.spl.2016.02.012.

    Examples
    --------
    >>> draws = np.random.default_rng(1).standard_normal((999, 2))
    >>> romano_wolf([5.0, 0.1], draws).round(3).tolist()
    [0.001, 0.922]
    """
    observed = np.abs(floats(statistics))
    null = np.abs(floats(null_statistics))
    n_hypotheses = observed.size
    if observed.ndim != 1 or null.ndim != 2 or null.shape[1] != n_hypotheses or n_hypotheses == 0:
        raise NotEstimable(
            Said("statistics.statistics_draws_do_not_belong_together"),
            Said("statistics.one_column_draws_per_statistic"),
        )
    if len(null) < FEWEST_DRAWS:
        raise NotEstimable(
            Said("statistics.draws", n=len(null)),
            Said("statistics.least_better_some_thousands", least=FEWEST_DRAWS),
        )
    missing = np.isnan(observed).any() or np.isnan(null).any()
    if missing:
        raise NotEstimable(
            Said("statistics.some_statistics_missing"), Said("statistics.statistic_each_hypothesis_each_draw")
        )
    # Step down: |t| in falling order, each against the largest |t*| among the hypotheses that are left
    order = np.argsort(-observed, kind="stable")
    upwards = null[:, order[::-1]]
    largest = np.maximum.accumulate(upwards, axis=1)[:, ::-1]
    t = observed[order] * (1 - 1e-12)
    reached = largest >= t
    beyond = np.sum(reached, axis=0)
    # (1 + #{max |t*| ≥ |t|}) / (1 + draws), made monotone (2016, the p-values of the stepdown)
    n_draws = len(null)
    p_values = (1 + beyond) / (1 + n_draws)
    adjusted = np.empty(n_hypotheses)
    adjusted[order] = np.maximum.accumulate(p_values)
    return adjusted


def multiplier_draws(
    influence: ArrayLike,
    *,
    rng: np.random.Generator,
    draws: int = 4999,
    clusters: NDArray[np.generic] | None = None,
) -> Floats:
    """Return studentised null statistics, shape (draws, m), from the influences of m estimates.

    Parameters
    ----------
    influence
        Shape (units, m): the influences of the same units on each estimate; zero where a unit has no part in one.
    rng
        Source of the random signs; the same state gives the same draws.
    draws
        Sign vectors drawn; the smallest p-value is about one over their number.
    clusters
        Shape (units,): units that share a sign; without them each has its own.

    Raises
    ------
    NotEstimable
        With missing influences, an estimate nobody influences, or fewer than six units or clusters, whose sign vectors
        are too few for 5 %.

    Notes
    -----
    With sums s_g of a cluster's influences and signs v_g = ±1: ``t* = Σ v_g s_g / sqrt(G/(G−1) Σ (v_g s_g − mean)²)``.
    The same signs for all estimates keep their dependence.

    References
    ----------
    Kline, Santos (2012), https://doi.org/10.1515/2156-6674.1005.

    Examples
    --------
    >>> influence = np.arange(12.0).reshape(6, 2) - 5.5
    >>> multiplier_draws(influence, rng=np.random.default_rng(1), draws=99).shape
    (99, 2)
    """
    values = floats(influence)
    if values.ndim == 1:
        values = values[:, None]
    if not np.isfinite(values).all():
        raise NotEstimable(Said("statistics.some_influences_missing"), Said("statistics.zero_for_units_without_part"))
    sums = values
    if clusters is not None:
        sums = _summed(values, np.asarray(clusters))
    n = len(sums)
    if n < FEWEST_CLUSTERS:
        raise NotEstimable(
            Said("statistics.too_few_sign_vectors", n=n),
            Said("statistics.more_units_or_holm", least=FEWEST_CLUSTERS),
        )
    squares = np.sum(sums**2, axis=0)
    without = np.flatnonzero(squares <= 0)
    if len(without):
        reason = Said("statistics.estimate_has_no_influences", number=int(np.argmin(squares)))
        raise NotEstimable(reason, Said("statistics.estimates_vary"))
    size = max(1, BATCH // n)
    batches = []
    for start in range(0, draws, size):
        count = min(size, draws - start)
        drawn = _drawn(sums, squares, count, rng)
        batches.append(drawn)
    return np.concatenate(batches)


def _summed(values: Floats, clusters: NDArray[np.generic]) -> Floats:
    """Return the influences summed within clusters, shape (G, m), refusing missing labels."""
    labels = clusters.tolist()
    missing = [label is None or label != label for label in labels]  # noqa: PLR0124 - NaN only
    n = len(values)
    if clusters.shape != (n,) or any(missing):
        raise NotEstimable(Said("statistics.some_units_have_no_cluster"), Said("statistics.cluster_every_unit"))
    codes, count = cluster_codes(clusters)
    return cluster_sums(values, codes, count)


def _drawn(sums: Floats, squares: Floats, draws: int, rng: np.random.Generator) -> Floats:
    """Return studentised statistics of one batch of random signs, shape (draws, m)."""
    n = len(sums)
    # t* = Σ_g v_g s_g over its standard error, with Rademacher signs v (Kline and Santos)
    coins = rng.integers(0, 2, (draws, n), dtype=np.int8)
    signs = 2.0 * coins - 1.0
    totals = signs @ sums
    # n/(n − 1) Σ (v s − mean)²: the signs leave the squares as they are
    of_mean = totals**2 / n
    centred = np.maximum(squares - of_mean, 0.0)
    spread = n / (n - 1) * centred
    flat = spread <= 1e-12 * squares
    variance = np.where(flat, 1.0, spread)
    t_star = totals / np.sqrt(variance)
    return floats(np.where(flat, np.inf, t_star))
