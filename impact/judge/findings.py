"""One indicator's measures, promise and effects become findings: the programme's, and each part's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import pandas as pd

from impact.declare import Programme, in_language, last_day
from impact.declare.indicators import Indicator
from impact.declare.limits import value_limits
from impact.declare.theory import Node
from impact.designs.base import Design
from impact.designs.models import has_comparison
from impact.errors import NotEstimable
from impact.estimate import Effect
from impact.expect import FORECAST, definition_hash, forecast_fields, plan_hash, plan_status
from impact.formulas.limits import Limits
from impact.formulas.measured import COMPLETE, Measured
from impact.formulas.registry import kind_of
from impact.judge.attainment import Attainment, Completeness, judge_attainment
from impact.judge.contribution import Contribution
from impact.judge.evidence import evidence_level, judge_contribution
from impact.measure.measurement import INCOMPLETE, Domain, Measurement
from impact.states import Arm, AttainmentState, CheckStatus, ContributionState, ProgressState, Registration
from impact.tables.finding import Finding
from impact.tables.part import WHOLE
from impact.words.said import Remark, Said

NOT_ESTIMABLE = "join.not_estimable"
"""Code of a method that says why there is no value."""
NO_ROWS = Measured(None, method=Said("values.no_rows"), flags=("no_data",))
Estimator = Callable[[tuple[str, str] | None], Effect]
Columns = dict[str, Any]
"""Some columns of a finding, by name; together they are checked when the finding is made."""
JUDGED_ARMS = (Arm.ALL, Arm.TREATED)
"""Those of which findings are; the others are compared with them."""
_OF_EFFECT = ("estimand", "design", "estimate", "std_error", "statistic", "p_value", "n_obs", "n_clusters", "inference")
"""Columns of a finding that are called as the fields of its effect."""
_OF_FAMILY = ("family", "p_adjusted", "adjustment")
"""Columns that :mod:`impact.judge.families` fills."""


@dataclass(frozen=True)
class Judged:
    """A finding, and the effect behind it; None where there is none."""

    finding: Finding
    effect: Effect | None


@dataclass(frozen=True)
class _Case:
    """What a finding is judged by: the declaration, a measured value, and those beside it by domain."""

    programme: Programme
    indicator: Indicator
    beside: Mapping[Domain, Measurement]
    measurement: Measurement

    @property
    def value(self) -> float | None:
        """The value, in the indicator's unit."""
        return _number(self.measurement.measured.value)

    @property
    def is_part(self) -> bool:
        """Whether it is of a part of the programme."""
        return not self.measurement.domain.part.is_whole

    @property
    def baseline_wave(self) -> str | None:
        """The wave of the baseline; None where it was not measured."""
        return self.indicator.ex_ante.baseline.wave if self.indicator.ex_ante.baseline else None

    @property
    def before(self) -> Measurement | None:
        """The value of the same arm and part in the baseline wave."""
        return self.at(self.baseline_wave)

    @cached_property
    def limits(self) -> Limits:
        """The smallest and the largest value there can be."""
        return value_limits(self.indicator, self.programme.contracts[self.indicator.contract])

    def at(self, wave: str | None, arm: Arm | None = None) -> Measurement | None:
        """Return the value of the same part in another wave or arm."""
        if wave is None:
            return None
        domain = self.measurement.domain
        return self.beside.get(replace(domain, wave=wave, arm=domain.arm if arm is None else arm))

    @cached_property
    def complete(self) -> Completeness:
        """Which of the numbers are of all units."""
        grows = kind_of(self.indicator.formula).grows and self.limits.low >= 0
        return Completeness(_of_all_units(self.measurement), _of_all_units(self.before), grows=grows)

    @cached_property
    def baseline(self) -> float | None:
        """The value before: where units are missing that of the ones behind the value, or None."""
        stated = self.indicator.ex_ante.baseline
        if stated is None:
            return None
        if stated.wave is None:
            return None if self.is_part and _is_total(self.indicator) else stated.value
        open_ends = not (self.complete.value and self.complete.baseline)
        if open_ends and self.measurement.units.awaited and self.value is not None:
            return _number(self.measurement.units.same_baseline)
        return _value_of(self.before)

    @cached_property
    def promise(self) -> tuple[float | None, str | None]:
        """Target and due date; a promised total is the programme's, not each part's."""
        target = self.indicator.ex_ante.target
        if target is None or (self.is_part and _is_total(self.indicator)):
            return None, None
        if target.value is not None:
            return target.value, target.due
        if self.baseline is None or target.change is None or not self.complete.baseline:
            return None, target.due
        return self.baseline + target.change, target.due


