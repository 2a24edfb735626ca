"""Whether a process that goes on as it does will meet a target: always, never, or now and then."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from impact.errors import NotEstimable
from impact.statistics.control_charts.chart import Chart
from impact.words.said import Said

Polarity = Literal[1, -1]
TargetVerdict = Literal["always_met", "hit_and_miss", "always_missed"]


def target_verdict(chart: Chart, target: float, *, polarity: Polarity) -> TargetVerdict:
    """Return where a target stands against the limits of the latest period that has any.

    Parameters
    ----------
    chart
        The chart; the verdict holds as long as the process goes on as the periods that set the limits.
    target
        In the unit of the values.
    polarity
        1 where more is better, -1 where less is.

    Raises
    ------
    NotEstimable
        If the target is no number or polarity neither 1 nor -1.

    Notes
    -----
    NHS England, Making Data Count: on the far side of both limits it is always missed, on the near side always met,
    between them (or on one) met now and then by common variation alone.

    Examples
    --------
    >>> from impact.statistics.control_charts import xmr
    >>> chart = xmr([10, 12, 11, 9, 10, 12, 8, 11, 9, 10, 14, 13])
    >>> [target_verdict(chart, target, polarity=1) for target in (4, 11, 18)]
    ['always_met', 'hit_and_miss', 'always_missed']
    """
    if not math.isfinite(target) or polarity not in (1, -1):
        raise NotEstimable(Said("control_charts.no_target"), Said("control_charts.target_and_polarity"))
    latest = np.flatnonzero(~np.isnan(chart.upper))[-1]
    ends = sorted(polarity * end for end in (float(chart.lower[latest]), float(chart.upper[latest])))
    if polarity * target > ends[1]:
        return "always_missed"
    return "always_met" if polarity * target < ends[0] else "hit_and_miss"
