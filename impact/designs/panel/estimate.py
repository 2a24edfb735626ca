"""Panel regression with unit and wave effects, computed from sums that the database makes."""

from __future__ import annotations

from impact.designs.panel.model import PanelEffects
from impact.errors import NotEstimable
from impact.estimate.case import Case, cluster_names
from impact.estimate.diagnostics import enough_clusters
from impact.estimate.panel import PanelFit, panel_effects
from impact.estimate.panel_rows import (
    bacon_terms,
    complete_panel,
    in_clusters,
    panel_clusters,
    panel_relation,
    starts_of,
)
from impact.estimate.pre_trend import PARALLEL, pre_trend_check, treated_panel
from impact.estimate.result import Diagnostic, Effect, Term, effect_from, not_applicable, term_from, verdict
from impact.sql import Select, ident
from impact.words.said import Said

ONE_START = Said("panel.all_units_take_up_programme_do_same")


def estimate_panel(case: Case[PanelEffects]) -> Effect:
    """Estimate the coefficient of a treatment that varies over waves, beside unit and wave effects (TWFE)."""
    design = case.design
    regressors = [design.treatment, *design.covariates]
    relation = panel_relation(case, regressors)
    _require_terms(case, relation, [*regressors, *cluster_names(case)])
    relation, without = in_clusters(case, relation)
    fit = panel_effects(
        case.connection,
        relation,
        terms=regressors,
        clusters=panel_clusters(cluster_names(case), design.inference.errors),
        small_sample="none" if design.inference.errors == "CR0" else design.inference.small_sample,
    )
    estimate = fit.estimates[0]
    staggered, weights = _staggered(case, relation, fit, design.treatment)
    trend, leads = _trend(case, relation)
    checks = (trend, staggered, enough_clusters(estimate.n_clusters), complete_panel(fit, without))
    family = Said("family.coefficient")
    coefficients = [term_from(family, name, term) for name, term in zip(fit.terms, fit.estimates, strict=True)]
    return effect_from(
        estimate,
        indicator=case.indicator.id,
        unit=case.unit,
        estimand=Said("estimand.att"),
        design=Said("panel.panel_unit_wave_effects"),
        diagnostics=checks,
        terms=(*coefficients, *weights, *leads),
    )


def _trend(case: Case[PanelEffects], relation: str) -> tuple[Diagnostic, list[Term]]:
    """Test trends before each unit was treated first, as the staggered designs do."""
    design = case.design
    names = cluster_names(case)
    try:
        panel = treated_panel(case.connection, relation, design.treatment, names[0] if names else None)
    except NotEstimable as error:
        return not_applicable(Said("check.pre_trend"), PARALLEL, error.reason), []
    return pre_trend_check(panel)


def _require_terms(case: Case[PanelEffects], relation: str, names: list[str]) -> None:
    """Refuse a term that no row has: leaving out the rows without it would leave none."""
    query = Select({name: f"count({ident(name)})" for name in dict.fromkeys(names)}, f"({relation})")
    (counts,) = case.connection.execute(query.sql()).fetchall()
    for name, count in zip(query.columns, counts, strict=True):
        if not count:
            raise NotEstimable(Said("panel.missing_all_rows", name=name), Said("panel.values_design_without"))


def _staggered(case: Case[PanelEffects], relation: str, fit: PanelFit, treatment: str) -> tuple[Diagnostic, list[Term]]:
    """Say whether take-up is staggered, and then which comparisons the coefficient is a mean of (Goodman-Bacon)."""
    check = Said("check.staggered_adoption")
    starts, leaves = starts_of(case, relation, fit, treatment)
    if starts <= 1 and not leaves:
        return verdict(check, ONE_START, float(starts), Said("panel.one_start"), passed=True), []
    detail = Said("panel.starts_and_exits" if leaves else "panel.starts", n=starts)
    terms = [] if leaves else bacon_terms(case, fit.used, treatment)
    return verdict(check, ONE_START, float(starts), detail, passed=False), terms
