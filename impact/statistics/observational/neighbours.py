"""Who is nearest: with all that are tied, or the nearest that nobody has taken yet.

Units of the pool at the same point stand at one place and are told apart by their order only, so a search is over
places. Distances within :data:`impact.statistics.observational.inputs.TIE` of the smallest are equal.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.spatial import KDTree

from impact.statistics.core import Floats, Ints, floats
from impact.statistics.observational.inputs import TIE

FIRST = 16
"""Places that a turn asks for at first; twice as many each time all are taken."""
TURNS = 128
"""Turns that ask at once."""
DEAR = 8
"""How many times as long it takes to ask for a place alone as to plant it in a tree."""
Tied = list[tuple[int, float]]
"""Free places nearest to a goal, with their distances."""


@dataclass(frozen=True)
class _Places:
    """Distinct points of the pool, shape (p, k), sorted; their units in order, from start to end of each place."""

    points: Floats
    units: Ints
    starts: Ints
    ends: Ints

    @property
    def sizes(self) -> Ints:
        """How many units stand at each place."""
        return self.ends - self.starts


def _places(points: Floats, pool: Ints) -> _Places:
    distinct, place, sizes = np.unique(points[pool], axis=0, return_inverse=True, return_counts=True)
    by_place = np.argsort(place, kind="stable")
    ends = np.cumsum(sizes)
    return _Places(floats(distinct), pool[by_place], ends - sizes, ends)


def _ask(tree: KDTree, goals: Floats, asked: int) -> tuple[Floats, Ints]:
    """Return the nearest places of each goal, and how far they are; infinitely far where there are no more."""
    gaps, near = tree.query(goals, k=asked)
    return floats(gaps), np.asarray(near, dtype=np.int64)


def _sorted(pairs: Ints) -> Ints:
    rows, matches = pairs.T
    return pairs[np.lexsort((matches, rows))]


# ---- with replacement ------------------------------------------------------------------------------------------------


def tied_neighbours(points: Floats, rows: Ints, pool: Ints, *, count: int, limit: float) -> Ints:
    """Return each row with its nearest in the pool other than itself, and all tied at the last place, shape (m, 2).

    Parameters
    ----------
    points
        Shape (n, k); distances are Euclidean.
    rows, pool
        Numbers of points, the pool's ascending: who looks, and among whom; ``count`` others at least.
    count
        How many are looked for.
    limit
        Largest distance allowed.

    Notes
    -----
    By a k-d tree; pairs are sorted by row, then by match.

    References
    ----------
    Bentley (1975), Communications of the ACM 18(9). https://doi.org/10.1145/361002.361007

    Examples
    --------
    >>> line = np.array([[0.0], [1.0], [2.0], [4.0]])
    >>> tied_neighbours(line, np.array([1]), np.array([0, 2, 3]), count=1, limit=np.inf).tolist()
    [[1, 0], [1, 2]]
    """
    places = _places(points, pool)
    tree = KDTree(places.points)
    sizes = np.append(places.sizes, 0)
    wanted = count + np.isin(rows, pool)  # oneself is found too
    pairs = [np.empty((0, 2), dtype=np.int64)]
    asked = count + 2
    while len(rows):
        gaps, near = _ask(tree, points[rows], asked)
        # The last place: with it, as many units are found as wanted
        reached = np.cumsum(sizes[near], axis=1) >= wanted[:, None]
        at = np.argmax(reached, axis=1)
        last = np.take_along_axis(gaps, at[:, None], axis=1)
        within = gaps <= np.minimum(last + TIE, limit)
        # Where the farthest place asked for is tied too, more may be
        complete = ~within[:, -1]
        i, j = np.nonzero(within & complete[:, None])
        pairs.append(_of_units(places, rows[i], near[i, j]))
        rows, wanted = rows[~complete], wanted[~complete]
        asked *= 2
    found = np.concatenate(pairs)
    others = found[found[:, 0] != found[:, 1]]
    return _sorted(others)


def _of_units(places: _Places, rows: Ints, near: Ints) -> Ints:
    """Return pairs of rows and places as pairs of rows and units, one for each unit at the place."""
    sizes = places.sizes[near]
    ends = np.cumsum(sizes)
    offsets = places.starts[near] - (ends - sizes)
    order = np.arange(sizes.sum()) + np.repeat(offsets, sizes)
    return np.column_stack([np.repeat(rows, sizes), places.units[order]])


# ---- without replacement ---------------------------------------------------------------------------------------------


def free_neighbours(points: Floats, turns: Ints, pool: Ints, *, limit: float) -> Ints:
    """Give each row in turn its nearest unit that is still free, of those tied the first in the pool, shape (m, 2).

    Parameters
    ----------
    points
        Shape (n, k); distances are Euclidean.
    turns
        Numbers of points, in the order in which they choose; one may choose several times.
    pool
        Ascending numbers of points.
    limit
        Largest distance allowed; whose choice lies beyond it goes without.

    Notes
    -----
    Along a line, free places are found by union-find. In space, a k-d tree of the free places is made anew as soon as
    what it gave in vain has cost as much. Pairs are sorted by row, then by match.

    References
    ----------
    Tarjan (1975), Journal of the ACM 22(2). https://doi.org/10.1145/321879.321884

    Examples
    --------
    >>> line = np.array([[1.0], [1.2], [0.0], [1.1], [3.0]])
    >>> free_neighbours(line, np.array([0, 1]), np.array([2, 3, 4]), limit=np.inf).tolist()
    [[0, 3], [1, 2]]
    """
    places = _places(points, pool)
    goals = points[turns]
    search = _Line(places.points[:, 0], goals[:, 0]) if points.shape[1] == 1 else _Space(places.points, goals)
    units, heads, ends = places.units.tolist(), places.starts.tolist(), places.ends.tolist()
    pairs: list[tuple[int, int]] = []
    for turn, row in enumerate(turns.tolist()):
        if len(pairs) == len(pool):
            break
        waiting = [(units[heads[place]], place, gap) for place, gap in search.tied(turn)]
        unit, place, gap = min(waiting)
        if gap <= limit:
            pairs.append((row, unit))
            heads[place] += 1
            if heads[place] == ends[place]:
                search.close(place)
    found = np.array(pairs, dtype=np.int64)
    return _sorted(found.reshape(-1, 2))


class _Line:
    """Free places along a line: each place knows one at or beside it, towards the next that is free."""

    def __init__(self, places: Floats, goals: Floats) -> None:
        # Places count from one here, between two that are infinitely far
        self._line = [-math.inf, *places.tolist(), math.inf]
        self._below = list(range(len(self._line)))
        self._above = list(range(len(self._line)))
        self._goals = goals.tolist()
        self._starts = np.searchsorted(places, goals).tolist()

    def tied(self, turn: int) -> Tied:
        """Return the free places that are nearest to the goal of a turn."""
        line, goal, start = self._line, self._goals[turn], self._starts[turn]
        low, high = _end(self._below, start), _end(self._above, start + 1)
        smallest = min(goal - line[low], line[high] - goal) + TIE
        tied: Tied = []
        while (gap := goal - line[low]) <= smallest:
            tied.append((low - 1, gap))
            low = _end(self._below, low - 1)
        while (gap := line[high] - goal) <= smallest:
            tied.append((high - 1, gap))
            high = _end(self._above, high + 1)
        return tied

    def close(self, place: int) -> None:
        """Take note that nobody is left at a place."""
        self._below[place + 1] = place
        self._above[place + 1] = place + 2


def _end(towards: list[int], place: int) -> int:
    """Follow the way from a place to its end, and halve it for who comes next."""
    while towards[place] != place:
        towards[place] = towards[towards[place]]
        place = towards[place]
    return place


class _Space:
    """Free places in space, behind a tree of those that were free when it was made."""

    def __init__(self, places: Floats, goals: Floats) -> None:
        self._places, self._goals = places, goals
        # The last stands for no place: what a tree gives where it holds fewer than it is asked for
        self._free = np.append(np.ones(len(places), dtype=bool), False)
        self._plant()

    def tied(self, turn: int) -> Tied:
        """Return the free places that are nearest to the goal of a turn."""
        at = turn % TURNS
        if not at:
            if DEAR * self._in_vain > len(self._standing):
                self._plant()
            self._gaps, self._near = self._ask(self._goals[turn : turn + TURNS], FIRST)
        gaps, near, asked = self._gaps[at], self._near[at], FIRST
        while True:
            free = self._free[near]
            smallest = gaps[free].min(initial=math.inf) + TIE
            if gaps[-1] > smallest or gaps[-1] == math.inf:
                within = free & (gaps <= smallest)
                return list(zip(near[within].tolist(), gaps[within].tolist(), strict=True))
            asked *= 2
            self._in_vain += asked
            gaps, near = self._ask(self._goals[turn], asked)

    def close(self, place: int) -> None:
        """Take note that nobody is left at a place."""
        self._free[place] = False

    def _plant(self) -> None:
        standing = np.flatnonzero(self._free)
        self._tree = KDTree(self._places[standing])
        self._standing = np.append(standing, len(self._places))
        self._in_vain = 0

    def _ask(self, goals: Floats, asked: int) -> tuple[Floats, Ints]:
        gaps, near = _ask(self._tree, goals, asked)
        return gaps, self._standing[near]
