"""Results that an outcome contract pays for, as findings give them, and what was known of them on a day.

A result is known from the day of its indicator on, or from the day that the contract calls final; what is at hand
before that day is interim. Lines are made in :mod:`impact.value.payments`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from impact.declare.base import last_day
from impact.declare.indicators import Indicator
from impact.declare.value.payments import Against, Cohort, Metric, OutcomeContract, Overall
from impact.expect.registration import outcome_known
from impact.measure.measurement import INCOMPLETE
from impact.statistics.core import CONFIDENCE, t_quantile
from impact.statistics.economics import reduction
from impact.tables.finding import Finding
from impact.tables.part import Part
from impact.value.evidence import Evidence
from impact.value.outcomes import CAUSED
from impact.value.verdict import QUALIFIED
from impact.words.said import Remark, Said

ALL = "all"
"""The only cohort of a contract that declares none."""


class Known(StrEnum):
    """What was known of a result on a day."""

    FINAL = "final"
    INTERIM = "interim"
    AWAITED = "awaited"
    ABSENT = "absent"
    """Its day has come, and there is none."""


@dataclass(frozen=True)
class Figure:
    """A figure that is counted, or why there is none.

    Parameters
    ----------
    value, low, high
        With its 95 % interval; None where ``reason`` says why.
    reason
        Why there is no value, or no interval.
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None
    reason: Remark = ""


@dataclass(frozen=True)
class Spread:
    """A normal distribution of a result that is not final yet.

    Parameters
    ----------
    mean, sd
        In the unit of the result; sd above zero.
    method
        Where it comes from.
    """

    mean: float
    sd: float
    method: Said


@dataclass(frozen=True)
class Result:
    """A result of a metric: when it was known, what it is, what was expected.

    Parameters
    ----------
    figure
        As the finding gives it.
    at_hand, final
        Days from which it could be known at all, and from which it is final.
    findings
        Behind it.
    forecast
        What was expected ex ante, if it was said of what is counted.
    unit
        English and Italian.
    """

    figure: Figure
    at_hand: str
    final: str
    findings: tuple[Finding, ...]
    forecast: Spread | None
    unit: tuple[str, str]

    def known(self, day: str) -> Known:
        """Say what was known of it on a day."""
        there = self.figure.value is not None
        if day >= self.final:
            return Known.FINAL if there else Known.ABSENT
        return Known.INTERIM if there and day >= self.at_hand else Known.AWAITED

    def spread(self, day: str) -> Spread | None:
        """Return what could be expected of the final result on a day, if anything."""
        if self.known(day) is Known.INTERIM:
            return _of_interval(self.figure)
        return self.forecast if self.known(day) is Known.AWAITED else None


def result_of(evidence: Evidence, contract: OutcomeContract, cohort: Cohort | None, metric: Metric) -> Result:
    """Return the result of a metric for a cohort, or for the whole programme.

    Parameters
    ----------
    evidence
        Findings and declarations.
    contract, cohort, metric
        Of the contract; cohort None where it declares none.
    """
    indicator = _indicator(evidence, cohort.indicators.get(metric.id, metric.indicator) if cohort else metric.indicator)
    finding = _finding(evidence, contract, cohort, indicator.id)
    against = None
    if isinstance(metric.against, Against):
        against = _finding(evidence, contract, cohort, metric.against.indicator)
    figure = _figure(metric, indicator, finding, against)
    at_hand = outcome_known(evidence.programme, indicator)
    final = last_day(cohort.final) if cohort and cohort.final else at_hand
    if _is_whole(cohort):
        # An indicator of the cohort's own: no contract makes its result known before the day it is of. That of all
        # cohorts is of the last of them, so that an earlier one may have been published before.
        final = max(final, at_hand)
    findings = tuple(each for each in (finding, against) if each is not None)
    forecast = _forecast(metric, indicator, evidence.wholes[indicator.id]) if _is_whole(cohort) else None
    unit = _unit(metric, evidence.wholes[indicator.id])
    return Result(figure, min(at_hand, final), final, findings, forecast, unit)


def overall_result(evidence: Evidence, overall: Overall) -> Result | None:
    """Return the result over all cohorts, where it is a finding of its own."""
    if overall.indicator is None:
        return None
    indicator = _indicator(evidence, overall.indicator)
    finding = evidence.wholes[indicator.id]
    day = outcome_known(evidence.programme, indicator)
    return Result(_value(finding), day, day, (finding,), None, (finding.unit, finding.unit_it))


def _is_whole(cohort: Cohort | None) -> bool:
    """Tell whether a cohort is looked at by an indicator of its own, so that its forecast is of the cohort."""
    return cohort is None or cohort.code is None


def _indicator(evidence: Evidence, name: str) -> Indicator:
    return next(indicator for indicator in evidence.programme.indicators if indicator.id == name)


