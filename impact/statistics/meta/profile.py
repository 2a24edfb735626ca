"""How sure τ² is: its interval by the profile of Q, on top of :mod:`impact.statistics.meta.between`."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import stats

from impact.errors import NotEstimable
from impact.statistics.core import CONFIDENCE, Floats
from impact.statistics.meta.between import q_root, studies, typical_variance
from impact.words.said import Said


@dataclass(frozen=True)
class SpreadInterval:
    """95 % intervals of the spread between studies.

    Parameters
    ----------
    tau2, tau, i2, h2
        Lower and upper end, of τ² and of what follows from it.
    """

    tau2: tuple[float, float]
    tau: tuple[float, float]
    i2: tuple[float, float]
    h2: tuple[float, float]


def spread_interval(estimates: Floats, std_errors: Floats) -> SpreadInterval:
    """Return the 95 % interval of τ² by the profile of Q.

    Notes
    -----
    The τ² at which Q meets the quantiles of χ²(k − 1): ``Q(low) = χ²_{1−α/2}``, ``Q(high) = χ²_{α/2}``; zero where Q is
    below already. It does not depend on the estimator of τ² (Viechtbauer 2007, https://doi.org/10.1002/sim.2514).

    Raises
    ------
    NotEstimable
        With fewer than two studies, or effects so alike that no τ² fits them: Q is below the lower quantile at zero.

    Examples
    --------
    >>> ends = spread_interval(np.array([0.2, 0.4, 0.6]), np.array([0.1, 0.1, 0.1]))
    >>> round(ends.tau2[0], 4), round(ends.tau2[1], 2)
    (0.0008, 1.57)
    """
    pooled = studies(estimates, std_errors)
    law = stats.chi2(pooled.df)
    low_q, high_q = float(law.ppf((1 - CONFIDENCE) / 2)), float(law.ppf((1 + CONFIDENCE) / 2))
    if float(pooled.at(np.zeros(1)).q[0]) < low_q:
        raise NotEstimable(Said("meta.too_alike_for_interval"), Said("meta.effects_that_differ_as_errors_say"))
    low, high = q_root(pooled, high_q), q_root(pooled, low_q)
    typical = typical_variance(pooled)
    shares = low / (low + typical), high / (high + typical)
    ratios = 1 + low / typical, 1 + high / typical
    return SpreadInterval((low, high), (math.sqrt(low), math.sqrt(high)), shares, ratios)