def judge_indicator(
    programme: Programme, indicator: Indicator, measurements: Sequence[Measurement], estimate: Estimator, run_id: str
) -> list[Judged]:
    """Return the findings of one indicator.

    Parameters
    ----------
    programme
        The programme: its waves, theory of change and registrations.
    indicator
        The indicator, with what it promises and the design it is compared by.
    measurements
        The indicator's values.
    estimate
        Gives the effect for everybody (None) or a subgroup (column, value); raises NotEstimable.
    run_id
        Stamped on every finding.
    """
    by_domain = {measurement.domain: measurement for measurement in measurements}
    declared = _declared(programme, indicator) | _planned(programme, indicator) | {"run_id": run_id}
    judged = []
    for measurement in _to_judge(indicator, measurements):
        case = _Case(programme, indicator, by_domain, measurement)
        judged.append(_judged(case, declared, estimate))
    return judged


def _to_judge(indicator: Indicator, measurements: Sequence[Measurement]) -> list[Measurement]:
    """Return the values that are judged, that of the whole first; one without rows where it has none."""
    wave = indicator.ex_post.wave or ""
    of_whole, of_cuts = list[Measurement](), list[Measurement]()
    for measurement in measurements:
        domain = measurement.domain
        if domain.wave == wave and domain.arm in JUDGED_ARMS:
            same_kind = of_whole if domain.part.is_whole else of_cuts
            same_kind.append(measurement)
    if not of_whole:
        domain = Domain(Arm.ALL, WHOLE, wave)
        of_whole.append(Measurement(indicator.id, domain, NO_ROWS, 0, 0))
    return of_whole + of_cuts


def _judged(case: _Case, declared: Columns, estimate: Estimator) -> Judged:
    effect, reason = _effect(case, estimate)
    columns = declared | _identified(case)
    columns |= _promised(case, effect)
    columns |= _observed(case, effect)
    columns |= _caused(effect, reason)
    columns |= _verdicts(case, effect, reason)
    return Judged(Finding(**columns), effect)


def _identified(case: _Case) -> Columns:
    domain = case.measurement.domain
    return {"finding": domain.part.id(case.programme.id, case.indicator.id), **domain.part.fields()}


def _declared(programme: Programme, indicator: Indicator) -> Columns:
    """Return what the indicator declares: what it is called, where it stands in the theory of change, its unit."""
    return {
        "programme": programme.id,
        "indicator": indicator.id,
        "title_en": in_language(indicator.title, "en"),
        "title_it": in_language(indicator.title, "it"),
        "node": indicator.node,
        "stage": _node_of(programme, indicator).stage,
        "level": indicator.level,
        "period": indicator.ex_post.wave or indicator.ex_post.period,
        "unit": in_language(indicator.unit),
        "unit_it": in_language(indicator.unit, "it"),
        "direction": indicator.direction,
        "data_kind": programme.data_kind(indicator),
    }


def _planned(programme: Programme, indicator: Indicator) -> Columns:
    """Return the plan that a finding is of, and when it was registered."""
    status = plan_status(programme, indicator)
    plan, definition = plan_hash(programme), definition_hash(programme, indicator)
    columns: Columns = {"plan_hash": plan, "definition_hash": definition}
    columns["registered_at"] = status.registered_at
    columns["registration"] = Registration(status.label)
    return columns


