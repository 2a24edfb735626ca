"""Scores of alternatives from weights over criteria, and how much a ranking owes to the weights that were chosen.

Scores of each criterion are on one scale, larger is better. A league table is one choice of weights; the share of all
admissible weights under which an alternative is first says what the data alone say.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike

from impact.errors import NotEstimable
from impact.statistics.checked import known
from impact.statistics.core import Floats, Ints, floats
from impact.statistics.shares import wilson
from impact.statistics.simplex import (
    Admissible,
    Piece,
    admissible,
    clipped,
    drawn_weights,
    extent,
    rational,
    whole_piece,
)
from impact.words.said import Said

MOST_EXACT = 20
"""Alternatives up to which shares are exact: the parts of a triangle grow with their cube."""
BATCH = 2_000_000


@dataclass(frozen=True)
class WeightedScores:
    """Scores under declared weights.

    Parameters
    ----------
    weights
        Shape (c,), as used: summing to 1.
    scores
        Shape (a,), weighted means over criteria.
    ranks
        Shape (a,): 1 plus the number that score more; those that tie, exactly, share it.
    tied
        Pairs of alternatives, by number, whose scores are alike.
    margin
        How far the first is ahead of the next; 0 where the first tie.
    """

    weights: Floats
    scores: Floats
    ranks: Ints
    tied: tuple[tuple[int, int], ...]
    margin: float


@dataclass(frozen=True)
class WeightShares:
    """Shares of all admissible weights.

    Parameters
    ----------
    ranks
        Shape (a, a): share of weights under which alternative i has rank j + 1. Those that tie under all weights share
        the better rank; otherwise columns sum to 1.
    first
        Shape (a,): share under which none is better, the first column.
    keeps
        Shape (a,): share under which each keeps its rank of the declared weights; None without them.
    exact
        Rational shares of being first; None of draws.
    draws
        Weights drawn, or None where shares are exact.
    std_errors, conf_low, conf_high
        Shape (a,): Monte Carlo error of ``first`` and its 95 % Wilson interval; 0 and the share itself where exact.
    always_tied
        Pairs that tie under all weights.
    """

    ranks: Floats
    first: Floats
    keeps: Floats | None
    exact: tuple[Fraction, ...] | None
    draws: int | None
    std_errors: Floats
    conf_low: Floats
    conf_high: Floats
    always_tied: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class SmallestChange:
    """The smallest change of declared weights after which another alternative is first.

    Parameters
    ----------
    first
        The alternative that is first under the declared weights (the lowest number of those that tie).
    challenger
        The one that draws level with the least change; None if none can.
    moved
        Weight to be taken from some criteria and given to others, 0 to 1; 0 if two are first already; None.
    weights
        Shape (c,): the weights at which the two draw level; None.
    by_challenger
        Shape (a,): weight to be moved for each; infinite where no admissible weights do, 0 for the first itself.
    statement
        The same in words.
    """

    first: int
    challenger: int | None
    moved: float | None
    weights: Floats | None
    by_challenger: Floats
    statement: Said


def weighted_scores(scores: ArrayLike, weights: ArrayLike) -> WeightedScores:
    """Return scores, ranks, ties and the margin of the first under declared weights.

    Parameters
    ----------
    scores
        Shape (a, c): of two or more alternatives on each criterion, larger is better.
    weights
        Shape (c,): 0 or more; they are divided by their sum, so that points will do.

    Raises
    ------
    NotEstimable
        If a number is missing, shapes do not fit, or weights are negative or all zero.

    Notes
    -----
    ``Σ_j w_j x_ij / Σ_j w_j``, of the decimals as they are written: 0.3 is 3/10, and a tie is exact.

    Examples
    --------
    >>> found = weighted_scores([[0.9, 0.3, 0.5], [0.4, 0.8, 0.6], [0.5, 0.5, 0.7]], [1, 1, 1])
    >>> found.ranks.tolist(), found.tied
    ([2, 1, 2], ((0, 2),))
    """
    table = _table(scores)
    shares = _shares(weights, table.shape[1])
    exact = _exact_scores(_rows(table), shares)
    ranks = [1 + sum(other > own for other in exact) for own in exact]
    ahead = sorted(exact, reverse=True)
    values = floats([float(score) for score in exact])
    used = floats([float(share) for share in shares])
    return WeightedScores(used, values, np.array(ranks), _ties(exact), float(ahead[0] - ahead[1]))


def weight_shares(
    scores: ArrayLike,
    *,
    declared: ArrayLike | None = None,
    within: Admissible | None = None,
    draws: int = 100_000,
    seed: int = 0,
    exact: bool | None = None,
) -> WeightShares:
    """Return the shares of admissible weights under which each alternative is first, has each rank, keeps its rank.

    Parameters
    ----------
    scores
        Shape (a, c), larger is better.
    declared
        Shape (c,): weights whose ranks are to be kept.
    within
        Of :func:`~impact.statistics.simplex.admissible`; all weights if None.
    draws, seed
        Of the Monte Carlo, where the shares are not exact.
    exact
        Exactly by geometry, or by draws; if None exactly for two or three criteria and up to 20 alternatives.

    Raises
    ------
    NotEstimable
        If a number is missing, shapes do not fit, no weights are admissible, or exact shares are asked for that there
        are none of.

    Notes
    -----
    Weights are uniform on the simplex (Dirichlet of ones), cut to what is admissible; Lahdelma, Hokkanen and Salminen
    (1998), https://doi.org/10.1016/S0377-2217(97)00163-X, call the first column acceptability. Uniform numbers divided
    by their sum crowd in the middle and give other shares.

    Examples
    --------
    >>> weight_shares([[0.9, 0.3], [0.5, 0.6]]).exact
    (Fraction(4, 7), Fraction(3, 7))
    """
    table = _table(scores)
    allowed = admissible(table.shape[1]) if within is None else within
    if len(allowed.lower) != table.shape[1]:
        raise NotEstimable(Said("scoring.weights_do_not_fit"), Said("scoring.one_weight_per_criterion"))
    kept = None if declared is None else weighted_scores(table, declared).ranks
    possible = table.shape[1] <= 3 and len(table) <= MOST_EXACT
    if exact and not possible:
        raise NotEstimable(Said("scoring.no_exact_shares", most=MOST_EXACT), Said("scoring.draws"))
    if possible if exact is None else exact:
        return _exact_shares(table, allowed, kept)
    return _drawn_shares(table, allowed, kept, draws, np.random.default_rng(seed))


def smallest_change(
    scores: ArrayLike, weights: ArrayLike, *, lower: ArrayLike = 0.0, upper: ArrayLike = 1.0
) -> SmallestChange:
    """Return the smallest change of the declared weights after which another alternative draws level with the first.

    Parameters
    ----------
    scores
        Shape (a, c), larger is better.
    weights
        Shape (c,): declared; divided by their sum.
    lower, upper
        Shape (c,) or one number: bounds within which weights may be moved; the declared ones must lie within.

    Raises
    ------
    NotEstimable
        If a number is missing, shapes do not fit, or the declared weights lie outside the bounds.

    Notes
    -----
    A change is measured by the weight moved, ``Σ|w' − w|/2``. For a challenger with ``d_j = x_challenger,j −
    x_first,j`` each unit moved from i to j gains ``d_j − d_i``: taken from the criteria that speak most for the first,
    given to those that speak most for the challenger, until the gap is closed. That is the optimum of the linear
    programme.

    Examples
    --------
    >>> found = smallest_change([[0.9, 0.3], [0.5, 0.6]], [0.5, 0.5])
    >>> found.challenger, round(found.moved, 4), found.weights.round(4).tolist()
    (1, 0.0714, [0.4286, 0.5714])
    """
    table = _table(scores)
    shares = _shares(weights, table.shape[1])
    room = _room(shares, lower, upper)
    rows = _rows(table)
    exact = _exact_scores(rows, shares)
    first = exact.index(max(exact))
    found = [_closed(rows[first], row, shares, room) for row in rows]
    moved = [Fraction(0) if at == first else change[0] for at, change in enumerate(found)]
    sizes = floats([np.inf if size is None else float(size) for size in moved])
    reachable = [(size, at) for at, size in enumerate(moved) if size is not None and at != first]
    if not reachable:
        return SmallestChange(first, None, None, None, sizes, Said("scoring.first_under_all_weights"))
    size, challenger = min(reachable)
    level = floats([float(weight) for weight in found[challenger][1]])
    statement = Said("scoring.smallest_change", moved=float(size))
    return SmallestChange(first, challenger, float(size), level, sizes, statement)


def _table(scores: ArrayLike) -> Floats:
    """Return scores as a table of two or more alternatives on two or more criteria."""
    (table,) = known(scores)
    if table.ndim != 2 or len(table) < 2:
        raise NotEstimable(Said("scoring.fewer_than_two_to_rank"), Said("scoring.two_or_more_to_rank"))
    if table.shape[1] < 2:
        raise NotEstimable(Said("scoring.one_criterion_no_weights"), Said("scoring.two_criteria_or_more"))
    return table


def _shares(weights: ArrayLike, c: int) -> list[Fraction]:
    """Return declared weights over their sum."""
    (given,) = known(weights)
    if given.shape != (c,):
        raise NotEstimable(Said("scoring.weights_do_not_fit"), Said("scoring.one_weight_per_criterion"))
    if (given < 0).any() or not given.any():
        raise NotEstimable(Said("scoring.weights_negative_or_none"), Said("scoring.weights_0_or_more"))
    parts = [rational(weight) for weight in given]
    total = sum(parts, Fraction(0))
    return [part / total for part in parts]


def _rows(table: Floats) -> list[list[Fraction]]:
    """Return the scores as the decimals that they are written as."""
    return [[rational(score) for score in row] for row in table]


def _exact_scores(rows: list[list[Fraction]], shares: list[Fraction]) -> list[Fraction]:
    """Return weighted means."""
    return [sum((w * x for w, x in zip(shares, row, strict=True)), Fraction(0)) for row in rows]


def _ties(values: list[Fraction] | list[list[Fraction]]) -> tuple[tuple[int, int], ...]:
    """Return the pairs that are alike."""
    n = len(values)
    return tuple((i, j) for i in range(n) for j in range(i + 1, n) if values[i] == values[j])


def _exact_shares(table: Floats, within: Admissible, kept: Ints | None) -> WeightShares:
    """Return shares by cutting the admissible set along every tie."""
    rows, whole = _rows(table), whole_piece(within)
    total = extent(whole)
    parts = [[part / total for part in _by_rank(i, rows, whole)] for i in range(len(rows))]
    ranks = floats([[float(part) for part in row] for row in parts])
    first = ranks[:, 0]
    exact = tuple(row[0] for row in parts)
    return WeightShares(
        ranks, first, _keeping(ranks, kept), exact, None, np.zeros(len(rows)), first, first, _ties(rows)
    )


def _by_rank(i: int, rows: list[list[Fraction]], whole: Piece) -> list[Fraction]:
    """Return the extent of the weights under which an alternative has each rank."""
    pieces = [(whole, 0)]
    for k, row in enumerate(rows):
        better = tuple(a - b for a, b in zip(row, rows[i], strict=True))
        if k == i or not any(better):
            continue
        worse = tuple(-part for part in better)
        halves = [(clipped(piece, form), n + more) for piece, n in pieces for form, more in ((better, 1), (worse, 0))]
        pieces = [(piece, n) for piece, n in halves if extent(piece) > 0]
    sums = [Fraction(0)] * len(rows)
    for piece, n in pieces:
        sums[n] += extent(piece)
    return sums


def _drawn_shares(
    table: Floats, within: Admissible, kept: Ints | None, draws: int, rng: np.random.Generator
) -> WeightShares:
    """Return shares among drawn weights."""
    if draws < 1:
        raise NotEstimable(Said("statistics.draws", n=draws), Said("statistics.least_better_some_thousands", least=999))
    ranks = _counted(table, drawn_weights(within, draws=draws, rng=rng)) / draws
    first = ranks[:, 0]
    errors = np.sqrt(first * (1 - first) / draws)
    ends = floats([wilson(share, draws) for share in first.tolist()])
    keeps, tied = _keeping(ranks, kept), _ties(_rows(table))
    return WeightShares(ranks, first, keeps, None, draws, errors, ends[:, 0], ends[:, 1], tied)


def _counted(table: Floats, weights: Floats) -> Floats:
    """Return how often each alternative has each rank, shape (a, a)."""
    n = len(table)
    counts, size = np.zeros((n, n)), max(1, BATCH // n)
    # those whose rows are alike tie under all weights, whatever rounding says
    _, codes, times = np.unique(table, axis=0, return_inverse=True, return_counts=True)
    distinct = table[np.unique(codes, return_index=True)[1]]
    for start in range(0, len(weights), size):
        scores = weights[start : start + size] @ distinct.T
        beyond = _beyond(scores, times)
        for i in range(n):
            counts[i] += np.bincount(beyond[:, codes[i]], minlength=n)
    return counts


def _beyond(scores: Floats, times: Ints) -> Ints:
    """Return how many score more than each, shape (g, d), where each of d stands for several alternatives.

    Examples
    --------
    >>> _beyond(np.array([[0.5, 0.9, 0.5]]), np.array([1, 2, 1])).tolist()
    [[2, 0, 2]]
    """
    # sorted, so that the work grows with the alternatives and not with their pairs
    order = np.argsort(-scores, axis=1)
    falling, several = np.take_along_axis(scores, order, axis=1), times[order]
    before = np.cumsum(several, axis=1) - several
    before[:, 1:][falling[:, 1:] == falling[:, :-1]] = 0
    beyond = np.empty_like(order)
    np.put_along_axis(beyond, order, np.maximum.accumulate(before, axis=1), axis=1)
    return beyond


def _keeping(ranks: Floats, kept: Ints | None) -> Floats | None:
    """Return the share under which each has its declared rank."""
    return None if kept is None else floats(ranks[np.arange(len(kept)), kept - 1])


def _room(shares: list[Fraction], lower: ArrayLike, upper: ArrayLike) -> list[tuple[Fraction, Fraction]]:
    """Return how much each weight may give and take."""
    bounds = admissible(len(shares), lower=lower, upper=upper)
    ends = zip(map(rational, bounds.lower), map(rational, bounds.upper), strict=True)
    room = [(share - low, high - share) for share, (low, high) in zip(shares, ends, strict=True)]
    if any(give < 0 or take < 0 for give, take in room):
        raise NotEstimable(Said("scoring.declared_outside_bounds"), Said("scoring.bounds_around_declared"))
    return room


def _closed(
    first: list[Fraction], other: list[Fraction], shares: list[Fraction], room: list[tuple[Fraction, Fraction]]
) -> tuple[Fraction | None, list[Fraction]]:
    """Return the weight to be moved until two draw level, None if nothing does it, and the weights then."""
    gains = [b - a for a, b in zip(first, other, strict=True)]
    gap = -sum((w * gain for w, gain in zip(shares, gains, strict=True)), Fraction(0))
    weights, moved = list(shares), Fraction(0)
    rising = sorted(range(len(gains)), key=gains.__getitem__)
    give, take = [pair[0] for pair in room], [pair[1] for pair in room]
    start, end = 0, len(rising) - 1
    while gap > 0 and start < end and gains[rising[start]] < gains[rising[end]]:
        source, target = rising[start], rising[end]
        rate = gains[target] - gains[source]
        amount = min(give[source], take[target], gap / rate)
        weights[source] -= amount
        weights[target] += amount
        give[source] -= amount
        take[target] -= amount
        moved, gap = moved + amount, gap - amount * rate
        start, end = start + (give[source] == 0), end - (take[target] == 0)
    return (moved if gap <= 0 else None), weights
