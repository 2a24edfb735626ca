"""The Brier score of forecasts of an event, taken apart: reliability, resolution, uncertainty, and what bins add."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from impact.errors import NotEstimable
from impact.statistics.checked import inside, known, listed
from impact.statistics.core import CONFIDENCE, Floats, Ints, floats
from impact.statistics.scoring.scores import events
from impact.statistics.shares import wilson
from impact.words.said import Said


@dataclass(frozen=True)
class Bin:
    """Forecasts of about the same probability, and how often the event happened: a point of the calibration curve.

    Parameters
    ----------
    forecast, share, n
        Mean forecast, share of events, number of forecasts.
    conf_low, conf_high
        Wilson interval of the share at the level asked for.
    """

    forecast: float
    share: float
    n: int
    conf_low: float
    conf_high: float


@dataclass(frozen=True)
class Brier:
    """The mean Brier score and its terms: ``score = reliability − resolution + uncertainty + within_bin_variance − …``.

    Parameters
    ----------
    score
        Mean of ``(p − o)²``; smaller is better.
    reliability, resolution, uncertainty
        Murphy's terms: how far forecasts are from the shares that followed (0 is best), how far these shares differ
        from the share overall (more is better), and what the share overall leaves to foresee.
    within_bin_variance, within_bin_covariance
        What is added, and taken off, where forecasts differ within bins; 0 where bins hold one forecast each.
    skill
        ``1 − score/uncertainty``: against always forecasting the share overall, which nobody knew before; None where
        the event always or never happened.
    bins
        Those that hold forecasts, by rising forecast: the calibration curve.
    """

    score: float
    reliability: float
    resolution: float
    uncertainty: float
    within_bin_variance: float
    within_bin_covariance: float
    skill: float | None
    bins: tuple[Bin, ...]


def brier(
    probability: ArrayLike, outcome: ArrayLike, *, edges: ArrayLike | None = None, level: float = CONFIDENCE
) -> Brier:
    """Return the Brier score of forecasts of an event, with its terms and the calibration curve.

    Parameters
    ----------
    probability, outcome
        Shape (n,): forecast of the event, 0 to 1; 1 where it happened, 0 where not.
    edges
        Shape (k + 1,), rising from 0 to 1: bins that hold their lower edge (the last both). Without edges each distinct
        forecast is a bin of its own.
    level
        Of the intervals of the curve.

    Raises
    ------
    NotEstimable
        If a number is missing, a probability is outside 0 to 1, an outcome neither 0 nor 1, or the edges do not rise
        from 0 to 1.

    Notes
    -----
    With bin k of n_k forecasts, their mean p̄_k and the share of events ō_k: reliability ``Σn_k(p̄_k − ō_k)²/n``,
    resolution ``Σn_k(ō_k − ō)²/n``, uncertainty ``ō(1 − ō)`` (Murphy 1973,
    https://doi.org/10.1175/1520-0450(1973)012<0595:ANVPOT>2.0.CO;2). These three add up to the score only if forecasts
    are constant within bins; in general ``Σ(p − p̄_k)²/n`` is to be added and ``2Σ(o − ō_k)(p − p̄_k)/n`` taken off
    (Stephenson, Coelho and Jolliffe 2008, https://doi.org/10.1175/2007WAF2006116.1).

    Examples
    --------
    >>> found = brier([0.2, 0.2, 0.8, 0.8], [0, 0, 1, 0])
    >>> round(found.score, 3), round(found.reliability - found.resolution + found.uncertainty, 3)
    (0.19, 0.19)
    """
    inside(level)
    p, o = events(*listed(probability, outcome))
    codes = _binned(p, edges)
    bins = _bins(p, o, codes, level)
    # bin means for each forecast
    forecast, share = _of_bins(p, codes), _of_bins(o, codes)
    overall = o.mean()
    uncertainty = float(overall * (1 - overall))
    apart = p - forecast
    score = float(np.mean((p - o) ** 2))
    return Brier(
        score,
        float(np.mean((forecast - share) ** 2)),
        float(np.mean((share - overall) ** 2)),
        uncertainty,
        float(np.mean(apart**2)),
        float(2 * np.mean((o - share) * apart)),
        1 - score / uncertainty if uncertainty > 0 else None,
        bins,
    )


def _binned(p: Floats, edges: ArrayLike | None) -> Ints:
    """Return the number of each forecast's bin, counted among bins that hold any."""
    if edges is None:
        return np.unique(p, return_inverse=True)[1].astype(np.int64)
    (ends,) = known(edges)
    if ends.ndim != 1 or len(ends) < 2 or ends[0] != 0 or ends[-1] != 1 or (np.diff(ends) <= 0).any():
        raise NotEstimable(Said("scoring.edges_do_not_rise"), Said("scoring.edges_from_0_to_1"))
    places = np.searchsorted(ends[1:-1], p, side="right")
    return np.unique(places, return_inverse=True)[1].astype(np.int64)


def _of_bins(values: Floats, codes: Ints) -> Floats:
    """Return the mean of each value's bin; exactly the value where all of a bin are alike."""
    first = values[np.unique(codes, return_index=True)[1]][codes]
    counts = np.bincount(codes)
    shifted = np.bincount(codes, weights=values - first) / counts
    return floats(first + shifted[codes])


def _bins(p: Floats, o: Floats, codes: Ints, level: float) -> tuple[Bin, ...]:
    """Return the points of the calibration curve."""
    forecast, share = _of_bins(p, codes), _of_bins(o, codes)
    _, at, counts = np.unique(codes, return_index=True, return_counts=True)
    points = zip(forecast[at].tolist(), share[at].tolist(), counts.tolist(), strict=True)
    return tuple(Bin(mean, rate, n, *wilson(min(max(rate, 0.0), 1.0), n, level)) for mean, rate, n in points)
