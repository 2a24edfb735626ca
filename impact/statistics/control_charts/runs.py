"""Runs about the median: whether a series is less mixed than chance would leave it, without any limits."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from impact.errors import NotEstimable
from impact.statistics.control_charts.chart import FEWEST_PERIODS, numbers
from impact.statistics.control_charts.rules import distances
from impact.words.said import Said


@dataclass(frozen=True)
class RunsAnalysis:
    """Runs about the median.

    Parameters
    ----------
    median
        In the unit of the values.
    n_useful
        Periods whose value is not the median.
    longest, longest_limit
        Longest run on one side, and the longest that is common variation.
    crossings, crossings_limit
        How often neighbours lie on different sides, and the fewest that are common variation.
    """

    median: float
    n_useful: int
    longest: int
    longest_limit: int
    crossings: int
    crossings_limit: int

    @property
    def signal(self) -> bool:
        """Whether the longest run is too long or crossings are too few."""
        return self.longest > self.longest_limit or self.crossings < self.crossings_limit


def runs_analysis(values: ArrayLike, *, fewest: int = FEWEST_PERIODS) -> RunsAnalysis:
    """Return the longest run about the median and the crossings of it, with Anhøj's limits.

    Parameters
    ----------
    values
        Shape (n,), one for each period in order; None or NaN breaks a run. Values on the median do not count.
    fewest
        Useful periods that are needed.

    Raises
    ------
    NotEstimable
        If there are fewer.

    Notes
    -----
    A run is too long above ``round(log2 n) + 3``; crossings are too few below the 5 % quantile of the binomial of the
    neighbours and 1/2 (n − 1 without gaps). Anhøj and Olesen (2014), https://doi.org/10.1371/journal.pone.0113825.

    Examples
    --------
    >>> found = runs_analysis([1, 2, 1, 2, 1, 2, 5, 6, 5, 6, 5, 6])
    >>> found.longest, found.longest_limit, found.crossings, found.crossings_limit, found.signal
    (6, 7, 1, 3, True)
    """
    periods = numbers(values)
    median = float(np.nanmedian(periods)) if not np.isnan(periods).all() else math.nan
    sides = np.sign(distances(periods, median, 1.0))
    useful = sides[sides != 0]
    n = int((~np.isnan(useful)).sum())
    if n < fewest:
        raise NotEstimable(
            Said("control_charts.too_few_periods", n=n), Said("control_charts.periods_needed", fewest=fewest)
        )
    neighbours = useful[1:] * useful[:-1]
    starts = np.flatnonzero(np.concatenate([[True], neighbours != 1]))
    lengths = np.diff(np.append(starts, len(useful)))
    longest = int(lengths[~np.isnan(useful[starts])].max())
    fewest_crossings = int(stats.binom.ppf(0.05, int((~np.isnan(neighbours)).sum()), 0.5))
    return RunsAnalysis(median, n, longest, round(math.log2(n)) + 3, int((neighbours == -1).sum()), fewest_crossings)
