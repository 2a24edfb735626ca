"""Measures of networks against R's sna and igraph (public data), networkx on random graphs, and closed forms."""

from __future__ import annotations

import math
from collections.abc import Callable

import networkx as nx
import numpy as np
import pytest
import rustworkx as rx
from hypothesis import given
from hypothesis import strategies as st

from impact.errors import NotEstimable, UsageError
from impact.statistics.networks.measures import OF_GROUPS, Stack, measure_stack
from impact.statistics.networks.network import (
    MEASURES,
    Network,
    needs_groups,
    network_measure,
    tie_change,
    unreachable_pairs,
)
from tests.support.references import dataset, florentine_families, reference

WAVES = ("s501.csv", "s502.csv", "s503.csv")
STRUCTURE = [name for name in MEASURES if name not in OF_GROUPS]


@pytest.fixture(scope="module")
def waves() -> list[Network]:
    """Friendships of 50 pupils in three years."""
    return [Network(dataset(file, header=None).to_numpy() == 1) for file in WAVES]


def _karate() -> tuple[Network, np.ndarray]:
    graph = nx.karate_club_graph()
    clubs = np.array([graph.nodes[body]["club"] for body in graph])
    return Network(nx.to_numpy_array(graph, weight=None) == 1, directed=False), clubs


def _random(rng: np.random.Generator, n: int, share: float, directed: bool = True) -> Network:
    ties = rng.random((n, n)) < share
    if not directed:
        ties = np.triu(ties, 1)
        ties = ties | ties.T
    np.fill_diagonal(ties, False)
    return Network(ties, directed)


