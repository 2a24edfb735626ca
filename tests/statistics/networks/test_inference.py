"""Errors and tests of networks against closed forms, full enumeration, scipy, and in simulation."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from impact.errors import NotEstimable, UsageError
from impact.statistics.networks.inference import (
    OF_PATHS,
    NetworkEstimate,
    change_bootstrap,
    mixing_test,
    qap_correlation,
    swap_test,
    vertex_bootstrap,
)
from impact.statistics.networks.measures import Stack, measure_stack
from impact.statistics.networks.network import MEASURES, Network, needs_groups, network_measure, tie_change
from tests.statistics.networks.test_network import _karate, _random
from tests.support.references import dataset, reference


def _rng(seed: int = 5) -> np.random.Generator:
    return np.random.default_rng(seed)


def _wave(number: int) -> Network:
    return Network(dataset(f"s50{number}.csv", header=None).to_numpy() == 1)


def _density_error(dyads: np.ndarray) -> float:
    """Return the exact error of a density over drawn bodies, from the mean of both directions of each dyad, (n, n).

    A mean over M dyads: each has the variance of a dyad drawn from all, and it shares a body with 2(n − 2) others, with
    the variance of what a body brings as covariance; a copy of the same body brings the mean.
    """
    n = len(dyads)
    pairs = n * (n - 1) / 2
    off = dyads[~np.eye(n, dtype=bool)]
    bodies = (dyads.sum(axis=1) - dyads.diagonal() + off.mean()) / n
    return math.sqrt((off.var() + 2 * (n - 2) * bodies.var()) / pairs)


def _both(network: Network) -> np.ndarray:
    return (network.adjacency.astype(float) + network.adjacency.T) / 2


@pytest.mark.parametrize("directed", [True, False])
def test_the_error_of_a_density_is_its_closed_form(directed: bool) -> None:
    network = _wave(1) if directed else _karate()[0]
    found, draws = vertex_bootstrap(network, "density", draws=20_000, rng=_rng()), 20_000
    exact = _density_error(_both(network))
    assert found.std_error == pytest.approx(exact, rel=4 / math.sqrt(2 * draws))
    assert abs(found.bias) < 4 * exact / math.sqrt(draws)
    ties = vertex_bootstrap(network, "ties", draws=500, rng=_rng())
    scale = network.n * (network.n - 1) / (1 if directed else 2)
    same = vertex_bootstrap(network, "density", draws=500, rng=_rng())
    assert (ties.estimate, ties.std_error) == pytest.approx((scale * same.estimate, scale * same.std_error), rel=1e-11)


def test_the_error_of_a_change_in_density_is_its_closed_form() -> None:
    before, after = _wave(1), _wave(2)
    found = change_bootstrap(before, after, "density", draws=20_000, rng=_rng())
    assert found.estimate == pytest.approx(3 / 2450, rel=1e-12)
    exact = _density_error(_both(after) - _both(before))
    assert found.std_error == pytest.approx(exact, rel=4 / math.sqrt(2 * 20_000))
    assert abs(found.bias) < 4 * exact / math.sqrt(20_000)
    apart = math.hypot(_density_error(_both(before)), _density_error(_both(after)))
    assert found.std_error < 0.85 * apart


def test_with_independent_ties_the_error_of_a_density_is_too_large_by_the_root_of_three() -> None:
    """Their mean over M dyads has variance s²/M; bodies differ by (n − 2)(n − 1)/n³ s², counted 2(n − 2)/M times."""
    rng, n, ratios = _rng(8), 60, []
    for _ in range(100):
        network = _random(rng, n, 0.2, directed=False)
        share = network_measure(network, "density")
        ratios.append(_density_error(_both(network)) / math.sqrt(share * (1 - share) / (n * (n - 1) / 2)))
    exact = math.sqrt(1 + 2 * (n - 2) ** 2 * (n - 1) / n**3)
    assert np.mean(ratios) == pytest.approx(exact, rel=0.01)
    assert exact == pytest.approx(math.sqrt(3), rel=2 / n)


def test_an_estimate_carries_its_interval_and_its_draws() -> None:
    found = vertex_bootstrap(_wave(1), "transitivity", draws=1500, rng=_rng())
    assert isinstance(found, NetworkEstimate)
    assert (str(found.reference), found.n_obs, found.undefined) == ("vertex bootstrap, z", 50, 0)
    assert found.replicates.shape == (1500,)
    assert found.estimate == network_measure(_wave(1), "transitivity")
    assert found.std_error == pytest.approx(np.std(found.replicates, ddof=1), rel=1e-12)
    assert found.bias == pytest.approx(np.mean(found.replicates) - found.estimate, rel=1e-12)
    half = stats.norm.ppf(0.975) * found.std_error
    assert (found.conf_low, found.conf_high) == pytest.approx((found.estimate - half, found.estimate + half), rel=1e-12)


@pytest.mark.parametrize("name", MEASURES)
def test_a_change_back_is_the_opposite(name: str) -> None:
    rng = _rng(9)
    first, second = (_random(rng, 50, 0.046) for _ in range(2))
    groups = np.arange(50) % 3 if needs_groups(name) else None
    swaps = [swap_test(*waves, name, groups, draws=30, rng=_rng()) for waves in ((first, second), (second, first))]
    assert swaps[0] == swaps[1]
    if name in OF_PATHS:
        with pytest.raises(NotEstimable, match=f"other shortest paths, so they do not tell how sure {name} is"):
            change_bootstrap(first, second, name, groups, draws=30, rng=_rng())
        with pytest.raises(NotEstimable, match="other shortest paths"):
            vertex_bootstrap(first, name, groups, draws=30, rng=_rng())
        return
    there = change_bootstrap(first, second, name, groups, draws=30, rng=_rng())
    back = change_bootstrap(second, first, name, groups, draws=30, rng=_rng())
    assert there.replicates == pytest.approx(-back.replicates, abs=1e-12)
    assert (there.estimate, there.std_error) == pytest.approx((-back.estimate, back.std_error), rel=1e-11)


def test_groups_go_with_their_bodies() -> None:
    """Ties within groups only: whichever bodies are drawn, only the dyads of copies could lie between groups."""
    groups = np.repeat(["a", "b"], 15)
    ties = (groups[:, None] == groups[None, :]) & ~np.eye(30, dtype=bool)
    found = vertex_bootstrap(Network(ties, directed=False), "density", draws=200, rng=_rng())
    assert found.undefined == 0
    with pytest.raises(NotEstimable, match="ei_index is the same whichever bodies are drawn"):
        vertex_bootstrap(Network(ties, directed=False), "ei_index", groups, draws=200, rng=_rng())


def test_a_dyad_of_copies_takes_both_directions_of_one_dyad() -> None:
    mutual = _karate()[0].adjacency
    with pytest.raises(NotEstimable, match="reciprocity is the same whichever bodies are drawn"):
        vertex_bootstrap(Network(mutual), "reciprocity", draws=300, rng=_rng())
    tournament = np.triu(np.ones((12, 12), dtype=bool), 1)
    with pytest.raises(NotEstimable, match="density is the same whichever bodies are drawn"):
        vertex_bootstrap(Network(tournament), "density", draws=300, rng=_rng())
    with pytest.raises(NotEstimable, match="density is the same"):
        change_bootstrap(Network(mutual), Network(mutual), "density", draws=300, rng=_rng())


def test_undefined_draws_are_counted_or_refused() -> None:
    ties = np.zeros((20, 20), dtype=bool)
    ties[0, 1] = ties[1, 0] = ties[2, 3] = True
    with pytest.raises(NotEstimable, match=r"reciprocity is not defined in \d+ of 400 draws"):
        vertex_bootstrap(Network(ties), "reciprocity", draws=400, rng=_rng())
    ties[np.arange(4, 9), np.arange(5, 10)] = True
    some = vertex_bootstrap(Network(ties), "reciprocity", draws=400, rng=_rng())
    assert 0 < some.undefined <= 20
    assert len(some.replicates) == 400 - some.undefined
    assert np.isfinite(some.replicates).all()


def test_qap_agrees_with_all_permutations() -> None:
    rng = _rng(3)
    before, after = _random(rng, 6, 0.4), _random(rng, 6, 0.4)
    mixed = Network(np.where(rng.random((6, 6)) < 0.5, before.adjacency, after.adjacency))
    orders = [np.array(order) for order in itertools.permutations(range(6))]
    every = [tie_change(Network(before.adjacency[np.ix_(order, order)]), mixed).correlation for order in orders]
    found = qap_correlation(before, mixed, draws=20_000, rng=_rng())
    exact = np.mean(np.abs(every) >= abs(found.correlation) - 1e-12)
    assert found.correlation == pytest.approx(every[0], rel=1e-12)
    assert 0.01 < exact < 0.6
    assert found.p_value == pytest.approx(exact, abs=4 * math.sqrt(exact * (1 - exact) / 20_000))


def test_qap_of_the_three_waves() -> None:
    for waves, name in (((1, 2), "net.s50_12"), ((2, 3), "net.s50_23")):
        found = qap_correlation(_wave(waves[0]), _wave(waves[1]), draws=999, rng=_rng())
        assert found.correlation == pytest.approx(reference(name)["extra"]["gcor"], abs=1e-9)
        assert found.p_value == 0.001


@pytest.mark.parametrize("name", ["cross_group_share", "ei_index", "diversity"])
@pytest.mark.parametrize("directed", [True, False])
def test_mixing_agrees_with_all_permutations(name: str, directed: bool) -> None:
    network, groups = _random(_rng(4), 7, 0.3, directed), np.array(list("aabbbcc"))
    codes = np.array([0, 0, 1, 1, 1, 2, 2])
    labels = codes[np.array(list(itertools.permutations(range(7))))]
    ties = np.broadcast_to(network.adjacency, (len(labels), 7, 7))
    every = measure_stack(Stack(ties, directed, labels), name)
    found = mixing_test(network, name, groups, draws=20_000, rng=_rng())
    assert found.expected == pytest.approx(every.mean(), rel=1e-12)
    assert found.observed == network_measure(network, name, groups)
    exact = np.mean(np.abs(every - every.mean()) >= abs(found.observed - every.mean()) - 1e-9)
    assert found.p_value == pytest.approx(exact, abs=4 * math.sqrt(exact * (1 - exact) / 20_000) + 1e-4)


def test_mixing_of_the_karate_club() -> None:
    network, clubs = _karate()
    found = mixing_test(network, "ei_index", clubs, draws=999, rng=_rng())
    assert found.observed == pytest.approx(reference("net.karate")["value"], abs=1e-9)
    assert found.expected == pytest.approx(2 * (1 - 2 * 17 * 16 / (34 * 33)) - 1, rel=1e-12)
    assert found.p_value == 0.001


def test_swapped_edges_are_the_exact_test_of_mcnemar() -> None:
    rng = _rng(6)
    before, after = _random(rng, 14, 0.25, directed=False), _random(rng, 14, 0.37, directed=False)
    change = tie_change(before, after)
    exact = stats.binomtest(change.formed, change.formed + change.dissolved).pvalue
    assert 0.005 < exact < 0.5
    for name in ("ties", "density"):
        found = swap_test(before, after, name, draws=20_000, rng=_rng())
        assert found == pytest.approx(exact, abs=4 * math.sqrt(exact * (1 - exact) / 20_000) + 1e-4)


@pytest.mark.parametrize("name", ["transitivity", "reciprocity", "components", "ei_index"])
def test_swaps_agree_with_all_of_them(name: str) -> None:
    rng = _rng(11)
    before = _random(rng, 8, 0.35)
    after = Network(before.adjacency ^ (_random(rng, 8, 0.13).adjacency))
    groups = np.arange(8) % 2 if needs_groups(name) else None
    differs = before.adjacency != after.adjacency
    dyads = list(zip(*np.nonzero(np.triu(differs | differs.T)), strict=True))
    every = []
    for chosen in itertools.product([False, True], repeat=len(dyads)):
        waves = [before.adjacency.copy(), after.adjacency.copy()]
        for (i, j), swap in zip(dyads, chosen, strict=True):
            if swap:
                for one, other in ((i, j), (j, i)):
                    waves[0][one, other], waves[1][one, other] = (
                        after.adjacency[one, other],
                        before.adjacency[one, other],
                    )
        every.append(
            network_measure(Network(waves[1]), name, groups) - network_measure(Network(waves[0]), name, groups)
        )
    exact = np.mean(np.abs(every) >= abs(every[0]) - 1e-9)
    assert (len(dyads) >= 5, np.isfinite(every).all()) == (True, True)
    found = swap_test(before, after, name, groups, draws=20_000, rng=_rng())
    assert found == pytest.approx(exact, abs=4 * math.sqrt(exact * (1 - exact) / 20_000) + 1e-4)


def test_equal_waves_have_no_change() -> None:
    wave = _random(_rng(), 50, 0.05)
    assert swap_test(wave, wave, "density", draws=50, rng=_rng()) == 1


def test_the_same_seed_gives_the_same_numbers_over_several_batches() -> None:
    network = _random(_rng(), 120, 0.05)
    runs = [vertex_bootstrap(network, "transitivity", draws=300, rng=_rng()) for _ in range(2)]
    assert runs[0].replicates.shape == (300,)
    assert np.array_equal(runs[0].replicates, runs[1].replicates)
    swaps = {swap_test(network, _random(_rng(1), 120, 0.05), "density", draws=300, rng=_rng()) for _ in range(2)}
    assert len(swaps) == 1


def test_refuses() -> None:
    empty, full = Network(np.zeros((9, 9), dtype=bool)), Network(~np.eye(9, dtype=bool))
    some, other = _random(_rng(), 9, 0.4), _random(_rng(1), 9, 0.4)
    with pytest.raises(NotEstimable, match="transitivity is not defined in the network"):
        vertex_bootstrap(empty, "transitivity", draws=50, rng=_rng())
    for flat in (empty, full):
        with pytest.raises(NotEstimable, match="a wave has no tie or every tie"):
            qap_correlation(flat, some, draws=50, rng=_rng())
        with pytest.raises(NotEstimable, match="density is the same"):
            vertex_bootstrap(flat, "density", draws=50, rng=_rng())
    with pytest.raises(NotEstimable, match="a single body"):
        vertex_bootstrap(Network(np.zeros((1, 1), dtype=bool)), "ties", draws=50, rng=_rng())
    with pytest.raises(NotEstimable, match="reciprocity is not defined in a wave"):
        swap_test(empty, some, "reciprocity", draws=50, rng=_rng())
    with pytest.raises(NotEstimable, match="no tie, or a single group"):
        mixing_test(empty, "ei_index", np.arange(9), draws=50, rng=_rng())
    with pytest.raises(NotEstimable, match="no tie, or a single group"):
        mixing_test(some, "ei_index", np.zeros(9), draws=50, rng=_rng())
    with pytest.raises(UsageError, match="density takes no groups"):
        mixing_test(some, "density", np.arange(9), draws=50, rng=_rng())
    with pytest.raises(UsageError, match="the waves differ"):
        change_bootstrap(some, Network(np.zeros((3, 3), dtype=bool)), "density", draws=50, rng=_rng())
    with pytest.raises(UsageError, match="1 draws; at least 2"):
        vertex_bootstrap(some, "density", draws=1, rng=_rng())
    for call in (qap_correlation, lambda a, b, **k: swap_test(a, b, "density", **k)):
        with pytest.raises(UsageError, match="0 draws; at least 1"):
            call(some, other, draws=0, rng=_rng())


def _waves(
    rng: np.random.Generator, n: int, spread: float, growth: float, shock: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return two waves whose ties depend on senders and receivers, and change body by body where there is a shock."""
    level = -2.0 + spread * (rng.normal(size=(n, 1)) + rng.normal(size=(1, n)))
    later = level + growth + shock * rng.normal(size=(n, 1))
    kept, first = rng.random((n, n)) < 0.6, rng.random((n, n))
    second = np.where(kept, first, rng.random((n, n)))
    off = ~np.eye(n, dtype=bool)
    return (first < 1 / (1 + np.exp(-level))) & off, (second < 1 / (1 + np.exp(-later))) & off


