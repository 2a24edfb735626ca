"""One GROUP BY per contract at the finest cell, with additive sums for every indicator; cuts are made from cells."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import pandas as pd

from impact.declare.contracts import Contract
from impact.declare.indicators import Indicator, Sample
from impact.formulas.kind import Summary
from impact.formulas.registry import kind_of
from impact.measure.formula import arm_sql, cluster_sql, difference_sql, is_share, ratio_sql, rows_formula, where_sql
from impact.measure.status import letters_sql
from impact.sql import ident, literal

PILOT_ROWS = 2000
SUMS = ("n", "sx", "sy", "yy", "xy", "xx", "plain", "size", "low", "high", "same")
"""What :class:`impact.measure.moments.Sums` holds, by the name of the column."""
ACCURATE = ("sx", "sy", "plain", "size")
"""Sums of which a value is made: compensated, so that they do not hang on the order of the rows."""
PILOT_BITS = 30
"""Significant bits of a pilot: so few that whole numbers less it are exact."""


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


def _with_labels(view: str, indicators: Sequence[Indicator]) -> str:
    """Add a column per way of telling arms or clusters, called by its own expression: declarations alike share it."""
    labels = dict.fromkeys(
        label for i in indicators for label in (arm_sql(i.ex_post.design), cluster_sql(i.sample)) if label
    )
    if not labels:
        return view
    return f"(SELECT *, {', '.join(f'{label} AS {ident(label)}' for label in labels)} FROM {view})"


def additive_cells(
    connection: duckdb.DuckDBPyConnection, programme: str, contract: Contract, indicators: Sequence[Indicator]
) -> Cells:
    """Sum all indicators of a contract in one pass over its rows."""
    relation = _with_labels(ident(programme, contract.id), indicators)
    parts = {i.id: (*ratio_sql(i, contract), where_sql(i, contract)) for i in indicators}
    wave = ident(contract.wave) if contract.wave else "''"
    return _cells(connection, relation, wave, parts, indicators, letters=letters_sql(contract))


def change_cells(
    connection: duckdb.DuckDBPyConnection, programme: str, contract: Contract, indicators: Sequence[Indicator]
) -> Cells:
    """Sum the changes of linked persons between two waves, the same two for all the indicators given.

    A person belongs to the groups, and passes the filter, of the row at the earlier wave.
    """
    first = indicators[0]
    then, now = literal(first.formula.followed_since), literal(first.ex_post.wave or "")
    person, wave = ident(contract.person or ""), ident(contract.wave or "")
    columns = {
        *key_columns(indicators),
        *(name for i in indicators for name in (i.sample.weight, *_populations(i.sample))),
    }
    kept = [
        f"max(CASE WHEN {wave} = {then} THEN {ident(name)} END) AS {ident(name)}"
        for name in sorted(filter(None, columns))
    ]
    kept += [f"bool_or({wave} = {then}) AND bool_or({wave} = {now}) AS _linked"]
    for place, indicator in enumerate(indicators):
        value, where = ratio_sql(indicator, contract)[0], where_sql(indicator, contract)
        kept += [
            f"max(CASE WHEN {wave} = {now} THEN {value} END) AS _now{place}",
            f"max(CASE WHEN {wave} = {then} THEN {value} END) AS _then{place}",
            f"bool_or({wave} = {then} AND ({where})) AS _in{place}",
        ]
    kept.append(f"coalesce(string_agg({letters_sql(contract)}, '') FILTER ({wave} IN ({then}, {now})), '') AS _letters")
    view = _with_labels(ident(programme, contract.id), indicators)
    relation = f"(SELECT {', '.join(kept)} FROM {view} GROUP BY {person} HAVING bool_or({wave} = {then}))"
    changes = [difference_sql(f"_now{place}", f"_then{place}") for place in range(len(indicators))]
    parts = {i.id: (changes[p], "1.0::DOUBLE", f"(_linked AND _in{p})") for p, i in enumerate(indicators)}
    return _cells(connection, relation, now, parts, indicators, letters="_letters")


def _cells(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    wave: str,
    parts: dict[str, tuple[str, str, str]],
    indicators: Sequence[Indicator],
    *,
    letters: str,
) -> Cells:
    pilot = _pilot(connection, relation, parts, indicators)
    keys = [f"CAST({wave} AS VARCHAR) AS _wave"]
    keys += [f"CAST({ident(name)} AS VARCHAR) AS {ident(name)}" for name in key_columns(indicators)]
    columns, sums = _sample_sums(indicators)
    inner, outer = [f"{letters} AS _s"], []
    for place, indicator in enumerate(indicators):
        lines = _sums(place, indicator, parts[indicator.id], pilot[indicator.id])
        inner += lines[0]
        outer += lines[1]
    names = ", ".join(ident(name) for name in ["_wave", *key_columns(indicators)])
    inside = ", ".join([*keys, *columns, *inner])
    totals = ", ".join([*sums, *outer])
    sql = f"SELECT {names}, count(*) AS _rows, {totals} FROM (SELECT {inside} FROM {relation}) GROUP BY {names}"
    return Cells(connection.execute(f"{sql} ORDER BY ALL").df(), pilot, sql)


def _sample_sums(indicators: Sequence[Indicator]) -> tuple[list[str], list[str]]:
    """Write the columns of samples that cells keep, and over them the size of populations and the ends of weights."""
    populations = sorted({name for i in indicators for name in _populations(i.sample)})
    weights = sorted({i.sample.weight for i in indicators if i.sample.weight and i.sample.population})
    raw = {name: ident(f"raw:{name}") for name in [*populations, *weights]}
    sums = [
        f"CASE WHEN min({raw[name]}) = max({raw[name]}) THEN max({raw[name]})"
        f" WHEN max({raw[name]}) IS NOT NULL THEN -1 END AS {ident('population:' + name)}"
        for name in populations
    ]
    sums += [
        f"CAST({end}({raw[name]}) FILTER ({raw[name]} > 0) AS DOUBLE) AS {ident(f'{word}:{name}')}"
        for name in weights
        for end, word in (("min", "least"), ("max", "most"))
    ]
    return [f"{ident(name)} AS {alias}" for name, alias in raw.items()], sums


def _sums(place: int, indicator: Indicator, part: tuple[str, str, str], pilot: float) -> tuple[list[str], list[str]]:
    """Write the row expressions of one indicator and the sums over them."""
    numerator, denominator, where = part
    weight = ident(indicator.sample.weight) if indicator.sample.weight else "1.0::DOUBLE"
    y, x, w, inside = (f"_{letter}_{place}" for letter in "yxwi")
    valid = f"{inside} AND {y} IS NOT NULL AND {x} IS NOT NULL AND {w} > 0"
    shifted = y if kind_of(indicator.formula).summary.total else f"({y} - {literal(pilot)} * {x})"
    inner = [
        f"{numerator} AS {y}",
        f"{denominator} AS {x}",
        f"CAST({weight} AS DOUBLE) AS {w}",
        f"{where} AS {inside}",
    ]
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
    outer = [
        f"CAST({'fsum' if name in ACCURATE else 'sum'}(CASE WHEN {valid} THEN {term} ELSE 0 END) AS DOUBLE)"
        f" AS {ident(f'{name}:{indicator.id}')}"
        for name, term in terms.items()
    ]
    outer += _ends(indicator, (y, x, w), valid)
    if stated_by := rows_formula(indicator).stated_by:
        inner.append(f"CAST({ident(stated_by)} AS VARCHAR) AS _q_{place}")
        stated = f"list_sort(list(DISTINCT _q_{place}) FILTER ({valid} AND _q_{place} <> 'exact'))"
        outer.append(f"{stated} AS {ident(f'qualifier:{indicator.id}')}")
    outer.append(f"string_agg(DISTINCT _s, '') FILTER ({valid}) AS {ident(f'status:{indicator.id}')}")
    missing = f"CASE WHEN {inside} AND NOT ({valid}) THEN 1 ELSE 0 END"
    negative = f"CAST(count(*) FILTER ({inside} AND {w} < 0) AS DOUBLE) AS {ident(f'negative:{indicator.id}')}"
    return inner, [*outer, f"CAST(sum({missing}) AS DOUBLE) AS {ident(f'missing:{indicator.id}')}", negative]


def _ends(indicator: Indicator, row: tuple[str, str, str], valid: str) -> list[str]:
    """Write the least and greatest value of a row, and whether all rows of the cell count and are alike.

    Where a denominator is negative, or zero below something, the value of a row says nothing: NaN, the greatest.
    """
    y, x, _ = row
    value = y
    if kind_of(indicator.formula).summary is Summary.RATIO:
        value = f"CASE WHEN {x} > 0 THEN {y} / {x} WHEN {x} <> 0 OR {y} <> 0 THEN CAST('nan' AS DOUBLE) END"
    ends = [
        f"{end}({value}) FILTER ({valid}) AS {ident(f'{word}:{indicator.id}')}"
        for end, word in (("min", "low"), ("max", "high"))
    ]
    alike = " AND ".join(f"min({term}) = max({term})" for term in row)
    same = f"coalesce(bool_and(coalesce({valid}, FALSE)) AND {alike}, FALSE)" if indicator.sample.columns() else "FALSE"
    return [*ends, f"CAST({same} AS DOUBLE) AS {ident(f'same:{indicator.id}')}"]


def _populations(sample: Sample) -> list[str]:
    return [name for name in (sample.population, sample.population_within) if name]


def _pilot(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    parts: dict[str, tuple[str, str, str]],
    indicators: Sequence[Indicator],
) -> dict[str, float]:
    """Return a rough value per indicator from its first rows, near enough to keep the squares precise; 0 for shares."""
    queries = ", ".join(
        f"(SELECT sum(y) / nullif(sum(x), 0) FROM (SELECT {y} AS y, {x} AS x FROM {relation}"
        f" WHERE {w} AND {y} IS NOT NULL AND {x} IS NOT NULL LIMIT {PILOT_ROWS}))"
        for y, x, w in (parts[i.id] for i in indicators)
    )
    row = connection.execute(f"SELECT {queries}").fetchall()[0]
    return {
        i.id: 0.0 if is_share(i) else _shortened(float(value or 0.0)) for i, value in zip(indicators, row, strict=True)
    }


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
    wave = ident(contract.wave) if contract.wave else "''"
    names = list(dict.fromkeys(_cut_columns(indicator)))
    keys = [
        f"CAST({wave} AS VARCHAR) AS _wave",
        *(f"CAST({ident(n)} AS VARCHAR) AS {ident(n)}" for n in names),
    ]
    weight = ident(indicator.sample.weight) if indicator.sample.weight else "1"
    sql = (
        f"SELECT {', '.join(keys)}, {value} AS _value, count(*) FILTER ({weight} > 0) AS _n,"
        f" count(*) AS _rows, count(*) FILTER ({weight} < 0) AS _negative,"
        f" string_agg(DISTINCT {letters_sql(contract)}, '') FILTER ({weight} > 0) AS _status,"
        f" CAST(coalesce(sum({weight}) FILTER ({weight} > 0), 0) AS DOUBLE) AS _weight"
        f" FROM {_with_labels(ident(programme, contract.id), [indicator])} WHERE {where_sql(indicator, contract)}"
        " GROUP BY ALL ORDER BY ALL"
    )
    return connection.execute(sql).df(), sql
