"""From people to the territory: reach times effect over the population, against the territory's own change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd

from impact.declare import in_language
from impact.declare.indicators import Indicator
from impact.declare.scaled import ScaledEffect
from impact.errors import NotEstimable
from impact.estimate.case import Case
from impact.estimate.reach import Reached, reached
from impact.estimate.result import STANDS_ON, Diagnostic, Effect, Term
from impact.estimate.territory import OwnChange, own_change, require_whole, statement
from impact.statistics.core import Estimate, Floats, in_digits
from impact.statistics.scaling import fieller, scaled_sum
from impact.words import LANGUAGES
from impact.words.said import Said

Estimator = Callable[[Indicator, tuple[str, str] | None], Effect]
ESTIMAND = "contribution of the programme to the territory"
WHO = {
    "ITT": "those it was offered to",
    "ATT": "those who took part",
    "LATE": "those who took part because it was offered",
    "ATE": "all in the study",
}
"""Whom an effect is about; reach counts the same people."""


def estimate_scaled(case: Case, estimate: Estimator) -> Effect:
    """Carry the effect on those reached to the territory.

    Parameters
    ----------
    case
        Of the territory's indicator.
    estimate
        Gives the effect of another indicator for everybody (None) or a subgroup (column, value).
    """
    design = case.design
    assert isinstance(design, ScaledEffect)  # noqa: S101 - dispatched by type
    require_whole(case)
    _, of = case.programme.behind(case.indicator)
    reach = reached(Case(case.connection, case.programme, of), design)
    effects = {group: _effect(of, design.by, group, estimate) for group in reach.people}
    size = design.population.total if design.population else 1.0
    contribution = _contribution(of, effects, reach, size)
    own = own_change(case)
    same_rows = of.contract == case.indicator.contract
    return replace(
        contribution,
        term=case.indicator.id,
        estimand=ESTIMAND,
        design=f"effect on {of.id} × {in_digits(reach.total)} reached, {reach.words}"
        + (f", in a population of {in_digits(size)}" if design.population else ""),
        unit=case.unit,
        diagnostics=(*_checks(design, effects, reach), *_carried(effects)),
        terms=(
            *_territory(contribution, own, case, same_rows=same_rows),
            *_groups(design, effects, reach),
        ),
    )


def _effect(of: Indicator, by: str | None, group: str, estimate: Estimator) -> Effect:
    """Return the effect on those reached, or on a group of them; without one nothing is said of the territory."""
    try:
        return estimate(of, None if by is None else (by, group))
    except NotEstimable as error:
        whom = f"the effect on {of.id}" + (f" of those reached with {by} = {group}" if by else "")
        raise NotEstimable(Said("scaled.not_estimable_because", whom=whom, reason=error.reason), error.needed) from None


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
    rules = " and ".join(dict.fromkeys(effect.inference.split(",")[0] for effect in found))
    return _as_effect(
        replace(summed, rule=Said("rule.and_then", rules=rules, rule=summed.rule)), found[0], _weighted(aligned, people)
    )


def _times(effect: Effect, factor: float) -> Effect:
    names = ("estimate", "std_error", "conf_low", "conf_high")
    scaled = {name: getattr(effect, name) * factor for name in names}
    influence = None if effect.influence is None else effect.influence * factor
    return replace(effect, **scaled, influence=influence, inference=f"{effect.inference}, times the reach")


def _as_effect(summed: Estimate, like: Effect, influence: pd.Series | None) -> Effect:
    names = ("estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high", "n_obs", "n_clusters", "df")
    return replace(
        like, **{name: getattr(summed, name) for name in names}, inference=summed.reference, influence=influence
    )


def _aligned(of: Indicator, effects: list[Effect]) -> pd.DataFrame | None:
    """Return the influence of the same units or clusters on each effect; None where it is not wholly known."""
    influences = [effect.influence for effect in effects if effect.influence is not None]
    several_ways = len(getattr(of.ex_post.design, "clusters", ())) > 1
    if several_ways or len(influences) < len(effects) or len({each.name for each in influences}) > 1:
        return None
    return pd.concat(influences, axis=1, join="outer").fillna(0.0)


def _weighted(aligned: pd.DataFrame | None, people: Floats) -> pd.Series | None:
    if aligned is None:
        return None
    return pd.Series(aligned.to_numpy(dtype=float) @ people, index=aligned.index)


def _territory(contribution: Effect, own: OwnChange | None, case: Case, *, same_rows: bool) -> tuple[Term, ...]:
    """Return the territory's own change, the contribution to it and its share, with what can be said."""
    units = {language: in_language(case.indicator.unit, language) for language in LANGUAGES}
    said = statement(contribution.conf_low, contribution.conf_high, own, units)
    part = Term(
        Said("family.territory"),
        Said("scaled.contribution"),
        contribution.estimate,
        contribution.std_error,
        contribution.p_value,
        contribution.conf_low,
        contribution.conf_high,
        contribution.n_obs,
        Said("scaled.en", en=said["en"], it=said["it"]),
    )
    if own is None:
        return (part,)
    half = own.half
    low, high = (None, None) if half is None else (own.change - half, own.change + half)
    words = (
        Said("scaled.uncertainty_not_known") if half is None else Said("scaled.complete_counts") if half == 0 else ""
    )
    change = Term(
        Said("family.territory"), Said("scaled.own_change"), own.change, own.std_error, None, low, high, own.n, words
    )
    return (change, part, *_share(contribution, own, same_rows=same_rows))


