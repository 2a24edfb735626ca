"""How fast a series grew between two periods, and in which class of progress that falls."""

from __future__ import annotations

import math
from typing import Literal

from impact.errors import NotEstimable
from impact.statistics.core import RESIDUE
from impact.words.said import Said

GrowthClass = Literal["clear_improvement", "slight_improvement", "stable", "slight_worsening", "clear_worsening"]
CLEAR, SLIGHT = 0.05, 0.01
"""Growth per year above which a change is clear, and above which it is a change at all."""


def cagr(start: float, end: float, years: float) -> float:
    """Return the compound annual growth rate, as a share per year (0.05 is 5 %).

    Parameters
    ----------
    start, end
        First and last value, both above zero, in one unit.
    years
        From one to the other, above zero.

    Raises
    ------
    NotEstimable
        If a value is zero or negative (no factor leads to or from it), or no time passes.

    Notes
    -----
    ``(end/start)^(1/years) − 1``. It uses two values only: what lies between says nothing.

    Examples
    --------
    >>> round(cagr(100, 130, 5), 6)
    0.053874
    """
    if not all(math.isfinite(value) and value > 0 for value in (start, end)):
        raise NotEstimable(Said("growth.not_above_zero"), Said("growth.values_above_zero"))
    if not (math.isfinite(years) and years > 0):
        raise NotEstimable(Said("growth.no_time"), Said("growth.time_above_zero"))
    return math.expm1(math.log(end / start) / years)


def growth_class(rate: float, *, polarity: Literal[1, -1]) -> GrowthClass:
    """Return the class of progress of a growth rate.

    Parameters
    ----------
    rate
        Of :func:`cagr`, as a share per year.
    polarity
        1 where more is better, -1 where less is.

    Raises
    ------
    NotEstimable
        If the rate is no number or polarity neither 1 nor -1.

    Notes
    -----
    Above 5 % clear, above 1 % slight, within 1 % stable, mirrored below; each limit belongs to the class nearer to
    stable. ASTAT, after ISTAT, Rapporto SDGs 2019.

    Examples
    --------
    >>> [growth_class(rate, polarity=1) for rate in (0.05, 0.01, -0.02)]
    ['slight_improvement', 'stable', 'slight_worsening']
    """
    if not math.isfinite(rate) or polarity not in (1, -1):
        raise NotEstimable(Said("growth.no_class"), Said("growth.rate_and_polarity"))
    better = polarity * rate
    # What rounding leaves of a limit is on the limit
    size = abs(better) - RESIDUE
    if size <= SLIGHT:
        return "stable"
    if better > 0:
        return "clear_improvement" if size > CLEAR else "slight_improvement"
    return "clear_worsening" if size > CLEAR else "slight_worsening"
