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
from impact.estimate.panel import PanelFit, panel_effects
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
from impact.estimate.result import Diagnostic, Effect, Term, effect_from, not_applicable, term_from, verdict
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
Average = Literal["simple", "group", "dynamic", "calendar"]
AVERAGES: tuple[Average, ...] = ("simple", "group", "dynamic", "calendar")

_Dynamics = tuple[list[int], Floats, Floats]


@dataclass(frozen=True)
class _Result:
    """What an estimator gave: the effect, the numbers behind it, its checks."""

    estimate: Estimate
    terms: list[Term]
    checks: list[Diagnostic]


def estimate_staggered(case: Case[Staggered]) -> Effect:
    """Estimate the average effect on those that took up the programme, by the declared estimator."""
    design = case.design
    adopters = adoption_panel(case)
    panel = adopters.panel
    if design.estimator == "twfe":
        result = _twfe(case, adopters.labels)
    else:
        result = _estimate(design, panel)
        result.checks.append(_losses(case, adopters))
    estimate = result.estimate
    method = METHODS[design.adjust]
    trend, leads = pre_trend_check(panel, control=design.control, method=method, anticipation=design.anticipation)
    starts = pd.Series(panel.cohort, index=adopters.units)
    assigned_whole = assignment_unit(case, starts, estimate, lambda _: None)
    checks = (trend, *result.checks, enough_clusters(estimate.n_clusters), *assigned_whole)
    return effect_from(
        estimate,
        indicator=case.indicator.id,
        unit=case.unit,
        estimand=Said("estimand.att"),
        design=Said("staggered.design", estimator=_estimator(design)),
        diagnostics=checks,
        terms=(*result.terms, *leads),
    )


def _estimator(design: Staggered) -> Remark:
    """Say by which estimator, averaged how, against whom, and adjusted by what."""
    name = Said(f"staggered.{design.estimator}")
    if design.estimator != "callaway_santanna":
        return name
    average = Said(f"staggered.average_{design.aggregate}")
    control = Said(f"staggered.against_{design.control}")
    adjusted = Said(f"staggered.by_{design.adjust}") if design.covariates else None
    return joined(name, average, control, adjusted, by="comma")


def _estimate(design: Staggered, panel: Panel) -> _Result:
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
        return _Result(interacted.overall, [*_event_terms(interacted), *bounds], checks)
    fitted = imputation_effects(panel) if design.estimator == "imputation" else gardner_two_stage(panel)
    return _Result(fitted.overall, _event_terms(fitted), left_out(fitted.left_out))


def _event_terms(fitted: Interacted | Imputed) -> list[Term]:
    return [
        term_from(Said("family.event_time"), Said("staggered.event_time", time=time), estimate)
        for time, estimate in fitted.terms
    ]


def _callaway_santanna(design: Staggered, panel: Panel) -> _Result:
    cells = group_time_effects(
        panel, control=design.control, method=METHODS[design.adjust], anticipation=design.anticipation
    )
    averages = {kind: aggregate(cells, kind) for kind in AVERAGES}
    terms = []
    for kind, average in averages.items():
        terms.append(term_from(Said("family.aggregate"), Said(f"staggered.average_{kind}"), average.overall))
    for kind in ("dynamic", "group", "calendar"):
        terms += _average_terms(panel, kind, averages[kind])
    terms += _cell_terms(panel, cells)
    checks, bounds = _bounds(design, lambda: _universal(panel, design))
    overall = averages[design.aggregate].overall
    return _Result(overall, [*terms, *bounds], [*checks, *left_out(cells.left_out)])


def _universal(panel: Panel, design: Staggered) -> _Dynamics:
    """Return the effects on a common base, the last wave before treatment, as the bounds need."""
    cells = group_time_effects(
        panel, control=design.control, method=METHODS[design.adjust], anticipation=0, base="universal"
    )
    terms = aggregate(cells, "dynamic").terms
    return _dynamics([(time, estimate) for time, estimate in terms if time != -1])


