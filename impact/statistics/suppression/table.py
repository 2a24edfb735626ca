"""Cells and how they add up: what tables of counts, and of sums of values, tell their readers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from impact.statistics.core import Floats, Ints

Bools = NDArray[np.bool_]


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

    @cached_property
    def totals_of(self) -> list[list[int]]:
        """The numbers of the totals that each cell is a member of."""
        found: list[list[int]] = [[] for _ in self.counts]
        for number, total in enumerate(self.totals):
            for cell in total.members:
                found[cell].append(number)
        return found
