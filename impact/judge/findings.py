"""One indicator's measures, promise and effects become findings: the programme's, and each part's."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from impact.declare import Programme, in_language, last_day
from impact.declare.indicators import Indicator
from impact.declare.theory import Node
from impact.designs.base import Design
from impact.designs.models import has_comparison
from impact.errors import NotEstimable
from impact.estimate import Effect
from impact.expect import FORECAST, definition_hash, forecast_fields, plan_hash, plan_status
from impact.expect.promises import NO_PROMISES, PartPromises
from impact.formulas.measured import COMPLETE
from impact.judge.attainment import Attainment, judge_attainment
from impact.judge.case import Case, number, to_judge, value_of
from impact.judge.contribution import Contribution
from impact.judge.evidence import evidence_level, judge_contribution
from impact.measure.measurement import INCOMPLETE, BehindValue, Measurement
from impact.states import Arm, AttainmentState, CheckStatus, ContributionState, ProgressState, Registration
from impact.tables.finding import Finding
from impact.words.said import Remark, Said

NOT_ESTIMABLE = "join.not_estimable"
"""Code of a method that says why there is no value."""
Estimator = Callable[[tuple[str, str] | None], Effect]
Columns = dict[str, Any]
"""Some columns of a finding, by name; together they are checked when the finding is made."""
_OF_EFFECT = ("estimand", "design", "estimate", "std_error", "statistic", "p_value", "n_obs", "n_clusters", "inference")
"""Columns of a finding that are called as the fields of its effect."""
_OF_FAMILY = ("family", "p_adjusted", "adjustment")
"""Columns that :mod:`impact.judge.families` fills."""


@dataclass(frozen=True)
class Judged:
    """A finding, the effect behind it, None where there is none, and the numbers behind its value."""

    finding: Finding
    effect: Effect | None
    behind: tuple[BehindValue, ...] = ()


def judge_indicator(
    programme: Programme,
    indicator: Indicator,
    measurements: Sequence[Measurement],
    estimate: Estimator,
    run_id: str,
    *,
    parts: PartPromises = NO_PROMISES,
    until: datetime.date | None = None,
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
    parts
        What is promised of parts, by code; see :func:`impact.expect.promises.part_promises`.
    until
        Of rows with a clock, the end of the shortest period with the last of them: what is due later is not due yet.
    """
    by_domain = {measurement.domain: measurement for measurement in measurements}
    declared = _declared(programme, indicator) | _planned(programme, indicator) | {"run_id": run_id}
    judged = []
    for measurement in to_judge(indicator, measurements, parts):
        case = Case(programme, indicator, by_domain, measurement, parts, until)
        judged.append(_judged(case, declared, estimate))
    return judged


def _judged(case: Case, declared: Columns, estimate: Estimator) -> Judged:
    effect, reason = _effect(case, estimate)
    columns = declared | _identified(case)
    columns |= _promised(case, effect)
    columns |= _observed(case, effect)
    columns |= _caused(effect, reason)
    columns |= _verdicts(case, effect, reason)
    return Judged(Finding(**columns), effect, case.measurement.behind)


def _identified(case: Case) -> Columns:
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


def _promised(case: Case, effect: Effect | None) -> Columns:
    """Return what was promised and forecast, in figures; forecasts are of the programme as a whole."""
    target, due = case.promise
    promised: Columns = {"baseline": case.baseline, "target": target, "due": due}
    if case.is_part:
        return promised | dict.fromkeys(FORECAST)
    measured = (case.value, number(case.measurement.measured.std_error))
    estimated = (effect.estimate, effect.std_error) if effect else (None, None)
    return promised | forecast_fields(case.indicator, measured, estimated)


def _observed(case: Case, effect: Effect | None) -> Columns:
    """Return what was measured, the units it is of, and what it is compared with."""
    columns = _measured(case.measurement) | _units(case)
    columns["comparison"] = value_of(case.at(case.measurement.domain.wave, Arm.COMPARISON))
    columns["comparison_baseline"] = value_of(case.at(case.baseline_wave, Arm.COMPARISON))
    columns["flags"] = _flags(case, effect)
    return columns


