"""Who gets the programme, given what was seen before: the propensity score, and whether the arms overlap.

Stands between the raw arrays and :mod:`impact.statistics.observational.weighting` and
:mod:`impact.statistics.observational.matching`, which both start from the score. Nothing is trimmed or dropped here:
what cannot be fitted is refused, with the reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import linalg, optimize, special

from impact.errors import NotEstimable
from impact.statistics.core import Floats, Ints, cluster_codes
from impact.words.said import Remark, Said, Text

Bools = NDArray[np.bool_]
Estimand = Literal["ATT", "ATE"]
COLLINEAR = 1e-9
FLAT = 1e-12
EXTREME = 15.0
CRUMP = 0.1
TIE = 1e-10


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
        Shape (n,), 0 or 1.
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
    """
    arm, x = arms(treated), covariates(matrix, names)
    same_length(arm, x)
    enough_units(len(arm), x.shape[1] + 1)
    z, s = design(x, names), known_weights(weights, len(arm))
    _refuse_single_separation(arm, x, names)
    theta = _newton(arm, z, s)
    if theta is None or np.max(np.abs(z @ theta)) > EXTREME:
        _refuse_joint_separation(arm, z, names)
    if theta is None:
        raise NotEstimable(
            Said("observational.propensity_model_did_not_converge"), Said("observational.fewer_less_extreme_covariates")
        )
    p = special.expit(z @ theta)
    if np.any(p <= 0) or np.any(p >= 1):
        raise NotEstimable(
            Said("observational.fitted_probabilities_0_or_1"),
            Said("observational.units_both_arms_like_covariates"),
        )
    back = _to_original_units(x)
    return Logit(("intercept", *names), back @ theta, p, _influence(arm, z, s, p=p) @ back.T)


def _influence(arm: Bools, z: Floats, s: Floats, *, p: Floats) -> Floats:
    information = (z * (s * p * (1 - p))[:, None]).T @ z
    return np.asarray(np.linalg.solve(information, (z * (s * (arm - p))[:, None]).T).T)


def _to_original_units(x: Floats) -> Floats:
    back = np.diag(np.concatenate(([1.0], 1 / x.std(axis=0))))
    back[0, 1:] = -x.mean(axis=0) / x.std(axis=0)
    return back


def _newton(arm: Bools, z: Floats, s: Floats) -> Floats | None:
    theta = np.zeros(z.shape[1])
    for _ in range(100):
        p = special.expit(z @ theta)
        score, information = z.T @ (s * (arm - p)), (z * (s * p * (1 - p))[:, None]).T @ z
        if np.linalg.cond(information) > 1 / np.finfo(float).eps:
            return None
        step = np.asarray(np.linalg.solve(information, score), dtype=np.float64)
        if score @ step < 1e-20 * s.sum():
            return np.asarray(theta + step)
        theta = _halved(arm, z, s, theta=theta, step=step)
    return None


def _halved(arm: Bools, z: Floats, s: Floats, *, theta: Floats, step: Floats) -> Floats:
    now = _log_likelihood(arm, z @ theta, s)
    for _ in range(30):
        if _log_likelihood(arm, z @ (theta + step), s) >= now - 1e-12 * abs(now):
            break
        step = step / 2
    return np.asarray(theta + step)


def _log_likelihood(arm: Bools, eta: Floats, s: Floats) -> float:
    return float(np.sum(s * (arm * eta - np.logaddexp(0, eta))))


def _refuse_single_separation(arm: Bools, x: Floats, names: Sequence[Text]) -> None:
    high = x[arm].min(axis=0) >= x[~arm].max(axis=0)
    low = x[arm].max(axis=0) <= x[~arm].min(axis=0)
    found = [name for name, one in zip(names, high | low, strict=True) if one]
    if found:
        raise _separated(found[:1])


