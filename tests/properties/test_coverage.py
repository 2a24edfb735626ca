"""Seeded simulations: intervals hold the truth as often as they say. The long versions are marked slow."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from impact.formulas.measured import Measured
from impact.measure.domains import Domains
from impact.measure.measurement import Domain
from impact.measure.moments import (
    Designed,
    ShiftedSums,
    ValueSums,
    design_spread,
    designed_values,
    ratio_values,
    simple_spread,
    simple_values,
)
from impact.measure.spread import Frame
from impact.states import Arm
from impact.statistics.linear import least_squares, sandwich
from impact.statistics.shares import wilson
from impact.tables.part import WHOLE

FEW, MANY = 300, 2000


def within(held: list[bool], low: float, high: float) -> None:
    share = float(np.mean(held))
    assert low <= share <= high, f"coverage {share:.3f} over {len(held)} draws"


def wilson_held(draw: np.random.Generator) -> bool:
    low, high = wilson(float(draw.binomial(80, 0.3)) / 80, 80)
    return low <= 0.3 <= high


def cells(y: np.ndarray) -> tuple[ValueSums, ShiftedSums, Domains]:
    """Return the sums of cells, a row each, and the whole that they make up."""
    n, sy, alike = np.full(len(y), float(y.shape[1])), y.sum(axis=1), np.zeros(len(y))
    size = np.abs(y).sum(axis=1)
    whole = Domains((Domain(Arm.ALL, WHOLE, ""),), np.arange(len(y)), np.array([0]))
    shifted = ShiftedSums(n, n, sy, (y**2).sum(axis=1), sy, n, size, alike)
    return ValueSums(n, n, sy, size, y.min(axis=1), y.max(axis=1)), shifted, whole


def holds(measured: list[Measured], truth: float) -> bool:
    low, high = measured[0].conf_low, measured[0].conf_high
    assert low is not None
    assert high is not None
    return low <= truth <= high


def mean_held(draw: np.random.Generator) -> bool:
    sums, shifted, whole = cells(draw.normal(5, 2, (1, 40)))
    values = ratio_values(sums, whole)
    return holds(simple_values(values, simple_spread(shifted.over(whole), values), share=False), 5)


def cluster_mean_held(draw: np.random.Generator) -> bool:
    """40 clusters of 10 with an intra-cluster correlation of 0.2; each cluster is one cell."""
    y = draw.normal(0, np.sqrt(0.2), 40)[:, None] + draw.normal(0, np.sqrt(0.8), (40, 10))
    sums, shifted, whole = cells(y)
    clusters = np.arange(40, dtype=np.int64)
    frame = Frame(np.zeros(40, dtype=np.int64), clusters, np.full(40, 10.0), np.full(40, np.nan))
    values = ratio_values(sums, whole)
    spread = design_spread(shifted, values, frame, whole, total=False)
    kind = Designed(share=False, total=False, clustered=True, effective="clusters")
    return holds(designed_values(values, spread, kind), 0)


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
