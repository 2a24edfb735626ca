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

from impact.statistics.core import Floats, Ints

Bools = NDArray[np.bool_]
ONE_THREAD = 2**62  # sums over threads come in any order, and a number would change in its last digits


@dataclass(frozen=True, eq=False)
class Stack:
    """Several networks of the same n bodies, or of n bodies drawn from them.

    Parameters
    ----------
    ties
        Shape (b, n, n), bool.
    directed
        Of all of them.
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
    """Return one measure of each network of a stack, shape (b,); NaN as in :func:`network_measure`."""
    return MEASURES[name](stack)


def _ratio(top: ArrayLike, bottom: ArrayLike) -> Floats:
    """Divide, with NaN where the divisor is zero."""
    above, below = np.broadcast_arrays(np.asarray(top, dtype=np.float64), np.asarray(bottom, dtype=np.float64))
    found: Floats = np.divide(above, below, out=np.full(below.shape, np.nan), where=below != 0)
    return found


def _mean_of(values: Floats, counted: Bools) -> Floats:
    """Return the mean over the bodies that count, for each network; values are 0 where they do not."""
    return _ratio(values.sum(axis=1), counted.sum(axis=1))


def _count(cells: Bools) -> Floats:
    """Return the number of true cells of each network."""
    return np.asarray(np.count_nonzero(cells.reshape(len(cells), -1), axis=1), dtype=np.float64)


def _arcs(stack: Stack) -> Floats:
    return _count(stack.ties)


def _either(stack: Stack) -> Bools:
    """Return whether there is a tie in either direction."""
    return stack.ties | stack.ties.transpose(0, 2, 1) if stack.directed else stack.ties


def _ties(stack: Stack) -> Floats:
    return _arcs(stack) / (1 if stack.directed else 2)


def _density(stack: Stack) -> Floats:
    return _ratio(_arcs(stack), stack.n * (stack.n - 1))


def _reciprocity(stack: Stack) -> Floats:
    return _ratio(_count(stack.ties & stack.ties.transpose(0, 2, 1)), _arcs(stack))


def _transitivity(stack: Stack) -> Floats:
    numbers = stack.ties.astype(np.float32)  # paths between two bodies are fewer than 2**24, so exact
    paths = numbers @ numbers
    closed = np.where(stack.ties, paths, 0.0).sum(axis=(1, 2), dtype=np.float64)
    back = np.trace(paths, axis1=1, axis2=2, dtype=np.float64)
    return _ratio(closed, paths.sum(axis=(1, 2), dtype=np.float64) - back)


def _isolates(stack: Stack) -> Floats:
    return _count(np.asarray(~_either(stack).any(axis=2)))


def _components(stack: Stack) -> Floats:
    count, n = len(stack.ties), stack.n
    draw, row, column = np.nonzero(stack.ties)
    ends = (draw * n + row, draw * n + column)
    blocks = coo_array((np.ones(len(draw), dtype=np.int8), ends), shape=(count * n, count * n))
    _, labels = connected_components(blocks.tocsr(), directed=False)
    first = np.unique(labels, return_index=True)[1]
    return np.bincount(first // n, minlength=count).astype(np.float64)


def _graph(ties: Bools, directed: bool) -> Any:
    kind = rx.PyDiGraph if directed else rx.PyGraph
    return kind.from_adjacency_matrix(ties.astype(np.float64))


def distances(ties: Bools, directed: bool) -> Floats:
    """Return the lengths of shortest paths, shape (n, n); 0 where there is none."""
    found: Floats = rx.distance_matrix(_graph(ties, directed), parallel_threshold=ONE_THREAD)
    return found


def _mean_path(stack: Stack) -> Floats:
    lengths = [distances(ties, stack.directed) for ties in stack.ties]
    return _ratio([one.sum() for one in lengths], [np.count_nonzero(one) for one in lengths])


def _degree_centralisation(stack: Stack) -> Floats:
    degrees, n = stack.ties.sum(axis=1, dtype=np.int64), stack.n
    excess = n * degrees.max(axis=1) - degrees.sum(axis=1)
    return _ratio(excess, (n - 1) ** 2 if stack.directed else (n - 1) * (n - 2))


def _betweenness_centralisation(stack: Stack) -> Floats:
    n, values = stack.n, np.array([_betweenness(ties, stack.directed) for ties in stack.ties])
    excess = n * values.max(axis=1) - values.sum(axis=1)
    return _ratio(excess, (n - 1) ** 2 * (n - 2) / (1 if stack.directed else 2))


def _betweenness(ties: Bools, directed: bool) -> Floats:
    graph = _graph(ties, directed)
    found = rx.betweenness_centrality(graph, normalized=False, parallel_threshold=ONE_THREAD)
    return np.array([found[body] for body in range(len(ties))], dtype=np.float64)


def _constraint(stack: Stack) -> Floats:
    strength = stack.ties.astype(np.float64) + stack.ties.transpose(0, 2, 1)
    total = strength.sum(axis=2, keepdims=True)
    shares = strength / np.maximum(total, 1.0)
    invested = np.where(strength > 0, shares + shares @ shares, 0.0)
    return _mean_of((invested**2).sum(axis=2), total[:, :, 0] > 0)


def _between(stack: Stack) -> Floats:
    """Return the number of arcs between groups."""
    apart = stack.groups[:, :, None] != stack.groups[:, None, :]
    return _count(stack.ties & apart)


def _cross_group_share(stack: Stack) -> Floats:
    return _ratio(_between(stack), _arcs(stack))


def _ei_index(stack: Stack) -> Floats:
    return _ratio(2 * _between(stack) - _arcs(stack), _arcs(stack))


def _diversity(stack: Stack) -> Floats:
    members = (stack.groups[:, :, None] == np.arange(int(stack.groups.max()) + 1)).astype(np.float32)
    counts = (_either(stack).astype(np.float32) @ members).astype(np.float64)
    degrees = counts.sum(axis=2)
    alike = (counts**2).sum(axis=2) / np.maximum(degrees, 1.0) ** 2
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
