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
from impact.sql import ALL, EVERY_COLUMN, Select, ident, literal
from impact.sql import relation as sql_relation
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
    period = f"CASE _wave {places} END"
    returned = {"_unit": "_unit", "_period": period, "_outcome": "_outcome"}
    returned |= {name: ident(name) for name in (*columns, *clusters)}
    returned |= {"_weight": ident(weight)} if weight else {}
    end = case.waves.index(str(case.indicator.ex_post.wave))
    rows = Select(returned, f"({inner})", where=(f"{period} <= {literal(end)}",)).sql()
    if not case.group:
        return rows
    first_group = f"first_value(_group) OVER (PARTITION BY _unit ORDER BY {period})"
    return f"{rows} QUALIFY {first_group} IN ({', '.join(map(literal, case.group_codes))})"


def in_clusters(case: Case[Design], relation: str) -> tuple[str, dict[str, int]]:
    """Return the query of the rows that have every cluster and the weight, and by column how many have none."""
    columns = {name: name for name in cluster_names(case)}
    columns |= {case.indicator.sample.weight: "_weight"} if case.indicator.sample.weight else {}
    without: dict[str, int] = {}
    for name, column in columns.items():
        lost = (f"{ident(column)} IS NULL", "_outcome IS NOT NULL")
        query = Select({"n": "count(*)"}, f"({relation})", where=lost)
        ((without[name],),) = case.connection.execute(query.sql()).fetchall()
        relation = Select(EVERY_COLUMN, f"({relation})", where=(f"{ident(column)} IS NOT NULL",)).sql()
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
    name, used = ident(treatment), Select({"_unit": "_unit"}, f"({fit.used})")
    spells = {
        "_start": f"min(_period) FILTER ({name} > 0)",
        "_last": f"max(_period) FILTER ({name} <= 0)",
    }
    units = Select(spells, f"({relation})", where=(f"_unit IN {sql_relation(used)}",), group=("_unit",))
    counted = Select({"starts": "count(DISTINCT _start)", "leaves": "coalesce(bool_or(_last > _start), false)"}, units)
    ((starts, leaves),) = case.connection.execute(counted.sql()).fetchall()
    return int(starts), bool(leaves)


def bacon_terms(case: Case[Design], relation: str, treatment: str) -> list[Term]:
    """Return each 2×2 comparison behind the coefficient with its weight, where the panel is balanced."""
    first = f"coalesce(min(_period) FILTER ({ident(treatment)} > 0) OVER (PARTITION BY _unit), -1)"
    started = Select({**EVERY_COLUMN, "_start": first}, f"({relation})")
    means_by_start = {"_start": "_start", "period": "_period", "outcome": "avg(_outcome)", "n": "count(*)"}
    cells = case.connection.execute(Select(means_by_start, started, group=ALL, order=ALL).sql()).df()
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