def _node_of(programme: Programme, indicator: Indicator) -> Node:
    return next(node for node in programme.header.theory_of_change.nodes if node.id == indicator.node)


def _promised(case: _Case, effect: Effect | None) -> Columns:
    """Return what was promised and forecast, in figures; forecasts are of the programme as a whole."""
    target, due = case.promise
    promised: Columns = {"baseline": case.baseline, "target": target, "due": due}
    if case.is_part:
        return promised | dict.fromkeys(FORECAST)
    measured = (case.value, _number(case.measurement.measured.std_error))
    estimated = (effect.estimate, effect.std_error) if effect else (None, None)
    return promised | forecast_fields(case.indicator, measured, estimated)


def _observed(case: _Case, effect: Effect | None) -> Columns:
    """Return what was measured, the units it is of, and what it is compared with."""
    columns = _measured(case.measurement) | _units(case)
    columns["comparison"] = _value_of(case.at(case.measurement.domain.wave, Arm.COMPARISON))
    columns["comparison_baseline"] = _value_of(case.at(case.baseline_wave, Arm.COMPARISON))
    columns["flags"] = _flags(case, effect)
    return columns


def _measured(measurement: Measurement) -> Columns:
    measured = measurement.measured
    return {
        "value": _number(measured.value),
        "conf_low": _number(measured.conf_low),
        "conf_high": _number(measured.conf_high),
        "n": measurement.n,
        "method": measured.method,
    }


def _units(case: _Case) -> Columns:
    """Return how many units are behind the value and the baseline, and how many were expected."""
    units = case.measurement.units
    baseline_units = case.before.units if case.before else None
    return {
        "units_reported": units.reported,
        "units_expected": units.expected,
        "baseline_reported": baseline_units.reported if baseline_units else None,
        "baseline_expected": baseline_units.expected if baseline_units else None,
    }


def _caused(effect: Effect | None, reason: Remark) -> Columns:
    """Return the effect, or why there is none; what its family makes of it comes later."""
    columns: Columns = {name: getattr(effect, name, None) for name in _OF_EFFECT}
    columns |= dict.fromkeys(_OF_FAMILY)
    columns["effect_low"] = effect.conf_low if effect else None
    columns["effect_high"] = effect.conf_high if effect else None
    columns["not_estimable"] = None if effect else reason
    return columns


def _verdicts(case: _Case, effect: Effect | None, reason: Remark) -> Columns:
    attainment = _attainment(case)
    contribution = judge_contribution(case.indicator.direction, effect, reason)
    columns: Columns = {}
    columns["evidence_level"], columns["evidence_reason"] = _evidence(case, effect, contribution)
    columns["progress"] = attainment.progress
    columns["progress_state"] = attainment.progress_state
    columns["attainment"] = attainment.status
    columns["contribution"] = ContributionState(contribution.status)
    return columns


def _attainment(case: _Case) -> Attainment:
    if _lacks_baseline(case):
        return Attainment(AttainmentState.INCOMPLETE, None, ProgressState.INCOMPLETE)
    measured = case.measurement.measured
    low, high = _number(measured.conf_low), _number(measured.conf_high)
    target, due = case.promise
    is_due = due is None or _observed_on(case) >= last_day(due)
    return judge_attainment(
        case.indicator.direction,
        baseline=case.baseline,
        target=target,
        value=case.value,
        low=low,
        high=high,
        due=is_due,
        exact=measured.method == COMPLETE,
        limits=case.limits,
        complete=case.complete,
        part=case.is_part,
    )


def _lacks_baseline(case: _Case) -> bool:
    """Tell whether a change is promised of a value, from a baseline that is not of all units."""
    target, due = case.promise
    change_is_due = target is None and due is not None
    return change_is_due and case.value is not None and not case.complete.baseline


