"""What comparisons by characteristics take: outcomes, arms, covariates, weights and keys, checked.

Every estimator of the family starts here; staggered adoption with covariates does too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import linalg

from impact.errors import NotEstimable
from impact.statistics.core import Floats, Group, Ints, cluster_codes, floats
from impact.words.said import Remark, Said, Text

Bools = NDArray[np.bool_]


Estimand = Literal["ATT", "ATE"]
COLLINEAR = 1e-9
FLAT = 1e-12
TIE = 1e-10


def known_estimand(estimand: Estimand) -> Estimand:
    """Return the estimand, or refuse one that is neither ATT nor ATE."""
    if estimand not in ("ATT", "ATE"):
        raise NotEstimable(
            Said("observational.estimand_not_known", estimand=repr(estimand)), Said("observational.att_ate")
        )
    return estimand


def arms(treated: ArrayLike) -> Bools:
    """Return who is treated as booleans, shape (n,); refuse anything but 0 and 1 or an arm of fewer than two.

    Examples
    --------
    >>> arms([1, 1, 0, 0]).tolist()
    [True, True, False, False]
    """
    values = floats(treated)
    zero_one = np.isin(values, (0.0, 1.0))
    if values.ndim != 1 or not zero_one.all():
        raise NotEstimable(
            Said("observational.arm_missing_not_0_1_some_units"), Said("observational.arm_0_1_each_unit")
        )
    arm: Bools = np.asarray(values == 1)
    treated_units, comparison_units = int(arm.sum()), int((~arm).sum())
    if min(treated_units, comparison_units) < 2:
        reason = Said("observational.treated_comparison_units", treated=treated_units, comparison=comparison_units)
        raise NotEstimable(reason, Said("experiments.least_two_each_arm"))
    return arm


def scores(probabilities: ArrayLike) -> Floats:
    """Return propensity scores as floats, shape (n,); refuse values not strictly between 0 and 1.

    Examples
    --------
    >>> scores([0.2, 0.9]).tolist()
    [0.2, 0.9]
    """
    p = floats(probabilities)
    inside = (p > 0) & (p < 1)
    if not inside.all():
        raise NotEstimable(
            Said("observational.propensity_score_missing_0_1"), Said("observational.scores_strictly_between_0_1")
        )
    return p


def covariates(matrix: ArrayLike, names: Sequence[Text]) -> Floats:
    """Return covariates as floats, shape (n, k); refuse missing values and a count of names that does not fit.

    Examples
    --------
    >>> covariates([[1], [2]], ["age"]).tolist()
    [[1.0], [2.0]]
    """
    x = floats(matrix)
    if x.ndim != 2 or x.shape[1] != len(names) or not len(names):
        raise NotEstimable(Said("observational.no_matrix_with_names"), Said("observational.least_one_covariate"))
    infinite = ~np.isfinite(x)
    incomplete: Bools = np.any(infinite, axis=0)
    missing = marked_names(names, incomplete)
    if missing:
        raise NotEstimable(Said("statistics.not_finite", names=missing), Said("observational.complete_covariates"))
    return x


def outcomes(outcome: ArrayLike) -> Floats:
    """Return outcomes as floats, shape (n,); refuse missing values.

    Examples
    --------
    >>> outcomes([1, 2]).tolist()
    [1.0, 2.0]
    """
    y = floats(outcome)
    finite = np.isfinite(y)
    if y.ndim != 1 or not finite.all():
        raise NotEstimable(
            Said("observational.outcome_missing_infinite_some_units"), Said("observational.complete_outcome")
        )
    return y


def sampling_weights(weights: ArrayLike | None, n: int) -> Floats:
    """Return sampling weights as floats, shape (n,), ones if None; refuse missing or non-positive ones.

    Examples
    --------
    >>> sampling_weights(None, 3).tolist()
    [1.0, 1.0, 1.0]
    """
    s = np.ones(n) if weights is None else floats(weights)
    positive = np.isfinite(s) & (s > 0)
    if s.shape != (n,) or not positive.all():
        raise NotEstimable(
            Said("observational.weight_missing_infinite_not_positive"),
            Said("observational.one_positive_weight_per_unit"),
        )
    return s


def arm_clusters(clusters: NDArray[np.generic], arm: Bools) -> Group:
    """Return cluster numbers and their count; refuse missing labels and arms within one cluster.

    Examples
    --------
    >>> codes, count = arm_clusters(np.array(["x", "y", "x", "y"]), np.array([True, True, False, False]))
    >>> codes.tolist(), count
    ([0, 1, 0, 1], 2)
    """
    labels = np.asarray(clusters)
    same_length(labels, arm)
    if bool(pd.isna(labels).any()):
        raise NotEstimable(Said("observational.cluster_missing_some_units"), Said("observational.cluster_each_unit"))
    codes, n_clusters = cluster_codes(labels)
    treated_alone, comparison_alone = "observational.treated_in_one_cluster", "observational.comparison_in_one_cluster"
    for side, code in ((arm, treated_alone), (~arm, comparison_alone)):
        clusters_of_arm = np.unique(codes[side])
        if len(clusters_of_arm) < 2:
            raise NotEstimable(Said(code), Said("checks.least_two_clusters_each_arm"))
    return codes, n_clusters


def same_length(*arrays: NDArray[np.generic]) -> None:
    """Refuse arrays that are not about the same number of units."""
    lengths = {len(array) for array in arrays}
    if len(lengths) > 1:
        raise NotEstimable(
            Said("observational.outcome_arm_covariates_differ_length"), Said("experiments.one_value_each_per_unit")
        )


def marked_names(names: Sequence[Text], marked: Bools) -> list[Text]:
    """Return the names of the covariates for which a mask, shape (k,), is true.

    Examples
    --------
    >>> marked_names(["age", "income"], np.array([False, True]))
    ['income']
    """
    return [name for name, is_marked in zip(names, marked, strict=True) if is_marked]


def key_order(key: NDArray[np.generic]) -> Ints:
    """Return the rows in the order of their keys; refuse missing or repeated keys.

    Examples
    --------
    >>> key_order(np.array(["c", "a", "b"])).tolist()
    [1, 2, 0]
    """
    labels = np.asarray(key)
    missing = bool(pd.isna(labels).any())
    order = None if missing else np.argsort(labels, kind="stable")
    if order is None or np.any(labels[order][1:] == labels[order][:-1]):
        raise NotEstimable(
            Said("observational.key_missing_stands_two_units"), Said("observational.different_key_each_unit")
        )
    return np.asarray(order, dtype=np.int64)


def dense_ranks(values: Floats) -> Ints:
    """Return ranks 0, 1, … in which values closer than the tie tolerance are equal.

    Examples
    --------
    >>> dense_ranks(np.array([0.3, 0.1, 0.3])).tolist()
    [1, 0, 1]
    """
    order = np.argsort(values, kind="stable")
    ranks = np.empty(len(values), dtype=np.int64)
    gaps = np.diff(values[order])
    steps = np.cumsum(gaps > TIE)
    ranks[order] = np.concatenate(([0], steps))
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
        reason = Said("observational.units_parameters", n=n, among=among.units, n_params=n_params)
        raise NotEstimable(reason, Said("observational.more_units_fewer_covariates"))


def design(x: Floats, names: Sequence[Text], among: Among = ALL) -> Floats:
    """Return an intercept and the centred, scaled covariates, shape (n, k + 1); refuse constant or collinear ones.

    Examples
    --------
    >>> design(np.array([[1.0], [3.0]]), ["age"]).tolist()
    [[1.0, -1.0], [1.0, 1.0]]
    """
    scale = x.std(axis=0)
    size = np.abs(x).max(axis=0)
    flat = marked_names(names, scale <= FLAT * size)
    if flat:
        reason = _there(Said("observational.does_not_vary", names=flat), among)
        raise NotEstimable(reason, Said("observational.leave_out_units_differ"))
    mean = x.mean(axis=0)
    standard = (x - mean) / scale
    ones = np.ones(len(x))
    z = np.column_stack([ones, standard])
    dependent = _dependent(z, names)
    if dependent:
        reason = _there(Said("observational.combination_of_others", names=dependent), among)
        raise NotEstimable(Said("observational.collinear", found=reason), Said("observational.leave_out"))
    return z


def _there(reason: Said, among: Among) -> Said:
    """Return a reason with among whom it holds."""
    return Said("join.space", parts=(reason, among.there)) if among.there else reason


def _dependent(z: Floats, names: Sequence[Text]) -> list[Text]:
    """Return the covariates that are a linear combination of the intercept and those before them."""
    n, k = z.shape
    if n < k:
        return list(names[n - 1 :])
    (r,) = linalg.qr(z, mode="r")
    diagonal = np.abs(np.diag(r))
    tolerance = COLLINEAR * np.sqrt(n)
    small = diagonal[1:] <= tolerance
    return marked_names(names, small)
