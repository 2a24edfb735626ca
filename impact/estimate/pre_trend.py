"""The check of trends before treatment, the same for every design and estimator in which units start at a time."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd

from impact.errors import NotEstimable
from impact.estimate.result import Diagnostic, Term, checked, not_applicable, relative_size, term_from
from impact.sql import Select, as_text, ident
from impact.statistics.core import Ints
from impact.statistics.informative import Bools, informative
from impact.statistics.panels.adoption import NEVER, Panel
from impact.statistics.panels.doubly_robust import Method
from impact.statistics.panels.pre_trend import pre_trend_test
from impact.statistics.panels.staggered import Control
from impact.words.said import Said

PARALLEL = Said("checks.before_they_took_up_programme_units_moved")


def pre_trend_check(
    panel: Panel, *, control: Control = "never", method: Method = "dr", anticipation: int = 0
) -> tuple[Diagnostic, list[Term]]:
    """Test trends before treatment; the size is the largest mean difference before it over the mean effect after it.

    Parameters
    ----------
    panel
        Of the units, whatever the estimator of the effect uses of it: the check does not hang on that choice.
    control, method, anticipation
        As in :func:`impact.statistics.panels.pre_trend.pre_trend_test`.
    """
    check, family = Said("check.pre_trend"), Said("family.pre_trend")
    try:
        tested = pre_trend_test(panel, control=control, method=method, anticipation=anticipation)
    except NotEstimable as error:
        return not_applicable(check, PARALLEL, error.reason), []
    test = tested.test
    largest = max(abs(estimate.estimate) for _, estimate in tested.by_time)
    detail = Said("checks.joint_pre_trend", reference=test.reference, largest=largest)
    size = relative_size(largest, tested.after)
    terms = []
    for time, estimate in tested.by_time:
        terms.append(term_from(family, Said("staggered.event_time", time=time), estimate))
    return checked(check, PARALLEL, test.statistic, test.p_value, detail, size=size), terms


def treated_panel(connection: duckdb.DuckDBPyConnection, relation: str, treatment: str, cluster: str | None) -> Panel:
    """Return the panel of a relation, each unit's start being the first wave at which it is treated.

    Parameters
    ----------
    connection
        Holds the relation's rows.
    relation
        Query with ``_unit``, ``_period``, ``_outcome``, the treatment and the cluster.
    treatment
        Column above zero where a unit is treated; what comes after the first time plays no part in what was before it.
    cluster
        Column of the clusters, or None.

    Raises
    ------
    NotEstimable
        If nobody has an outcome, or every outcome is the only one of its unit or wave.
    """
    frame = _coded_rows(connection, relation, treatment, cluster)
    if frame.empty:
        raise NotEstimable(Said("checks.nobody_has_any_outcome"), Said("checks.rows_outcome"))
    unit, period, code = (frame[name].to_numpy(dtype=np.int64) for name in ("unit", "period", "cluster"))
    n_units, n_periods = unit.max() + 1, period.max() + 1
    outcome = np.full((n_units, n_periods), np.nan)
    outcome[unit, period] = frame["outcome"].to_numpy(dtype=float)
    treated = frame["treated"].to_numpy(dtype=bool)
    start = np.full(n_units, n_periods)
    np.minimum.at(start, unit[treated], period[treated])
    clusters = np.zeros(n_units, dtype=np.int64)
    clusters[unit] = code
    units, waves = informative(~np.isnan(outcome))
    if not units.any():
        raise NotEstimable(Said("checks.no_unit_seen_every_wave"), Said("checks.units_observed_all_periods"))
    cohort = _cohorts(start[units], waves)
    return Panel(outcome[units][:, waves], cohort, clusters=clusters[units] if cluster else None)


def _coded_rows(
    connection: duckdb.DuckDBPyConnection, relation: str, treatment: str, cluster: str | None
) -> pd.DataFrame:
    """Return the rows with an outcome, with numbers for units, periods and clusters."""
    coded = {
        "unit": _rank("_unit"),
        "period": _rank("_period"),
        "outcome": "_outcome",
        "treated": f"coalesce({ident(treatment)} > 0, false)",
        "cluster": _rank(as_text(cluster)) if cluster else "0",
    }
    query = Select(coded, f"({relation})", where=("_outcome IS NOT NULL",))
    return connection.execute(query.sql()).df()


def _cohorts(start: Ints, waves: Bools) -> Ints:
    """Return the starts as positions among the waves that stay; :data:`NEVER` for those who start after the last."""
    n_waves = waves.sum()
    earlier: Ints = np.cumsum(waves) - waves
    position = np.append(earlier, n_waves)[start]
    return np.where(position < n_waves, position, NEVER).astype(np.int64)


def _rank(expression: str) -> str:
    """Write the place of a value among the different ones, from 0."""
    return f"dense_rank() OVER (ORDER BY {expression}) - 1"
