"""Panels in which units start treatment at different times: the input of all estimators of staggered adoption.

Above it stand :mod:`impact.statistics.panels.staggered`, :mod:`impact.statistics.panels.imputation` and
:mod:`impact.statistics.panels.interacted`; what they must all agree on (who can be compared, clusters, errors) is here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from impact.errors import NotEstimable
from impact.statistics.core import Estimate, Floats, Ints, cluster_codes, influence_error, wald
from impact.words.said import Said, Text

Bools = NDArray[np.bool_]
NEVER = -1
NEGLIGIBLE = 1e-12
LONE_UNIT = "panels.cohort_in_one_unit", "panels.two_units_each_cohort"
LONE_CLUSTER = "panels.cohort_in_one_cluster", "panels.two_clusters_each_cohort"


@dataclass(frozen=True)
class Panel:
    """Outcomes of units over periods, with the time each unit was first treated.

    Parameters
    ----------
    outcome
        Shape (n, T), one row per unit and one column per period in order of time; NaN where missing.
    cohort
        Shape (n,): position (from 0) of the first treated period; −1 for units not treated in any of the T periods.
        Treatment is taken to last once started.
    covariates
        Shape (n, p): values from before treatment, or None.
    weights
        Shape (n,): positive sampling weights, or None.
    clusters
        Shape (n,): codes of a level above the unit, or None for errors clustered by unit.
    period_names, covariate_names
        Names of the T periods and p covariates, for messages; empty for their positions.

    Raises
    ------
    ValueError
        If shapes or cohort positions do not fit each other.
    NotEstimable
        If an outcome is infinite, a covariate is missing or infinite, or a weight is not positive.
    """

    outcome: Floats
    cohort: Ints
    covariates: Floats | None = None
    weights: Floats | None = None
    clusters: Ints | None = None
    period_names: tuple[str, ...] = ()
    covariate_names: tuple[Text, ...] = ()

    def __post_init__(self) -> None:
        outcome, cohort = self.outcome, self.cohort
        covariates, weights = self.covariates, self.weights
        wide = covariates is None or covariates.ndim == 2
        if outcome.ndim != 2 or not wide:
            raise ValueError("outcome must have shape (n units, T periods), covariates (n units, p)")
        n, n_periods = outcome.shape
        for values in (cohort, weights, self.clusters, covariates):
            if values is not None and len(values) != n:
                raise ValueError("cohort, covariates, weights and clusters must have one row per unit")
        outside = (cohort < NEVER) | (cohort >= n_periods)
        if outside.any():
            raise ValueError("cohort must be the position of a period, or −1 for units not treated in these periods")
        if np.isinf(outcome).any():
            raise NotEstimable(Said("panels.outcome_infinite"), Said("panels.finite_outcomes_leave_missing_one_empty"))
        if covariates is not None and not np.isfinite(covariates).all():
            raise NotEstimable(
                Said("panels.baseline_covariate_missing_infinite"), Said("panels.covariates_known_every_unit")
            )
        if weights is not None and not np.all(np.isfinite(weights) & (weights > 0)):
            raise NotEstimable(
                Said("panels.weight_missing_zero_negative_infinite"), Said("panels.positive_weight_every_unit")
            )

    def name(self, period: int) -> str:
        """Return the name of a period, or its position where periods have no names.

        Examples
        --------
        >>> Panel(np.zeros((2, 2)), np.array([1, -1]), period_names=("2019", "2020")).name(1)
        '2020'
        """
        return self.period_names[period] if self.period_names else f"at position {period}"

    @property
    def covariate_labels(self) -> tuple[Text, ...]:
        """Names of the covariates, or their number counted from 1 where they have none."""
        if self.covariate_names:
            return self.covariate_names
        if self.covariates is None:
            return ()
        count = self.covariates.shape[1]
        return tuple(f"covariate {number}" for number in range(1, count + 1))

    @property
    def unit_weights(self) -> Floats:
        """Shape (n,): the weights, one for every unit if there are none."""
        if self.weights is None:
            return np.ones(len(self.outcome))
        return self.weights


@dataclass(frozen=True)
class Clustering:
    """Which cluster each unit of the sample belongs to.

    Parameters
    ----------
    codes
        Shape (n,): cluster numbers; units left out carry 0 and have no influence. None if each unit is its own.
    count
        Clusters in the sample; units, if each is its own.
    """

    codes: Ints | None
    count: int


def comparison_window(panel: Panel, used: Bools, anticipation: int = 0, *, never_only: bool) -> tuple[Ints, int]:
    """Return the cohorts that have a comparison, and the number of first periods in which they have one.

    Raises
    ------
    NotEstimable
        If no unit is treated, or none is left to compare with.

    Examples
    --------
    >>> panel = Panel(np.zeros((3, 4)), np.array([1, 2, 3]))
    >>> cohorts, n_periods = comparison_window(panel, np.ones(3, dtype=bool), never_only=False)
    >>> cohorts.tolist(), n_periods
    ([1, 2], 3)
    """
    present = np.unique(panel.cohort[used])
    cohorts = present[present != NEVER]
    if not len(cohorts):
        raise NotEstimable(Said("panels.nobody_becomes_treated"), Said("panels.units_treated_later"))
    if present[0] == NEVER:
        return cohorts, panel.outcome.shape[1]
    if never_only:
        raise NotEstimable(Said("panels.every_unit_treated_some_time"), Said("panels.never_or_not_yet_treated"))
    n_periods = int(cohorts[-1]) - anticipation
    cohorts = cohorts[cohorts < n_periods]
    if not len(cohorts):
        raise NotEstimable(
            Said("panels.all_treated_at_the_same_time"),
            Said("panels.units_never_treated_treated_later"),
        )
    return cohorts, n_periods


def clustering_of(panel: Panel, used: Bools) -> Clustering:
    """Return the clusters of the units used.

    Examples
    --------
    >>> clustering_of(Panel(np.zeros((3, 2)), np.array([1, -1, -1])), np.array([True, True, False])).count
    2
    """
    if panel.clusters is None:
        return Clustering(None, int(used.sum()))
    used_codes, count = cluster_codes(panel.clusters[used])
    codes = np.zeros(len(used), dtype=np.int64)
    codes[used] = used_codes
    return Clustering(codes, count)


def n_spread(members: Bools, clustering: Clustering) -> int:
    """Return over how many clusters (units, if there are none) the members lie.

    Examples
    --------
    >>> n_spread(np.array([True, True, False]), Clustering(np.array([0, 0, 1]), 2))
    1
    """
    if clustering.codes is None:
        return int(members.sum())
    clusters = np.unique(clustering.codes[members])
    return len(clusters)


def wide_cohorts(panel: Panel, used: Bools) -> tuple[Bools, tuple[Said, ...]]:
    """Leave out cohorts within fewer than two units or clusters: nothing tells their own variation, and so the error.

    Returns
    -------
    tuple
        The units used, shape (n,), and each cohort left out, in words.

    Raises
    ------
    NotEstimable
        If no cohort is left; names one.
    """
    clustering = clustering_of(panel, used)
    wide, left_out = used.copy(), []
    one, needed = LONE_UNIT if clustering.codes is None else LONE_CLUSTER
    cohorts = np.setdiff1d(panel.cohort[used], NEVER)
    for cohort in cohorts:
        members = used & (panel.cohort == cohort)
        if n_spread(members, clustering) < 2:
            wide &= ~members
            name = panel.name(int(cohort))
            left_out.append(Said(one, cohort=name))
    if left_out and len(left_out) == len(cohorts):
        raise NotEstimable(Said("panels.so_no_error", found=left_out[0]), Said(needed))
    return wide, tuple(left_out)


def from_influence(
    value: float,
    influence: Floats,
    clustering: Clustering,
    *,
    rule: Said,
    n_obs: int,
    outcome: Floats,
    factor: float = 1.0,
    count: int | None = None,
) -> Estimate:
    """Return an estimate whose variance is ``factor`` times the sum of squared influences of units or clusters.

    The reference is t(G − 1) for G clusters, or units that are their own, in the sample; of these ``count`` where only
    some of them are compared.

    Raises
    ------
    NotEstimable
        If the error is zero up to the rounding of the outcome.
    """
    n_clusters = clustering.count if count is None else count
    error = influence_error(influence, clustering.codes, clustering.count)
    std_error = math.sqrt(factor) * error
    sizes = np.abs(outcome)
    largest = float(np.nanmax(sizes))
    rounding = NEGLIGIBLE * largest
    if not std_error > rounding:
        std_error = 0.0
    df = n_clusters - 1.0
    return wald(value, std_error, rule=rule, n_obs=n_obs, df=df, n_clusters=n_clusters, influence=influence)
