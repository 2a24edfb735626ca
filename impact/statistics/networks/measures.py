"""The measures of networks, each computed for a stack of networks at once.

Behind :mod:`impact.statistics.networks.network`, which says what they mean; :mod:`impact.statistics.networks.inference`
draws many networks, so one network is a stack of one. Paths come from rustworkx, components from scipy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import rustworkx as rx
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from impact.statistics.core import Floats, Ints, floats

Bools = NDArray[np.bool_]
ONE_THREAD = 2**62  # sums over threads come in any order, and a number would change in its last digits


@dataclass(frozen=True, eq=False)
class Stack:
    """Several networks of the same n bodies, or of n bodies drawn from them.

    Parameters
    ----------
    ties
        Shape (b, n, n), bool: in each of b networks, whether the body of the row has a tie to that of the column.
    directed
        Whether ties of all its networks have a direction.
    groups
        Shape (b, n): group numbers from 0; a single 0 for each body if there are no groups.
    """

    ties: Bools
    directed: bool
    groups: Ints

    @property
    def n(self) -> int:
        """Number of bodies of each network."""
        return int(self.ties.shape[1])


def measure_stack(stack: Stack, name: str) -> Floats:
    """Return one measure of each network of a stack, shape (b,); NaN as in :func:`network_measure`.

    Examples
    --------
    >>> ring = np.roll(np.eye(4, dtype=bool), 1, axis=1)
    >>> measure_stack(Stack(ring[None], directed=True, groups=np.zeros((1, 4), dtype=int)), "ties").tolist()
    [4.0]
    """
    return MEASURES[name](stack)


def _ratio(top: ArrayLike, bottom: ArrayLike) -> Floats:
    """Divide, with NaN where the divisor is zero."""
    numerator = floats(top)
    numerator, denominator = np.broadcast_arrays(numerator, floats(bottom))
    undefined = np.full(denominator.shape, np.nan)
    quotient: Floats = np.divide(numerator, denominator, out=undefined, where=denominator != 0)
    return quotient


def _mean_of(values: Floats, counted: Bools) -> Floats:
    """Return the mean over the bodies that count, for each network; values are 0 where they do not."""
    return _ratio(values.sum(axis=1), counted.sum(axis=1))


def _count(cells: Bools) -> Floats:
    """Return the number of true cells of each network."""
    flat = cells.reshape(len(cells), -1)
    return floats(np.count_nonzero(flat, axis=1))


def _arcs(stack: Stack) -> Floats:
    return _count(stack.ties)


def _either(stack: Stack) -> Bools:
    """Return whether there is a tie in either direction."""
    if not stack.directed:
        return stack.ties
    return stack.ties | stack.ties.transpose(0, 2, 1)


def _ties(stack: Stack) -> Floats:
    return _arcs(stack) / (1 if stack.directed else 2)


def _density(stack: Stack) -> Floats:
    return _ratio(_arcs(stack), stack.n * (stack.n - 1))


def _reciprocity(stack: Stack) -> Floats:
    """Return the share of arcs that are answered."""
    turned = stack.ties.transpose(0, 2, 1)
    answered = stack.ties & turned
    return _ratio(_count(answered), _arcs(stack))


def _transitivity(stack: Stack) -> Floats:
    """Return the share of two-paths i → j → k with a tie i → k."""
    # Paths between two bodies are fewer than 2**24, so single precision is exact.
    numbers = stack.ties.astype(np.float32)
    paths = numbers @ numbers
    of_ties = np.where(stack.ties, paths, 0.0)
    closed = of_ties.sum(axis=(1, 2), dtype=np.float64)
    back = np.trace(paths, axis1=1, axis2=2, dtype=np.float64)
    total = paths.sum(axis=(1, 2), dtype=np.float64)
    return _ratio(closed, total - back)


def _isolates(stack: Stack) -> Floats:
    return _count(np.asarray(~_either(stack).any(axis=2)))


def _components(stack: Stack) -> Floats:
    """Return the number of connected parts of each network, found in one graph of all of them."""
    count, n = len(stack.ties), stack.n
    draw, row, column = np.nonzero(stack.ties)
    first_body = draw * n
    ones = np.ones(len(draw), dtype=np.int8)
    ends = (first_body + row, first_body + column)
    blocks = coo_array((ones, ends), shape=(count * n, count * n))
    _, labels = connected_components(blocks.tocsr(), directed=False)
    first = np.unique(labels, return_index=True)[1]
    return np.bincount(first // n, minlength=count).astype(np.float64)


def _graph(ties: Bools, directed: bool) -> Any:
    kind = rx.PyDiGraph if directed else rx.PyGraph
    return kind.from_adjacency_matrix(ties.astype(np.float64))


def distances(ties: Bools, directed: bool) -> Floats:
    """Return the lengths of shortest paths, shape (n, n); 0 where there is none.

    Examples
    --------
    >>> distances(np.array([[False, True], [False, False]]), directed=True).tolist()
    [[0.0, 1.0], [0.0, 0.0]]
    """
    lengths: Floats = rx.distance_matrix(_graph(ties, directed), parallel_threshold=ONE_THREAD)
    return lengths


def _mean_path(stack: Stack) -> Floats:
    """Return the mean length of shortest paths between bodies that one connects."""
    lengths = [distances(ties, stack.directed) for ties in stack.ties]
    sums = [matrix.sum() for matrix in lengths]
    counts = [np.count_nonzero(matrix) for matrix in lengths]
    return _ratio(sums, counts)


def _degree_centralisation(stack: Stack) -> Floats:
    """Return the sum of distances to the largest degree, over that of a star (Freeman)."""
    n = stack.n
    degrees = stack.ties.sum(axis=1, dtype=np.int64)
    largest = degrees.max(axis=1)
    excess = n * largest - degrees.sum(axis=1)
    star = (n - 1) ** 2 if stack.directed else (n - 1) * (n - 2)
    return _ratio(excess, star)


def _betweenness_centralisation(stack: Stack) -> Floats:
    """Return the sum of distances to the largest betweenness, over that of a star (Freeman)."""
    n = stack.n
    values = np.array([_betweenness(ties, stack.directed) for ties in stack.ties])
    excess = n * values.max(axis=1) - values.sum(axis=1)
    star = (n - 1) ** 2 * (n - 2)
    return _ratio(excess, star / (1 if stack.directed else 2))


def _betweenness(ties: Bools, directed: bool) -> Floats:
    """Return how many shortest paths run through each body, shape (n,)."""
    graph = _graph(ties, directed)
    by_body = rx.betweenness_centrality(graph, normalized=False, parallel_threshold=ONE_THREAD)
    values = [by_body[body] for body in range(len(ties))]
    return np.array(values, dtype=np.float64)


def _constraint(stack: Stack) -> Floats:
    """Return the mean of Burt's constraint ``Σ_j (p_ij + Σ_q p_iq p_qj)²`` over bodies with ties."""
    numbers = stack.ties.astype(np.float64)
    strength = numbers + stack.ties.transpose(0, 2, 1)
    total = strength.sum(axis=2, keepdims=True)
    shares = strength / np.maximum(total, 1.0)
    indirect = shares @ shares
    invested = np.where(strength > 0, shares + indirect, 0.0)
    squares = (invested**2).sum(axis=2)
    has_ties = total[:, :, 0] > 0
    return _mean_of(squares, has_ties)