def _dynamics(terms: Sequence[tuple[int, Estimate]]) -> _Dynamics:
    """Return effects whose influences are known: their covariance is the influences' cross product."""
    estimates = [estimate for _, estimate in terms]
    influences = [estimate.influence for estimate in estimates if estimate.influence is not None]
    if not terms or len(influences) < len(terms):
        raise NotEstimable(
            Said("staggered.effects_covariance_not_known"), Said("staggered.estimator_whose_effects_have_influences")
        )
    stacked = np.column_stack(influences)
    std_errors = np.array([estimate.std_error for estimate in estimates])
    # scaled so that its diagonal is the squared standard errors, whatever correction these have
    scale = std_errors / np.sqrt((stacked**2).sum(axis=0))
    covariance = (stacked.T @ stacked) * np.outer(scale, scale)
    times = [time for time, _ in terms]
    effects = np.array([estimate.estimate for estimate in estimates])
    return times, effects, covariance


def _average_terms(panel: Panel, kind: str, average: Aggregate) -> list[Term]:
    if kind != "dynamic":
        family = Said(f"family.{kind}")
        return [term_from(family, panel.name(position), estimate) for position, estimate in average.terms]
    bands = _uniform(panel, [estimate for _, estimate in average.terms])
    terms = []
    for (time, estimate), band in zip(average.terms, bands, strict=True):
        terms.append(term_from(Said("family.event_time"), Said("staggered.event_time", time=time), estimate, band))
    return terms


def _uniform(panel: Panel, estimates: list[Estimate]) -> list[Remark]:
    """Return in words the band that covers all event times at once, by the multiplier bootstrap."""
    influences = [estimate.influence for estimate in estimates if estimate.influence is not None]
    rng = np.random.default_rng(HONEST_SEED)
    try:
        bands = multiplier_bootstrap(np.column_stack(influences), BAND_DRAWS, rng, panel.clusters)
    except NotEstimable:
        return [""] * len(estimates)
    values = np.array([estimate.estimate for estimate in estimates])
    ends = zip(*bands.uniform(values), strict=True)
    return [Said("staggered.uniform_band", low=low, high=high) for low, high in ends]


def _cell_terms(panel: Panel, cells: GroupTime) -> list[Term]:
    family = Said("family.group_time")
    terms = []
    for cohort, period, estimate in zip(cells.cohorts, cells.periods, cells.estimates, strict=True):
        name = Said("staggered.cohort", cohort=panel.name(int(cohort)), period=panel.name(int(period)))
        terms.append(term_from(family, name, estimate))
    return terms


def _unknown_cohorts(case: Case[Staggered]) -> int:
    """Count the persons without a cohort, where a blank is not said to be one."""
    design = case.design
    if not design.never:
        return 0
    person = ident(case.contract.person or "")
    view = ident(case.programme.id, case.contract.id)
    query = Select({"n": f"count(DISTINCT {person})"}, view, where=(f"{ident(design.cohort)} IS NULL",))
    ((count,),) = case.connection.execute(query.sql()).fetchall()
    return int(count)


def _losses(case: Case[Staggered], adopters: Adopters) -> Diagnostic:
    """State the units that carry nothing; estimators for unbalanced panels use those with gaps."""
    design = case.design
    panel = adopters.panel
    unbalanced = design.estimator != "callaway_santanna"
    unknown = _unknown_cohorts(case)
    gaps = int(np.isnan(panel.outcome).any(axis=1).sum())
    always = int((panel.cohort == 0).sum())
    lost = always + unknown + adopters.n_blank + sum(adopters.without.values())
    if not unbalanced:
        lost += gaps
    gaps_code = "staggered.used_where_seen" if unbalanced and gaps else "staggered.not_always_seen"
    detail = joined(
        Said("staggered.units", n=len(adopters.units)),
        Said(gaps_code, n=gaps),
        Said("staggered.always_treated", n=always),
        Said("staggered.unknown_cohort", n=unknown) if unknown else None,
        Said("staggered.no_outcome", n=adopters.n_blank) if adopters.n_blank else None,
        without_keys(adopters.without),
        alone(adopters.n_alone),
    )
    null = Said("staggered.no_unit_left_out_missing_value_being")
    return verdict(Said("check.complete_cases"), null, float(lost), detail, passed=lost == 0)


