"""The rows of a panel as the database holds them, and what is said of them: who is left out, who takes up when.

What designs with unit and wave effects share; the regression itself is in :mod:`impact.estimate.panel`.
"""

from __future__ import annotations

import math

import numpy as np

from impact.designs.base import Design
from impact.errors import NotEstimable
from impact.estimate.case import Case, cluster_names, code_columns
from impact.estimate.diagnostics import without_keys
from impact.estimate.panel import PanelFit
from impact.estimate.result import Diagnostic, Term
from impact.measure import unit_sql
from impact.sql import ident, literal
from impact.statistics.panels.bacon import bacon_decomposition
from impact.words.said import Remark, Said, Text, joined


def panel_clusters(clusters: tuple[str, ...], errors: str | None) -> tuple[str, ...]:
    """Return the cluster columns of a panel regression: the unit's own unless others, or none, are asked for."""
    if errors not in (None, "CR0", "CR1", "classical"):
        raise NotEstimable(
            Said("panel.panel_regression_does_not_give_errors", errors=errors), Said("panel.errors_classical_cr0_cr1")
        )
    return () if errors == "classical" else clusters or ("_unit",)


def panel_relation(case: Case[Design], columns: list[str]) -> str:
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


def in_clusters(case: Case[Design], relation: str) -> tuple[str, dict[str, int]]:
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


def starts_of(case: Case[Design], relation: str, fit: PanelFit, treatment: str) -> tuple[int, bool]:
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


def bacon_terms(case: Case[Design], relation: str, treatment: str) -> list[Term]:
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


def _start(case: Case[Design], position: float) -> Text:
    return case.waves[int(position)] if math.isfinite(position) else Said("panel.never")
