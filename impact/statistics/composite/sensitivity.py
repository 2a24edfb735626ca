"""What an index and its ranks owe to one indicator, or to one weight."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from impact.errors import NotEstimable
from impact.statistics.composite.means import shares_of
from impact.statistics.composite.scores import table_of
from impact.statistics.core import Floats, Ints, floats
from impact.statistics.ranking import Best, ranks_of
from impact.words.said import Said

Index = Callable[[Floats, Floats], Floats]
"""From scores, shape (n, k), and weights, shape (k,), to an index, shape (n,)."""


class Case(NamedTuple):
    """By what the weight of one indicator, counted from 0, was multiplied; 0 leaves it out."""

    indicator: int
    factor: float


@dataclass(frozen=True)
class Sensitivity:
    """An index under other weights.

    Parameters
    ----------
    index, ranks
        Shape (n,): with the declared weights.
    cases
        What was changed, one after the other.
    values, case_ranks
        Shape (cases, n): index and ranks of each case.
    low, high
        Shape (n,): smallest and largest value of a unit, the declared one among them.
    best_rank, worst_rank
        Shape (n,): likewise of its rank.
    """

    index: Floats
    ranks: Ints
    cases: tuple[Case, ...]
    values: Floats
    case_ranks: Ints
    low: Floats
    high: Floats
    best_rank: Ints
    worst_rank: Ints


def leave_one_out(
    index: Index, scores: ArrayLike, weights: ArrayLike | None = None, *, best: Best = "largest"
) -> Sensitivity:
    """Return the index without each of its indicators.

    Parameters
    ----------
    index
        How scores and weights become an index, such as :func:`impact.statistics.composite.geometric_mean`.
    scores
        Shape (n, k), k two or more.
    weights
        Shape (k,), zero or more; None: equal. The others take over the weight of the one left out in proportion.
    best
        Whether the largest or the smallest index has rank 1.

    Raises
    ------
    NotEstimable
        If there is one indicator or one unit only, or what the index refuses.

    Examples
    --------
    >>> from impact.statistics.composite import arithmetic_mean
    >>> found = leave_one_out(arithmetic_mean, [[1.0, 5.0], [2.0, 2.0]])
    >>> found.low.tolist(), found.high.tolist(), found.worst_rank.tolist()
    ([1.0, 2.0], [5.0, 2.0], [2, 2])
    """
    return _under(index, scores, weights, (0.0,), best)


def weight_sensitivity(
    index: Index,
    scores: ArrayLike,
    weights: ArrayLike | None = None,
    *,
    change: float = 0.25,
    best: Best = "largest",
) -> Sensitivity:
    """Return the index with each weight lowered and raised.

    Parameters
    ----------
    index, scores, weights, best
        As of :func:`leave_one_out`.
    change
        By what share of itself a weight is changed, above 0 and below 1; then all are divided by their sum.

    Raises
    ------
    NotEstimable
        As :func:`leave_one_out`, or if the change is not inside 0 and 1.

    Examples
    --------
    >>> from impact.statistics.composite import arithmetic_mean
    >>> found = weight_sensitivity(arithmetic_mean, [[1.0, 5.0], [2.0, 2.0]], change=0.5)
    >>> found.cases[0], found.values[0].round(3).tolist()
    (Case(indicator=0, factor=0.5), [3.667, 2.0])
    """
    if not 0 < change < 1:
        raise NotEstimable(Said("composite.change_outside", value=change), Said("composite.change_inside_0_1"))
    return _under(index, scores, weights, (1 - change, 1 + change), best)


def _under(
    index: Index, scores: ArrayLike, weights: ArrayLike | None, factors: Sequence[float], best: Best
) -> Sensitivity:
    """Return the index with each weight multiplied by each factor."""
    x = table_of(scores)
    k = x.shape[-1]
    shares = shares_of(weights, k)
    if (shares > 0).sum() < 2:
        raise NotEstimable(Said("composite.one_indicator_only"), Said("composite.two_indicators_or_more"))
    cases = tuple(Case(indicator, factor) for indicator in range(k) for factor in factors)
    declared = index(x, shares)
    values = np.array([index(x, _changed(shares, case)) for case in cases])
    ranks = np.array([ranks_of(row, best=best) for row in (declared, *values)])
    every = np.vstack([declared, values])
    ends = (floats(every.min(axis=0)), floats(every.max(axis=0)))
    return Sensitivity(
        declared, ranks[0], cases, values, ranks[1:], *ends, best_rank=ranks.min(axis=0), worst_rank=ranks.max(axis=0)
    )


def _changed(shares: Floats, case: Case) -> Floats:
    factors = np.ones(len(shares))
    factors[case.indicator] = case.factor
    return shares_of(shares * factors, len(shares))
