"""Two numbers become one, many pairs at once, and how far it moves with either.

For values that are reckoned from values: :mod:`impact.measure.derived` carries their uncertainty through.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from impact.statistics.core import Floats

Operation = Literal["quotient", "difference"]


@dataclass(frozen=True)
class Combined:
    """Numbers reckoned from pairs, every array of shape (D,); NaN where there is none.

    Parameters
    ----------
    value
        In the unit of the result.
    by_first, by_second
        Its partial derivatives by the first and the second number.
    """

    value: Floats
    by_first: Floats
    by_second: Floats


def combine(operation: Operation, first: Floats, second: Floats, factor: float = 1.0) -> Combined:
    """Return a difference ``f·(a − b)`` or a quotient ``f·a/b`` of pairs of numbers, with its gradient.

    Parameters
    ----------
    operation
        Which of the two.
    first, second
        Shape (D,); NaN where a number is missing, which leaves none.
    factor
        What the result is multiplied by, such as 1000 for "per thousand".

    Returns
    -------
    Combined
        NaN where a number is missing, and where the second is zero below a quotient.

    Notes
    -----
    ``∂/∂a = f/b`` and ``∂/∂b = −f·a/b²`` of a quotient.

    Examples
    --------
    >>> combine("quotient", np.array([3.0, 1.0]), np.array([4.0, 0.0]), 100).value.tolist()
    [75.0, nan]
    """
    if operation == "difference":
        slope = np.where(np.isnan(first) | np.isnan(second), np.nan, factor)
        return Combined(factor * (first - second), slope, -slope)
    below = np.where(second == 0, np.nan, second)
    return Combined(factor * (first / below), factor / below, -factor * first / below**2)


def pooled_freedom(variances: Floats, freedom: Floats) -> Floats:
    """Return the degrees of freedom of sums of independent variances, by Satterthwaite's approximation.

    Parameters
    ----------
    variances, freedom
        Shape (G, D): of each of G independent samples; a variance of zero adds nothing.

    Returns
    -------
    Floats
        Shape (D,); NaN where all variances are zero.

    Notes
    -----
    ``(ΣV)² / Σ(V²/ν)``. Reference: Satterthwaite (1946), https://doi.org/10.2307/3002019.

    Examples
    --------
    >>> pooled_freedom(np.array([[1.0], [1.0]]), np.array([[9.0], [9.0]])).tolist()
    [18.0]
    """
    total = variances.sum(axis=0)
    parts = np.sum(variances**2 / np.maximum(freedom, 1), axis=0)
    freedom_of_sums: Floats = np.divide(total**2, parts, out=np.full(len(total), np.nan), where=parts > 0)
    return freedom_of_sums