def _measured(measurement: Measurement) -> Columns:
    measured = measurement.measured
    return {
        "value": number(measured.value),
        "conf_low": number(measured.conf_low),
        "conf_high": number(measured.conf_high),
        "n": measurement.n,
        "method": measured.method,
    }


def _units(case: Case) -> Columns:
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


def _verdicts(case: Case, effect: Effect | None, reason: Remark) -> Columns:
    attainment = _attainment(case)
    contribution = judge_contribution(case.indicator.direction, effect, reason)
    columns: Columns = {}
    columns["evidence_level"], columns["evidence_reason"] = _evidence(case, effect, contribution)
    columns["progress"] = attainment.progress
    columns["progress_state"] = attainment.progress_state
    columns["attainment"] = attainment.status
    columns["contribution"] = ContributionState(contribution.status)
    return columns


def _attainment(case: Case) -> Attainment:
    if _lacks_baseline(case):
        return Attainment(AttainmentState.INCOMPLETE, None, ProgressState.INCOMPLETE)
    measured = case.measurement.measured
    low, high = number(measured.conf_low), number(measured.conf_high)
    target, due = case.promise
    is_due = due is None or case.observed_on.isoformat() >= last_day(due)
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


def _lacks_baseline(case: Case) -> bool:
    """Tell whether a change is promised of a value, from a baseline that is not of all units."""
    target, due = case.promise
    change_is_due = target is None and due is not None
    return change_is_due and case.value is not None and not case.complete.baseline


def _evidence(case: Case, effect: Effect | None, contribution: Contribution) -> tuple[int | None, Remark]:
    design, scaled = _designs(case)
    before = _is_measured_before(case)
    return evidence_level(design, effect, measured_before=before, scaled=scaled, reason=contribution.reason)


def _designs(case: Case) -> tuple[Design | None, Design | None]:
    """Return the design that a finding is judged by, and that of the effect which it carries further, if it does."""
    indicator, *scaled = case.programme.with_scaled(case.indicator)
    carried = scaled[0].ex_post.design if scaled else None
    if case.measurement.domain.part.cuts_programme:
        return None, carried
    return indicator.ex_post.design, carried


def _is_measured_before(case: Case) -> bool:
    """Tell whether the outcome has a value and one before it: a baseline, or that of those who are followed."""
    starts = case.baseline is not None or case.indicator.formula.followed_since is not None
    return starts and case.value is not None


def _flags(case: Case, effect: Effect | None) -> tuple[str, ...]:
    """Return the flags of the value, and those that say how it stands to the baseline."""
    flags = list(case.measurement.flags)
    if case.before and INCOMPLETE in case.before.flags:
        flags.append("baseline_incomplete")
    if "break" not in flags and _breaks_between(case):
        flags.append("break")
    if _of_both_waves(effect):
        flags.append("both_waves")
    return tuple(flags)


def _breaks_between(case: Case) -> bool:
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


def _effect(case: Case, estimate: Estimator) -> tuple[Effect | None, Remark]:
    cut = case.measurement.domain.part
    if cut.cuts_programme:
        return None, Said("findings.design_of_the_whole")
    if case.value is None and (reason := _why_no_value(case)):
        return None, reason
    try:
        return estimate(None if cut.is_whole else (cut.column, cut.code)), ""
    except NotEstimable as error:
        return None, error.why()


def _why_no_value(case: Case) -> Said | None:
    """Return why there is neither value nor effect; None where an effect may be estimated without the value."""
    method = case.measurement.measured.method
    why = method.values.get("why")
    if method.code == NOT_ESTIMABLE and isinstance(why, Said):
        return why
    return None if has_comparison(case.indicator.ex_post.design) else Said("findings.no_data")