def _evidence(case: _Case, effect: Effect | None, contribution: Contribution) -> tuple[int | None, Remark]:
    design, scaled = _designs(case)
    before = _is_measured_before(case)
    return evidence_level(design, effect, measured_before=before, scaled=scaled, reason=contribution.reason)


def _designs(case: _Case) -> tuple[Design | None, Design | None]:
    """Return the design that a finding is judged by, and that of the effect which it carries further, if it does."""
    indicator, *scaled = case.programme.with_scaled(case.indicator)
    carried = scaled[0].ex_post.design if scaled else None
    if case.measurement.domain.part.cuts_programme:
        return None, carried
    return indicator.ex_post.design, carried


def _is_measured_before(case: _Case) -> bool:
    """Tell whether the outcome has a value and one before it: a baseline, or that of those who are followed."""
    starts = case.baseline is not None or case.indicator.formula.followed_since is not None
    return starts and case.value is not None


def _is_total(indicator: Indicator) -> bool:
    """Tell whether what is promised belongs to the programme as a whole: a number of things, not a share of them."""
    return kind_of(indicator.formula).of_the_whole(indicator.formula)


def _flags(case: _Case, effect: Effect | None) -> tuple[str, ...]:
    """Return the flags of the value, and those that say how it stands to the baseline."""
    flags = list(case.measurement.flags)
    if case.before and INCOMPLETE in case.before.flags:
        flags.append("baseline_incomplete")
    if "break" not in flags and _breaks_between(case):
        flags.append("break")
    if _of_both_waves(effect):
        flags.append("both_waves")
    return tuple(flags)


def _breaks_between(case: _Case) -> bool:
    """Tell whether the series breaks in a wave between the baseline and the value."""
    waves = [wave.id for wave in case.programme.header.waves]
    first, last = case.baseline_wave, case.measurement.domain.wave
    if first not in waves or last not in waves:
        return False
    between = waves[waves.index(first) + 1 : waves.index(last)]
    measurements = filter(None, map(case.at, between))
    return any("break" in measurement.flags for measurement in measurements)


def _of_both_waves(effect: Effect | None) -> bool:
    """Tell whether a change is of those alone who answered in both waves, and the values before and after are not."""
    if effect is None or effect.estimand.code != "estimand.change":
        return False
    failed = (check for check in effect.diagnostics if check.status == CheckStatus.FAILED)
    return any(check.name == "same_bodies" for check in failed)


def _observed_on(case: _Case) -> str:
    ex_post = case.indicator.ex_post
    if ex_post.period:
        return last_day(ex_post.period)
    dates = {wave.id: wave.date for wave in case.programme.header.waves}
    return last_day(dates[ex_post.wave or ""])


def _effect(case: _Case, estimate: Estimator) -> tuple[Effect | None, Remark]:
    cut = case.measurement.domain.part
    if cut.cuts_programme:
        return None, Said("findings.design_of_the_whole")
    if case.value is None and (reason := _why_no_value(case)):
        return None, reason
    try:
        return estimate(None if cut.is_whole else (cut.column, cut.code)), ""
    except NotEstimable as error:
        return None, error.why()


def _why_no_value(case: _Case) -> Said | None:
    """Return why there is neither value nor effect; None where an effect may be estimated without the value."""
    method = case.measurement.measured.method
    why = method.values.get("why")
    if method.code == NOT_ESTIMABLE and isinstance(why, Said):
        return why
    return None if has_comparison(case.indicator.ex_post.design) else Said("findings.no_data")


def _value_of(measurement: Measurement | None) -> float | None:
    return _number(measurement.measured.value) if measurement else None


def _of_all_units(measurement: Measurement | None) -> bool:
    """Tell whether no unit is missing from a value; nothing is missing where there is none."""
    return measurement is None or INCOMPLETE not in measurement.flags


def _number(value: float | None) -> float | None:
    return None if value is None or pd.isna(value) else float(value)
