"""A network of bodies with ties that are there or not: its measures, and what changed between two waves.

The measures themselves are in :mod:`impact.statistics.networks.measures`; how sure they are, in
:mod:`impact.statistics.networks.inference`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from impact.errors import NotEstimable, UsageError
from impact.statistics.core import Ints, cluster_codes
from impact.statistics.networks.measures import MEASURES, OF_GROUPS, Bools, Stack, distances, measure_stack
from impact.words.said import Said


@dataclass(frozen=True, eq=False)
class Network:
    """Who has a tie with whom.

    Parameters
    ----------
    adjacency
        Shape (n, n), bool: whether the body of the row has a tie to the body of the column. No body has a tie to
        itself; symmetric if not directed.
    directed
        Whether a tie has a direction.

    Raises
    ------
    UsageError
        If the adjacency is not of this kind.
    """

    adjacency: Bools
    directed: bool = True

    def __post_init__(self) -> None:
        ties = self.adjacency
        if not isinstance(ties, np.ndarray) or ties.dtype != np.bool_:
            raise UsageError("the adjacency is not an array of true and false")
        if ties.ndim != 2 or ties.shape[0] != ties.shape[1] or not len(ties):
            raise UsageError(f"the adjacency has shape {ties.shape}; expected (n, n) with n at least 1")
        if ties.diagonal().any():
            raise UsageError(f"{int(ties.diagonal().sum())} bodies have a tie to themselves")
        if not self.directed and (ties != ties.T).any():
            raise UsageError("the ties are not symmetric, but the network is not directed")

    @property
    def n(self) -> int:
        """Number of bodies."""
        return len(self.adjacency)


@dataclass(frozen=True)
class TieChange:
    """What happened to the ties between two waves: arcs if directed, edges if not.

    Parameters
    ----------
    persistent, formed, dissolved
        Ties in both waves, in the second only, in the first only.
    jaccard
        ``persistent / (persistent + formed + dissolved)``; NaN if neither wave has a tie.
    hamming
        Number of ties that are in one wave only: ``formed + dissolved``.
    correlation
        Pearson correlation of the two waves over ordered pairs of bodies; NaN if a wave has no tie or every tie.
    """

    persistent: int
    formed: int
    dissolved: int
    jaccard: float
    hamming: int
    correlation: float


def network_measure(network: Network, name: str, groups: NDArray[Any] | None = None) -> float:
    r"""Return one measure of a network.

    Parameters
    ----------
    network
        Ties of n bodies, directed or not.
    name
        One of :data:`MEASURES`, as the notes define them: ``density``, ``reciprocity``, ``mean_path``, …
    groups
        Shape (n,): the group of each body; needed, and only allowed, if :func:`needs_groups`.

    Returns
    -------
    float
        NaN where the measure is not defined: ``density`` with one body; ``reciprocity``, ``mean_path``,
        ``constraint``, ``cross_group_share``, ``ei_index`` and ``diversity`` without ties; ``transitivity`` without
        paths of two ties; ``degree_centralisation`` below two bodies, or three if not directed;
        ``betweenness_centralisation`` below three.

    Raises
    ------
    UsageError
        For an unknown measure, groups that are missing as a whole or not wanted, or of another length.
    NotEstimable
        If some bodies have no group.

    Notes
    -----
    With ties :math:`a_{ij}`, in- and out-degrees :math:`d^{-}, d^{+}`:

    - ``ties``: arcs, or edges if not directed. ``density``: their share of the possible ones.
    - ``reciprocity``: share of ties that are returned; 1 if not directed.
    - ``transitivity``: of the paths i → j → k with i ≠ k, the share with i → k; if not directed, three times the
      triangles over the connected triples.
    - ``isolates``: bodies without a tie in either direction. ``components``: sets of bodies connected by ties, whatever
      their direction; each isolate is one.
    - ``mean_path``: mean length of the shortest paths over the ordered pairs that a path connects;
      :func:`unreachable_pairs` counts the others.
    - ``degree_centralisation``: :math:`\sum_i (\max d - d_i)` over its largest possible value. In-degree, ``(n−1)²``,
      if directed; degree, ``(n−1)(n−2)``, if not.
    - ``betweenness_centralisation``: the same of betweenness, ``(n−1)²(n−2)``, half of it if not directed.
    - ``constraint``: mean of Burt's :math:`\sum_j (p_{ij} + \sum_q p_{iq} p_{qj})^2` over bodies with ties, with
      :math:`p_{ij}` proportional to :math:`a_{ij} + a_{ji}`.
    - ``cross_group_share``: ties E between groups, of all. ``ei_index``: (E − I)/(E + I) with I within groups.
    - ``diversity``: mean over bodies with ties of :math:`1 - \sum_g s_g^2`, with the shares of the groups among its
      neighbours; a neighbour in either direction counts once.

    References
    ----------
    Wasserman and Faust (1994), https://doi.org/10.1017/CBO9780511815478; Freeman (1978),
    https://doi.org/10.1016/0378-8733(78)90021-7; Burt (1992), Structural Holes; Krackhardt and Stern (1988),
    https://doi.org/10.2307/2786835.

    Examples
    --------
    >>> ring = np.roll(np.eye(4, dtype=bool), 1, axis=1)
    >>> network_measure(Network(ring), "mean_path")
    2.0
    """
    stack = stack_of(network, name, groups)
    values = measure_stack(stack, name)
    return float(values[0])


def needs_groups(name: str) -> bool:
    """Return whether a measure compares groups of bodies.

    Raises
    ------
    UsageError
        If there is no such measure.

    Examples
    --------
    >>> needs_groups("ei_index"), needs_groups("density")
    (True, False)
    """
    if name not in MEASURES:
        raise UsageError(f"unknown network measure {name!r}; known: {', '.join(MEASURES)}")
    return name in OF_GROUPS


def unreachable_pairs(network: Network) -> int:
    """Return the ordered pairs of bodies that no path connects; unordered ones, if not directed.

    Examples
    --------
    >>> unreachable_pairs(Network(np.array([[False, True], [False, False]])))
    1
    """
    n = network.n
    lengths = distances(network.adjacency, network.directed)
    reached = int(np.count_nonzero(lengths))
    return (n * (n - 1) - reached) // (1 if network.directed else 2)


def tie_change(before: Network, after: Network) -> TieChange:
    """Return what happened to ties between two waves of the same bodies, in the same order.

    Raises
    ------
    UsageError
        If the networks are not of the same number of bodies and kind.

    References
    ----------
    Snijders, van de Bunt and Steglich (2010), https://doi.org/10.1016/j.socnet.2009.02.004.

    Examples
    --------
    >>> before, after = np.array([[False, True], [False, False]]), np.array([[False, True], [True, False]])
    >>> tie_change(Network(before), Network(after)).formed
    1
    """
    check_pair(before, after)
    per_tie = 1 if before.directed else 2
    first, second = before.adjacency, after.adjacency
    persistent = int(np.count_nonzero(first & second)) // per_tie
    formed = int(np.count_nonzero(second & ~first)) // per_tie
    dissolved = int(np.count_nonzero(first & ~second)) // per_tie
    union = persistent + formed + dissolved
    jaccard = persistent / union if union else float("nan")
    return TieChange(persistent, formed, dissolved, jaccard, formed + dissolved, _correlation(before, after))


def check_pair(before: Network, after: Network) -> None:
    """Refuse two waves that are not of the same number of bodies and kind."""
    if before.n != after.n or before.directed != after.directed:
        kinds = [f"{wave.n} bodies, {'' if wave.directed else 'not '}directed" for wave in (before, after)]
        raise UsageError(f"the waves differ: {kinds[0]}; {kinds[1]}")


def stack_of(network: Network, name: str, groups: NDArray[Any] | None) -> Stack:
    """Return one network as a stack of one, with groups checked for what a measure needs."""
    if needs_groups(name) != (groups is not None):
        raise UsageError(f"{name} {'needs the groups of the bodies' if groups is None else 'takes no groups'}")
    n = network.n
    codes = np.zeros(n, dtype=np.int64) if groups is None else _codes(np.asarray(groups), n)
    return Stack(network.adjacency[None], network.directed, codes[None])


def _codes(groups: NDArray[Any], n: int) -> Ints:
    if groups.shape != (n,):
        raise UsageError(f"groups have shape {groups.shape}; expected ({n},)")
    missing = int(pd.isna(groups).sum())
    if missing:
        raise NotEstimable(
            Said("networks.bodies_have_no_group", missing=missing, n=n), Said("networks.group_each_body")
        )
    try:
        return cluster_codes(groups)[0]
    except TypeError as error:
        raise UsageError("groups must be of one kind, all numbers or all text") from error


def _correlation(before: Network, after: Network) -> float:
    """Return the correlation of the two adjacency matrices off the diagonal, from counts alone."""
    n = before.n
    pairs = n * (n - 1)
    first, second = int(before.adjacency.sum()), int(after.adjacency.sum())
    shared = before.adjacency & after.adjacency
    both = int(np.count_nonzero(shared))
    spread = first * (pairs - first) * second * (pairs - second)
    if not spread:
        return float("nan")
    covariance = pairs * both - first * second
    return float(covariance / float(spread) ** 0.5)
