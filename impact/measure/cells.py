"""One GROUP BY per contract at the finest cell, with additive sums for every indicator; cuts are made from cells."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import duckdb
import pandas as pd

from impact.declare.contracts import Contract
from impact.declare.indicators import Indicator, Sample
from impact.formulas.kind import Summary
from impact.formulas.registry import kind_of
from impact.measure.formula import arm_sql, cluster_sql, difference_sql, is_share, ratio_sql, rows_formula, where_sql
from impact.measure.status import letters_sql
from impact.sql import (
    ALL,
    EVERY_COLUMN,
    Columns,
    Select,
    as_text,
    columns,
    ident,
    literal,
    relation,
    text_columns,
    text_or_blank,
)

PILOT_ROWS = 2000
SUMS = ("n", "sx", "sy", "yy", "xy", "xx", "plain", "size", "low", "high", "same")
"""What :class:`impact.measure.moments.Sums` holds, by the name of the column."""
ACCURATE = ("sx", "sy", "plain", "size")
"""Sums of which a value is made: compensated, so that they do not hang on the order of the rows."""
PILOT_BITS = 30
"""Significant bits of a pilot: so few that whole numbers less it are exact."""


class RowSql(NamedTuple):
    """What an indicator is of one row, as SQL: its value is Σy over Σx, over the rows for which ``where`` holds."""

    y: str
    x: str
    where: str


@dataclass(frozen=True)
class Cells:
    """The cells of one pass.

    Parameters
    ----------
    frame
        Keys (``_wave`` and the named columns as text), ``_rows``, ``population:<column>``, ``least:<column>`` and
        ``most:<column>`` of weights, and per indicator ``missing:<indicator id>`` and ``<sum>:<indicator id>`` for each
        of :data:`SUMS`.
    pilot
        The value subtracted from each indicator before squaring.
    sql
        The query that made the cells.
    """

    frame: pd.DataFrame
    pilot: dict[str, float]
    sql: str


def key_columns(indicators: Sequence[Indicator]) -> list[str]:
    """Return the columns by which any of the indicators is cut or sampled, in order of first use."""
    names = [
        name
        for indicator in indicators
        for name in (*_cut_columns(indicator), indicator.sample.strata, cluster_sql(indicator.sample))
        if name
    ]
    return list(dict.fromkeys(names))


def _cut_columns(indicator: Indicator) -> tuple[str, ...]:
    arm = arm_sql(indicator.ex_post.design)
    return (*indicator.by, *indicator.scope, *((arm,) if arm else ()))


def _with_labels(view: str, indicators: Sequence[Indicator]) -> str | Select:
    """Add a column per way of telling arms or clusters, called by its own expression: declarations alike share it."""
    ways = (way for i in indicators for way in (arm_sql(i.ex_post.design), cluster_sql(i.sample)))
    labels = {way: way for way in ways if way}
    return Select({**EVERY_COLUMN, **labels}, view) if labels else view


def additive_cells(
    connection: duckdb.DuckDBPyConnection, programme: str, contract: Contract, indicators: Sequence[Indicator]
) -> Cells:
    """Sum all indicators of a contract in one pass over its rows."""
    rows = _with_labels(ident(programme, contract.id), indicators)
    counted = {i.id: RowSql(*ratio_sql(i, contract), where_sql(i, contract)) for i in indicators}
    wave = ident(contract.wave) if contract.wave else "''"
    return _cells(connection, rows, wave, counted, indicators, letters=letters_sql(contract))


def change_cells(
    connection: duckdb.DuckDBPyConnection, programme: str, contract: Contract, indicators: Sequence[Indicator]
) -> Cells:
    """Sum the changes of linked persons between two waves, the same two for all the indicators given.

    A person belongs to the groups, and passes the filter, of the row at the earlier wave.
    """
    first, wave = indicators[0], ident(contract.wave or "")
    earlier, later = literal(first.formula.followed_since), literal(first.ex_post.wave or "")
    is_earlier, is_later = f"{wave} = {earlier}", f"{wave} = {later}"
    sampled = {name for i in indicators for name in (i.sample.weight, *_populations(i.sample)) if name}
    names = sorted({*key_columns(indicators), *sampled})
    person: dict[str, str] = {name: f"max(CASE WHEN {is_earlier} THEN {ident(name)} END)" for name in names}
    person["_linked"] = f"bool_or({is_earlier}) AND bool_or({is_later})"
    for number, indicator in enumerate(indicators):
        value, _ = ratio_sql(indicator, contract)
        person[f"_now{number}"] = f"max(CASE WHEN {is_later} THEN {value} END)"
        person[f"_then{number}"] = f"max(CASE WHEN {is_earlier} THEN {value} END)"
        person[f"_in{number}"] = f"bool_or({is_earlier} AND ({where_sql(indicator, contract)}))"
    letters = f"string_agg({letters_sql(contract)}, '') FILTER ({wave} IN ({earlier}, {later}))"
    person["_letters"] = f"coalesce({letters}, '')"
    view, by = _with_labels(ident(programme, contract.id), indicators), (ident(contract.person or ""),)
    persons = Select(person, view, group=by, having=f"bool_or({is_earlier})")
    counted = {i.id: _change(number) for number, i in enumerate(indicators)}
    return _cells(connection, persons, later, counted, indicators, letters="_letters")


def _change(number: int) -> RowSql:
    return RowSql(difference_sql(f"_now{number}", f"_then{number}"), "1.0::DOUBLE", f"(_linked AND _in{number})")


def _cells(
    connection: duckdb.DuckDBPyConnection,
    rows: str | Select,
    wave: str,
    counted: Mapping[str, RowSql],
    indicators: Sequence[Indicator],
    *,
    letters: str,
) -> Cells:
    pilot = _pilot(connection, rows, counted, indicators)
    names = key_columns(indicators)
    sampled, totals = _sample_sums(indicators)
    row = {"_wave": f"CAST({wave} AS VARCHAR)", **text_columns(names), **sampled, "_s": letters}
    cell: dict[str, str] = {"_rows": "count(*)", **totals}
    for number, indicator in enumerate(indicators):
        expressions, sums = _sums(number, indicator, counted[indicator.id], pilot[indicator.id])
        row |= expressions
        cell |= sums
    keys = columns(("_wave", *names))
    query = Select({**keys, **cell}, Select(row, rows), group=tuple(keys.values()))
    return Cells(connection.execute(replace(query, order=ALL).sql()).df(), pilot, query.sql())


def _sample_sums(indicators: Sequence[Indicator]) -> tuple[Columns, Columns]:
    """Write the columns of samples that cells keep, and over them the size of populations and the ends of weights."""
    populations = sorted({name for i in indicators for name in _populations(i.sample)})
    weights = sorted({i.sample.weight for i in indicators if i.sample.weight and i.sample.population})
    sums = {f"population:{name}": _one_size(ident(f"raw:{name}")) for name in populations}
    for name in weights:
        raw = ident(f"raw:{name}")
        sums[f"least:{name}"] = f"CAST(min({raw}) FILTER ({raw} > 0) AS DOUBLE)"
        sums[f"most:{name}"] = f"CAST(max({raw}) FILTER ({raw} > 0) AS DOUBLE)"
    return {f"raw:{name}": ident(name) for name in (*populations, *weights)}, sums


def _one_size(raw: str) -> str:
    """Write the one value that the rows of a cell have; -1 where they have several."""
    return f"CASE WHEN min({raw}) = max({raw}) THEN max({raw}) WHEN max({raw}) IS NOT NULL THEN -1 END"


def _sums(number: int, indicator: Indicator, counted: RowSql, pilot: float) -> tuple[Columns, Columns]:
    """Write the row expressions of one indicator and the sums over them."""
    weight = ident(indicator.sample.weight) if indicator.sample.weight else "1.0::DOUBLE"
    y, x, w, inside = (f"_{letter}_{number}" for letter in "yxwi")
    row = {y: counted.y, x: counted.x, w: f"CAST({weight} AS DOUBLE)", inside: counted.where}
    valid = f"{inside} AND {y} IS NOT NULL AND {x} IS NOT NULL AND {w} > 0"
    shifted = y if kind_of(indicator.formula).summary.total else f"({y} - {literal(pilot)} * {x})"
    terms = {
        "n": "1",
        "sx": f"{w} * {x}",
        "sy": f"{w} * {shifted}",
        "yy": f"{w} * {w} * {shifted} * {shifted}",
        "xy": f"{w} * {w} * {x} * {shifted}",
        "xx": f"{w} * {w} * {x} * {x}",
        "plain": f"{w} * {y}",
        "size": f"{w} * abs({y})",
    }
    sums = {name: _sum(name, term, valid) for name, term in terms.items()} | _ends(indicator, (y, x, w), valid)
    if stated_by := rows_formula(indicator).stated_by:
        qualifier = f"_q_{number}"
        row[qualifier] = as_text(stated_by)
        sums["qualifier"] = f"list_sort(list(DISTINCT {qualifier}) FILTER ({valid} AND {qualifier} <> 'exact'))"
    sums["status"] = f"string_agg(DISTINCT _s, '') FILTER ({valid})"
    sums["missing"] = f"CAST(sum(CASE WHEN {inside} AND ({valid}) IS NOT TRUE THEN 1 ELSE 0 END) AS DOUBLE)"
    sums["negative"] = f"CAST(count(*) FILTER ({inside} AND {w} < 0) AS DOUBLE)"
    return row, {f"{name}:{indicator.id}": expression for name, expression in sums.items()}


def _sum(name: str, term: str, valid: str) -> str:
    add = "fsum" if name in ACCURATE else "sum"
    return f"CAST({add}(CASE WHEN {valid} THEN {term} ELSE 0 END) AS DOUBLE)"


def _ends(indicator: Indicator, row: tuple[str, str, str], valid: str) -> dict[str, str]:
    """Write the least and greatest value of a row, and whether all rows of the cell count and are alike.

    Where a denominator is negative, or zero below something, the value of a row says nothing: NaN, the greatest.
    """
    y, x, _ = row
    value = y
    if kind_of(indicator.formula).summary is Summary.RATIO:
        value = f"CASE WHEN {x} > 0 THEN {y} / {x} WHEN {x} <> 0 OR {y} <> 0 THEN CAST('nan' AS DOUBLE) END"
    uniform = " AND ".join(f"min({term}) = max({term})" for term in row)
    same = f"coalesce(bool_and(coalesce({valid}, FALSE)) AND {uniform}, FALSE)"
    return {
        "low": f"min({value}) FILTER ({valid})",
        "high": f"max({value}) FILTER ({valid})",
        "same": f"CAST({same if indicator.sample.columns() else 'FALSE'} AS DOUBLE)",
    }


def _populations(sample: Sample) -> list[str]:
    return [name for name in (sample.population, sample.population_within) if name]


def _pilot(
    connection: duckdb.DuckDBPyConnection,
    rows: str | Select,
    counted: Mapping[str, RowSql],
    indicators: Sequence[Indicator],
) -> dict[str, float]:
    """Return a rough value per indicator from its first rows, near enough to keep the squares precise; 0 for shares."""
    rough = {i.id: relation(_rough(rows, counted[i.id])) for i in indicators}
    (values,) = connection.execute(Select(rough).sql()).fetchall()
    return {
        i.id: 0.0 if is_share(i) else _shortened(float(value or 0.0))
        for i, value in zip(indicators, values, strict=True)
    }


def _rough(rows: str | Select, counted: RowSql) -> Select:
    """Write the value that the first rows give."""
    where = (counted.where, f"{counted.y} IS NOT NULL", f"{counted.x} IS NOT NULL")
    first = Select({"y": counted.y, "x": counted.x}, rows, where=where, limit=PILOT_ROWS)
    return Select({"value": "sum(y) / nullif(sum(x), 0)"}, first)


def _shortened(value: float) -> float:
    if not math.isfinite(value):
        return 0.0
    fraction, exponent = math.frexp(value)
    return math.ldexp(round(math.ldexp(fraction, PILOT_BITS)), exponent - PILOT_BITS)


def value_counts(
    connection: duckdb.DuckDBPyConnection, programme: str, contract: Contract, indicator: Indicator
) -> tuple[pd.DataFrame, str]:
    """Return, per cell, how often each value stands: what quantiles and distinct counts need.

    Returns
    -------
    tuple
        The keys, ``_value`` (missing for rows without one), ``_rows``, and of those with a weight above zero ``_n`` and
        ``_weight``, ``_negative`` with one below; and the query.
    """
    value, _ = ratio_sql(indicator, contract)
    weight = ident(indicator.sample.weight) if indicator.sample.weight else "1"
    counts = {
        "_wave": text_or_blank(contract.wave),
        **text_columns(_cut_columns(indicator)),
        "_value": value,
        "_n": f"count(*) FILTER ({weight} > 0)",
        "_rows": "count(*)",
        "_negative": f"count(*) FILTER ({weight} < 0)",
        "_status": f"string_agg(DISTINCT {letters_sql(contract)}, '') FILTER ({weight} > 0)",
        "_weight": f"CAST(coalesce(sum({weight}) FILTER ({weight} > 0), 0) AS DOUBLE)",
    }
    rows, where = _with_labels(ident(programme, contract.id), [indicator]), (where_sql(indicator, contract),)
    sql = Select(counts, rows, where=where, group=ALL, order=ALL).sql()
    return connection.execute(sql).df(), sql
