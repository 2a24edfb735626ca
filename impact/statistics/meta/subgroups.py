"""Studies in groups: the mean of each group, and whether the groups differ, with one τ² or with one for each."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from impact.errors import NotEstimable
from impact.statistics.core import Estimate, Floats, Ints, JointTest, floats, joint, wald
from impact.statistics.linear.sandwich import label_codes
from impact.statistics.meta.between import Method
from impact.statistics.meta.pooled import Interval, interval_rule, pool
from impact.statistics.meta.regression import MetaRegression, meta_regression
from impact.words.said import Said


@dataclass(frozen=True, eq=False)
class Subgroups:
    """Means of groups of studies.

    Parameters
    ----------
    levels, counts
        The groups in the order of their labels, and the studies of each.
    effects
        Mean effect of each group.
    tau2
        Shape (g,): variance of true effects within each group; the same for all, if it is common.
    difference
        Test that all groups have the same mean. With separate τ² always chi-squared, of the groups' model-based errors.
    common
        Whether one τ² stands for all groups.
    regression
        With a common τ²: the regression behind it, of the first group (its constant) and how others differ from it.
    """

    levels: tuple[str, ...]
    counts: tuple[int, ...]
    effects: tuple[Estimate, ...]
    tau2: Floats
    difference: JointTest
    common: bool
    regression: MetaRegression | None


def subgroups(
    estimates: Floats,
    std_errors: Floats,
    groups: NDArray[np.generic],
    *,
    common: bool = False,
    method: Method = "REML",
    interval: Interval = "adhoc",
) -> Subgroups:
    """Pool studies within groups, and test whether the groups differ.

    Parameters
    ----------
    estimates, std_errors
        Shape (k,): in the unit of the effects.
    groups
        Shape (k,): the group of each study.
    common
        One τ² for all groups (needs one study in a group) instead of one for each (needs two).
    method, interval
        As in :func:`~impact.statistics.meta.pooled.pool`.

    Notes
    -----
    Separate: ``Q = Σ w (m_g − m̄)²`` with ``w = 1/se_g²``, chi-squared with g − 1. Common: QM of a regression on the
    groups. The two give other p-values; a common τ² is steadier where groups are small (Borenstein & Higgins 2013,
    https://doi.org/10.1007/s11121-013-0377-7). That groups differ does not say why.

    Raises
    ------
    NotEstimable
        With one group, a study without one, a group of one study that needs its own τ², or as
        :func:`~impact.statistics.meta.pooled.pool`.

    Examples
    --------
    >>> y, errors = np.array([0.1, 0.3, 0.5, 0.9]), np.full(4, 0.1)
    >>> found = subgroups(y, errors, np.array(["rural", "rural", "urban", "urban"]))
    >>> [round(effect.estimate, 1) for effect in found.effects], round(found.difference.p_value, 3)
    ([0.2, 0.7], 0.025)
    """
    y, errors = floats(estimates), floats(std_errors)
    codes, _ = label_codes(groups, len(y))
    levels = np.unique(groups)
    if len(levels) < 2:
        raise NotEstimable(Said("meta.one_group"), Said("meta.two_groups"))
    if common:
        return _common(y, errors, levels, codes, method=method, interval=interval)
    return _separate(y, errors, levels, codes, method=method, interval=interval)


def _separate(
    y: Floats,
    errors: Floats,
    levels: NDArray[np.generic],
    codes: Ints,
    *,
    method: Method,
    interval: Interval,
) -> Subgroups:
    """Return the groups, each pooled on its own."""
    counts = np.bincount(codes)
    alone = [str(level) for level, count in zip(levels, counts, strict=True) if count < 2]
    if alone:
        raise NotEstimable(Said("meta.groups_of_one", names=alone), Said("meta.two_each_or_common"))
    members = [codes == code for code in range(len(levels))]
    found = [pool(y[rows], errors[rows], method=method, interval=interval) for rows in members]
    normal = [pool(y[rows], errors[rows], method=method, interval="z").effect for rows in members]
    means = np.array([effect.estimate for effect in normal])
    weights = np.array([effect.std_error**-2 for effect in normal])
    between = weights @ (means - weights @ means / weights.sum()) ** 2
    test = joint(float(between), len(levels) - 1, math.inf, rule=interval_rule(method, "z"))
    tau2 = floats([pooled.tau2 for pooled in found])
    effects = tuple(pooled.effect for pooled in found)
    return Subgroups(_texts(levels), tuple(counts.tolist()), effects, tau2, test, False, None)


def _common(
    y: Floats,
    errors: Floats,
    levels: NDArray[np.generic],
    codes: Ints,
    *,
    method: Method,
    interval: Interval,
) -> Subgroups:
    """Return the groups with one τ², by a regression on them."""
    names = _texts(levels)
    dummies = (codes[:, None] == np.arange(1, len(levels))).astype(np.float64)
    found = meta_regression(y, errors, dummies, names[1:], method=method, interval=interval)
    # A group's mean is a combination of coefficients: the constant, and its own difference
    picks = np.eye(len(levels))
    picks[:, 0] = 1
    params = np.array([coefficient.estimate for coefficient in found.coefficients])
    means = picks @ params
    spreads = np.sqrt(np.einsum("gi,ij,gj->g", picks, found.covariance, picks))
    df, rule = found.coefficients[0].df, found.coefficients[0].rule
    counts = np.bincount(codes).tolist()
    numbers = zip(means, spreads, counts, strict=True)
    effects = tuple(wald(mean, spread, rule=rule, n_obs=count, df=df) for mean, spread, count in numbers)
    tau2 = np.full(len(levels), found.spread.tau2)
    return Subgroups(names, tuple(counts), effects, tau2, found.moderators, True, found)


def _texts(levels: NDArray[np.generic]) -> tuple[str, ...]:
    """Return labels as texts."""
    return tuple(map(str, levels.tolist()))
