"""How sure a measure of a network is: bodies drawn again, bodies renamed, labels shuffled, waves swapped.

Stands on :mod:`impact.statistics.networks.network`. Ties are not independent of each other, so each procedure says what
it takes as exchangeable: bodies, their names, their labels, or the two waves of a pair of bodies.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from impact.errors import NotEstimable, UsageError
from impact.statistics.core import Estimate, Floats, wald
from impact.statistics.networks.draws import batches, redrawn, swapped
from impact.statistics.networks.measures import Stack, measure_stack
from impact.statistics.networks.network import Network, check_pair, needs_groups, network_measure, stack_of, tie_change
from impact.words.said import Said

UNDEFINED = 0.05
PRECISION = 1e-13
TIE = 1e-9
OF_PATHS = ("mean_path", "betweenness_centralisation")


@dataclass(frozen=True)
class NetworkEstimate(Estimate):
    """A measure of a network, or its change, with its error over bodies drawn again.

    Parameters
    ----------
    replicates
        Shape (draws − undefined,): the measure of each network of drawn bodies.
    undefined
        Draws in which the measure was not defined; they are left out.
    bias
        Mean of the replicates minus the estimate. It is not taken off the estimate.
    """

    replicates: Floats = field(default_factory=lambda: np.empty(0), repr=False, compare=False)
    undefined: int = 0
    bias: float = float("nan")


class QapTest(NamedTuple):
    """The correlation of two networks, and its two-sided p-value under renamed bodies."""

    correlation: float
    p_value: float


class MixingTest(NamedTuple):
    """A measure of groups, its mean over all ways to shuffle the labels, and its two-sided p-value."""

    observed: float
    expected: float
    p_value: float


def vertex_bootstrap(
    network: Network, name: str, groups: NDArray[Any] | None = None, *, draws: int, rng: np.random.Generator
) -> NetworkEstimate:
    """Return a measure with the error of the vertex bootstrap.

    Parameters
    ----------
    network
        Of n bodies that stand for others like them.
    name, groups
        As in :func:`impact.statistics.networks.network.network_measure`.
    draws, rng
        How many networks of drawn bodies make the error, two at least, and the generator that draws them.

    Raises
    ------
    UsageError
        For an unknown measure, unsuitable groups or fewer than two draws.
    NotEstimable
        For ``mean_path`` and ``betweenness_centralisation``. If the measure is undefined in the network or in more
        than 5 % of the draws, does not vary between draws, or some bodies have no group.

    Notes
    -----
    Draw n bodies with replacement and keep the ties among them. The dyad of two copies of one body takes both
    directions of a dyad drawn from all of the network. The error is the standard deviation of the measure over draws,
    and the interval is normal. It takes bodies as a sample: it holds no error of ties that were reported wrongly. Where
    bodies are alike, the error is too large, up to √3 for a density. Where ties are few, a network of drawn bodies has
    more isolates and other paths: ``bias`` shows it, and intervals of measures of paths, which then hold the truth too
    seldom, are refused.

    References
    ----------
    Snijders and Borgatti (1999), Connections 22 (2), 61–70.

    Examples
    --------
    >>> ties = np.random.default_rng(1).random((12, 12)) < 0.3
    >>> np.fill_diagonal(ties, val=False)
    >>> estimate = vertex_bootstrap(Network(ties), "density", draws=200, rng=np.random.default_rng(1))
    >>> round(estimate.estimate - float(ties.sum()) / 132, 9), estimate.std_error > 0
    (0.0, True)
    """
    _refuse_paths(name)
    stack = stack_of(network, name, groups)
    codes = stack.groups[0]
    value = network_measure(network, name, groups)
    drawn_values = []
    single = network.adjacency[None]
    for (ties,), drawn in redrawn(single, draws, rng):
        stack = Stack(ties, network.directed, codes[drawn])
        drawn_values.append(measure_stack(stack, name))
    values = np.concatenate(drawn_values)
    return _estimate(value, values, name, network.n)


def change_bootstrap(
    before: Network,
    after: Network,
    name: str,
    groups: NDArray[Any] | None = None,
    *,
    draws: int,
    rng: np.random.Generator,
) -> NetworkEstimate:
    """Return the change of a measure between two waves of the same bodies, with its error.

    Parameters
    ----------
    before, after
        The waves: the same n bodies in the same order.
    name, groups, draws, rng
        As in :func:`vertex_bootstrap`; a body keeps its group.

    Raises
    ------
    UsageError, NotEstimable
        As in :func:`vertex_bootstrap`; also if the waves are not of the same number of bodies and kind.

    Notes
    -----
    The estimate is after − before. Both waves are made of the same drawn bodies, and the dyad of two copies takes the
    same other dyad in both, so that what the waves share cancels.

    References
    ----------
    Snijders and Borgatti (1999), Connections 22 (2), 61–70.

    Examples
    --------
    >>> ties = np.random.default_rng(1).random((2, 12, 12)) < np.array([0.2, 0.4])[:, None, None]
    >>> before, after = (Network(wave & ~np.eye(12, dtype=bool)) for wave in ties)
    >>> change_bootstrap(before, after, "density", draws=200, rng=np.random.default_rng(1)).estimate > 0
    True
    """
    check_pair(before, after)
    _refuse_paths(name)
    codes = stack_of(before, name, groups).groups[0]
    value = network_measure(after, name, groups) - network_measure(before, name, groups)
    both = np.stack([before.adjacency, after.adjacency])
    changes = []
    for waves, drawn in redrawn(both, draws, rng):
        first, second = (measure_stack(Stack(ties, before.directed, codes[drawn]), name) for ties in waves)
        changes.append(second - first)
    return _estimate(value, np.concatenate(changes), name, before.n)


def qap_correlation(before: Network, after: Network, *, draws: int, rng: np.random.Generator) -> QapTest:
    """Return the correlation of two networks of the same bodies, and whether it is more than chance.

    Parameters
    ----------
    before, after
        The same n bodies in the same order.
    draws, rng
        How often the bodies of one wave are relabelled, and the source of the labels.

    Raises
    ------
    UsageError
        If the networks are not of the same number of bodies and kind, or there is no draw.
    NotEstimable
        If a network has no tie or every tie.

    Notes
    -----
    Pearson correlation over ordered pairs of bodies. The null: which body stands where in one network has nothing to
    do with the other network. Bodies of one are permuted, rows and columns together, which keeps all its structure;
    ``p = (1 + #{|r*| ≥ |r|}) / (1 + draws)``.

    References
    ----------
    Krackhardt (1987), https://doi.org/10.1016/0378-8733(87)90012-8.

    Examples
    --------
    >>> ties = np.random.default_rng(1).random((12, 12)) < 0.3
    >>> np.fill_diagonal(ties, val=False)
    >>> test = qap_correlation(Network(ties), Network(ties), draws=99, rng=np.random.default_rng(1))
    >>> round(test.correlation, 6), test.p_value
    (1.0, 0.01)
    """
    correlation = tie_change(before, after).correlation
    if not np.isfinite(correlation):
        raise NotEstimable(Said("networks.wave_has_no_tie_every_tie"), Said("networks.ties_between_some_bodies_only"))
    n = before.n
    rows, columns = np.nonzero(before.adjacency)
    # Given the numbers of ties, the correlation rises with the ties in both waves: integers, so ties are exact.
    pairs = n * (n - 1)
    later = after.adjacency
    expected = len(rows) * int(later.sum())
    persistent = int(after.adjacency[rows, columns].sum())
    observed = abs(pairs * persistent - expected)
    extreme = 0
    for size in batches(draws, len(rows) + n):
        bodies = np.arange(n)
        labels = np.tile(bodies, (size, 1))
        names = rng.permuted(labels, axis=1)
        renamed = after.adjacency[names[:, rows], names[:, columns]]
        both = np.count_nonzero(renamed, axis=1)
        products = pairs * both
        deviations = np.abs(products - expected)
        extreme += int(np.count_nonzero(deviations >= observed))
    return QapTest(correlation, (1 + extreme) / (1 + draws))


def mixing_test(
    network: Network, name: str, groups: NDArray[Any], *, draws: int, rng: np.random.Generator
) -> MixingTest:
    r"""Return a measure of groups beside what it would be if group and ties had nothing to do with each other.

    Parameters
    ----------
    network
        Ties of n bodies, directed or not.
    name
        A measure that :func:`impact.statistics.networks.network.needs_groups`.
    groups
        Shape (n,): labels of the bodies' groups, none missing.
    draws, rng
        Permutations of the labels, and the generator.

    Raises
    ------
    UsageError
        If the measure knows no groups, or there is no draw.
    NotEstimable
        Without ties, with a single group, or if some bodies have no group.

    Notes
    -----
    The expected value is exact. Two bodies differ with probability :math:`h = 1 - \sum_g n_g(n_g-1)/(n(n-1))`: it is
    h for the share, 2h − 1 for E–I, and h times the mean of (d − 1)/d over bodies with d > 0 neighbours for diversity.
    ``p = (1 + #{|m* − expected| ≥ |m − expected|}) / (1 + draws)``, with ties held fixed.

    Examples
    --------
    >>> ring = np.roll(np.eye(4, dtype=bool), 1, axis=1)
    >>> groups = np.array(["a", "a", "b", "b"])
    >>> test = mixing_test(Network(ring), "cross_group_share", groups, draws=99, rng=np.random.default_rng(1))
    >>> test.observed, round(test.expected, 3)
    (0.5, 0.667)
    """
    stack = stack_of(network, name, groups)
    if not needs_groups(name):
        raise UsageError(f"{name} does not compare groups")
    if not network.adjacency.any() or stack.groups.max() < 1:
        raise NotEstimable(Said("networks.no_tie_single_group"), Said("networks.ties_bodies_least_two_groups"))
    observed = float(measure_stack(stack, name)[0])
    expected = _expected(stack, name)
    least = abs(observed - expected) - TIE
    n = network.n
    extreme = 0
    for size in batches(draws, n**2):
        repeated = np.tile(stack.groups, (size, 1))
        labels = rng.permuted(repeated, axis=1)
        ties = np.broadcast_to(network.adjacency, (size, n, n))
        relabelled = Stack(ties, network.directed, labels)
        values = measure_stack(relabelled, name)
        deviations = np.abs(values - expected)
        extreme += int(np.count_nonzero(deviations >= least))
    p_value = (1 + extreme) / (1 + draws)
    return MixingTest(observed, expected, p_value)


def swap_test(
    before: Network,
    after: Network,
    name: str,
    groups: NDArray[Any] | None = None,
    *,
    draws: int,
    rng: np.random.Generator,
) -> float:
    """Return the two-sided p-value of no change of a measure between two waves, from dyads swapped between the waves.

    Parameters
    ----------
    before, after
        The same n bodies in the same order.
    name, groups
        As in :func:`impact.statistics.networks.network.network_measure`.
    draws, rng
        How often the dyads are swapped at random, and the generator; the smallest p-value is ``1 / (1 + draws)``.

    Raises
    ------
    UsageError, NotEstimable
        As in :func:`change_bootstrap`.

    Notes
    -----
    The null: each dyad could as well have had its two waves the other way round, whatever the other dyads did. Each
    dyad, with both its directions, is swapped with probability ½, and ``p = (1 + #{|c*| ≥ |c|}) / (1 + draws)`` for
    the change c. Draws in which it is undefined count as extreme.

    Valid if ties form and dissolve independently between dyads. It is not, and p is then too small, where a body, or
    a shock to all, moves many ties at once: bodies cannot be swapped instead, since a dyad belongs to two of them. Then
    use :func:`change_bootstrap`. For ``ties`` and edges this is the sign test of McNemar.

    References
    ----------
    McNemar (1947), https://doi.org/10.1007/BF02295996.

    Examples
    --------
    >>> ties = np.random.default_rng(1).random((2, 12, 12)) < 0.3
    >>> before, after = (Network(wave & ~np.eye(12, dtype=bool)) for wave in ties)
    >>> swap_test(before, after, "density", draws=99, rng=np.random.default_rng(1)) > 0.05
    True
    """
    check_pair(before, after)
    codes = stack_of(before, name, groups).groups
    change = abs(network_measure(after, name, groups) - network_measure(before, name, groups))
    if not np.isfinite(change):
        raise NotEstimable(Said("networks.not_defined_wave", name=name), Said("networks.network_more_ties"))
    undefined = extreme = 0
    for waves in swapped(before.adjacency, after.adjacency, draws, rng):
        first, second = (measure_stack(Stack(ties, before.directed, codes), name) for ties in waves)
        changes = second - first
        undefined += int(np.count_nonzero(np.isnan(changes)))
        extreme += int(np.count_nonzero(np.abs(changes) >= change - TIE))
    _refuse_undefined(undefined, draws, name)
    return (1 + extreme + undefined) / (1 + draws)


def _estimate(value: float, drawn_values: Floats, name: str, n: int) -> NetworkEstimate:
    """Return a measure with the error and the bias of its draws, those that are undefined left out and counted."""
    defined = drawn_values[np.isfinite(drawn_values)]
    undefined = len(drawn_values) - len(defined)
    if not np.isfinite(value):
        raise NotEstimable(Said("networks.not_defined_network", name=name), Said("networks.network_more_ties"))
    _refuse_undefined(undefined, len(drawn_values), name)
    error = float(defined.std(ddof=1))
    largest = float(np.abs(defined).max())
    if error <= PRECISION * largest:
        raise NotEstimable(
            Said("networks.same_whichever_bodies_drawn", name=name), Said("networks.bodies_differ_their_ties")
        )
    plain = wald(value, error, rule=Said("rule.vertex_bootstrap"), n_obs=n)
    bias = float(defined.mean()) - value
    return NetworkEstimate(**vars(plain), replicates=defined, undefined=undefined, bias=bias)


def _refuse_paths(name: str) -> None:
    if name in OF_PATHS:
        reason = Said("networks.drawn_networks_have_other_paths", name=name)
        raise NotEstimable(reason, Said("networks.another_measure_or_test"))


def _refuse_undefined(undefined: int, draws: int, name: str) -> None:
    if undefined > UNDEFINED * draws:
        raise NotEstimable(
            Said("networks.not_defined_draws", name=name, undefined=undefined, draws=draws),
            Said("networks.network_more_ties"),
        )


def _expected(stack: Stack, name: str) -> float:
    """Return what a measure of groups would be if labels were dealt at random among the bodies."""
    n, sizes = stack.n, np.bincount(stack.groups[0])
    alike = float(np.sum(sizes * (sizes - 1)))
    differ = 1 - alike / (n * (n - 1))
    if name == "ei_index":
        return 2 * differ - 1
    if name == "cross_group_share":
        return differ
    ties = stack.ties[0]
    degrees = np.count_nonzero(ties | ties.T, axis=1)
    degrees = degrees[degrees > 0]
    return differ * float(np.mean((degrees - 1) / degrees))
