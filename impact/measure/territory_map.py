"""The value of a map of needs and supply: a share or a count is taken from its cells."""

from __future__ import annotations

import duckdb
import pandas as pd

from impact.declare.indicators import Indicator
from impact.declare.load import Programme
from impact.formulas.measured import COMPLETE, Measured
from impact.formulas.territory_map.model import TerritoryMap
from impact.formulas.territory_map.relations import CELL, STATES, named_waves, relations_sql
from impact.measure.formula import where_sql
from impact.sql import ALL, Select, columns, ident, relation
from impact.words.said import Said

UNPLACED = Said("join.not_estimable", why=Said("values.rows_tell_waves_apart"))


def map_of(indicator: Indicator) -> TerritoryMap:
    """Return the map of an indicator that has one."""
    if not isinstance(indicator.formula, TerritoryMap):
        raise TypeError(f"{indicator.id} is no map")
    return indicator.formula


def indicator_relations(programme: Programme, indicator: Indicator) -> str:
    """Write the relations that an indicator reads, at the waves it names and those in the rows."""
    formula = map_of(indicator)
    need = programme.contracts[indicator.contract]
    where = f"({where_sql(indicator, need)})"
    return relations_sql(programme, formula, need, where=where, waves=named_waves(indicator))


def need_cells(connection: duckdb.DuckDBPyConnection, programme: Programme, indicator: Indicator) -> pd.DataFrame:
    """Return the needs of an indicator by cut and cell.

    Returns
    -------
    pandas.DataFrame
        ``_wave``, the columns of the cuts as text, the codes of the cell, ``_mapped``, ``_state``, ``_needs`` (rows),
        ``_weight`` (sum over rows that have one), ``_unweighted`` (rows without), ``_adrift`` (rows of supply at that
        wave that are not mapped).
    """
    cuts = (*indicator.by, *indicator.scope)
    cell = {"_wave": "n._wave", **{name: f"CAST(n.{ident(name)} AS VARCHAR)" for name in cuts}}
    cell |= columns((*CELL, "_mapped"), of="n")
    cell["_state"] = "a._state"
    weight = _weight(map_of(indicator))
    sums = {
        "_needs": "count(*)",
        "_weight": f"coalesce(sum({weight}), 0.0)",
        "_unweighted": f"count(*) FILTER (({weight}) IS NULL)",
        "_adrift": "any_value(coalesce(s._adrift, 0))",
    }
    query = Select({**cell, **sums}, _NEEDS_ANSWERED, group=ALL, order=ALL)
    return connection.execute(indicator_relations(programme, indicator) + query.sql()).df()


_ADRIFT = Select({"_wave": "_wave", "_adrift": "count(*)"}, "supply", where=("NOT _mapped",), group=("_wave",))
"""Rows of supply that lie in no cell, by wave."""
_SAME_CELL = " AND ".join(f"a.{name} = n.{name}" for name in ("_wave", *CELL))
_NEEDS_ANSWERED = (
    f"need n LEFT JOIN answer a ON n._mapped AND {_SAME_CELL} LEFT JOIN {relation(_ADRIFT)} s ON s._wave = n._wave"
)
"""Each need with the state of its cell."""


def _weight(formula: TerritoryMap) -> str:
    """Write the weight of a need; none where it is below zero."""
    if not formula.weight:
        return "1.0::DOUBLE"
    weight = f"n._{formula.weight}"
    return f"CASE WHEN {weight} >= 0 THEN {weight} END"


def measure_cells(indicator: Indicator, rows: pd.DataFrame) -> tuple[Measured, int, int]:
    """Return the value of one domain, its number of cells, and how many of its needs have no place in it.

    Parameters
    ----------
    indicator
        The indicator, whose formula is a ``territory_map``.
    rows
        Those of the domain at one wave, from :func:`need_cells`.
    """
    mapped = rows[rows["_mapped"]]
    cells = mapped.drop_duplicates(list(CELL))
    unmapped = int(rows.loc[~rows["_mapped"], "_needs"].sum())
    missing = unmapped + int(mapped["_unweighted"].sum())
    adrift = (rows["_adrift"] > 0).any()
    flags = ("unmapped",) if unmapped or adrift else ()
    if indicator.ex_post.wave is None and (rows["_wave"] != "").any():
        return Measured(None, method=UNPLACED, flags=("no_data", *flags)), len(cells), missing
    value = _value(map_of(indicator), mapped, cells)
    if value is None:
        measured = Measured(None, method=Said("values.no_rows_value"), flags=("no_data", *flags))
    else:
        measured = Measured(value, method=COMPLETE, flags=flags)
    return measured, len(cells), missing


def _value(formula: TerritoryMap, rows: pd.DataFrame, cells: pd.DataFrame) -> float | None:
    """Return the share or count; None where there is nothing to take it of."""
    states = STATES[formula.measure]
    if formula.weight is not None:
        total = float(rows["_weight"].sum())
        covered = rows["_state"].isin(states)
        return float(rows.loc[covered, "_weight"].sum()) / total if total > 0 else None
    if not len(cells):
        return None
    counted = cells["_state"].isin(states)
    share = formula.measure == "coverage"
    return float(counted.mean() if share else counted.sum())
