"""What comparisons by characteristics take: outcomes, arms, covariates, weights and keys, checked.

Every estimator of the family starts here; staggered adoption with covariates does too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import linalg

from impact.errors import NotEstimable
from impact.statistics.core import Floats, Group, Ints, cluster_codes, floats

Bools = NDArray[np.bool_]


Estimand = Literal["ATT", "ATE"]
COLLINEAR = 1e-9
FLAT = 1e-12
TIE = 1e-10


def known_estimand(estimand: Estimand) -> Estimand:
    """Return the estimand, or refuse one that is neither ATT nor ATE."""
    if estimand not in ("ATT", "ATE"):
        raise NotEstimable(f"the estimand {estimand!r} is not known", "ATT or ATE")
    return estimand


def arms(treated: ArrayLike) -> Bools:
    """Return who is treated as booleans, shape (n,); refuse anything but 0 and 1 or an arm of fewer than two."""
    values = floats(treated)
    if values.ndim != 1 or not np.all(np.isin(values, (0.0, 1.0))):
        raise NotEstimable("the arm is missing or not 0 or 1 for some units", "an arm, 0 or 1, for each unit")
    arm: Bools = np.asarray(values == 1)
    if min(arm.sum(), (~arm).sum()) < 2:
        raise NotEstimable(
            f"there are {int(arm.sum())} treated and {int((~arm).sum())} comparison units", "at least two in each arm"
        )
    return arm


def scores(probabilities: ArrayLike) -> Floats:
    """Return propensity scores as floats, shape (n,); refuse values not strictly between 0 and 1."""
    p = floats(probabilities)
    if not np.all((p > 0) & (p < 1)):
        raise NotEstimable("a propensity score is missing, 0 or 1", "scores strictly between 0 and 1")
    return p


def covariates(matrix: ArrayLike, names: Sequence[str]) -> Floats:
    """Return covariates as floats, shape (n, k); refuse missing values and a count of names that does not fit."""
    x = floats(matrix)
    if x.ndim != 2 or x.shape[1] != len(names) or not len(names):
        raise NotEstimable("there is no matrix of covariates with one name per column", "at least one covariate")
    incomplete: Bools = np.any(~np.isfinite(x), axis=0)
    missing = marked_names(names, incomplete)
    if missing:
        raise NotEstimable(f"{', '.join(missing)} has missing or infinite values", "complete covariates")
    return x


def outcomes(outcome: ArrayLike) -> Floats:
    """Return outcomes as floats, shape (n,); refuse missing values."""
    y = floats(outcome)
    if y.ndim != 1 or not np.isfinite(y).all():
        raise NotEstimable("the outcome is missing or infinite for some units", "a complete outcome")
    return y


def sampling_weights(weights: ArrayLike | None, n: int) -> Floats:
    """Return sampling weights as floats, shape (n,), ones if None; refuse missing or non-positive ones."""
    s = np.ones(n) if weights is None else floats(weights)
    if s.shape != (n,) or not np.all(np.isfinite(s) & (s > 0)):
        raise NotEstimable("a weight is missing, infinite or not positive", "one positive weight per unit")
    return s


def arm_clusters(clusters: NDArray[np.generic], arm: Bools) -> Group:
    """Return cluster numbers and their count; refuse missing labels and arms within one cluster."""
    labels = np.asarray(clusters)
    same_length(labels, arm)
    if bool(pd.isna(labels).any()):
        raise NotEstimable("the cluster is missing for some units", "a cluster for each unit")
    codes, n_clusters = cluster_codes(labels)
    for side, name in ((arm, "treated"), (~arm, "comparison")):
        if len(np.unique(codes[side])) < 2:
            raise NotEstimable(f"all {name} units are in one cluster", "at least two clusters in each arm")
    return codes, n_clusters


def same_length(*arrays: NDArray[np.generic]) -> None:
    """Refuse arrays that are not about the same number of units."""
    if len({len(array) for array in arrays}) > 1:
        raise NotEstimable("outcome, arm and covariates differ in length", "one value of each per unit")


def marked_names(names: Sequence[str], marked: Bools) -> list[str]:
    """Return the names of the covariates for which a mask, shape (k,), is true."""
    return [str(name) for name, is_marked in zip(names, marked, strict=True) if is_marked]


def key_order(key: NDArray[np.generic]) -> Ints:
    """Return the rows in the order of their keys; refuse missing or repeated keys."""
    labels = np.asarray(key)
    if bool(pd.isna(labels).any()) or len(np.unique(labels)) < len(labels):
        raise NotEstimable("a key is missing or stands for two units", "a different key for each unit")
    return np.asarray(np.argsort(labels, kind="stable"), dtype=np.int64)


def dense_ranks(values: Floats) -> Ints:
    """Return ranks 0, 1, … in which values closer than the tie tolerance are equal."""
    order = np.argsort(values, kind="stable")
    ranks = np.empty(len(values), dtype=np.int64)
    steps = np.diff(values[order]) > TIE
    ranks[order] = np.concatenate(([0], np.cumsum(steps)))
    return ranks


def enough_units(n: int, n_params: int, where: str) -> None:
    """Refuse a regression with no more units than parameters."""
    if n <= n_params:
        raise NotEstimable(f"there are {n} units {where} for {n_params} parameters", "more units or fewer covariates")


def design(x: Floats, names: Sequence[str], *, where: str = "") -> Floats:
    """Return an intercept and the centred, scaled covariates, shape (n, k + 1); refuse constant or collinear ones."""
    scale = x.std(axis=0)
    size = np.abs(x).max(axis=0)
    flat = marked_names(names, scale <= FLAT * size)
    if flat:
        raise NotEstimable(f"{', '.join(flat)} does not vary{where}", "leave it out, or units that differ in it")
    standard = (x - x.mean(axis=0)) / scale
    z = np.column_stack([np.ones(len(x)), standard])
    dependent = _dependent(z, names)
    if dependent:
        raise NotEstimable(
            f"{', '.join(dependent)} is a combination of the other covariates{where} (collinear)", "leave it out"
        )
    return z


def _dependent(z: Floats, names: Sequence[str]) -> list[str]:
    """Return the covariates that are a linear combination of the intercept and those before them."""
    if len(z) < z.shape[1]:
        return [str(name) for name in names[len(z) - 1 :]]
    (r,) = linalg.qr(z, mode="r")
    diagonal = np.abs(np.diag(r))[1:]
    small = diagonal <= COLLINEAR * np.sqrt(len(z))
    return marked_names(names, small)
