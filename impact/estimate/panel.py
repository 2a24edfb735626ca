"""Effects on panels from sufficient statistics: cells are summed in DuckDB, numbers happen on the cells.

Units that are observed in the same periods, with the same terms in each, are moved by the unit effects in the same way:
their summed outcomes per period carry all that least squares needs. :mod:`impact.statistics.two_way` fits the cells.
Clusters in which cells are nested take their scores from cells; where units are the clusters, a second pass sums each
unit's score in DuckDB. Where hardly any units share a path, cells are single rows and the same code stays exact.
Every name goes through :func:`impact.sql.ident`, every value through :func:`impact.sql.literal`.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import duckdb
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from impact.errors import NotEstimable, UsageError
from impact.sql import ident, literal
from impact.statistics.core import Estimate, Floats, Ints, JointTest
from impact.statistics.two_way import (
    Cells,
    Errors,
    SmallSample,
    TwoWay,
    classical_errors,
    clustered_errors,
    fit_cells,
    is_nested,
    joint_test,
    refuse_lone_cluster,
    row_scores,
    term_estimates,
)

UNIT = "_unit"
COMPRESSES = 0.5
PILOT_ROWS = 2000
SUMS = "count(*) AS n, sum(w) AS w, sum(w * y) / sum(w) AS y"


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
    n_singletons
        Units used in one period only: kept and counted, though unit effects leave them nothing to say.
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
    clusters: NDArray[Any] | None = field(default=None, repr=False, compare=False)

    def __getitem__(self, term: str) -> Estimate:
        return self.estimates[self.terms.index(term)]

    def joint(self, tested: Sequence[str]) -> JointTest:
        """Test that several terms are all zero; see :func:`impact.statistics.two_way.joint_test`."""
        coefficients = np.array([estimate.estimate for estimate in self.estimates])
        return joint_test(coefficients, self.errors, self.terms, tested)


@dataclass(frozen=True)
class _Panel:
    """What a call asks for; makes its temporary tables' names and runs its SQL."""

    connection: duckdb.DuckDBPyConnection
    relation: str
    terms: tuple[str, ...]
    effects: str | None
    period_effects: bool
    clusters: tuple[str, ...]
    weighted: bool
    name: str
    pilot: float = 0.0

    @property
    def by_unit(self) -> bool:
        return self.effects == UNIT

    @property
    def columns(self) -> set[str]:
        return {"_period", *self.clusters, *([self.effects] if self.effects else [])}

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(f"c{i}" for i, cluster in enumerate(self.clusters) if cluster != UNIT)

    @property
    def xs(self) -> tuple[str, ...]:
        return tuple(f"x{i}" for i in range(len(self.terms)))

    def table(self, part: str) -> str:
        return ident(f"_panel_{self.name}_{part}")

    def run(self, sql: str) -> duckdb.DuckDBPyConnection:
        return self.connection.execute(sql)

    def fetch(self, sql: str) -> dict[str, NDArray[Any]]:
        return {name: np.asarray(values) for name, values in self.run(sql).fetchnumpy().items()}


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
        See :func:`impact.statistics.two_way.clustered_errors`.

    Returns
    -------
    PanelFit
        Estimand and assumptions are those of :func:`impact.statistics.two_way.fit_cells`.

    Raises
    ------
    NotEstimable
        If a column holds what cannot be used, a unit appears twice in a period, there is one period only, or for the
        reasons of :mod:`impact.statistics.two_way`.
    UsageError
        If a column is absent or ``_period`` is no integer.

    Notes
    -----
    A cell sums units with equal paths of (periods observed, terms, clusters); weights that change over time belong to
    the path. Paths are compared by a sum of 64-bit hashes, and each cell is then checked to be uniform.

    References
    ----------
    Wong, Lewis and Wardrop (2021), You only compress once, https://arxiv.org/abs/2102.11297
    """
    columns = {str(row[0]): str(row[1]) for row in connection.execute(f"DESCRIBE {relation}").fetchall()}
    given = (connection, relation, tuple(terms), effects, period_effects, tuple(clusters))
    panel = _Panel(*given, weighted="_weight" in columns, name=uuid.uuid4().hex[:12])
    _check_columns(panel, columns)
    pilot, lost = _check_rows(panel)
    panel = replace(panel, pilot=pilot)
    try:
        return _estimate(panel, small_sample, lost)
    finally:
        for part in ("units", "cells"):
            panel.run(f"DROP TABLE IF EXISTS {panel.table(part)}")


def _check_columns(panel: _Panel, columns: dict[str, str]) -> None:
    absent = sorted({"_outcome", *panel.columns, *panel.terms} - set(columns))
    if absent:
        raise UsageError(f"the relation has no column {', '.join(absent)}")
    if "INT" not in columns["_period"]:
        raise UsageError(f"_period must be an integer, not {columns['_period']}")
    if not panel.terms or len(set(panel.terms)) < len(panel.terms):
        raise UsageError("terms must be named, each once")
    if len(panel.clusters) > 2 or len(set(panel.clusters)) < len(panel.clusters):
        raise UsageError("errors take none, one or two different cluster columns")


def _check_rows(panel: _Panel) -> tuple[float, tuple[int, int]]:
    """Return a pilot mean of the outcome, and the numbers of rows without outcome and without a term."""
    y, weight, complete = as_double("_outcome"), as_double("_weight"), _complete(panel)
    infinite = " OR ".join(f"isinf({as_double(name)})" for name in ("_outcome", *panel.terms))
    keyed = f"least({', '.join(f'count({ident(key)})' for key in sorted(panel.columns))}, count(*))"
    bad_weight = f"{is_missing(weight)} OR isinf({weight}) OR {weight} <= 0" if panel.weighted else "FALSE"
    counts = ", ".join(
        f"count(*) FILTER ({condition})" for condition in (is_missing(y), complete, infinite, bad_weight)
    )
    constant = f"min({y}) FILTER ({complete}) = max({y}) FILTER ({complete})"
    row = panel.run(f"SELECT {counts}, count(*) - {keyed}, count(*), {constant} FROM ({panel.relation})")
    no_outcome, used, *wrong, total, same = row.fetchall()[0]
    causes = ("an infinite outcome or term", "a weight that is not positive", "no unit, period, group or cluster")
    for count, what in zip(wrong, causes, strict=True):
        if count:
            raise NotEstimable(f"{count} rows have {what}", "rows that are right, or left out on purpose")
    if not used:
        raise NotEstimable("no row has the outcome and all terms", "complete rows")
    if same:
        raise NotEstimable("the outcome is the same in all rows", "an outcome that varies")
    first = f"SELECT {y} AS y FROM ({panel.relation}) WHERE {complete} LIMIT {PILOT_ROWS}"
    pilot = panel.run(f"SELECT avg(y) FROM ({first})").fetchall()[0][0]
    return float(pilot), (int(no_outcome), int(total - no_outcome - used))


def as_double(name: str) -> str:
    """Write a column as a DOUBLE."""
    return f"CAST({ident(name)} AS DOUBLE)"


def is_missing(sql: str) -> str:
    """Write the test that an expression is NULL or NaN."""
    return f"({sql} IS NULL OR isnan({sql}))"


def _complete(panel: _Panel) -> str:
    return " AND ".join(f"isfinite({as_double(name)})" for name in ("_outcome", *panel.terms))


def _rows(panel: _Panel) -> str:
    """Return the complete rows with short names: u, g, p, y (less the pilot), w, x0 …, c0 …."""
    columns = [
        *([f"{ident(UNIT)} AS u"] if UNIT in panel.columns else []),
        f"{ident(panel.effects)} AS g" if panel.effects else "0 AS g",
        "CAST(_period AS BIGINT) AS p",
        f"{as_double('_outcome')} - {literal(panel.pilot)} AS y",
        f"{as_double('_weight')} AS w" if panel.weighted else "1.0::DOUBLE AS w",
        *(f"{as_double(term)} AS {x}" for term, x in zip(panel.terms, panel.xs, strict=True)),
        *(f"{ident(cluster)} AS c{i}" for i, cluster in enumerate(panel.clusters)),
    ]
    return f"(SELECT {', '.join(columns)} FROM ({panel.relation}) WHERE {_complete(panel)})"


def _estimate(panel: _Panel, small_sample: SmallSample, lost: tuple[int, int]) -> PanelFit:
    singletons = _make_units(panel) if panel.by_unit else 0
    _make_cells(panel)
    cells, codes = _read_cells(panel)
    n_periods = int(codes["period"].max()) + 1
    if n_periods < 2:
        raise NotEstimable("there is only one period", "observations before and after")
    fit = fit_cells(cells)
    errors, labels = _errors(panel, fit, codes, small_sample)
    estimates = term_estimates(fit, errors)
    sizes = (cells.n_obs, int(cells.behind.sum()), n_periods, len(cells.weights), *lost, singletons)
    return PanelFit(panel.terms, estimates, errors, *sizes, clusters=labels)


def _make_units(panel: _Panel, *, apart: bool = False) -> int:
    """Make the table of units with the level of their path, or one each; return how many are seen in one period."""
    steady, units = "min(w) = max(w)", panel.table("units")
    path = "u" if apart else f"sum(hash({', '.join(('p', *panel.xs, *panel.keys))}))"
    if panel.weighted and not apart:
        path = f"{path} + CASE WHEN {steady} THEN 0 ELSE sum(hash(p, w)) END"
    panel.run(
        f"CREATE OR REPLACE TEMP TABLE {units} AS WITH paths AS MATERIALIZED ("
        f"SELECT u, {path} AS path, count(*) AS n, sum(w * y) / sum(w) AS mean, {steady} AS steady"
        f" FROM {_rows(panel)} GROUP BY u) SELECT paths.*, level, size FROM paths JOIN ("
        "SELECT path, row_number() OVER () - 1 AS level, count(*) AS size FROM paths GROUP BY path) USING (path)"
    )
    counts = f"SELECT count(*), max(level) + 1, count(*) FILTER (n = 1) FROM {units}"
    found, levels, singletons = panel.run(counts).fetchall()[0]
    if not apart and COMPRESSES * found < levels < found:
        return _make_units(panel, apart=True)
    return int(singletons)


def _make_cells(panel: _Panel) -> None:
    """Make the table of cells; split paths into units if a cell is not uniform."""
    cells, shared = panel.table("cells"), (*panel.xs, *panel.keys)
    ranks = {"period": "p", **{f"k{key}": key for key in panel.keys}}
    numbers = "".join(f", dense_rank() OVER (ORDER BY {column}) - 1 AS {name}" for name, column in ranks.items())
    panel.run(
        f"CREATE OR REPLACE TEMP TABLE {cells} AS SELECT *, row_number() OVER () - 1 AS cell{numbers}"
        f" FROM ({_unit_cells(panel, shared) if panel.by_unit else _group_cells(panel, shared)})"
    )
    if not panel.run(f"SELECT bool_and(uniform) FROM {cells}").fetchall()[0][0]:
        _refuse_twice(panel)
        _make_units(panel, apart=True)
        _make_cells(panel)


def _unit_cells(panel: _Panel, shared: Sequence[str]) -> str:
    uniform = "".join(f" AND min({name}) = max({name})" for name in shared)
    return (
        f"SELECT level, p, {', '.join(f'min({name}) AS {name}' for name in shared)}, {SUMS}, max(size) AS size,"
        " count(*) = max(size) AND (bool_and(steady) OR (NOT bool_or(steady) AND min(w) = max(w)))"
        f"{uniform} AS uniform FROM {_rows(panel)} JOIN {panel.table('units')} USING (u) GROUP BY level, p"
    )


def _group_cells(panel: _Panel, shared: Sequence[str]) -> str:
    keys = ", ".join(("g", "p", *shared))
    level = "dense_rank() OVER (ORDER BY g) - 1 AS level"
    return f"SELECT {keys}, {SUMS}, 1 AS size, TRUE AS uniform, {level} FROM {_rows(panel)} GROUP BY {keys}"


def _refuse_twice(panel: _Panel) -> None:
    twice = f"SELECT 1 FROM {_rows(panel)} GROUP BY u, p HAVING count(*) > 1"
    found = panel.run(f"SELECT count(*) FROM ({twice})").fetchall()[0][0]
    if found:
        raise NotEstimable(f"{found} times a unit appears more than once in a period", "one row per unit and period")


def _read_cells(panel: _Panel) -> tuple[Cells, dict[str, Ints]]:
    """Return the cells, and per cell the numbers of its period and clusters."""
    names = ("level", "period", "n", "w", "y", "size", *panel.xs, *(f"k{key}" for key in panel.keys))
    found = panel.fetch(f"SELECT {', '.join(names)} FROM {panel.table('cells')} ORDER BY cell")
    levels = found["level"].astype(np.int64)
    behind = np.ones(int(levels.max()) + 1, dtype=np.int64)
    behind[levels] = found["size"]
    codes = {name: found[name].astype(np.int64) for name in ("period", *(f"k{key}" for key in panel.keys))}
    periods = codes["period"] if panel.period_effects else None
    regressors = np.column_stack([found[x] for x in panel.xs])
    sums = (found["w"], found["y"], regressors)
    return Cells(levels, periods, *sums, panel.terms, int(found["n"].sum()), behind), codes


def _errors(
    panel: _Panel, fit: TwoWay, codes: dict[str, Ints], small_sample: SmallSample
) -> tuple[Errors, NDArray[Any] | None]:
    if not panel.clusters:
        return classical_errors(fit, _squares(panel, fit)), None
    names = ["u" if cluster == UNIT else f"c{i}" for i, cluster in enumerate(panel.clusters)]
    for name in names:
        _refuse_lone(panel, fit, codes, name)
    found = [_scores(panel, fit, codes, [name]) for name in names]
    both = _scores(panel, fit, codes, names)[0] if len(names) > 1 else None
    nested = _nested(panel, fit.cells, codes, names)
    errors = clustered_errors(fit, [part[0] for part in found], both=both, nested=nested, small_sample=small_sample)
    return errors, found[0][1] if both is None else None


def _nested(panel: _Panel, cells: Cells, codes: dict[str, Ints], names: Sequence[str]) -> int:
    """Count the effects nested in clusters, less one for each dimension of effects."""
    columns = [codes[f"k{name}"] for name in names if name != "u"]
    units = (panel.by_unit and "u" in names) or any(is_nested(cells.units, column) for column in columns)
    periods = cells.periods is not None and any(is_nested(cells.periods, column) for column in columns)
    return units * (int(cells.behind.sum()) - 1) + periods * int(codes["period"].max())


def _refuse_lone(panel: _Panel, fit: TwoWay, codes: dict[str, Ints], name: str) -> None:
    if name != "u":
        return refuse_lone_cluster(fit, codes[f"k{name}"])
    behind = fit.cells.behind
    if not panel.by_unit:
        sql = f"SELECT CASE WHEN min(u) = max(u) THEN 1 ELSE 2 END AS n FROM {_rows(panel)} GROUP BY g ORDER BY g"
        behind = panel.fetch(sql)["n"]
    return refuse_lone_cluster(fit, fit.cells.units, behind)


def _scores(panel: _Panel, fit: TwoWay, codes: dict[str, Ints], names: Sequence[str]) -> tuple[Floats, NDArray[Any]]:
    """Return scores and labels of the clusters that one or two columns make together."""
    rows_are_cells = panel.by_unit and fit.cells.n_obs == len(fit.cells.weights)
    if "u" in names and not rows_are_cells:
        return _scores_of_rows(panel, fit, names)
    columns = [fit.cells.units if name == "u" else codes[f"k{name}"] for name in names]
    together = columns[0] if len(names) == 1 else np.unique(np.stack(columns), axis=1, return_inverse=True)[1]
    table, code = ("units", "level") if names[0] == "u" else ("cells", f"k{names[0]}")
    labels = panel.fetch(f"SELECT min({names[0]}) AS label FROM {panel.table(table)} GROUP BY {code} ORDER BY {code}")
    return row_scores(fit, together), labels["label"]


def _scores_of_rows(panel: _Panel, fit: TwoWay, names: Sequence[str]) -> tuple[Floats, NDArray[Any]]:
    by = ", ".join(names)
    sums = ", ".join(f"sum(w * e * m{i}) AS s{i}" for i in range(len(panel.terms)))
    found = _with_residuals(panel, fit, f"SELECT {by}, {sums} FROM ({{rows}}) GROUP BY {by}")
    return np.column_stack([found[f"s{i}"] for i in range(len(panel.terms))]), found[names[0]]


def _squares(panel: _Panel, fit: TwoWay) -> float:
    return float(_with_residuals(panel, fit, "SELECT sum(w * e * e) AS s FROM ({rows})")["s"][0])


def _with_residuals(panel: _Panel, fit: TwoWay, sql: str) -> dict[str, NDArray[Any]]:
    """Run a query over the rows with their residual ``e`` and the terms without effects ``m0 …``."""
    cells, name = fit.cells, f"_panel_{panel.name}_fit"
    means = np.bincount(cells.units, cells.weights * cells.outcome) / np.bincount(cells.units, cells.weights)
    fitted = cells.outcome - fit.residuals - (means[cells.units] if panel.by_unit else 0.0)
    columns = {f"m{i}": column for i, column in enumerate(fit.moved.T)}
    panel.connection.register(name, pd.DataFrame({"cell": np.arange(len(fitted)), "fitted": fitted, **columns}))
    keys = ("level", "p") if panel.by_unit else ("g", "p", *panel.xs, *panel.keys)
    joined = f"(SELECT cell, {', '.join(keys)} FROM {panel.table('cells')}) JOIN {ident(name)} USING (cell)"
    units = f"JOIN (SELECT u, level, mean FROM {panel.table('units')}) USING (u)" if panel.by_unit else ""
    error = "y - mean - fitted AS e" if panel.by_unit else "y - fitted AS e"
    rows = f"SELECT *, {error} FROM {_rows(panel)} {units} JOIN ({joined}) USING ({', '.join(keys)})"
    try:
        return panel.fetch(sql.format(rows=rows))
    finally:
        panel.connection.unregister(name)
