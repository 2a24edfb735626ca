"""Staggered adoption: units take up the programme at different waves; effects by cohort and time, then averaged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from impact.designs.staggered.adopters import Adopters, adoption_panel
from impact.designs.staggered.event_time import event_terms
from impact.designs.staggered.model import Staggered
from impact.errors import NotEstimable
from impact.estimate.assignment_unit import assignment_unit
from impact.estimate.case import Case, cluster_names
from impact.estimate.diagnostics import enough_clusters, left_out, without_keys
from impact.estimate.panel import panel_effects
from impact.estimate.panel_rows import (
    alone,
    bacon_terms,
    complete_panel,
    in_clusters,
    panel_clusters,
    panel_relation,
    starts_of,
)
from impact.estimate.pre_trend import pre_trend_check
from impact.estimate.result import Diagnostic, Effect, Term, effect_from, not_applicable, term_from
from impact.sql import EVERY_COLUMN, Select, as_text, ident, literal
from impact.statistics.core import Estimate, Floats
from impact.statistics.panels.adoption import Panel
from impact.statistics.panels.aggregation import Aggregate, aggregate
from impact.statistics.panels.bands import multiplier_bootstrap
from impact.statistics.panels.honest import honest_bounds
from impact.statistics.panels.imputation import Imputed, gardner_two_stage, imputation_effects
from impact.statistics.panels.interacted import Interacted, sun_abraham
from impact.statistics.panels.staggered import GroupTime, group_time_effects
from impact.words.said import Remark, Said, joined

HONEST = Said("staggered.mean_effect_stands_if_trends_part_after")
HONEST_SEED = 1
BAND_DRAWS = 1000
METHODS: dict[str, Literal["dr", "ipw", "reg"]] = {"doubly_robust": "dr", "weighting": "ipw", "regression": "reg"}

_Dynamics = tuple[list[int], Floats, Floats]


@dataclass(frozen=True)
class _Found:
    """What an estimator gave: the effect, the numbers behind it, its checks."""

    estimate: Estimate
    terms: list[Term]
    checks: list[Diagnostic]


def estimate_staggered(case: Case[Staggered]) -> Effect:
    """Estimate the average effect on those that took up the programme, by the declared estimator."""
    design = case.design
    adopters = adoption_panel(case, design)
    panel = adopters.panel
    if design.estimator == "twfe":
        found = _twfe(case, design, adopters.units)
    else:
        found = _estimate(design, panel)
        found = replace(found, checks=[*found.checks, _losses(case, design, adopters)])
    method, ahead = METHODS[design.adjust], design.anticipation
    trend, before = pre_trend_check(panel, control=design.control, method=method, anticipation=ahead)
    starts = pd.Series(panel.cohort, index=adopters.units)
    whole = assignment_unit(case, starts, found.estimate, lambda _: None)
    return effect_from(
        found.estimate,
        indicator=case.indicator.id,
        unit=case.unit,
        estimand=Said("estimand.att"),
        design=Said("staggered.design", estimator=_estimator(design)),
        diagnostics=(trend, *found.checks, enough_clusters(found.estimate.n_clusters), *whole),
        terms=(*found.terms, *before),
    )


def _estimator(design: Staggered) -> Remark:
    """Say by which estimator, averaged how, against whom, and adjusted by what."""
    name = Said(f"staggered.{design.estimator}")
    if design.estimator != "callaway_santanna":
        return name
    average, control = Said(f"staggered.average_{design.aggregate}"), Said(f"staggered.against_{design.control}")
    adjusted = Said(f"staggered.by_{design.adjust}") if design.covariates else None
    return joined(name, average, control, adjusted, by="comma")


def _estimate(design: Staggered, panel: Panel) -> _Found:
    if design.estimator == "callaway_santanna":
        return _callaway_santanna(design, panel)
    if design.covariates:
        raise NotEstimable(
            Said("staggered.no_covariates", estimator=_estimator(design)),
            Said("staggered.estimator_with_covariates"),
        )
    if design.estimator == "sun_abraham":
        interacted = sun_abraham(panel)
        checks, bounds = _bounds(design, lambda: _dynamics(interacted.terms))
        checks += left_out(interacted.left_out)
        return _Found(interacted.overall, [*_event_terms(interacted), *bounds], checks)
    fitted = imputation_effects(panel) if design.estimator == "imputation" else gardner_two_stage(panel)
    return _Found(fitted.overall, _event_terms(fitted), left_out(fitted.left_out))


def _event_terms(fitted: Interacted | Imputed) -> list[Term]:
    return [
        term_from(Said("family.event_time"), Said("staggered.event_time", time=time), estimate)
        for time, estimate in fitted.terms
    ]


def _callaway_santanna(design: Staggered, panel: Panel) -> _Found:
    cells = group_time_effects(
        panel, control=design.control, method=METHODS[design.adjust], anticipation=design.anticipation
    )
    kinds: tuple[Literal["simple", "group", "dynamic", "calendar"], ...] = ("simple", "group", "dynamic", "calendar")
    averages = {kind: aggregate(cells, kind) for kind in kinds}
    terms = [
        term_from(Said("family.aggregate"), Said(f"staggered.average_{kind}"), average.overall)
        for kind, average in averages.items()
    ]
    for kind in ("dynamic", "group", "calendar"):
        terms += _average_terms(panel, kind, averages[kind])
    terms += _cell_terms(panel, cells)
    checks, bounds = _bounds(design, lambda: _universal(panel, design))
    return _Found(averages[design.aggregate].overall, [*terms, *bounds], [*checks, *left_out(cells.left_out)])


def _universal(panel: Panel, design: Staggered) -> _Dynamics:
    """Return the effects on a common base, the last wave before treatment, as the bounds need."""
    cells = group_time_effects(
        panel, control=design.control, method=METHODS[design.adjust], anticipation=0, base="universal"
    )
    return _dynamics([(time, estimate) for time, estimate in aggregate(cells, "dynamic").terms if time != -1])


def _dynamics(terms: Sequence[tuple[int, Estimate]]) -> _Dynamics:
    """Return effects whose influences are known: their covariance is the influences' cross product."""
    estimates = [estimate for _, estimate in terms]
    influences = [estimate.influence for estimate in estimates if estimate.influence is not None]
    if not terms or len(influences) < len(terms):
        raise NotEstimable(
            Said("staggered.effects_covariance_not_known"), Said("staggered.estimator_whose_effects_have_influences")
        )
    together = np.column_stack(influences)
    scale = np.array([estimate.std_error for estimate in estimates]) / np.sqrt((together**2).sum(axis=0))
    covariance = (together.T @ together) * np.outer(scale, scale)
    return [time for time, _ in terms], np.array([estimate.estimate for estimate in estimates]), covariance


