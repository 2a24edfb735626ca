"""Mazziotta and Pareto's indices: a mean that is penalised where a unit's indicators are out of balance.

MPI compares units within a year (z-scores); AMPI, the adjusted one, also across years (goalposts over all units and
years about a reference). ISTAT's well-being reports (BES) use AMPI.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from impact.errors import NotEstimable
from impact.statistics.composite.means import shares_of
from impact.statistics.composite.scores import complete, min_max, table_of, z_scores
from impact.statistics.core import RESIDUE, Floats, floats
from impact.words.said import Said

Phenomenon = Literal["rising", "falling"]
LOWEST, HIGHEST = 70.0, 130.0
"""Scores of AMPI at its goalposts; 100 at the reference."""


class Goalposts(NamedTuple):
    """Values that score 70 and 130, each of shape (k,), in the units of the indicators."""

    low: Floats
    high: Floats


@dataclass(frozen=True)
class MazziottaPareto:
    """An index, and what it is made of.

    Parameters
    ----------
    index
        Shape (n,): mean less penalty for a rising phenomenon, mean plus penalty for a falling one.
    mean, spread
        Shape (n,): mean and standard deviation of a unit's scores.
    penalty
        Shape (n,): ``spread² / mean``; zero where all of a unit's scores are alike.
    scores
        Shape (n, k): indicators on the scale of the index.
    """

    index: Floats
    mean: Floats
    spread: Floats
    penalty: Floats
    scores: Floats


def penalised(
    scores: ArrayLike, *, phenomenon: Phenomenon, weights: ArrayLike | None = None, sample: bool = False
) -> MazziottaPareto:
    """Return scores on one scale as one index, penalised for imbalance.

    Parameters
    ----------
    scores
        Shape (n, k), of :func:`ampi_scores` or :func:`impact.statistics.composite.z_scores`.
    phenomenon
        ``rising``: more is better (well-being), the penalty is subtracted; ``falling``: less is better (poverty), it is
        added. Imbalance is bad in both.
    weights
        Shape (k,), zero or more; None: equal.
    sample
        Whether the standard deviation divides by k − 1, as R Compind's MPI; by k otherwise.

    Raises
    ------
    NotEstimable
        If a number is missing, a mean is not above zero, a name is not known, or weights do not fit.

    Notes
    -----
    ``M ∓ S·cv`` with ``cv = S/M``; with weights M and S are weighted. Mazziotta and Pareto (2016), Social Indicators
    Research 127, https://doi.org/10.1007/s11205-015-0998-2.

    Examples
    --------
    >>> penalised([[70, 130], [100, 100]], phenomenon="rising").index.tolist()
    [91.0, 100.0]
    """
    x = table_of(scores)
    shares = shares_of(weights, x.shape[-1])
    if phenomenon not in ("rising", "falling"):
        raise NotEstimable(Said("composite.no_such_phenomenon", name=phenomenon), Said("composite.rising_or_falling"))
    mean = floats(x @ shares)
    if (mean <= 0).any():
        raise NotEstimable(Said("composite.mean_not_above_zero"), Said("composite.numbers_above_zero"))
    variance = ((x - mean[:, None]) ** 2) @ shares * _correction(weights, x.shape[-1], sample=sample)
    penalty = variance / mean
    index = mean - penalty if phenomenon == "rising" else mean + penalty
    return MazziottaPareto(floats(index), mean, floats(np.sqrt(variance)), floats(penalty), x)


def _correction(weights: ArrayLike | None, k: int, *, sample: bool) -> float:
    """Return by what a variance over k is multiplied to be one over k − 1."""
    if not sample:
        return 1.0
    if weights is not None or k < 2:
        raise NotEstimable(Said("composite.sample_spread_of_weights"), Said("composite.two_indicators_unweighted"))
    return k / (k - 1)


def mpi(
    values: ArrayLike,
    *,
    polarity: ArrayLike = 1,
    phenomenon: Phenomenon,
    weights: ArrayLike | None = None,
    sample: bool = False,
) -> MazziottaPareto:
    """Return the Mazziotta-Pareto index of units within one year.

    Parameters
    ----------
    values
        Shape (n, k), each indicator in its unit.
    polarity
        Shape (k,) or one for all: -1 where more of an indicator is less of the phenomenon.
    phenomenon, weights, sample
        As of :func:`penalised`; ``sample`` is that of z-scores too.

    Raises
    ------
    NotEstimable
        If a number is missing, an indicator does not vary, or what :func:`penalised` refuses.

    Examples
    --------
    >>> mpi([[1, 5], [2, 5], [3, 8]], phenomenon="rising").index.round(2).tolist()
    [90.27, 96.33, 113.19]
    """
    scores = z_scores(values, polarity=polarity, sample=sample)
    return penalised(scores, phenomenon=phenomenon, weights=weights, sample=sample)


def ampi_goalposts(values: ArrayLike, reference: ArrayLike) -> Goalposts:
    """Return the values that score 70 and 130: the reference less and plus half the range.

    Parameters
    ----------
    values
        Shape (n, k), of **all units and all years** that are to be compared; goalposts of a year by itself move with
        it, so that change over time would be lost.
    reference
        Shape (k,): the values that score 100, such as those of the country in a base year.

    Raises
    ------
    NotEstimable
        If a number is missing, or an indicator does not vary.

    Examples
    --------
    >>> posts = ampi_goalposts([[40, 80], [60, 50], [80, 20]], [60, 50])
    >>> posts.low.tolist(), posts.high.tolist()
    ([40.0, 20.0], [80.0, 80.0])
    """
    x, middle = table_of(values), complete(reference)
    half = (x.max(axis=0) - x.min(axis=0)) / 2
    if (half <= RESIDUE * np.abs(x).max(axis=0)).any():
        raise NotEstimable(Said("composite.indicator_does_not_vary"), Said("composite.indicators_that_vary"))
    return Goalposts(floats(middle - half), floats(middle + half))


def ampi_scores(values: ArrayLike, goalposts: Goalposts, *, polarity: ArrayLike = 1) -> Floats:
    """Return indicators on the scale 70 to 130, shape (n, k); beyond it where a value is beyond its goalposts.

    Parameters
    ----------
    values
        Shape (n, k), each indicator in its unit.
    goalposts
        Of :func:`ampi_goalposts`; those of an earlier report keep its scores comparable.
    polarity
        Shape (k,) or one for all.

    Raises
    ------
    NotEstimable
        If a number is missing, or goalposts do not rise.

    Examples
    --------
    >>> posts = ampi_goalposts([[40, 80], [60, 50], [80, 20]], [60, 50])
    >>> ampi_scores([[40, 80]], posts, polarity=[1, -1]).tolist()
    [[70.0, 70.0]]
    """
    share = min_max(values, goalposts.low, goalposts.high, polarity=polarity, capped=False)
    return floats(LOWEST + (HIGHEST - LOWEST) * share)


def ampi(
    values: ArrayLike,
    reference: ArrayLike,
    *,
    polarity: ArrayLike = 1,
    phenomenon: Phenomenon,
    weights: ArrayLike | None = None,
) -> MazziottaPareto:
    """Return the adjusted Mazziotta-Pareto index of units over years.

    Parameters
    ----------
    values
        Shape (n, k), a row for each unit and year.
    reference, polarity
        As of :func:`ampi_goalposts` and :func:`ampi_scores`.
    phenomenon, weights
        As of :func:`penalised`.

    Raises
    ------
    NotEstimable
        What its parts refuse.

    Examples
    --------
    >>> ampi([[40, 80], [60, 50], [80, 20]], [60, 50], phenomenon="falling").index.tolist()
    [109.0, 100.0, 109.0]
    """
    scores = ampi_scores(values, ampi_goalposts(values, reference), polarity=polarity)
    return penalised(scores, phenomenon=phenomenon, weights=weights)