@st.composite
def networks(draw: st.DrawFn, least: int = 1, most: int = 9) -> Network:
    """Networks with isolates, empty and complete ones, and all between."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n, share = draw(st.integers(least, most)), draw(st.sampled_from([0.0, 0.1, 0.3, 0.6, 1.0]))
    network = _random(rng, n, share, draw(st.booleans()))
    alone = np.arange(n) < draw(st.integers(0, 2))
    return Network(network.adjacency & ~alone[:, None] & ~alone[None, :], network.directed)


def _graph(network: Network) -> nx.Graph:
    return nx.from_numpy_array(network.adjacency, create_using=nx.DiGraph if network.directed else nx.Graph)


def _or_nan(top: float, bottom: float) -> float:
    return top / bottom if bottom else math.nan


def _agrees_with_r(network: Network, name: str) -> None:
    expected = reference(name)
    extra, near = expected["extra"], expected["tolerance"]
    found = {measure: network_measure(network, measure) for measure in STRUCTURE}
    assert found["ties"] == extra["ties"] / (1 if network.directed else 2)  # sna counts each edge twice
    assert found["density"] == pytest.approx(expected["value"], abs=near)
    assert found["reciprocity"] == pytest.approx(extra["recip_edge"], abs=near)
    assert found["transitivity"] == pytest.approx(extra["trans_weak"], abs=near)
    assert found["components"] == extra["comp_weak"]
    assert found["isolates"] == sum(i + o == 0 for i, o in zip(extra["indeg"], extra["outdeg"], strict=True))
    assert found["degree_centralisation"] == pytest.approx(extra["indeg_central"], abs=near)
    turned = Network(network.adjacency.T, network.directed)
    assert network_measure(turned, "degree_centralisation") == pytest.approx(extra["outdeg_central"], abs=near)
    assert found["betweenness_centralisation"] == pytest.approx(extra["betw_central"], abs=near)


def test_measures_of_florentine_families_agree_with_r() -> None:
    families = florentine_families()
    adjacency = nx.to_numpy_array(families, nodelist=sorted(families)) == 1
    _agrees_with_r(Network(adjacency, directed=False), "net.flo")


def test_measures_of_friendships_agree_with_r(waves: list[Network], subtests: pytest.Subtests) -> None:
    for network, name in zip(waves, ("net.s50_w1", "net.s50_w2", "net.s50_w3"), strict=True):
        with subtests.test(name):
            _agrees_with_r(network, name)
    assert [network_measure(network, "ties") for network in waves] == [113, 116, 122]


def test_change_of_ties_agrees_with_r(waves: list[Network], subtests: pytest.Subtests) -> None:
    changes = {"net.s50_12": (waves[0], waves[1], (59, 56)), "net.s50_23": (waves[1], waves[2], (56, 50))}
    for name, (before, after, counts) in changes.items():
        with subtests.test(name):
            expected = reference(name)
            extra, near = expected["extra"], expected["tolerance"]
            change = tie_change(before, after)
            assert (change.formed, change.dissolved) == counts == (extra["n01"], extra["n10"])
            assert (change.persistent, change.hamming) == (extra["n11"], extra["hamming"])
            assert change.jaccard == pytest.approx(expected["value"], abs=near)
            assert change.correlation == pytest.approx(extra["gcor"], abs=near)


def test_groups_and_paths_agree_with_igraph() -> None:
    expected, (network, clubs) = reference("net.karate"), _karate()
    extra, near = expected["extra"], expected["tolerance"]
    assert network_measure(network, "ei_index", clubs) == pytest.approx(expected["value"], abs=near)
    assert network_measure(network, "cross_group_share", clubs) == pytest.approx(extra["E"] / extra["m"], abs=near)
    assert network_measure(network, "ties") == extra["m"]
    assert network_measure(network, "density") == pytest.approx(extra["dens"], abs=near)
    assert network_measure(network, "transitivity") == pytest.approx(extra["trans"], abs=near)
    assert network_measure(network, "mean_path") == pytest.approx(extra["avgpath"], abs=near)
    top, n = max(extra["betw"]), extra["n"]
    central = sum(top - one for one in extra["betw"]) / ((n - 1) ** 2 * (n - 2) / 2)
    assert network_measure(network, "betweenness_centralisation") == pytest.approx(central, abs=near)


# Two-paths i → j → k, and those with i → k, in a triad of each kind: what makes transitivity of the triad census.
TWO_PATHS = {
    "021C": (1, 0), "111D": (1, 0), "111U": (1, 0), "030T": (1, 1), "030C": (3, 0), "201": (2, 0),
    "120D": (2, 2), "120U": (2, 2), "120C": (3, 1), "210": (4, 3), "300": (6, 6),
}  # fmt: skip


def _census(graph: nx.Graph) -> float:
    if not graph.is_directed():
        return nx.transitivity(graph) if sum(d * (d - 1) for _, d in graph.degree) else math.nan
    census = nx.triadic_census(graph)
    paths, closed = (sum(census[kind] * pair[i] for kind, pair in TWO_PATHS.items()) for i in (0, 1))
    return _or_nan(closed, paths)


def _mean_path(graph: nx.Graph) -> float:
    lengths = [length for _, row in nx.all_pairs_shortest_path_length(graph) for length in row.values() if length]
    return _or_nan(sum(lengths), len(lengths))


def _centralisation(values: dict[int, float], most: float) -> float:
    return _or_nan(sum(max(values.values()) - one for one in values.values()), most)


def _degree(graph: nx.Graph) -> float:
    n = len(graph)
    degrees = dict(graph.in_degree() if graph.is_directed() else graph.degree())
    return _centralisation(degrees, (n - 1) ** 2 if graph.is_directed() else (n - 1) * (n - 2))


def _betweenness(graph: nx.Graph) -> float:
    n = len(graph)
    values = nx.betweenness_centrality(graph, normalized=False)
    return _centralisation(values, (n - 1) ** 2 * (n - 2) / (1 if graph.is_directed() else 2))


def _constraint(graph: nx.Graph) -> float:
    if not graph.number_of_edges():
        return math.nan
    return float(np.nanmean([value for body, value in nx.constraint(graph).items() if nx.degree(graph, body)]))


NETWORKX: dict[str, Callable[[nx.Graph], float]] = {
    "ties": lambda graph: graph.number_of_edges(),
    "density": lambda graph: nx.density(graph) if len(graph) > 1 else math.nan,
    "reciprocity": lambda graph: (
        math.nan if not graph.number_of_edges() else nx.overall_reciprocity(graph) if graph.is_directed() else 1.0
    ),
    "transitivity": _census,
    "isolates": nx.number_of_isolates,
    "components": lambda graph: nx.number_connected_components(graph.to_undirected()),
    "mean_path": _mean_path,
    "degree_centralisation": _degree,
    "betweenness_centralisation": _betweenness,
    "constraint": _constraint,
}


@pytest.mark.parametrize("name", STRUCTURE)
@given(network=networks())
def test_measures_agree_with_networkx(name: str, network: Network) -> None:
    expected = NETWORKX[name](_graph(network))
    assert network_measure(network, name) == pytest.approx(expected, rel=1e-12, abs=1e-13, nan_ok=True)


@given(network=networks(), data=st.data())
def test_groups_agree_with_counting(network: Network, data: st.DataObject) -> None:
    groups = np.array(data.draw(st.lists(st.sampled_from("abc"), min_size=network.n, max_size=network.n)))
    graph, around = _graph(network), _graph(network).to_undirected()
    between = sum(groups[i] != groups[j] for i, j in graph.edges)
    ties, shares = graph.number_of_edges(), []
    for body in around:
        near = [groups[other] for other in around[body]]
        shares += [1 - sum((near.count(one) / len(near)) ** 2 for one in "abc")] if near else []
    expected = (_or_nan(between, ties), _or_nan(2 * between - ties, ties), _or_nan(sum(shares), len(shares)))
    found = tuple(network_measure(network, name, groups) for name in ("cross_group_share", "ei_index", "diversity"))
    assert found == pytest.approx(expected, rel=1e-12, abs=1e-13, nan_ok=True)


@given(network=networks(least=2))
def test_ties_are_all_between_groups_of_one_body_and_all_within_a_single_group(network: Network) -> None:
    groups = np.arange(network.n)
    ties = network_measure(network, "ties")
    assert network_measure(network, "ei_index", groups) == pytest.approx(1.0 if ties else math.nan, nan_ok=True)
    assert network_measure(network, "ei_index", groups * 0) == pytest.approx(-1.0 if ties else math.nan, nan_ok=True)


@given(network=networks())
def test_unreachable_pairs_are_those_without_a_path(network: Network) -> None:
    lengths = dict(nx.all_pairs_shortest_path_length(_graph(network)))
    pairs = [(i, j) for i in lengths for j in lengths if i != j and (network.directed or i < j)]
    assert unreachable_pairs(network) == sum(j not in lengths[i] for i, j in pairs)


@given(network=networks(), seed=st.integers(0, 1000))
def test_the_order_of_bodies_does_not_matter(network: Network, seed: int) -> None:
    order = np.random.default_rng(seed).permutation(network.n)
    groups = np.arange(network.n) % 3
    moved = Network(network.adjacency[np.ix_(order, order)], network.directed)
    for name in MEASURES:
        here, there = (None, None) if not needs_groups(name) else (groups, groups[order])
        expected = network_measure(network, name, here)
        assert network_measure(moved, name, there) == pytest.approx(expected, rel=1e-12, abs=1e-13, nan_ok=True)


@given(seed=st.integers(0, 1000), n=st.integers(1, 8), directed=st.booleans())
def test_a_stack_gives_each_network_its_own_measure(seed: int, n: int, directed: bool) -> None:
    rng = np.random.default_rng(seed)
    parts = [_random(rng, n, share, directed) for share in (0.0, 0.2, 0.5, 1.0)]
    labels = rng.integers(3, size=(4, n))
    stack = Stack(np.stack([part.adjacency for part in parts]), directed, labels)
    for name in MEASURES:
        alone = [
            network_measure(part, name, label if needs_groups(name) else None)
            for part, label in zip(parts, labels, strict=True)
        ]
        assert measure_stack(stack, name) == pytest.approx(np.array(alone), rel=1e-12, abs=1e-13, nan_ok=True)


@pytest.mark.parametrize("directed", [True, False])
def test_a_larger_network_agrees_with_networkx_and_rustworkx(directed: bool) -> None:
    """Above 50 bodies rustworkx would use threads; its own transitivity is that of edges."""
    network = _random(np.random.default_rng(3), 120, 0.03, directed)
    for name in STRUCTURE:
        assert network_measure(network, name) == pytest.approx(NETWORKX[name](_graph(network)), rel=1e-11)
    if not directed:
        theirs = rx.transitivity(rx.PyGraph.from_adjacency_matrix(network.adjacency.astype(float)))
        assert network_measure(network, "transitivity") == pytest.approx(theirs, rel=1e-12)


def test_closed_forms() -> None:
    n = 7
    ring = Network(np.roll(np.eye(n, dtype=bool), 1, axis=1))
    star = np.zeros((n, n), dtype=bool)
    star[1:, 0] = True
    both = Network(star | star.T, directed=False)
    assert network_measure(ring, "mean_path") == n / 2
    assert network_measure(ring, "reciprocity") == 0
    assert network_measure(Network(star), "degree_centralisation") == 1
    assert network_measure(both, "degree_centralisation") == 1
    assert network_measure(both, "betweenness_centralisation") == 1
    assert network_measure(both, "constraint") == pytest.approx((1 / (n - 1) + (n - 1)) / n, rel=1e-14)
    assert unreachable_pairs(Network(star)) == n * (n - 1) - (n - 1)


def test_one_and_two_bodies() -> None:
    one, two = Network(np.zeros((1, 1), dtype=bool)), Network(np.array([[0, 1], [0, 0]], dtype=bool))
    alone = {name: network_measure(one, name, np.array(["a"]) if needs_groups(name) else None) for name in MEASURES}
    assert {name for name, value in alone.items() if not math.isnan(value)} == {"ties", "isolates", "components"}
    assert (alone["ties"], alone["isolates"], alone["components"]) == (0, 1, 1)
    assert network_measure(two, "degree_centralisation") == 1
    assert math.isnan(network_measure(two, "betweenness_centralisation"))
    assert network_measure(two, "constraint") == 1


@given(seed=st.integers(0, 1000), n=st.integers(1, 8), directed=st.booleans(), share=st.sampled_from([0.0, 0.4, 1.0]))
def test_change_adds_up_and_mirrors(seed: int, n: int, directed: bool, share: float) -> None:
    rng = np.random.default_rng(seed)
    before, after = _random(rng, n, share, directed), _random(rng, n, 0.4, directed)
    there, back = tie_change(before, after), tie_change(after, before)
    assert there.persistent + there.dissolved == network_measure(before, "ties")
    assert there.persistent + there.formed == network_measure(after, "ties")
    assert (there.formed, there.dissolved, there.hamming) == (back.dissolved, back.formed, back.hamming)
    off = ~np.eye(n, dtype=bool)
    first, second = before.adjacency[off].astype(float), after.adjacency[off].astype(float)
    constant = n < 2 or not (np.ptp(first) and np.ptp(second))
    expected = math.nan if constant else np.corrcoef(first, second)[0, 1]
    assert there.correlation == pytest.approx(expected, rel=1e-11, abs=1e-12, nan_ok=True)
    assert there.jaccard == pytest.approx(back.jaccard, nan_ok=True)


@pytest.mark.parametrize(
    ("ties", "directed", "says"),
    [
        (np.zeros((2, 2)), True, "not an array of true and false"),
        ([[False]], True, "not an array of true and false"),
        (np.zeros((2, 3), dtype=bool), True, r"shape \(2, 3\)"),
        (np.zeros((0, 0), dtype=bool), True, "n at least 1"),
        (np.zeros(3, dtype=bool), True, r"shape \(3,\)"),
        (np.eye(3, dtype=bool), True, "3 bodies have a tie to themselves"),
        (np.array([[0, 1], [0, 0]], dtype=bool), False, "not symmetric"),
    ],
)
def test_refuses_what_is_no_network(ties: np.ndarray, directed: bool, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        Network(ties, directed)


def test_refuses_measures_and_groups_that_do_not_fit() -> None:
    network = Network(np.roll(np.eye(3, dtype=bool), 1, axis=1))
    with pytest.raises(UsageError, match="unknown network measure 'closeness'; known: ties, density"):
        network_measure(network, "closeness")
    with pytest.raises(UsageError, match="ei_index needs the groups"):
        network_measure(network, "ei_index")
    with pytest.raises(UsageError, match="density takes no groups"):
        network_measure(network, "density", np.arange(3))
    with pytest.raises(UsageError, match=r"shape \(2,\); expected \(3,\)"):
        network_measure(network, "ei_index", np.arange(2))
    with pytest.raises(UsageError, match="one kind"):
        network_measure(network, "ei_index", np.array([1, "a", 2.5], dtype=object))
    for missing in (np.array(["a", None, "b"], dtype=object), np.array([1.0, np.nan, 2.0])):
        with pytest.raises(NotEstimable, match="1 of 3 bodies have no group"):
            network_measure(network, "diversity", missing)
    with pytest.raises(UsageError, match="the waves differ: 3 bodies, directed; 2 bodies, directed"):
        tie_change(network, Network(np.zeros((2, 2), dtype=bool)))
    with pytest.raises(UsageError, match="not directed"):
        tie_change(network, Network(np.zeros((3, 3), dtype=bool), directed=False))
