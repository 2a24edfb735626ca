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
from impact.measure.obs_flags import letters_sql
from impact.measure.spread import NO_VARIATION
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
) -> pd.DataFrame:
    """Return the rows of an indicator with what its sample design needs.

    Returns
    -------
    pandas.DataFrame
        Labels as text (``_wave``, cuts, arm, margins of codes), ``_y``, ``_x``, ``_w``, ``_inside``, ``_strata``,
        ``_cluster``, ``_population`` and numeric margins.
    """
    row = {"_wave": text_or_blank(contract.wave), **text_columns((*indicator.by, *indicator.scope))}
    if arm := arm_sql(indicator.ex_post.design):
        row[arm] = arm
    row["_y"], row["_x"] = ratio_sql(indicator, contract)
    row["_inside"] = f"coalesce({where_sql(indicator, contract)}, false)"
    row["_status"] = letters_sql(contract)
    row |= _sample_columns(indicator.sample)
    # calibration and replicates add up floating point: the order of rows is fixed
    order = tuple(map(ident, contract.key))
    query = Select(row, ident(programme, contract.id), order=order)
    return connection.execute(query.sql()).df()


def _sample_columns(sample: Sample) -> Columns:
    """Return what the sample design needs of a row: weight, margins, stratum, cluster and sizes of populations."""
    row = {"_w": as_number(sample.weight or "")}
    for margin in sample.calibration.margins if sample.calibration else ():
        write = as_text if margin.totals else as_number
        row[f"margin:{margin.column}"] = write(margin.column)
    if sample.strata:
        row["_strata"] = as_text(sample.strata)
    if cluster := cluster_sql(sample):
        row["_cluster"] = cluster
    if sample.population:
        row["_population"] = as_number(sample.population)
    if sample.population_within:
        row["_within"] = as_number(sample.population_within)
    return row


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
    counted = inside & rows["_inside"]
    valued = counted & rows["_y"].notna() & rows["_x"].notna()
    n = int(valued.sum())
    missing = int((counted & ~valued).sum())
    return _measured(indicator, rows, valued, n), n, missing


def _measured(indicator: Indicator, rows: pd.DataFrame, valued: pd.Series, n: int) -> Measured:
    if n == 0:
        return Measured(None, method=Said("values.no_rows_value"), flags=("no_data",))
    flags: tuple[str, ...] = ("small_n",) if n < SMALL_N else ()
    constant = _constant(indicator, rows[valued])
    if constant is not None:
        return _alike(indicator, constant, rows[valued], flags)
    try:
        estimate, cautions = _estimate(indicator, rows, valued.to_numpy(dtype=bool))
    except NotEstimable as error:
        return Measured(None, method=Said("join.not_estimable", why=error.reason), flags=("no_data",))
    flags = cautions + flags
    if estimate.n_clusters is not None and estimate.n_clusters < FEW_CLUSTERS:
        flags += ("few_clusters",)
    method = _method(indicator.sample.calibration, estimate)
    low, high = _interval(estimate, share=is_share(indicator))
    return Measured(estimate.estimate, estimate.std_error, low, high, estimate.n_clusters, method, flags)


def _method(plan: Calibration | None, estimate: Estimate) -> Said:
    if plan is None:
        return estimate.reference
    return Said(f"values.calibrated_{plan.method}", rule=estimate.reference)


def _constant(indicator: Indicator, valued: pd.DataFrame) -> float | None:
    """Return the one value that all rows of the domain have, whatever their weights; None if they differ."""
    y = valued["_y"]
    x = valued["_x"]
    if kind_of(indicator.formula).summary.total:
        return 0.0 if (y == 0).all() else None
    if (x == 0).any():
        return None
    values = y / x
    alike = values.min() == values.max()
    return float(values.iloc[0]) if alike else None


def _alike(indicator: Indicator, value: float, valued: pd.DataFrame, flags: tuple[str, ...]) -> Measured:
    """Return the value of a domain whose rows all have it: it has no spread."""
    sample = indicator.sample
    clusters = int(valued["_cluster"].nunique()) if sample.cluster else None
    if is_share(indicator):
        effective = sample.effective or "clusters"
        return bounded(value, len(valued), clusters, effective, flags)
    method = Said("join.no_interval", why=NO_VARIATION)
    return Measured(value, n_clusters=clusters, method=method, flags=(*flags, "no_interval"))


def _interval(estimate: Estimate, *, share: bool) -> tuple[float, float]:
    """Return the interval; that of a share on the logit scale, so that it stays within 0 and 1."""
    value = estimate.estimate
    if not share or not 0 < value < 1:
        return estimate.conf_low, estimate.conf_high
    quantile = t_quantile(0.5 + CONFIDENCE / 2, estimate.df)
    return logit_interval(value, quantile * estimate.std_error)