def _coverage(name: str, spread: float, shock: float, times: int) -> tuple[float, float]:
    """Return how often the intervals of a level and of a change hold what waves like these give on average."""
    rng, n, hits = _rng(12), 40, np.zeros(2)
    pairs = [_waves(rng, n, spread, 0.3, shock) for _ in range(2000)]
    stacks = [Stack(np.array(wave), True, np.zeros((1, n), dtype=np.int64)) for wave in zip(*pairs, strict=True)]
    first, second = (float(np.nanmean(measure_stack(stack, name))) for stack in stacks)
    for _ in range(times):
        before, after = (Network(ties) for ties in _waves(rng, n, spread, 0.3, shock))
        level = vertex_bootstrap(before, name, draws=200, rng=rng)
        change = change_bootstrap(before, after, name, draws=200, rng=rng)
        hits += [level.conf_low <= first <= level.conf_high, change.conf_low <= second - first <= change.conf_high]
    return float(hits[0] / times), float(hits[1] / times)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["density", "reciprocity", "transitivity"])
@pytest.mark.parametrize(("spread", "shock"), [(0.0, 0.0), (0.8, 0.0), (0.8, 1.0)])
def test_intervals_of_the_bootstrap_cover(name: str, spread: float, shock: float) -> None:
    """Not too narrow; too wide where bodies are alike or the waves share much, as the closed form says."""
    assert min(_coverage(name, spread, shock, 400)) >= 0.93


