"""The observations of a discontinuity design, checked and laid on the two sides of the cutoff.

:mod:`impact.statistics.discontinuity.jump` starts here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from impact.errors import NotEstimable, UsageError
from impact.statistics.core import Floats, Ints, cluster_codes
from impact.statistics.discontinuity.local_polynomial import (
    Side,
    numbers,
)
from impact.words.said import Said

MIN_EFFECTIVE = 10
BELOW, ABOVE = Said("discontinuity.below"), Said("discontinuity.at_or_above")


@dataclass(frozen=True)
class Observations:
    """Checked input; ``distance`` is the running variable less the cutoff."""

    outcome: Floats
    distance: Floats
    covariates: Floats
    clusters: Ints | None
    received: Floats | None


def checked_observations(
    outcome: ArrayLike,
    running: ArrayLike,
    cutoff: float,
    *,
    clusters: ArrayLike | None,
    covariates: ArrayLike | None,
    received: ArrayLike | None,
) -> Observations:
    """Return complete numeric arrays of one length."""
    n = len(np.asarray(running))
    values = numbers(running, Said("statistics.the_running_variable"), n)
    distance = values - cutoff
    y = numbers(outcome, Said("statistics.the_outcome"), n)
    constant = n == 0 or np.ptp(y) == 0
    if constant:
        raise NotEstimable(Said("statistics.outcome_does_not_vary"), Said("checks.outcome_varies"))
    z = np.empty((n, 0))
    if covariates is not None:
        column = numbers(covariates, Said("statistics.a_covariate"), n)
        z = column.reshape(n, -1)
    take_up = None if received is None else numbers(received, Said("statistics.take_up"), n)
    codes = None if clusters is None else _codes(clusters, n)
    return Observations(y, distance, z, codes, take_up)


def _codes(clusters: ArrayLike, n: int) -> Ints:
    """Return cluster numbers, shape (n,), refusing missing labels."""
    labels = np.asarray(clusters)
    n_rows = len(labels)
    if n_rows != n:
        raise UsageError(f"clusters has {n_rows} rows, the running variable {n}")
    missing = pd.isna(labels)
    if np.any(missing):
        raise NotEstimable(
            Said("discontinuity.some_observations_have_no_cluster"), Said("discontinuity.cluster_every_observation")
        )
    return cluster_codes(labels)[0]


def refuse_empty_sides(rows: tuple[Ints, Ints], distance: Floats) -> None:
    """Refuse sides that are empty or nearly so."""
    needed = Said("discontinuity.least_observations_each_side", least=MIN_EFFECTIVE)
    for members, side in zip(rows, (BELOW, ABOVE), strict=True):
        n = len(members)
        if n == 0:
            low, high = distance.min(), distance.max()
            raise NotEstimable(Said("discontinuity.nobody_on_side", side=side, low=low, high=high), needed)
        if n < MIN_EFFECTIVE:
            raise NotEstimable(Said("discontinuity.few_on_side", n=n, side=side), needed)


def observations_of(data: Observations, rows: NDArray[np.intp]) -> Side:
    """Return the observations of one side."""
    outcome, distance = data.outcome[rows], data.distance[rows]
    covariates = data.covariates[rows]
    clusters = data.clusters
    if clusters is not None:
        clusters = clusters[rows]
    return Side(outcome, distance, covariates, clusters)