def _refuse_joint_separation(arm: Bools, z: Floats, names: Sequence[Text]) -> None:
    """Raise if some combination of covariates is never higher in one arm than in the other."""
    signed = np.where(arm, 1.0, -1.0)[:, None] * z
    solution = optimize.linprog(-signed.sum(axis=0), A_ub=-signed, b_ub=np.zeros(len(z)), bounds=(-1, 1))
    direction = np.zeros(z.shape[1]) if solution.x is None else np.asarray(solution.x)
    margins = signed @ direction
    if margins.max() > 1e-4 and margins.min() > -1e-6:
        raise _separated([name for name, b in zip(names, direction[1:], strict=True) if abs(b) > 1e-6])


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
        Shape (n,), 0 or 1.
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
    """
    arm, p = arms(treated), scores(probabilities)
    same_length(arm, p)
    w = propensity_weights(p, arm, estimand=estimand, weights=weights)
    (low1, high1), (low0, high0) = (_range(p[arm]), _range(p[~arm]))
    return Overlap(
        (low1, high1),
        (low0, high0),
        float(np.mean((p[arm] < low0) | (p[arm] > high0))),
        float(np.mean((p[~arm] < low1) | (p[~arm] > high1))),
        float(np.mean((p < CRUMP) | (p > 1 - CRUMP))),
        effective_size(w[arm]),
        effective_size(w[~arm]),
        float(w[arm].max() / w[arm].sum()),
        float(w[~arm].max() / w[~arm].sum()),
    )


def propensity_weights(
    probabilities: ArrayLike, treated: ArrayLike, *, estimand: Estimand, weights: ArrayLike | None = None
) -> Floats:
    """Return each unit's weight: 1 and p/(1−p) for the ATT, 1/p and 1/(1−p) for the ATE, times its sampling weight."""
    arm, p = arms(treated), scores(probabilities)
    ratio = np.where(arm, 1.0, p / (1 - p)) if known_estimand(estimand) == "ATT" else 1 / np.where(arm, p, 1 - p)
    return np.asarray(ratio * known_weights(weights, len(arm)))


def effective_size(weights: Floats) -> float:
    """Return Kish's effective sample size ``(Σw)² / Σw²``."""
    return float(weights.sum() ** 2 / np.sum(weights**2))


def _range(values: Floats) -> tuple[float, float]:
    return float(values.min()), float(values.max())


def known_estimand(estimand: Estimand) -> Estimand:
    """Return the estimand, or refuse one that is neither ATT nor ATE."""
    if estimand not in ("ATT", "ATE"):
        raise NotEstimable(
            Said("observational.estimand_not_known", estimand=repr(estimand)), Said("observational.att_ate")
        )
    return estimand


def arms(treated: ArrayLike) -> Bools:
    """Return who is treated as booleans, shape (n,); refuse anything but 0 and 1 or an arm of fewer than two."""
    values = np.asarray(treated, dtype=np.float64)
    if values.ndim != 1 or not np.all(np.isin(values, (0.0, 1.0))):
        raise NotEstimable(
            Said("observational.arm_missing_not_0_1_some_units"), Said("observational.arm_0_1_each_unit")
        )
    arm: Bools = np.asarray(values == 1)
    if min(arm.sum(), (~arm).sum()) < 2:
        raise NotEstimable(
            Said("observational.treated_comparison_units", treated=int(arm.sum()), comparison=int((~arm).sum())),
            Said("experiments.least_two_each_arm"),
        )
    return arm


def scores(probabilities: ArrayLike) -> Floats:
    """Return propensity scores as floats, shape (n,); refuse values not strictly between 0 and 1."""
    p = np.asarray(probabilities, dtype=np.float64)
    if not np.all((p > 0) & (p < 1)):
        raise NotEstimable(
            Said("observational.propensity_score_missing_0_1"), Said("observational.scores_strictly_between_0_1")
        )
    return p


def covariates(matrix: ArrayLike, names: Sequence[Text]) -> Floats:
    """Return covariates as floats, shape (n, k); refuse missing values and a count of names that does not fit."""
    x = np.asarray(matrix, dtype=np.float64)
    if x.ndim != 2 or x.shape[1] != len(names) or not len(names):
        raise NotEstimable(Said("observational.no_matrix_with_names"), Said("observational.least_one_covariate"))
    missing = [name for name, column in zip(names, x.T, strict=True) if not np.isfinite(column).all()]
    if missing:
        raise NotEstimable(Said("statistics.not_finite", names=missing), Said("observational.complete_covariates"))
    return x


def outcomes(outcome: ArrayLike) -> Floats:
    """Return outcomes as floats, shape (n,); refuse missing values."""
    y = np.asarray(outcome, dtype=np.float64)
    if y.ndim != 1 or not np.isfinite(y).all():
        raise NotEstimable(
            Said("observational.outcome_missing_infinite_some_units"), Said("observational.complete_outcome")
        )
    return y


