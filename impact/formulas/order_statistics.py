"""The value of ``quantile``: between order statistics, with an interval by their ranks."""

from __future__ import annotations

import math

import numpy as np
from scipy import stats

from impact.formulas.measured import REACHED, SMALL_N, Measured, ValueCounts
from impact.statistics.core import CONFIDENCE, Floats
from impact.words.said import Said


def quantile_of_counts(counts: ValueCounts, q: float) -> Measured:
    """Return a quantile with its interval.

    Notes
    -----
    With weights it is the smallest value whose cumulated share reaches q, without interval; without, it interpolates
    between order statistics (type 7) and the interval is distribution-free: order statistics with binomial ranks
    (Conover 1999, Practical Nonparametric Statistics, 3.2). Under strata or clusters that interval would be wrong, so
    there is none.
    """
    if len(counts.values) == 0:
        return Measured(None, method=Said("values.no_rows_value"), flags=("no_data",))
    values = counts.values.astype(np.float64)
    upto = np.cumsum(counts.counts)
    if not counts.weighted:
        return _of_order_statistics(values, upto, q, designed=counts.designed)
    reached = q * upto[-1] * REACHED
    index = int(np.searchsorted(upto, reached))
    method = Said("values.weighted_quantile_no_interval")
    return Measured(float(values[index]), method=method, flags=("no_interval",))


def _of_order_statistics(values: Floats, upto: Floats, q: float, *, designed: bool) -> Measured:
    n = int(upto[-1])
    value = _interpolated(values, upto, q)
    flags = ("small_n",) if n < SMALL_N else ()
    if designed:
        method = Said("values.no_interval_under_sample_design")
        return Measured(value, method=method, flags=(*flags, "no_interval"))
    low, high = _ranks_of_interval(n, q)
    if low < 0 or high > n - 1:
        return Measured(value, method=Said("values.too_few_rows_interval"), flags=(*flags, "no_interval"))
    conf_low, conf_high = _at_rank(values, upto, low), _at_rank(values, upto, high)
    return Measured(value, None, conf_low, conf_high, None, Said("values.order_statistics"), flags)


def _interpolated(values: Floats, upto: Floats, q: float) -> float:
    """Return the quantile between the order statistics of the ranks around q (n − 1): type 7."""
    rank = q * (int(upto[-1]) - 1)
    floor = math.floor(rank)
    ceiling = math.ceil(rank)
    lower = _at_rank(values, upto, floor)
    upper = _at_rank(values, upto, ceiling)
    return lower + (rank - floor) * (upper - lower)


def _ranks_of_interval(n: int, q: float) -> tuple[int, int]:
    """Return the ranks, from 0, of the order statistics that enclose the quantile with the set confidence."""
    tail = (1 - CONFIDENCE) / 2
    # how many of n values lie under the quantile is binomial with the share q
    fewest = stats.binom.ppf(tail, n, q)
    most = stats.binom.ppf(1 - tail, n, q)
    return int(fewest) - 1, int(most)


def _at_rank(values: Floats, upto: Floats, rank: int) -> float:
    """Return the order statistic of a rank, counted from 0."""
    return float(values[np.searchsorted(upto, rank, side="right")])
