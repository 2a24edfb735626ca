"""Who gets the programme, given what was seen before: the propensity score, and whether the arms overlap.

Stands between the raw arrays and :mod:`impact.statistics.observational.weighting` and
:mod:`impact.statistics.observational.matching`, which both start from the score. Nothing is trimmed or dropped here:
what cannot be fitted is refused, with the reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize, special

from impact.errors import NotEstimable
from impact.statistics.core import Floats, floats
from impact.statistics.observational.inputs import (
    Bools,
    Estimand,
    arms,
    covariates,
    design,
    enough_units,
    known_estimand,
    marked_names,
    same_length,
    sampling_weights,
    scores,
)
from impact.words.said import Said, Text

EXTREME = 15.0
CRUMP = 0.1


@dataclass(frozen=True)
class Logit:
    """A logistic regression of the arm on covariates.

    Parameters
    ----------
    names
        Intercept and covariates, in the order of ``params``.
    params
        Shape (k + 1,), log odds per unit of the covariate; the intercept first.
    probabilities
        Shape (n,), the fitted propensity score, strictly between 0 and 1.
    influence
        Shape (n, k + 1), each unit's influence on ``params``: ``params − truth ≈ Σ influence``.
    """

    names: tuple[Text, ...]
    params: Floats
    probabilities: Floats
    influence: Floats = field(repr=False, compare=False)


@dataclass(frozen=True)
class Overlap:
    """How far the two arms share the same range of propensity scores.

    Parameters
    ----------
    treated_range, comparison_range
        Lowest and highest score in the arm.
    treated_outside, comparison_outside
        Share of the arm whose score lies outside the range of the other arm.
    extreme
        Share of all units with a score below 0.1 or above 0.9 (Crump et al. 2009).
    treated_effective, comparison_effective
        Effective sample size of the arm under the weights of the estimand, ``(Σw)² / Σw²``.
    treated_largest, comparison_largest
        Largest share of its arm's weight that one unit holds.
    """

    treated_range: tuple[float, float]
    comparison_range: tuple[float, float]
    treated_outside: float
    comparison_outside: float
    extreme: float
    treated_effective: float
    comparison_effective: float
    treated_largest: float
    comparison_largest: float


def logit(treated: ArrayLike, matrix: ArrayLike, names: Sequence[Text], *, weights: ArrayLike | None = None) -> Logit:
    """Fit the propensity score by maximum likelihood.

    Parameters
    ----------
    treated
        Shape (n,): 1 for units that got the programme, 0 for those compared with them; two of each at least.
    matrix
        Shape (n, k), covariates without intercept, complete.
    names
        Shape (k,), the covariates' names, used in refusals.
    weights
        Shape (n,), sampling weights, positive; None for equal ones.

    Notes
    -----
    Newton's method with step halving on centred and scaled covariates, until the squared Newton decrement is below
    1e-20 of the sum of weights. Influence of unit i: ``H⁻¹ s_i (t_i − p_i) z_i`` with ``H = Σ s p (1 − p) z z'``.
    Separation is decided by a linear programme (Konis 2007), not by watching the iterations.

    Raises
    ------
    NotEstimable
        If an arm has fewer than two units, a covariate is missing, constant or collinear, or the covariates separate
        the arms, so that the maximum likelihood estimate does not exist.

    References
    ----------
    Albert and Anderson (1984), Biometrika 71(1). https://doi.org/10.1093/biomet/71.1.1
    Konis (2007), DPhil thesis, Oxford. https://ora.ox.ac.uk/objects/uuid:8f9ee0d0-d78e-4101-9ab4-f9cbceed2a2a

    Examples
    --------
    >>> x = np.array([[1.0], [2.0], [3.0], [4.0], [2.0], [3.0]])
    >>> logit([0, 0, 1, 1, 1, 0], x, ["age"]).probabilities.round(2).tolist()
    [0.11, 0.33, 0.67, 0.89, 0.33, 0.67]
    """
    arm, x = arms(treated), covariates(matrix, names)
    same_length(arm, x)
    n_parameters = x.shape[1] + 1
    enough_units(len(arm), n_parameters)
    z = design(x, names)
    s = sampling_weights(weights, len(arm))
    _refuse_single_separation(arm, x, names)
    theta = _newton(arm, z, s)
    diverged = theta is None or np.max(np.abs(z @ theta)) > EXTREME
    if diverged:
        # Does the estimate exist? Separation is a question of linear inequalities (Albert and Anderson; Konis)
        _refuse_joint_separation(arm, z, names)
    if theta is None:
        raise NotEstimable(
            Said("observational.propensity_model_did_not_converge"), Said("observational.fewer_less_extreme_covariates")
        )
    p = special.expit(z @ theta)
    certain = (p <= 0) | (p >= 1)
    if certain.any():
        raise NotEstimable(
            Said("observational.fitted_probabilities_0_or_1"),
            Said("observational.units_both_arms_like_covariates"),
        )
    back = _to_original_units(x)
    influence = _influence(arm, z, s, p=p)
    params = back @ theta
    return Logit(("intercept", *names), params, p, influence @ back.T)


def _influence(arm: Bools, z: Floats, s: Floats, *, p: Floats) -> Floats:
    """Return each unit's influence on the standardised coefficients: ``(Z'SP(1 − P)Z)⁻¹ z s (d − p)``."""
    unexplained = arm - p
    residuals = s * unexplained
    scores = z * residuals[:, None]
    information = _information(z, s, p)
    solved = np.linalg.solve(information, scores.T)
    return floats(solved.T)


def _information(z: Floats, s: Floats, p: Floats) -> Floats:
    """Return ``Z'SP(1 − P)Z``."""
    variances = s * p * (1 - p)
    weighted = z * variances[:, None]
    return floats(weighted.T @ z)


