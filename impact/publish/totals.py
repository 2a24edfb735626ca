"""Cells of one variable become a table of all that adds up among them: codes, columns that contain others, arms."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from impact.formulas.limits import Limits
from impact.states import Arm
from impact.statistics.suppression import Table, Total, Values

EFFECT = Arm.EFFECT.value
"""Stands for the arm of a cell that counts what an effect was estimated from."""
Key = tuple[str, str, str]
"""Arm (with what defines it), the column that cuts ('' for the whole) and its code."""
Above = Mapping[tuple[str, str], Sequence[tuple[str, str]]]
"""The columns and codes that a column and code belong to."""


class Contents(NamedTuple):
    """What the rows of cells come to.

    Parameters
    ----------
    sums, levels
        Shape (k,): sum of values in each cell; the one value all its rows have, or NaN.
    limits
        Of the value of a row.
    whole
        Whether sums are whole numbers.
    """

    sums: Sequence[float]
    levels: Sequence[float]
    limits: Limits
    whole: bool


def cell_table(
    keys: Sequence[Key], counts: Sequence[int], persons: Sequence[int], above: Above, contents: Contents | None = None
) -> Table:
    """Return cells with all that adds up among them.

    Codes add up to the code above them or to the whole, arms to all arms. What a total holds beyond its parts comes
    after the cells given: it is shown nowhere, but is known as soon as all parts are.

    Parameters
    ----------
    keys
        Arm, column and code of each cell.
    counts, persons
        Rows behind each, and different persons.
    above
        What each column and code belongs to, by its own column or by another.
    contents
        What their rows come to, in the same order.

    Examples
    --------
    >>> table = cell_table([("", "", ""), ("", "sex", "f")], [12, 9], [12, 9], {})
    >>> table.totals, table.counts.tolist()
    ((Total(whole=0, parts=(1, 2)),), [12, 9, 3])
    """
    numbers, people = list(counts), list(persons)
    sums = list(contents.sums) if contents else []
    totals = list[Total]()
    for total, cells in _sums(keys, above):
        addends = list(cells)
        remainder = numbers[total] - sum(numbers[cell] for cell in addends)
        if remainder < 0:  # cells that overlap: nothing can be computed from them
            continue
        if remainder:
            if contents:
                sums.append(sums[total] - sum(sums[cell] for cell in addends))
            addends.append(len(numbers))
            numbers.append(remainder)
            people.append(_persons_left(remainder, people[total] - sum(people[cell] for cell in cells)))
        totals.append(Total(total, tuple(addends)))
    visible = np.arange(len(numbers)) < len(keys)
    values = _values(contents, sums, np.array(numbers)) if contents else None
    return Table(np.array(numbers, dtype=np.int64), np.array(people, dtype=np.int64), visible, tuple(totals), values)


def _persons_left(rows: int, persons: int) -> int:
    """Return how many persons are taken to stand behind the rows that a total holds beyond its parts.

    Each of them may have many rows. Where parts have as many persons together as the total or more, some are in
    several parts, and rows are all that is known.
    """
    return min(rows, persons) if persons > 0 else rows


def _values(contents: Contents, sums: Sequence[float], counts: np.ndarray) -> Values:
    low, high = (_reach(limit, counts) for limit in contents.limits)
    levels = np.full(len(counts), np.nan)
    levels[: len(contents.levels)] = contents.levels
    return Values(np.clip(sums, low, high), low, high, levels, contents.whole)


def _reach(limit: float, counts: np.ndarray) -> np.ndarray:
    """Return how far the sum of each cell can go, by the limit of one row; that of no row is zero."""
    filled = counts > 0
    if not np.isfinite(limit):  # times no row it would be no number
        return np.where(filled, limit, 0.0)
    sums = counts * np.float64(limit or 0.0)
    return np.where(filled, sums, 0.0)


def _sums(keys: Sequence[Key], above: Above) -> list[tuple[int, list[int]]]:
    """Return the cells that are totals, each with the cells that add up to it."""
    index_of = {key: index for index, key in enumerate(keys)}
    addends = defaultdict[tuple[Key, str], list[int]](list)
    for key, index in index_of.items():
        for total in _totals_of(key, above, index_of):
            addends[total].append(index)
    return [(index_of[key], cells) for (key, _), cells in addends.items() if key in index_of]


def _totals_of(key: Key, above: Above, keys: Collection[Key]) -> Iterator[tuple[Key, str]]:
    """Yield the totals that a cell is in, each with the column, or the arms, of which the sum is taken."""
    arm, column, code = key
    if column:
        uppers = [(arm, *upper) for upper in above.get((column, code), ()) if (arm, *upper) in keys]
        same_column = [upper for upper in uppers if upper[1] == column]
        yield from ((upper, column) for upper in same_column or [(arm, "", "")])
        yield from ((upper, column) for upper in uppers if upper[1] != column)
    if arm not in ("", EFFECT):
        arms = arm.partition(" ")[2]
        yield ("", column, code), f"{EFFECT} {arms}"