@pytest.mark.slow
def test_the_interval_of_a_centralisation_falls_a_little_short_where_bodies_differ() -> None:
    """It rests on the single largest degree, which a bootstrap does not see; a change is less affected."""
    level, change = _coverage("degree_centralisation", 0.8, 1.0, 1000)
    assert 0.88 <= level <= 0.94
    assert change >= 0.93


def _rejections(shock: float, times: int) -> tuple[float, float]:
    """Return how often no change of density is rejected at 5 %, by swapped dyads and by drawn bodies."""
    rng, rejected = _rng(21), np.zeros(2)
    for _ in range(times):
        before, after = (Network(ties) for ties in _waves(rng, 40, 0.5, 0.0, 0.0))
        if shock:
            two = [_waves(rng, 40, 0.0, 0.0, shock)[1] for _ in range(2)]
            before, after = Network(two[0]), Network(two[1])
        rejected += [
            swap_test(before, after, "density", draws=199, rng=rng) <= 0.05,
            change_bootstrap(before, after, "density", draws=199, rng=rng).p_value <= 0.05,
        ]
    return float(rejected[0] / times), float(rejected[1] / times)


@pytest.mark.slow
def test_swaps_hold_their_level_unless_bodies_move_many_ties_at_once() -> None:
    """The documented limit: with a shock to each body the swaps reject too often, the bootstrap does not."""
    swaps, _ = _rejections(0.0, 1000)
    assert 0.03 <= swaps <= 0.07
    swaps, bodies = _rejections(1.0, 500)
    assert swaps > 0.10
    assert bodies <= 0.07
