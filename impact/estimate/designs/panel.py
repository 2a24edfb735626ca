"""Panel regression with unit and wave effects, computed from sums that the database makes."""

from __future__ import annotations

import math

import numpy as np

from impact.declare.designs import PanelEffects
from impact.errors import NotEstimable
from impact.estimate.case import Case, cluster_names, code_columns
from impact.estimate.diagnostics import enough_clusters, without_keys
from impact.estimate.panel import PanelFit, panel_effects
from impact.estimate.pre_trend import PARALLEL, pre_trend_check, treated_panel
from impact.estimate.result import Diagnostic, Effect, Term, effect_from, not_applicable, term_from
from impact.measure import unit_sql
from impact.sql import ident, literal
from impact.statistics.panels.bacon import bacon_decomposition
from impact.words.said import Remark, Said, Text, joined

ONE_START = Said("panel.all_units_take_up_programme_do_same")


def estimate_panel(case: Case) -> Effect:
    """Estimate the coefficient of a treatment that varies over waves, beside unit and wave effects (TWFE)."""
    design = case.design
    assert isinstance(design, PanelEffects)  # noqa: S101 - dispatched by type
    relation = panel_relation(case, [design.treatment, *design.covariates])
    _require_terms(case, relation, [design.treatment, *design.covariates, *cluster_names(case)])
    relation, without = in_clusters(case, relation)
    fit = panel_effects(
        case.connection,
        relation,
        terms=[design.treatment, *design.covariates],
        clusters=panel_clusters(cluster_names(case), design.inference.errors),
        small_sample="none" if design.inference.errors == "CR0" else design.inference.small_sample,
    )
    estimate = fit.estimates[0]
    staggered, weights = _staggered(case, relation, fit, design.treatment)
    trend, before = _trend(case, relation, design)
    return effect_from(
        estimate,
        indicator=case.indicator.id,
        unit=case.unit,
        estimand=Said("estimand.att"),
        design=Said("panel.panel_unit_wave_effects"),
        diagnostics=(trend, staggered, enough_clusters(estimate.n_clusters), complete_panel(fit, without)),
        terms=(
            *(term_from(Said("family.coefficient"), n, e) for n, e in zip(fit.terms, fit.estimates, strict=True)),
            *weights,
            *before,
        ),
    )


def _trend(case: Case, relation: str, design: PanelEffects) -> tuple[Diagnostic, list[Term]]:
    """Test trends before each unit was treated first, as the staggered designs do."""
    names = cluster_names(case)
    try:
        panel = treated_panel(case.connection, relation, design.treatment, names[0] if names else None)
    except NotEstimable as error:
        return not_applicable(Said("check.pre_trend"), PARALLEL, error.reason), []
    return pre_trend_check(panel)


def _require_terms(case: Case, relation: str, names: list[str]) -> None:
    """Refuse a term that no row has: leaving out the rows without it would leave none."""
    counts = ", ".join(f"count({ident(name)})" for name in names)
    (known,) = case.connection.execute(f"SELECT {counts} FROM ({relation})").fetchall()
    for name, count in zip(names, known, strict=True):
        if not count:
            raise NotEstimable(Said("panel.missing_all_rows", name=name), Said("panel.values_design_without"))


def panel_clusters(clusters: tuple[str, ...], errors: str | None) -> tuple[str, ...]:
    """Return the cluster columns of a panel regression: the unit's own unless others, or none, are asked for."""
    if errors not in (None, "CR0", "CR1", "classical"):
        raise NotEstimable(
            Said("panel.panel_regression_does_not_give_errors", errors=errors), Said("panel.errors_classical_cr0_cr1")
        )
    return () if errors == "classical" else clusters or ("_unit",)


def panel_relation(case: Case, columns: list[str]) -> str:
    """Write the query of the panel's rows: ``_unit``, ``_period`` (position of the wave), ``_outcome`` and columns."""
    clusters = list(cluster_names(case))
    weight = case.indicator.sample.weight
    wanted = list(dict.fromkeys([*columns, *clusters, *([weight] if weight else [])]))
    inner = unit_sql(
        case.programme.id,
        case.contract,
        case.indicator,
        wanted,
        as_text=code_columns(case),
        group=case.group[0] if case.group else None,
    )
    places = " ".join(f"WHEN {literal(wave)} THEN {place}" for place, wave in enumerate(case.waves))
    kept = [f"{ident(name)}" for name in dict.fromkeys([*columns, *clusters])]
    kept += [f"{ident(weight)} AS _weight"] if weight else []
    place = f"CASE _wave {places} END"
    first = f"first_value(_group) OVER (PARTITION BY _unit ORDER BY {place})"
    codes = ", ".join(map(literal, case.group_codes))
    members = f" QUALIFY {first} IN ({codes})" if case.group else ""
    end = case.waves.index(str(case.indicator.ex_post.wave))
    return (
        f"SELECT _unit, {place} AS _period, _outcome, {', '.join(kept)} FROM ({inner})"
        f" WHERE {place} <= {literal(end)}{members}"
    )


