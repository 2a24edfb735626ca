"""How alike two arms are in what was seen before the programme: differences by covariate and one joint test.

Works on raw arrays and on the weights that :mod:`impact.statistics.observational.weighting` and
:mod:`impact.statistics.observational.matching` give; describes, and judges nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from impact.errors import NotEstimable
from impact.statistics.core import Floats, JointTest, cluster_sums, joint
from impact.statistics.observational.propensity import (
    Bools,
    Estimand,
    arm_clusters,
    arms,
    covariates,
    design,
    enough_units,
    known_estimand,
    same_length,
)
from impact.words.said import Said, Text


@dataclass(frozen=True)
class Balance:
    """Each covariate in the two arms; all arrays have shape (k,).

    Parameters
    ----------
    names
        The covariates.
    mean_treated, mean_comparison
        Weighted means, in the covariate's unit.
    difference
        Treated less comparison.
    standardised
        The difference over a standard deviation before weighting; NaN where that is zero.
    variance_ratio
        Weighted variance of the treated over that of the comparison; NaN for covariates of 0 and 1, whose variance
        follows from the mean, and where a variance is zero.
    """

    names: tuple[Text, ...]
    mean_treated: Floats
    mean_comparison: Floats
    difference: Floats
    standardised: Floats
    variance_ratio: Floats


def standardised_differences(
    matrix: ArrayLike,
    names: Sequence[Text],
    treated: ArrayLike,
    *,
    estimand: Estimand,
    weights: ArrayLike | None = None,
) -> Balance:
    """Compare covariates between the arms, before weighting (``weights`` None) or after.

    Parameters
    ----------
    matrix
        Shape (n, k), complete.
    names
        Shape (k,).
    treated
        Shape (n,), 0 or 1.
    estimand
        ``ATT`` standardises by the treated units' standard deviation, ``ATE`` by the root of the arms' mean variance.
    weights
        Shape (n,), zero or positive: those of the estimate to check, zero for units it leaves out.

    Notes
    -----
    The conventions of R's cobalt: the standard deviation is the unweighted one in both tables, so that a change shows
    the means only; the variance of a covariate of 0 and 1 is ``p (1 − p)``; weighted variances are
    ``Σw (x − x̄)² Σw / ((Σw)² − Σw²)``. Unlike cobalt's default, covariates of 0 and 1 are standardised too.

    Raises
    ------
    NotEstimable
        If covariates are missing, or fewer than two units of an arm have weight.

    References
    ----------
    Austin (2009), Statistics in Medicine 28(25). https://doi.org/10.1002/sim.3697
    Greifer, cobalt. https://ngreifer.github.io/cobalt/
    """
    arm, x = arms(treated), covariates(matrix, names)
    same_length(arm, x)
    w = _weights(weights, arm)
    mean1, mean0 = np.average(x[arm], axis=0, weights=w[arm]), np.average(x[~arm], axis=0, weights=w[~arm])
    binary = np.all((x == 0) | (x == 1), axis=0)
    plain1, plain0 = _variance(x[arm], binary), _variance(x[~arm], binary)
    squared = plain1 if known_estimand(estimand) == "ATT" else (plain1 + plain0) / 2
    after1, after0 = _weighted_variance(x[arm], w[arm]), _weighted_variance(x[~arm], w[~arm])
    ratio = _over(after1, np.where(binary | (after1 == 0), 0.0, after0))
    return Balance(tuple(names), mean1, mean0, mean1 - mean0, _over(mean1 - mean0, np.sqrt(squared)), ratio)


def joint_balance(
    matrix: ArrayLike,
    names: Sequence[Text],
    treated: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    clusters: NDArray[np.generic] | None = None,
) -> JointTest:
    """Test that the arms differ in none of the covariates.

    Parameters
    ----------
    matrix, names, treated, weights
        As in :func:`standardised_differences`.
    clusters
        Shape (n,), labels of any kind; None for independent units.

    Notes
    -----
    Without weights and clusters: the classical F test of a linear regression of the arm on the covariates. Otherwise
    the Wald statistic ``d' V⁻¹ d`` of the weighted differences in means, V the sum of squares of their influence
    (within clusters), times ``G/(G−1)``, weights taken as known; with clusters as Hotelling's
    ``(G − k)/(k (G − 1)) d' V⁻¹ d`` against F(k, G − k).

    Raises
    ------
    NotEstimable
        If a covariate is missing, constant or collinear, units are fewer than parameters, clusters are not more than
        covariates, or an arm is found in fewer than two clusters.

    References
    ----------
    Hansen and Bowers (2008), Statistical Science 23(2). https://doi.org/10.1214/08-STS254
    """
    arm, x = arms(treated), covariates(matrix, names)
    same_length(arm, x)
    w = _weights(weights, arm)
    used = w > 0
    enough_units(int(used.sum()), x.shape[1] + 1)
    z = design(x[used], names)
    if weights is None and clusters is None:
        return _classical(arm, z)
    labels = None if clusters is None else np.asarray(clusters)[used]
    return _wald(arm[used], z[:, 1:], w[used], clusters=labels)


def _classical(arm: Bools, z: Floats) -> JointTest:
    n, k = len(z), z.shape[1] - 1
    fitted = z @ np.linalg.lstsq(z, arm.astype(np.float64), rcond=None)[0]
    explained, left = float(np.sum((fitted - arm.mean()) ** 2)), float(np.sum((arm - fitted) ** 2))
    if left <= 1e-12 * n:
        raise NotEstimable(
            Said("experiments.covariates_separate_arms_completely"), Said("experiments.units_both_arms_like_values")
        )
    statistic = explained / k / (left / (n - k - 1))
    return joint(statistic, k, n - k - 1, rule=Said("rule.equal_variances"))


def _wald(arm: Bools, z: Floats, w: Floats, *, clusters: NDArray[np.generic] | None) -> JointTest:
    sides = [np.where(side, w, 0.0) / w[side].sum() for side in (arm, ~arm)]
    influence = sum(
        (sign * side[:, None] * (z - side @ z) for sign, side in zip((1, -1), sides, strict=True)), np.zeros(z.shape)
    )
    n, k = z.shape
    if clusters is not None:
        codes, n = arm_clusters(clusters, arm)
        influence = cluster_sums(influence, codes, n)
        if n <= k + 1:
            raise NotEstimable(
                Said("experiments.clusters_covariates", n=n, k=k), Said("experiments.more_clusters_fewer_covariates")
            )
    covariance = influence.T @ influence * n / (n - 1)
    if np.linalg.cond(covariance) > 1e12:
        raise NotEstimable(Said("experiments.differences_covariates_collinear"), Said("experiments.fewer_covariates"))
    gap = sides[0] @ z - sides[1] @ z
    squared = float(gap @ np.linalg.solve(covariance, gap))
    if clusters is None:
        return joint(squared, k, np.inf, rule=Said("rule.robust"))
    statistic = (n - k) / (k * (n - 1)) * squared
    return joint(statistic, k, n - k, rule=Said("rule.clustered"))


def _weights(weights: ArrayLike | None, arm: Bools) -> Floats:
    w = np.ones(len(arm)) if weights is None else np.asarray(weights, dtype=np.float64)
    if w.shape != arm.shape or not np.all(np.isfinite(w) & (w >= 0)):
        raise NotEstimable(
            Said("experiments.weight_missing_infinite_negative"), Said("experiments.one_weight_per_unit_zero_positive")
        )
    if min(np.sum(w[arm] > 0), np.sum(w[~arm] > 0)) < 2:
        raise NotEstimable(Said("experiments.fewer_two_units_arm_have_weight"), Said("experiments.least_two_each_arm"))
    return w


def _variance(x: Floats, binary: Bools) -> Floats:
    return np.asarray(np.where(binary, x.var(axis=0), x.var(axis=0, ddof=1)))


def _weighted_variance(x: Floats, w: Floats) -> Floats:
    centred = x - np.average(x, axis=0, weights=w)
    return np.asarray(w @ centred**2 * w.sum() / (w.sum() ** 2 - np.sum(w**2)))


def _over(above: Floats, below: Floats) -> Floats:
    """Return the quotient, NaN where the divisor is zero."""
    known = below > 0
    return np.asarray(np.where(known, above / np.where(known, below, 1.0), np.nan))
