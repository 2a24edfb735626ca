"""One indicator's measures, promise and effects become findings: the programme's, and each part's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from impact.declare import Programme, in_language, last_day
from impact.declare.contracts import Contract
from impact.declare.designs import has_comparison
from impact.declare.indicators import Change, Indicator
from impact.declare.limits import value_limits
from impact.errors import NotEstimable
from impact.estimate import Effect
from impact.expect import FORECAST, forecast_fields, plan_hash, plan_status
from impact.judge.attainment import Attainment, Completeness, judge_attainment
from impact.judge.evidence import evidence_level, judge_contribution
from impact.measure.complete import INCOMPLETE
from impact.measure.moments import COMPLETE
from impact.words.said import Remark, Said

NOT_ESTIMABLE = "join.not_estimable"
"""Code of a method that says why there is no value."""
TOTALS = ("sum", "count", "count_distinct")
Estimator = Callable[[tuple[str, str] | None], Effect]


@dataclass(frozen=True)
class Finding:
    """A finding's fields (columns of ``impact.finding``) and its effect, or None where there is none."""

    fields: dict[str, Any]
    effect: Effect | None


def judge_indicator(
    programme: Programme, indicator: Indicator, measures: pd.DataFrame, estimate: Estimator
) -> list[Finding]:
    """Return the findings of one indicator.

    Parameters
    ----------
    programme
        The programme: its waves, theory of change and registrations.
    indicator
        The indicator, with what it promises and the design it is compared by.
    measures
        The indicator's rows, columns as in ``impact.measure``.
    estimate
        Gives the effect for everybody (None) or a subgroup (column, value); raises NotEstimable.
    """
    wave = indicator.ex_post.wave or ""
    now = measures[(measures["wave"] == wave) & measures["arm"].isin(["", "treated"])]
    common = _common(programme, indicator)
    findings = []
    whole = now[(now["scope"] == "programme") & (now["group"] == "all")]
    if whole.empty:
        whole = pd.DataFrame([_nothing(indicator, wave)])
    for row in pd.concat([whole, now.drop(whole.index, errors="ignore")]).to_dict("records"):
        named = {str(name): value for name, value in row.items()}
        findings.append(_finding(programme, indicator, measures, named, common=common, estimate=estimate))
    return findings


def _common(programme: Programme, indicator: Indicator) -> dict[str, Any]:
    status = plan_status(programme, indicator)
    node = next(n for n in programme.header.theory_of_change.nodes if n.id == indicator.node)
    title = indicator.title
    return {
        "programme": programme.id,
        "indicator": indicator.id,
        "title_en": in_language(title, "en"),
        "title_it": in_language(title, "it"),
        "node": indicator.node,
        "stage": node.stage,
        "level": indicator.level,
        "period": indicator.ex_post.wave or indicator.ex_post.period,
        "unit": in_language(indicator.unit),
        "unit_it": in_language(indicator.unit, "it"),
        "direction": indicator.direction,
        "registered_at": status.registered_at,
        "registration": status.label,
        "plan_hash": plan_hash(programme),
        "data_kind": programme.data_kind(indicator),
    }


def _nothing(indicator: Indicator, wave: str) -> dict[str, Any]:
    return {
        "indicator": indicator.id,
        "arm": "",
        "scope": "programme",
        "scope_value": "",
        "group": "all",
        "group_value": "",
        "wave": wave,
        "value": None,
        "conf_low": None,
        "conf_high": None,
        "n": 0,
        "method": Said("values.no_rows"),
        "flags": ["no_data"],
    }


