"""Adjusted p-values against R, slow code written independently, and simulations."""

from __future__ import annotations

import gc

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import stats

from impact.errors import NotEstimable
from impact.statistics.multiplicity import adjust, multiplier_draws, romano_wolf
from tests.support.references import reference

# Benjamini, Hochberg (1995), section 4
P = [
    0.0001,
    0.0004,
    0.0019,
    0.0095,
    0.0201,
    0.0278,
    0.0298,
    0.0344,
    0.0459,
    0.3240,
    0.4262,
    0.5719,
    0.6528,
    0.7590,
    1.0,
]


@pytest.mark.parametrize("method", ["holm", "hochberg", "hommel", "bonferroni", "BH", "BY"])
def test_agrees_with_r(method):
    truth = reference(f"padj.{method}")
    found = adjust(P, method)
    np.testing.assert_allclose(found, truth["extra"], rtol=truth["tolerance"])
    assert found[3] == pytest.approx(truth["value"], rel=truth["tolerance"])
    shuffled = np.random.default_rng(0).permutation(15)
    np.testing.assert_allclose(adjust(np.array(P)[shuffled], method), found[shuffled], rtol=1e-14)


@pytest.fixture
def few_objects():
    """Hide what other tests hold from the garbage collection that statsmodels makes at each correction by Holm."""
    gc.freeze()
    yield
    gc.unfreeze()


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(p=st.lists(st.floats(0, 1), min_size=1, max_size=12))
@pytest.mark.usefixtures("few_objects")
def test_order_between_methods(p):
    found = {method: adjust(p, method) for method in ("holm", "hochberg", "hommel", "bonferroni", "BH", "BY")}
    assert np.all(found["bonferroni"] >= found["holm"] - 1e-12)
    assert np.all(found["holm"] >= found["hochberg"] - 1e-12)
    assert np.all(found["hochberg"] >= found["hommel"] - 1e-12)
    assert np.all(found["BY"] >= found["BH"] - 1e-12)
    assert np.all((found["BH"] >= np.array(p) - 1e-12) & (found["bonferroni"] <= 1))


@pytest.mark.parametrize(
    ("p", "method", "words"),
    [
        ([0.1, np.nan], "holm", "hypothesis 1 has p-value nan"),
        ([0.1, 1.2], "BH", "hypothesis 1"),
        ([-0.1], "BH", "hypothesis 0"),
        ([], "holm", "no list"),
        ([[0.1, 0.2]], "holm", "no list"),
        ([0.1], "sidak", "not known"),
    ],
)
def test_adjust_refuses(p, method, words):
    with pytest.raises(NotEstimable, match=words):
        adjust(p, method)


def slow_romano_wolf(statistics, null):
    """Step by step, from the largest statistic down, one draw at a time."""
    left, found, floor = list(range(len(statistics))), {}, 0.0
    while left:
        top = max(left, key=lambda j: abs(statistics[j]))
        count = sum(max(abs(draw[j]) for j in left) >= abs(statistics[top]) for draw in null)
        floor = max(floor, (1 + count) / (1 + len(null)))
        found[top] = floor
        left.remove(top)
    return np.array([found[j] for j in range(len(statistics))])


@pytest.mark.parametrize("seed", range(5))
def test_romano_wolf_equals_slow_code(seed):
    rng = np.random.default_rng(seed)
    common = rng.standard_normal((300, 1))
    null = 0.7 * common + rng.standard_normal((300, 7))
    statistics = rng.standard_normal(7) * 2
    np.testing.assert_array_equal(romano_wolf(statistics, null), slow_romano_wolf(statistics, null))


def slow_multipliers(influence, clusters, signs):
    names = np.unique(clusters)
    sums = np.array([influence[clusters == name].sum(axis=0) for name in names])
    found = []
    for vector in signs:
        signed = sums * vector[:, None]
        found.append(signed.sum(axis=0) / np.sqrt(len(names) * signed.var(axis=0, ddof=1)))
    return np.array(found)


def test_multipliers_equal_slow_code():
    rng = np.random.default_rng(1)
    influence, clusters = rng.standard_normal((60, 3)), np.repeat([f"g{i}" for i in range(12)], 5)
    found = multiplier_draws(influence, clusters=clusters, rng=np.random.default_rng(5), draws=200)
    signs = 2.0 * np.random.default_rng(5).integers(0, 2, (200, 12), dtype=np.int8) - 1
    np.testing.assert_allclose(found, slow_multipliers(influence, clusters, signs), rtol=1e-10)


