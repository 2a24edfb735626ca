"""Weights on the simplex that bring donors nearest to a target: the one problem under every synthetic control."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize

from impact.errors import NotEstimable
from impact.statistics.core import Floats, floats
from impact.words.said import Said

DONORS_NOT_FINITE = Said("synthetic.donors_not_finite")


@dataclass(frozen=True, eq=False)
class SimplexFit:
    """Weights (J,) nearest to the target, their loss (sum of squared distances), and whether no others do as well."""

    weights: Floats
    loss: float
    unique: bool


def simplex_weights(target: ArrayLike, donors: ArrayLike, *, ridge: float = 0.0) -> SimplexFit:
    """Return the weights w ≥ 0, Σw = 1 that minimise ``‖target − donors w‖² + ridge ‖w‖²``, exactly.

    Parameters
    ----------
    target, donors
        Shapes (p,) and (p, J); missing values or fewer than two donors are refused.
    ridge
        Penalty in squared units of the outcome; any positive value makes the weights unique.

    Notes
    -----
    As Σw = 1 the loss is ``‖M w‖²`` with ``M = donors − target``: the point nearest to the origin in a convex hull. Its
    direction solves the non-negative least squares of ``(M; 1') u`` on ``(0; 1)``, and ``w = u/Σu``. The optimum
    satisfies ``M'M w ≥ w'M'M w`` elementwise.

    References
    ----------
    Lawson, Hanson (1995), https://doi.org/10.1137/1.9781611971217. Wolfe (1976), https://doi.org/10.1007/BF01580381.

    Examples
    --------
    >>> fit = simplex_weights([1.0, 1.0], [[0.0, 2.0], [0.0, 2.0]])
    >>> fit.weights.round(6).tolist(), round(fit.loss, 6)
    ([0.5, 0.5], 0.0)
    """
    goal = finite(target, Said("synthetic.target_not_finite"))
    pool = finite(donors, DONORS_NOT_FINITE)
    if pool.ndim != 2 or pool.shape[0] != len(goal) or pool.shape[1] < 2:
        raise NotEstimable(
            Said("synthetic.fewer_two_donors_weight"), Said("synthetic.least_two_donors_measured_target")
        )
    # With Σw = 1, target − donors w is the point of the simplex of distances: nearest to the origin is best.
    distance = pool - goal[:, None]
    stacked = distance
    if ridge > 0:
        penalty = np.sqrt(ridge) * np.eye(pool.shape[1])
        stacked = np.vstack([distance, penalty])
    lengths = np.sum(stacked**2, axis=0)
    size = float(np.sqrt(np.mean(lengths))) or 1.0
    points = stacked / size
    weights = nearest_point(points)
    residuals = distance @ weights
    loss = float(np.sum(residuals**2))
    unique = _alone(points, weights)
    return SimplexFit(weights, loss, unique)


def nearest_point(points: Floats) -> Floats:
    """Return the convex weights (J,) of the columns' point nearest to the origin; points (p, J) are of order one.

    Examples
    --------
    >>> nearest_point(np.array([[-1.0, 3.0]])).round(6).tolist()
    [0.75, 0.25]
    """
    # Non-negative least squares of (M; 1') u on (0; 1), then w = u/Σu (Lawson and Hanson)
    size, n_columns = points.shape
    ones = np.ones(n_columns)
    raised = np.vstack([points, ones])
    goal = np.append(np.zeros(size), 1.0)
    u, _ = optimize.nnls(raised, goal, maxiter=100 * n_columns)
    return floats(u / u.sum())


def _alone(points: Floats, weights: Floats) -> bool:
    """Tell whether no other weights come as near to the origin."""
    nearest = points @ weights
    gradient = points.T @ nearest
    slack = gradient - gradient @ weights
    ones = np.ones(points.shape[1])
    raised = np.vstack([points, ones])
    active = (weights > 0) | (slack <= 1e-12)
    face = raised[:, active]
    n_active = face.shape[1]
    tolerance = 1e-9 * np.sqrt(n_active)
    return bool(np.linalg.matrix_rank(face, tol=tolerance) == n_active)


def finite(values: ArrayLike, reason: Said) -> Floats:
    """Return values as floats, or refuse what is missing or infinite with the reason given."""
    array = floats(values)
    if not np.isfinite(array).all():
        raise NotEstimable(reason, Said("synthetic.complete_data"))
    return array
