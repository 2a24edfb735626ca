"""Placebo cutoffs take one side's data alone, and say why where there is none."""

from __future__ import annotations

from typing import Any

import numpy as np

from impact.statistics.discontinuity.jump import regression_discontinuity
from impact.statistics.discontinuity.placebo import placebo_cutoffs


def sample(n: int) -> Any:
    return np.random.default_rng(1).normal(0.3, 1, n)


def outcome(x: Any, seed: int = 2) -> Any:
    return 1 + x + 2 * (x >= 0) + np.random.default_rng(seed).normal(size=len(x))


def test_placebo_cutoffs_use_one_side_each() -> None:
    x = sample(1500)
    y = outcome(x)
    z = np.random.default_rng(3).normal(size=1500)
    groups = np.arange(1500) % 50
    for extra in ({}, {"covariates": z}, {"clusters": groups, "errors": "cluster"}):
        left, right = placebo_cutoffs(y, x, **extra)
        assert left.at == np.median(x[x < 0])
        assert right.at == np.median(x[x >= 0])
        only = {k: v[x < 0] if isinstance(v, np.ndarray) else v for k, v in extra.items()}
        assert left.estimate == regression_discontinuity(y[x < 0], x[x < 0], cutoff=left.at, **only).robust
        assert right.estimate is not None
        assert right.estimate.p_value > 0.01


def test_a_placebo_that_cannot_be_had_says_why() -> None:
    x = np.r_[-(sample(12) ** 2) - 0.1, np.abs(sample(500))]
    left, right = placebo_cutoffs(outcome(x), x)
    assert left.estimate is None
    assert "observations are below the cutoff" in str(left.reason)
    assert right.estimate is not None
    none = placebo_cutoffs(outcome(x), x, cutoff=-1e9)
    assert none[0].estimate is None