def _finding(evidence: Evidence, contract: OutcomeContract, cohort: Cohort | None, name: str) -> Finding | None:
    if cohort is None or cohort.code is None:
        return evidence.wholes[name]
    parts = evidence.parts(name, contract.cohort_column or "")
    return next((found for found in parts if Part.of(vars(found)).code == cohort.code), None)


def _unit(metric: Metric, finding: Finding) -> tuple[str, str]:
    own = metric.counted in ("value", "effect")
    return (finding.unit, finding.unit_it) if own else ("share", "share")


# ---- what is counted -------------------------------------------------------------------------------------------------


def _figure(metric: Metric, indicator: Indicator, finding: Finding | None, against: Finding | None) -> Figure:
    if finding is None or finding.value is None:
        return Figure(reason=Said("payments.no_result"))
    if metric.counted in _COUNTED:
        return _COUNTED[metric.counted](finding, indicator)
    unknown = _not_known(finding, *([against] if against else []))
    if unknown is not None:
        return Figure(reason=unknown)
    reference = _reference(metric, finding, against)
    if reference is None or reference <= 0:
        return Figure(reason=Said("payments.no_reference"))
    below = reduction(finding.value, reference).relative
    value = below if metric.counted == "relative_reduction" else -below
    return Figure(value + 0.0, reason=Said("payments.no_interval_of_ratio"))


def _not_known(*findings: Finding) -> Said | None:
    """Say why numbers do not tell what the result is: they are of some units only, or stated as roughly so."""
    flags = {flag for finding in findings for flag in finding.flags}
    if INCOMPLETE in flags:
        return Said("payments.of_some_units")
    return Said("payments.not_exact") if flags.intersection(QUALIFIED) else None


def _reference(metric: Metric, finding: Finding, against: Finding | None) -> float | None:
    """Return what a relative change is held against."""
    if isinstance(metric.against, Against):
        return against.value if against else None
    return finding.baseline if metric.against == "baseline" else finding.comparison


def _value(finding: Finding) -> Figure:
    unknown = Said("payments.no_result") if finding.value is None else _not_known(finding)
    if unknown is not None:
        return Figure(reason=unknown)
    reason: Remark = "" if finding.conf_low is not None else Said("payments.no_interval")
    return Figure(finding.value, finding.conf_low, finding.conf_high, reason)


def _own_value(finding: Finding, indicator: Indicator) -> Figure:
    return _value(finding)


def _effect(finding: Finding, indicator: Indicator) -> Figure:
    if finding.contribution not in CAUSED or finding.estimate is None:
        why = finding.not_estimable
        return Figure(reason=why if isinstance(why, Said) else Said("outcomes.no_effect"))
    reason: Remark = "" if finding.effect_low is not None else Said("payments.no_interval")
    return Figure(finding.estimate, finding.effect_low, finding.effect_high, reason)


def _achievement(finding: Finding, indicator: Indicator) -> Figure:
    """Return the value over its target, with its interval where the target is no measured number."""
    found, target = _value(finding), finding.target
    if found.value is None or target is None or target <= 0:
        return Figure(reason=found.reason if found.value is None else Said("payments.no_target"))
    share = found.value / target
    if found.low is None or found.high is None or not _is_declared(indicator):
        return Figure(share, reason=found.reason or Said("payments.no_interval_of_ratio"))
    return Figure(share, found.low / target, found.high / target)


def _is_declared(indicator: Indicator) -> bool:
    target = indicator.ex_ante.target
    return target is not None and target.value is not None


_COUNTED: Mapping[str, Callable[[Finding, Indicator], Figure]] = {
    "value": _own_value,
    "effect": _effect,
    "achievement": _achievement,
}


# ---- what could be expected ------------------------------------------------------------------------------------------


def _forecast(metric: Metric, indicator: Indicator, finding: Finding) -> Spread | None:
    """Return the forecast as a normal one, where it is of what is counted."""
    scale = _forecast_scale(metric, indicator, finding)
    mean, low, high = finding.forecast, finding.forecast_low, finding.forecast_high
    if scale is None or mean is None or low is None or high is None:
        return None
    return _normal(mean / scale, low / scale, high / scale, Said("payments.by_forecast"))


def _forecast_scale(metric: Metric, indicator: Indicator, finding: Finding) -> float | None:
    """Return what a forecast is divided by to be one of what is counted, or None where it is of something else."""
    if metric.counted != "achievement":
        return 1.0 if finding.forecast_of == metric.counted else None
    known = finding.forecast_of == "value" and finding.target is not None and finding.target > 0
    return finding.target if known and _is_declared(indicator) else None


def _of_interval(figure: Figure) -> Spread | None:
    if figure.value is None or figure.low is None or figure.high is None:
        return None
    return _normal(figure.value, figure.low, figure.high, Said("payments.by_interval"))


def _normal(mean: float, low: float, high: float, method: Said) -> Spread | None:
    sd = (high - low) / (2 * t_quantile(0.5 + CONFIDENCE / 2, math.inf))
    return Spread(mean, sd, method) if sd > 0 else None
