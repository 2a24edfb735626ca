"""Means of scores across indicators: arithmetic, geometric, harmonic, each weighted or not.

The less a mean lets a high score make up for a low one, the lower it is: harmonic, geometric, arithmetic.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from impact.errors import NotEstimable
from impact.statistics.composite.scores import complete, table_of
from impact.statistics.core import Floats, floats
from impact.words.said import Said


def shares_of(weights: ArrayLike | None, k: int) -> Floats:
    """Return weights divided by their sum, shape (k,); equal ones for None.

    Raises
    ------
    NotEstimable
        If there are not k, one is missing or negative, or all are zero.

    Examples
    --------
    >>> shares_of([2, 1, 1], 3).tolist()
    [0.5, 0.25, 0.25]
    """
    numbers = np.ones(k) if weights is None else complete(weights)
    if numbers.shape != (k,) or (numbers < 0).any() or not numbers.sum() > 0:
        raise NotEstimable(Said("composite.weights_do_not_fit"), Said("composite.weights_needed", n=k))
    return floats(numbers / numbers.sum())


def arithmetic_mean(scores: ArrayLike, weights: ArrayLike | None = None) -> Floats:
    """Return the weighted mean of each unit, shape (n,): what is lacking here is made up for there, one for one.

    Parameters
    ----------
    scores
        Shape (n, k), all indicators on one scale.
    weights
        Shape (k,), zero or more; None: equal.

    Raises
    ------
    NotEstimable
        If a number is missing or weights do not fit.

    Examples
    --------
    >>> arithmetic_mean([[1.0, 3.0]], [3, 1]).tolist()
    [1.5]
    """
    x = table_of(scores)
    return floats(x @ shares_of(weights, x.shape[-1]))


def geometric_mean(scores: ArrayLike, weights: ArrayLike | None = None) -> Floats:
    """Return the weighted geometric mean of each unit, shape (n,).

    Parameters
    ----------
    scores
        Shape (n, k), all above zero, on one scale with a true zero.
    weights
        Shape (k,), zero or more; None: equal.

    Raises
    ------
    NotEstimable
        If a score is zero or negative (one zero makes the whole zero, whatever the others), a number is missing or
        weights do not fit.

    Notes
    -----
    ``exp(Σ w_j ln x_j)``. Equal percentages count alike, so that units of measurement do not matter.

    Examples
    --------
    >>> geometric_mean([[1.0, 2.0, 3.0]]).round(6).tolist()
    [1.817121]
    """
    x = _above_zero(scores)
    return floats(np.exp(np.log(x) @ shares_of(weights, x.shape[-1])))


def harmonic_mean(scores: ArrayLike, weights: ArrayLike | None = None) -> Floats:
    """Return the weighted harmonic mean of each unit, shape (n,).

    Parameters
    ----------
    scores
        Shape (n, k), all above zero.
    weights
        Shape (k,), zero or more; None: equal.

    Raises
    ------
    NotEstimable
        If a score is zero or negative, a number is missing or weights do not fit.

    Examples
    --------
    >>> harmonic_mean([[1.0, 2.0, 3.0]], [2, 1, 1]).round(6).tolist()
    [1.411765]
    """
    x = _above_zero(scores)
    return floats(1 / ((1 / x) @ shares_of(weights, x.shape[-1])))


def _above_zero(scores: ArrayLike) -> Floats:
    x = table_of(scores)
    if (x <= 0).any():
        raise NotEstimable(Said("composite.not_above_zero"), Said("composite.numbers_above_zero"))
    return x
