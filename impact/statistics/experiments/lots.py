"""Who could have been assigned: all assignments that keep the number treated in each block, listed or drawn."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from impact.statistics.core import Ints

Bools = NDArray[np.bool_]
BATCH = 4_000_000
"""Units times assignments that are looked at together."""
MOST = 1024
"""Assignments that are looked at together."""
LEVELS = 256
"""How many chances of being chosen a random byte can tell apart."""


@dataclass(frozen=True, eq=False)
class Lots:
    """Who was assigned, units or clusters, in the order of their blocks.

    Parameters
    ----------
    treated
        Shape (g,): the assignment that took place.
    blocks
        Shape (g,): numbers of blocks from 0, ascending.
    """

    treated: Bools
    blocks: Ints

    @cached_property
    def sizes(self) -> Ints:
        """How many stand in each block."""
        return np.bincount(self.blocks)

    @cached_property
    def starts(self) -> Ints:
        """Where each block begins."""
        return np.cumsum(self.sizes) - self.sizes

    @cached_property
    def taken(self) -> Ints:
        """How many are treated in each block."""
        return np.bincount(self.blocks[self.treated], minlength=len(self.sizes))

    def possible(self, most: int) -> int:
        """Return how many assignments keep the number treated in each block; if above ``most``, a number above it."""
        pairs = zip(self.sizes.tolist(), self.taken.tolist(), strict=True)
        # Of n there are n ways at least; large numbers are not worth their time
        return math.prod(math.comb(n, m) if n <= most else n for n, m in pairs)

    @property
    def batch(self) -> int:
        """How many assignments are looked at together."""
        return int(np.clip(BATCH // len(self.treated), 1, MOST))


def all_assignments(lots: Lots, possible: int) -> Iterator[Bools]:
    """Yield every assignment once, in batches, shape (b, g), of which so many are possible.

    Examples
    --------
    >>> lots = Lots(np.array([True, False, True, False]), np.array([0, 0, 1, 1]))
    >>> np.concatenate(list(all_assignments(lots, 4))).astype(int).tolist()
    [[1, 0, 1, 0], [1, 0, 0, 1], [0, 1, 1, 0], [0, 1, 0, 1]]
    """
    blocks = zip(lots.starts.tolist(), lots.sizes.tolist(), lots.taken.tolist(), strict=True)
    ways = [np.array(list(itertools.combinations(range(start, start + n), m))) for start, n, m in blocks]
    counts = [len(way) for way in ways]
    for start in range(0, possible, lots.batch):
        # The number of an assignment, written in the blocks' counts as digits, chooses one way in each block.
        numbers = np.arange(start, min(start + lots.batch, possible))
        digits = np.unravel_index(numbers, counts)
        chosen = np.zeros((len(numbers), len(lots.treated)), dtype=bool)
        for way, digit in zip(ways, digits, strict=True):
            np.put_along_axis(chosen, way[digit], True, axis=1)
        yield chosen


def random_assignments(lots: Lots, draws: int, rng: np.random.Generator) -> Iterator[Bools]:
    """Yield assignments drawn at random within blocks, each as likely as any other, in batches, shape (b, g).

    Notes
    -----
    Of each block the smaller arm is drawn. Every unit enters with the same chance, by a random byte, so small that
    few too many do; then units drawn at random enter, or leave, until the number is right. Each step treats
    the units of a block alike, so that every choice of that number is as likely: the law is that of shuffling
    (simple random sampling without replacement by correcting the size of a Bernoulli sample).

    References
    ----------
    Tillé (2006). Sampling Algorithms, chapter 4. https://doi.org/10.1007/0-387-34240-0

    Examples
    --------
    >>> lots = Lots(np.arange(100) < 30, np.arange(100) // 50)
    >>> drawn = np.concatenate(list(random_assignments(lots, 3, np.random.default_rng(1))))
    >>> drawn[:, :50].sum(axis=1).tolist(), drawn[:, 50:].sum(axis=1).tolist()
    ([30, 30, 30], [0, 0, 0])
    """
    fewer = np.minimum(lots.taken, lots.sizes - lots.taken)
    turned = (fewer < lots.taken)[lots.blocks]
    share = fewer / lots.sizes
    # Below the share by up to two standard deviations where few are chosen: they are hard to find if they are too many
    below = 2 * (1 - 2 * share) * np.sqrt(share * (1 - share) / lots.sizes)
    levels = np.floor(LEVELS * np.maximum(share - below, 0)).astype(np.uint8)[lots.blocks]
    for start in range(0, draws, lots.batch):
        chosen = _bytes(min(lots.batch, draws - start), len(lots.treated), rng) < levels
        _to_number(chosen, lots, fewer, rng)
        yield chosen ^ turned


def _bytes(rows: int, columns: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return random bytes, eight at a time."""
    words = rng.integers(1 << 64, size=-(-rows * columns // 8), dtype=np.uint64)
    return words.view(np.uint8)[: rows * columns].reshape(rows, columns)


def _to_number(chosen: Bools, lots: Lots, wanted: Ints, rng: np.random.Generator) -> None:
    """Let units drawn at random enter or leave until as many of each block are chosen as wanted; in place."""
    counts = np.add.reduceat(chosen.view(np.uint8), lots.starts, axis=1, dtype=np.int32)
    lacking = (wanted - counts).ravel()
    state, n_blocks = chosen.reshape(-1), len(wanted)
    while len(short := np.flatnonzero(lacking)):
        # As many proposals as are lacking, so that never too many are taken; those drawn twice count once
        asked = np.repeat(short, np.abs(lacking[short]))
        row, block = np.divmod(asked, n_blocks)
        unit = lots.starts[block] + rng.integers(lots.sizes[block])
        place, first = np.unique(row * chosen.shape[1] + unit, return_index=True)
        of = asked[first]
        # Only who is out can enter, only who is in can leave
        moves = state[place] == (lacking[of] < 0)
        state[place[moves]] ^= True
        step = np.bincount(of[moves], minlength=len(lacking))
        lacking -= np.sign(lacking) * step