def _share(contribution: Effect, own: OwnChange, *, same_rows: bool) -> tuple[Term, ...]:
    if own.change == 0:
        return ()
    ratio = contribution.estimate / own.change
    if own.std_error is None:
        return (
            Term(
                Said("family.territory"),
                Said("scaled.share_change"),
                ratio,
                detail=Said("scaled.no_interval_change_has_none"),
            ),
        )
    if same_rows and own.std_error > 0:
        why = Said("scaled.no_interval_change_effect_come_same_rows")
        return (Term(Said("family.territory"), Said("scaled.share_change"), ratio, detail=why),)
    df = min(contribution.df, own.df)
    found = fieller(contribution.estimate, contribution.std_error, own.change, own.std_error, df=df)
    words = Said("scaled.unbounded_change_may_zero") if found.unbounded else Said("scaled.fieller_interval")
    low, high = found.conf_low, found.conf_high
    return (
        Term(Said("family.territory"), Said("scaled.share_change"), ratio, conf_low=low, conf_high=high, detail=words),
    )


def _groups(design: ScaledEffect, effects: dict[str, Effect], reach: Reached) -> tuple[Term, ...]:
    return tuple(
        Term(
            Said("family.effect_those_reached"),
            Said("scaled.text", by=design.by, group=group) if design.by else Said("scaled.everybody"),
            effect.estimate,
            effect.std_error,
            effect.p_value,
            effect.conf_low,
            effect.conf_high,
            effect.n_obs,
            Said("scaled.reached", people=reach.people[group], estimand=effect.estimand, design=effect.design),
        )
        for group, effect in effects.items()
    )


def _checks(design: ScaledEffect, effects: dict[str, Effect], reach: Reached) -> tuple[Diagnostic, ...]:
    covered = Said("scaled.groups", n=len(effects)) if design.by else Said("scaled.everybody_once")
    whom = WHO.get(next(iter(effects.values())).estimand, "those whom the design compares")
    assumed = Said("scaled.cannot_tested_effect_reach_must_count_such", whom=whom)
    return (
        _within(design, reach),
        Diagnostic(
            Said("check.groups_cover_reach"),
            Said("scaled.all_reached_group_effect"),
            reach.total,
            None,
            "passed",
            covered,
        ),
        Diagnostic(
            Said("check.same_effect_all_reached"),
            Said("scaled.those_reached_gain_what_those_studied_do"),
            None,
            None,
            "not_applicable",
            assumed,
        ),
    )


def _within(design: ScaledEffect, reach: Reached) -> Diagnostic:
    null = Said("scaled.no_more_people_reached_live_territory")
    if design.population is None:
        return Diagnostic(
            Said("check.reach_within_population"),
            null,
            None,
            None,
            "not_applicable",
            Said("scaled.no_population_declared"),
        )
    share = reach.total / design.population.total
    detail = Said("scaled.of", total=reach.total, total_2=design.population.total, share=share)
    return Diagnostic(
        Said("check.reach_within_population"), null, share, None, "passed" if share <= 1 else "failed", detail
    )


def _carried(effects: dict[str, Effect]) -> tuple[Diagnostic, ...]:
    """Return each check that the effect failed, or stands on and could not be made, once, in whichever groups."""
    failed: dict[str, Diagnostic] = {}
    unmade: dict[str, Diagnostic] = {}
    stands_on = {name for names in STANDS_ON.values() for name in names}
    for group, effect in effects.items():
        for check in effect.diagnostics:
            whose = f"of the effect on {effect.term}: "
            if check.status == "failed":
                words = f"{group}: {check.detail}" if group else check.detail
                earlier = failed.get(check.check)
                detail = f"{earlier.detail}; {words}" if earlier else whose + words
                failed[check.check] = replace(check, detail=detail)
            elif check.status == "not_applicable" and check.check in stands_on:
                unmade.setdefault(check.check, replace(check, detail=whose + check.detail))
    return tuple((unmade | failed).values())
