"""Least squares on arrays: the fit that every regression estimator of :mod:`impact.statistics` starts from.

It refuses what is not identified and says nothing about uncertainty: errors come from
:mod:`impact.statistics.linear.sandwich` and :mod:`impact.statistics.linear.wild`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

from impact.errors import NotEstimable, UsageError
from impact.statistics.core import Floats, floats
from impact.words.said import Said, Text

RANK_TOLERANCE = 1e-10


@dataclass(frozen=True, eq=False)
class Fit:
    """A weighted least squares fit.

    Parameters
    ----------
    params
        Shape (k,): coefficients, in units of the outcome per unit of the column.
    bread
        Shape (k, k): ``(X'WX)⁻¹``, in inverse squared units of the columns.
    residuals
        Shape (n,): ``y − Xb``, not weighted.
    matrix
        Shape (n, k): X, as it was given.
    weights
        Shape (n,): ones where none were given.
    leverage
        Shape (n,): ``w_i x_i' (X'WX)⁻¹ x_i``, between 0 and 1; they add up to k.
    names
        The k names of the columns.
    n, k
        Number of observations, and of columns.
    """

    params: Floats
    bread: Floats
    residuals: Floats
    matrix: Floats
    weights: Floats
    leverage: Floats
    names: tuple[Text, ...]
    n: int
    k: int

    def place(self, name: Text) -> int:
        """Return the position of a named column.

        Examples
        --------
        >>> fit(np.array([1.0, 2.0, 4.0]), np.ones((3, 1)), ["constant"]).place("constant")
        0
        """
        if name not in self.names:
            terms = ", ".join(map(str, self.names))
            raise UsageError(f"the regression has no term {name}; it has {terms}")
        return self.names.index(name)

    def selector(self, names: Sequence[Text]) -> Floats:
        """Return the rows of the identity that pick the named coefficients, shape (len(names), k)."""
        rows = [self.place(name) for name in names]
        return np.eye(self.k)[rows]


def fit(outcome: Floats, matrix: Floats, names: Sequence[Text], *, weights: Floats | None = None) -> Fit:
    """Fit weighted least squares.

    Parameters
    ----------
    outcome
        Shape (n,), in any unit, without missing values.
    matrix
        Shape (n, k), with the constant if one is wanted.
    names
        The k names of the columns, all different.
    weights
        Shape (n,), positive; their scale does not matter. None for equal weights.

    Returns
    -------
    Fit
        Coefficients of the linear projection of the outcome on the columns.

    Raises
    ------
    NotEstimable
        With missing or infinite values, weights that are not positive, no more observations than columns, or
        collinear columns (all columns that take part are named).
    UsageError
        If the shapes do not fit together or two columns have the same name.

    Notes
    -----
    ``b = (X'WX)⁻¹ X'Wy``, through a QR decomposition of the columns, each scaled to length one. They count as collinear
    if the smallest singular value is below 1e-10 of the largest, so the unit of a column does not matter.

    References
    ----------
    Golub, Van Loan (2013). Matrix Computations, 4th ed., section 5.3.
    https://epubs.siam.org/doi/book/10.1137/1.9781421407944

    Examples
    --------
    >>> matrix = np.column_stack([np.ones(4), np.arange(4.0)])
    >>> fit(np.array([1.0, 3.0, 5.0, 7.0]), matrix, ["constant", "slope"]).params.round(6).tolist()
    [1.0, 2.0]
    """
    outcome = floats(outcome)
    matrix = floats(matrix)
    weight = np.ones(len(outcome))
    if weights is not None:
        weight = floats(weights)
    _check(outcome, matrix, weight, names)
    n, k = matrix.shape
    # Each row times √w, each column of length one, so that units of columns do not decide the rank
    root = np.sqrt(weight)
    weighted = matrix * root[:, None]
    length = np.linalg.norm(weighted, axis=0)
    length[length == 0] = 1.0
    scaled = weighted / length
    basis, triangle = np.linalg.qr(scaled)
    _refuse_collinear(triangle, names)
    # √W X = QR (Golub and Van Loan, section 5.3): b = R⁻¹Q'√W y and (X'WX)⁻¹ = R⁻¹R⁻ᵀ
    inverse = solve_triangular(triangle, np.eye(k))
    inverse = inverse / length[:, None]
    of_outcome = root * outcome
    projected = basis.T @ of_outcome
    params = inverse @ projected
    # h_i: the squared length of row i of Q
    squares = np.sum(basis**2, axis=1)
    leverage = np.minimum(squares, 1.0)
    residuals = outcome - matrix @ params
    bread = inverse @ inverse.T
    return Fit(params, bread, residuals, matrix, weight, leverage, tuple(names), n, k)


def influence(fitted: Fit, place: int) -> Floats:
    """Return the influence of each row on one coefficient, shape (n,): ``[(X'WX)⁻¹]_place x_i w_i e_i``.

    Examples
    --------
    >>> fitted = fit(np.array([1.0, 2.0, 3.0]), np.ones((3, 1)), ["constant"])
    >>> influence(fitted, 0).round(3).tolist()
    [-0.333, -0.0, 0.333]
    """
    return influence_of(fitted, np.eye(fitted.k)[place])


def influence_of(fitted: Fit, vector: Floats) -> Floats:
    """Return the influence of each row on the combination ``vector'b`` of coefficients, shape (n,).

    Examples
    --------
    >>> fitted = fit(np.array([1.0, 2.0, 3.0]), np.ones((3, 1)), ["constant"])
    >>> influence_of(fitted, np.array([2.0])).round(3).tolist()
    [-0.667, -0.0, 0.667]
    """
    row_weights = fitted.matrix @ (fitted.bread @ vector)
    scores = row_weights * fitted.weights
    return floats(scores * fitted.residuals)


def check_finite(values: NDArray[np.generic], what: Text) -> None:
    """Raise NotEstimable if an array has missing or infinite values."""
    finite = np.isfinite(values)
    n_finite = np.count_nonzero(finite)
    bad = int(np.size(values) - n_finite)
    if bad:
        raise NotEstimable(
            Said("linear.has_missing_infinite_values", what=what, bad=bad), Said("linear.rows_without_missing_values")
        )


def check_lengths(n: int, **arrays: NDArray[np.generic] | None) -> None:
    """Raise UsageError if a named array (None is left out) does not have n rows."""
    for what, values in arrays.items():
        if values is None:
            continue
        wrong = np.ndim(values) == 0 or len(values) != n
        if wrong:
            shape = np.shape(values)
            raise UsageError(f"{what} has shape {shape}; expected {n} rows")


def binary(values: NDArray[np.generic], what: Text) -> Floats:
    """Return a 0/1 array as floats, shape (n,).

    Raises
    ------
    NotEstimable
        If a value is missing or not 0 or 1, or if all values are the same.

    Examples
    --------
    >>> binary(np.array([True, False]), "treated").tolist()
    [1.0, 0.0]
    """
    zero_one = floats(values)
    check_finite(zero_one, what)
    possible = np.isin(zero_one, (0.0, 1.0))
    if not possible.all():
        raise NotEstimable(Said("linear.has_values_other_0_1", what=what), Said("linear.column_0_1"))
    if len(zero_one) == 0 or zero_one.min() == zero_one.max():
        raise NotEstimable(Said("linear.same_all_units", what=what), Said("linear.units_both_kinds"))
    return zero_one


def _check(outcome: Floats, matrix: Floats, weights: Floats, names: Sequence[Text]) -> None:
    """Refuse what least squares cannot take: shapes, names, missing values, weights, too few rows."""
    n = len(outcome)
    n_names = len(names)
    if outcome.shape != (n,) or weights.shape != (n,) or matrix.ndim != 2 or matrix.shape != (n, n_names):
        raise UsageError(
            f"shapes do not fit: outcome {outcome.shape}, matrix {matrix.shape}, weights {weights.shape}, "
            f"{n_names} names"
        )
    distinct = len(set(names))
    if distinct < n_names or not names:
        raise UsageError("a regression needs at least one column, and each column its own name")
    check_finite(outcome, Said("statistics.the_outcome"))
    for column, name in zip(matrix.T, names, strict=True):
        check_finite(column, name)
    check_finite(weights, Said("statistics.the_weight"))
    if np.any(weights <= 0):
        raise NotEstimable(Said("linear.some_weights_not_positive"), Said("linear.positive_weights"))
    if n <= n_names:
        raise NotEstimable(
            Said("linear.observations_cannot_carry_terms", n=n, k=n_names),
            Said("linear.more_observations_fewer_covariates"),
        )


def _refuse_collinear(triangle: Floats, names: Sequence[Text]) -> None:
    """Refuse columns that add up to zero, and name all that take part."""
    _, values, rotation = np.linalg.svd(triangle)
    largest = values[0]
    null = values < RANK_TOLERANCE * largest
    directions = rotation[null]
    if not len(directions) and largest != 0:
        return
    # A column takes part if it has weight in a direction in which the columns add up to zero.
    involved = np.ones(len(names), dtype=bool)
    if len(directions):
        sizes = np.abs(directions).max(axis=0)
        involved = sizes > 1e-6
    collinear = [name for name, is_in in zip(names, involved, strict=True) if is_in]
    raise NotEstimable(Said("linear.columns_collinear", names=collinear), Said("linear.leave_out_repetitions"))
