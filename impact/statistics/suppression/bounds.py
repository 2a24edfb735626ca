"""How far apart numbers can be of which only sums and limits are known.

The limits of each number narrow those of the others in its sums, from sum to sum, until they stay. Where one way only
leads from each number to each other they are exact then; elsewhere linear programmes find them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.linalg import null_space
from scipy.optimize import linprog

from impact.statistics.core import Floats, Ints
from impact.statistics.suppression.table import Bools

EXACT = 1e-9
FAR = 1000.0
"""How much larger than it is a number is thought possible; a bound makes every solution finite."""
DRAWN = 6


@dataclass(frozen=True, eq=False)
class Sums:
    """Sums of unknown numbers that hang together: an entry where a number counts in a sum.

    Parameters
    ----------
    rows, columns
        Shape (m,): which sum, and which number, from 0.
    signs
        Shape (m,): 1 for what is the sum of others, -1 for these.
    """

    rows: Ints
    columns: Ints
    signs: Floats

    @property
    def n_sums(self) -> int:
        """How many sums there are."""
        return int(self.rows.max()) + 1

    @property
    def n_numbers(self) -> int:
        """How many numbers there are."""
        return int(self.columns.max()) + 1

    @property
    def is_tree(self) -> bool:
        """Whether there is one way only from each number to each other; a tree has one link fewer than ends."""
        return len(self.rows) == self.n_sums + self.n_numbers - 1

    @cached_property
    def matrix(self) -> Floats:
        """A row per sum; times the numbers it is what is known of them."""
        matrix = np.zeros((self.n_sums, self.n_numbers))
        matrix[self.rows, self.columns] = self.signs
        return matrix

    def computed(self) -> Bools:
        """Return which numbers follow from the sums alone."""
        if not self.is_tree:
            free = np.abs(null_space(self.matrix))
            return np.asarray(free.max(axis=1, initial=0.0) < EXACT)
        # The only unknown number of a sum is known, and then of the next sum
        known = np.zeros(self.n_numbers, dtype=bool)
        while True:
            unknown = ~known[self.columns]
            left = np.bincount(self.rows[unknown], minlength=self.n_sums)
            alone = unknown & (left[self.rows] == 1)
            if not alone.any():
                return known
            known[self.columns[alone]] = True

    def spread(self, truth: Floats, limits: tuple[Floats, Floats], apart: Floats) -> Bools:
        """Return which numbers can be so much apart, all sums and limits kept.

        Parameters
        ----------
        truth
            Shape (n,): the numbers.
        limits
            The least and the greatest that each can be.
        apart
            Shape (n,): how far the bounds of each are to be apart.
        """
        low = np.maximum(limits[0], truth - FAR)
        high = np.minimum(limits[1], truth + FAR)
        starts, ends = np.minimum(low, truth), np.maximum(high, truth)
        least, most = self._narrowed(starts - truth, ends - truth)
        possible = np.asarray(most - least >= apart, dtype=np.bool_)
        if self.is_tree or not possible.any():
            return possible
        return possible & self._solved(truth, (starts, ends), np.where(possible, apart, 0.0))

    def _narrowed(self, least: Floats, most: Floats) -> tuple[Floats, Floats]:
        """Return the bounds of each number about the truth, from the bounds of the others in its sums.

        In a tree what hangs on the numbers of a sum is independent, so that bounds that no sum narrows are exact. Else
        nothing lies beyond them.
        """
        rows, columns, signs = self.rows, self.columns, self.signs
        plus = signs > 0
        for _ in range(self.n_sums):
            # Of each entry the least and the most that the others of its sum come to, with the sign of the entry
            low = np.where(plus, least[columns], -most[columns])
            high = np.where(plus, most[columns], -least[columns])
            others_low = np.bincount(rows, low)[rows] - low
            others_high = np.bincount(rows, high)[rows] - high
            narrower_least, narrower_most = least.copy(), most.copy()
            np.maximum.at(narrower_least, columns, np.where(plus, -others_high, others_low))
            np.minimum.at(narrower_most, columns, np.where(plus, -others_low, others_high))
            if np.array_equal(narrower_least, least) and np.array_equal(narrower_most, most):
                break
            least, most = narrower_least, narrower_most
        return least, most

    def _solved(self, truth: Floats, limits: tuple[Floats, Floats], apart: Floats) -> Bools:
        """Return which numbers can be so much apart, by linear programmes.

        Every solution tells of all numbers: some in directions drawn at random leave few to be asked about one by one.
        """
        n = len(truth)
        box = list(zip(*limits, strict=True))
        sums = self.matrix @ truth
        # Goals: random directions first, which part many numbers at once, then each number down and up
        rng = np.random.default_rng(n)
        drawn = rng.choice([-1.0, 1.0], size=(DRAWN, n))
        identity = np.eye(n)
        least, most = truth.copy(), truth.copy()
        for goal in (*drawn, *identity, *-identity):
            parted = most - least >= apart
            asked = goal != 0
            if parted[asked].all():
                continue
            solution = linprog(goal, A_eq=self.matrix, b_eq=sums, bounds=box, method="highs")
            if solution.x is not None:
                least = np.minimum(least, solution.x)
                most = np.maximum(most, solution.x)
        return np.asarray(most - least >= apart, dtype=np.bool_)
