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

MIN_EFFECTIVE = 10


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
    values = numbers(running, "the running variable", n)
    distance = values - cutoff
    y = numbers(outcome, "the outcome", n)
    constant = n == 0 or np.ptp(y) == 0
    if constant:
        raise NotEstimable("the outcome does not vary", "an outcome that varies")
    z = np.empty((n, 0))
    if covariates is not None:
        column = numbers(covariates, "a covariate", n)
        z = column.reshape(n, -1)
    take_up = None if received is None else numbers(received, "take-up", n)
    codes = None if clusters is None else _codes(clusters, n)
    return Observations(y, distance, z, codes, take_up)


def _codes(clusters: ArrayLike, n: int) -> Ints:
    labels = np.asarray(clusters)
    if len(labels) != n:
        raise UsageError(f"clusters has {len(labels)} rows, the running variable {n}")
    if np.any(pd.isna(labels)):
        raise NotEstimable("some observations have no cluster", "a cluster for every observation")
    return cluster_codes(labels)[0]


def refuse_empty_sides(rows: tuple[Ints, Ints], distance: Floats) -> None:
    """Refuse sides that are empty or nearly so."""
    for side, name in zip(rows, ("below", "at or above"), strict=True):
        needed = f"at least {MIN_EFFECTIVE} observations on each side"
        if not len(side):
            span = f"{distance.min():g} to {distance.max():g}"
            raise NotEstimable(f"nobody is {name} the cutoff (the running variable is {span} from it)", needed)
        if len(side) < MIN_EFFECTIVE:
            raise NotEstimable(f"only {len(side)} observations are {name} the cutoff", needed)


def observations_of(data: Observations, rows: NDArray[np.intp]) -> Side:
    """Return the observations of one side."""
    clusters = None if data.clusters is None else data.clusters[rows]
    outcome, distance = data.outcome[rows], data.distance[rows]
    return Side(outcome, distance, data.covariates[rows], clusters)
