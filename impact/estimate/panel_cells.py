"""Sufficient statistics of a panel: what :mod:`impact.estimate.panel` asks of DuckDB before any number is computed.

Rows are looked at, and summed to cells in temporary tables. Every name goes through :func:`impact.sql.ident`, every
value through :func:`impact.sql.literal`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from impact.errors import NotEstimable, UsageError
from impact.sql import as_number, ident, literal
from impact.statistics.core import Ints
from impact.statistics.informative import informative
from impact.statistics.linear.two_way import Cells
from impact.words.said import Said

UNIT = "_unit"
COMPRESSES = 0.5
PILOT_ROWS = 2000
SUMS = "count(*) AS n, sum(w) AS w, sum(w * y) / sum(w) AS y"


@dataclass(frozen=True)
class PanelQuery:
    """What a call asks for; makes its temporary tables' names and runs its SQL.

    ``periods`` are those to which the rows of units seen more than once in them are narrowed, or None for all rows.
    """

    connection: duckdb.DuckDBPyConnection
    relation: str
    terms: tuple[str, ...]
    effects: str | None
    period_effects: bool
    clusters: tuple[str, ...]
    weighted: bool
    name: str
    pilot: float = 0.0
    periods: tuple[int, ...] | None = None

    @property
    def by_unit(self) -> bool:
        """Whether each unit has an effect of its own."""
        return self.effects == UNIT

    @property
    def columns(self) -> set[str]:
        """Columns that tell rows apart: period, effects and clusters."""
        columns = {"_period", *self.clusters}
        return {*columns, self.effects} if self.effects else columns

    @property
    def keys(self) -> tuple[str, ...]:
        """Short names of the cluster columns, other than the unit."""
        return tuple(f"c{i}" for i, cluster in enumerate(self.clusters) if cluster != UNIT)

    @property
    def xs(self) -> tuple[str, ...]:
        """Short names of the terms."""
        return tuple(f"x{i}" for i in range(len(self.terms)))

    def table(self, kind: str) -> str:
        """Return the quoted name of one of the temporary tables: ``sums``, ``units`` or ``cells``."""
        return ident(f"_panel_{self.name}_{kind}")

    def run(self, sql: str) -> duckdb.DuckDBPyConnection:
        """Run a query."""
        return self.connection.execute(sql)

    def row(self, sql: str) -> tuple[Any, ...]:
        """Run a query of one row and return it."""
        (row,) = self.run(sql).fetchall()
        return row

    def fetch(self, sql: str) -> dict[str, NDArray[Any]]:
        """Run a query and return its columns."""
        return {name: np.asarray(values) for name, values in self.run(sql).fetchnumpy().items()}


def check_columns(panel: PanelQuery, columns: dict[str, str]) -> None:
    """Raise UsageError if the relation lacks a column, or columns and terms are named wrongly."""
    absent = sorted({"_outcome", *panel.columns, *panel.terms} - set(columns))
    if absent:
        raise UsageError(f"the relation has no column {', '.join(absent)}")
    if "INT" not in columns["_period"]:
        raise UsageError(f"_period must be an integer, not {columns['_period']}")
    if not panel.terms or len(set(panel.terms)) < len(panel.terms):
        raise UsageError("terms must be named, each once")
    if len(panel.clusters) > 2 or len(set(panel.clusters)) < len(panel.clusters):
        raise UsageError("errors take none, one or two different cluster columns")


def prepare(panel: PanelQuery) -> tuple[PanelQuery, tuple[int, int]]:
    """Return the query with a pilot mean of the outcome, and the numbers of rows without outcome and without a term.

    Without unit effects the rows are summed to cells in the same pass that looks at them.

    Raises
    ------
    NotEstimable
        If a column holds what cannot be used, or the outcome does not vary.
    """
    outcome = as_number("_outcome")
    first = f"SELECT {outcome} AS y FROM ({panel.relation}) WHERE {_complete(panel)} LIMIT {PILOT_ROWS}"
    (pilot,) = panel.row(f"SELECT avg(y) FROM ({first})")
    panel = replace(panel, pilot=float(pilot or 0.0))
    counts = _counts_of_rows(panel) if panel.by_unit else _counts_of_sums(panel)
    return panel, _judged(counts)


def _judged(counts: Sequence[Any]) -> tuple[int, int]:
    """Refuse rows that cannot be used; return how many lack the outcome, and how many of the others a term."""
    no_outcome, used, infinite, weights, keys, total, same = (int(count or 0) for count in counts)
    for n, cause in ((infinite, "infinite"), (weights, "weightless"), (keys, "keyless")):
        if n:
            raise NotEstimable(Said(f"checks.rows_{cause}", n=n), Said("checks.rows_right_left_out_purpose"))
    if not used:
        raise NotEstimable(Said("checks.no_row_has_outcome_all_terms"), Said("checks.complete_rows"))
    if same:
        raise NotEstimable(Said("checks.outcome_same_all_rows"), Said("checks.outcome_varies"))
    return no_outcome, total - no_outcome - used


def _counts_of_rows(panel: PanelQuery) -> Sequence[Any]:
    """Count the rows: without outcome, complete, infinite, of bad weight, without a key, all; and say if y varies."""
    y, complete = as_number("_outcome"), _complete(panel)
    numbers = [as_number(name) for name in ("_outcome", *panel.terms)]
    infinite = " OR ".join(f"isinf({number})" for number in numbers)
    conditions = (is_missing(y), complete, infinite, _bad_weight(panel))
    counts = ", ".join(f"count(*) FILTER ({condition})" for condition in conditions)
    filled_keys = ", ".join(f"count({ident(key)})" for key in sorted(panel.columns))
    keyless = f"count(*) - least({filled_keys}, count(*))"
    constant = f"min({y}) FILTER ({complete}) = max({y}) FILTER ({complete})"
    return panel.row(f"SELECT {counts}, {keyless}, count(*), {constant} FROM ({panel.relation})")


def _bad_weight(panel: PanelQuery) -> str:
    weight = as_number("_weight")
    return f"{is_missing(weight)} OR isinf({weight}) OR {weight} <= 0" if panel.weighted else "FALSE"


def _counts_of_sums(panel: PanelQuery) -> Sequence[Any]:
    """Sum the rows by group, period, terms and clusters as they stand, and return what the sums say of the rows.

    One pass without conditions, which would cost more than the sums: smallest and largest values tell whether every
    number is finite. Where one is not, the rows are counted, and summed again without what is not a number.
    """
    y = as_number("_outcome")
    keys = _make_sums(panel, y)
    sums = panel.table("sums")
    (bad,) = panel.row(f"SELECT count(*) FROM {sums} WHERE {_bad_sums(panel)}")
    if bad:
        counts = _counts_of_rows(panel)
        _judged(counts)
        _make_sums(panel, f"CASE WHEN isfinite({y}) THEN {y} END")
        return counts
    infinite = " OR ".join(f"isinf(CAST({x} AS DOUBLE))" for x in panel.xs)
    keyless = " OR ".join(f"{name} IS NULL" for name in keys if name not in panel.xs)
    finite = _finite_terms(panel)
    return panel.row(
        f"SELECT sum(n_rows - n), sum(n) FILTER ({finite}), sum(n_rows) FILTER ({infinite}), 0,"
        f" sum(n_rows) FILTER ({keyless}), sum(n_rows), min(low) FILTER ({finite}) = max(high) FILTER ({finite})"
        f" FROM {sums}"
    )


def _bad_sums(panel: PanelQuery) -> str:
    """Write the test that a sum has rows with a number or weight that is none."""
    bad = "NOT isfinite(low) OR NOT isfinite(high)"
    if panel.weighted:
        bad += " OR n_weights < n_rows OR NOT isfinite(heaviest) OR lightest <= 0"
    return bad


def _make_sums(panel: PanelQuery, y: str) -> dict[str, str]:
    """Make the table of sums; return its keys and the columns they are."""
    keys = _sum_keys(panel)
    columns = ", ".join(f"{column} AS {name}" for name, column in keys.items())
    shifted = f"({y} - {literal(panel.pilot)})"
    sums = f"count({y}) AS n, CAST(count({y}) AS DOUBLE) AS w, sum({shifted}) AS wy"
    if panel.weighted:
        weight = as_number("_weight")
        sums = (
            f"count({y}) AS n, sum(CASE WHEN {y} IS NOT NULL THEN {weight} END) AS w, sum({weight} * {shifted}) AS wy,"
            f" count({weight}) AS n_weights, min({weight}) AS lightest, max({weight}) AS heaviest"
        )
    panel.run(
        f"CREATE OR REPLACE TEMP TABLE {panel.table('sums')} AS SELECT {columns}, count(*) AS n_rows, {sums},"
        f" min({y}) AS low, max({y}) AS high FROM ({panel.relation}) GROUP BY ALL"
    )
    return keys


def _sum_keys(panel: PanelQuery) -> dict[str, str]:
    """Return the keys of the sums: group, period, terms, and clusters that are no groups."""
    keys = {"g": ident(panel.effects) if panel.effects else "0", "p": "_period"}
    for term, x in zip(panel.terms, panel.xs, strict=True):
        keys[x] = ident(term)
    for i, name in enumerate(panel.clusters):
        if name not in (UNIT, panel.effects):
            keys[f"c{i}"] = ident(name)
    return keys


def _finite_terms(panel: PanelQuery) -> str:
    return " AND ".join(f"isfinite(CAST({x} AS DOUBLE))" for x in panel.xs)


def is_missing(sql: str) -> str:
    """Write the test that an expression is NULL or NaN."""
    return f"({sql} IS NULL OR isnan({sql}))"


def _complete(panel: PanelQuery) -> str:
    return " AND ".join(f"isfinite({as_number(name)})" for name in ("_outcome", *panel.terms))


def complete_rows(panel: PanelQuery) -> str:
    """Return the complete rows with short names: u, g, p, y (less the pilot), w, x0 …, c0 …."""
    columns = [f"{ident(UNIT)} AS u"] if UNIT in panel.columns else []
    columns.append(f"{ident(panel.effects)} AS g" if panel.effects else "0 AS g")
    columns.append("CAST(_period AS BIGINT) AS p")
    columns.append(f"{as_number('_outcome')} - {literal(panel.pilot)} AS y")
    columns.append(f"{as_number('_weight')} AS w" if panel.weighted else "1.0::DOUBLE AS w")
    for term, x in zip(panel.terms, panel.xs, strict=True):
        columns.append(f"{as_number(term)} AS {x}")
    for i, cluster in enumerate(panel.clusters):
        columns.append(f"{ident(cluster)} AS c{i}")
    return f"(SELECT {', '.join(columns)} FROM ({panel.relation}) WHERE {_used(panel)})"


def used_rows(panel: PanelQuery) -> str:
    """Return the SELECT of the rows that are used, with all columns of the relation."""
    return f"SELECT * FROM ({panel.relation}) WHERE {_used(panel)}"


def _used(panel: PanelQuery) -> str:
    """Write which rows are used; after the narrowing to periods, those of units with several."""
    if panel.periods is None:
        return _complete(panel)
    periods = ", ".join(map(literal, panel.periods))
    several = f"count(*) OVER (PARTITION BY {ident(UNIT)}) > 1"
    return f"{_complete(panel)} AND CAST(_period AS BIGINT) IN ({periods}) QUALIFY {several}"


def leave_out_alone(panel: PanelQuery) -> tuple[PanelQuery, tuple[int, int]]:
    """Return the query without rows that unit and period effects fit perfectly, and how many units and rows these are.

    Which they are says :func:`impact.statistics.informative.informative`, of units seen in the same periods at once.

    Raises
    ------
    NotEstimable
        If there is one period only, or no other row is left.
    """
    n_units, fewest, n_rows = _sizes(panel, "u")
    n_periods, smallest, _ = _sizes(panel, "p")
    if n_periods < 2:
        raise NotEstimable(Said("checks.only_one_period"), Said("checks.observations_before_after"))
    if fewest > 1 and (smallest > 1 or not panel.period_effects):
        return panel, (0, 0)
    periods, counts, times = _patterns(panel)
    pattern_stays, period_stays = informative(counts, times, periods=panel.period_effects)
    staying_rows = counts[pattern_stays][:, period_stays].sum(axis=1)
    remaining = int(times[pattern_stays] @ staying_rows)
    if not remaining:
        raise NotEstimable(
            Said("checks.every_row_only_one_unit_period"), Said("checks.units_seen_more_once_beside_others")
        )
    staying = tuple(int(period) for period, stays in zip(periods, period_stays, strict=True) if stays)
    lone_units = int(n_units - times[pattern_stays].sum())
    return replace(panel, periods=staying), (lone_units, int(n_rows) - remaining)


def _sizes(panel: PanelQuery, by: str) -> tuple[int, int, int]:
    """Return how many units (or periods) there are, the rows of the smallest, and those of all."""
    sizes = f"SELECT count(*) AS n FROM {complete_rows(panel)} GROUP BY {by}"
    number, smallest, total = panel.row(f"SELECT count(*), min(n), sum(n) FROM ({sizes})")
    return number, smallest, total


def _patterns(panel: PanelQuery) -> tuple[list[int], Ints, Ints]:
    """Return the periods, the rows in each of them of units that are observed alike, and how many units these are."""
    observed = f"SELECT list(p ORDER BY p) AS seen FROM {complete_rows(panel)} GROUP BY u"
    patterns = panel.run(f"SELECT seen, count(*) FROM ({observed}) GROUP BY seen").fetchall()
    periods = sorted({period for pattern, _ in patterns for period in pattern})
    position = {period: number for number, period in enumerate(periods)}
    counts = np.zeros((len(patterns), len(periods)), dtype=np.int64)
    for level, (pattern, _) in enumerate(patterns):
        np.add.at(counts[level], [position[period] for period in pattern], 1)
    times = np.array([units for _, units in patterns], dtype=np.int64)
    return periods, counts, times


def make_units(panel: PanelQuery, *, apart: bool = False) -> None:
    """Make the table of units with the level of their path, or one each."""
    steady = "min(w) = max(w)"
    path = "u" if apart else _path(panel, steady)
    paths = f"SELECT u, {path} AS path, sum(w * y) / sum(w) AS mean, {steady} AS steady"
    levels = "SELECT path, row_number() OVER () - 1 AS level, count(*) AS size FROM paths GROUP BY path"
    units = panel.table("units")
    panel.run(
        f"CREATE OR REPLACE TEMP TABLE {units} AS"
        f" WITH paths AS MATERIALIZED ({paths} FROM {complete_rows(panel)} GROUP BY u)"
        f" SELECT paths.*, level, size FROM paths JOIN ({levels}) USING (path)"
    )
    n_units, n_levels = panel.row(f"SELECT count(*), max(level) + 1 FROM {units}")
    # where hardly any units share a path, a level for each is as small and needs no check
    if not apart and COMPRESSES * n_units < n_levels < n_units:
        make_units(panel, apart=True)


def _path(panel: PanelQuery, steady: str) -> str:
    """Write the sum of hashes by which units with the same rows are told; weights count if they change over time."""
    row = ", ".join(("p", *panel.xs, *panel.keys))
    path = f"sum(hash({row}))"
    if panel.weighted:
        path = f"{path} + CASE WHEN {steady} THEN 0 ELSE sum(hash(p, w)) END"
    return path


def make_cells(panel: PanelQuery) -> None:
    """Make the table of cells; split paths into units if a cell is not uniform."""
    cells = panel.table("cells")
    rows = _unit_cells(panel, (*panel.xs, *panel.keys)) if panel.by_unit else _group_cells(panel)
    ranks = {"period": "p", **{f"k{key}": key for key in panel.keys}}
    numbers = "".join(f", dense_rank() OVER (ORDER BY {column}) - 1 AS {name}" for name, column in ranks.items())
    panel.run(
        f"CREATE OR REPLACE TEMP TABLE {cells} AS SELECT *, row_number() OVER () - 1 AS cell{numbers} FROM ({rows})"
    )
    (uniform,) = panel.row(f"SELECT bool_and(uniform) FROM {cells}")
    if not uniform:
        _refuse_twice(panel)
        make_units(panel, apart=True)
        make_cells(panel)


def _unit_cells(panel: PanelQuery, shared: Sequence[str]) -> str:
    """Write the cells of units with the same path: a row per level and period."""
    columns = ", ".join(f"min({name}) AS {name}" for name in shared)
    uniform = "".join(f" AND min({name}) = max({name})" for name in shared)
    return (
        f"SELECT level, p, {columns}, {SUMS}, max(size) AS size,"
        " count(*) = max(size) AND (bool_and(steady) OR (NOT bool_or(steady) AND min(w) = max(w)))"
        f"{uniform} AS uniform FROM {complete_rows(panel)} JOIN {panel.table('units')} USING (u) GROUP BY level, p"
    )


def _group_cells(panel: PanelQuery) -> str:
    """Write the sums as cells: terms as numbers, clusters that are the groups under their own name too."""
    columns = [f"CAST({x} AS DOUBLE) AS {x}" for x in panel.xs]
    for i, name in enumerate(panel.clusters):
        if name != UNIT:
            columns.append(f"{'g' if name == panel.effects else f'c{i}'} AS c{i}")
    rows = (
        f"SELECT g, CAST(p AS BIGINT) AS p, {', '.join(columns)}, n, w, wy FROM {panel.table('sums')}"
        f" WHERE n > 0 AND {_finite_terms(panel)}"
    )
    keys = ", ".join(("g", "p", *panel.xs, *panel.keys))
    level = "dense_rank() OVER (ORDER BY g) - 1 AS level"
    return (
        f"SELECT {keys}, CAST(sum(n) AS BIGINT) AS n, sum(w) AS w, sum(wy) / sum(w) AS y, 1 AS size, TRUE AS uniform,"
        f" {level} FROM ({rows}) GROUP BY {keys}"
    )


def _refuse_twice(panel: PanelQuery) -> None:
    repeated = f"SELECT 1 FROM {complete_rows(panel)} GROUP BY u, p HAVING count(*) > 1"
    (times,) = panel.row(f"SELECT count(*) FROM ({repeated})")
    if times:
        raise NotEstimable(
            Said("checks.times_unit_appears_more_once_period", found=times), Said("checks.one_row_per_unit_period")
        )


def read_cells(panel: PanelQuery) -> tuple[Cells, dict[str, Ints]]:
    """Return the cells, and per cell the numbers of its period and clusters."""
    cluster_codes = [f"k{key}" for key in panel.keys]
    names = ("level", "period", "n", "w", "y", "size", *panel.xs, *cluster_codes)
    cells = panel.fetch(f"SELECT {', '.join(names)} FROM {panel.table('cells')} ORDER BY cell")
    levels = cells["level"].astype(np.int64)
    multiplicity = np.ones(int(levels.max()) + 1, dtype=np.int64)
    multiplicity[levels] = cells["size"]
    codes = {name: cells[name].astype(np.int64) for name in ("period", *cluster_codes)}
    periods = codes["period"] if panel.period_effects else None
    regressors = np.column_stack([cells[x] for x in panel.xs])
    n_obs = int(cells["n"].sum())
    summed = Cells(levels, periods, cells["w"], cells["y"], regressors, panel.terms, n_obs, multiplicity)
    return summed, codes
