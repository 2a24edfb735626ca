"""The variance of true effects between studies, τ², around a mean or a regression, by eight estimators.

Every other module of :mod:`impact.statistics.meta` that pools independent studies starts here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from scipy import optimize, stats

from impact.errors import NotEstimable
from impact.statistics.core import Floats, floats
from impact.words.said import Said

Method = Literal["FE", "DL", "HE", "SJ", "PM", "EB", "REML", "ML"]
METHODS: tuple[Method, ...] = get_args(Method)
GRID = 300
MOST_UNEQUAL = 1_000_000
"""Largest over smallest error: beyond it sums of 1/s² lose the other studies, whatever the formula."""


@dataclass(frozen=True)
class Heterogeneity:
    """How true effects spread between studies, around their mean or a regression.

    Parameters
    ----------
    method
        Estimator of τ²; ``FE`` assumes that it is zero.
    tau2
        Variance of true effects, in squared units of the effects.
    i2, h2
        Share ``τ² / (τ² + s²)`` with s² the typical sampling variance, and ``1 + τ²/s²``; with ``FE``, which has no τ²,
        ``(Q − df)/Q`` not below zero, and ``Q/df``.
    i2_q
        ``(Q − df)/Q``, not below zero, whatever the estimator: what other tools and texts call I². Equal with ``DL``.
    q, df, p_value
        Cochran's Q, its degrees of freedom, and the p-value that all studies share one effect (one regression).
    """

    method: Method
    tau2: float
    i2: float
    h2: float
    i2_q: float
    q: float
    df: int
    p_value: float


@dataclass(frozen=True, eq=False)
class Studies:
    """Independent estimates and what their means depend on, checked.

    Parameters
    ----------
    y, variance
        Shape (k,): estimates, and squared standard errors.
    basis
        Shape (k, p): orthonormal columns that span the regression.
    residuals
        Shape (k,): ``y`` without what the columns explain by ordinary least squares.
    """

    y: Floats
    variance: Floats
    basis: Floats
    residuals: Floats

    @property
    def k(self) -> int:
        """Number of studies."""
        return len(self.y)

    @property
    def df(self) -> int:
        """Studies less columns."""
        return self.k - int(self.basis.shape[1])

    def at(self, tau2: Floats) -> Weighted:
        """Weigh the studies by ``1/(s² + τ²)``, for several τ² at once, shape (g,)."""
        weights = 1 / (self.variance + tau2[:, None])
        x = self.basis
        xwx = np.einsum("gk,ki,kj->gij", weights, x, x)
        xwy = (weights * self.residuals) @ x
        inverse = np.linalg.inv(xwx)
        params = np.einsum("gij,gj->gi", inverse, xwy)
        errors = self.residuals - params @ x.T
        _, logs = np.linalg.slogdet(xwx)
        return Weighted(weights, errors, inverse, floats(logs), x)


@dataclass(frozen=True, eq=False)
class Weighted:
    """Generalised least squares at g values of τ²; ``P = W − WX(X'WX)⁻¹X'W``.

    Parameters
    ----------
    weights, residuals
        Shape (g, k): ``w = 1/(s² + τ²)``, and what the regression leaves.
    inverse, log_determinant
        Shapes (g, p, p) and (g,): ``(X'WX)⁻¹`` and ``log|X'WX|``, for orthonormal columns.
    basis
        Shape (k, p).
    """

    weights: Floats
    residuals: Floats
    inverse: Floats
    log_determinant: Floats
    basis: Floats

    @property
    def q(self) -> Floats:
        """Return ``Σ w e²``, shape (g,)."""
        return floats(np.sum(self.weights * self.residuals**2, axis=1))

    @property
    def trace(self) -> Floats:
        """Return ``tr P``, shape (g,)."""
        squares = np.einsum("gk,ki,kj->gij", self.weights**2, self.basis, self.basis)
        overlap = np.einsum("gij,gji->g", self.inverse, squares)
        return floats(self.weights.sum(axis=1) - overlap)


def studies(estimates: Floats, std_errors: Floats, matrix: Floats | None = None, *, fewest: int = 2) -> Studies:
    """Return the studies, checked; around their mean, if there is no matrix.

    Parameters
    ----------
    estimates, std_errors
        Shape (k,): in the unit of the effects.
    matrix
        Shape (k, p): columns that are not collinear, with the constant; None for the constant alone.
    fewest
        Studies below which nothing is estimated.

    Raises
    ------
    NotEstimable
        With fewer studies, no more studies than columns, a missing value, or an error that is not positive.

    Examples
    --------
    >>> studies(np.array([0.2, 0.4]), np.array([0.1, 0.1])).residuals.round(3).tolist()
    [-0.1, 0.1]
    """
    x = np.ones((np.size(estimates), 1)) if matrix is None else floats(matrix)
    y, variance = checked(estimates, std_errors, fewest=max(fewest, x.shape[1] + 1))
    if len(x) != y.size or not np.isfinite(x).all():
        raise NotEstimable(Said("meta.missing_or_not_positive"), Said("meta.positive_errors"))
    basis, _ = np.linalg.qr(x)
    residuals = y - basis @ (basis.T @ y)
    return Studies(y, variance, floats(basis), floats(residuals))


def checked(estimates: Floats, std_errors: Floats, *, fewest: int) -> tuple[Floats, Floats]:
    """Return estimates and squared errors, shape (k,).

    Raises
    ------
    NotEstimable
        With fewer studies, a missing value, an error that is not positive, or errors too unequal to be weighed.

    Examples
    --------
    >>> y, variance = checked(np.array([0.2, 0.4]), np.array([0.5, 1.0]), fewest=2)
    >>> variance.tolist()
    [0.25, 1.0]
    """
    y, errors = floats(estimates), floats(std_errors)
    if y.ndim != 1 or y.shape != errors.shape or y.size < fewest:
        raise NotEstimable(Said("meta.too_few_studies", k=y.size, fewest=fewest), Said("meta.studies", fewest=fewest))
    variance = errors**2
    known = np.isfinite(y) & (errors > 0) & (variance > 0) & np.isfinite(variance)
    if not known.all():
        raise NotEstimable(Said("meta.missing_or_not_positive"), Said("meta.positive_errors"))
    if errors.max() > MOST_UNEQUAL * errors.min():
        raise NotEstimable(Said("meta.errors_too_unequal", most=MOST_UNEQUAL), Said("meta.errors_alike"))
    return y, variance


def heterogeneity(pooled: Studies, method: Method) -> Heterogeneity:
    """Return τ² by an estimator, with I², H² and Q.

    Raises
    ------
    NotEstimable
        If there is no estimator of that name.

    Notes
    -----
    ``I² = τ²/(τ² + s²)`` with ``s² = (k − p)/tr P`` at τ² = 0 (Higgins & Thompson 2002,
    https://doi.org/10.1002/sim.1186). What ``tr P`` is: :class:`Weighted`.

    Examples
    --------
    >>> three = studies(np.array([0.2, 0.4, 0.6]), np.array([0.1, 0.1, 0.1]))
    >>> found = heterogeneity(three, "DL")
    >>> round(found.tau2, 3), round(found.i2, 2), round(found.q, 1)
    (0.03, 0.75, 8.0)
    """
    tau2 = tau2_by(pooled, method)
    fixed = pooled.at(np.zeros(1))
    q, df = float(fixed.q[0]), pooled.df
    typical = typical_variance(pooled)
    i2_q = max(0.0, 1 - df / q) if q > 0 else 0.0
    i2, h2 = tau2 / (tau2 + typical), 1 + tau2 / typical
    if method == "FE":
        i2, h2 = i2_q, q / df
    p_value = float(stats.chi2.sf(q, df))
    return Heterogeneity(method, tau2, i2, h2, i2_q, q, df, p_value)


def typical_variance(pooled: Studies) -> float:
    """Return ``(k − p)/tr P`` at τ² = 0; around a mean ``(k − 1)Σw / ((Σw)² − Σw²)`` with ``w = 1/s²``.

    Examples
    --------
    >>> round(typical_variance(studies(np.array([0.2, 0.4]), np.array([0.1, 0.1]))), 4)
    0.01
    """
    trace = float(pooled.at(np.zeros(1)).trace[0])
    return pooled.df / trace


def tau2_by(pooled: Studies, method: Method) -> float:
    """Return the variance between studies; not below zero, to full convergence.

    Raises
    ------
    NotEstimable
        If there is no estimator of that name.

    Notes
    -----
    ``DL`` DerSimonian & Laird (1986, https://doi.org/10.1016/0197-2456(86)90046-2), ``HE`` Hedges, ``SJ`` Sidik and
    Jonkman from ``Σ(y − ȳ)²/k``, ``PM`` Paule & Mandel, ``EB`` empirical Bayes (the same root as ``PM``), ``REML`` and
    ``ML`` restricted and full likelihood; ``FE`` is zero by assumption. See Veroniki et al. (2016,
    https://doi.org/10.1002/jrsm.1164).

    Examples
    --------
    >>> three = studies(np.array([0.2, 0.4, 0.6]), np.array([0.1, 0.1, 0.1]))
    >>> [round(tau2_by(three, method), 4) for method in ("FE", "HE", "PM", "ML")]
    [0.0, 0.03, 0.03, 0.0167]
    """
    if method not in METHODS:
        raise NotEstimable(Said("meta.no_estimator_called", method=method), Said("meta.one_of", names=METHODS))
    return max(0.0, float(_ESTIMATORS[method](pooled)))


def _dersimonian_laird(pooled: Studies) -> float:
    """Return ``(Q − (k − p)) / tr P`` with ``w = 1/s²``."""
    fixed = pooled.at(np.zeros(1))
    excess = fixed.q[0] - pooled.df
    return float(excess / fixed.trace[0])


def _hedges(pooled: Studies) -> float:
    """Return ``(Σe² − Σ(1 − h)s²)/(k − p)`` with ordinary least squares."""
    leverage = np.sum(pooled.basis**2, axis=1)
    sampling = (1 - leverage) @ pooled.variance
    squares = pooled.residuals @ pooled.residuals
    return float((squares - sampling) / pooled.df)


def _sidik_jonkman(pooled: Studies) -> float:
    """Return ``τ₀² Q(τ₀²)/(k − p)`` from ``τ₀² = Σ(y − ȳ)²/k``."""
    start = np.var(pooled.y)
    weighted = pooled.at(np.array([start]))
    return float(start * weighted.q[0] / pooled.df)


def _paule_mandel(pooled: Studies) -> float:
    """Return the τ² with ``Q(τ²) = k − p``; zero, if Q is smaller already without."""
    return q_root(pooled, pooled.df)


def q_root(pooled: Studies, level: float) -> float:
    """Return the τ² at which Q falls to a level, zero if it is not above it at zero; Q falls as τ² grows.

    Examples
    --------
    >>> round(q_root(studies(np.array([0.2, 0.4, 0.6]), np.array([0.1, 0.1, 0.1])), 2.0), 3)
    0.03
    """

    def gap(tau2: float) -> float:
        weighted = pooled.at(np.array([tau2]))
        return float(weighted.q[0] - level)

    if gap(0.0) <= 0:
        return 0.0
    # Q(τ²) < Σe²/τ² with the residuals e of ordinary least squares, so that it is below the level from here on
    highest = float(pooled.residuals @ pooled.residuals) / level
    return _root(gap, 0.0, highest)


def _restricted(pooled: Studies) -> float:
    """Return the τ² of the highest restricted likelihood."""
    return _highest(pooled, restricted=True)


def _maximum(pooled: Studies) -> float:
    """Return the τ² of the highest likelihood."""
    return _highest(pooled, restricted=False)


def _highest(pooled: Studies, *, restricted: bool) -> float:
    """Return the τ² of the highest likelihood: best point of a grid, then the root of the slope beside it."""

    def slope(tau2: float) -> float:
        # e'W²e − tr P, or − Σw without restriction
        weighted = pooled.at(np.array([tau2]))
        scores = weighted.weights * weighted.residuals
        trace = weighted.trace[0] if restricted else weighted.weights.sum()
        return float(np.sum(scores**2) - trace)

    lowest = pooled.variance.min() * 1e-6
    highest = 100 * float(np.var(pooled.y)) + pooled.variance.max()
    grid = np.concatenate([[0.0], np.geomspace(lowest, highest, GRID)])
    # Twice the log-likelihood: Σ log w − log|X'WX| − Q
    weighted = pooled.at(grid)
    heights = np.log(weighted.weights).sum(axis=1) - weighted.q
    if restricted:
        heights -= weighted.log_determinant
    best = int(np.argmax(heights))
    low, high = grid[max(best - 1, 0)], grid[min(best + 1, GRID)]
    if not slope(low) > 0 > slope(high):
        return 0.0
    return _root(slope, float(low), float(high))


def _root(falling: Callable[[float], float], low: float, high: float) -> float:
    """Return where a function of τ² crosses zero, to thirteen digits of τ² whatever its unit."""
    return float(optimize.brentq(falling, low, high, xtol=1e-300, rtol=1e-13))


_ESTIMATORS: dict[Method, Callable[[Studies], float]] = {
    "FE": lambda _: 0.0,
    "DL": _dersimonian_laird,
    "HE": _hedges,
    "SJ": _sidik_jonkman,
    "PM": _paule_mandel,
    "EB": _paule_mandel,
    "REML": _restricted,
    "ML": _maximum,
}
