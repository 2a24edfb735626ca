"""One GROUP BY per contract at the finest cell, with additive sums for every indicator; cuts are made from cells."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import duckdb
import pandas as pd

from impact.declare.contracts import Contract
from impact.declare.indicators import Indicator, Sample
from impact.formulas.kind import Summary
from impact.formulas.registry import kind_of
from impact.measure.formula import arm_sql, cluster_sql, difference_sql, is_share, ratio_sql, rows_formula, where_sql
from impact.measure.obs_flags import letters_sql
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
    """

    frame: pd.DataFrame
    pilot: dict[str, float]


def key_columns(indicators: Sequence[Indicator]) -> list[str]:
    """Return the columns by which any of the indicators is cut or sampled, in order of first use."""
    names: dict[str, None] = {}
    for indicator in indicators:
        sample = indicator.sample
        keys = (*_cut_columns(indicator), sample.strata, cluster_sql(sample))
        names |= dict.fromkeys(key for key in keys if key)
    return list(names)


def _cut_columns(indicator: Indicator) -> tuple[str, ...]:
    arm = arm_sql(indicator.ex_post.design)
    return (*indicator.by, *indicator.scope, *((arm,) if arm else ()))


def _with_labels(view: str, indicators: Sequence[Indicator]) -> str | Select:
    """Add a column per way of telling arms or clusters, called by its own expression: declarations alike share it."""
    labels: list[str | None] = []
    for indicator in indicators:
        labels += (arm_sql(indicator.ex_post.design), cluster_sql(indicator.sample))
    by_expression = {label: label for label in labels if label}
    return Select({**EVERY_COLUMN, **by_expression}, view) if by_expression else view


def additive_cells(
    connection: duckdb.DuckDBPyConnection, programme: str, contract: Contract, indicators: Sequence[Indicator]
) -> Cells:
    """Sum all indicators of a contract in one pass over its rows."""
    rows = _with_labels(ident(programme, contract.id), indicators)
    wave = ident(contract.wave) if contract.wave else "''"
    counted = {}
    for indicator in indicators:
        y, x = ratio_sql(indicator, contract)
        counted[indicator.id] = RowSql(y, x, where_sql(indicator, contract))
    return _cells(connection, rows, wave, counted, indicators, letters=letters_sql(contract))


def change_cells(
    connection: duckdb.DuckDBPyConnection, programme: str, contract: Contract, indicators: Sequence[Indicator]
) -> Cells:
    """Sum the changes of linked persons between two waves, the same two for all the indicators given.

    A person belongs to the groups, and passes the filter, of the row at the earlier wave.
    """
    first, wave = indicators[0], ident(contract.wave or "")
    earlier = literal(first.formula.followed_since)
    later = literal(first.ex_post.wave or "")
    is_earlier, is_later = f"{wave} = {earlier}", f"{wave} = {later}"
    person: dict[str, str] = {name: _at_wave(is_earlier, ident(name)) for name in _followed_columns(indicators)}
    person["_linked"] = f"bool_or({is_earlier}) AND bool_or({is_later})"
    counted = {}
    for number, indicator in enumerate(indicators):
        value, _ = ratio_sql(indicator, contract)
        now, then, counts = f"_now{number}", f"_then{number}", f"_in{number}"
        person[now] = _at_wave(is_later, value)
        person[then] = _at_wave(is_earlier, value)
        person[counts] = f"bool_or({is_earlier} AND ({where_sql(indicator, contract)}))"
        counted[indicator.id] = RowSql(difference_sql(now, then), "1.0::DOUBLE", f"(_linked AND {counts})")
    letters = f"string_agg({letters_sql(contract)}, '') FILTER ({wave} IN ({earlier}, {later}))"
    person["_letters"] = f"coalesce({letters}, '')"
    view = _with_labels(ident(programme, contract.id), indicators)
    by_person = (ident(contract.person or ""),)
    persons = Select(person, view, group=by_person, having=f"bool_or({is_earlier})")
    return _cells(connection, persons, later, counted, indicators, letters="_letters")


def _followed_columns(indicators: Sequence[Indicator]) -> list[str]:
    """Return the columns that a person brings along from the earlier wave."""
    names = set(key_columns(indicators))
    for indicator in indicators:
        names.update(_populations(indicator.sample))
        if indicator.sample.weight:
            names.add(indicator.sample.weight)
    return sorted(names)


def _at_wave(is_wave: str, expression: str) -> str:
    """Write what a person has at a wave, where each has at most one row."""
    return f"max(CASE WHEN {is_wave} THEN {expression} END)"


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
    query = Select({**keys, **cell}, Select(row, rows), group=tuple(keys.values()), order=ALL)
    return Cells(connection.execute(query.sql()).df(), pilot)


def _sample_sums(indicators: Sequence[Indicator]) -> tuple[Columns, Columns]:
    """Write the columns of samples that cells keep, and over them the size of populations and the ends of weights."""
    samples = [indicator.sample for indicator in indicators]
    populations = sorted({name for sample in samples for name in _populations(sample)})
    weights = sorted({sample.weight for sample in samples if sample.weight and sample.population})
    sums = {f"population:{name}": _one_size(ident(f"raw:{name}")) for name in populations}
    for name in weights:
        raw = ident(f"raw:{name}")
        sums[f"least:{name}"] = f"CAST(min({raw}) FILTER ({raw} > 0) AS DOUBLE)"
        sums[f"most:{name}"] = f"CAST(max({raw}) FILTER ({raw} > 0) AS DOUBLE)"
    raw_columns = {f"raw:{name}": ident(name) for name in (*populations, *weights)}
    return raw_columns, sums


