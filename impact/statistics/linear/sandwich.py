"""Robust and clustered errors of least squares: one coefficient, a combination, several together.

Stands on :mod:`impact.statistics.linear.least_squares`, and for CR2 and CR3 on
:mod:`impact.statistics.linear.few_clusters`; :mod:`impact.statistics.linear.instrument`,
:mod:`impact.statistics.linear.wild` and :mod:`impact.statistics.experiments.randomisation` stand on it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from impact.errors import NotEstimable, UsageError
from impact.statistics.core import (
    Estimate,
    Floats,
    Group,
    Ints,
    JointTest,
    cluster_codes,
    cluster_sums,
    floats,
    joint,
    wald,
)
from impact.statistics.linear.few_clusters import (
    SINGULAR,
    adjusted,
    hotelling,
    jackknifed,
    satterthwaite,
    weighted_rotated,
)
from impact.statistics.linear.least_squares import Fit, influence_of
from impact.words.said import Said, Text

ROBUST = ("HC0", "HC1", "HC2", "HC3")
CLUSTERED = ("CR0", "CR1", "CR2", "CR3")
ROUNDING = 1e-11


def coefficient(fit: Fit, name: Text, *, errors: str, clusters: Sequence[NDArray[Any]] = ()) -> Estimate:
    """Return one coefficient with its standard error; see :func:`contrast`.

    Examples
    --------
    >>> from impact.statistics.linear.least_squares import fit as least_squares
    >>> matrix = np.column_stack([np.ones(4), np.array([0.0, 0.0, 1.0, 1.0])])
    >>> fitted = least_squares(np.array([1.0, 3.0, 3.0, 5.0]), matrix, ["constant", "treated"])
    >>> estimate = coefficient(fitted, "treated", errors="HC2")
    >>> round(estimate.estimate, 6), round(estimate.std_error, 3), estimate.df
    (2.0, 1.414, 2.0)
    """
    picked = fit.selector([name])[0]
    return contrast(fit, picked, errors=errors, clusters=clusters)


def contrast(fit: Fit, vector: Floats, *, errors: str, clusters: Sequence[NDArray[Any]] = ()) -> Estimate:
    """Return a combination ``vector'b`` of coefficients with its standard error.

    Parameters
    ----------
    fit
        From :func:`impact.statistics.linear.least_squares.fit`.
    vector
        Shape (k,): how often each coefficient counts.
    errors
        ``classical``, ``HC0``, ``HC1``, ``HC2``, ``HC3`` (independent observations), or ``CR0``, ``CR1``, ``CR2``,
        ``CR3`` (independent clusters).
    clusters
        One array of labels, shape (n,); two for two-way clusters, with ``CR0`` or ``CR1``.

    Returns
    -------
    Estimate
        With the influence of each row and, for two-way clusters, the smaller number of clusters.

    Raises
    ------
    NotEstimable
        With missing labels, fewer than two clusters, an outcome that the columns fit exactly, a two-way variance that
        is not positive, or an estimate that rests on one observation or cluster alone: without it the estimate is not
        identified, its residual is zero, and any robust error would be too small.
    UsageError
        If the rule is unknown, or does not go with the clusters given.

    Notes
    -----
    With ``M = (X'WX)⁻¹``, ``V = M (Σ s s') M`` over the scores ``s``:

    - classical: ``M Σ w e²/(n−k)``; HC0: ``s_i = w_i x_i e_i``; HC1: times ``n/(n−k)``; HC2: ``e_i/√(1−h_i)``;
      HC3: ``e_i/(1−h_i)``; all with t(n−k).
    - CR0: sums of scores within clusters; CR1: times ``G/(G−1)·(n−1)/(n−k)`` (Stata, R's ``vcovCL``); CR3: the change
      of b when a cluster is left out, without factor, so that clusters of one give HC3; all with t(G−1).
    - CR2: ``s_g = X_g'W_g A_g e_g``, where ``A_g`` is the symmetric root of the (pseudo-)inverse of the block of
      ``(I−H)(I−H)'``, ``H = XMX'W``. Its working model: independent errors of equal variance in the unit of the
      outcome, whatever the weights. This is the default of R's clubSandwich for ``lm``, weighted or not. Degrees of
      freedom: Satterthwaite under the same model. Clusters of one give HC2 where there are no weights.
    - Two-way: ``V₁ + V₂ − V₁₂``, each with its own factor as in R's ``vcovCL``, and t(min(G₁, G₂) − 1).

    References
    ----------
    MacKinnon, White (1985), https://doi.org/10.1016/0304-4076(85)90158-7. Bell, McCaffrey (2002),
    https://www150.statcan.gc.ca/n1/pub/12-001-x/2002002/article/9058-eng.pdf. Pustejovsky, Tipton (2018),
    https://doi.org/10.1080/07350015.2016.1247004. Cameron, Gelbach, Miller (2011),
    https://doi.org/10.1198/jbes.2010.07136. Zeileis, Köll, Graham (2020), https://doi.org/10.18637/jss.v095.i01.

    Examples
    --------
    >>> from impact.statistics.linear.least_squares import fit as least_squares
    >>> matrix = np.column_stack([np.ones(4), np.array([0.0, 0.0, 1.0, 1.0])])
    >>> fitted = least_squares(np.array([1.0, 3.0, 3.0, 5.0]), matrix, ["constant", "treated"])
    >>> round(contrast(fitted, np.array([1.0, 1.0]), errors="classical").estimate, 6)
    4.0
    """
    groups = _groups(fit, errors, clusters)
    vector = floats(vector)
    _refuse_exact_fit(fit)
    if errors != "classical":
        _refuse_single_support(fit, vector, groups)
    estimate = float(vector @ fit.params)
    covariance = _covariance(fit, errors, groups)
    variance = float(vector @ covariance @ vector)
    influence = influence_of(fit, vector)
    # Cancellation can leave a variance of zero a little above it, by rounding of the order of the summed influence.
    sizes = np.abs(influence)
    scale = float(sizes.sum())
    std_error = _root(variance, scale, len(groups))
    df = _df(fit, groups)
    if errors == "CR2":
        df = satterthwaite(fit, vector, groups[0])
    n_clusters = min((g for _, g in groups), default=None)
    rule = _rule(errors, groups)
    return wald(estimate, std_error, rule=rule, n_obs=fit.n, df=df, n_clusters=n_clusters, influence=influence)


def wald_joint(fit: Fit, names: Sequence[Text], *, errors: str, clusters: Sequence[NDArray[Any]] = ()) -> JointTest:
    """Test that several coefficients are all zero: pre-trends, balance, interactions.

    Parameters
    ----------
    fit, errors, clusters
        As in :func:`contrast`: the regression, the rule of its covariance, and labels of its clusters.
    names
        The q columns whose coefficients are zero under the null.

    Raises
    ------
    NotEstimable
        As :func:`contrast`, and if the clusters are too few to test that many coefficients.

    Notes
    -----
    ``Q = b'V⁻¹b``. ``F = Q/q`` with ``(q, n−k)``, or ``(q, G−1)`` with clusters. With CR2 the approximate Hotelling
    test HTZ: ``F = Q (η−q+1)/(ηq)`` with ``(q, η−q+1)``, where η matches the variance of CR2 under the working model.

    References
    ----------
    Pustejovsky, Tipton (2018), section 3.2, https://doi.org/10.1080/07350015.2016.1247004.

    Examples
    --------
    >>> from impact.statistics.linear.least_squares import fit as least_squares
    >>> matrix = np.column_stack([np.ones(4), np.array([0.0, 0.0, 1.0, 1.0])])
    >>> fitted = least_squares(np.array([1.0, 3.0, 3.0, 5.0]), matrix, ["constant", "treated"])
    >>> test = wald_joint(fitted, ["treated"], errors="classical")
    >>> round(test.statistic, 6), test.df1, test.df2
    (2.0, 1, 2.0)
    """
    groups = _groups(fit, errors, clusters)
    _refuse_exact_fit(fit)
    picks = fit.selector(names)
    q = len(names)
    repeated = len(set(names)) < q
    if q == 0 or repeated:
        raise UsageError("a joint test needs at least one term, and each only once")
    robust = errors != "classical"
    for pick in picks if robust else ():
        _refuse_single_support(fit, pick, groups)
    covariance = _covariance(fit, errors, groups)
    variance = picks @ covariance @ picks.T
    params = picks @ fit.params
    form = _quadratic_form(params, variance)
    # HTZ (section 3.2): Q (η − q + 1)/(ηq) on F(q, η − q + 1); otherwise Q/q, with η such that df2 is the usual one
    eta = _df(fit, groups) + q - 1
    if errors == "CR2":
        eta = hotelling(fit, picks, groups[0])
    df2 = eta - q + 1
    if not df2 > 0:
        raise NotEstimable(
            Said("linear.clusters_too_few_test_terms_together", q=q), Said("linear.more_clusters_fewer_terms")
        )
    factor = df2 / (eta * q) if errors == "CR2" else 1 / q
    rule = _rule(errors, groups)
    return joint(form * factor, q, float(df2), rule=rule)


def label_codes(labels: NDArray[Any], n: int) -> Group:
    """Return group numbers and their count for labels, shape (n,), refusing missing labels.

    Examples
    --------
    >>> codes, count = label_codes(np.array(["b", "a", "b"]), 3)
    >>> codes.tolist(), count
    ([1, 0, 1], 2)
    """
    labels = np.asarray(labels)
    if labels.shape != (n,):
        raise UsageError(f"labels have shape {labels.shape}; expected ({n},)")
    if pd.isna(labels).any():
        raise NotEstimable(Said("linear.some_units_have_no_block_cluster"), Said("linear.block_cluster_each_unit"))
    try:
        return cluster_codes(labels)
    except TypeError as error:
        raise UsageError("labels of blocks or clusters must be of one kind, all numbers or all text") from error


def group_codes(labels: NDArray[Any], n: int) -> Group:
    """Return cluster numbers and their count for labels, shape (n,), refusing missing labels and a single cluster.

    Examples
    --------
    >>> codes, count = group_codes(np.array([7, 7, 9]), 3)
    >>> codes.tolist(), count
    ([0, 0, 1], 2)
    """
    codes, count = label_codes(labels, n)
    if count < 2:
        raise NotEstimable(Said("linear.all_observations_lie_one_cluster"), Said("checks.least_two_clusters_each_arm"))
    return codes, count


def _groups(fit: Fit, errors: str, clusters: Sequence[NDArray[Any]]) -> list[Group]:
    """Return the codes and number of clusters in each direction, refusing a rule that does not go with them."""
    rules = ("classical", *ROBUST, *CLUSTERED)
    if errors not in rules:
        raise UsageError(f"unknown standard error {errors}; known: {', '.join(rules)}")
    two_ways = errors in ("CR0", "CR1")
    at_most = 0
    if errors in CLUSTERED:
        at_most = 2 if two_ways else 1
    n_arrays = len(clusters)
    if n_arrays > at_most or (at_most and not clusters):
        wanted = f"1 to {at_most}" if at_most else "no"
        raise UsageError(f"{errors} takes {wanted} arrays of clusters; got {n_arrays}")
    return [group_codes(labels, fit.n) for labels in clusters]


def _rule(errors: str, groups: list[Group]) -> Said:
    """Return the name of the standard error, and whether it is clustered two ways."""
    rule = Said("rule.classical") if errors == "classical" else Said("rule.named", name=errors)
    return Said("rule.two_way", rule=rule) if len(groups) == 2 else rule


def _df(fit: Fit, groups: list[Group]) -> float:
    """Return ``G − 1`` of the direction with fewest clusters, or ``n − k`` without clusters."""
    if not groups:
        return float(fit.n - fit.k)
    fewest = min(count for _, count in groups)
    return float(fewest - 1)


def _root(variance: float, scale: float, ways: int) -> float:
    """Return the error, zero where the variance is within rounding of the scale of what was summed."""
    if ways == 2 and variance <= 0:
        raise NotEstimable(
            Said("linear.two_way_clustered_variance_not_positive"), Said("linear.more_clusters_both_directions")
        )
    rounding = (ROUNDING * scale) ** 2
    if variance > rounding:
        return math.sqrt(variance)
    return 0.0


def _refuse_exact_fit(fit: Fit) -> None:
    """Refuse residuals within rounding of zero: their variance would be noise."""
    weights, residuals = fit.weights, fit.residuals
    fitted = fit.matrix @ fit.params
    outcome = fitted + residuals
    squares = np.sum(weights * residuals**2)
    total = np.sum(weights * outcome**2)
    rounding = ROUNDING**2 * total
    if squares <= rounding:
        raise NotEstimable(Said("linear.columns_fit_outcome_exactly"), Said("linear.outcome_varies_among_units_alike"))


def _refuse_single_support(fit: Fit, vector: Floats, groups: list[Group]) -> None:
    """Refuse a combination that is not identified without one of the clusters (or rows)."""
    rotation = np.linalg.cholesky(fit.bread)
    direction = rotation.T @ vector
    length = np.linalg.norm(direction)
    rows = np.arange(fit.n)
    certain = 1 - SINGULAR
    for codes, count in groups or [(rows, fit.n)]:
        leverage = cluster_sums(fit.leverage, codes, count)
        # Directions that a cluster alone supports have an eigenvalue of one, so its leverage is at least one.
        for heavy in np.flatnonzero(leverage >= certain):
            z = weighted_rotated(fit, codes == heavy, rotation)
            values, vectors = np.linalg.eigh(z.T @ z)
            supported = vectors[:, values > certain]
            share = np.linalg.norm(supported.T @ direction)
            if share > 1e-6 * length:
                raise _rests_on_one(clustered=bool(groups))


def _rests_on_one(*, clustered: bool) -> NotEstimable:
    """Return the refusal of an estimate that one cluster, or one observation, supports alone."""
    if clustered:
        return NotEstimable(Said("linear.rests_on_one_cluster"), Said("checks.least_two_clusters_each_arm"))
    return NotEstimable(Said("linear.rests_on_one_observation"), Said("linear.two_observations_each_arm"))


def _covariance(fit: Fit, errors: str, groups: list[Group]) -> Floats:
    """Return the covariance of the coefficients, shape (k, k)."""
    bread = fit.bread
    if errors == "classical":
        weighted = fit.weights * fit.residuals**2
        squares = np.sum(weighted)
        df = fit.n - fit.k
        return floats(bread * squares / df)
    if not groups:
        factors = _hc_factor(fit, errors)
        roots = np.sqrt(factors)
        scores = _scores(fit) * roots[:, None]
        meat = scores.T @ scores
        return floats(bread @ meat @ bread)
    by_direction = [_clustered(fit, errors, *group) for group in groups]
    if len(groups) == 1:
        return by_direction[0]
    # Two ways: V₁ + V₂ − V₁₂ (Cameron, Gelbach and Miller).
    (first, _), (second, count) = groups
    crossed = cluster_codes(first * count + second)
    return by_direction[0] + by_direction[1] - _clustered(fit, errors, *crossed)


def _scores(fit: Fit) -> Floats:
    """Return ``w_i x_i e_i``, shape (n, k)."""
    weighted = fit.weights * fit.residuals
    return floats(fit.matrix * weighted[:, None])


def _hc_factor(fit: Fit, errors: str) -> Floats:
    """Return what each squared residual is multiplied by, shape (n,)."""
    if errors == "HC0":
        return np.full(fit.n, 1.0)
    if errors == "HC1":
        return np.full(fit.n, fit.n / (fit.n - fit.k))
    # A row of leverage one has no residual: its factor is zero, not infinite.
    free = 1 - fit.leverage
    remaining = np.where(fit.leverage < 1 - SINGULAR, free, math.inf)
    # HC2 divides by 1 − h, HC3 by (1 − h)² (MacKinnon and White)
    power = remaining if errors == "HC2" else remaining**2
    inverse = 1 / power
    return floats(inverse)


def _clustered(fit: Fit, errors: str, codes: Ints, count: int) -> Floats:
    """Return ``L (Σ_g s_g s_g') L'`` with ``LL' = (X'WX)⁻¹``, shape (k, k), for clusters in one direction."""
    rotation = np.linalg.cholesky(fit.bread)
    if errors == "CR2":
        adjusted_rows = adjusted(fit, codes, count)
        rows = adjusted_rows * fit.residuals[:, None]
        scores = cluster_sums(rows, codes, count)
    elif errors == "CR3":
        scores = jackknifed(fit, codes, count)
    else:
        scores = cluster_sums(_scores(fit), codes, count) @ rotation
    meat = scores.T @ scores
    factor = _cr1_factor(fit, count) if errors == "CR1" else 1.0
    covariance = rotation @ meat @ rotation.T
    return floats(factor * covariance)


def _cr1_factor(fit: Fit, count: int) -> float:
    """Return ``G/(G−1) · (n−1)/(n−k)``."""
    return count / (count - 1) * (fit.n - 1) / (fit.n - fit.k)


def _quadratic_form(params: Floats, variance: Floats) -> float:
    """Return ``b'V⁻¹b``, refusing a variance without inverse whatever the units of the coefficients."""
    variances = np.maximum(np.diag(variance), 0.0)
    scale = np.sqrt(variances)
    units = np.outer(scale, scale)
    if np.any(scale == 0) or np.linalg.eigvalsh(variance / units)[0] < SINGULAR:
        raise NotEstimable(
            Said("linear.terms_joint_variance_has_no_inverse"), Said("linear.more_clusters_fewer_terms_test")
        )
    correlation = variance / units
    scaled = params / scale
    solved = np.linalg.solve(correlation, scaled)
    return float(scaled @ solved)
