"""Indicators of many units on one scale: goalposts, z-scores, share of the way to a target.

Units are rows, indicators columns; with several years a unit has a row for each, so that goalposts are the same in all.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from impact.errors import NotEstimable
from impact.statistics.core import RESIDUE, Floats, floats
from impact.words.said import Said

Scale = Literal["linear", "log"]


def complete(values: ArrayLike) -> Floats:
    """Return numbers, at least one, none of them missing or infinite.

    Raises
    ------
    NotEstimable
        If one is; the reason says how many. An index of what is left would be another index.

    Examples
    --------
    >>> complete([[1, 2]]).shape
    (1, 2)
    """
    numbers = floats(values)
    missing = int((~np.isfinite(numbers)).sum())
    if missing or not numbers.size:
        raise NotEstimable(Said("composite.numbers_missing", n=missing), Said("composite.a_number_each"))
    return numbers


def table_of(values: ArrayLike) -> Floats:
    """Return numbers of units (rows) and indicators (columns), shape (n, k), none of them missing or infinite.

    Raises
    ------
    NotEstimable
        As :func:`complete`, or if they are no table.

    Examples
    --------
    >>> table_of([[1, 2], [3, 4]]).shape
    (2, 2)
    """
    numbers = complete(values)
    if numbers.ndim != 2:
        raise NotEstimable(Said("composite.no_table"), Said("composite.a_number_each"))
    return numbers


def signs(polarity: ArrayLike) -> Floats:
    """Return polarities: 1 where more of an indicator raises the index, -1 where it lowers it.

    Raises
    ------
    NotEstimable
        If one is neither.

    Examples
    --------
    >>> signs([1, -1]).tolist()
    [1.0, -1.0]
    """
    numbers = floats(polarity)
    if not np.isin(numbers, (1.0, -1.0)).all():
        raise NotEstimable(Said("composite.polarity_unknown"), Said("composite.polarity_1_or_minus_1"))
    return numbers


def min_max(
    values: ArrayLike,
    low: ArrayLike,
    high: ArrayLike,
    *,
    polarity: ArrayLike = 1,
    scale: Scale = "linear",
    capped: bool = True,
) -> Floats:
    """Return values as shares of the way between goalposts, 0 to 1, in the shape of the values.

    Parameters
    ----------
    values
        Shape (n, k), or any that the goalposts fit, each indicator in its unit.
    low, high
        Goalposts, shape (k,) or one for all, in the unit of the values.
    polarity
        Shape (k,) or one for all: -1 gives 1 at the lower goalpost.
    scale
        ``log`` compares logarithms: what counts is by how many times a value is larger.
    capped
        Whether values beyond a goalpost count as it.

    Raises
    ------
    NotEstimable
        If a number is missing, goalposts do not rise, or a logarithm is asked for of what is not above zero.

    Notes
    -----
    ``(x − low)/(high − low)``, and 1 minus that for negative polarity. UNDP, Human Development Report, technical
    note 1.

    Examples
    --------
    >>> min_max([[82.85, 42839.5]], [20, 100], [85, 75000]).round(3).tolist()
    [[0.967, 0.571]]
    >>> float(min_max(42839.5, 100, 75000, scale="log").round(3))
    0.915
    """
    x, ends = complete(values), [complete(low), complete(high)]
    sign = signs(polarity)
    if scale == "log":
        x, *ends = (_logarithm(numbers) for numbers in (x, *ends))
    if not (ends[1] > ends[0]).all():
        raise NotEstimable(Said("composite.goalposts_do_not_rise"), Said("composite.low_below_high"))
    share = (x - ends[0]) / (ends[1] - ends[0])
    turned = np.where(sign > 0, share, 1 - share)
    return floats(np.clip(turned, 0.0, 1.0) if capped else turned)


def z_scores(
    values: ArrayLike, *, polarity: ArrayLike = 1, mean: float = 100.0, spread: float = 10.0, sample: bool = False
) -> Floats:
    """Return values of each indicator with a declared mean and standard deviation over the units, shape (n, k).

    Parameters
    ----------
    values
        Shape (n, k), each indicator in its unit.
    polarity
        Shape (k,) or one for all.
    mean, spread
        Mean and standard deviation of the scores.
    sample
        Whether the standard deviation divides by n − 1, as in R Compind; by n otherwise, as ISTAT defines it.

    Raises
    ------
    NotEstimable
        If a number is missing, or an indicator does not vary.

    Examples
    --------
    >>> z_scores([[1.0], [2.0], [3.0]]).round(2).tolist()
    [[87.75], [100.0], [112.25]]
    """
    x = table_of(values)
    sign = signs(polarity)
    centers = x.mean(axis=0)
    deviations = x.std(axis=0, ddof=1 if sample and len(x) > 1 else 0)
    if (deviations <= RESIDUE * np.abs(x).max(axis=0)).any():
        raise NotEstimable(Said("composite.indicator_does_not_vary"), Said("composite.indicators_that_vary"))
    return floats(mean + spread * sign * (x - centers) / deviations)


def way_to_target(values: ArrayLike, start: ArrayLike, target: ArrayLike, *, capped: bool = True) -> Floats:
    """Return the share of the way from a start to a target, in the shape of the values.

    Parameters
    ----------
    values
        Shape (n, k), each indicator in its unit.
    start, target
        Shape (k,) or one for all; a target below its start is one that less is needed for.
    capped
        Whether values beyond the start count 0 and beyond the target 1.

    Raises
    ------
    NotEstimable
        If a number is missing, or a target is its start.

    Examples
    --------
    >>> way_to_target([0, 5, 11], 0, 10, capped=False).tolist()
    [0.0, 0.5, 1.1]
    """
    x, first, last = complete(values), complete(start), complete(target)
    if (first == last).any():
        raise NotEstimable(Said("composite.target_is_start"), Said("composite.target_beside_start"))
    share = (x - first) / (last - first)
    return floats(np.clip(share, 0.0, 1.0) if capped else share)


def _logarithm(numbers: Floats) -> Floats:
    if (numbers <= 0).any():
        raise NotEstimable(Said("composite.not_above_zero"), Said("composite.numbers_above_zero"))
    return floats(np.log(numbers))
