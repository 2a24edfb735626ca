"""Whose influence an effect has: each unit's, also where the declared clusters are the units themselves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from impact.designs.base import Inference
from impact.estimate.sample import Sample, regress, unit_influence

LABELS = pd.Series([f"p{number % 10}" for number in range(20)])


def sample(clusters: tuple[np.ndarray, ...]) -> Sample:
    draw = np.random.default_rng(1)
    units = np.arange(20) % 10
    base = pd.DataFrame({"_constant": np.ones(20)})
    return Sample(
        draw.normal(size=20), (units % 2).astype(float), base, pd.DataFrame(index=base.index), units, LABELS, clusters
    )


@pytest.mark.parametrize("clusters", [LABELS.to_numpy(dtype=object), np.arange(20) % 10], ids=["called", "numbered"])
def test_units_that_are_their_own_clusters_are_units(clusters: np.ndarray) -> None:
    of = sample((clusters,))
    influence = unit_influence(of, regress(of, Inference(errors="CR1")))
    assert influence is not None
    assert influence.name == "unit"
    assert influence.index.to_list() == sorted(LABELS.unique())


def test_villages_are_clusters() -> None:
    of = sample((np.array([f"v{number % 5}" for number in range(20)], dtype=object),))
    influence = unit_influence(of, regress(of, Inference(errors="CR1")))
    assert influence is not None
    assert (influence.name, len(influence)) == ("cluster", 5)
    assert unit_influence(of, replace(regress(of, Inference(errors="CR1")), influence=None)) is None
