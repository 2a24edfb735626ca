"""From people to the territory: reach times effect over the population, against the territory's own change."""

from __future__ import annotations

from collections.abc import Iterable
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
from impact.estimate.result import Diagnostic, Effect, Term, not_applicable, verdict
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
    reach = reached(replace(case, indicator=of, group=None, memory={}), design)
    effects = {group: _effect(case, of, group) for group in reach.people}
    population = design.population.total if design.population else None
    contribution = _contribution(of, effects, reach, population or 1.0)
    checks = _checks(design, effects, reach)
    carried = _carried(effects, case.others.stands_on(of))
    same_rows = of.contract == case.indicator.contract
    territory = _territory(contribution, own_change(case), case, same_rows=same_rows)
    return replace(
        contribution,
        term=case.indicator.id,
        estimand=Said("estimand.contribution"),
        design=_name(of, reach, population),
        unit=case.unit,
        diagnostics=(*checks, *carried),
        terms=(*territory, *_groups(design, effects, reach)),
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
    first, *others = effects.values()
    people = _column(reach.people[group] for group in effects) / size
    errors = _column(reach.errors[group] for group in effects) / size
    if not others and not errors.any():
        return _times(first, float(people[0]))
    summands = [first, *others]
    aligned = _aligned(of, summands)
    summed = scaled_sum(
        _column(effect.estimate for effect in summands),
        _column(effect.std_error for effect in summands),
        people,
        n_obs=sum(effect.n_obs for effect in summands),
        df=min(effect.df for effect in summands),
        influences=None if aligned is None else aligned.to_numpy(dtype=float),
        reach_errors=errors,
        n_clusters=max(effect.n_clusters or 0 for effect in summands) or None,
    )
    rules = tuple(dict.fromkeys(_error_rule(effect.inference) for effect in summands))
    rule = Said("rule.of_parts", rules=rules, rule=summed.rule)
    return _as_effect(replace(summed, rule=rule), first, _weighted(aligned, people))


def _column(values: Iterable[float]) -> Floats:
    return np.array(list(values), dtype=np.float64)


def _error_rule(inference: Said) -> Said:
    """Return the rule of the error alone, without the distribution or the test that its p-value is of."""
    by_a_law = says(inference, "rule.normal") or says(inference, "rule.student")
    rule = inference.values["rule"] if by_a_law or says(inference, "rule.with_p_of") else None
    return _error_rule(rule) if isinstance(rule, Said) else inference


def _times(effect: Effect, factor: float) -> Effect:
    names = ("estimate", "std_error", "conf_low", "conf_high")
    scaled = {name: getattr(effect, name) * factor for name in names}
    influence = None if effect.influence is None else effect.influence * factor
    rule = Said("rule.times_reach", rule=effect.inference)
    return replace(effect, **scaled, influence=influence, inference=rule)


def _as_effect(summed: Estimate, like: Effect, influence: pd.Series | None) -> Effect:
    names = ("estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high", "n_obs", "n_clusters", "df")
    return replace(
        like, **{name: getattr(summed, name) for name in names}, inference=summed.reference, influence=influence
    )


def _aligned(of: Indicator, effects: list[Effect]) -> pd.DataFrame | None:
    """Return the influence of the same units or clusters on each effect; None where it is not wholly known."""
    influences = [effect.influence for effect in effects if effect.influence is not None]
    clusters = of.ex_post.design.clusters if of.ex_post.design else ()
    levels = {influence.name for influence in influences}
    if len(clusters) > 1 or len(influences) < len(effects) or len(levels) > 1:
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
    sentence = statement(contribution.conf_low, contribution.conf_high, own, units)
    contributed = Term(
        TERRITORY,
        Said("scaled_effect.contribution"),
        contribution.estimate,
        contribution.std_error,
        contribution.p_value,
        contribution.conf_low,
        contribution.conf_high,
        contribution.n_obs,
        sentence,
    )
    if own is None:
        return (contributed,)
    return (_change_term(own), contributed, *_share(contribution, own, same_rows=same_rows))


def _change_term(own: OwnChange) -> Term:
    """Return the territory's own change with its interval, or why it has none."""
    name = Said("scaled_effect.own_change")
    half = own.half
    if half is None:
        return Term(TERRITORY, name, own.change, n_obs=own.n, detail=Said("scaled_effect.uncertainty_not_known"))
    return Term(
        TERRITORY,
        name,
        own.change,
        own.std_error,
        conf_low=own.change - half,
        conf_high=own.change + half,
        n_obs=own.n,
        detail=Said("scaled_effect.complete_counts") if half == 0 else "",
    )


def _share(contribution: Effect, own: OwnChange, *, same_rows: bool) -> tuple[Term, ...]:
    """Return the contribution over the territory's own change; nothing where that is zero."""
    if own.change == 0:
        return ()
    ratio = contribution.estimate / own.change
    if own.std_error is None:
        return (Term(TERRITORY, SHARE, ratio, detail=Said("scaled_effect.no_interval_change_has_none")),)
    if same_rows and own.std_error > 0:
        reason = Said("scaled_effect.no_interval_change_effect_come_same_rows")
        return (Term(TERRITORY, SHARE, ratio, detail=reason),)
    df = min(contribution.df, own.df)
    interval = fieller(contribution.estimate, contribution.std_error, own.change, own.std_error, df=df)
    detail = Said("scaled_effect.unbounded" if interval.unbounded else "scaled_effect.fieller_interval")
    low, high = interval.conf_low, interval.conf_high
    return (Term(TERRITORY, SHARE, ratio, conf_low=low, conf_high=high, detail=detail),)


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
    all_in_groups = Said("scaled_effect.all_reached_group_effect")
    covers = verdict(Said("check.groups_cover_reach"), all_in_groups, reach.total, covered, passed=True)
    first = next(iter(effects.values()))
    estimand = first.estimand.code.removeprefix("estimand.")
    whom = Said(f"scaled_effect.whom_{estimand}" if estimand in WHO else "scaled_effect.whom_compared")
    assumed = Said("scaled_effect.cannot_tested_effect_reach_must_count_such", whom=whom)
    same_gain = Said("scaled_effect.those_reached_gain_what_those_studied_do")
    same_effect = not_applicable(Said("check.same_effect_on_all_reached"), same_gain, assumed)
    return _within(design, reach), covers, same_effect


def _within(design: ScaledEffect, reach: Reached) -> Diagnostic:
    check = Said("check.reach_within_population")
    null = Said("scaled_effect.no_more_people_reached_live_territory")
    if design.population is None:
        return not_applicable(check, null, Said("scaled_effect.no_population_declared"))
    population = design.population.total
    share = reach.total / population
    detail = Said("scaled_effect.of_population", reached=reach.total, population=population, share=share)
    return verdict(check, null, share, detail, passed=share <= 1)


def _carried(effects: dict[str, Effect], stands_on: tuple[str, ...]) -> tuple[Diagnostic, ...]:
    """Return each check that the effect failed, or stands on and could not be made, once, in whichever groups."""
    failed: dict[Said, Diagnostic] = {}
    unmade: dict[Said, Diagnostic] = {}
    for group, effect in effects.items():
        for check in effect.diagnostics:
            if check.status == "failed":
                reason = Said("scaled_effect.of_group", group=group, detail=check.detail) if group else check.detail
                earlier = failed.get(check.check)
                detail = joined(earlier.detail, reason) if earlier else _whose(effect, reason)
                failed[check.check] = replace(check, detail=detail)
            elif check.status == "not_applicable" and check.name in stands_on:
                unmade.setdefault(check.check, replace(check, detail=_whose(effect, check.detail)))
    return tuple((unmade | failed).values())


def _whose(effect: Effect, detail: Remark) -> Said:
    return Said("scaled_effect.of_effect", of=effect.term, detail=detail)