def _twfe(case: Case[Staggered], units: list[str]) -> _Result:
    """Fit two-way fixed effects, warn, and show the comparisons behind the coefficient; influences are by ``units``."""
    design = case.design
    rows, without = in_clusters(case, panel_relation(case, [design.cohort]))
    cohort = _cohort_sql(case)
    treatment = {"_treatment": f"coalesce(_period >= {cohort}, false)::INTEGER"}
    dated = (f"{ident(design.cohort)} IS NOT NULL",) if design.never else ()
    relation = Select({**EVERY_COLUMN, **treatment}, f"({rows})", where=dated).sql()
    fit = _fit(case, relation, ["_treatment"])
    adoption = _one_start(case, relation, fit)
    started = Select({**EVERY_COLUMN, "_start": cohort}, f"({fit.used})")
    honest, terms = _event_study(case, started.sql())
    terms += bacon_terms(case, fit.used, "_treatment")
    estimate = fit.estimates[0]
    if estimate.influence is not None and fit.clusters is not None and not cluster_names(case):
        influence = pd.Series(estimate.influence, index=fit.clusters.astype(str))
        by_unit = influence.reindex(units).fillna(0.0)
        estimate = replace(estimate, influence=np.asarray(by_unit, dtype=np.float64))
    return _Result(estimate, terms, [adoption, *honest, complete_panel(fit, without)])


def _cohort_sql(case: Case[Staggered]) -> str:
    """Write the position of a unit's first treated wave; NULL for those never treated."""
    design = case.design
    never = ", ".join(literal(code) for code in design.never) or "NULL"
    code = as_text(design.cohort)
    positions = " ".join(f"WHEN {literal(wave)} THEN {position}" for position, wave in enumerate(case.waves))
    return f"CASE WHEN {code} IN ({never}) THEN NULL ELSE CASE {code} {positions} END END"


def _fit(case: Case[Staggered], relation: str, terms: Sequence[str]) -> PanelFit:
    """Fit terms beside unit and wave effects with the declared errors."""
    design = case.design
    clusters = panel_clusters(cluster_names(case), design.inference.errors)
    small_sample = design.inference.small_sample
    return panel_effects(case.connection, relation, terms=terms, clusters=clusters, small_sample=small_sample)


def _one_start(case: Case[Staggered], relation: str, fit: PanelFit) -> Diagnostic:
    """Check that all units start together: else the coefficient compares late starters with early ones too."""
    starts, _ = starts_of(case, relation, fit, "_treatment")
    detail = Said("panel.one_start")
    if starts > 1:
        detail = Said("staggered.starts_coefficient_also_compares_late_early_starters", starts=starts)
    null = Said("panel.all_units_take_up_programme_do_same")
    return verdict(Said("check.staggered_adoption"), null, float(starts), detail, passed=starts <= 1)


def _event_study(case: Case[Staggered], relation: str) -> tuple[list[Diagnostic], list[Term]]:
    """Fit one dummy per event time, and bound what trends that part would allow."""
    design = case.design
    try:
        events = event_terms(case.connection, relation)
        fit = _fit(case, events.relation, events.terms)
    except NotEstimable as error:
        refused = not_applicable(Said("check.honest_bounds"), HONEST, error.reason)
        return [refused] if design.sensitivity else [], []
    times = [int(name.rpartition("_")[2]) * (-1 if "minus" in name else 1) for name in events.terms]
    terms = []
    for time, estimate in zip(times, fit.estimates, strict=True):
        terms.append(term_from(Said("family.event_time"), Said("staggered.event_time", time=time), estimate))
    effects = np.array([estimate.estimate for estimate in fit.estimates])
    honest, bounds = _bounds(design, lambda: (times, effects, fit.errors.covariance))
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
    ordered = [times[int(position)] for position in order]
    window = [time for time in range(ordered[0], ordered[-1] + 1) if time != -1]
    if ordered != window:
        raise NotEstimable(Said("staggered.event_times_not_consecutive_up_1"), Said("staggered.effects_every_wave"))
    n_pre = sum(time < -1 for time in ordered)
    rng = np.random.default_rng(HONEST_SEED)
    honest = honest_bounds(estimates[order], covariance[np.ix_(order, order)], n_pre, rng=rng)
    family = Said("family.honest_bounds")
    terms = []
    for m, low, high in ((0.0, *honest.parallel), *honest.table):
        terms.append(Term(family, Said("staggered.at", m=m), honest.estimate, conf_low=low, conf_high=high))
    detail = Said("staggered.largest_m_which_interval_mean_effect_leaves")
    check = verdict(Said("check.honest_bounds"), HONEST, honest.breakdown, detail, passed=honest.breakdown >= 1)
    return check, terms
