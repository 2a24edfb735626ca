"""Charts of individual values and their moving ranges (XmR), for values that are no counts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from impact.errors import NotEstimable
from impact.statistics.control_charts.chart import FEWEST_PERIODS, Chart, Ranges, base_of, numbers, signals_of
from impact.statistics.control_charts.rules import Flags, RuleSet
from impact.statistics.core import RESIDUE, Floats
from impact.words.said import Said


class Constants(NamedTuple):
    """By what the mean moving range is multiplied for the limits of values (each side) and of ranges."""

    values: float
    ranges: float


ConstantsName = Literal["rounded", "exact", "tabled"]
# The range of two standard normals: mean d2 = 2/√π, standard deviation d3 = √(2 − 4/π)
_D2 = 2 / math.sqrt(math.pi)
_D3 = math.sqrt(2 - 4 / math.pi)
CONSTANTS: Mapping[ConstantsName, Constants] = MappingProxyType(
    {
        "rounded": Constants(2.66, 3.267),
        "exact": Constants(3 / _D2, 1 + 3 * _D3 / _D2),
        "tabled": Constants(3 / 1.128, 3.267),
    }
)


def xmr(
    values: ArrayLike,
    *,
    rules: RuleSet = "nhs",
    constants: ConstantsName = "rounded",
    screened: bool = False,
    fixed_after: int | None = None,
    left_out: Sequence[int] = (),
    fewest: int = FEWEST_PERIODS,
) -> Chart:
    """Return the chart of individual values with their moving ranges.

    Parameters
    ----------
    values
        Shape (n,), one for each period in order, in any unit; None or NaN is a period without a value. It has no
        moving range, nor has the period after it, and it breaks every run.
    rules
        Set of rules, see :func:`impact.statistics.control_charts.marks`.
    constants
        ``rounded``: 2.66 and 3.267 (NHS, Wheeler); ``exact``: 3/d2 and D4 of two normals, 2.65868 and 3.26653;
        ``tabled``: 3/1.128 and 3.267 (NIST, R qcc). They differ in the fourth digit.
    screened
        Leave moving ranges at or above their own limit out of their mean, once, as R NHSRplotthedots does by default.
        It narrows the limits.
    fixed_after
        The first so many periods set the limits; None: all do.
    left_out
        Positions, from 0, of periods that do not set the limits; they are judged by them.
    fewest
        Periods with a value that have to set the limits.

    Raises
    ------
    NotEstimable
        If too few periods set the limits, none of them follow each other, or they do not vary.

    Notes
    -----
    ``mean ± 2.66 · mean moving range``; a range is a signal above ``3.267 · mean moving range``. Wheeler (1993),
    Understanding Variation; NIST/SEMATECH e-Handbook 6.3.2.2, https://doi.org/10.18434/M32189.

    Examples
    --------
    >>> chart = xmr([10, 12, 11, 9, 10, 12, 8, 11, 9, 10, 14, 13, 15, 14, 13, 14, 15, 13])
    >>> round(chart.center, 4), chart.lower[0].round(4).item(), chart.upper[0].round(4).item()
    (11.8333, 6.9827, 16.6839)
    >>> chart.signalled, chart.signals[10]
    ((10, 11, 12, 13, 14, 15, 16, 17), (Signal(rule='run', side='above'),))
    """
    periods = numbers(values)
    multiples = _constants(constants)
    base = base_of(periods, fixed_after, left_out, fewest)
    ranges = _ranges(periods, base, multiples, screened=screened)
    center = float(periods[base].mean())
    half = multiples.values * ranges.mean
    lower, upper = (np.full(len(periods), end) for end in (center - half, center + half))
    sigma = np.full(len(periods), half / 3)
    signals = signals_of(periods, center, sigma, rules)
    return Chart("xmr", periods, center, lower, upper, signals, rules, int(base.sum()), ranges)


def _constants(name: ConstantsName) -> Constants:
    if name not in CONSTANTS:
        raise NotEstimable(
            Said("control_charts.no_such_choice", name=name), Said("control_charts.one_of", names=tuple(CONSTANTS))
        )
    return CONSTANTS[name]


def _ranges(values: Floats, base: Flags, constants: Constants, *, screened: bool) -> Ranges:
    """Return moving ranges, with the mean of those between two periods that set the limits."""
    ranges = np.full(len(values), np.nan)
    ranges[1:] = np.abs(np.diff(values))
    between = np.zeros(len(values), dtype=bool)
    between[1:] = base[1:] & base[:-1]
    setting = ranges[between]
    if not len(setting):
        raise NotEstimable(Said("control_charts.no_neighbours"), Said("control_charts.periods_that_follow"))
    if screened:
        setting = setting[setting < constants.ranges * setting.mean()]
    mean = float(setting.mean()) if len(setting) else 0.0
    residue = RESIDUE * float(np.nanmax(np.abs(values)))
    if mean <= residue:
        raise NotEstimable(Said("control_charts.values_do_not_vary"), Said("control_charts.periods_that_vary"))
    limit = constants.ranges * mean
    return Ranges(ranges, mean, len(setting), limit, ranges - residue > limit)
