"""Differences in means of randomised designs: plain, adjusted for covariates, within blocks.

Stands on :mod:`impact.statistics.linear.least_squares` and :mod:`impact.statistics.linear.sandwich`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impact.errors import NotEstimable, UsageError
from impact.statistics.core import Estimate, Floats, cluster_sums, floats, wald
from impact.statistics.linear.least_squares import binary, check_finite, check_lengths, fit
from impact.statistics.linear.sandwich import ROUNDING, contrast, label_codes
from impact.words.said import Said, Text


def welch(outcome: Floats, treated: NDArray[Any]) -> Estimate:
    """Return the difference in means with Welch's standard error and degrees of freedom.

    Parameters
    ----------
    outcome
        Shape (n,), in any unit, without missing values.
    treated
        Shape (n,): 1 if assigned to treatment, 0 if not; two units of each at least.

    Returns
    -------
    Estimate
        Of the average effect in the sample, if treatment was assigned at random to units.

    Raises
    ------
    NotEstimable
        With missing values, fewer than two units in an arm, or no variation in both arms.

    Notes
    -----
    ``ȳ₁ − ȳ₀`` with ``√(s₁²/n₁ + s₀²/n₀)``, which is HC2, and Welch–Satterthwaite degrees of freedom.

    References
    ----------
    Welch (1947), https://doi.org/10.1093/biomet/34.1-2.28.

    Examples
    --------
    >>> estimate = welch(np.array([3.0, 5.0, 1.0, 3.0]), np.array([1, 1, 0, 0]))
    >>> estimate.estimate, round(estimate.std_error, 3), round(estimate.df, 1)
    (2.0, 1.414, 2.0)
    """
    outcome = floats(outcome)
    treated = binary(treated, Said("statistics.treatment"))
    check_lengths(len(treated), outcome=outcome)
    check_finite(outcome, Said("statistics.the_outcome"))
    is_treated = treated == 1
    y1, y0 = outcome[is_treated], outcome[~is_treated]
    n1, n0 = len(y1), len(y0)
    if min(n1, n0) < 2:
        raise NotEstimable(Said("experiments.arm_has_single_unit"), Said("experiments.least_two_units_each_arm"))
    # Neyman's variance s₁²/n₁ + s₀²/n₀
    v1 = float(np.var(y1, ddof=1)) / n1
    v0 = float(np.var(y0, ddof=1)) / n0
    error = math.sqrt(v1 + v0)
    # Below rounding of the outcome there is no error, and no degrees of freedom to give it.
    largest = float(np.abs(outcome).max())
    if error <= ROUNDING * largest:
        error, df = 0.0, 1.0
    else:
        # Welch–Satterthwaite: (v₁ + v₀)² / (v₁²/(n₁ − 1) + v₀²/(n₀ − 1))
        divisor = v1**2 / (n1 - 1) + v0**2 / (n0 - 1)
        df = (v1 + v0) ** 2 / divisor
    mean1, mean0 = float(y1.mean()), float(y0.mean())
    of_treated, of_comparison = (outcome - mean1) / n1, (mean0 - outcome) / n0
    influence = np.where(is_treated, of_treated, of_comparison)
    difference = mean1 - mean0
    return wald(difference, error, rule=Said("rule.named", name="HC2"), n_obs=len(outcome), df=df, influence=influence)


def lin(
    outcome: Floats,
    treated: NDArray[Any],
    covariates: Floats,
    names: Sequence[Text],
    *,
    weights: Floats | None = None,
    errors: str = "HC2",
    clusters: Sequence[NDArray[Any]] = (),
) -> Estimate:
    """Return the average effect adjusted for covariates that are interacted with treatment.

    Parameters
    ----------
    outcome, treated
        Shape (n,); ``treated`` is 0 or 1.
    covariates
        Shape (n, p), measured before treatment.
    names
        The p names of the covariates.
    weights
        Shape (n,): sampling weights; they also weight the means at which the covariates are centred.
    errors, clusters
        As in :func:`impact.statistics.linear.sandwich.contrast`. The error takes the centring means as fixed.

    Raises
    ------
    NotEstimable
        As :func:`impact.statistics.linear.least_squares.fit` and :func:`impact.statistics.linear.sandwich.contrast`.

    Notes
    -----
    Least squares of y on ``1, t, x − x̄, t(x − x̄)``; the coefficient of t. HC2 has ``n − 2 − 2p`` degrees of freedom.

    References
    ----------
    Lin (2013), https://doi.org/10.1214/12-AOAS583.

    Examples
    --------
    >>> x = np.arange(8.0)[:, None]
    >>> treated = np.array([0, 1, 0, 1, 1, 0, 1, 0])
    >>> outcome = 2 * treated + x[:, 0] + np.array([0.1, -0.1, -0.1, 0.1, -0.1, 0.1, 0.1, -0.1])
    >>> round(lin(outcome, treated, x, ["age"]).estimate, 2)
    2.0
    """
    treated = binary(treated, Said("statistics.treatment"))
    n = len(treated)
    covariates = floats(covariates)
    if covariates.ndim != 2 or covariates.shape != (n, len(names)):
        raise UsageError(f"covariates have shape {covariates.shape}; expected ({n}, {len(names)})")
    check_finite(covariates, Said("statistics.a_covariate"))
    check_lengths(n, weights=weights)
    if weights is not None:
        check_finite(weights, Said("statistics.the_weight"))
    # y on 1, t, x − x̄, t(x − x̄): centred, so that the coefficient of t is the effect at the mean of the covariates
    mean = np.average(covariates, axis=0, weights=weights)
    centred = covariates - mean
    interactions = treated[:, None] * centred
    ones = np.ones(n)
    matrix = np.column_stack([ones, treated, centred, interactions])
    interacted = [Said("experiments.times_treatment", name=name) for name in names]
    labels = ["_constant", "_treated", *names, *interacted]
    fitted = fit(outcome, matrix, labels, weights=weights)
    picked = np.eye(fitted.k)[1]
    return contrast(fitted, picked, errors=errors, clusters=clusters)


def blocked(
    outcome: Floats,
    treated: NDArray[Any],
    blocks: NDArray[Any],
    *,
    weights: Floats | None = None,
    errors: str = "HC2",
    clusters: Sequence[NDArray[Any]] = (),
) -> Estimate:
    """Return the average effect of a design randomised within blocks.

    Parameters
    ----------
    outcome, treated
        Shape (n,); ``treated`` is 0 or 1.
    blocks
        Shape (n,): labels of the blocks. The share treated may differ between them.
    weights
        Shape (n,): positive sampling weights; a block's share is then that of its weight. None for equal ones.
    errors, clusters
        As in :func:`impact.statistics.linear.sandwich.contrast`.

    Raises
    ------
    NotEstimable
        With fewer than two units (or clusters) in an arm of a block; the blocks are named. Pairs are such a case.

    Notes
    -----
    ``Σ_b (n_b/n)(ȳ_1b − ȳ_0b)``: the regression on block dummies interacted with treatment (Lin), not the one on
    plain block dummies, which weights blocks by ``n_b p_b(1 − p_b)``. HC2 without weights is
    ``√Σ (n_b/n)² (s²_1b/n_1b + s²_0b/n_0b)`` with ``n − 2B`` degrees of freedom.

    References
    ----------
    Imbens, Rubin (2015). Causal Inference, section 9.4. https://doi.org/10.1017/CBO9781139025751.
    Miratrix, Sekhon, Yu (2013), https://doi.org/10.1111/j.1467-9868.2012.01048.x.

    Examples
    --------
    >>> blocks = np.repeat(["a", "b"], 4)
    >>> outcome = np.array([3.0, 5.0, 1.0, 3.0, 6.0, 8.0, 2.0, 4.0])
    >>> round(blocked(outcome, np.array([1, 1, 0, 0, 1, 1, 0, 0]), blocks).estimate, 12)
    3.0
    """
    treated = binary(treated, Said("statistics.treatment"))
    codes, count = label_codes(blocks, len(treated))
    labels = np.asarray(blocks)
    thin, reason = thin_blocks(treated, labels, clusters)
    if thin:
        raise NotEstimable(reason, Said("experiments.larger_blocks"))
    # One mean for each block and arm; the effect is the difference in each block, weighted by the block's share.
    arm = treated.astype(np.int64)
    cell = codes + count * arm
    cells = np.eye(2 * count)[cell]
    names = [f"block {block}, arm {arm}" for arm in (0, 1) for block in range(count)]
    fitted = fit(outcome, cells, names, weights=weights)
    # Σ_b (n_b/n)(ȳ_1b − ȳ_0b) (Imbens and Rubin, section 9.4)
    total = fitted.weights.sum()
    of_blocks = cluster_sums(fitted.weights, codes, count)
    shares = of_blocks / total
    vector = np.concatenate([-shares, shares])
    return contrast(fitted, vector, errors=errors, clusters=clusters)


def thin_blocks(
    treated: NDArray[Any], blocks: NDArray[Any], clusters: Sequence[NDArray[Any]] = ()
) -> tuple[list[str], Said]:
    """Return the blocks with fewer than two units (or clusters) in an arm, and a sentence on them; arrays are (n,).

    Examples
    --------
    >>> thin_blocks(np.array([1, 1, 0, 0, 1, 0]), np.array(["a", "a", "a", "a", "b", "b"]))[0]
    ['b']
    """
    codes, count = label_codes(blocks, len(treated))
    is_treated = np.asarray(treated).astype(np.int64)
    cells = codes * 2 + is_treated
    thin: dict[int, None] = {}
    n = len(codes)
    directions = [np.asarray(labels) for labels in clusters] or [np.arange(n)]
    for units in directions:
        unit = label_codes(units, n)[0]
        columns = np.column_stack([cells, unit])
        pairs = np.unique(columns, axis=0)
        counts = np.bincount(pairs[:, 0], minlength=2 * count)
        fewest = counts.reshape(-1, 2).min(axis=1)
        few = np.flatnonzero(fewest < 2)
        thin |= dict.fromkeys(map(int, few))
    first_rows = [np.argmax(codes == block) for block in sorted(thin)]
    names = [str(blocks[row]) for row in first_rows]
    code = "experiments.thin_blocks_of_clusters" if clusters else "experiments.thin_blocks_of_units"
    more = " …" if len(names) > 10 else ""
    return names, Said(code, n=len(names), names=names[:10], more=more)
