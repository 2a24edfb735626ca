"""Seeded simulations: intervals hold the truth as often as they say. The long versions are marked slow."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from impact.measure.moments import Sums, ratio_of_sums, wilson
from impact.measure.spread import Frame
from impact.statistics.linear import least_squares, sandwich

FEW, MANY = 300, 2000


def within(held: list[bool], low: float, high: float) -> None:
    share = float(np.mean(held))
    assert low <= share <= high, f"coverage {share:.3f} over {len(held)} draws"


def wilson_held(draw: np.random.Generator) -> bool:
    low, high = wilson(float(draw.binomial(80, 0.3)) / 80, 80)
    return low <= 0.3 <= high


def mean_held(draw: np.random.Generator) -> bool:
    y = draw.normal(5, 2, 40)
    one = np.array([1.0])
    plain = (one * y.sum(), one * np.abs(y).sum(), one * y.min(), one * y.max(), one * 0)
    sums = Sums(one * 40, one * 40, one * y.sum(), one * (y**2).sum(), one * y.sum(), one * 40, *plain)
    measured = ratio_of_sums(sums, 0.0, None, share=False)
    assert measured.conf_low is not None
    assert measured.conf_high is not None
    return measured.conf_low <= 5 <= measured.conf_high


def cluster_mean_held(draw: np.random.Generator) -> bool:
    """40 clusters of 10 with an intra-cluster correlation of 0.2; each cluster is one cell."""
    y = draw.normal(0, np.sqrt(0.2), 40)[:, None] + draw.normal(0, np.sqrt(0.8), (40, 10))
    size = np.full(40, 10.0)
    plain = (y.sum(axis=1), np.abs(y).sum(axis=1), y.min(axis=1), y.max(axis=1), np.zeros(40))
    sums = Sums(size, size, y.sum(axis=1), (y**2).sum(axis=1), y.sum(axis=1), size, *plain)
    frame = Frame(np.zeros(40, dtype=np.int64), np.arange(40, dtype=np.int64), size, np.full(40, np.nan))
    measured = ratio_of_sums(sums, 0.0, frame, share=False)
    assert measured.conf_low is not None
    assert measured.conf_high is not None
    return measured.conf_low <= 0 <= measured.conf_high


def did_held(draw: np.random.Generator) -> bool:
    """Two waves of 8 persons in each of 40 clusters, half of them treated; true effect 1."""
    cluster = np.repeat(np.arange(40), 8)
    treated = (cluster % 2).astype(float)
    person = draw.normal(0, 1, 320) + draw.normal(0, 0.5, 40)[cluster]
    shock = draw.normal(0, 0.4, 40)[cluster]
    before = person + draw.normal(0, 1, 320)
    after = person + 0.5 + shock + treated + draw.normal(0, 1, 320)
    design = pd.DataFrame({"one": 1.0, "t": np.tile(treated, 2), "after": np.repeat([0.0, 1.0], 320)})
    design["effect"] = design["t"] * design["after"]
    fitted = least_squares.fit(np.concatenate([before, after]), design.to_numpy(), list(design))
    fit = sandwich.coefficient(fitted, "effect", errors="CR2", clusters=[np.tile(cluster, 2)])
    return fit.conf_low <= 1 <= fit.conf_high


def difference_held(draw: np.random.Generator) -> bool:
    """HC2 with unequal arms and variances; true effect 1."""
    treated = np.repeat([0.0, 1.0], [90, 30])
    y = treated + draw.normal(0, 1 + treated, 120)
    fitted = least_squares.fit(y, np.column_stack([np.ones(len(y)), treated]), ["one", "t"])
    fit = sandwich.coefficient(fitted, "t", errors="HC2")
    return fit.conf_low <= 1 <= fit.conf_high


SIMULATIONS = [wilson_held, mean_held, cluster_mean_held, did_held, difference_held]


@pytest.mark.parametrize("held", SIMULATIONS, ids=lambda f: f.__name__)
def test_coverage_sample(held) -> None:
    draw = np.random.default_rng(20261122)
    within([held(draw) for _ in range(FEW)], 0.90, 0.99)


@pytest.mark.slow
@pytest.mark.parametrize("held", SIMULATIONS, ids=lambda f: f.__name__)
def test_coverage(held) -> None:
    draw = np.random.default_rng(7)
    within([held(draw) for _ in range(MANY)], 0.93, 0.97)
