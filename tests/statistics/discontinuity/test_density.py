"""Checks of a discontinuity design against R's rddensity, closed forms, refusals and simulated size."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from impact.errors import NotEstimable, UsageError
from impact.statistics.discontinuity.bandwidth import has_mass_points
from impact.statistics.discontinuity.density import density_test, step_test
from tests.support.references import dataset, reference


def test_senate_agrees_with_r() -> None:
    known = reference("rd.density")
    found = density_test(dataset("rdrobust_senate.csv")["margin"].to_numpy())
    close = {"rel": known["tolerance"]}
    assert found.statistic == pytest.approx(known["value"], **close)
    assert found.p_value == pytest.approx(known["extra"]["p_jk"], **close)
    assert found.bandwidth == pytest.approx(known["extra"]["h"], **close)
    counts = [
        found.n_left + found.n_right,
        found.n_left,
        found.n_right,
        found.n_effective_left,
        found.n_effective_right,
    ]
    assert counts == known["extra"]["N"]


def sample(n: int = 500, seed: int = 1) -> Any:
    return np.random.default_rng(seed).normal(0.3, 1, n)


@pytest.mark.parametrize("kernel", ["triangular", "uniform", "epanechnikov"])
def test_row_order_units_and_origin(kernel: Any) -> None:
    x = sample()
    base = density_test(x, kernel=kernel)
    shuffled = density_test(np.random.default_rng(0).permutation(x), kernel=kernel)
    assert shuffled == base
    moved = density_test(10 * x + 7, cutoff=7, kernel=kernel)
    assert moved.statistic == pytest.approx(base.statistic, rel=1e-7)
    assert moved.density_left == pytest.approx(base.density_left / 10, rel=1e-7)
    assert moved.bandwidth == pytest.approx([10 * h for h in base.bandwidth], rel=1e-7)


def test_mirrored_values_turn_the_sign() -> None:
    x = sample()
    base, mirrored = density_test(x, bandwidth=1.0), density_test(-x, bandwidth=1.0)
    assert mirrored.density_left == pytest.approx(base.density_right, rel=1e-9)
    assert mirrored.statistic == pytest.approx(-base.statistic, rel=0.02)


def test_jackknife_error_is_the_sum_over_pairs() -> None:
    x = np.sort(np.round(sample(300) / 0.04) * 0.04 + 0.02)
    found, total = density_test(x, bandwidth=(2.0, 1.5)), 0.0
    for side, h in ((x < 0, 2.0), (x >= 0, 1.5)):
        near = np.flatnonzero(side & (np.abs(x) <= h))
        design = np.vander(x[near], 4, increasing=True)
        kernel = 1 - np.abs(x[near]) / h
        weights = np.linalg.solve(design.T @ (kernel[:, None] * design), design.T * kernel)[1]
        for i in range(len(x)):
            total += (sum(w for w, j in zip(weights, near, strict=True) if j != i and x[j] >= x[i]) / (len(x) - 1)) ** 2
    assert found.std_error == pytest.approx(np.sqrt(total), rel=1e-9)


def test_an_even_grid_has_its_density() -> None:
    x = (np.arange(2000) + 0.5) / 1000 - 1
    found = density_test(x, bandwidth=0.5)
    assert (found.density_left, found.density_right) == (pytest.approx(0.5, rel=1e-3), pytest.approx(0.5, rel=1e-3))
    assert found.p_value > 0.9


def test_a_density_that_halves_is_found() -> None:
    x = sample(4000)
    kept = x[(x >= 0) | (np.random.default_rng(2).random(4000) < 0.5)]
    found = density_test(kept)
    assert found.p_value < 1e-3
    assert found.density_right > found.density_left


@pytest.mark.parametrize(
    ("values", "cutoff", "reason"),
    [
        (np.append(sample(), np.nan), 0.0, "missing"),
        (sample(), 50.0, "0 distinct values .* at or above"),
        (sample(), -50.0, "0 distinct values .* below"),
        (np.round(sample()), 0.0, "distinct values"),
        (sample(30), 0.0, "distinct values"),
        (np.array([]), 0.0, "only 0 observations"),
    ],
)
def test_refused(values: Any, cutoff: float, reason: str) -> None:
    with pytest.raises(NotEstimable, match=reason) as caught:
        density_test(values, cutoff=cutoff)
    assert caught.value.needed


def test_bandwidth_too_small_or_wrong() -> None:
    with pytest.raises(NotEstimable, match="distinct values near the cutoff"):
        density_test(sample(), bandwidth=1e-6)
    with pytest.raises(UsageError):
        density_test(sample(), bandwidth=-1.0)
    with pytest.raises(UsageError, match="gaussian"):
        density_test(sample(), kernel="gaussian")  # type: ignore[arg-type]


def false_positives(n: int, draws: int) -> float:
    return float(np.mean([density_test(sample(n, seed)).p_value < 0.05 for seed in range(draws)]))


def test_size_sample() -> None:
    assert false_positives(1000, 60) <= 0.15


@pytest.mark.slow
@pytest.mark.parametrize("n", [500, 2000])
def test_size(n: int) -> None:
    assert 0.02 <= false_positives(n, 2000) <= 0.06


@pytest.mark.slow
def test_size_with_a_skewed_running_variable() -> None:
    found = [
        density_test(np.random.default_rng(seed).gamma(3, 1, 1500), cutoff=2.0).p_value < 0.05 for seed in range(1000)
    ]
    assert np.mean(found) <= 0.06


# ---- a running variable in steps


def scores(below: int, at: int, above: int, others: int = 100) -> Any:
    """Return scores in steps of five around 0, with these many at -5, 0 and 5."""
    counts = dict.fromkeys(range(-30, 31), others) | {-1: below, 0: at, 1: above}
    return np.repeat([5.0 * step for step in counts], list(counts.values()))


def test_a_score_pushed_over_the_line_is_found() -> None:
    """The local polynomial says p = 1 of the second: it runs over the gap."""
    honest, pushed = scores(100, 100, 100), scores(0, 200, 100)
    assert has_mass_points(honest)
    assert density_test(pushed).p_value > 0.9
    assert step_test(honest).p_value == 1
    found = step_test(pushed)
    assert (found.below, found.at, found.above, found.share) == (0, 200, 100, 2 / 3)
    assert found.p_value < 1e-10
    assert step_test(scores(200, 0, 100)).p_value < 1e-10  # moved away from it
    assert step_test(pushed + 40, cutoff=40).p_value == found.p_value


@pytest.mark.parametrize(("curvature", "low", "high"), [(0.0, 1 / 3, 1 / 3), (0.02, 0.98 / 2.98, 1.02 / 3.02)])
def test_step_test_is_the_binomial_of_the_middle(curvature: float, low: float, high: float) -> None:
    """By hand: twice the smaller tail under the share that is hardest to reject."""
    for at in (20, 45, 60):
        n = 100 + at
        more = sum(math.comb(n, k) * high**k * (1 - high) ** (n - k) for k in range(at, n + 1))
        fewer = sum(math.comb(n, k) * low**k * (1 - low) ** (n - k) for k in range(at + 1))
        found = step_test(scores(50, at, 50), curvature=curvature)
        assert found.p_value == pytest.approx(min(1, 2 * min(more, fewer)), rel=1e-9)


def test_a_unit_at_the_cutoff_may_count_as_below() -> None:
    x = np.round(scores(100, 30, 100) / 50, 1)  # 0.1 is no exact step
    assert step_test(x).at == 30
    found = step_test(x, cutoff_is_below=True)
    assert (found.below, found.at, found.above) == (30, 100, 100)


def test_size_of_the_step_test() -> None:
    """Of 2,000 honest normal scores, five steps to a standard deviation, at most 5 % and a little are found."""
    rng = np.random.default_rng(7)
    draws = [step_test(np.round(rng.normal(3, 5, 600))).p_value for _ in range(2000)]
    assert 0.005 < np.mean(np.array(draws) <= 0.05) < 0.06


@pytest.mark.parametrize(
    ("x", "reason"),
    [
        (np.repeat([-2.0, -1.0, 0.0, 0.7, 3.0], 50), "not in equal steps"),
        (np.repeat([4.0], 50), "not in equal steps"),
        (np.repeat([-1.0, 0.0, 1.0], 6), "only 18 units"),
        (np.repeat([5.0, 6.0, 7.0], 60), "only 0 units"),
    ],
)
def test_no_step_test_without_steps_or_units(x: Any, reason: str) -> None:
    with pytest.raises(NotEstimable, match=reason):
        step_test(x)
