"""The wild cluster bootstrap: a test and an interval for one coefficient when clusters are few.

Stands on :mod:`impact.statistics.linear.least_squares` and :mod:`impact.statistics.linear.sandwich`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impact.errors import UsageError
from impact.statistics.core import CONFIDENCE, Floats, Group, cluster_sums, floats
from impact.statistics.linear.least_squares import Fit
from impact.statistics.linear.sandwich import coefficient, group_codes

TIE = 1e-9
BATCH = 2_000_000
HALVINGS = 50
WEBB = np.sqrt(np.array([0.5, 1.0, 1.5]))


@dataclass(frozen=True)
class Bootstrap:
    """The result of a bootstrap test.

    Parameters
    ----------
    p_value
        Two-sided, of the null that the coefficient is zero.
    conf_low, conf_high
        95 % interval: the nulls around the estimate that the test does not reject; infinite where it never rejects.
    draws
        Draws made; all ``2^G`` sign vectors if ``enumerated``.
    enumerated
        Whether each possible sign vector was used once; the p-value then has no simulation error.
    weights
        Law of the drawn weights: ``Rademacher`` or ``Webb``.
    """

    p_value: float
    conf_low: float
    conf_high: float
    draws: int
    enumerated: bool
    weights: str


@dataclass(frozen=True, eq=False)
class _Draws:
    """Per draw the bootstrap t² at the null b: ``(top_y − b·top_x)² / (yy − 2b·xy + b²·xx)``."""

    top_y: Floats
    top_x: Floats
    yy: Floats
    xy: Floats
    xx: Floats

    def at_least(self, squared: float, null: float) -> int:
        """Count the draws whose t² at a null is at least as large as the observed, ties included."""
        meat = self.yy - 2 * null * self.xy + null**2 * self.xx
        positive = np.maximum(meat, 0.0)
        threshold = squared * positive * (1 - TIE)
        top = (self.top_y - null * self.top_x) ** 2
        return int(np.count_nonzero(top >= threshold))

    def never_below(self) -> int:
        """Count the draws whose t² grows with the null without bound, as the observed does; ``xx`` has no unit."""
        return int(np.count_nonzero(self.xx <= TIE**2))


def wild_bootstrap(
    fit: Fit, name: str, codes: NDArray[Any], *, draws: int, rng: np.random.Generator, errors: str = "CR1"
) -> Bootstrap:
    """Test one coefficient with the restricted wild cluster bootstrap-t (WCR).

    Parameters
    ----------
    fit
        From :func:`impact.statistics.linear.least_squares.fit`, with or without weights.
    name
        The coefficient, by the name of its column.
    codes
        Shape (n,): cluster labels of any kind.
    draws
        Number of draws; if there are at most that many sign vectors, each is used once instead.
    rng
        Source of the vectors that are drawn; not used if all are listed.
    errors
        ``CR0`` or ``CR1``: their t statistics differ by one factor, so that the result is the same.

    Returns
    -------
    Bootstrap
        A p-value of the null that the coefficient is zero, and an interval by inversion of the test.

    Raises
    ------
    NotEstimable
        With missing labels, one cluster, or a coefficient that rests on one cluster alone.
    UsageError
        If ``errors`` is another rule, or ``draws`` is below 1.

    Notes
    -----
    Under the null b, fit y − bx on the other columns; multiply the residuals of each cluster by a random ``v_g``; fit
    again and compare ``|t*|`` with ``|t|``. Drawn: ``p = (1 + #{|t*| ≥ |t|})/(1 + draws)``. Enumerated:
    ``p = #{|t*| ≥ |t|}/2^G``. Ties count, with a relative tolerance of 1e-9: many sign vectors give the same ``|t*|``.

    Rademacher signs are ±1. With G clusters they give at most ``2^(G−1)`` values of ``|t*|``, so that drawing adds only
    noise when all can be listed; below 10 clusters, where few values are left and not all are listed, Webb's six points
    ``±√½, ±1, ±√1½`` are drawn. With 5 clusters or fewer the enumerated p-value cannot fall below 0.05, and the
    interval is infinite: five clusters do not carry a test at that level. With few treated clusters the test rejects
    too rarely.

    Every quantity is linear in the null, so that the draws are made once and serve all nulls of the inversion; a draw
    costs ``O(Gk)``, whatever the number of rows.

    References
    ----------
    Cameron, Gelbach, Miller (2008), https://doi.org/10.1162/rest.90.3.414. Webb (2023),
    https://doi.org/10.1111/caje.12661. Roodman, Nielsen, MacKinnon, Webb (2019),
    https://doi.org/10.1177/1536867X19830877.
    """
    if errors not in ("CR0", "CR1") or draws < 1:
        raise UsageError(f"the wild bootstrap takes CR0 or CR1 and at least one draw; got {errors} and {draws}")
    group = group_codes(codes, fit.n)
    labels, n_clusters = group
    observed = coefficient(fit, name, errors="CR0", clusters=[labels])
    estimate, error = observed.estimate, observed.std_error
    enumerated = n_clusters <= math.log2(draws)
    kind = "Webb" if n_clusters < 10 and not enumerated else "Rademacher"
    batches = _random_vectors(n_clusters, draws, kind, rng)
    if enumerated:
        batches = _sign_vectors(n_clusters)
    term = fit.place(name)
    t_star = _bootstrap(fit, term, group, batches)
    # Drawn vectors do not hold the observed one for sure: it counts once on both sides of the share.
    observed_once = 0 if enumerated else 1
    total = observed_once + len(t_star.yy)

    def p_value(null: float) -> float:
        t = (estimate - null) / error
        exceeding = observed_once + t_star.at_least(t**2, null)
        return exceeding / total

    low, high = -math.inf, math.inf
    never_rejected = observed_once + t_star.never_below()
    if never_rejected <= (1 - CONFIDENCE) * total:
        low = _bound(p_value, estimate, -error)
        high = _bound(p_value, estimate, error)
    used = 2**n_clusters if enumerated else draws
    return Bootstrap(p_value(0.0), low, high, used, enumerated, kind)


def _sign_vectors(count: int) -> Iterator[Floats]:
    """Yield all sign vectors with +1 in front, in batches, shape (b, G); the others mirror them."""
    n_vectors = 2 ** (count - 1)
    size = max(1, BATCH // count)
    digits = np.arange(count)[::-1]
    for start in range(0, n_vectors, size):
        end = min(start + size, n_vectors)
        numbers = np.arange(start, end)
        shifted = numbers[:, None] >> digits
        bits = shifted & 1
        yield floats(1.0 - 2.0 * bits)


def _random_vectors(count: int, draws: int, kind: str, rng: np.random.Generator) -> Iterator[Floats]:
    """Yield drawn vectors of signs, or of Webb's six points, in batches, shape (b, G)."""
    points = np.array([-1.0, 1.0])
    if kind == "Webb":
        points = np.concatenate([-WEBB, WEBB])
    size = max(1, BATCH // count)
    for start in range(0, draws, size):
        rows = min(size, draws - start)
        yield rng.choice(points, size=(rows, count))


def _bootstrap(fit: Fit, term: int, group: Group, batches: Iterator[Floats]) -> _Draws:
    """Return the parts of t² of all draws, from sums by cluster only: the fast form of Roodman and others (2019)."""
    matrix, bread, weights = fit.matrix, fit.bread, fit.weights
    # z = WX(X'WX)⁻¹e_j: the coefficient is z'y.
    z = matrix @ bread[term] * weights
    # Residuals of x_j, and of y, given the other columns: under the null b those of y − b x_j are their difference.
    x_dot = z / weights / bread[term, term]
    explained = x_dot * fit.params[term]
    y_dot = fit.residuals + explained
    # Row g turns the change of X'Wy in a draw into the change of cluster g's share of z'y.
    cross = cluster_sums(matrix * z[:, None], *group)
    link = cross @ bread
    of_y = _cluster_sums(fit, z, y_dot, group)
    of_x = _cluster_sums(fit, z, x_dot, group)
    draws = [_draw(signs, of_y, of_x, link) for signs in batches]
    columns = [np.concatenate(pieces) for pieces in zip(*draws, strict=True)]
    return _Draws(*columns)


def _cluster_sums(fit: Fit, z: Floats, residuals: Floats, group: Group) -> tuple[Floats, Floats]:
    """Return by cluster ``Σ z e``, shape (G,), and ``Σ w x e``, shape (G, k)."""
    weighted = fit.weights * residuals
    scores = fit.matrix * weighted[:, None]
    sums = cluster_sums(z * residuals, *group)
    return sums, cluster_sums(scores, *group)


def _draw(
    signs: Floats, of_y: tuple[Floats, Floats], of_x: tuple[Floats, Floats], link: Floats
) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Return numerators and meat of t* of a batch of sign vectors, shape (b, G): each has shape (b,)."""
    sums_y, scores_y = of_y
    sums_x, scores_x = of_x
    y = _refitted(signs, sums_y, scores_y, link)
    x = _refitted(signs, sums_x, scores_x, link)
    top_y, top_x = signs @ sums_y, signs @ sums_x
    yy = (y * y).sum(axis=1)
    xy = (x * y).sum(axis=1)
    xx = (x * x).sum(axis=1)
    return top_y, top_x, yy, xy, xx


def _refitted(signs: Floats, sums: Floats, scores: Floats, link: Floats) -> Floats:
    """Return the clusters' shares ``Σ z e*`` of the residuals after the refit of each draw, shape (b, G)."""
    drawn_scores = signs @ scores
    change = drawn_scores @ link.T
    return floats(signs * sums - change)


def _bound(p_value: Callable[[float], float], estimate: float, step: float) -> float:
    """Return the end of the interval in the direction of ``step``: the last null that is not rejected."""
    level = 1 - CONFIDENCE
    inside, outside = estimate, estimate + step
    while p_value(outside) > level:
        distance = outside - estimate
        inside, outside = outside, estimate + 2 * distance
    for _ in range(HALVINGS):
        middle = (inside + outside) / 2
        if p_value(middle) > level:
            inside = middle
        else:
            outside = middle
    return (inside + outside) / 2
