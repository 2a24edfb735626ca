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
from impact.designs.models import has_comparison
from impact.errors import NotEstimable
from impact.estimate import Effect
from impact.expect import FORECAST, definition_hash, forecast_fields, plan_hash, plan_status
from impact.formulas.measured import COMPLETE, Measured
from impact.formulas.registry import kind_of
from impact.judge.attainment import Attainment, Completeness, judge_attainment
from impact.judge.evidence import Contribution, evidence_level, judge_contribution
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
    now: Measurement

    @property
    def value(self) -> float | None:
        """The value, in the indicator's unit."""
        return _number(self.now.measured.value)

    @property
    def is_part(self) -> bool:
        """Whether it is of a part of the programme."""
        return not self.now.domain.part.is_whole

    @property
    def baseline_wave(self) -> str | None:
        """The wave of the baseline; None where it was not measured."""
        return self.indicator.ex_ante.baseline.wave if self.indicator.ex_ante.baseline else None

    @property
    def before(self) -> Measurement | None:
        """The value of the same arm and part in the baseline wave."""
        return self.at(self.baseline_wave)

    def at(self, wave: str | None, arm: Arm | None = None) -> Measurement | None:
        """Return the value of the same part in another wave or arm."""
        if wave is None:
            return None
        domain = self.now.domain
        return self.beside.get(replace(domain, wave=wave, arm=domain.arm if arm is None else arm))

    @cached_property
    def complete(self) -> Completeness:
        """Which of the numbers are of all units."""
        contract = self.programme.contracts[self.indicator.contract]
        grows = kind_of(self.indicator.formula).grows and value_limits(self.indicator, contract).low >= 0
        missing, missed = (INCOMPLETE in each.flags if each else False for each in (self.now, self.before))
        return Completeness(not missing, not missed, grows=grows)

    @cached_property
    def baseline(self) -> float | None:
        """The value before: where units are missing that of the ones behind the value, or None."""
        stated = self.indicator.ex_ante.baseline
        if stated is None:
            return None
        if stated.wave is None:
            return None if self.is_part and _is_total(self.indicator) else stated.value
        open_ends = not (self.complete.value and self.complete.baseline)
        if open_ends and self.now.units.awaited and self.value is not None:
            return _number(self.now.units.same_baseline)
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
    wave = indicator.ex_post.wave or ""
    now = [each for each in measurements if each.domain.wave == wave and each.domain.arm in (Arm.ALL, Arm.TREATED)]
    nothing = Measurement(indicator.id, Domain(Arm.ALL, WHOLE, wave), NO_ROWS, 0, 0)
    whole = [each for each in now if each.domain.part.is_whole] or [nothing]
    parts = [each for each in now if not each.domain.part.is_whole]
    beside = {each.domain: each for each in measurements}
    declared = _declared(programme, indicator) | {"run_id": run_id}
    cases = (_Case(programme, indicator, beside, row) for row in (*whole, *parts))
    return [_judged(case, declared, estimate) for case in cases]


def _judged(case: _Case, declared: Columns, estimate: Estimator) -> Judged:
    effect, reason = _effect(case, estimate)
    part = case.now.domain.part
    finding = Finding(
        finding=part.id(case.programme.id, case.indicator.id),
        **part.fields(),
        **declared,
        **_promised(case, effect),
        **_observed(case, effect),
        **_caused(effect, reason),
        **_verdicts(case, effect, reason),
    )
    return Judged(finding, effect)


def _declared(programme: Programme, indicator: Indicator) -> Columns:
    status = plan_status(programme, indicator)
    node = next(n for n in programme.header.theory_of_change.nodes if n.id == indicator.node)
    return {
        "programme": programme.id,
        "indicator": indicator.id,
        "title_en": in_language(indicator.title, "en"),
        "title_it": in_language(indicator.title, "it"),
        "node": indicator.node,
        "stage": node.stage,
        "level": indicator.level,
        "period": indicator.ex_post.wave or indicator.ex_post.period,
        "unit": in_language(indicator.unit),
        "unit_it": in_language(indicator.unit, "it"),
        "direction": indicator.direction,
        "registered_at": status.registered_at,
        "registration": Registration(status.label),
        "plan_hash": plan_hash(programme),
        "data_kind": programme.data_kind(indicator),
        "definition_hash": definition_hash(programme, indicator),
    }


def _promised(case: _Case, effect: Effect | None) -> Columns:
    """Return what was promised and forecast, in figures; forecasts are of the programme as a whole."""
    target, due = case.promise
    estimated = (effect.estimate, effect.std_error) if effect else (None, None)
    measured = (case.value, _number(case.now.measured.std_error))
    forecast = dict.fromkeys(FORECAST) if case.is_part else forecast_fields(case.indicator, measured, estimated)
    return {"baseline": case.baseline, "target": target, "due": due, **forecast}


