"""Replicate weights: R's survey, equality with Taylor errors for linear statistics, refusals."""

from __future__ import annotations

import numpy as np
import pytest

from impact.errors import NotEstimable
from impact.statistics.surveys.design import SampleDesign
from impact.statistics.surveys.estimation import mean, ratio, total
from impact.statistics.surveys.replicates import replicate_estimate, replicate_weights
from tests.statistics.surveys.test_estimation import agrees, apiclus1, apistrat, column


def weighted_mean(values: np.ndarray):
    return lambda weights: float(weights @ values / weights.sum())


def test_jackknife_agrees_with_r():
    data, design = apiclus1()
    statistic = weighted_mean(column(data, "api00"))
    agrees(replicate_estimate(statistic, replicate_weights(design, "JK1")), "svy.clus1_jk1")
    plain = SampleDesign(design.weights, None, data["dnum"])
    agrees(replicate_estimate(statistic, replicate_weights(plain, "JK1")), "svy.clus1_jk1_nofpc")


def test_stratified_jackknife_agrees_with_r():
    data, design = apistrat()
    found = replicate_estimate(weighted_mean(column(data, "api00")), replicate_weights(design, "JKn"))
    agrees(found, "svy.strat_jkn")
    assert (found.df, str(found.rule), found.n_clusters) == (197, "JKn", None)


def pairs(strata: int, seed: int = 0) -> tuple[SampleDesign, np.ndarray]:
    """Return a design of two clusters of three rows in each stratum, rows in mixed order."""
    rng = np.random.default_rng(seed)
    clusters = rng.permutation(np.repeat(np.arange(2 * strata), 3))
    design = SampleDesign(rng.uniform(1, 3, len(clusters)), clusters // 2, clusters)
    return design, rng.normal(5, 1, len(clusters)) + rng.normal(size=2 * strata)[clusters]


@pytest.mark.parametrize("strata", [1, 3, 4, 7, 8, 20])
@pytest.mark.parametrize("fay", [0.0, 0.3])
def test_half_samples_give_the_taylor_error_of_a_total(strata, fay):
    design, values = pairs(strata)
    replicates = replicate_weights(design, "BRR", fay=fay)
    found = replicate_estimate(lambda weights: float(weights @ values), replicates)
    assert found.std_error == pytest.approx(total(values, design).std_error)
    assert found.df == strata
    assert (replicates.weights >= 0).all()
    assert replicates.weights.mean(axis=1) == pytest.approx(design.weights)
    assert ("Fay" in str(found.rule)) == (fay > 0)


def test_jackknife_gives_the_taylor_error_of_a_total():
    rng = np.random.default_rng(2)
    strata = np.repeat([0, 1, 2], [4, 9, 7])
    population = np.array([10.0, np.nan, 8.0])[strata]
    design, values = SampleDesign(np.ones(20), strata, population=population), rng.normal(size=20)
    found = replicate_estimate(lambda weights: float(weights @ values), replicate_weights(design, "JKn"))
    assert found.std_error == pytest.approx(total(values, design).std_error)


def test_nonlinear_statistics_are_near_taylor():
    design, values = pairs(40, seed=3)
    over = np.abs(values) + 1
    taylor = ratio(values, over, design)
    draws = np.random.default_rng(1)
    for replicates in (
        replicate_weights(design, "JKn"),
        replicate_weights(design, "BRR", fay=0.5),
        replicate_weights(design, "bootstrap", draws=2000, rng=draws),
    ):
        found = replicate_estimate(lambda weights: float(weights @ values / (weights @ over)), replicates)
        assert found.estimate == pytest.approx(taylor.estimate)
        assert found.std_error == pytest.approx(taylor.std_error, rel=0.06)


def test_bootstrap_knows_the_population_and_its_seed():
    rng = np.random.default_rng(4)
    values = rng.normal(size=50)
    design = SampleDesign(np.full(50, 1.6), population=np.full(50, 80.0))
    found = [
        replicate_estimate(
            weighted_mean(values),
            replicate_weights(design, "bootstrap", draws=4000, rng=np.random.default_rng(seed)),
        )
        for seed in (1, 1, 2)
    ]
    assert found[0] == found[1] != found[2]
    assert found[0].std_error == pytest.approx(mean(values, design).std_error, rel=0.04)


def test_bootstrap_weights_expect_the_design_weights():
    design, _ = pairs(5)
    replicates = replicate_weights(design, "bootstrap", draws=20000, rng=np.random.default_rng(1))
    assert replicates.weights.mean(axis=1) == pytest.approx(design.weights, rel=0.05)
    assert (replicates.weights >= 0).all()


ONE = SampleDesign(np.ones(6))
TWO = SampleDesign(np.ones(6), np.array([0, 0, 0, 1, 1, 1]))
LONELY = SampleDesign(np.ones(6), np.array(["a", "a", "a", "a", "a", "b"]))
KNOWN = SampleDesign(np.ones(4), np.array([0, 0, 1, 1]), population=np.full(4, 9.0))


@pytest.mark.parametrize(
    ("design", "method", "options", "reason"),
    [
        (TWO, "JK1", {}, "JK1 does not know strata"),
        (LONELY, "JKn", {}, "'b' has one sampling unit"),
        (LONELY, "bootstrap", {"rng": np.random.default_rng(1)}, "'b' has one sampling unit"),
        (TWO, "BRR", {}, "has not two sampling units"),
        (KNOWN, "BRR", {}, "no finite population correction"),
        (pairs(3)[0], "BRR", {"fay": 1.0}, "not between 0 and 1"),
        (ONE, "bootstrap", {}, "no random generator"),
        (ONE, "bootstrap", {"draws": 1, "rng": np.random.default_rng(1)}, "fewer than two draws"),
    ],
)
def test_designs_that_do_not_suit_the_method(design, method, options, reason):
    with pytest.raises(NotEstimable, match=reason):
        replicate_weights(design, method, **options)


def test_statistics_that_fail_or_do_not_vary():
    replicates = replicate_weights(ONE, "JK1")
    with pytest.raises(NotEstimable, match="not a number in 1 replicates"):
        replicate_estimate(lambda weights: float("nan") if weights[0] == 0 else 1.0, replicates)
    with pytest.raises(NotEstimable, match="same in every replicate"):
        replicate_estimate(weighted_mean(np.full(6, 3.3)), replicates)


def covered(replications: int, seed: int) -> float:
    rng = np.random.default_rng(seed)
    design = SampleDesign(np.ones(60), np.repeat(np.arange(15), 4), np.repeat(np.arange(30), 2))
    replicates, hits = replicate_weights(design, "BRR"), 0
    for _ in range(replications):
        values = rng.normal(size=30)[np.repeat(np.arange(30), 2)] + rng.normal(size=60)
        found = replicate_estimate(weighted_mean(values), replicates)
        hits += found.conf_low < 0 < found.conf_high
    return hits / replications


def test_coverage_of_half_samples_small():
    assert covered(200, 1) > 0.9


@pytest.mark.slow
def test_coverage_of_half_samples():
    assert 0.94 <= covered(4000, 2) <= 0.96
