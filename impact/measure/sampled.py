"""Values whose weights are calibrated to known population totals, or whose errors come from replicate weights.

These need the rows themselves, not sums: one query per indicator, then arrays. Everything else goes through
:mod:`impact.measure.cells`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import duckdb
import numpy as np
import pandas as pd

from impact.declare.contracts import Contract
from impact.declare.indicators import Calibration, Indicator, Sample
from impact.errors import NotEstimable
from impact.formulas.kind import Summary
from impact.formulas.measured import SMALL_N, Measured
from impact.formulas.registry import kind_of
from impact.measure.formula import arm_sql, cluster_sql, is_share, ratio_sql, where_sql
from impact.measure.moments import FEW_CLUSTERS, bounded, logit_interval
from impact.measure.spread import NO_VARIATION
from impact.measure.status import letters_sql
from impact.sql import Columns, Select, as_number, as_text, ident, text_columns, text_or_blank
from impact.statistics.core import CONFIDENCE, Estimate, Floats, t_quantile
from impact.statistics.surveys import calibration, replicates
from impact.statistics.surveys import estimation as survey
from impact.statistics.surveys.design import Bools, SampleDesign
from impact.statistics.surveys.margins import poststratify, rake
from impact.tables.part import MISSING_GROUP
from impact.words.said import Said


def needs_rows(indicator: Indicator) -> bool:
    """Tell whether an indicator's sample is calibrated or replicated."""
    return indicator.sample.calibration is not None or indicator.sample.replicates is not None


def sampled_rows(
    connection: duckdb.DuckDBPyConnection, programme: str, contract: Contract, indicator: Indicator
) -> tuple[pd.DataFrame, str]:
    """Return the rows of an indicator with what its sample design needs.

    Returns
    -------
    tuple
        Labels as text (``_wave``, cuts, arm, margins of codes), ``_y``, ``_x``, ``_w``, ``_inside``, ``_strata``,
        ``_cluster``, ``_population`` and numeric margins; and the query.
    """
    y, x = ratio_sql(indicator, contract)
    arm = arm_sql(indicator.ex_post.design)
    row = {
        "_wave": text_or_blank(contract.wave),
        **text_columns((*indicator.by, *indicator.scope)),
        **({arm: arm} if arm else {}),
        "_y": y,
        "_x": x,
        "_inside": f"coalesce({where_sql(indicator, contract)}, false)",
        "_status": letters_sql(contract),
        **_sample_columns(indicator.sample),
    }
    sql = Select(row, ident(programme, contract.id), order=tuple(map(ident, contract.key))).sql()
    return connection.execute(sql).df(), sql


def _sample_columns(sample: Sample) -> Columns:
    """Return what the sample design needs of a row: weight, margins, stratum, cluster and sizes of populations."""
    margins = sample.calibration.margins if sample.calibration else ()
    written = {
        "_w": as_number(sample.weight or ""),
        **{f"margin:{m.column}": as_text(m.column) if m.totals else as_number(m.column) for m in margins},
        "_strata": as_text(sample.strata) if sample.strata else None,
        "_cluster": cluster_sql(sample),
        "_population": as_number(sample.population) if sample.population else None,
        "_within": as_number(sample.population_within) if sample.population_within else None,
    }
    return {name: expression for name, expression in written.items() if expression is not None}


def measure_sampled(indicator: Indicator, rows: pd.DataFrame, inside: pd.Series) -> tuple[Measured, int, int]:
    """Return the value of one domain, how many rows gave it, and how many had no value.

    Parameters
    ----------
    indicator
        Declares formula, sample, calibration and replicates.
    rows
        Of one wave, from :func:`sampled_rows`: the whole sample, not the domain alone.
    inside
        Which of the rows belong to the domain.
    """
    wanted = inside & rows["_inside"]
    given = wanted & rows["_y"].notna() & rows["_x"].notna()
    n, missing = int(given.sum()), int((wanted & ~given).sum())
    if n == 0:
        return Measured(None, method=Said("values.no_rows_value"), flags=("no_data",)), 0, missing
    flags: tuple[str, ...] = ("small_n",) if n < SMALL_N else ()
    if (constant := _constant(indicator, rows[given])) is not None:
        return _alike(indicator, constant, rows[given], flags), n, missing
    try:
        estimate, cautions = _estimate(indicator, rows, given.to_numpy(dtype=bool))
    except NotEstimable as error:
        return (
            Measured(None, method=Said("join.not_estimable", why=error.reason), flags=("no_data",)),
            n,
            missing,
        )
    flags = cautions + flags
    if estimate.n_clusters is not None and estimate.n_clusters < FEW_CLUSTERS:
        flags += ("few_clusters",)
    plan = indicator.sample.calibration
    method = Said(f"values.calibrated_{plan.method}", rule=estimate.reference) if plan else estimate.reference
    low, high = _interval(estimate, share=is_share(indicator))
    measured = Measured(
        estimate.estimate,
        estimate.std_error,
        low,
        high,
        estimate.n_clusters,
        method,
        flags,
    )
    return measured, n, missing


def _constant(indicator: Indicator, given: pd.DataFrame) -> float | None:
    """Return the one value that all rows of the domain have, whatever their weights; None if they differ."""
    y, x = given["_y"], given["_x"]
    if kind_of(indicator.formula).summary.total:
        return 0.0 if (y == 0).all() else None
    if (x == 0).any():
        return None
    values = y / x
    return float(values.iloc[0]) if values.min() == values.max() else None


