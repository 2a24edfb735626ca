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
from impact.statistics.core import Floats, JointTest, cluster_sums, floats, joint
from impact.statistics.observational.inputs import (
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
        The k covariates, in the order of the arrays.
    mean_treated, mean_comparison
        Weighted means, in the covariate's unit.
    difference
        Mean of the treated less mean of the comparison, in the covariate's unit.
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
        Shape (n, k): covariates without gaps, dummies for categories.
    names
        The k names of its columns.
    treated
        Shape (n,): 1 for units that got the programme, 0 for those compared with them.
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

    Examples
    --------
    >>> balance = standardised_differences([[1.0], [3.0], [0.0], [2.0]], ["age"], [1, 1, 0, 0], estimand="ATT")
    >>> balance.difference.tolist(), balance.standardised.round(3).tolist()
    ([1.0], [0.707])
    """
    arm, x = arms(treated), covariates(matrix, names)
    same_length(arm, x)
    w = _weights(weights, arm)
    x1, x0 = x[arm], x[~arm]
    w1, w0 = w[arm], w[~arm]
    mean1 = np.average(x1, axis=0, weights=w1)
    mean0 = np.average(x0, axis=0, weights=w0)
    difference = mean1 - mean0
    # The scale is that before weighting, so that weighting cannot make a difference look smaller.
    zero_one = (x == 0) | (x == 1)
    binary = np.all(zero_one, axis=0)
    plain1, plain0 = _variance(x1, binary), _variance(x0, binary)
    # s₁² for the ATT, (s₁² + s₀²)/2 for the ATE (Austin)
    on_treated = known_estimand(estimand) == "ATT"
    squared = plain1 if on_treated else (plain1 + plain0) / 2
    scale = np.sqrt(squared)
    standardised = _over(difference, scale)
    weighted1 = _weighted_variance(x1, w1)
    weighted0 = _weighted_variance(x0, w0)
    no_ratio = binary | (weighted1 == 0)
    ratio = _over(weighted1, np.where(no_ratio, 0.0, weighted0))
    return Balance(tuple(names), mean1, mean0, difference, standardised, ratio)


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
        As in :func:`standardised_differences`; units without weight are not in the test.
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

    Examples
    --------
    >>> x = np.array([[1.0], [3.0], [2.0], [0.0], [2.0], [1.0]])
    >>> round(joint_balance(x, ["age"], [1, 1, 1, 0, 0, 0]).statistic, 2)
    1.5
    """
    arm, x = arms(treated), covariates(matrix, names)
    same_length(arm, x)
    w = _weights(weights, arm)
    used = w > 0
    n_parameters = x.shape[1] + 1
    enough_units(int(used.sum()), n_parameters)
    z = design(x[used], names)
    plain = weights is None and clusters is None
    if plain:
        return _classical(arm, z)
    labels = None
    if clusters is not None:
        labels = np.asarray(clusters)[used]
    standard = z[:, 1:]
    return _wald(arm[used], standard, w[used], clusters=labels)


def _classical(arm: Bools, z: Floats) -> JointTest:
    """Test with the F of a regression of the arm on the covariates."""
    n, k = len(z), z.shape[1] - 1
    indicator = arm.astype(np.float64)
    coefficients = np.linalg.lstsq(z, indicator, rcond=None)[0]
    fitted = z @ coefficients
    # F = (ESS/k) / (RSS/(n − k − 1))
    mean = arm.mean()
    deviations = fitted - mean
    explained = float(np.sum(deviations**2))
    residuals: Floats = arm - fitted
    unexplained = float(np.sum(residuals**2))
    rounding = 1e-12 * n
    if unexplained <= rounding:
        raise NotEstimable(
            Said("experiments.covariates_separate_arms_completely"), Said("experiments.units_both_arms_like_values")
        )
    df = n - k - 1
    statistic = explained / k / (unexplained / df)
    return joint(statistic, k, df, rule=Said("rule.equal_variances"))


def _wald(arm: Bools, z: Floats, w: Floats, *, clusters: NDArray[np.generic] | None) -> JointTest:
    """Test the weighted differences in means by their robust, or clustered, covariance."""
    total1, total0 = w[arm].sum(), w[~arm].sum()
    top = np.where(arm, w, 0.0) / total1
    base = np.where(~arm, w, 0.0) / total0
    of_top = _of_mean(z, top)
    of_base = _of_mean(z, base)
    influence = of_top - of_base
    n, k = z.shape
    if clusters is not None:
        codes, n = arm_clusters(clusters, arm)
        influence = cluster_sums(influence, codes, n)
        if n <= k + 1:
            raise NotEstimable(
                Said("experiments.clusters_covariates", n=n, k=k), Said("experiments.more_clusters_fewer_covariates")
            )
    meat = influence.T @ influence
    covariance = meat * n / (n - 1)
    if np.linalg.cond(covariance) > 1e12:
        raise NotEstimable(Said("experiments.differences_covariates_collinear"), Said("experiments.fewer_covariates"))
    # d'V⁻¹d with d the difference of the weighted means (Hansen and Bowers)
    mean1, mean0 = top @ z, base @ z
    gap = mean1 - mean0
    solved = np.linalg.solve(covariance, gap)
    squared = float(gap @ solved)
    if clusters is None:
        return joint(squared, k, np.inf, rule=Said("rule.robust"))
    # Hotelling: T² (G − k)/(k (G − 1)) on F(k, G − k)
    factor = (n - k) / (k * (n - 1))
    statistic = factor * squared
    return joint(statistic, k, n - k, rule=Said("rule.clustered"))


def _of_mean(z: Floats, w: Floats) -> Floats:
    """Return the influence on weighted means, shape (n, k); the weights sum to one."""
    centred = z - w @ z
    return floats(w[:, None] * centred)


def _weights(weights: ArrayLike | None, arm: Bools) -> Floats:
    """Return the weights, ones if None, refusing an arm with fewer than two units that count."""
    w = np.ones(len(arm)) if weights is None else floats(weights)
    valid = np.isfinite(w) & (w >= 0)
    fits = w.shape == arm.shape
    if not fits or not np.all(valid):
        raise NotEstimable(
            Said("experiments.weight_missing_infinite_negative"), Said("experiments.one_weight_per_unit_zero_positive")
        )
    counted = w > 0
    n_treated, n_comparison = np.sum(counted[arm]), np.sum(counted[~arm])
    fewest = min(n_treated, n_comparison)
    if fewest < 2:
        raise NotEstimable(Said("experiments.fewer_two_units_arm_have_weight"), Said("experiments.least_two_each_arm"))
    return w


def _variance(x: Floats, binary: Bools) -> Floats:
    """Return variances by column: p (1 − p) where binary, else with n − 1."""
    population = x.var(axis=0)
    sample = x.var(axis=0, ddof=1)
    variance = np.where(binary, population, sample)
    return floats(variance)


def _weighted_variance(x: Floats, w: Floats) -> Floats:
    """Return ``Σw / ((Σw)² − Σw²) Σ w (x − x̄)²`` by column."""
    mean = np.average(x, axis=0, weights=w)
    squares = (x - mean) ** 2
    total = w.sum()
    factor = total**2 - np.sum(w**2)
    weighted = w @ squares
    return floats(weighted * total / factor)


def _over(numerator: Floats, denominator: Floats) -> Floats:
    """Return the quotient, NaN where the divisor is zero."""
    positive = denominator > 0
    divisor = np.where(positive, denominator, 1.0)
    quotient = numerator / divisor
    return floats(np.where(positive, quotient, np.nan))
