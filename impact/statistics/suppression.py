"""Cells that few stand behind are hidden, and as many others as it takes that none of them can be computed.

Used by ``impact.publish.hidden``. A table is a list of cells and of sums, each a cell that others add up to. What adds
up are counts and, where they are given, sums of values that lie between limits everybody knows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import null_space
from scipy.optimize import linprog
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from impact.statistics.core import Floats, Ints

Bools = NDArray[np.bool_]
EXACT = 1e-9
APART = 1 - 1e-6
"""How far the bounds of a hidden whole number are apart at least: two whole numbers fit between them."""
CLOSE = 1e-5
"""How far the bounds of another hidden sum are apart at least, as a share of the largest in sight; solvers are right
to 1e-7."""
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
class Values:
    """What the rows of cells come to, and what everybody knows about it.

    Parameters
    ----------
    sums
        Shape (k,): sum of the values in each cell.
    low, high
        Shape (k,): between which ends the sum of so many rows lies, whoever they are.
    level
        Shape (k,): the one value that all rows of a cell have, NaN where they differ; NaN everywhere if nothing is
        published of how they spread.
    whole
        Whether sums are whole numbers, as the number of those who said yes.
    """

    sums: Floats
    low: Floats
    high: Floats
    level: Floats
    whole: bool


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
        The sums that hold between cells, known to every reader.
    values
        What adds up beside the counts, of the same cells.
    """

    counts: Ints
    persons: Ints
    shown: Bools
    totals: tuple[Total, ...]
    values: Values | None = None

    def few(self, minimum: int) -> Bools:
        """Return which cells few persons stand behind."""
        return (self.persons > 0) & (self.persons < minimum)


def suppress(table: Table, minimum: int, hidden: Bools | None = None) -> Bools:
    """Return which cells are hidden: those of few persons, and those that would give them away.

    Parameters
    ----------
    table
        The cells of one variable and wave, with all sums between them that a reader knows.
    minimum
        Cells of fewer persons are hidden.
    hidden
        Shape (k,): cells that are hidden anyhow, for another table's sake.

    Notes
    -----
    Further cells are hidden, the smallest first, until (1) what any published total leaves for the hidden cells under
    it are two cells or more, and ``minimum`` persons or more; (2) no hidden cell is a combination of published ones;
    (3) two whole numbers or more are possible for each hidden count, for a reader who knows ``minimum`` and which
    cells are hidden for being small; (4) no sum of values is known of a hidden cell, even for a reader who knows all
    counts, the limits of values and how published cells spread. (2) to (4) are given up only where nothing is left to
    hide.

    Examples
    --------
    >>> counts = np.array([60, 4, 16, 40])
    >>> table = Table(counts, counts, np.ones(4, dtype=bool), (Total(0, (1, 2, 3)),))
    >>> suppress(table, 10).tolist()
    [False, True, True, False]
    """
    few = table.few(minimum)
    secret = few if hidden is None else few | hidden
    safe: set[bytes] = set()
    while (further := _further(table, secret, minimum, safe)) is not None:
        secret[further] = True
    return secret


def _further(table: Table, hidden: Bools, minimum: int, safe: set[bytes]) -> int | None:
    """Return one more cell to hide, or None where no more is needed or left; note the blocks that are safe."""
    if not hidden.any():
        return None
    for total in table.totals:
        for totals in ([total], _reached(table, total, hidden)):
            if _gives_away(table, totals, hidden, minimum) and (cell := _smallest(table, totals, hidden)) is not None:
                return cell
    for exposed, helps in _exposed(table, hidden, minimum, safe):
        near = [total for total in table.totals if exposed in total.members]
        members = [list(total.members) for total in table.totals]
        linked = [total for total, cells in zip(table.totals, members, strict=True) if hidden[cells].any()]
        for totals in (near, linked):
            if (cell := _helpful(table, totals, hidden, helps)) is not None:
                return cell
    return None


def _reached(table: Table, total: Total, hidden: Bools) -> list[Total]:
    """Return a total with those of its hidden parts, and of theirs: put in their place, what is left is known too."""
    by_cell = {nested.whole: nested for nested in table.totals}
    reached, todo = [total], list(total.parts)
    while todo:
        cell = todo.pop()
        if hidden[cell] and cell in by_cell:
            reached.append(by_cell[cell])
            todo += by_cell[cell].parts
    return reached


