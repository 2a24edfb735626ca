"""What is known of hidden cells by who knows the rule: their counts and sums of values.

Cells that hang together by totals are a block. A block is looked at once; what is hidden in it or beside it makes
another block of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from impact.statistics.core import Floats, Ints
from impact.statistics.suppression.bounds import EXACT, Sums
from impact.statistics.suppression.table import Bools, Table, Values

APART = 1 - 1e-6
"""How far the bounds of a hidden whole number are apart at least: two whole numbers fit between them."""
CLOSE = 1e-5
"""How far the bounds of another hidden sum are apart at least, as a share of the largest in sight; solvers are right
to 1e-7."""


class Exposed(NamedTuple):
    """A hidden cell of which something is known.

    Parameters
    ----------
    cell
        Its place.
    values
        Whether its sum of values is known, not its count.
    """

    cell: int
    values: bool


@dataclass(eq=False)
class _Block:
    """Totals that hang together by cells that are not seen, with these; in no order."""

    totals: list[int]
    cells: list[int]
    first: int


class Audit:
    """The blocks of a table, as more and more is hidden.

    Parameters
    ----------
    table, minimum
        As of :func:`impact.statistics.suppression.suppress`.
    hidden
        Shape (k,): the cells hidden at first.
    """

    def __init__(self, table: Table, minimum: int, hidden: Bools) -> None:
        self._table, self._minimum = table, minimum
        self._of_total: dict[int, _Block] = {}
        self._open: dict[_Block, list[Exposed] | None] = {}
        self._hidden = np.zeros_like(hidden)
        for cell in np.flatnonzero(hidden | ~table.shown).tolist():
            self.hide(cell, is_hidden=bool(hidden[cell]))

    def hide(self, cell: int, *, is_hidden: bool = True) -> None:
        """Join the blocks that a cell hangs together with, once it is not seen."""
        self._hidden[cell] = is_hidden
        totals = self._table.totals_of[cell]
        if not totals:
            return
        near = {self._of_total[total] for total in totals if total in self._of_total}
        largest = max(near, key=lambda block: (len(block.cells), block.first), default=_Block([], [], totals[0]))
        for block in near - {largest}:
            largest.totals += block.totals
            largest.cells += block.cells
            largest.first = min(largest.first, block.first)
            self._of_total |= dict.fromkeys(block.totals, largest)
            self._open.pop(block, None)
        new = [total for total in totals if total not in self._of_total]
        self._of_total |= dict.fromkeys(new, largest)
        largest.totals += new
        largest.cells.append(cell)
        largest.first = min(largest.first, *totals)
        self._open[largest] = None

    def exposed(self) -> Iterator[Exposed]:
        """Yield what is known of hidden cells, block by block in the order of their first totals."""
        for block in sorted(self._open, key=lambda block: block.first):
            found = self._open[block]
            if found is None:
                found = self._open[block] = self._look(block)
            if not found:
                del self._open[block]
            yield from found

    def _look(self, block: _Block) -> list[Exposed]:
        cells = np.sort(np.array(block.cells))
        secret = self._hidden[cells]
        if not secret.any():
            return []
        sums = self._sums(cells)
        counted = _counted(self._table, sums, cells, self._minimum)
        found = [Exposed(cell, False) for cell in cells[counted & secret].tolist()]
        if self._table.values is not None:
            valued = _valued(self._table.values, sums, cells)
            found += [Exposed(cell, True) for cell in cells[valued & secret].tolist()]
        return found

    def _sums(self, cells: Ints) -> Sums:
        """Return the totals that unknown cells of a block are in, as sums of them."""
        totals = self._table.totals_of
        entries = [(total, place) for place, cell in enumerate(cells.tolist()) for total in totals[cell]]
        numbers, columns = np.array(entries).T
        wholes = np.array([self._table.totals[number].whole for number in numbers.tolist()])
        signs = np.where(wholes == cells[columns], 1.0, -1.0)
        rows = np.unique(numbers, return_inverse=True)[1]
        return Sums(rows, columns, signs)


def _counted(table: Table, sums: Sums, cells: Ints, minimum: int) -> Bools:
    """Return which unknown cells are combinations of published ones, or have a count that can be told."""
    low, high = _count_limits(table, cells, minimum)
    apart = np.full(len(cells), APART)
    counts = table.counts[cells].astype(np.float64)
    spread = sums.spread(counts, (low, high), apart)
    pinned = ~spread & (high - low >= APART)
    return sums.computed() | pinned


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


def _valued(values: Values, sums: Sums, cells: Ints) -> Bools:
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
    spread = sums.spread(truth / scale, limits, apart)
    return np.asarray(~spread & (width > 0), dtype=np.bool_)


def elsewhere(values: Values, cell: int) -> Bools:
    """Return which cells do not lie at the end of their limits at which an exposed cell lies."""
    sums, low, high = values.sums, values.low, values.high
    is_low = np.isclose(sums, low, rtol=EXACT, atol=0)
    at_low = is_low | (sums <= low)
    is_high = np.isclose(sums, high, rtol=EXACT, atol=0)
    at_high = is_high | (sums >= high)
    if at_low[cell]:
        return ~at_low
    return ~at_high if at_high[cell] else np.ones_like(at_low)
