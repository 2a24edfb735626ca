"""The set of weights that add up to one: which are admissible, exact parts of it by clipping, uniform draws from it.

Exact parts are of two or three criteria, where the set is a segment or a triangle. Its corners are rational, so that a
tie is a tie; a number is read as the decimal that it is written as, 0.3 as 3/10.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from impact.errors import NotEstimable
from impact.statistics.checked import known
from impact.statistics.core import Floats, floats
from impact.words.said import Said

Point = tuple[Fraction, ...]
"""Weights of a corner, one for each criterion."""
Piece = tuple[Point, ...]
"""Corners of a convex part, in order around it."""
FEWEST_ACCEPTED = 1000
"""Of this many draws one at least must be admissible, or the set is too small to be drawn from by rejection."""


@dataclass(frozen=True)
class Admissible:
    """Which weights are admissible: 0 or more, summing to 1, within bounds and in an order of importance.

    Parameters
    ----------
    lower, upper
        Shape (c,): bounds of each weight.
    importance
        Criteria by falling importance, or empty: no later one may weigh more than an earlier one.
    """

    lower: Floats
    upper: Floats
    importance: tuple[int, ...] = ()


def admissible(
    n_criteria: int,
    *,
    lower: ArrayLike = 0.0,
    upper: ArrayLike = 1.0,
    importance: Sequence[int] = (),
) -> Admissible:
    """Return which weights of some criteria are admissible.

    Parameters
    ----------
    n_criteria
        Two or more.
    lower, upper
        Shape (n_criteria,), or one number for all; from 0 to 1.
    importance
        Numbers of criteria, from 0, by falling importance; those not named are free.

    Raises
    ------
    NotEstimable
        With fewer than two criteria, with bounds that leave no room, or an order that names a criterion twice or none
        that is there.

    Examples
    --------
    >>> admissible(3, upper=0.6).upper.tolist()
    [0.6, 0.6, 0.6]
    """
    if n_criteria < 2:
        raise NotEstimable(Said("scoring.one_criterion_no_weights"), Said("scoring.two_criteria_or_more"))
    low, high, _ = known(lower, upper, np.zeros(n_criteria))
    named = tuple(int(criterion) for criterion in importance)
    outside = [criterion for criterion in named if not 0 <= criterion < n_criteria]
    if len(set(named)) < len(named) or outside:
        raise NotEstimable(Said("scoring.importance_impossible"), Said("scoring.each_criterion_once"))
    wrong = (low < 0) | (high > 1) | (low > high)
    if low.shape != (n_criteria,) or wrong.any() or not _room(low, high):
        raise NotEstimable(Said("scoring.no_weights_within_bounds"), Said("scoring.bounds_around_one"))
    return Admissible(low, high, named)


def _room(low: Floats, high: Floats) -> bool:
    """Tell whether weights within bounds can sum to one with something to vary."""
    least, most = sum(map(rational, low)), sum(map(rational, high))
    return least < 1 < most


def rational(value: float) -> Fraction:
    """Return a number as the decimal that it is written as.

    Examples
    --------
    >>> rational(0.3)
    Fraction(3, 10)
    """
    return Fraction(repr(float(value)))


def whole_piece(within: Admissible) -> Piece:
    """Return the admissible set of two or three criteria.

    Raises
    ------
    NotEstimable
        If it has no extent, as bounds and an order of importance may leave it.

    Examples
    --------
    >>> [[str(weight) for weight in corner] for corner in whole_piece(admissible(2, upper=0.75))]
    [['3/4', '1/4'], ['1/4', '3/4']]
    """
    c = len(within.lower)
    units = [tuple(Fraction(int(i == j)) for j in range(c)) for i in range(c)]
    piece: Piece = tuple(units)
    for j, unit in enumerate(units):
        # w_j − l ≥ 0 and u − w_j ≥ 0, as forms of weights that sum to one
        low, high = rational(within.lower[j]), rational(within.upper[j])
        piece = clipped(piece, tuple(part - low for part in unit))
        piece = clipped(piece, tuple(high - part for part in unit))
    for first, second in pairwise(within.importance):
        piece = clipped(piece, tuple(a - b for a, b in zip(units[first], units[second], strict=True)))
    if extent(piece) == 0:
        raise NotEstimable(Said("scoring.no_weights_within_bounds"), Said("scoring.bounds_around_one"))
    return piece


def clipped(piece: Piece, form: Point) -> Piece:
    """Return the part of a convex piece where ``form · weights ≥ 0``.

    Examples
    --------
    >>> half = clipped(whole_piece(admissible(2)), (Fraction(1), Fraction(-1)))
    >>> extent(half)
    Fraction(1, 2)
    """
    heights = [sum((f * w for f, w in zip(form, corner, strict=True)), Fraction(0)) for corner in piece]
    kept: list[Point] = []
    for at, (corner, height) in enumerate(zip(piece, heights, strict=True)):
        if height >= 0:
            kept.append(corner)
        after = (at + 1) % len(piece)
        if height * heights[after] < 0:
            share = height / (height - heights[after])
            kept.append(_between(corner, piece[after], share))
    return tuple(dict.fromkeys(kept))


def _between(start: Point, end: Point, share: Fraction) -> Point:
    """Return the point at a share of the way."""
    return tuple(a + share * (b - a) for a, b in zip(start, end, strict=True))


def extent(piece: Piece) -> Fraction:
    """Return the length of a part of two criteria's weights, or twice the area of one of three.

    Examples
    --------
    >>> extent(whole_piece(admissible(3)))
    Fraction(1, 1)
    """
    if not piece:
        return Fraction(0)
    if len(piece[0]) == 2:
        firsts = [corner[0] for corner in piece]
        return max(firsts) - min(firsts)
    around = zip(piece, piece[1:] + piece[:1], strict=True)
    twice = sum((a[0] * b[1] - b[0] * a[1] for a, b in around), Fraction(0))
    return abs(twice)


def drawn_weights(within: Admissible, *, draws: int, rng: np.random.Generator) -> Floats:
    """Return weights drawn uniformly from the admissible set, shape (draws, c).

    Parameters
    ----------
    within
        Of :func:`admissible`.
    draws
        Weights to draw.
    rng
        Source of the draws; the same state gives the same.

    Raises
    ------
    NotEstimable
        If fewer than one in a thousand candidates is admissible.

    Notes
    -----
    Exponential variables over their sum are uniform on all weights (Dirichlet of ones; Devroye 1986, Non-Uniform Random
    Variate Generation, ch. V); uniform numbers over their sum are not. Lower bounds and an order of importance move or
    sort them, which leaves them uniform; the rest is by rejection.

    Examples
    --------
    >>> drawn_weights(admissible(4), draws=2, rng=np.random.default_rng(1)).sum(axis=1).round(12).tolist()
    [1.0, 1.0]
    """
    kept, count, tried = [], 0, 0
    while count < draws:
        candidates = _candidates(within, max(draws, FEWEST_ACCEPTED), rng)
        inside = (candidates >= within.lower).all(axis=1) & (candidates <= within.upper).all(axis=1)
        kept.append(candidates[inside])
        tried += len(candidates)
        count += int(inside.sum())
        if count * FEWEST_ACCEPTED < tried:
            raise NotEstimable(Said("scoring.admissible_set_too_small"), Said("scoring.wider_bounds"))
    return floats(np.concatenate(kept)[:draws])


def _candidates(within: Admissible, n: int, rng: np.random.Generator) -> Floats:
    """Return uniform weights that keep the order of importance, or else the lower bounds."""
    c = len(within.lower)
    weights = rng.standard_exponential((n, c))
    weights /= weights.sum(axis=1, keepdims=True)
    if within.importance:
        named = list(within.importance)
        weights[:, named] = -np.sort(-weights[:, named], axis=1)
        return floats(weights)
    free = 1 - within.lower.sum()
    return floats(within.lower + free * weights)