def _observed(case: _Case, effect: Effect | None) -> Columns:
    """Return what was measured, beside the comparison arm and the units it is of."""
    measured, before = case.now.measured, case.before
    flags = [*_flags(case), *(["both_waves"] if _of_both_waves(effect) else [])]
    return {
        "value": case.value,
        "conf_low": _number(measured.conf_low),
        "conf_high": _number(measured.conf_high),
        "n": case.now.n,
        "units_reported": case.now.units.reported,
        "units_expected": case.now.units.expected,
        "baseline_reported": before.units.reported if before else None,
        "baseline_expected": before.units.expected if before else None,
        "method": measured.method,
        "comparison": _value_of(case.at(case.now.domain.wave, Arm.COMPARISON)),
        "comparison_baseline": _value_of(case.at(case.baseline_wave, Arm.COMPARISON)),
        "flags": tuple(flags),
    }


def _caused(effect: Effect | None, reason: Remark) -> Columns:
    """Return the effect, or why there is none; what its family makes of it comes later."""
    names = ("estimand", "design", "estimate", "std_error", "statistic", "p_value", "n_obs", "n_clusters", "inference")
    return {
        **{name: getattr(effect, name, None) for name in names},
        "effect_low": effect.conf_low if effect else None,
        "effect_high": effect.conf_high if effect else None,
        "not_estimable": None if effect else reason,
        **dict.fromkeys(("family", "p_adjusted", "adjustment")),
    }


def _verdicts(case: _Case, effect: Effect | None, reason: Remark) -> Columns:
    attainment = _attainment(case)
    contribution = judge_contribution(case.indicator.direction, effect, reason)
    level, why = _evidence(case, effect, contribution)
    return {
        "progress": attainment.progress,
        "progress_state": attainment.progress_state,
        "attainment": attainment.status,
        "contribution": ContributionState(contribution.status),
        "evidence_level": level,
        "evidence_reason": why,
    }


def _attainment(case: _Case) -> Attainment:
    measured, (target, due) = case.now.measured, case.promise
    if target is None and due is not None and case.value is not None and not case.complete.baseline:
        # a change is promised, from what is not known
        return Attainment(AttainmentState.INCOMPLETE, None, ProgressState.INCOMPLETE)
    return judge_attainment(
        case.indicator.direction,
        baseline=case.baseline,
        target=target,
        value=case.value,
        low=_number(measured.conf_low),
        high=_number(measured.conf_high),
        due=due is None or _observed_on(case) >= last_day(due),
        exact=measured.method == COMPLETE,
        limits=value_limits(case.indicator, case.programme.contracts[case.indicator.contract]),
        complete=case.complete,
        part=case.is_part,
    )


def _evidence(case: _Case, effect: Effect | None, contribution: Contribution) -> tuple[int | None, Remark]:
    before = case.baseline is not None or case.indicator.formula.followed_since is not None
    design, *scaled = [each.ex_post.design for each in case.programme.with_scaled(case.indicator)]
    return evidence_level(
        None if case.now.domain.part.cuts_programme else design,
        effect,
        measured_before=before and case.value is not None,
        scaled=scaled[0] if scaled else None,
        reason=contribution.reason,
    )


def _is_total(indicator: Indicator) -> bool:
    """Tell whether what is promised belongs to the programme as a whole: a number of things, not a share of them."""
    return kind_of(indicator.formula).of_the_whole(indicator.formula)


def _flags(case: _Case) -> list[str]:
    """Return the flags of the value, and ``break`` where the series breaks between the baseline and it."""
    flags, waves = list(case.now.flags), [wave.id for wave in case.programme.header.waves]
    before, wave = case.before, case.now.domain.wave
    flags += ["baseline_incomplete"] if before and INCOMPLETE in before.flags else []
    if "break" in flags or case.baseline_wave not in waves or wave not in waves:
        return flags
    between = (case.at(each) for each in waves[waves.index(case.baseline_wave) + 1 : waves.index(wave)])
    return [*flags, "break"] if any(each and "break" in each.flags for each in between) else flags


def _of_both_waves(effect: Effect | None) -> bool:
    """Tell whether a change is of those alone who answered in both waves, and the values before and after are not."""
    checks = effect.diagnostics if effect and effect.estimand.code == "estimand.change" else ()
    return any(check.name == "same_bodies" and check.status == CheckStatus.FAILED for check in checks)


def _observed_on(case: _Case) -> str:
    ex_post = case.indicator.ex_post
    if ex_post.period:
        return last_day(ex_post.period)
    return next(last_day(wave.date) for wave in case.programme.header.waves if wave.id == ex_post.wave)


def _effect(case: _Case, estimate: Estimator) -> tuple[Effect | None, Remark]:
    part, method = case.now.domain.part, case.now.measured.method
    why = method.values.get("why")
    if part.cuts_programme:
        return None, Said("findings.design_of_the_whole")
    if case.value is None and method.code == NOT_ESTIMABLE and isinstance(why, Said):
        return None, why
    if case.value is None and not has_comparison(case.indicator.ex_post.design):
        return None, Said("findings.no_data")
    try:
        return estimate(None if part.is_whole else (part.column, part.code)), ""
    except NotEstimable as error:
        return None, error.why()


def _value_of(measurement: Measurement | None) -> float | None:
    return _number(measurement.measured.value) if measurement else None


def _number(value: float | None) -> float | None:
    return None if value is None or pd.isna(value) else float(value)
