"""Allocation, samples, randomisation and rerandomisation: exact counts, probabilities, refusals, row order."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from impact.errors import NotEstimable
from impact.statistics.experiments import assignment as a

UNITS = np.array([f"p{i:03d}" for i in range(90)])
STRATA = np.repeat(["north", "south", "west"], [41, 30, 19])
CLUSTERS = np.array([f"v{i // 3:02d}" for i in range(90)])
COVARIATES = np.random.default_rng(4).normal(size=(90, 3))


def test_proportional_and_neyman_by_hand() -> None:
    strata = np.repeat([0, 1, 2], [500, 300, 200])
    assert a.allocate(100, strata).tolist() == [50, 30, 20]
    neyman = a.allocate(100, strata, method="neyman", sds=np.array([1.0, 2.0, 4.0]))
    assert neyman.tolist() == [26, 32, 42]  # 500, 600, 800 of 1,900


def test_small_strata_get_their_least_and_none_more_than_it_has() -> None:
    strata = np.repeat([0, 1, 2], [996, 3, 1])
    assert a.allocate(20, strata).tolist() == [17, 2, 1]
    assert a.allocate(50, np.repeat([0, 1], [10, 90]), method="neyman", sds=np.array([100.0, 1.0])).tolist() == [10, 40]


@given(st.lists(st.integers(1, 60), min_size=1, max_size=6), st.data())
def test_allocation_sums_and_stays_inside(sizes: list[int], data: st.DataObject) -> None:
    strata = np.repeat(np.arange(len(sizes)), sizes)
    n = data.draw(st.integers(sum(min(2, size) for size in sizes), sum(sizes)))
    found = a.allocate(n, strata)
    assert found.sum() == n
    assert (found <= sizes).all()
    assert (found >= np.minimum(2, sizes)).all()


def test_stratified_sample_has_its_sizes_and_weights() -> None:
    sample = a.stratified_sample(UNITS, STRATA, np.array([5, 6, 7]), seed=3)
    assert [int(sample.selected[s == STRATA].sum()) for s in ("north", "south", "west")] == [5, 6, 7]
    assert sample.weights.sum() == pytest.approx(90)
    assert ((sample.weights > 0) == sample.selected).all()


def test_sample_is_free_of_row_order_and_follows_the_seed() -> None:
    order, sizes = np.random.default_rng(1).permutation(90), np.array([5, 6, 7])
    first = a.stratified_sample(UNITS, STRATA, sizes, seed=3)
    again = a.stratified_sample(UNITS[order], STRATA[order], sizes, seed=3)
    assert (again.selected == first.selected[order]).all()
    assert (a.stratified_sample(UNITS, STRATA, sizes, seed=4).selected != first.selected).any()


@pytest.mark.parametrize("share", [0.5, 0.29, 1 / 3])
def test_counts_are_exact_within_strata_and_in_all(share: float) -> None:
    for seed in range(30):
        arm = a.randomise(UNITS, strata=STRATA, share=share, seed=seed).arm
        assert abs(int(arm.sum()) - share * 90) < 1
        for stratum in np.unique(STRATA):
            here = arm[stratum == STRATA]
            assert abs(int(here.sum()) - share * len(here)) < 1


def test_a_share_that_fits_is_met_everywhere() -> None:
    arm = a.randomise(np.arange(100), share=0.29, seed=0).arm
    assert arm.sum() == 29


def test_clusters_stay_whole() -> None:
    arm = a.randomise(UNITS, clusters=CLUSTERS, share=0.4, seed=1).arm
    assert all(len(np.unique(arm[cluster == CLUSTERS])) == 1 for cluster in np.unique(CLUSTERS))
    assert arm.sum() == 0.4 * 90


@settings(max_examples=25)
@given(st.integers(0, 1000))
def test_assignment_is_free_of_row_order(seed: int) -> None:
    order = np.random.default_rng(seed).permutation(90)
    first = a.randomise(UNITS, strata=STRATA, share=0.4, seed=seed).arm
    assert (a.randomise(UNITS[order], strata=STRATA[order], share=0.4, seed=seed).arm == first[order]).all()


def test_every_unit_has_the_share_as_probability() -> None:
    strata = np.repeat([0, 1, 2, 3], [3, 4, 5, 9])
    treated = np.mean([a.randomise(np.arange(21), strata=strata, share=0.4, seed=s).arm for s in range(3000)], axis=0)
    z = (treated - 0.4) / math.sqrt(0.24 / 3000)
    assert np.abs(z).max() < 4
    assert stats.chi2.sf(np.sum(z**2), 21) > 1e-4


def test_pairs_treat_one_each() -> None:
    pairs = np.repeat(np.arange(45), 2)
    arm = a.randomise(UNITS, strata=pairs, seed=9).arm
    assert (np.bincount(pairs, arm) == 1).all()


def mahalanobis(arm: np.ndarray, covariates: np.ndarray) -> float:
    d = covariates[arm == 1].mean(axis=0) - covariates[arm == 0].mean(axis=0)
    spread = np.cov(covariates.T) * (1 / arm.sum() + 1 / (1 - arm).sum())
    return float(d @ np.linalg.solve(spread, d))


def test_rerandomised_arms_are_close() -> None:
    found = a.rerandomise(UNITS, covariates=COVARIATES, acceptance=0.01, seed=5)
    assert found.threshold == pytest.approx(stats.chi2.ppf(0.01, 3), rel=1e-12)
    assert found.distance == pytest.approx(mahalanobis(found.arm, COVARIATES), rel=1e-9)
    assert found.distance is not None
    assert found.distance <= stats.chi2.ppf(0.01, 3)
    assert found.draws > 1
    assert found.arm.sum() == 45


def test_rerandomisation_is_free_of_units_of_measure_and_row_order() -> None:
    order = np.random.default_rng(2).permutation(90)
    first = a.rerandomise(UNITS, covariates=COVARIATES, strata=STRATA, seed=5)
    other = a.rerandomise(
        UNITS[order], covariates=(COVARIATES * [1, 1e6, 1e-6] + 7)[order], strata=STRATA[order], seed=5
    )
    assert (first.arm[order] == other.arm).all()
    assert first.draws == other.draws


def test_accepting_nearly_all_is_plain_randomisation() -> None:
    plain = a.randomise(UNITS, strata=STRATA, share=0.4, seed=8)
    loose = a.rerandomise(UNITS, covariates=COVARIATES, strata=STRATA, share=0.4, acceptance=0.9999999, seed=8)
    assert (plain.arm == loose.arm).all()
    assert (plain.draws, loose.draws) == (1, 1)


@pytest.mark.parametrize("keys", [{}, {"strata": STRATA}, {"clusters": CLUSTERS}], ids=["plain", "strata", "clusters"])
def test_draws_tried_match_the_acceptance(keys: dict[str, np.ndarray]) -> None:
    draws = [a.rerandomise(UNITS, covariates=COVARIATES, acceptance=0.1, seed=s, **keys).draws for s in range(150)]
    assert np.mean(draws) == pytest.approx(10, abs=4 * 10 / math.sqrt(150))


@pytest.mark.slow
def test_rerandomisation_shrinks_the_spread_as_published() -> None:
    """Variance of covariate mean differences falls by v = P(χ²(k+2) ≤ a) / P(χ²(k) ≤ a) (Morgan & Rubin, theorem 3.1)."""
    units, x = np.arange(200), np.random.default_rng(0).normal(size=(200, 2))
    cut = stats.chi2.ppf(0.2, 2)
    v = stats.chi2.cdf(cut, 4) / 0.2
    arms = np.array([a.rerandomise(units, covariates=x, acceptance=0.2, seed=s).arm for s in range(1500)])
    differences = (arms @ x - (1 - arms) @ x) / 100
    ratio = differences.var(axis=0) / (np.var(x, axis=0, ddof=1) * (2 / 100))
    assert ratio == pytest.approx(v, rel=0.15)


def test_a_threshold_never_met_says_how_close_it_came() -> None:
    with pytest.raises(NotEstimable, match="none of 5 allocations"):
        a.rerandomise(UNITS, covariates=COVARIATES, acceptance=1e-6, max_draws=5, seed=1)


REFUSED: dict[str, tuple[Callable[[], object], str]] = {
    "too many": (lambda: a.allocate(91, STRATA), "91 units cannot"),
    "too few": (lambda: a.allocate(5, STRATA), "5 units cannot"),
    "no sd": (lambda: a.allocate(20, STRATA, method="neyman"), "no spread"),
    "zero sd": (lambda: a.allocate(20, STRATA, method="neyman", sds=np.array([1.0, 0, 2])), "no spread"),
    "sample too large": (lambda: a.stratified_sample(UNITS, STRATA, np.array([5, 5, 20]), seed=1), "fewer units"),
    "sample of none": (lambda: a.stratified_sample(UNITS, STRATA, np.array([5, 5, 0]), seed=1), "none"),
    "no share": (lambda: a.randomise(UNITS, share=0, seed=1), "leaves an arm empty"),
    "nan share": (lambda: a.randomise(UNITS, share=math.nan, seed=1), "leaves an arm empty"),
    "small stratum": (lambda: a.randomise(np.arange(5), strata=np.array([0, 0, 0, 0, 1]), seed=1), "a stratum of 1"),
    "small share": (lambda: a.randomise(np.arange(9), share=0.1, seed=1), "a stratum of 9"),
    "twice": (lambda: a.randomise(np.array([1, 1, 2, 3]), seed=1), "twice"),
    "missing key": (lambda: a.randomise(np.array([1.0, math.nan]), seed=1), "missing"),
    "missing stratum": (
        lambda: a.randomise(np.arange(2), strata=np.array(["a", None], dtype=object), seed=1),
        "missing",
    ),
    "mixed keys": (lambda: a.randomise(np.array(["a", 1], dtype=object), seed=1), "several types"),
    "no one": (lambda: a.randomise(np.array([]), seed=1), "missing"),
    "lengths": (lambda: a.randomise(UNITS, strata=STRATA[:-1], seed=1), "length"),
    "crossing": (lambda: a.randomise(UNITS, strata=STRATA, clusters=CLUSTERS, seed=1), "two strata"),
    "missing covariate": (lambda: a.rerandomise(UNITS, covariates=np.full(90, math.nan), seed=1), "missing"),
    "constant": (lambda: a.rerandomise(UNITS, covariates=np.full(90, 3.3), seed=1), "does not vary"),
    "constant in strata": (
        lambda: a.rerandomise(UNITS, covariates=(STRATA == "west").astype(float), strata=STRATA, seed=1),
        "does not vary",
    ),
    "collinear": (lambda: a.rerandomise(UNITS, covariates=COVARIATES[:, [0, 1, 0]], seed=1), "collinear"),
    "more than units": (lambda: a.rerandomise(np.arange(4), covariates=np.eye(4), seed=1), "collinear"),
    "acceptance": (lambda: a.rerandomise(UNITS, covariates=COVARIATES, acceptance=0, seed=1), "acceptance"),
    "few allocations": (
        lambda: a.rerandomise(np.arange(8), covariates=COVARIATES[:8, 0], acceptance=0.01, seed=1),
        "0.7 allocations would be accepted",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusals(name: str) -> None:
    call, reason = REFUSED[name]
    with pytest.raises(NotEstimable, match=reason):
        call()