def _one_size(raw: str) -> str:
    """Write the one value that the rows of a cell have; -1 where they have several."""
    return f"CASE WHEN min({raw}) = max({raw}) THEN max({raw}) WHEN max({raw}) IS NOT NULL THEN -1 END"


def _sums(number: int, indicator: Indicator, counted: RowSql, pilot: float) -> tuple[Columns, Columns]:
    """Write the row expressions of one indicator and the sums over them."""
    weight = ident(indicator.sample.weight) if indicator.sample.weight else "1.0::DOUBLE"
    y, x, w, inside = (f"_{letter}_{number}" for letter in "yxwi")
    row = {y: counted.y, x: counted.x, w: f"CAST({weight} AS DOUBLE)", inside: counted.where}
    valid = f"{inside} AND {y} IS NOT NULL AND {x} IS NOT NULL AND {w} > 0"
    total = kind_of(indicator.formula).summary.total
    shifted = y if total else f"({y} - {literal(pilot)} * {x})"
    sums = {name: _sum(name, term, valid) for name, term in _terms(y, x, w, shifted).items()}
    sums |= _ends(indicator, (y, x, w), valid)
    if stated_by := rows_formula(indicator).stated_by:
        qualifier = f"_q_{number}"
        row[qualifier] = as_text(stated_by)
        sums["qualifier"] = f"list_sort(list(DISTINCT {qualifier}) FILTER ({valid} AND {qualifier} <> 'exact'))"
    sums["status"] = f"string_agg(DISTINCT _s, '') FILTER ({valid})"
    sums["missing"] = f"CAST(sum(CASE WHEN {inside} AND ({valid}) IS NOT TRUE THEN 1 ELSE 0 END) AS DOUBLE)"
    sums["negative"] = f"CAST(count(*) FILTER ({inside} AND {w} < 0) AS DOUBLE)"
    return row, {f"{name}:{indicator.id}": expression for name, expression in sums.items()}


def _terms(y: str, x: str, w: str, shifted: str) -> Columns:
    """Write what is added up over rows, by the names of :data:`SUMS`."""
    return {
        "n": "1",
        "sx": f"{w} * {x}",
        "sy": f"{w} * {shifted}",
        "yy": f"{w} * {w} * {shifted} * {shifted}",
        "xy": f"{w} * {w} * {x} * {shifted}",
        "xx": f"{w} * {w} * {x} * {x}",
        "plain": f"{w} * {y}",
        "size": f"{w} * abs({y})",
    }


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
    same = "FALSE"
    if indicator.sample.columns():
        uniform = " AND ".join(f"min({term}) = max({term})" for term in row)
        same = f"coalesce(bool_and(coalesce({valid}, FALSE)) AND {uniform}, FALSE)"
    return {
        "low": f"min({value}) FILTER ({valid})",
        "high": f"max({value}) FILTER ({valid})",
        "same": f"CAST({same} AS DOUBLE)",
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
    pilot = {}
    for indicator, value in zip(indicators, values, strict=True):
        shift = 0.0 if is_share(indicator) else float(value or 0.0)
        pilot[indicator.id] = _shortened(shift)
    return pilot


def _rough(rows: str | Select, counted: RowSql) -> Select:
    """Write the value that the first rows give."""
    row = {"y": counted.y, "x": counted.x}
    valid = (counted.where, f"{counted.y} IS NOT NULL", f"{counted.x} IS NOT NULL")
    first = Select(row, rows, where=valid, limit=PILOT_ROWS)
    return Select({"value": "sum(y) / nullif(sum(x), 0)"}, first)


def _shortened(value: float) -> float:
    """Round a number to its first :data:`PILOT_BITS` bits; 0 for what is no number."""
    if not math.isfinite(value):
        return 0.0
    fraction, exponent = math.frexp(value)
    leading = round(math.ldexp(fraction, PILOT_BITS))
    return math.ldexp(leading, exponent - PILOT_BITS)


def value_counts(
    connection: duckdb.DuckDBPyConnection, programme: str, contract: Contract, indicator: Indicator
) -> pd.DataFrame:
    """Return, per cell, how often each value stands: what quantiles and distinct counts need.

    Returns
    -------
    pandas.DataFrame
        The keys, ``_value`` (missing for rows without one), ``_rows``, and of those with a weight above zero ``_n`` and
        ``_weight``, ``_negative`` with one below.
    """
    value, _ = ratio_sql(indicator, contract)
    weight = ident(indicator.sample.weight) if indicator.sample.weight else "1"
    weighted = f"FILTER ({weight} > 0)"
    counts = {"_wave": text_or_blank(contract.wave), **text_columns(_cut_columns(indicator)), "_value": value}
    counts["_n"] = f"count(*) {weighted}"
    counts["_rows"] = "count(*)"
    counts["_negative"] = f"count(*) FILTER ({weight} < 0)"
    counts["_status"] = f"string_agg(DISTINCT {letters_sql(contract)}, '') {weighted}"
    counts["_weight"] = f"CAST(coalesce(sum({weight}) {weighted}, 0) AS DOUBLE)"
    rows = _with_labels(ident(programme, contract.id), [indicator])
    selected = (where_sql(indicator, contract),)
    query = Select(counts, rows, where=selected, group=ALL, order=ALL)
    return connection.execute(query.sql()).df()