def _average_terms(panel: Panel, kind: str, average: Aggregate) -> list[Term]:
    if kind == "dynamic":
        bands = _uniform(panel, [estimate for _, estimate in average.terms])
        return [
            term_from(Said("family.event_time"), Said("staggered.event_time", time=time), estimate, band)
            for (time, estimate), band in zip(average.terms, bands, strict=True)
        ]
    return [term_from(Said(f"family.{kind}"), panel.name(place), estimate) for place, estimate in average.terms]


def _uniform(panel: Panel, estimates: list[Estimate]) -> list[Remark]:
    """Return in words the band that covers all event times at once, by the multiplier bootstrap."""
    influences = [estimate.influence for estimate in estimates if estimate.influence is not None]
    try:
        bands = multiplier_bootstrap(
            np.column_stack(influences), BAND_DRAWS, np.random.default_rng(HONEST_SEED), panel.clusters
        )
    except NotEstimable:
        return [""] * len(estimates)
    low, high = bands.uniform(np.array([estimate.estimate for estimate in estimates]))
    return [Said("staggered.uniform_band", low=a, high=b) for a, b in zip(low, high, strict=True)]


def _cell_terms(panel: Panel, cells: GroupTime) -> list[Term]:
    return [
        term_from(
            Said("family.group_time"),
            Said("staggered.cohort", cohort=panel.name(int(cohort)), period=panel.name(int(period))),
            estimate,
        )
        for cohort, period, estimate in zip(cells.cohorts, cells.periods, cells.estimates, strict=True)
    ]


def _unknown_cohorts(case: Case[Staggered], design: Staggered) -> str:
    persons = {"n": f"count(DISTINCT {ident(case.contract.person or '')})"}
    view = ident(case.programme.id, case.contract.id)
    return Select(persons, view, where=(f"{ident(design.cohort)} IS NULL",)).sql()


def _losses(case: Case[Staggered], design: Staggered, adopters: Adopters) -> Diagnostic:
    """State the units that carry nothing; estimators for unbalanced panels use those with gaps."""
    panel, unbalanced = adopters.panel, design.estimator != "callaway_santanna"
    unknown = int(case.connection.execute(_unknown_cohorts(case, design)).fetchall()[0][0]) if design.never else 0
    gaps = int(np.isnan(panel.outcome).any(axis=1).sum())
    always = int((panel.cohort == 0).sum())
    lost = always + unknown + adopters.n_blank + sum(adopters.without.values()) + (0 if unbalanced else gaps)
    seen = "staggered.used_where_seen" if unbalanced and gaps else "staggered.not_always_seen"
    detail = joined(
        Said("staggered.units", n=len(adopters.units)),
        Said(seen, n=gaps),
        Said("staggered.always_treated", n=always),
        Said("staggered.unknown_cohort", n=unknown) if unknown else None,
        Said("staggered.no_outcome", n=adopters.n_blank) if adopters.n_blank else None,
        without_keys(adopters.without),
        alone(adopters.n_alone),
    )
    null = Said("staggered.no_unit_left_out_missing_value_being")
    return Diagnostic(
        Said("check.complete_cases"), null, float(lost), None, "passed" if lost == 0 else "failed", detail
    )


