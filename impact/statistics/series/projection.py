"""Where a straight line through the periods so far would lead, with the interval of a value there."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from impact.errors import NotEstimable
from impact.statistics.checked import inside
from impact.statistics.core import CONFIDENCE, RESIDUE, Floats, floats, t_quantile
from impact.words.said import Said

FEWEST_POINTS = 4


@dataclass(frozen=True)
class Projection:
    """What a straight line says of another period; no forecast of what will be done until then.

    Parameters
    ----------
    at
        The period, on the scale of the times.
    value
        On the line, in the unit of the values.
    low, high
        Ends of the prediction interval: of a value there, not of the line.
    intercept, slope
        Of the line, per unit of time.
    spread
        Standard deviation of the values about the line.
    n
        Periods with a value.
    level
        Of the interval.
    """

    at: float
    value: float
    low: float
    high: float
    intercept: float
    slope: float
    spread: float
    n: int
    level: float


def projected(times: ArrayLike, values: ArrayLike, at: float, *, level: float = CONFIDENCE) -> Projection:
    """Return a straight line's value at a period, with its prediction interval.

    Parameters
    ----------
    times
        Shape (n,): periods as numbers, such as 1, 2, 3.
    values
        Shape (n,); None or NaN is a period without a value, which tells nothing.
    at
        Period to project to.
    level
        Probability with which the interval holds a value there, if the line goes on.

    Raises
    ------
    NotEstimable
        If fewer than 4 periods have a value, all are at one time, or all lie on one line, which shows no spread.

    Notes
    -----
    Least squares; ``value ± t(n − 2) · s · √(1 + 1/n + (at − t̄)²/Σ(t − t̄)²)``, as R ``predict.lm(interval =
    "prediction")``. Errors are taken as normal, independent and of one spread; those of neighbouring periods are often
    alike, and the interval is then too narrow.

    Examples
    --------
    >>> found = projected(range(1, 9), [12, 15, 14, 18, 21, 19, 24, 26], 12)
    >>> round(found.value, 3), round(found.low, 3), round(found.high, 3)
    (33.0, 27.22, 38.78)
    """
    inside(level)
    t, y = _observed(times, values)
    n, center = len(t), float(t.mean())
    across = float(((t - center) ** 2).sum())
    if across <= RESIDUE * max(1.0, float(np.abs(t).max())) ** 2 or not math.isfinite(at):
        raise NotEstimable(Said("growth.one_time_only"), Said("growth.several_times"))
    slope = float((t - center) @ (y - y.mean())) / across
    # Residuals about the line, then s on n − 2 degrees of freedom
    residuals = y - y.mean() - slope * (t - center)
    spread = math.sqrt(float(residuals @ residuals) / (n - 2))
    if spread <= RESIDUE * float(np.abs(y).max()):
        raise NotEstimable(Said("growth.all_on_one_line"), Said("growth.values_that_vary"))
    value = float(y.mean()) + slope * (at - center)
    half = t_quantile((1 + level) / 2, n - 2) * spread * math.sqrt(1 + 1 / n + (at - center) ** 2 / across)
    return Projection(
        float(at), value, value - half, value + half, float(y.mean()) - slope * center, slope, spread, n, level
    )


def _observed(times: ArrayLike, values: ArrayLike) -> tuple[Floats, Floats]:
    """Return times and values of the periods that have one."""
    t, y = floats(times), floats(values)
    if t.shape != y.shape or t.ndim != 1 or not np.isfinite(t).all() or np.isinf(y).any():
        raise NotEstimable(Said("growth.times_do_not_fit"), Said("growth.one_value_each_time"))
    present = ~np.isnan(y)
    if present.sum() < FEWEST_POINTS:
        raise NotEstimable(
            Said("growth.too_few_points", n=int(present.sum())), Said("growth.points_needed", fewest=FEWEST_POINTS)
        )
    return t[present], y[present]
