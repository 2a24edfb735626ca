"""From people to the territory: reach times effect over the population, against the territory's own change."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from impact.declare import in_language
from impact.declare.indicators import Indicator
from impact.designs.scaled_effect.model import ScaledEffect
from impact.designs.scaled_effect.reach import Reached, reached
from impact.designs.scaled_effect.territory import OwnChange, own_change, require_whole, statement
from impact.errors import NotEstimable
from impact.estimate.case import Case
from impact.estimate.result import Diagnostic, Effect, Term
from impact.statistics.core import Estimate, Floats
from impact.statistics.scaling import fieller, scaled_sum
from impact.words.languages import LANGUAGES
from impact.words.said import Remark, Said, joined, says

TERRITORY = Said("family.territory")
SHARE = Said("scaled_effect.share_change")
WHO = ("itt", "att", "late", "ate")
"""The estimands of which it is known whom they are about; reach counts the same people."""


def estimate_scaled(case: Case[ScaledEffect]) -> Effect:
    """Carry the effect on those reached to the territory."""
    design = case.design
    require_whole(case)
    _, of = case.programme.with_scaled(case.indicator)
    reach = reached(replace(case, indicator=of, group=None), design)
    effects = {group: _effect(case, of, group) for group in reach.people}
    size = design.population.total if design.population else 1.0
    contribution = _contribution(of, effects, reach, size)
    own = own_change(case)
    same_rows = of.contract == case.indicator.contract
    return replace(
        contribution,
        term=case.indicator.id,
        estimand=Said("estimand.contribution"),
        design=_name(of, reach, size if design.population else None),
        unit=case.unit,
        diagnostics=(*_checks(design, effects, reach), *_carried(effects, case.others.stands_on(of))),
        terms=(
            *_territory(contribution, own, case, same_rows=same_rows),
            *_groups(design, effects, reach),
        ),
    )


def _name(of: Indicator, reach: Reached, population: float | None) -> Said:
    values = {"of": of.id, "people": reach.total, "how": reach.how}
    if population is None:
        return Said("scaled_effect.design", **values)
    return Said("scaled_effect.design_in_population", **values, population=population)


def _effect(case: Case[ScaledEffect], of: Indicator, group: str) -> Effect:
    """Return the effect on those reached, or on a group of them; without one nothing is said of the territory."""
    by = case.design.by
    try:
        return case.others.effect(of, None if by is None else (by, group))
    except NotEstimable as error:
        reason = Said("scaled_effect.refused", of=of.id, reason=error.reason)
        if by is not None:
            reason = Said("scaled_effect.refused_in_group", of=of.id, by=by, group=group, reason=error.reason)
        raise NotEstimable(reason, error.needed) from None


def _contribution(of: Indicator, effects: dict[str, Effect], reach: Reached, size: float) -> Effect:
    """Return the contribution; one group with a counted reach keeps the test and interval of its effect."""
    found = list(effects.values())
    people = np.array([reach.people[group] for group in effects], dtype=np.float64) / size
    errors = np.array([reach.errors[group] for group in effects], dtype=np.float64) / size
    if len(found) == 1 and not errors.any():
        return _times(found[0], float(people[0]))
    aligned = _aligned(of, found)
    summed = scaled_sum(
        np.array([effect.estimate for effect in found], dtype=np.float64),
        np.array([effect.std_error for effect in found], dtype=np.float64),
        people,
        n_obs=sum(effect.n_obs for effect in found),
        df=min(effect.df for effect in found),
        influences=None if aligned is None else aligned.to_numpy(dtype=float),
        reach_errors=errors,
        n_clusters=max(effect.n_clusters or 0 for effect in found) or None,
    )
    rules = tuple(dict.fromkeys(_error_rule(effect.inference) for effect in found))
    rule = Said("rule.of_parts", rules=rules, rule=summed.rule)
    return _as_effect(replace(summed, rule=rule), found[0], _weighted(aligned, people))


def _error_rule(inference: Said) -> Said:
    """Return the rule of the error alone, without the distribution or the test that its p-value is of."""
    by_a_law = says(inference, "rule.normal") or says(inference, "rule.student")
    rule = inference.values["rule"] if by_a_law or says(inference, "rule.with_p_of") else None
    return _error_rule(rule) if isinstance(rule, Said) else inference


def _times(effect: Effect, factor: float) -> Effect:
    names = ("estimate", "std_error", "conf_low", "conf_high")
    scaled = {name: getattr(effect, name) * factor for name in names}
    influence = None if effect.influence is None else effect.influence * factor
    return replace(effect, **scaled, influence=influence, inference=Said("rule.times_reach", rule=effect.inference))


def _as_effect(summed: Estimate, like: Effect, influence: pd.Series | None) -> Effect:
    names = ("estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high", "n_obs", "n_clusters", "df")
    return replace(
        like, **{name: getattr(summed, name) for name in names}, inference=summed.reference, influence=influence
    )


def _aligned(of: Indicator, effects: list[Effect]) -> pd.DataFrame | None:
    """Return the influence of the same units or clusters on each effect; None where it is not wholly known."""
    influences = [effect.influence for effect in effects if effect.influence is not None]
    several_ways = len(of.ex_post.design.clusters if of.ex_post.design else ()) > 1
    if several_ways or len(influences) < len(effects) or len({each.name for each in influences}) > 1:
        return None
    return pd.concat(influences, axis=1, join="outer").fillna(0.0)


def _weighted(aligned: pd.DataFrame | None, people: Floats) -> pd.Series | None:
    if aligned is None:
        return None
    return pd.Series(aligned.to_numpy(dtype=float) @ people, index=aligned.index)


def _territory(
    contribution: Effect, own: OwnChange | None, case: Case[ScaledEffect], *, same_rows: bool
) -> tuple[Term, ...]:
    """Return the territory's own change, the contribution to it and its share, with what can be said."""
    units = {language: in_language(case.indicator.unit, language) for language in LANGUAGES}
    part = Term(
        TERRITORY,
        Said("scaled_effect.contribution"),
        contribution.estimate,
        contribution.std_error,
        contribution.p_value,
        contribution.conf_low,
        contribution.conf_high,
        contribution.n_obs,
        statement(contribution.conf_low, contribution.conf_high, own, units),
    )
    if own is None:
        return (part,)
    half = own.half
    low, high = (None, None) if half is None else (own.change - half, own.change + half)
    remark: Remark = Said("scaled_effect.uncertainty_not_known") if half is None else ""
    if half == 0:
        remark = Said("scaled_effect.complete_counts")
    change = Term(
        TERRITORY,
        Said("scaled_effect.own_change"),
        own.change,
        own.std_error,
        None,
        low,
        high,
        own.n,
        remark,
    )
    return (change, part, *_share(contribution, own, same_rows=same_rows))


