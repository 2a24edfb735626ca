"""Entropy balancing: weights of the comparison under which the means of the covariates equal those of the treated.

Stands on :mod:`impact.statistics.observational.inputs` and,
for the error, :mod:`impact.statistics.observational.weighting`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special

from impact.errors import NotEstimable
from impact.statistics.core import Estimate, Floats, floats
from impact.statistics.observational.inputs import (
    COMPARISON,
    arms,
    covariates,
    design,
    enough_units,
    marked_names,
    outcomes,
    same_length,
    sampling_weights,
)
from impact.statistics.observational.weighting import weighted_estimate
from impact.words.said import Said, Text

BALANCED = 1e-12
EXTREME = 20.0


def entropy_balance(
    outcome: ArrayLike,
    treated: ArrayLike,
    matrix: ArrayLike,
    names: Sequence[Text],
    *,
    weights: ArrayLike | None = None,
    clusters: NDArray[np.generic] | None = None,
) -> Estimate:
    """Estimate the ATT with comparison weights that balance the covariates' means exactly.

    Parameters
    ----------
    outcome, treated, matrix, names, weights, clusters
        As in :func:`impact.statistics.observational.weighting.ipw`. To balance squares or interactions, put them in
        ``matrix`` as columns.

    Notes
    -----
    With ``b`` the slopes of a regression of y on x among the comparison units under the balancing weights ``w``, the
    influence of a treated unit is ``(y − m₁ − b'(x − x̄₁))/n₁``, of a comparison unit ``−w (y − m₀ − b'(x − x̄₁))``.
    Consistent if the log odds of treatment or the comparison outcome is linear in x (Zhao and Percival 2017).

    Raises
    ------
    NotEstimable
        If no positive weights balance a moment (named), covariates are missing, constant or collinear among the
        comparison units, or an arm is found in fewer than two clusters.

    References
    ----------
    Hainmueller (2012), Political Analysis 20(1). https://doi.org/10.1093/pan/mpr025
    Zhao and Percival (2017), Journal of Causal Inference 5(1). https://doi.org/10.1515/jci-2016-0010

    Examples
    --------
    >>> x = np.array([[2.0], [3.0], [1.0], [2.0], [3.0], [4.0]])
    >>> outcome = np.array([4.0, 5.5, 1.0, 2.5, 3.0, 4.5])
    >>> round(entropy_balance(outcome, [1, 1, 0, 0, 0, 0], x, ["age"]).estimate, 3)
    2.0
    """
    y, arm, x = outcomes(outcome), arms(treated), covariates(matrix, names)
    same_length(y, arm, x)
    w = entropy_weights(treated, matrix, names, weights=weights)
    total1, total0 = w[arm].sum(), w[~arm].sum()
    top = np.where(arm, w, 0) / total1
    base = np.where(arm, 0, w) / total0
    # The weights move with the balanced means: subtract the regression of the outcome on them.
    balanced = top @ x
    scale = x[~arm].std(axis=0)
    z = (x - balanced) / scale
    mean_top, mean_base = top @ y, base @ y
    weighted = z * base[:, None]
    gram = weighted.T @ z
    deviations = base * (y - mean_base)
    slopes = np.linalg.solve(gram, z.T @ deviations)
    fitted = z @ slopes
    of_top = top * (y - mean_top - fitted)
    of_base = base * (y - mean_base - fitted)
    effect = float(mean_top - mean_base)
    rule = Said("rule.weights_estimated")
    return weighted_estimate(effect, of_top - of_base, arm, rule=rule, clusters=clusters)


def entropy_weights(
    treated: ArrayLike, matrix: ArrayLike, names: Sequence[Text], *, weights: ArrayLike | None = None
) -> Floats:
    """Return entropy balancing weights for the ATT, shape (n,).

    The treated keep their sampling weight (1 if None); comparison weights are the closest to the sampling weights in
    relative entropy under which all means equal those of the treated, and sum to the treated's total.

    Raises
    ------
    NotEstimable
        As :func:`entropy_balance`.

    Examples
    --------
    >>> x = np.array([[2.0], [3.0], [1.0], [2.0], [3.0], [4.0]])
    >>> w = entropy_weights([1, 1, 0, 0, 0, 0], x, ["age"])
    >>> round(float(w[2:] @ x[2:, 0] / w[2:].sum()), 6)
    2.5
    """
    arm, x = arms(treated), covariates(matrix, names)
    same_length(arm, x)
    s = sampling_weights(weights, len(arm))
    n_comparison = int((~arm).sum())
    n_moments = x.shape[1] + 1
    enough_units(n_comparison, n_moments, COMPARISON)
    target = np.average(x[arm], axis=0, weights=s[arm])
    comparison = x[~arm]
    _refuse_outside_range(comparison, target, names)
    design(comparison, names, COMPARISON)
    scale = comparison.std(axis=0)
    z = (comparison - target) / scale
    # The balance constraints in standard units: Σ w z = 0, Σ w = 1 (Hainmueller's reweighting scheme)
    tilted = _exponential_tilt(z, s[~arm])
    if tilted is None:
        raise _infeasible(z, names)
    total = s[arm].sum()
    result = s.copy()
    result[~arm] = tilted * total
    return result


def _exponential_tilt(z: Floats, s: Floats) -> Floats | None:
    """Return weights ``∝ s exp(z'λ)``, sum one, under which z has mean zero: Newton on the convex dual."""
    tilt = np.zeros(z.shape[1])
    for _ in range(200):
        exponents = z @ tilt + np.log(s)
        w = special.softmax(exponents)
        gradient = w @ z
        weighted = z * w[:, None]
        outer = np.outer(gradient, gradient)
        hessian = weighted.T @ z - outer
        imbalance = np.max(np.abs(gradient))
        if imbalance < BALANCED:
            diverging = np.ptp(z @ tilt) > EXTREME and _on_border(z)
            return None if diverging else np.asarray(w)
        largest = 1 / np.finfo(float).eps
        if np.linalg.cond(hessian) > largest:
            return None
        step = floats(np.linalg.solve(hessian, gradient))
        tilt = _descended(z, s, tilt, step=step, gradient=gradient)
    return None


def _on_border(z: Floats) -> bool:
    """Tell whether means of zero need some weight to be zero: the largest possible smallest weight is nil."""
    n, k = z.shape
    # Maximise t with w ≥ t: in v = w − t ≥ 0 the moments are Z'v + t Z'1 = 0, and the weights Σv + nt = 1
    moments = np.vstack([z.T, np.ones(n)])
    of_least = np.append(z.sum(axis=0), n)
    equal = np.column_stack([moments, of_least])
    cost = np.append(np.zeros(n), -1.0)
    goal = np.append(np.zeros(k), 1)
    solution = optimize.linprog(cost, A_eq=equal, b_eq=goal)
    return solution.x is None or solution.x[-1] * n < 1e-7


def _descended(z: Floats, s: Floats, tilt: Floats, *, step: Floats, gradient: Floats) -> Floats:
    """Take a step down the dual, halved until it falls enough (Armijo)."""
    current = _dual(z, s, tilt)
    slope = float(gradient @ step)
    for _ in range(40):
        limit = current - 1e-4 * slope + 1e-13 * abs(current)
        if _dual(z, s, tilt - step) <= limit:
            break
        step, slope = step / 2, slope / 2
    return floats(tilt - step)


def _dual(z: Floats, s: Floats, tilt: Floats) -> float:
    return float(special.logsumexp(z @ tilt, b=s))


def _refuse_outside_range(x: Floats, target: Floats, names: Sequence[Text]) -> None:
    """Refuse a mean of the treated that lies beyond all comparison units: no positive weights reach it."""
    lows, highs = x.min(axis=0), x.max(axis=0)
    columns = zip(names, target, lows, highs, strict=True)
    for name, value, low, high in columns:
        reachable = low < value < high
        if low < high and not reachable:
            reason = Said("observational.treated_mean_out_of_reach", name=name, value=value, low=low, high=high)
            raise NotEstimable(reason, Said("observational.units_on_both_sides"))


def _infeasible(z: Floats, names: Sequence[Text]) -> NotEstimable:
    """Name the moments that must stay unbalanced when the total imbalance is as small as it can be."""
    n, k = z.shape
    # Minimise Σ(u + v) with Z'w + u − v = 0 and Σw = 1, all non-negative
    weights, slacks = np.zeros(n), np.ones(2 * k)
    cost = np.concatenate([weights, slacks])
    identity = np.eye(k)
    moments = np.hstack([z.T, identity, -identity])
    total = np.concatenate([np.ones(n), np.zeros(2 * k)])
    goal = np.append(np.zeros(k), 1.0)
    equal = np.vstack([moments, total])
    solution = optimize.linprog(cost, A_eq=equal, b_eq=goal)
    slack = np.zeros(k)
    if solution.x is not None:
        over, under = solution.x[n : n + k], solution.x[n + k :]
        slack = over + under
    stuck = marked_names(names, slack > 1e-7) or list(names)
    reason = Said("observational.moments_not_balanced_together", names=stuck)
    return NotEstimable(reason, Said("observational.fewer_moments"))