def _estimate(indicator: Indicator, rows: pd.DataFrame, domain: Bools) -> tuple[Estimate, tuple[str, ...]]:
    """Return the value with its error, and cautions about the weights."""
    sample = indicator.sample
    design = _sample_design(sample, rows)
    y, x = (rows[name].where(domain).to_numpy(dtype=float) for name in ("_y", "_x"))
    adjust = partial(_calibrated, sample.calibration, rows) if sample.calibration else None
    if sample.replicates is not None:
        return _replicated(indicator, design, (y, x, domain), adjust), ()
    everyone = np.ones(len(rows), dtype=bool)
    calibrated = adjust(design.weights, everyone) if adjust else None
    cautions = calibrated.flags if calibrated else ()
    summary = kind_of(indicator.formula).summary
    if summary.total:
        estimate = survey.total(y, design, domain, calibrated)
    elif summary is Summary.RATIO:
        estimate = survey.ratio(y, x, design, domain=domain, calibration=calibrated)
    else:
        estimate = survey.mean(y, design, domain, calibrated)
    return estimate, cautions


def _sample_design(sample: Sample, rows: pd.DataFrame) -> SampleDesign:
    """Return the sample design of the rows of a wave."""

    def numbers(name: str) -> Floats:
        return rows[name].to_numpy(dtype=float)

    return SampleDesign(
        numbers("_w"),
        rows["_strata"].fillna(MISSING_GROUP).to_numpy(dtype=object) if sample.strata else None,
        rows["_cluster"].to_numpy(dtype=object) if sample.cluster else None,
        numbers("_population") if sample.population else None,
        lonely=sample.lonely_psu or "refuse",
        within=numbers("_within") if sample.population_within else None,
    )


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
    total = kind_of(indicator.formula).summary.total

    def value(weights: Floats) -> float:
        adjusted = np.zeros(len(weights))
        drawn_in = weights > 0  # a replicate leaves some units out; the others make up for them
        adjusted[drawn_in] = adjust(weights, drawn_in).weights if adjust else weights[drawn_in]
        numerator = float(np.sum(adjusted[domain] * y[domain]))
        if total:
            return numerator
        return numerator / float(np.sum(adjusted[domain] * x[domain]))

    return replicates.replicate_estimate(value, drawn)


def _calibrated(plan: Calibration, frame: pd.DataFrame, weights: Floats, drawn_in: Bools) -> calibration.Calibrated:
    """Calibrate the weights of the rows that a sample, or a replicate of it, has."""
    rows = frame[drawn_in]
    weights = weights[drawn_in]
    for margin in plan.margins:
        if rows[f"margin:{margin.column}"].isna().any():
            reason = Said("values.rows_without_margin", column=margin.column)
            raise NotEstimable(reason, Said("values.margin_of_every_row"))
    if plan.method in ("post_stratification", "raking"):
        margins = [(rows[f"margin:{m.column}"].to_numpy(dtype=object), m.totals or {}) for m in plan.margins]
        if plan.method == "post_stratification":
            return poststratify(weights, *margins[0])
        return rake(weights, margins, tolerance=plan.tolerance)
    matrix, totals = _auxiliaries(plan, rows)
    method = _DISTANCES[plan.method]
    return calibration.calibrate(weights, matrix, totals, method=method, bounds=plan.bounds, tolerance=plan.tolerance)


_DISTANCES: dict[str, calibration.Method] = {"linear": "linear", "raking_ratio": "raking", "logit": "logit"}
"""The distance functions of Deville and Särndal (1992), by the declared method."""


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
        undeclared = sorted(set(values) - set(margin.totals))
        if undeclared:
            reason = Said("values.no_total_of_code", column=margin.column, codes=undeclared)
            raise NotEstimable(reason, Said("values.total_of_every_code"))
        population = sum(margin.totals.values())
        if size is not None and not np.isclose(population, size, rtol=1e-9):
            reason = Said("values.margins_differ", first=size, second=population)
            raise NotEstimable(reason, Said("values.margins_of_one_population"))
        # the codes of a second margin add up to the same population: with all of them the matrix has no full rank
        codes = list(margin.totals)
        for code in codes if size is None else codes[1:]:
            columns.append(np.asarray(values == code, dtype=np.float64))
            totals.append(margin.totals[code])
        size = population
    return np.column_stack(columns), np.array(totals, dtype=np.float64)