def _gives_away(table: Table, totals: list[Total], hidden: Bools, minimum: int) -> bool:
    """Tell whether the first total leaves too little for the hidden cells under it, those of the others in their place.

    Of a hidden total nothing is left to compute from, unless no part of it is hidden.
    """
    nested = {total.whole for total in totals[1:]}
    addends = [cell for total in totals for cell in total.parts]
    secret = [cell for cell in addends if hidden[cell] and cell not in nested]
    if hidden[totals[0].whole]:
        return not secret
    if not secret:
        return False
    persons = int(table.persons[secret].sum())
    return len(secret) < 2 or persons < minimum


def _smallest(table: Table, totals: list[Total], hidden: Bools, wanted: Bools | None = None) -> int | None:
    """Return the smallest cell that can still be hidden, and is wanted; a whole only where no part is left."""
    open_cells = table.shown & ~hidden & (table.counts > 0)
    if wanted is not None:
        open_cells = open_cells & wanted
    addends = [cell for total in totals for cell in total.parts]
    sums = [total.whole for total in totals]
    for cells in (addends, sums):
        candidates = [cell for cell in cells if open_cells[cell]]
        if candidates:
            return min(candidates, key=lambda cell: (table.counts[cell], cell))
    return None


def _helpful(table: Table, totals: list[Total], hidden: Bools, helps: Bools | None) -> int | None:
    """Return the cell that is hidden next for one that is exposed.

    Where values are known because they all lie at one end, another cell at that end is no cover: without one that
    lies elsewhere the whole goes, which told it.
    """
    if helps is None:
        return _smallest(table, totals, hidden)
    if (cell := _smallest(table, totals, hidden, helps)) is not None:
        return cell
    sums = [total.whole for total in totals]
    cells = np.arange(len(helps))
    is_sum = np.isin(cells, sums)
    cell = _smallest(table, totals, hidden, is_sum)
    return cell if cell is not None else _smallest(table, totals, hidden)


def _exposed(table: Table, hidden: Bools, minimum: int, safe: set[bytes]) -> Iterator[tuple[int, Bools | None]]:
    """Yield the hidden cells of which something is known, each with the cells that would cover it (None: any)."""
    unknown = hidden | ~table.shown
    for matrix, cells in _blocks(table, unknown):
        if not hidden[cells].any() or cells.tobytes() in safe:
            continue
        attacked = False
        counted = _counted(table, matrix, cells, minimum)
        for cell in cells[counted & hidden[cells]]:
            attacked = True
            yield int(cell), None
        if table.values is not None:
            valued = _valued(table.values, matrix, cells)
            for cell in cells[valued & hidden[cells]]:
                attacked = True
                yield int(cell), _elsewhere(table.values, int(cell))
        if not attacked:
            safe.add(cells.tobytes())
    if table.values is not None:
        yield from _alike(table, table.values, hidden)


def _blocks(table: Table, unknown: Bools) -> Iterator[tuple[Floats, Ints]]:
    """Yield unknown cells that hang together by totals, with those totals: a row each, times the cells it is known."""
    matrix = _matrix(table)[:, unknown]
    matrix = matrix[matrix.any(axis=1)]
    cells = np.flatnonzero(unknown)
    # A graph of totals and cells: what is connected hangs together.
    rows, columns = len(matrix), len(cells)
    size = rows + columns
    row, column = np.nonzero(matrix)
    ones = np.ones(len(row))
    links = csr_array((ones, (row, rows + column)), shape=(size, size))
    count, labels = connected_components(links, directed=False)
    for label in range(count):
        block = labels == label
        of_rows = block[:rows]
        of_columns = block[rows:]
        if of_rows.any():
            linked_totals = matrix[np.ix_(of_rows, of_columns)]
            yield linked_totals, cells[of_columns]


def _matrix(table: Table) -> Floats:
    """Return a row per total: one at the whole, minus one at each part; times the counts it is zero."""
    shape = (len(table.totals), len(table.counts))
    matrix = np.zeros(shape)
    for row, total in enumerate(table.totals):
        addends = list(total.parts)
        matrix[row, addends] = -1.0
        matrix[row, total.whole] = 1.0
    return matrix