def _to_original_units(x: Floats) -> Floats:
    """Return the matrix that takes coefficients of standardised covariates to those of the covariates."""
    mean = x.mean(axis=0)
    scale = x.std(axis=0)
    factors = np.concatenate(([1.0], 1 / scale))
    back = np.diag(factors)
    back[0, 1:] = -mean / scale
    return back


def _newton(arm: Bools, z: Floats, s: Floats) -> Floats | None:
    """Maximise the likelihood; None if the information is singular or nothing converges."""
    theta = np.zeros(z.shape[1])
    for _ in range(100):
        p = special.expit(z @ theta)
        residuals = s * (arm - p)
        score = z.T @ residuals
        information = _information(z, s, p)
        largest = 1 / np.finfo(float).eps
        if np.linalg.cond(information) > largest:
            return None
        step = floats(np.linalg.solve(information, score))
        # The Newton decrement: twice what the likelihood can still gain
        decrement = score @ step
        if decrement < 1e-20 * s.sum():
            return np.asarray(theta + step)
        theta = _halved(arm, z, s, theta=theta, step=step)
    return None


def _halved(arm: Bools, z: Floats, s: Floats, *, theta: Floats, step: Floats) -> Floats:
    """Take a step, halved until the likelihood does not fall."""
    current = _log_likelihood(arm, z @ theta, s)
    for _ in range(30):
        eta = z @ (theta + step)
        rounding = 1e-12 * abs(current)
        if _log_likelihood(arm, eta, s) >= current - rounding:
            break
        step = step / 2
    return floats(theta + step)


def _log_likelihood(arm: Bools, eta: Floats, s: Floats) -> float:
    """Return ``Σ s (d η − log(1 + exp η))``."""
    normaliser = np.logaddexp(0, eta)
    terms = arm * eta - normaliser
    return float(np.sum(s * terms))


def _refuse_single_separation(arm: Bools, x: Floats, names: Sequence[Text]) -> None:
    """Raise if a covariate is never lower, or never higher, in one arm than in the other."""
    x1, x0 = x[arm], x[~arm]
    high = x1.min(axis=0) >= x0.max(axis=0)
    low = x1.max(axis=0) <= x0.min(axis=0)
    separating = marked_names(names, high | low)
    if separating:
        raise _separated(separating[:1])


def _refuse_joint_separation(arm: Bools, z: Floats, names: Sequence[Text]) -> None:
    """Raise if some combination of covariates is never higher in one arm than in the other."""
    signs = np.where(arm, 1.0, -1.0)
    signed = signs[:, None] * z
    # A direction in which no unit lies on the wrong side: maximise Σ ±z'b with every ±z'b ≥ 0
    zero = np.zeros(len(z))
    sums = signed.sum(axis=0)
    solution = optimize.linprog(-sums, A_ub=-signed, b_ub=zero, bounds=(-1, 1))
    direction = np.zeros(z.shape[1])
    if solution.x is not None:
        direction = np.asarray(solution.x)
    margins = signed @ direction
    never_against = margins.max() > 1e-4 and margins.min() > -1e-6
    if never_against:
        sizes = np.abs(direction[1:])
        raise _separated(marked_names(names, sizes > 1e-6))