def _alike(indicator: Indicator, value: float, given: pd.DataFrame, flags: tuple[str, ...]) -> Measured:
    sample = indicator.sample
    clusters = int(given["_cluster"].nunique()) if sample.cluster else None
    if is_share(indicator):
        return bounded(value, len(given), clusters, sample.effective or "clusters", flags)
    method = Said("join.no_interval", why=NO_VARIATION)
    return Measured(value, None, None, None, clusters, method, (*flags, "no_interval"))


def _interval(estimate: Estimate, *, share: bool) -> tuple[float, float]:
    """Return the interval; that of a share on the logit scale, so that it stays within 0 and 1."""
    value = estimate.estimate
    if not share or not 0 < value < 1:
        return estimate.conf_low, estimate.conf_high
    return logit_interval(value, t_quantile(0.5 + CONFIDENCE / 2, estimate.df) * estimate.std_error)


def _estimate(indicator: Indicator, rows: pd.DataFrame, domain: Bools) -> tuple[Estimate, tuple[str, ...]]:
    """Return the value with its error, and cautions about the weights."""
    sample = indicator.sample
    design = SampleDesign(
        rows["_w"].to_numpy(dtype=float),
        rows["_strata"].fillna(MISSING_GROUP).to_numpy(dtype=object) if sample.strata else None,
        rows["_cluster"].to_numpy(dtype=object) if sample.cluster else None,
        rows["_population"].to_numpy(dtype=float) if sample.population else None,
        lonely=sample.lonely_psu or "refuse",
        within=rows["_within"].to_numpy(dtype=float) if sample.population_within else None,
    )
    y, x = (rows[name].where(domain).to_numpy(dtype=float) for name in ("_y", "_x"))
    adjust = partial(_calibrated, sample.calibration, rows) if sample.calibration else None
    if sample.replicates is not None:
        return _replicated(indicator, design, (y, x, domain), adjust), ()
    moved = adjust(design.weights, np.ones(len(rows), dtype=bool)) if adjust else None
    cautions = moved.flags if moved else ()
    if kind_of(indicator.formula).summary.total:
        return survey.total(y, design, domain, moved), cautions
    if kind_of(indicator.formula).summary is Summary.RATIO:
        return survey.ratio(y, x, design, domain=domain, calibration=moved), cautions
    return survey.mean(y, design, domain, moved), cautions


def _replicated(
    indicator: Indicator,
    design: SampleDesign,
    values: tuple[Floats, Floats, Bools],
    adjust: Callable[[Floats, Bools], calibration.Calibrated] | None,
) -> Estimate:
    plan = indicator.sample.replicates
    if plan is None:
        raise NotEstimable(Said("values.no_replicates_declared"), Said("values.sample_replicates"))
    y, x, domain = values
    rng = np.random.default_rng(plan.seed)
    drawn = replicates.replicate_weights(design, plan.method, draws=plan.draws, rng=rng)

    def value(weights: Floats) -> float:
        moved = np.zeros(len(weights))
        given = weights > 0  # a replicate leaves some units out; the others make up for them
        moved[given] = adjust(weights, given).weights if adjust else weights[given]
        total = float(np.sum(moved[domain] * y[domain]))
        return total if kind_of(indicator.formula).summary.total else total / float(np.sum(moved[domain] * x[domain]))

    return replicates.replicate_estimate(value, drawn)


def _calibrated(plan: Calibration, frame: pd.DataFrame, weights: Floats, given: Bools) -> calibration.Calibrated:
    """Calibrate the weights of the rows that are given."""
    rows, weights = frame[given], weights[given]
    for margin in plan.margins:
        if rows[f"margin:{margin.column}"].isna().any():
            reason = Said("values.rows_without_margin", column=margin.column)
            raise NotEstimable(reason, Said("values.margin_of_every_row"))
    if plan.method in ("post_stratification", "raking"):
        cells = [(rows[f"margin:{m.column}"].to_numpy(dtype=object), m.totals or {}) for m in plan.margins]
        if plan.method == "post_stratification":
            return poststratify(weights, *cells[0])
        return rake(weights, cells, tolerance=plan.tolerance)
    matrix, totals = _auxiliaries(plan, rows)
    methods: dict[str, calibration.Method] = {"linear": "linear", "raking_ratio": "raking", "logit": "logit"}
    return calibration.calibrate(
        weights, matrix, totals, method=methods[plan.method], bounds=plan.bounds, tolerance=plan.tolerance
    )


def _auxiliaries(plan: Calibration, rows: pd.DataFrame) -> tuple[Floats, Floats]:
    """Return the columns to calibrate on and their totals; margins of codes after the first leave one code out."""
    columns: list[Floats] = []
    totals: list[float] = []
    size: float | None = None
    for margin in plan.margins:
        values = rows[f"margin:{margin.column}"]
        if margin.totals is None:
            columns.append(values.to_numpy(dtype=np.float64))
            totals.append(float(margin.total or 0.0))
            continue
        if strange := sorted(set(values) - set(margin.totals)):
            reason = Said("values.no_total_of_code", column=margin.column, codes=strange)
            raise NotEstimable(reason, Said("values.total_of_every_code"))
        population = sum(margin.totals.values())
        if size is not None and not np.isclose(population, size, rtol=1e-9):
            reason = Said("values.margins_differ", first=size, second=population)
            raise NotEstimable(reason, Said("values.margins_of_one_population"))
        for code, total in list(margin.totals.items())[0 if size is None else 1 :]:
            columns.append(np.asarray(values == code, dtype=np.float64))
            totals.append(total)
        size = population
    return np.column_stack(columns), np.array(totals, dtype=np.float64)
