"""What a straight line through the periods so far gives for several periods to come, taken together."""

from __future__ import annotations

import math
from dataclasses import replace

from numpy.typing import ArrayLike

from impact.errors import NotEstimable
from impact.statistics.core import CONFIDENCE, floats, t_quantile
from impact.statistics.series.projection import Projection, projected
from impact.words.said import Said


def projected_total(times: ArrayLike, values: ArrayLike, ahead: ArrayLike, *, level: float = CONFIDENCE) -> Projection:
    """Return the sum of a straight line's values at several periods, with the prediction interval of that sum.

    Parameters
    ----------
    times, values
        As for :func:`impact.statistics.series.projection.projected`.
    ahead
        Shape (m,): the periods to come, as numbers; one of them is the projection to that period.
    level
        Probability with which the interval holds the sum, if the line goes on.

    Returns
    -------
    Projection
        ``at`` is the mean of the periods to come; ``value``, ``low`` and ``high`` are of their sum.

    Raises
    ------
    NotEstimable
        As that function does, and if no period is to come.

    Notes
    -----
    The mean of m further values at times with mean ā has the prediction variance s²(1/m + 1/n + (ā − t̄)²/Σ(t − t̄)²),
    their sum m² of it (Seber and Lee, *Linear Regression Analysis*, 2003, section 5.3).

    Examples
    --------
    >>> several = projected_total(range(1, 9), [12, 15, 14, 18, 21, 19, 24, 26], [9, 10, 11, 12])
    >>> round(several.value, 3)
    120.5
    """
    future = floats(ahead)
    if future.ndim != 1 or not len(future):
        raise NotEstimable(Said("milestones.nothing_to_come"))
    m, center = len(future), float(future.mean())
    line = projected(times, values, center, level=level)
    scale = t_quantile((1 + level) / 2, line.n - 2) * line.spread
    # The half width of one value is scale · √(1 + rest): what remains is the uncertainty of the line
    rest = ((line.high - line.value) / scale) ** 2 - 1
    half = m * scale * math.sqrt(1 / m + rest)
    total = m * line.value
    return replace(line, value=total, low=total - half, high=total + half)
