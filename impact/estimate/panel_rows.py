"""The rows of a panel as the database holds them, and what is said of them: who is left out, who takes up when.

What designs with unit and wave effects share; the regression itself is in :mod:`impact.estimate.panel`.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from impact.designs.base import Design
from impact.errors import NotEstimable
from impact.estimate.case import Case, cluster_names, code_columns
from impact.estimate.diagnostics import without_keys
from impact.estimate.panel import PanelFit
from impact.estimate.result import Diagnostic, Term, verdict
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
    if errors == "classical":
        return ()
    return clusters or ("_unit",)


def panel_relation(case: Case[Design], columns: list[str]) -> str:
    """Write the query of the panel's rows: ``_unit``, ``_period`` (position of the wave), ``_outcome`` and columns."""
    weight = case.indicator.sample.weight
    names = [*columns, *cluster_names(case)]
    needed = dict.fromkeys([*names, weight] if weight else names)
    inner = unit_sql(
        case.programme.id,
        case.contract,
        case.indicator,
        list(needed),
        as_text=code_columns(case),
        groups=[case.group[0]] if case.group else [],
    )
    period = _position_sql(case.waves)
    row = {"_unit": "_unit", "_period": period, "_outcome": "_outcome"}
    row |= {name: ident(name) for name in names}
    if weight:
        row["_weight"] = ident(weight)
    end = case.waves.index(str(case.indicator.ex_post.wave))
    rows = Select(row, f"({inner})", where=(f"{period} <= {literal(end)}",)).sql()
    if not case.group:
        return rows
    # a unit belongs to the group of its first row
    label = ident(f"group:{case.group[0]}")
    first_group = f"first_value({label}) OVER (PARTITION BY _unit ORDER BY {period})"
    codes = ", ".join(map(literal, case.group_codes))
    return f"{rows} QUALIFY {first_group} IN ({codes})"


def _position_sql(waves: list[str]) -> str:
    """Write the position of a row's wave among the declared ones, from 0."""
    cases = [f"WHEN {literal(wave)} THEN {position}" for position, wave in enumerate(waves)]
    return f"CASE _wave {' '.join(cases)} END"


def in_clusters(case: Case[Design], relation: str) -> tuple[str, dict[str, int]]:
    """Return the query of the rows that have every cluster and the weight, and by column how many have none."""
    columns = {name: name for name in cluster_names(case)}
    if weight := case.indicator.sample.weight:
        columns[weight] = "_weight"
    without: dict[str, int] = {}
    for name, column in columns.items():
        missing = (f"{ident(column)} IS NULL", "_outcome IS NOT NULL")
        query = Select({"n": "count(*)"}, f"({relation})", where=missing)
        ((without[name],),) = case.connection.execute(query.sql()).fetchall()
        present = (f"{ident(column)} IS NOT NULL",)
        relation = Select(EVERY_COLUMN, f"({relation})", where=present).sql()
    return relation, without


def complete_panel(fit: PanelFit, without: dict[str, int]) -> Diagnostic:
    """State the rows left out for missing values, and those that say nothing beside unit and wave effects."""
    null = Said("panel.no_observation_left_out_missing_value")
    lost = fit.n_missing_outcome + fit.n_missing_terms + sum(without.values())
    used = Said("panel.rows_used", rows=fit.n_obs, units=fit.n_units, waves=fit.n_periods)
    detail = joined(used, without_keys(without), alone(fit.n_uninformative))
    return verdict(Said("check.complete_cases"), null, float(lost), detail, passed=lost == 0)


def alone(rows: int) -> Remark:
    """Say how many rows were left out because unit and wave effects fit them whatever they hold."""
    return Said("panel.alone", rows=rows) if rows else ""


def starts_of(case: Case[Design], relation: str, fit: PanelFit, treatment: str) -> tuple[int, bool]:
    """Return at how many waves units take up the programme, and whether some leave it again.

    Only units of the fit count, with all their rows: a unit that lacks the outcome at its first wave started then too.
    """
    name = ident(treatment)
    used = sql_relation(Select({"_unit": "_unit"}, f"({fit.used})"))
    spells = {
        "_start": f"min(_period) FILTER ({name} > 0)",
        "_last": f"max(_period) FILTER ({name} <= 0)",
    }
    units = Select(spells, f"({relation})", where=(f"_unit IN {used}",), group=("_unit",))
    counts = {"starts": "count(DISTINCT _start)", "leaves": "coalesce(bool_or(_last > _start), false)"}
    query = Select(counts, units)
    ((starts, leaves),) = case.connection.execute(query.sql()).fetchall()
    return int(starts), bool(leaves)


def bacon_terms(case: Case[Design], relation: str, treatment: str) -> list[Term]:
    """Return each 2×2 comparison behind the coefficient with its weight, where the panel is balanced."""
    cells = _means_by_start(case, relation, treatment)
    try:
        means = cells.pivot(index="_start", columns="period", values="outcome")
        counts = cells.pivot(index="_start", columns="period", values="n").fillna(0)
        starts = np.array([np.inf if start < 0 else start for start in means.index], dtype=np.float64)
        bacon = bacon_decomposition(means.to_numpy(dtype=float), counts.to_numpy(dtype=np.int64), starts)
    except NotEstimable:
        return []
    terms = []
    for pair in bacon.comparisons:
        kind = Said(f"panel.{pair.kind.replace(' ', '_')}")
        against = Said(
            "panel.against", kind=kind, treated=_start(case, pair.treated), control=_start(case, pair.control)
        )
        weight = Said("panel.weight", weight=pair.weight)
        terms.append(Term(Said("family.goodman_bacon"), against, pair.estimate, detail=weight))
    return terms


def _means_by_start(case: Case[Design], relation: str, treatment: str) -> pd.DataFrame:
    """Return the mean outcome and the rows of each period, by the period in which units start; −1 if they never do."""
    start = f"min(_period) FILTER ({ident(treatment)} > 0) OVER (PARTITION BY _unit)"
    started = Select({**EVERY_COLUMN, "_start": f"coalesce({start}, -1)"}, f"({relation})")
    means = {"_start": "_start", "period": "_period", "outcome": "avg(_outcome)", "n": "count(*)"}
    query = Select(means, started, group=ALL, order=ALL)
    return case.connection.execute(query.sql()).df()


def _start(case: Case[Design], position: float) -> Text:
    """Return the wave of a start; in words where a unit never starts."""
    if not math.isfinite(position):
        return Said("panel.never")
    return case.waves[int(position)]