def in_clusters(case: Case, relation: str) -> tuple[str, dict[str, int]]:
    """Return the query of the rows that have every cluster and the weight, and by column how many have none."""
    columns = {name: name for name in cluster_names(case)}
    columns |= {case.indicator.sample.weight: "_weight"} if case.indicator.sample.weight else {}
    without: dict[str, int] = {}
    for name, column in columns.items():
        sql = f"SELECT count(*) FROM ({relation}) WHERE {ident(column)} IS NULL AND _outcome IS NOT NULL"
        ((without[name],),) = case.connection.execute(sql).fetchall()
        relation = f"SELECT * FROM ({relation}) WHERE {ident(column)} IS NOT NULL"
    return relation, without


def complete_panel(fit: PanelFit, without: dict[str, int]) -> Diagnostic:
    """State the rows left out for missing values, and those that say nothing beside unit and wave effects."""
    lost = fit.n_missing_outcome + fit.n_missing_terms + sum(without.values())
    used = Said("panel.rows_used", rows=fit.n_obs, units=fit.n_units, waves=fit.n_periods)
    detail = joined(used, without_keys(without), alone(fit.n_uninformative))
    null = Said("panel.no_observation_left_out_missing_value")
    return Diagnostic(
        Said("check.complete_cases"), null, float(lost), None, "passed" if lost == 0 else "failed", detail
    )


def alone(rows: int) -> Remark:
    """Say how many rows were left out because unit and wave effects fit them whatever they hold."""
    return Said("panel.alone", rows=rows) if rows else ""


def starts_of(case: Case, relation: str, fit: PanelFit, treatment: str) -> tuple[int, bool]:
    """Return at how many waves units take up the programme, and whether some leave it again.

    Only units of the fit count, with all their rows: a unit that lacks the outcome at its first wave started then too.
    """
    name = ident(treatment)
    ((starts, leaves),) = case.connection.execute(
        f"SELECT count(DISTINCT _start), coalesce(bool_or(_last > _start), false) FROM (SELECT"
        f" min(_period) FILTER ({name} > 0) AS _start, max(_period) FILTER ({name} <= 0) AS _last"
        f" FROM ({relation}) WHERE _unit IN (SELECT _unit FROM ({fit.used})) GROUP BY _unit)"
    ).fetchall()
    return int(starts), bool(leaves)


def _staggered(case: Case, relation: str, fit: PanelFit, treatment: str) -> tuple[Diagnostic, list[Term]]:
    """Say whether take-up is staggered, and then which comparisons the coefficient is a mean of (Goodman-Bacon)."""
    starts, leaves = starts_of(case, relation, fit, treatment)
    if starts <= 1 and not leaves:
        return Diagnostic(
            Said("check.staggered_adoption"), ONE_START, float(starts), None, "passed", Said("panel.one_start")
        ), []
    detail = Said("panel.starts_and_exits" if leaves else "panel.starts", n=starts)
    check = Diagnostic(Said("check.staggered_adoption"), ONE_START, float(starts), None, "failed", detail)
    return check, [] if leaves else bacon_terms(case, fit.used, treatment)


def bacon_terms(case: Case, relation: str, treatment: str) -> list[Term]:
    """Return each 2×2 comparison behind the coefficient with its weight, where the panel is balanced."""
    name = ident(treatment)
    cells = case.connection.execute(
        f"SELECT _start, _period AS period, avg(_outcome) AS outcome, count(*) AS n FROM (SELECT *,"
        f" coalesce(min(_period) FILTER ({name} > 0) OVER (PARTITION BY _unit), -1) AS _start FROM ({relation}))"
        " GROUP BY ALL ORDER BY ALL"
    ).df()
    try:
        means = cells.pivot(index="_start", columns="period", values="outcome")
        counts = cells.pivot(index="_start", columns="period", values="n").fillna(0)
        starts = np.array([np.inf if start < 0 else start for start in means.index], dtype=np.float64)
        found = bacon_decomposition(means.to_numpy(dtype=float), counts.to_numpy(dtype=np.int64), starts)
    except NotEstimable:
        return []
    return [
        Term(
            Said("family.goodman_bacon"),
            Said(
                "panel.against",
                kind=Said(f"panel.{part.kind.replace(' ', '_')}"),
                treated=_start(case, part.treated),
                control=_start(case, part.control),
            ),
            part.estimate,
            detail=Said("panel.weight", weight=part.weight),
        )
        for part in found.comparisons
    ]


def _start(case: Case, position: float) -> Text:
    return case.waves[int(position)] if math.isfinite(position) else Said("panel.never")
