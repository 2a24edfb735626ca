"""Effects on panels from sufficient statistics: cells are summed in DuckDB, numbers happen on the cells.

Units that are observed in the same periods, with the same terms in each, are moved by the unit effects in the same way:
their summed outcomes per period carry all that least squares needs. :mod:`impact.statistics.linear.two_way` fits the
cells. Clusters in which cells are nested take their scores from cells; where units are the clusters, a second pass sums
each unit's score in DuckDB. Where hardly any units share a path, cells are single rows and the same code stays exact.
Every name goes through :func:`impact.sql.ident`, every value through :func:`impact.sql.literal`.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from impact.errors import NotEstimable
from impact.estimate.panel_cells import (
    UNIT,
    PanelQuery,
    check_columns,
    complete_rows,
    leave_out_alone,
    make_cells,
    make_units,
    prepare,
    read_cells,
    used_rows,
)
from impact.sql import ident
from impact.statistics.core import Estimate, Floats, Ints, JointTest
from impact.statistics.linear.two_way import Cells, TwoWay, fit_cells, is_nested
from impact.statistics.linear.two_way_errors import (
    Errors,
    SmallSample,
    classical_errors,
    clustered_errors,
    joint_test,
    refuse_lone_cluster,
    row_scores,
    term_estimates,
)
from impact.words.said import Said


@dataclass(frozen=True)
class PanelFit:
    """Effects on a panel and the books of what they rest on.

    Parameters
    ----------
    terms, estimates, errors
        Names of the k terms, their estimates, and their covariance with its rule and influence.
    n_obs, n_units, n_periods, n_cells
        Rows used, levels of the unit (or group) effect in them, periods, and the cells that carried them.
    n_missing_outcome, n_missing_terms
        Rows left out because the outcome, or else a term, is missing.
    n_singletons, n_uninformative
        Units and rows left out because unit and period effects fit them perfectly, whatever they hold.
    used
        The SELECT of the rows used.
    clusters
        Labels of the rows of ``errors.influence``; None where that is None.
    """

    terms: tuple[str, ...]
    estimates: tuple[Estimate, ...]
    errors: Errors
    n_obs: int
    n_units: int
    n_periods: int
    n_cells: int
    n_missing_outcome: int
    n_missing_terms: int
    n_singletons: int
    n_uninformative: int
    used: str
    clusters: NDArray[Any] | None = field(default=None, repr=False, compare=False)

    def __getitem__(self, term: str) -> Estimate:
        return self.estimates[self.terms.index(term)]

    def joint(self, tested: Sequence[str]) -> JointTest:
        """Test that several terms are all zero; see :func:`impact.statistics.linear.two_way_errors.joint_test`."""
        coefficients = np.array([estimate.estimate for estimate in self.estimates])
        return joint_test(coefficients, self.errors, self.terms, tested)


def panel_effects(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    *,
    terms: Sequence[str],
    effects: str | None = UNIT,
    period_effects: bool = True,
    clusters: Sequence[str] = ("_cluster",),
    small_sample: SmallSample = "nested",
) -> PanelFit:
    """Estimate effects on a panel by least squares with unit (or group) and period effects.

    Parameters
    ----------
    connection
        Where the relation lives; temporary tables are made and dropped again.
    relation
        A SELECT with ``_unit``, ``_period`` (an ordered integer), ``_outcome``, the terms, the cluster columns, and
        perhaps ``_weight`` (sampling weights, positive).
    terms
        Columns whose coefficients are wanted: treatment and other regressors, numeric or boolean.
    effects
        Column that has an effect for each level: ``_unit``, a group such as ``_cluster``, or None.
    period_effects
        Whether each period has an effect.
    clusters
        None, one or two columns. ``_unit`` for units as clusters. None at all: classical errors.
    small_sample
        See :func:`impact.statistics.linear.two_way_errors.clustered_errors`.

    Returns
    -------
    PanelFit
        Estimand and assumptions are those of :func:`impact.statistics.linear.two_way.fit_cells`.

    Raises
    ------
    NotEstimable
        If a column holds what cannot be used, a unit appears twice in a period, there is one period only, or for the
        reasons of :mod:`impact.statistics.linear.two_way`.
    UsageError
        If a column is absent or ``_period`` is no integer.

    Notes
    -----
    A cell sums units with equal paths of (periods observed, terms, clusters); weights that change over time belong to
    the path. Paths are compared by a sum of 64-bit hashes, and each cell is then checked to be uniform. With unit
    effects, rows that are alone in their unit or period are left out first, as reghdfe and pyfixest do
    (:mod:`impact.statistics.informative`); with group effects all rows are kept.

    References
    ----------
    Wong, Lewis and Wardrop (2021), You only compress once, https://arxiv.org/abs/2102.11297
    """
    described = connection.execute(f"DESCRIBE {relation}").fetchall()
    columns = {str(name): str(kind) for name, kind, *_ in described}
    panel = PanelQuery(
        connection,
        relation,
        tuple(terms),
        effects,
        period_effects,
        tuple(clusters),
        weighted="_weight" in columns,
        name=uuid.uuid4().hex[:12],
    )
    check_columns(panel, columns)
    try:
        panel, lost = prepare(panel)
        return _estimate(panel, small_sample, lost)
    finally:
        for kind in ("sums", "units", "cells"):
            panel.run(f"DROP TABLE IF EXISTS {panel.table(kind)}")


def _estimate(panel: PanelQuery, small_sample: SmallSample, lost: tuple[int, int]) -> PanelFit:
    alone = (0, 0)
    if panel.by_unit:
        panel, alone = leave_out_alone(panel)
        make_units(panel)
    make_cells(panel)
    cells, codes = read_cells(panel)
    n_periods = int(codes["period"].max()) + 1
    if n_periods < 2:
        raise NotEstimable(Said("checks.only_one_period"), Said("checks.observations_before_after"))
    fit = fit_cells(cells)
    errors, labels = _errors(panel, fit, codes, small_sample)
    estimates = term_estimates(fit, errors)
    sizes = (cells.n_obs, int(cells.multiplicity.sum()), n_periods, len(cells.weights), *lost, *alone)
    return PanelFit(panel.terms, estimates, errors, *sizes, used=used_rows(panel), clusters=labels)


def _errors(
    panel: PanelQuery, fit: TwoWay, codes: dict[str, Ints], small_sample: SmallSample
) -> tuple[Errors, NDArray[Any] | None]:
    """Return the covariance of the terms, and the labels of the clusters whose influence it knows."""
    if not panel.clusters:
        return classical_errors(fit, _squares(panel, fit)), None
    names = ["u" if cluster == UNIT else f"c{i}" for i, cluster in enumerate(panel.clusters)]
    for name in names:
        _refuse_lone(panel, fit, codes, name)
    by_cluster = [_scores(panel, fit, codes, [name]) for name in names]
    scores = [cluster_scores for cluster_scores, _ in by_cluster]
    nested = _nested(panel, fit.cells, codes, names)
    if len(names) == 1:
        _, labels = by_cluster[0]
        return clustered_errors(fit, scores, both=None, nested=nested, small_sample=small_sample), labels
    both, _ = _scores(panel, fit, codes, names)
    return clustered_errors(fit, scores, both=both, nested=nested, small_sample=small_sample), None


def _nested(panel: PanelQuery, cells: Cells, codes: dict[str, Ints], names: Sequence[str]) -> int:
    """Count the effects nested in clusters, less one for each dimension of effects."""
    columns = [codes[f"k{name}"] for name in names if name != "u"]
    nested = 0
    own_clusters = panel.by_unit and "u" in names
    if own_clusters or any(is_nested(cells.units, column) for column in columns):
        nested += int(cells.multiplicity.sum()) - 1
    if cells.periods is not None and any(is_nested(cells.periods, column) for column in columns):
        nested += int(codes["period"].max())
    return nested


def _refuse_lone(panel: PanelQuery, fit: TwoWay, codes: dict[str, Ints], name: str) -> None:
    if name != "u":
        return refuse_lone_cluster(fit, codes[f"k{name}"])
    multiplicity = fit.cells.multiplicity
    if not panel.by_unit:
        # two stand for many: whether a group has one unit or several is all that is asked
        units = "CASE WHEN min(u) = max(u) THEN 1 ELSE 2 END"
        sql = f"SELECT {units} AS n FROM {complete_rows(panel)} GROUP BY g ORDER BY g"
        multiplicity = panel.fetch(sql)["n"]
    return refuse_lone_cluster(fit, fit.cells.units, multiplicity)


def _scores(
    panel: PanelQuery, fit: TwoWay, codes: dict[str, Ints], names: Sequence[str]
) -> tuple[Floats, NDArray[Any]]:
    """Return scores and labels of the clusters that one or two columns make together."""
    rows_are_cells = panel.by_unit and fit.cells.n_obs == len(fit.cells.weights)
    if "u" in names and not rows_are_cells:
        return _scores_of_rows(panel, fit, names)
    clusters, *more = (fit.cells.units if name == "u" else codes[f"k{name}"] for name in names)
    if more:
        _, clusters = np.unique(np.stack([clusters, *more]), axis=1, return_inverse=True)
    label = names[0]
    table, code = ("units", "level") if label == "u" else ("cells", f"k{label}")
    labels = panel.fetch(f"SELECT min({label}) AS label FROM {panel.table(table)} GROUP BY {code} ORDER BY {code}")
    return row_scores(fit, clusters), labels["label"]


def _scores_of_rows(panel: PanelQuery, fit: TwoWay, names: Sequence[str]) -> tuple[Floats, NDArray[Any]]:
    """Sum w·e·m over the rows of each cluster: ``m`` are the terms without effects."""
    by = ", ".join(names)
    scores = [f"s{i}" for i in range(len(panel.terms))]
    sums = ", ".join(f"sum(w * e * m{i}) AS {score}" for i, score in enumerate(scores))
    summed = _with_residuals(panel, fit, f"SELECT {by}, {sums} FROM ({{rows}}) GROUP BY {by}")
    return np.column_stack([summed[score] for score in scores]), summed[names[0]]


def _squares(panel: PanelQuery, fit: TwoWay) -> float:
    """Return the sum of squared residuals over the rows."""
    summed = _with_residuals(panel, fit, "SELECT sum(w * e * e) AS s FROM ({rows})")
    return float(summed["s"][0])


def _with_residuals(panel: PanelQuery, fit: TwoWay, sql: str) -> dict[str, NDArray[Any]]:
    """Run a query over the rows with their residual ``e`` and the terms without effects ``m0 …``."""
    cells = panel.table("cells")
    name = f"_panel_{panel.name}_fit"
    panel.connection.register(name, _fitted(panel, fit))
    keys = ", ".join(("level", "p") if panel.by_unit else ("g", "p", *panel.xs, *panel.keys))
    joined = f"(SELECT cell, {keys} FROM {cells}) JOIN {ident(name)} USING (cell)"
    units, error = "", "y - fitted"
    if panel.by_unit:
        units = f"JOIN (SELECT u, level, mean FROM {panel.table('units')}) USING (u)"
        error = "y - mean - fitted"
    rows = f"SELECT *, {error} AS e FROM {complete_rows(panel)} {units} JOIN ({joined}) USING ({keys})"
    try:
        return panel.fetch(sql.format(rows=rows))
    finally:
        panel.connection.unregister(name)


def _fitted(panel: PanelQuery, fit: TwoWay) -> pd.DataFrame:
    """Return per cell the fitted outcome (with unit effects, less the mean of the level) and the terms ``m0 …``."""
    cells = fit.cells
    fitted = cells.outcome - fit.residuals
    if panel.by_unit:
        sums = np.bincount(cells.units, cells.weights * cells.outcome)
        means = sums / np.bincount(cells.units, cells.weights)
        fitted = fitted - means[cells.units]
    columns = {f"m{i}": column for i, column in enumerate(fit.moved.T)}
    return pd.DataFrame({"cell": np.arange(len(fitted)), "fitted": fitted, **columns})
