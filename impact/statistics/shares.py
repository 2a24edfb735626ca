"""Intervals of a share: Wilson's score interval, Clopper and Pearson's exact one."""

from __future__ import annotations

import math

from scipy import special

from impact.errors import NotEstimable
from impact.statistics.checked import inside
from impact.statistics.core import CONFIDENCE
from impact.words.said import Said


def wilson(share: float, n: float, level: float = CONFIDENCE) -> tuple[float, float]:
    """Return the Wilson score interval of a share.

    Parameters
    ----------
    share
        Between 0 and 1.
    n
        Independent trials behind it, above 0.
    level
        Confidence, inside 0 and 1.

    Raises
    ------
    NotEstimable
        If share, trials or level are outside these.

    Notes
    -----
    Every p with ``(share − p)² ≤ z²·p(1 − p)/n`` (Wilson 1927, https://doi.org/10.1080/01621459.1927.10502953; Brown,
    Cai and DasGupta 2001, https://doi.org/10.1214/ss/1009213286). Never empty, also at 0 and 1; covers the level on
    average over p, not for each.

    Examples
    --------
    >>> [round(end, 4) for end in wilson(0.5, 20)]
    [0.2993, 0.7007]
    """
    _check(share, n, level)
    z = float(special.ndtri((1 + level) / 2))
    z2 = z**2
    shrink = 1 + z2 / n
    centre = (share + z2 / (2 * n)) / shrink
    variance = share * (1 - share) / n + z2 / (4 * n * n)
    half = math.sqrt(z2 * variance) / shrink
    return max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half))


def clopper_pearson(hits: int, n: int, level: float = CONFIDENCE) -> tuple[float, float]:
    """Return the exact interval of a share, which covers at least its level whatever the truth.

    Parameters
    ----------
    hits, n
        Successes among independent trials.
    level
        Confidence, inside 0 and 1.

    Raises
    ------
    NotEstimable
        If there are no trials, more hits than trials, or the level is outside.

    Notes
    -----
    Quantiles of beta(hits, n − hits + 1) at α/2 and of beta(hits + 1, n − hits) at 1 − α/2 (Clopper and Pearson 1934,
    https://doi.org/10.1093/biomet/26.4.404).

    Examples
    --------
    >>> [round(end, 4) for end in clopper_pearson(0, 20)]
    [0.0, 0.1684]
    """
    _check(hits / n if n else math.nan, n, level)
    tail = (1 - level) / 2
    missed = n - hits
    low, high = 0.0, 1.0
    if hits:
        low = float(special.betaincinv(hits, missed + 1, tail))
    if missed:
        high = float(special.betaincinv(hits + 1, missed, 1 - tail))
    return low, high


def _check(share: float, n: float, level: float) -> None:
    """Refuse a share or a level that is none, or no trials."""
    if not (0 <= share <= 1 and n > 0 and math.isfinite(n)):
        raise NotEstimable(Said("scoring.share_impossible"), Said("scoring.hits_among_trials"))
    inside(level)