def _twfe(case: Case[Staggered], design: Staggered, units: list[str]) -> _Found:
    """Fit two-way fixed effects, warn, and show the comparisons behind the coefficient; influences are by ``units``."""
    rows, without = in_clusters(case, panel_relation(case, [design.cohort]))
    never = ", ".join(literal(code) for code in design.never) or "NULL"
    places = " ".join(f"WHEN {literal(wave)} THEN {place}" for place, wave in enumerate(case.waves))
    code = as_text(design.cohort)
    cohort = f"CASE WHEN {code} IN ({never}) THEN NULL ELSE CASE {code} {places} END END"
    known = (f"{ident(design.cohort)} IS NOT NULL",) if design.never else ()
    treatment = {"_treatment": f"coalesce(_period >= {cohort}, false)::INTEGER"}
    relation = Select({**EVERY_COLUMN, **treatment}, f"({rows})", where=known).sql()
    fit = panel_effects(
        case.connection,
        relation,
        terms=["_treatment"],
        clusters=panel_clusters(cluster_names(case), design.inference.errors),
        small_sample=design.inference.small_sample,
    )
    null = Said("panel.all_units_take_up_programme_do_same")
    starts, _ = starts_of(case, relation, fit, "_treatment")
    detail = Said("staggered.starts_coefficient_also_compares_late_early_starters", starts=starts)
    status = "passed" if starts <= 1 else "failed"
    check = Diagnostic(
        Said("check.staggered_adoption"),
        null,
        float(starts),
        None,
        status,
        detail if starts > 1 else Said("panel.one_start"),
    )
    started = Select({**EVERY_COLUMN, "_start": cohort}, f"({fit.used})")
    honest, terms = _event_study(case, design, started.sql())
    terms += bacon_terms(case, fit.used, "_treatment")
    estimate = fit.estimates[0]
    if estimate.influence is not None and fit.clusters is not None and not cluster_names(case):
        by_unit = pd.Series(estimate.influence, index=fit.clusters.astype(str)).reindex(units).fillna(0.0)
        estimate = replace(estimate, influence=np.asarray(by_unit, dtype=np.float64))
    return _Found(estimate, terms, [check, *honest, complete_panel(fit, without)])


def _event_study(case: Case[Staggered], design: Staggered, relation: str) -> tuple[list[Diagnostic], list[Term]]:
    """Fit one dummy per event time, and bound what trends that part would allow."""
    try:
        events = event_terms(case.connection, relation)
        fit = panel_effects(
            case.connection,
            events.relation,
            terms=events.terms,
            clusters=panel_clusters(cluster_names(case), design.inference.errors),
            small_sample=design.inference.small_sample,
        )
    except NotEstimable as error:
        return [not_applicable(Said("check.honest_bounds"), HONEST, error.reason)] if design.sensitivity else [], []
    times = [int(name.rpartition("_")[2]) * (-1 if "minus" in name else 1) for name in events.terms]
    terms = [
        term_from(Said("family.event_time"), Said("staggered.event_time", time=e), found)
        for e, found in zip(times, fit.estimates, strict=True)
    ]
    estimates = np.array([found.estimate for found in fit.estimates])
    honest, bounds = _bounds(design, lambda: (times, estimates, fit.errors.covariance))
    return honest, [*terms, *bounds]


def _bounds(design: Staggered, dynamics: Callable[[], _Dynamics]) -> tuple[list[Diagnostic], list[Term]]:
    """Bound the mean effect if trends part, unless the plan leaves the bounds out, whatever the estimator."""
    if not design.sensitivity:
        return [], []
    try:
        honest, bounds = _honest(*dynamics())
    except NotEstimable as error:
        return [not_applicable(Said("check.honest_bounds"), HONEST, error.reason)], []
    return [honest], bounds


def _honest(times: list[int], estimates: Floats, covariance: Floats) -> tuple[Diagnostic, list[Term]]:
    """Bound the mean effect after treatment if trends may part by m times what they did before (Rambachan–Roth)."""
    order = np.argsort(times)
    ordered = [times[int(place)] for place in order]
    n_pre = sum(time < -1 for time in ordered)
    window = [time for time in range(ordered[0], ordered[-1] + 1) if time != -1]
    if ordered != window:
        raise NotEstimable(Said("staggered.event_times_not_consecutive_up_1"), Said("staggered.effects_every_wave"))
    found = honest_bounds(
        estimates[order], covariance[np.ix_(order, order)], n_pre, rng=np.random.default_rng(HONEST_SEED)
    )
    terms = [
        Term(Said("family.honest_bounds"), Said("staggered.at", m=m), found.estimate, conf_low=low, conf_high=high)
        for m, low, high in ((0.0, *found.parallel), *found.table)
    ]
    detail = Said("staggered.largest_m_which_interval_mean_effect_leaves")
    passed = "passed" if found.breakdown >= 1 else "failed"
    return Diagnostic(Said("check.honest_bounds"), HONEST, found.breakdown, None, passed, detail), terms
