"""Neighbours by trees and along lines against every distance, looked at one by one; ties are the same too."""

from __future__ import annotations

import math

import numpy as np
import pytest

from impact.statistics.observational import neighbours
from impact.statistics.observational.inputs import TIE
from impact.statistics.observational.neighbours import free_neighbours, tied_neighbours

KINDS = {
    "apart": lambda x, rng: x,
    "integers": lambda x, rng: np.round(x),
    "tenths": lambda x, rng: np.round(x, 1),
    "nearly tied": lambda x, rng: np.round(x) + rng.choice([0, 1e-16, 1e-11, 5e-11, 9e-11], size=x.shape),
    "turned": lambda x, rng: np.round(x, 1) @ rng.normal(size=(x.shape[1], x.shape[1])),
    "close": lambda x, rng: x * 1e-9,
}


def gaps_of(points: np.ndarray, row: int, pool: np.ndarray) -> np.ndarray:
    return np.sqrt(np.sum((points[pool] - points[row]) ** 2, axis=1))


def tied_plainly(points: np.ndarray, rows: np.ndarray, pool: np.ndarray, count: int, limit: float) -> list[list[int]]:
    pairs = []
    for row in rows:
        others = pool[pool != row]
        gaps = gaps_of(points, row, others)
        last = np.sort(gaps)[count - 1] + TIE
        pairs += [[row, match] for match in others[gaps <= min(last, limit)]]
    return pairs


def free_plainly(points: np.ndarray, turns: np.ndarray, pool: np.ndarray, limit: float) -> list[list[int]]:
    pairs, spent = [], np.zeros(len(pool))
    for row in turns:
        gaps = gaps_of(points, row, pool) + spent
        best = np.argmax(gaps <= gaps.min() + TIE)
        if gaps[best] <= limit and math.isfinite(gaps[best]):
            spent[best] = math.inf
            pairs.append([row, pool[best]])
    return sorted(pairs)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("columns", [1, 2, 4])
def test_the_same_pairs_as_one_by_one(kind: str, columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "TURNS", 8)  # so that trees are made anew in so few turns
    rng = np.random.default_rng(columns)
    for n in (9, 40, 200):
        for share in (0.2, 0.5, 0.8):
            points = KINDS[kind](rng.normal(size=(n, columns)), rng)
            arm = rng.permutation(np.arange(n) < share * n - 1)
            rows, pool = np.flatnonzero(arm), np.flatnonzero(~arm)
            limit, count = rng.choice([math.inf, 1.0, 0.3]), int(rng.integers(1, 1 + min(3, len(pool) - 1)))
            found = tied_neighbours(points, rows, pool, count=count, limit=limit)
            assert found.tolist() == tied_plainly(points, rows, pool, count, limit)
            alike = tied_neighbours(points, pool, pool, count=1, limit=math.inf)
            assert alike.tolist() == tied_plainly(points, pool, pool, 1, math.inf)
            turns = np.tile(rng.permutation(rows), count)
            assert free_neighbours(points, turns, pool, limit=limit).tolist() == free_plainly(
                points, turns, pool, limit
            )


@pytest.mark.parametrize("columns", [1, 3])
def test_many_who_want_the_same_places(columns: int) -> None:
    """All choose from afar: the places next to them are gone, and trees are made anew."""
    rng = np.random.default_rng(2)
    points = rng.normal(size=(3000, columns))
    turns, pool = np.arange(1000), np.arange(1000, 3000)
    points[turns] += 4
    assert free_neighbours(points, turns, pool, limit=math.inf).tolist() == free_plainly(points, turns, pool, math.inf)


def test_nobody_looks_and_nobody_is_near() -> None:
    points = np.arange(6.0)[:, None]
    nobody, pool = np.empty(0, dtype=np.int64), np.arange(3, 6)
    assert tied_neighbours(points, nobody, pool, count=1, limit=math.inf).shape == (0, 2)
    assert free_neighbours(points, nobody, pool, limit=math.inf).shape == (0, 2)
    assert free_neighbours(points, np.arange(3), pool, limit=0.5).shape == (0, 2)
    assert tied_neighbours(points, np.arange(3), pool, count=1, limit=0.5).shape == (0, 2)
