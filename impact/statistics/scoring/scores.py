"""Scores of intervals, densities, events and draws: each proper, each with smaller is better."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from impact.errors import NotEstimable
from impact.statistics.checked import inside, known, listed, probabilities
from impact.statistics.core import CONFIDENCE, Floats, floats
from impact.words.said import Said

Convention = Literal["standard", "fair"]


def crps_ensemble(observed: ArrayLike, draws: ArrayLike, *, convention: Convention = "standard") -> Floats:
    """Return the continuous ranked probability score of forecasts that are draws, shape (n,).

    Parameters
    ----------
    observed
        Shape (n,), in the unit of the outcome.
    draws
        Shape (n, m): m draws, or members, for each observed value.
    convention
        ``standard``: the score of the distribution that puts 1/m on each draw; ``fair``: unbiased for the score of the
        distribution that the draws are from, so that few and many draws can be compared; may be below 0.

    Raises
    ------
    NotEstimable
        If a number is missing, shapes do not fit, the convention is not known, or fewer than two draws are to be fair.

    Notes
    -----
    ``Σ|x_i − y|/m − Σ_ij|x_i − x_j|/(2d)`` with ``d = m²`` (standard) or ``m(m − 1)`` (fair). Ferro (2014),
    https://doi.org/10.1002/qj.2270.

    Examples
    --------
    >>> crps_ensemble([3], [[1, 2, 4, 8]]).tolist()
    [0.8125]
    >>> crps_ensemble([3], [[1, 2, 4, 8]], convention="fair").round(4).tolist()
    [0.3333]
    """
    (y,) = listed(observed)
    (members,) = known(draws)
    if members.ndim != 2 or len(members) != len(y) or not members.shape[1]:
        shapes = (str(y.shape), str(members.shape))
        raise NotEstimable(
            Said("scoring.shapes_do_not_fit", shapes=shapes), Said("scoring.one_row_of_draws_per_forecast")
        )
    pairs = _pairs(members.shape[1], convention)
    near = np.abs(members - y[:, None]).mean(axis=1)
    return floats(near - _gaps(members) / pairs)


def _pairs(m: int, convention: Convention) -> int:
    """Return by what the sum of gaps is divided."""
    if convention not in ("standard", "fair"):
        raise NotEstimable(Said("scoring.method_not_known", name=convention), Said("scoring.standard_or_fair"))
    if convention == "standard":
        return m**2
    if m < 2:
        raise NotEstimable(Said("scoring.one_draw_has_no_spread"), Said("scoring.two_draws_or_more"))
    return m * (m - 1)


def _gaps(members: Floats) -> Floats:
    """Return ``Σ_{i<j} |x_i − x_j|`` of each row: sorted, the i-th of m draws counts ``2i − m − 1`` times."""
    m = members.shape[1]
    times = 2.0 * np.arange(1, m + 1) - m - 1
    centred = np.sort(members, axis=1) - np.median(members, axis=1, keepdims=True)
    return floats(centred @ times)


def interval_score(observed: ArrayLike, low: ArrayLike, high: ArrayLike, *, level: float = CONFIDENCE) -> Floats:
    """Return the score of central intervals: their width, and a fine for what lies outside.

    Parameters
    ----------
    observed, low, high
        In the unit of the outcome; low not above high.
    level
        Probability that the interval claims to hold.

    Raises
    ------
    NotEstimable
        If a number is missing, an interval's ends are swapped, or the level is not inside 0 and 1.

    Notes
    -----
    ``(u − l) + 2/α·(l − y)₊ + 2/α·(y − u)₊`` with ``α = 1 − level``: smallest, on average, for the quantiles at α/2 and
    1 − α/2. Gneiting and Raftery (2007), https://doi.org/10.1198/016214506000001437.

    Examples
    --------
    >>> interval_score([7, 4], 2, 6).round(6).tolist()
    [44.0, 4.0]
    """
    y, lower, upper = known(observed, low, high)
    inside(level)
    width = upper - lower
    if (width < 0).any():
        raise NotEstimable(Said("scoring.ends_swapped"), Said("scoring.low_not_above_high"))
    below, above = np.maximum(lower - y, 0.0), np.maximum(y - upper, 0.0)
    return floats(width + 2 / (1 - level) * (below + above))


def log_score(density: ArrayLike) -> Floats:
    """Return the logarithmic score ``−log f(y)`` of what forecasts said of the observed values.

    Parameters
    ----------
    density
        Density (per unit of the outcome) or probability that each forecast gave to what was observed; 0 or more.

    Raises
    ------
    NotEstimable
        If one is missing or negative.

    Notes
    -----
    Infinite for what was held impossible, and then so is any mean. A density has a unit: in another unit of the outcome
    all scores move by the same constant, so that differences have a meaning and ratios have none. Good (1952),
    https://doi.org/10.1111/j.2517-6161.1952.tb00104.x.

    Examples
    --------
    >>> round(float(log_score(0.2)), 4)
    1.6094
    """
    (values,) = known(density)
    if (values < 0).any():
        raise NotEstimable(Said("scoring.density_negative"), Said("scoring.density_0_or_more"))
    some = values > 0
    return floats(np.where(some, -np.log(np.where(some, values, 1.0)), np.inf))


def event_log_score(probability: ArrayLike, outcome: ArrayLike) -> Floats:
    """Return the logarithmic score of forecasts of an event.

    Parameters
    ----------
    probability
        Of the event, 0 to 1.
    outcome
        1 where it happened, 0 where not.

    Raises
    ------
    NotEstimable
        If a number is missing, a probability is outside 0 to 1, or an outcome neither 0 nor 1.

    Examples
    --------
    >>> round(float(event_log_score(0.8, 0)), 4)
    1.6094
    """
    p, happened = events(probability, outcome)
    return log_score(np.where(happened == 1, p, 1 - p))


def events(probability: ArrayLike, outcome: ArrayLike) -> tuple[Floats, Floats]:
    """Return forecasts of an event and whether it happened, refusing what is neither.

    Examples
    --------
    >>> [array.tolist() for array in events([0.2], [1])]
    [[0.2], [1.0]]
    """
    p, happened = known(probability, outcome)
    probabilities(p)
    if not np.isin(happened, (0.0, 1.0)).all():
        raise NotEstimable(Said("scoring.outcome_neither_0_nor_1"), Said("scoring.one_where_it_happened"))
    return p, happened