def _finding(
    programme: Programme,
    indicator: Indicator,
    measures: pd.DataFrame,
    row: dict[str, Any],
    *,
    common: dict[str, Any],
    estimate: Estimator,
) -> Finding:
    whole = row["scope"] == "programme" and row["group"] == "all"
    of = _units(indicator, programme.contracts[indicator.contract], measures, row)
    baseline = _baseline(indicator, measures, row, of)
    target, due = _target(indicator, baseline if of.complete.baseline else None, part=not whole)
    value, low, high = (_number(row[name]) for name in ("value", "conf_low", "conf_high"))
    taken, limits = _taken(programme, indicator), value_limits(indicator, programme.contracts[indicator.contract])
    attainment = judge_attainment(
        indicator.direction,
        baseline=baseline,
        target=target,
        value=value,
        low=low,
        high=high,
        due=due is None or taken >= last_day(due),
        exact=row["method"] == COMPLETE,
        limits=limits,
        complete=of.complete,
        part=not whole,
    )
    if target is None and due is not None and value is not None and not of.complete.baseline:
        attainment = Attainment("incomplete", None, "incomplete")  # a change is promised, from what is not known
    effect, reason = _effect(indicator, row, value, estimate)
    contribution = judge_contribution(indicator.direction, effect, reason)
    before = baseline is not None or isinstance(indicator.formula, Change)
    design, *scaled = [each.ex_post.design for each in programme.behind(indicator)]
    level, why = evidence_level(
        design if row["scope"] == "programme" else None,
        effect,
        measured_before=before and value is not None,
        scaled=scaled[0] if scaled else None,
        reason=contribution.reason,
    )
    fields = common | {
        "finding": finding_id(programme.id, row),
        "scope": row["scope"],
        "scope_value": row["scope_value"],
        "group": row["group"],
        "group_value": row["group_value"],
        "baseline": baseline,
        "target": target,
        "due": due,
        "value": value,
        "conf_low": low,
        "conf_high": high,
        "n": int(row["n"]),
        **of.counts,
        "method": row["method"],
        "comparison": _elsewhere(measures, row, row["wave"], "comparison"),
        "comparison_baseline": _elsewhere(measures, row, _baseline_wave(indicator), "comparison"),
        **_effect_fields(effect),
        "not_estimable": None if effect else reason,
        "progress": attainment.progress,
        "progress_state": attainment.progress_state,
        **(_forecast(indicator, row, value, effect) if whole else dict.fromkeys(FORECAST)),
        "attainment": attainment.status,
        "contribution": contribution.status,
        "evidence_level": level,
        "evidence_reason": why,
        "flags": [*_flags(programme, indicator, measures, row), *(["both_waves"] if _of_both_waves(effect) else [])],
    }
    return Finding(fields, effect)


def _forecast(indicator: Indicator, row: dict[str, Any], value: float | None, effect: Effect | None) -> dict[str, Any]:
    found = (effect.estimate, effect.std_error) if effect else (None, None)
    return forecast_fields(indicator, (value, _number(row.get("std_error"))), found)


def finding_id(programme: str, row: dict[str, Any]) -> str:
    """Return the stable name of a finding: programme/indicator, then the part if it is not the whole."""
    name = f"{programme}/{row['indicator']}"
    if row["scope"] != "programme":
        return f"{name}/{row['scope']}={row['scope_value']}"
    return name if row["group"] == "all" else f"{name}/{row['group']}={row['group_value']}"


def _baseline_wave(indicator: Indicator) -> str | None:
    return indicator.ex_ante.baseline.wave if indicator.ex_ante.baseline else None


@dataclass(frozen=True)
class _Of:
    """Of how many units value and baseline are; whether the two are of the same ones, known from wave to wave."""

    complete: Completeness
    counts: dict[str, int | None]
    same: bool


def _units(indicator: Indicator, contract: Contract, measures: pd.DataFrame, row: dict[str, Any]) -> _Of:
    before = measures[_same_part(measures, row, row["arm"]) & (measures["wave"] == _baseline_wave(indicator))]
    earlier = {str(name): found for name, found in before.iloc[0].items()} if len(before) else {}
    counts = {
        "units_reported": _count(row.get("units_reported")),
        "units_expected": _count(row.get("units_expected")),
        "baseline_reported": _count(earlier.get("units_reported")),
        "baseline_expected": _count(earlier.get("units_expected")),
    }
    grows = _is_sum(indicator) and value_limits(indicator, contract).low >= 0
    missing, missed = (INCOMPLETE in each.get("flags", ()) for each in (row, earlier))
    return _Of(Completeness(not missing, not missed, grows=grows), counts, bool(row.get("awaited")))


def _baseline(indicator: Indicator, measures: pd.DataFrame, row: dict[str, Any], of: _Of) -> float | None:
    """Return the value before: where units are missing that of the ones behind the value, or None."""
    stated = indicator.ex_ante.baseline
    if stated is None:
        return None
    if stated.wave is not None:
        open_ends = not (of.complete.value and of.complete.baseline)
        if open_ends and of.same and _number(row["value"]) is not None:
            return _number(row["same_baseline"])
        return _elsewhere(measures, row, stated.wave, row["arm"])
    is_part = row["scope"] != "programme" or row["group"] != "all"
    return None if is_part and _is_total(indicator) else stated.value