def _separated(found: Sequence[Text]) -> NotEstimable:
    code = "observational.separates_arms" if len(found) == 1 else "observational.separate_arms_together"
    return NotEstimable(Said(code, names=found), Said("observational.like_values_or_leave_out"))


def overlap(
    probabilities: ArrayLike, treated: ArrayLike, *, estimand: Estimand, weights: ArrayLike | None = None
) -> Overlap:
    """Describe the overlap of the arms in the propensity score; nothing is trimmed.

    Parameters
    ----------
    probabilities
        Shape (n,), propensity scores strictly between 0 and 1.
    treated
        Shape (n,): 1 for units that got the programme, 0 for those compared with them.
    estimand
        ``ATT`` or ``ATE``: whose weights the effective sample sizes are about.
    weights
        Shape (n,), sampling weights; None for equal ones.

    Raises
    ------
    NotEstimable
        If a score is missing or not strictly between 0 and 1, or an arm has fewer than two units.

    References
    ----------
    Crump, Hotz, Imbens and Mitnik (2009), Biometrika 96(1). https://doi.org/10.1093/biomet/asn055
    Kish (1965), Survey Sampling, Wiley (effective sample size).

    Examples
    --------
    >>> result = overlap([0.5, 0.6, 0.4, 0.5], [1, 1, 0, 0], estimand="ATT")
    >>> result.treated_range, result.comparison_outside
    ((0.5, 0.6), 0.5)
    """
    arm, p = arms(treated), scores(probabilities)
    same_length(arm, p)
    w = propensity_weights(p, arm, estimand=estimand, weights=weights)
    p1, p0 = p[arm], p[~arm]
    w1, w0 = w[arm], w[~arm]
    low1, high1 = _range(p1)
    low0, high0 = _range(p0)
    outside1 = (p1 < low0) | (p1 > high0)
    outside0 = (p0 < low1) | (p0 > high1)
    extreme = (p < CRUMP) | (p > 1 - CRUMP)
    largest1, largest0 = w1.max() / w1.sum(), w0.max() / w0.sum()
    return Overlap(
        treated_range=(low1, high1),
        comparison_range=(low0, high0),
        treated_outside=float(np.mean(outside1)),
        comparison_outside=float(np.mean(outside0)),
        extreme=float(np.mean(extreme)),
        treated_effective=effective_size(w1),
        comparison_effective=effective_size(w0),
        treated_largest=float(largest1),
        comparison_largest=float(largest0),
    )


def propensity_weights(
    probabilities: ArrayLike, treated: ArrayLike, *, estimand: Estimand, weights: ArrayLike | None = None
) -> Floats:
    """Return each unit's weight: 1 and p/(1−p) for the ATT, 1/p and 1/(1−p) for the ATE, times its sampling weight.

    Examples
    --------
    >>> propensity_weights([0.5, 0.5, 0.2, 0.5], [1, 1, 0, 0], estimand="ATT").tolist()
    [1.0, 1.0, 0.25, 1.0]
    """
    arm, p = arms(treated), scores(probabilities)
    s = sampling_weights(weights, len(arm))
    unlikely = 1 - p
    odds = p / unlikely
    received = np.where(arm, p, unlikely)
    on_treated = known_estimand(estimand) == "ATT"
    ratio = np.where(arm, 1.0, odds) if on_treated else 1 / received
    return floats(ratio * s)


def effective_size(weights: Floats) -> float:
    """Return Kish's effective sample size ``(Σw)² / Σw²``.

    Examples
    --------
    >>> effective_size(np.array([1.0, 1.0, 1.0])), effective_size(np.array([1.0, 0.0, 0.0]))
    (3.0, 1.0)
    """
    total = weights.sum()
    squares = np.sum(weights**2)
    return float(total**2 / squares)


def _range(values: Floats) -> tuple[float, float]:
    return float(values.min()), float(values.max())