def _between(stack: Stack) -> Floats:
    """Return the number of arcs between groups."""
    apart = stack.groups[:, :, None] != stack.groups[:, None, :]
    return _count(stack.ties & apart)


def _cross_group_share(stack: Stack) -> Floats:
    return _ratio(_between(stack), _arcs(stack))


def _ei_index(stack: Stack) -> Floats:
    return _ratio(2 * _between(stack) - _arcs(stack), _arcs(stack))


def _diversity(stack: Stack) -> Floats:
    """Return the mean of ``1 − Σ_g share_g²`` over bodies with ties; shares of groups among those a body is tied to."""
    n_groups = int(stack.groups.max()) + 1
    members = (stack.groups[:, :, None] == np.arange(n_groups)).astype(np.float32)
    ties = _either(stack).astype(np.float32)
    counts = (ties @ members).astype(np.float64)
    degrees = counts.sum(axis=2)
    squares = (counts**2).sum(axis=2)
    alike = squares / np.maximum(degrees, 1.0) ** 2
    return _mean_of(np.where(degrees > 0, 1 - alike, 0.0), degrees > 0)


MEASURES: Mapping[str, Callable[[Stack], Floats]] = {
    "ties": _ties,
    "density": _density,
    "reciprocity": _reciprocity,
    "transitivity": _transitivity,
    "isolates": _isolates,
    "components": _components,
    "mean_path": _mean_path,
    "degree_centralisation": _degree_centralisation,
    "betweenness_centralisation": _betweenness_centralisation,
    "constraint": _constraint,
    "cross_group_share": _cross_group_share,
    "ei_index": _ei_index,
    "diversity": _diversity,
}
"""The measures by name, each from a stack of b networks to shape (b,)."""

OF_GROUPS = ("cross_group_share", "ei_index", "diversity")
