"""Which cells are hidden: the smallest that do, one after the other, until nothing is given away."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from itertools import chain

import numpy as np

from impact.statistics.suppression.audit import Audit, elsewhere
from impact.statistics.suppression.table import Bools, Table, Total, Values


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
    search = _Search(table, minimum, few if hidden is None else few | hidden)
    while (further := search.further()) is not None:
        search.hide(further)
    return search.hidden


class _Search:
    """A table in which more and more is hidden.

    What a total gives away hangs on its members, and on those of totals that stand in the place of its hidden parts.
    Only totals of which such a cell was hidden are looked at again, the first of them first.
    """

    def __init__(self, table: Table, minimum: int, hidden: Bools) -> None:
        self.hidden = hidden
        self._table, self._minimum = table, minimum
        self._nested = {total.whole: number for number, total in enumerate(table.totals)}
        self._todo = list(range(len(table.totals)))
        self._waiting = np.ones(len(table.totals), dtype=bool)
        self._audit: Audit | None = None

    def hide(self, cell: int) -> None:
        """Hide a cell, and look again at what it tells of."""
        self.hidden[cell] = True
        if self._audit is not None:
            self._audit.hide(cell)
        reached = list(self._table.totals_of[cell])
        while reached:
            number = reached.pop()
            if not self._waiting[number]:
                self._waiting[number] = True
                heapq.heappush(self._todo, number)
            # Above the total stand those of which its whole is a part
            whole = self._table.totals[number].whole
            if self._nested[whole] == number:
                reached += [upper for upper in self._table.totals_of[whole] if self._table.totals[upper].whole != whole]

    def further(self) -> int | None:
        """Return one more cell to hide, or None where no more is needed or left."""
        if not self.hidden.any():
            return None
        while self._todo:
            cell = self._needed(self._table.totals[self._todo[0]])
            if cell is not None:
                return cell
            number = heapq.heappop(self._todo)
            self._waiting[number] = False
        return self._covering()

    def _needed(self, total: Total) -> int | None:
        """Return a cell without which a total gives away too much."""
        table, hidden = self._table, self.hidden
        for totals in ([total], self._reached(total)):
            if self._gives_away(totals) and (cell := _smallest(table, totals, hidden)) is not None:
                return cell
        return None

    def _reached(self, total: Total) -> list[Total]:
        """Return a total with those of its hidden parts, and of theirs: put in their place, what is left is known."""
        reached, todo = [total], list(total.parts)
        while todo:
            cell = todo.pop()
            if self.hidden[cell] and cell in self._nested:
                nested = self._table.totals[self._nested[cell]]
                reached.append(nested)
                todo += nested.parts
        return reached

    def _left(self, totals: list[Total]) -> list[int]:
        """Return the hidden cells under the first total, those of the others in their place."""
        nested = {total.whole for total in totals[1:]}
        addends = (cell for total in totals for cell in total.parts)
        return [cell for cell in addends if self.hidden[cell] and cell not in nested]

    def _gives_away(self, totals: list[Total]) -> bool:
        """Tell whether the first total leaves too little for the hidden cells under it.

        Of a hidden total nothing is left to compute from, unless no part of it is hidden.
        """
        secret = self._left(totals)
        if self.hidden[totals[0].whole]:
            return not secret
        if not secret:
            return False
        persons = int(self._table.persons[secret].sum())
        return len(secret) < 2 or persons < self._minimum

    def _covering(self) -> int | None:
        """Return a cell that covers one of which something is known."""
        table, hidden = self._table, self.hidden
        for exposed, helps in self._exposed():
            near = [table.totals[number] for number in table.totals_of[exposed]]
            cell = _helpful(table, near, hidden, helps)
            if cell is None:
                cell = _helpful(table, self._linked(), hidden, helps)
            if cell is not None:
                return cell
        return None

    def _linked(self) -> list[Total]:
        """Return the totals with a hidden member."""
        of_hidden = map(self._table.totals_of.__getitem__, np.flatnonzero(self.hidden))
        return [self._table.totals[number] for number in sorted(set(chain.from_iterable(of_hidden)))]

    def _exposed(self) -> Iterator[tuple[int, Bools | None]]:
        """Yield the hidden cells of which something is known, each with the cells that would cover it (None: any)."""
        table = self._table
        if self._audit is None:
            self._audit = Audit(table, self._minimum, self.hidden)
        for cell, by_values in self._audit.exposed():
            yield cell, elsewhere(table.values, cell) if table.values is not None and by_values else None
        if table.values is not None:
            yield from self._alike(table.values)

    def _alike(self, values: Values) -> Iterator[tuple[int, Bools]]:
        """Yield hidden cells whose rows all have one value, the same in all that a published total leaves.

        Means, counts and standard errors give the spread of what is left: where it is zero, the mean is everybody's.
        """
        table, hidden = self._table, self.hidden
        if np.isnan(values.level[hidden]).all():
            return
        for total in self._linked():
            if hidden[total.whole]:
                continue
            secret = [cell for cell in self._left(self._reached(total)) if table.counts[cell] > 0]
            levels = values.level[secret]
            if secret and (levels == levels[0]).all():
                yield secret[0], values.level != levels[0]


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