def test_one_hypothesis_has_its_plain_bootstrap_p_value():
    rng = np.random.default_rng(2)
    y = rng.standard_normal(40) + 0.3
    influence = (y - y.mean()) / 40
    t = y.mean() / (y.std(ddof=1) / np.sqrt(40))
    null = multiplier_draws(influence, rng=rng, draws=4999)
    plain = (1 + np.sum(np.abs(null[:, 0]) >= abs(t))) / 5000
    assert romano_wolf([t], null)[0] == plain
    assert plain == pytest.approx(stats.ttest_1samp(y, 0).pvalue, abs=0.02)


def test_signs_drawn_in_batches_do_not_change_the_law(monkeypatch):
    rng = np.random.default_rng(3)
    influence = rng.standard_normal((50, 2))
    monkeypatch.setattr("impact.statistics.multiplicity.BATCH", 50 * 7)
    found = multiplier_draws(influence, rng=rng, draws=1000)
    assert found.shape == (1000, 2)
    assert found.std(axis=0) == pytest.approx([1, 1], abs=0.08)


def test_perfectly_dependent_hypotheses_cost_nothing_and_p_values_are_monotone():
    rng = np.random.default_rng(4)
    influence = rng.standard_normal((50, 1))
    null = multiplier_draws(np.repeat(influence, 5, axis=1), rng=rng, draws=999)
    one = romano_wolf([2.2], null[:, :1])
    np.testing.assert_array_equal(romano_wolf([2.2] * 5, null), np.repeat(one, 5))
    wide = rng.standard_normal((999, 4))
    found = romano_wolf([3.0, -2.5, 1.0, 0.2], wide)
    assert list(found) == sorted(found)


def test_independent_hypotheses_are_close_to_holm():
    rng = np.random.default_rng(5)
    null, t = rng.standard_normal((40_000, 6)), np.array([3.2, 2.8, 2.5, 1.5, 0.9, 0.1])
    assert romano_wolf(t, null) == pytest.approx(np.minimum(adjust(2 * stats.norm.sf(t)), 1), abs=0.03, rel=0.45)


def test_equal_influences_of_all_clusters_count_against_rejection():
    alternating = np.tile([1.0, -1.0], 4)
    null = multiplier_draws(alternating, rng=np.random.default_rng(0), draws=2000)
    assert np.isinf(null).any()
    assert romano_wolf([1e9], null)[0] > 1 / 2001


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda rng: romano_wolf([1.0, 2.0], rng.standard_normal((200, 3))), "do not belong together"),
        (lambda rng: romano_wolf([], rng.standard_normal((200, 0))), "do not belong together"),
        (lambda rng: romano_wolf([1.0], rng.standard_normal((20, 1))), "20 draws"),
        (lambda rng: romano_wolf([np.nan], rng.standard_normal((200, 1))), "statistics are missing"),
        (lambda rng: multiplier_draws(np.full((20, 2), np.nan), rng=rng), "influences are missing"),
        (lambda rng: multiplier_draws(np.zeros((20, 2)), rng=rng), "estimate 0 has no influences"),
        (lambda rng: multiplier_draws(rng.standard_normal((5, 2)), rng=rng), "5 units or clusters"),
        (
            lambda rng: multiplier_draws(rng.standard_normal((20, 2)), rng=rng, clusters=np.arange(20) % 4),
            "4 units or clusters",
        ),
        (lambda rng: multiplier_draws(rng.standard_normal((20, 2)), rng=rng, clusters=np.arange(19)), "no cluster"),
        (
            lambda rng: multiplier_draws(rng.standard_normal((3, 2)), rng=rng, clusters=np.array(["a", None, "b"])),
            "no cluster",
        ),
    ],
)
def test_refuses(call, words):
    with pytest.raises(NotEstimable, match=words):
        call(np.random.default_rng(0))


def family_errors(replications, seed, false=0):
    """Share of families with a false rejection: six outcomes, correlated by 0.6, 40 clusters of five."""
    rng = np.random.default_rng(seed)
    clusters, wrong = np.repeat(np.arange(40), 5), 0
    for _ in range(replications):
        shared = rng.standard_normal((200, 1)) + rng.standard_normal((40, 1))[clusters]
        y = 0.8 * shared + rng.standard_normal((200, 6))
        y[:, :false] += 1.5
        influence = (y - y.mean(axis=0)) / 200
        sums = np.add.reduceat(influence, np.arange(0, 200, 5), axis=0)
        t = y.mean(axis=0) / np.sqrt(40 / 39 * np.sum(sums**2, axis=0))
        null = multiplier_draws(influence, clusters=clusters, rng=rng, draws=499)
        wrong += bool(np.any(romano_wolf(t, null)[false:] <= 0.05))
    return wrong / replications


def test_family_wise_error_in_a_small_sample():
    assert family_errors(100, seed=1) <= 0.12


@pytest.mark.slow
def test_family_wise_error():
    assert family_errors(3000, seed=2) <= 0.06
    assert family_errors(1500, seed=3, false=3) <= 0.065
