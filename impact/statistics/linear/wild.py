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
_Scores = tuple[Floats, Floats]
"""By cluster: what it adds to the coefficient, ``z_g'u_g``, shape (G,); its scores, ``X_g'W_gu_g``, shape (G, k)."""


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
    """The numerator and the meat of t* of each draw, linear and quadratic in the null b; each field has shape (draws,).

    ``t*² = (numerator_y − b·numerator_x)² / (meat_yy − 2b·meat_xy + b²·meat_xx)``, y the outcome, x the column tested.
    """

    numerator_y: Floats
    numerator_x: Floats
    meat_yy: Floats
    meat_xy: Floats
    meat_xx: Floats

    def at_least(self, squared: float, null: float) -> int:
        """Count the draws whose t² at a null is at least as large as the observed, ties included."""
        meat = self.meat_yy - 2 * null * self.meat_xy + null**2 * self.meat_xx
        positive = np.maximum(meat, 0.0)
        threshold = squared * positive * (1 - TIE)
        of_null = null * self.numerator_x
        numerator = self.numerator_y - of_null
        reached = numerator**2 >= threshold
        return int(np.count_nonzero(reached))

    def never_below(self) -> int:
        """Count the draws whose t² grows with the null without bound, as the observed does; ``meat_xx`` has no unit."""
        return int(np.count_nonzero(self.meat_xx <= TIE**2))


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

    Examples
    --------
    >>> from impact.statistics.linear.least_squares import fit as least_squares
    >>> treated = np.repeat([0.0, 1.0], 8)
    >>> noise = np.random.default_rng(1).normal(size=16)
    >>> fitted = least_squares(3 * treated + noise, np.column_stack([np.ones(16), treated]), ["constant", "treated"])
    >>> result = wild_bootstrap(fitted, "treated", np.repeat(np.arange(8), 2), draws=999, rng=np.random.default_rng(1))
    >>> result.enumerated, result.draws, result.p_value < 0.05
    (True, 256, True)
    """
    if errors not in ("CR0", "CR1") or draws < 1:
        raise UsageError(f"the wild bootstrap takes CR0 or CR1 and at least one draw; got {errors} and {draws}")
    group = group_codes(codes, fit.n)
    labels, n_clusters = group
    # The observed t is that of CR0; CR1 multiplies it and every t* alike
    observed = coefficient(fit, name, errors="CR0", clusters=[labels])
    estimate, error = observed.estimate, observed.std_error
    enumerated = n_clusters <= math.log2(draws)
    few_signs = n_clusters < 10 and not enumerated
    kind = "Webb" if few_signs else "Rademacher"
    batches = _random_vectors(n_clusters, draws, kind, rng)
    if enumerated:
        batches = _sign_vectors(n_clusters)
    term = fit.place(name)
    t_star = _bootstrap(fit, term, group, batches)
    # Drawn vectors do not hold the observed one for sure: it counts once on both sides of the share.
    observed_once = 0 if enumerated else 1
    total = observed_once + len(t_star.meat_yy)

    def p_value(null: float) -> float:
        t = (estimate - null) / error
        squared = t**2
        exceeding = observed_once + t_star.at_least(squared, null)
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
        remaining = draws - start
        rows = min(size, remaining)
        yield rng.choice(points, size=(rows, count))


def _bootstrap(fit: Fit, term: int, group: Group, batches: Iterator[Floats]) -> _Draws:
    """Return numerator and meat of t* of all draws, from sums by cluster only (Roodman and others 2019, fast form)."""
    matrix, bread, weights = fit.matrix, fit.bread, fit.weights
    # z = WX(X'WX)⁻¹e_j: the coefficient is z'y, so z_g'u_g is what cluster g adds to it.
    z = matrix @ bread[term] * weights
    # Restricted residuals (WCR): those of y and of x_j given the other columns; under the null b, u = u_y − b u_x.
    u_x = z / weights / bread[term, term]
    explained = u_x * fit.params[term]
    u_y = fit.residuals + explained
    # Refitting a draw u* changes the coefficients by bread X'Wu*: row g of the link turns X'Wu* into that of z_g'u*_g.
    weighted = matrix * z[:, None]
    link = cluster_sums(weighted, *group) @ bread
    of_y = _scores_by_cluster(fit, z, u_y, group)
    of_x = _scores_by_cluster(fit, z, u_x, group)
    draws = [_draw(signs, of_y, of_x, link) for signs in batches]
    columns = [np.concatenate(batch) for batch in zip(*draws, strict=True)]
    return _Draws(*columns)


def _scores_by_cluster(fit: Fit, z: Floats, u: Floats, group: Group) -> _Scores:
    """Return by cluster ``z_g'u_g``, shape (G,), and the scores ``X_g'W_gu_g``, shape (G, k)."""
    weighted = fit.weights * u
    scores = fit.matrix * weighted[:, None]
    scores_by_cluster = cluster_sums(scores, *group)
    in_coefficient = z * u
    return cluster_sums(in_coefficient, *group), scores_by_cluster


def _draw(signs: Floats, of_y: _Scores, of_x: _Scores, link: Floats) -> tuple[Floats, ...]:
    """Return the fields of :class:`_Draws` of a batch of sign vectors v, shape (b, G)."""
    # The bootstrap coefficient less the null: Σ_g v_g z_g'u_g
    numerator_y = signs @ of_y[0]
    numerator_x = signs @ of_x[0]
    # The meat of CR0: squares of what each cluster adds after the refit, Σ_g (z_g'u*_g)²
    y = _refitted(signs, of_y, link)
    x = _refitted(signs, of_x, link)
    meat_yy = (y * y).sum(axis=1)
    meat_xy = (x * y).sum(axis=1)
    meat_xx = (x * x).sum(axis=1)
    return numerator_y, numerator_x, meat_yy, meat_xy, meat_xx


def _refitted(signs: Floats, of_clusters: _Scores, link: Floats) -> Floats:
    """Return ``z_g'u*_g`` of the residuals after the refit of each draw, shape (b, G)."""
    sums, scores_by_cluster = of_clusters
    drawn_scores = signs @ scores_by_cluster
    change = drawn_scores @ link.T
    return floats(signs * sums - change)


def _bound(p_value: Callable[[float], float], estimate: float, step: float) -> float:
    """Return the end of the interval in the direction of ``step``: the last null that is not rejected."""
    level = 1 - CONFIDENCE
    inside, outside = estimate, estimate + step
    # Outwards in doubled steps until a null is rejected; then halve
    while p_value(outside) > level:
        distance = outside - estimate
        inside, outside = outside, estimate + 2 * distance
    for _ in range(HALVINGS):
        middle = (inside + outside) / 2
        rejected = p_value(middle) <= level
        if rejected:
            outside = middle
        else:
            inside = middle
    return (inside + outside) / 2
