"""Cells that few stand behind are hidden, and as many others as it takes that none of them can be computed.

Used by ``impact.publish.disclosure``. A table is a list of cells and of sums, each a cell that others add up to.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import null_space
from scipy.optimize import linprog

from impact.statistics.core import Floats, Ints

Bools = NDArray[np.bool_]
EXACT = 1e-9
APART = 1 - 1e-6
"""How far the bounds of a hidden count are apart at least: two whole numbers fit between them."""
FAR = 1000.0
"""How much larger than it is a count is thought possible; a bound makes every solution finite."""
DRAWN = 6


@dataclass(frozen=True)
class Total:
    """A cell that is the sum of others, all by their places."""

    whole: int
    parts: tuple[int, ...]

    @property
    def members(self) -> tuple[int, ...]:
        """The parts, then the whole."""
        return (*self.parts, self.whole)


@dataclass(frozen=True)
class Table:
    """Cells and how they add up.

    Parameters
    ----------
    counts
        Shape (k,): what is published of each cell, and adds up.
    persons
        Shape (k,): how many persons stand behind it, where one may count several times; else the same.
    shown
        Shape (k,): whether a reader sees the cell. The rest of a total beyond its parts is seen by nobody, but all
        can compute it where they see the total and its parts.
    totals
        The sums that hold.
    """

    counts: Ints
    persons: Ints
    shown: Bools
    totals: tuple[Total, ...]

    def few(self, minimum: int) -> Bools:
        """Return which cells few persons stand behind."""
        return (self.persons > 0) & (self.persons < minimum)


def suppress(table: Table, minimum: int) -> Bools:
    """Return which cells are hidden: those of few persons, and those that would give them away.

    Parameters
    ----------
    table
        Of one indicator and wave.
    minimum
        Cells of fewer persons are hidden.

    Notes
    -----
    Further cells are hidden, the smallest first, until (1) what any published total leaves for the hidden cells under
    it are two cells or more, and ``minimum`` persons or more; (2) no hidden cell is a combination of published ones;
    (3) two whole numbers or more are possible for each hidden count, for a reader who knows ``minimum`` and which
    cells are hidden for being small. (2) and (3) are given up only where nothing is left to hide.

    Examples
    --------
    >>> counts = np.array([60, 4, 16, 40])
    >>> table = Table(counts, counts, np.ones(4, dtype=bool), (Total(0, (1, 2, 3)),))
    >>> suppress(table, 10).tolist()
    [False, True, True, False]
    """
    hidden = table.few(minimum)
    while (further := _further(table, hidden, minimum)) is not None:
        hidden[further] = True
    return hidden


def _further(table: Table, hidden: Bools, minimum: int) -> int | None:
    """Return one more cell to hide, or None where no more is needed or left."""
    if not hidden.any():
        return None
    for total in table.totals:
        for totals in ([total], _reached(table, total, hidden)):
            if _gives_away(table, totals, hidden, minimum) and (found := _smallest(table, totals, hidden)) is not None:
                return found
    for exposed in _exposed(table, hidden, minimum):
        near = [total for total in table.totals if exposed in total.members]
        linked = [total for total in table.totals if hidden[list(total.members)].any()]
        for totals in (near, linked):
            if (found := _smallest(table, totals, hidden)) is not None:
                return found
    return None


def _reached(table: Table, total: Total, hidden: Bools) -> list[Total]:
    """Return a total with those of its hidden parts, and of theirs: put in their place, what is left is known too."""
    below = {each.whole: each for each in table.totals}
    found, todo = [total], list(total.parts)
    while todo:
        part = todo.pop()
        if hidden[part] and part in below:
            found.append(below[part])
            todo += below[part].parts
    return found


def _gives_away(table: Table, totals: list[Total], hidden: Bools, minimum: int) -> bool:
    """Tell whether the first total leaves too little for the hidden cells under it, those of the others in their place.

    Of a hidden total nothing is left to compute from, unless no part of it is hidden.
    """
    wholes = {total.whole for total in totals[1:]}
    left = [part for total in totals for part in total.parts if hidden[part] and part not in wholes]
    if hidden[totals[0].whole]:
        return not left
    return bool(left) and (len(left) < 2 or int(table.persons[left].sum()) < minimum)


def _smallest(table: Table, totals: list[Total], hidden: Bools) -> int | None:
    """Return the smallest cell that can still be hidden; a whole only where no part is left."""
    for places in ([p for total in totals for p in total.parts], [total.whole for total in totals]):
        left = [p for p in places if table.shown[p] and not hidden[p] and table.counts[p] > 0]
        if left:
            return min(left, key=lambda place: (table.counts[place], place))
    return None


def _exposed(table: Table, hidden: Bools, minimum: int) -> list[int]:
    """Return the hidden cells that can be computed, or whose count can."""
    unknown = hidden | ~table.shown
    places = np.flatnonzero(unknown)
    matrix = _matrix(table)[:, unknown]
    matrix = matrix[matrix.any(axis=1)]
    if not len(matrix):
        return []
    freedom = null_space(matrix)
    computed = np.abs(freedom).max(axis=1, initial=0.0) < EXACT
    low, high = _known_limits(table, places, minimum)
    pinned = ~_spread(matrix, table.counts[places].astype(np.float64), low, high) & (high - low >= APART)
    return [int(place) for place in places[(computed | pinned) & hidden[unknown]]]


def _matrix(table: Table) -> Floats:
    """Return a row per total: one at the whole, minus one at each part; times the counts it is zero."""
    matrix = np.zeros((len(table.totals), len(table.counts)))
    for row, total in enumerate(table.totals):
        matrix[row, list(total.parts)] = -1.0
        matrix[row, total.whole] = 1.0
    return matrix


def _known_limits(table: Table, places: Ints, minimum: int) -> tuple[Floats, Floats]:
    """Return the bounds of each unknown count that the rule itself tells: under the minimum, or not."""
    few, shown = table.few(minimum)[places], table.shown[places]
    once = table.counts[places] == table.persons[places]
    low = np.where(few, 1.0, np.where(shown, float(minimum), 0.0))
    return low, np.where(few & once, minimum - 1.0, np.inf)


def _spread(matrix: Floats, truth: Floats, low: Floats, high: Floats) -> Bools:
    """Return which of the hidden counts can be one smaller or larger, all sums and bounds kept.

    Every solution tells of all cells: some in directions drawn at random leave few to be asked about one by one.
    """
    box = list(zip(low, np.minimum(high, truth + FAR), strict=True))
    drawn = np.random.default_rng(len(truth)).choice([-1.0, 1.0], size=(DRAWN, len(truth)))
    least, most = truth.copy(), truth.copy()
    for goal in (*drawn, *np.eye(len(truth)), *-np.eye(len(truth))):
        if (most - least)[goal != 0].min() >= APART:
            continue
        found = linprog(goal, A_eq=matrix, b_eq=matrix @ truth, bounds=box, method="highs")
        if found.x is not None:
            least, most = np.minimum(least, found.x), np.maximum(most, found.x)
    return np.asarray(most - least >= APART, dtype=np.bool_)
