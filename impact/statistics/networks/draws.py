"""Networks drawn from one or two waves: bodies drawn again, or dyads swapped between the waves, in batches.

:mod:`impact.statistics.networks.inference` computes measures of what is drawn here.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from impact.errors import NotEstimable, UsageError
from impact.statistics.core import Ints
from impact.statistics.networks.measures import Bools
from impact.words.said import Said

BATCH = 2_000_000


def batches(draws: int, cells: int, least: int = 1) -> Iterator[int]:
    """Yield the sizes of batches of draws that hold so many cells each."""
    if draws < least:
        raise UsageError(f"{draws} draws; at least {least}")
    size = max(1, BATCH // cells)
    for start in range(0, draws, size):
        yield min(size, draws - start)


def redrawn(waves: Bools, draws: int, rng: np.random.Generator) -> Iterator[tuple[Bools, Ints]]:
    """Yield networks of drawn bodies: ties of each wave, shape (w, b, n, n), and the bodies drawn, shape (b, n)."""
    n = waves.shape[1]
    if n < 2:
        raise NotEstimable(Said("networks.single_body"), Said("networks.least_two_bodies_practice_many"))
    upper = np.triu(np.ones((n, n), dtype=bool), 1)
    for size in batches(draws, n * n, least=2):
        drawn = rng.integers(n, size=(size, n))
        row_bodies, column_bodies = drawn[:, :, None], drawn[:, None, :]
        ties = waves[:, row_bodies, column_bodies]
        # A pair of one body drawn twice has no tie of its own: it takes that of a random pair.
        draw, row, column = np.nonzero((row_bodies == column_bodies) & upper)
        sender = rng.integers(n, size=len(draw))
        receiver = (sender + rng.integers(1, n, size=len(draw))) % n
        ties[:, draw, row, column] = waves[:, sender, receiver]
        ties[:, draw, column, row] = waves[:, receiver, sender]
        yield ties, drawn


def swapped(before: Bools, after: Bools, draws: int, rng: np.random.Generator) -> Iterator[Bools]:
    """Yield both waves with dyads swapped at random, shape (2, b, n, n)."""
    differs = before != after
    rows, columns = np.nonzero(np.triu(differs | differs.T))
    waves = np.stack([before, after])
    for size in batches(draws, before.size):
        coins = rng.random((size, len(rows))) < 0.5
        draw, dyad = np.nonzero(coins)
        ties = np.repeat(waves[:, None], size, axis=1)
        i, j = rows[dyad], columns[dyad]
        ties[:, draw, i, j] = waves[::-1, i, j]
        ties[:, draw, j, i] = waves[::-1, j, i]
        yield ties
