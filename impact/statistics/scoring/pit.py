"""Probability integral transforms: where each observed value fell in its forecast, and whether that is uniform."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from impact.errors import NotEstimable
from impact.statistics.checked import inside, listed, probabilities
from impact.statistics.core import CONFIDENCE, Floats, floats
from impact.statistics.shares import wilson
from impact.words.said import Said

LEVELS = tuple(np.round(np.linspace(0.05, 0.95, 19), 2).tolist())


@dataclass(frozen=True)
class Pit:
    """Where each observed value fell: one probability, or the step of a discrete forecast.

    Parameters
    ----------
    low, high
        Shape (n,): forecast probability of less than the observed value, and of no more than it; alike where the
        forecast is continuous.
    """

    low: Floats
    high: Floats


@dataclass(frozen=True)
class PitHistogram:
    """How often observed values fell in each part of their forecasts.

    Parameters
    ----------
    edges
        Shape (k + 1,), from 0 to 1.
    counts
        Shape (k,): observed values in each part; not whole where a step is spread over several.
    expected
        What each would be of calibrated forecasts, ``n/k``.
    band_low, band_high
        Within which one count of calibrated, independent forecasts lies with the level asked for: pointwise, so that of
        twenty parts one may well be outside.
    """

    edges: Floats
    counts: Floats
    expected: float
    band_low: float
    band_high: float


@dataclass(frozen=True)
class Calibration:
    """How often observed values were below each quantile of their forecasts: the calibration curve.

    Parameters
    ----------
    levels, shares
        Shape (k,): claimed probability, and share of observed values below that quantile; alike if calibrated.
    conf_low, conf_high
        Shape (k,): pointwise Wilson intervals of the shares at the level asked for.
    n
        Forecasts.
    """

    levels: Floats
    shares: Floats
    conf_low: Floats
    conf_high: Floats
    n: int


def continuous_pit(values: ArrayLike) -> Pit:
    """Return the transforms of continuous forecasts, of the probabilities ``F(y)`` that they gave to no more than y.

    Parameters
    ----------
    values
        Shape (n,), 0 to 1.

    Raises
    ------
    NotEstimable
        If one is missing or outside 0 to 1.

    Examples
    --------
    >>> continuous_pit([0.2, 0.7]).high.tolist()
    [0.2, 0.7]
    """
    (pit,) = listed(values)
    probabilities(pit)
    return Pit(pit, pit)


def discrete_pit(observed: ArrayLike, cdf: Callable[[Floats], Any]) -> Pit:
    """Return the steps of forecasts of whole numbers in which the observed ones lie.

    Parameters
    ----------
    observed
        Shape (n,): counts.
    cdf
        From counts, shape (n,), to the probabilities, shape (n,), that each forecast gave to no more than them.

    Raises
    ------
    NotEstimable
        If a count is missing or not whole, or what ``cdf`` returns are no rising probabilities.

    Notes
    -----
    ``[F(y − 1), F(y)]``. Only a draw within the step is uniform of a calibrated forecast: :func:`randomised_pit`; a
    histogram or curve spreads the step instead, without a draw (Czado, Gneiting and Held 2009,
    https://doi.org/10.1111/j.1541-0420.2009.01191.x).

    Examples
    --------
    >>> step = discrete_pit([2], lambda y: stats.poisson.cdf(y, 3))
    >>> step.low.round(4).tolist(), step.high.round(4).tolist()
    ([0.1991], [0.4232])
    """
    (y,) = listed(observed)
    if (y != np.round(y)).any():
        raise NotEstimable(Said("scoring.count_not_whole"), Said("scoring.whole_counts"))
    low, high = listed(cdf(y - 1), cdf(y))
    probabilities(low)
    probabilities(high)
    if low.shape != y.shape or (high < low).any():
        raise NotEstimable(Said("scoring.cdf_falls"), Said("scoring.rising_probabilities"))
    return Pit(low, high)


def randomised_pit(pit: Pit, *, rng: np.random.Generator) -> Floats:
    """Return a draw within each step, shape (n,): uniform if the forecasts are calibrated.

    Parameters
    ----------
    pit
        Of :func:`discrete_pit`; a continuous one is returned as it is.
    rng
        Source of the draws; the same state gives the same.

    Notes
    -----
    ``F(y − 1) + V·(F(y) − F(y − 1))`` with V uniform (Smith 1985, https://doi.org/10.1002/for.3980040305).

    Examples
    --------
    >>> step = discrete_pit([2], lambda y: stats.poisson.cdf(y, 3))
    >>> bool(0.1991 < randomised_pit(step, rng=np.random.default_rng(1))[0] < 0.4232)
    True
    """
    width = pit.high - pit.low
    return floats(pit.low + rng.random(len(width)) * width)


def pit_histogram(pit: Pit, *, bins: int = 10, level: float = CONFIDENCE) -> PitHistogram:
    """Return how often observed values fell in each of k equal parts of their forecasts.

    Parameters
    ----------
    pit
        Of :func:`continuous_pit` or :func:`discrete_pit`.
    bins
        Parts, two or more. A U shows forecasts that are too sure, a hump ones that are too wide, a slope a bias.
    level
        Of the band.

    Raises
    ------
    NotEstimable
        With fewer than two parts, or a level not inside 0 and 1.

    Notes
    -----
    A step counts in each part by its share there. The band are quantiles of the binomial(n, 1/k).

    Examples
    --------
    >>> pit_histogram(continuous_pit([0.1, 0.2, 0.9, 1.0]), bins=2).counts.tolist()
    [2.0, 2.0]
    """
    inside(level)
    if bins < 2:
        raise NotEstimable(Said("scoring.one_bin_shows_nothing"), Said("scoring.two_bins_or_more"))
    edges = np.linspace(0, 1, bins + 1)
    below = np.column_stack([_below(pit, edge) for edge in edges[1:-1]])
    n = len(below)
    ends = np.concatenate([[0.0], below.sum(axis=0), [float(n)]])
    band = stats.binom(n, 1 / bins).interval(level)
    return PitHistogram(edges, np.diff(ends), n / bins, float(band[0]), float(band[1]))


def calibration_curve(pit: Pit, *, levels: ArrayLike = LEVELS, level: float = CONFIDENCE) -> Calibration:
    """Return how often observed values were below the quantiles of their forecasts.

    Parameters
    ----------
    pit
        Of :func:`continuous_pit` or :func:`discrete_pit`.
    levels
        Shape (k,): probabilities at which to look.
    level
        Of the Wilson intervals.

    Raises
    ------
    NotEstimable
        If a level is missing or outside 0 to 1.

    Notes
    -----
    The share of ``F(y) ≤ u``; of a step its part below u. Intervals hold for independent forecasts: several of one
    project, or of one year, are not.

    Examples
    --------
    >>> calibration_curve(continuous_pit([0.1, 0.2, 0.9, 1.0]), levels=[0.5]).shares.tolist()
    [0.5]
    """
    (claimed,) = listed(levels)
    probabilities(claimed)
    shares = [float(_below(pit, u).mean()) for u in claimed]
    n = len(pit.low)
    ends = floats([wilson(share, n, level) for share in shares])
    return Calibration(claimed, floats(shares), ends[:, 0], ends[:, 1], n)


def _below(pit: Pit, u: float) -> Floats:
    """Return which part of each step is no more than u: 0 or 1 of a continuous forecast."""
    width = pit.high - pit.low
    steps = width > 0
    part = (u - pit.low) / np.where(steps, width, 1.0)
    return floats(np.where(steps, np.clip(part, 0.0, 1.0), pit.high <= u))