def _counted(table: Table, matrix: Floats, cells: Ints, minimum: int) -> Bools:
    """Return which unknown cells are combinations of published ones, or have a count that can be told."""
    free = np.abs(null_space(matrix))
    computed = free.max(axis=1, initial=0.0) < EXACT
    low, high = _count_limits(table, cells, minimum)
    apart = np.full(len(cells), APART)
    counts = table.counts[cells].astype(np.float64)
    spread = _spread(matrix, counts, (low, high), apart)
    width = high - low
    pinned = ~spread & (width >= APART)
    return np.asarray(computed | pinned, dtype=np.bool_)


def _count_limits(table: Table, cells: Ints, minimum: int) -> tuple[Floats, Floats]:
    """Return the bounds of each unknown count that the rule itself tells: under the minimum, or not."""
    few = table.few(minimum)[cells]
    counts, persons = table.counts[cells], table.persons[cells]
    published = table.shown[cells]
    least = np.where(published, float(minimum), 0.0)
    low = np.where(few, 1.0, least)
    few_once = few & (counts == persons)
    high = np.where(few_once, minimum - 1.0, np.inf)
    return np.minimum(low, counts), high


def _valued(values: Values, matrix: Floats, cells: Ints) -> Bools:
    """Return which unknown cells have a sum that can be told by one who knows their counts and the limits of values."""
    truth = values.sums[cells]
    low, high = values.low[cells], values.high[cells]
    width = high - low
    scale = 1.0
    apart = np.full_like(low, APART)
    if not values.whole:
        # In units of the largest number in sight, so that solvers can tell the bounds apart
        finite = width[np.isfinite(width)]
        sizes = np.concatenate([np.abs(truth), finite])
        scale = float(sizes.max(initial=0.0)) or 1.0
        half = width / scale / 2
        apart = np.maximum(np.minimum(CLOSE, half), CLOSE / 10)
    limits = (low / scale, high / scale)
    spread = _spread(matrix, truth / scale, limits, apart)
    return np.asarray(~spread & (width > 0), dtype=np.bool_)


def _elsewhere(values: Values, cell: int) -> Bools:
    """Return which cells do not lie at the end of their limits at which an exposed cell lies."""
    sums, low, high = values.sums, values.low, values.high
    is_low = np.isclose(sums, low, rtol=EXACT, atol=0)
    at_low = is_low | (sums <= low)
    is_high = np.isclose(sums, high, rtol=EXACT, atol=0)
    at_high = is_high | (sums >= high)
    if at_low[cell]:
        return ~at_low
    return ~at_high if at_high[cell] else np.ones_like(at_low)


def _alike(table: Table, values: Values, hidden: Bools) -> Iterator[tuple[int, Bools]]:
    """Yield hidden cells whose rows all have one value, the same in all that a published total leaves.

    Means, counts and standard errors give the spread of what is left: where it is zero, the mean is everybody's.
    """
    for total in table.totals:
        if hidden[total.whole]:
            continue
        reached = _reached(table, total, hidden)
        inner_totals = reached[1:]
        nested = {inner.whole for inner in inner_totals}
        addends = [cell for inner in reached for cell in inner.parts if hidden[cell] and cell not in nested]
        secret = [cell for cell in addends if table.counts[cell] > 0]
        if not secret:
            continue
        levels = values.level[secret]
        first = levels[0]
        if (levels == first).all():
            yield secret[0], values.level != first


def _spread(matrix: Floats, truth: Floats, limits: tuple[Floats, Floats], apart: Floats) -> Bools:
    """Return which of the unknown numbers can be so much apart, all sums and limits kept.

    Every solution tells of all cells: some in directions drawn at random leave few to be asked about one by one.
    """
    low = np.maximum(limits[0], truth - FAR)
    high = np.minimum(limits[1], truth + FAR)
    starts, ends = np.minimum(low, truth), np.maximum(high, truth)
    box = list(zip(starts, ends, strict=True))
    n = len(truth)
    sums = matrix @ truth
    # Goals: random directions first, which part many cells at once, then each cell down and up
    rng = np.random.default_rng(n)
    drawn = rng.choice([-1.0, 1.0], size=(DRAWN, n))
    identity = np.eye(n)
    least, most = truth.copy(), truth.copy()
    for goal in (*drawn, *identity, *-identity):
        parted = most - least >= apart
        asked = goal != 0
        if parted[asked].all():
            continue
        solution = linprog(goal, A_eq=matrix, b_eq=sums, bounds=box, method="highs")
        if solution.x is not None:
            least = np.minimum(least, solution.x)
            most = np.maximum(most, solution.x)
    return np.asarray(most - least >= apart, dtype=np.bool_)