def _is_sum(indicator: Indicator) -> bool:
    return indicator.formula.kind in TOTALS


def _is_total(indicator: Indicator) -> bool:
    """Tell whether what is promised belongs to the programme as a whole: a number of things, not a share of them."""
    formula = indicator.formula
    return _is_sum(indicator) or (formula.kind == "territory_map" and formula.measure != "coverage")


def _elsewhere(measures: pd.DataFrame, row: dict[str, Any], wave: str | None, arm: str) -> float | None:
    """Return the value of the same part in another wave or arm."""
    if wave is None:
        return None
    found = measures.loc[_same_part(measures, row, arm) & (measures["wave"] == wave), "value"]
    return _number(found.iloc[0]) if len(found) else None


def _same_part(measures: pd.DataFrame, row: dict[str, Any], arm: str) -> pd.Series:
    same = measures["arm"] == arm
    for name in ("scope", "scope_value", "group", "group_value"):
        same &= measures[name] == row[name]
    return same


def _flags(programme: Programme, indicator: Indicator, measures: pd.DataFrame, row: dict[str, Any]) -> list[str]:
    """Return the flags of the value, and ``break`` where the series breaks between the baseline and it."""
    flags, waves = list(row["flags"]), [wave.id for wave in programme.header.waves]
    before = _baseline_wave(indicator)
    earlier = measures.loc[_same_part(measures, row, row["arm"]) & (measures["wave"] == before), "flags"]
    flags += ["baseline_incomplete"] if any(INCOMPLETE in found for found in earlier) else []
    if "break" in flags or before not in waves or row["wave"] not in waves:
        return flags
    between = waves[waves.index(before) + 1 : waves.index(row["wave"])]
    passed = measures.loc[_same_part(measures, row, row["arm"]) & measures["wave"].isin(between), "flags"]
    return [*flags, "break"] if any("break" in found for found in passed) else flags


def _of_both_waves(effect: Effect | None) -> bool:
    """Tell whether a change is of those alone who answered in both waves, and the values before and after are not."""
    checks = effect.diagnostics if effect and effect.estimand.code == "estimand.change" else ()
    return any(check.name == "same_bodies" and check.status == "failed" for check in checks)


def _target(indicator: Indicator, baseline: float | None, *, part: bool) -> tuple[float | None, str | None]:
    """Return target and due date; a promised total is the programme's, not each part's."""
    target = indicator.ex_ante.target
    if target is None or (part and _is_total(indicator)):
        return None, None
    if target.value is not None:
        return target.value, target.due
    return (None if baseline is None or target.change is None else baseline + target.change), target.due


def _taken(programme: Programme, indicator: Indicator) -> str:
    if indicator.ex_post.period:
        return last_day(indicator.ex_post.period)
    return next(last_day(wave.date) for wave in programme.header.waves if wave.id == indicator.ex_post.wave)


def _effect(
    indicator: Indicator, row: dict[str, Any], value: float | None, estimate: Estimator
) -> tuple[Effect | None, Remark]:
    if row["scope"] != "programme":
        return None, Said("findings.design_of_the_whole")
    if value is None and row["method"].code == NOT_ESTIMABLE:
        return None, row["method"].values["why"]
    if value is None and not has_comparison(indicator.ex_post.design):
        return None, Said("findings.no_data")
    try:
        return estimate(None if row["group"] == "all" else (row["group"], row["group_value"])), ""
    except NotEstimable as error:
        return None, error.why()


def _effect_fields(effect: Effect | None) -> dict[str, Any]:
    names = ("estimand", "design", "estimate", "std_error", "statistic", "p_value", "n_obs", "n_clusters", "inference")
    family: dict[str, Any] = dict.fromkeys(("family", "p_adjusted", "adjustment"))
    if effect is None:
        return dict.fromkeys((*names, "effect_low", "effect_high")) | family
    shown = {name: getattr(effect, name) for name in names}
    return shown | family | {"effect_low": effect.conf_low, "effect_high": effect.conf_high}


def _count(value: Any) -> int | None:
    return None if value is None or pd.isna(value) else int(value)


def _number(value: Any) -> float | None:
    return None if value is None or pd.isna(value) else float(value)
