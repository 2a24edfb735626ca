"""Reports of units over periods become one number: first across time, then across units.

A period without a report is no report, never a zero; a unit without any takes no part, and the result says how many do.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from impact.errors import NotEstimable
from impact.statistics.core import Floats, floats
from impact.words.said import Said

AcrossTime = Literal["sum", "mean", "last", "first", "min", "max", "count"]
AcrossUnits = Literal["sum", "mean"]
Together = Literal["sum", "mean", "min", "max", "count", "sd", "variance"]
_Rule = Callable[[Floats], float]
# Each from the reports that are there, one or more, in the order of their periods
_ACROSS_TIME: Mapping[str, _Rule] = MappingProxyType(
    {
        "sum": lambda reports: float(reports.sum()),
        "mean": lambda reports: float(reports.mean()),
        "last": lambda reports: float(reports[-1]),
        "first": lambda reports: float(reports[0]),
        "min": lambda reports: float(reports.min()),
        "max": lambda reports: float(reports.max()),
        "count": lambda reports: float(len(reports)),
    }
)
_ACROSS_UNITS: Mapping[str, _Rule] = MappingProxyType({rule: _ACROSS_TIME[rule] for rule in ("sum", "mean")})
_TOGETHER: Mapping[str, _Rule] = MappingProxyType(
    {
        **{rule: _ACROSS_TIME[rule] for rule in ("sum", "mean", "min", "max", "count")},
        "sd": lambda reports: float(reports.std()),
        "variance": lambda reports: float(reports.var()),
    }
)


@dataclass(frozen=True)
class RolledUp:
    """A number of many reports, and what it stands on.

    Parameters
    ----------
    value
        In the unit of the reports; a number of them for ``count``.
    by_unit
        Shape (units,): each unit's number across time, NaN where it reported nothing.
    n_reporting, n_units
        Units with a report, of all.
    n_reports, n_periods
        Reports, of all units times all periods.
    """

    value: float
    by_unit: Floats
    n_reporting: int
    n_units: int
    n_reports: int
    n_periods: int


def rolled_up(panel: ArrayLike, *, across_time: AcrossTime, across_units: AcrossUnits) -> RolledUp:
    """Return one number of reports: across the time of each unit, then across units.

    Parameters
    ----------
    panel
        Shape (units, periods), periods in order; None or NaN is no report.
    across_time
        ``sum`` (of flows), ``mean``, ``last`` or ``first`` report (of stocks), ``min``, ``max``, ``count`` of reports.
        ``last`` is the last there is: leave out a unit that closed, or its stock is carried on.
    across_units
        ``sum`` or ``mean`` of the units that reported.

    Raises
    ------
    NotEstimable
        If there is no report, a number is infinite, or a rule is not known.

    Notes
    -----
    Rules of DHIS2: LAST is last and sum, LAST_AVERAGE_ORG_UNIT last and mean, AVERAGE_SUM_ORG_UNIT mean and sum as it
    is documented (the program takes a month without a report as zero).

    Examples
    --------
    >>> panel = [[10, 20, 30], [5, None, 15], [8, 8, 8]]
    >>> rolled_up(panel, across_time="mean", across_units="sum").value
    38.0
    """
    reports = _reports(panel)
    over_time = _chosen(across_time, _ACROSS_TIME)
    over_units = _chosen(across_units, _ACROSS_UNITS)
    present = ~np.isnan(reports)
    rows = [row[there] for row, there in zip(reports, present, strict=True)]
    by_unit = floats([over_time(row) if len(row) else math.nan for row in rows])
    reporting = present.any(axis=1)
    value = over_units(by_unit[reporting])
    return RolledUp(value, by_unit, int(reporting.sum()), len(reports), int(present.sum()), present.size)


def together(panel: ArrayLike, measure: Together) -> float:
    """Return one number of all reports, units and periods together.

    Parameters
    ----------
    panel
        Any shape; None or NaN is no report.
    measure
        ``sd`` and ``variance`` are of these reports as a whole (they divide by n), of two or more.

    Raises
    ------
    NotEstimable
        If there is no report, only one for a spread, a number is infinite, or a measure is not known.

    Examples
    --------
    >>> together([[10, 20, 30], [5, None, 15], [8, 8, 8]], "variance")
    61.25
    """
    reports = _reports(np.atleast_2d(floats(panel)))
    rule = _chosen(measure, _TOGETHER)
    present = reports[~np.isnan(reports)]
    if measure in ("sd", "variance") and len(present) < 2:
        raise NotEstimable(Said("roll_up.one_report_has_no_spread"), Said("roll_up.two_reports"))
    return rule(present)


def annualised(numerator: float, denominator: float, *, periods_per_year: int) -> float:
    """Return a ratio of one period as if every period of the year were like it.

    Parameters
    ----------
    numerator
        Of the period.
    denominator
        Of the year, such as a population; above zero.
    periods_per_year
        12 for months, 4 for quarters.

    Raises
    ------
    NotEstimable
        If a number is missing, or the denominator or the number of periods is not above zero.

    Examples
    --------
    >>> annualised(50, 1200, periods_per_year=12)
    0.5
    """
    if not (math.isfinite(numerator) and math.isfinite(denominator) and denominator > 0 and periods_per_year > 0):
        raise NotEstimable(Said("roll_up.no_ratio"), Said("roll_up.denominator_above_zero"))
    return numerator * periods_per_year / denominator


def year_to_date(annual: float, period: int, *, periods_per_year: int) -> float:
    """Return the part of a year's target that is due by the end of a period, all periods alike.

    Parameters
    ----------
    annual
        Target of the year, in any unit.
    period
        Period of the year, from 1.
    periods_per_year
        12 for months, 4 for quarters.

    Raises
    ------
    NotEstimable
        If the target is missing, or the year has no such period.

    Examples
    --------
    >>> year_to_date(1200, 2, periods_per_year=12)
    200.0
    """
    if not (math.isfinite(annual) and 1 <= period <= periods_per_year):
        raise NotEstimable(Said("roll_up.no_such_period", period=period), Said("roll_up.period_of_year"))
    return annual * period / periods_per_year


def _reports(panel: ArrayLike) -> Floats:
    reports = floats(panel)
    if reports.ndim != 2 or np.isinf(reports).any():
        raise NotEstimable(Said("roll_up.no_panel"), Said("roll_up.units_by_periods"))
    if np.isnan(reports).all():
        raise NotEstimable(Said("roll_up.no_report"), Said("roll_up.one_report"))
    return reports


def _chosen(name: str, rules: Mapping[str, _Rule]) -> _Rule:
    if name not in rules:
        raise NotEstimable(Said("roll_up.no_such_rule", name=name), Said("roll_up.one_of", names=tuple(rules)))
    return rules[name]