def known_weights(weights: ArrayLike | None, n: int) -> Floats:
    """Return sampling weights as floats, shape (n,), ones if None; refuse missing or non-positive ones."""
    s = np.ones(n) if weights is None else np.asarray(weights, dtype=np.float64)
    if s.shape != (n,) or not np.all(np.isfinite(s) & (s > 0)):
        raise NotEstimable(
            Said("observational.weight_missing_infinite_not_positive"),
            Said("observational.one_positive_weight_per_unit"),
        )
    return s


def arm_clusters(clusters: NDArray[np.generic], arm: Bools) -> tuple[Ints, int]:
    """Return cluster numbers and their count; refuse missing labels and arms within one cluster."""
    labels = np.asarray(clusters)
    same_length(labels, arm)
    if bool(pd.isna(labels).any()):
        raise NotEstimable(Said("observational.cluster_missing_some_units"), Said("observational.cluster_each_unit"))
    codes, n_clusters = cluster_codes(labels)
    for side, code in (
        (arm, "observational.treated_in_one_cluster"),
        (~arm, "observational.comparison_in_one_cluster"),
    ):
        if len(np.unique(codes[side])) < 2:
            raise NotEstimable(Said(code), Said("checks.least_two_clusters_each_arm"))
    return codes, n_clusters


def same_length(*arrays: NDArray[np.generic]) -> None:
    """Refuse arrays that are not about the same number of units."""
    if len({len(one) for one in arrays}) > 1:
        raise NotEstimable(
            Said("observational.outcome_arm_covariates_differ_length"), Said("experiments.one_value_each_per_unit")
        )


def key_order(key: NDArray[np.generic]) -> Ints:
    """Return the rows in the order of their keys; refuse missing or repeated keys."""
    labels = np.asarray(key)
    if bool(pd.isna(labels).any()) or len(np.unique(labels)) < len(labels):
        raise NotEstimable(
            Said("observational.key_missing_stands_two_units"), Said("observational.different_key_each_unit")
        )
    return np.asarray(np.argsort(labels, kind="stable"), dtype=np.int64)


def dense_ranks(values: Floats) -> Ints:
    """Return ranks 0, 1, … in which values closer than the tie tolerance are equal."""
    order = np.argsort(values, kind="stable")
    ranks = np.empty(len(values), dtype=np.int64)
    ranks[order] = np.concatenate(([0], np.cumsum(np.diff(values[order]) > TIE)))
    return ranks


@dataclass(frozen=True)
class Among:
    """Among whom a regression is fitted: after a count of units, and after what is found there."""

    units: Said
    there: Remark


ALL = Among(Said("observational.in_all"), "")
TREATED = Among(Said("observational.among_treated"), Said("observational.among_treated"))
COMPARISON = Among(Said("observational.among_those_compared"), Said("observational.among_comparison_units"))
MATCHES = Among(Said("observational.among_matches"), Said("observational.among_matches"))


def enough_units(n: int, n_params: int, among: Among = ALL) -> None:
    """Refuse a regression with no more units than parameters."""
    if n <= n_params:
        raise NotEstimable(
            Said("observational.units_parameters", n=n, among=among.units, n_params=n_params),
            Said("observational.more_units_fewer_covariates"),
        )


def design(x: Floats, names: Sequence[Text], among: Among = ALL) -> Floats:
    """Return an intercept and the centred, scaled covariates, shape (n, k + 1); refuse constant or collinear ones."""
    scale, size = x.std(axis=0), np.abs(x).max(axis=0)
    flat = [name for name, one in zip(names, scale <= FLAT * size, strict=True) if one]
    if flat:
        found = _there(Said("observational.does_not_vary", names=flat), among)
        raise NotEstimable(found, Said("observational.leave_out_units_differ"))
    z = np.column_stack([np.ones(len(x)), (x - x.mean(axis=0)) / scale])
    dependent = _dependent(z, names)
    if dependent:
        found = _there(Said("observational.combination_of_others", names=dependent), among)
        raise NotEstimable(Said("observational.collinear", found=found), Said("observational.leave_out"))
    return z


def _there(found: Said, among: Among) -> Said:
    return Said("join.space", parts=(found, among.there)) if among.there else found


def _dependent(z: Floats, names: Sequence[Text]) -> list[Text]:
    """Return the covariates that are a linear combination of the intercept and those before them."""
    if len(z) < z.shape[1]:
        return [str(name) for name in names[len(z) - 1 :]]
    (r,) = linalg.qr(z, mode="r")
    small = np.abs(np.diag(r))[1:] <= COLLINEAR * np.sqrt(len(z))
    return [str(name) for name, one in zip(names, small, strict=True) if one]
