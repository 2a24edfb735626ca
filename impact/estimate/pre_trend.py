"""The check of trends before treatment, the same for every design and estimator in which units start at a time."""

from __future__ import annotations

import duckdb
import numpy as np

from impact.errors import NotEstimable
from impact.estimate.result import Diagnostic, Term, checked, not_applicable, relative_size, term_from
from impact.sql import Select, as_text, ident
from impact.statistics.informative import informative
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
    try:
        tested = pre_trend_test(panel, control=control, method=method, anticipation=anticipation)
    except NotEstimable as error:
        return not_applicable(Said("check.pre_trend"), PARALLEL, error.reason), []
    test, largest = tested.test, max(abs(estimate.estimate) for _, estimate in tested.by_time)
    detail = Said("checks.joint_pre_trend", reference=test.reference, largest=largest)
    size = relative_size(largest, tested.after)
    terms = [
        term_from(Said("family.pre_trend"), Said("staggered.event_time", time=time), estimate)
        for time, estimate in tested.by_time
    ]
    return checked(Said("check.pre_trend"), PARALLEL, test.statistic, test.p_value, detail, size=size), terms


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
    coded = {
        "unit": _rank("_unit"),
        "period": _rank("_period"),
        "outcome": "_outcome",
        "treated": f"coalesce({ident(treatment)} > 0, false)",
        "cluster": _rank(as_text(cluster)) if cluster else "0",
    }
    query = Select(coded, f"({relation})", where=("_outcome IS NOT NULL",))
    frame = connection.execute(query.sql()).df()
    if frame.empty:
        raise NotEstimable(Said("checks.nobody_has_any_outcome"), Said("checks.rows_outcome"))
    unit, period = frame["unit"].to_numpy(dtype=np.int64), frame["period"].to_numpy(dtype=np.int64)
    outcome = np.full((unit.max() + 1, period.max() + 1), np.nan)
    outcome[unit, period] = frame["outcome"].to_numpy(dtype=float)
    start, clusters = np.full(len(outcome), outcome.shape[1]), np.zeros(len(outcome), dtype=np.int64)
    treated = frame["treated"].to_numpy(dtype=bool)
    np.minimum.at(start, unit[treated], period[treated])
    clusters[unit] = frame["cluster"].to_numpy(dtype=np.int64)
    kept, waves = informative(~np.isnan(outcome))
    if not kept.any():
        raise NotEstimable(Said("checks.no_unit_seen_every_wave"), Said("checks.units_observed_all_periods"))
    first = np.append(np.cumsum(waves) - waves, waves.sum())[start[kept]]  # positions among the waves that stay
    cohort = np.where(first < waves.sum(), first, NEVER).astype(np.int64)
    return Panel(outcome[kept][:, waves], cohort, clusters=clusters[kept] if cluster else None)


def _rank(expression: str) -> str:
    """Write the place of a value among the different ones, from 0."""
    return f"dense_rank() OVER (ORDER BY {expression}) - 1"
