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
from impact.statistics.core import CONFIDENCE, Floats, cluster_sums
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
        ``Rademacher`` or ``Webb``.
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
        spread = np.maximum(self.yy - 2 * null * self.xy + null**2 * self.xx, 0.0)
        return int(np.count_nonzero((self.top_y - null * self.top_x) ** 2 >= squared * spread * (1 - TIE)))

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
        The coefficient.
    codes
        Shape (n,): cluster labels of any kind.
    draws
        Number of draws; if there are at most that many sign vectors, each is used once instead.
    rng
        Source of random draws.
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
    observed = coefficient(fit, name, errors="CR0", clusters=[group[0]])
    count = group[1]
    enumerated = count <= math.log2(draws)
    kind = "Webb" if count < 10 and not enumerated else "Rademacher"
    batches = _sign_vectors(count) if enumerated else _random_vectors(count, draws, kind, rng)
    drawn = _bootstrap(fit, fit.place(name), group, batches)
    own = 0 if enumerated else 1

    def p_value(null: float) -> float:
        squared = ((observed.estimate - null) / observed.std_error) ** 2
        return (own + drawn.at_least(squared, null)) / (own + len(drawn.yy))

    low, high = -math.inf, math.inf
    if own + drawn.never_below() <= (1 - CONFIDENCE) * (own + len(drawn.yy)):
        low, high = (_bound(p_value, observed.estimate, side * observed.std_error) for side in (-1, 1))
    return Bootstrap(p_value(0.0), low, high, 2**count if enumerated else draws, enumerated, kind)


def _sign_vectors(count: int) -> Iterator[Floats]:
    """Yield all sign vectors with +1 in front, in batches, shape (b, G); the others mirror them."""
    total, size = 2 ** (count - 1), max(1, BATCH // count)
    for start in range(0, total, size):
        numbers = np.arange(start, min(start + size, total))[:, None]
        yield np.asarray(1.0 - 2.0 * ((numbers >> np.arange(count)[::-1]) & 1), dtype=np.float64)


def _random_vectors(count: int, draws: int, kind: str, rng: np.random.Generator) -> Iterator[Floats]:
    points = np.concatenate([-WEBB, WEBB]) if kind == "Webb" else np.array([-1.0, 1.0])
    size = max(1, BATCH // count)
    for start in range(0, draws, size):
        yield rng.choice(points, size=(min(size, draws - start), count))


def _bootstrap(fit: Fit, place: int, group: tuple[NDArray[np.int64], int], batches: Iterator[Floats]) -> _Draws:
    """Return the parts of t² of all draws, from sums by cluster only."""
    score = fit.matrix @ fit.bread[place] * fit.weights
    restricted_x = score / fit.weights / fit.bread[place, place]
    restricted_y = fit.residuals + restricted_x * fit.params[place]
    link = cluster_sums(fit.matrix * score[:, None], *group) @ fit.bread
    sums = [
        (cluster_sums(score * e, *group), cluster_sums(fit.matrix * (fit.weights * e)[:, None], *group))
        for e in (restricted_y, restricted_x)
    ]
    parts = []
    for signs in batches:
        y, x = (signs * own - (signs @ columns) @ link.T for own, columns in sums)
        parts.append(
            (signs @ sums[0][0], signs @ sums[1][0], *((a * b).sum(axis=1) for a, b in ((y, y), (x, y), (x, x))))
        )
    return _Draws(*(np.concatenate(part) for part in zip(*parts, strict=True)))


def _bound(p_value: Callable[[float], float], estimate: float, step: float) -> float:
    """Return the end of the interval in the direction of ``step``: the last null that is not rejected."""
    level, inside, outside = 1 - CONFIDENCE, estimate, estimate + step
    while p_value(outside) > level:
        inside, outside = outside, estimate + 2 * (outside - estimate)
    for _ in range(HALVINGS):
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if p_value(middle) > level else (inside, middle)
    return (inside + outside) / 2