def _share(contribution: Effect, own: OwnChange, *, same_rows: bool) -> tuple[Term, ...]:
    if own.change == 0:
        return ()
    ratio = contribution.estimate / own.change
    if own.std_error is None:
        return (
            Term(
                TERRITORY,
                SHARE,
                ratio,
                detail=Said("scaled_effect.no_interval_change_has_none"),
            ),
        )
    if same_rows and own.std_error > 0:
        why = Said("scaled_effect.no_interval_change_effect_come_same_rows")
        return (Term(TERRITORY, SHARE, ratio, detail=why),)
    df = min(contribution.df, own.df)
    found = fieller(contribution.estimate, contribution.std_error, own.change, own.std_error, df=df)
    how = Said("scaled_effect.unbounded" if found.unbounded else "scaled_effect.fieller_interval")
    low, high = found.conf_low, found.conf_high
    return (
        Term(
            TERRITORY,
            SHARE,
            ratio,
            conf_low=low,
            conf_high=high,
            detail=how,
        ),
    )


def _groups(design: ScaledEffect, effects: dict[str, Effect], reach: Reached) -> tuple[Term, ...]:
    return tuple(
        Term(
            Said("family.effect_those_reached"),
            Said("scaled_effect.group", by=design.by, group=group) if design.by else Said("scaled_effect.everybody"),
            effect.estimate,
            effect.std_error,
            effect.p_value,
            effect.conf_low,
            effect.conf_high,
            effect.n_obs,
            Said("scaled_effect.reached", people=reach.people[group], estimand=effect.estimand, design=effect.design),
        )
        for group, effect in effects.items()
    )


def _checks(design: ScaledEffect, effects: dict[str, Effect], reach: Reached) -> tuple[Diagnostic, ...]:
    covered = Said("scaled_effect.groups", n=len(effects)) if design.by else Said("scaled_effect.everybody_once")
    estimand = next(iter(effects.values())).estimand.code.removeprefix("estimand.")
    whom = Said(f"scaled_effect.whom_{estimand}" if estimand in WHO else "scaled_effect.whom_compared")
    assumed = Said("scaled_effect.cannot_tested_effect_reach_must_count_such", whom=whom)
    return (
        _within(design, reach),
        Diagnostic(
            Said("check.groups_cover_reach"),
            Said("scaled_effect.all_reached_group_effect"),
            reach.total,
            None,
            "passed",
            covered,
        ),
        Diagnostic(
            Said("check.same_effect_on_all_reached"),
            Said("scaled_effect.those_reached_gain_what_those_studied_do"),
            None,
            None,
            "not_applicable",
            assumed,
        ),
    )


def _within(design: ScaledEffect, reach: Reached) -> Diagnostic:
    null = Said("scaled_effect.no_more_people_reached_live_territory")
    if design.population is None:
        return Diagnostic(
            Said("check.reach_within_population"),
            null,
            None,
            None,
            "not_applicable",
            Said("scaled_effect.no_population_declared"),
        )
    share = reach.total / design.population.total
    detail = Said("scaled_effect.of_population", reached=reach.total, population=design.population.total, share=share)
    return Diagnostic(
        Said("check.reach_within_population"), null, share, None, "passed" if share <= 1 else "failed", detail
    )


def _carried(effects: dict[str, Effect], stands_on: tuple[str, ...]) -> tuple[Diagnostic, ...]:
    """Return each check that the effect failed, or stands on and could not be made, once, in whichever groups."""
    failed: dict[Said, Diagnostic] = {}
    unmade: dict[Said, Diagnostic] = {}
    for group, effect in effects.items():
        for check in effect.diagnostics:
            if check.status == "failed":
                own = Said("scaled_effect.of_group", group=group, detail=check.detail) if group else check.detail
                earlier = failed.get(check.check)
                detail = joined(earlier.detail, own) if earlier else _whose(effect, own)
                failed[check.check] = replace(check, detail=detail)
            elif check.status == "not_applicable" and check.name in stands_on:
                unmade.setdefault(check.check, replace(check, detail=_whose(effect, check.detail)))
    return tuple((unmade | failed).values())


def _whose(effect: Effect, detail: Remark) -> Said:
    return Said("scaled_effect.of_effect", of=effect.term, detail=detail)
