"""Sums over the rows of a contract, many indicators at once: a GROUP BY for each few of the columns that cut.

Columns share a GROUP BY as long as its cells stay few beside the rows: so the cost grows with the sum of the cuts, not
with their product, and few passes read the rows. Where clusters were sampled, the sums that a spread is made of are
taken by cluster, those of values without.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import duckdb
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from impact.declare.indicators import Indicator
from impact.formulas.base import ONE
from impact.formulas.registry import kind_of
from impact.measure.formula import arm_sql, cluster_sql, is_share, rows_formula
from impact.measure.moments import ShiftedSums, ValueSums
from impact.sql import Columns, Select, all_of, as_number, as_text, columns, ident, literal, text_columns
from impact.statistics.core import Floats
from impact.statistics.surveys.strata import Bools

FEW_CELLS, MANY_CELLS = 2_000, 20_000
"""So many cells of a GROUP BY are few beside any rows, and so many are the most."""
ROWS_PER_CELL = 20
"""Columns share a GROUP BY while cells have as many rows on average."""
PILOT_ROWS = 2_000
PILOT_BITS = 30
"""Significant bits of a pilot: so few that whole numbers less it are exact."""
EVERYWHERE = "TRUE"
"""The filter of an indicator that has none."""
LETTERS = "flags of the row"
BETWEEN = chr(31)
"""Stands between the words of a text that is a list."""


@dataclass(frozen=True)
class RowSql:
    """What an indicator is of one row, as SQL: its value is Σy over Σx, over the rows for which ``where`` holds."""

    y: str
    x: str
    where: str


@dataclass(frozen=True)
class SummedRows:
    """The rows of a pass.

    Parameters
    ----------
    relation
        Where they stand, with a column for each way of telling arms or clusters, called by its own expression.
    wave, letters
        As SQL: the wave of a row, and its flags, None where it has none.
    terms
        What each indicator is of a row.
    """

    relation: str | Select
    wave: str
    letters: str | None
    terms: Mapping[str, RowSql]


@dataclass(frozen=True)
class Cells:
    """The cells of one GROUP BY.

    Parameters
    ----------
    keys
        A row per cell: ``_wave`` and the columns that it is grouped by, as text.
    taken
        By name, each of shape (C,): ``_rows``, ``population:<column>``, ``least:<column>`` and ``most:<column>`` of
        weights, NaN where not known, and ``<sum>:<indicator id>``, 0 where there is nothing to sum.
    cuts
        The columns that cut, of those it is grouped by.
    pilot
        The value subtracted from each indicator before squaring.
    """

    keys: pd.DataFrame
    taken: Mapping[str, NDArray[Any]]
    cuts: tuple[str, ...]
    pilot: Mapping[str, float]

    @property
    def rows(self) -> Floats:
        """Shape (C,): all rows of each cell."""
        return self.taken["_rows"]

    def sums(self, name: str, indicator: Indicator) -> NDArray[Any]:
        """Return a sum that was taken, shape (C,)."""
        return self.taken[f"{name}:{indicator.id}"]

    def has(self, name: str, indicator: Indicator) -> bool:
        """Tell whether a sum was taken: those that follow from others are not."""
        return f"{name}:{indicator.id}" in self.taken

    def inside(self, indicator: Indicator) -> Floats:
        """Return the rows that the filter selects, shape (C,)."""
        return self.sums("inside", indicator) if self.has("inside", indicator) else self.rows

    def negative(self, indicator: Indicator) -> NDArray[Any] | None:
        """Return the rows that the filter selects with a weight below zero, shape (C,); None where rows have none."""
        if not indicator.sample.weight:
            return None
        return self.sums("negative", indicator) if self.has("negative", indicator) else self.taken["_negative"]

    def value_sums(self, indicator: Indicator) -> ValueSums:
        """Return what the value is made of; sums that are the same as others, as of weights of 1, were not taken."""
        n, plain = self.sums("n", indicator), self.sums("plain", indicator)
        sx = self._or("sx", indicator, n)
        return ValueSums(n, sx, plain, self._or("size", indicator, plain), *self._ends(indicator, n))

    def shifted_sums(self, indicator: Indicator) -> ShiftedSums:
        """Return what the spread is made of; of clusters that are taken whole no squares are needed."""
        sx = self._or("sx", indicator, np.zeros(0))
        n = self._or("n", indicator, sx)
        sx = sx if self.has("sx", indicator) else n
        sy = self.sums("sy", indicator) if self.has("sy", indicator) else self.sums("plain", indicator)
        # of values that are not negative the amounts are the values, which the pilot was taken from
        size = self._or("size", indicator, sy + self.pilot.get(indicator.id, 0.0) * sx)
        squares = (self._or("yy", indicator, sy), self._or("xy", indicator, sy), self._or("xx", indicator, n))
        return ShiftedSums(n, sx, sy, *squares, size, self._alike(indicator, n))

    def _or(self, name: str, indicator: Indicator, same: Floats) -> Floats:
        """Return a sum, or another that it is the same as where it was not taken."""
        return self.sums(name, indicator) if self.has(name, indicator) else same

    def _ends(self, indicator: Indicator, n: Floats) -> tuple[Floats, Floats]:
        """Return the least and greatest value of a row; infinities the wrong way round where none has one."""
        if self.has("low", indicator):
            low, high = self.sums("low", indicator), self.sums("high", indicator)
        else:  # rows of 0 and 1, whose sum says which there are
            ones = self.sums("plain", indicator)
            low, high = np.where(ones < n, 0.0, 1.0), np.where(ones > 0, 1.0, 0.0)
        return np.where(n > 0, low, np.inf), np.where(n > 0, high, -np.inf)

    def _alike(self, indicator: Indicator, n: Floats) -> Floats:
        """Tell by 1 of each cell whether all its rows count and are alike."""
        if not (self.has("low", indicator) or self.has("plain", indicator)):
            return np.zeros(len(n))
        low, high = self._ends(indicator, n)
        alike: Bools = (n == self.rows) & (low == high)
        if indicator.sample.weight:
            least, most = (self.taken[f"{end}:{indicator.sample.weight}"] for end in ("least", "most"))
            alike &= least == most
        if self.has("least_x", indicator):
            alike &= self.sums("least_x", indicator) == self.sums("most_x", indicator)
        return alike.astype(np.float64)


@dataclass(frozen=True)
class Summed:
    """The sums of indicators with the same arms and sample; each column that cuts is in one of the cells of each kind.

    Parameters
    ----------
    parts
        For values; the whole may be added up from any.
    units
        For spreads: by sampling units, where clusters were sampled; else the same.
    """

    parts: tuple[Cells, ...]
    units: tuple[Cells, ...]


def has_spread(indicator: Indicator) -> bool:
    """Tell whether a value is of a sample: it is not where rows are all there is, or a total that nothing expands."""
    sample = indicator.sample
    return not sample.all_units and not (kind_of(indicator.formula).summary.total and not sample.weight)


def sum_cells(connection: duckdb.DuckDBPyConnection, rows: SummedRows, indicators: Sequence[Indicator]) -> Summed:
    """Sum indicators that have the same arms and sample.

    Parameters
    ----------
    connection
        Holds the rows.
    rows, indicators
        The rows of a pass, and those of its indicators.
    """
    arm, sample = arm_sql(indicators[0].ex_post.design), indicators[0].sample
    cluster = cluster_sql(sample)
    arms = [arm] if arm else []
    drawn = [name for name in (cluster, sample.strata) if name] if any(map(has_spread, indicators)) else []
    cuts = tuple(dict.fromkeys(name for indicator in indicators for name in (*indicator.scope, *indicator.by)))
    profile = _profile(connection, rows, indicators, (*arms, *drawn, *cuts))
    statements = _Statements(rows, indicators, profile)
    if cluster not in drawn:
        cells = statements.take(connection, (*arms, *drawn), cuts, values=True, spreads=True)
        return Summed(cells, cells)
    parts = statements.take(connection, arms, cuts, values=True, spreads=False)
    return Summed(parts, statements.take(connection, (*arms, *drawn), cuts, values=False, spreads=True))


@dataclass(frozen=True)
class _Profile:
    """What is known of rows before they are summed.

    Parameters
    ----------
    rows, distinct
        How many there are, and about how many values a column has.
    pilot, negative
        By indicator: a rough value, near enough to keep squares precise, and whether any row is below zero.
    """

    rows: int
    distinct: Mapping[str, int]
    pilot: Mapping[str, float]
    negative: Mapping[str, bool]


def _profile(
    connection: duckdb.DuckDBPyConnection, rows: SummedRows, indicators: Sequence[Indicator], keys: Sequence[str]
) -> _Profile:
    """Read the rows once, before they are summed."""
    row = {"_wave": rows.wave, **columns(keys)}
    asked = {"_rows": "count(*)"} | {f"distinct:{key}": f"approx_count_distinct({ident(key)})" for key in row}
    asked_of = [indicator for indicator in indicators if not is_share(indicator)]
    for indicator in asked_of:
        term = _Term.of(indicator, rows.terms[indicator.id])
        row |= term.row()
        asked[f"pilot:{indicator.id}"] = f"fsum({term.y}) / nullif(fsum({term.x}), 0)" if term.x else f"favg({term.y})"
        asked[f"least:{indicator.id}"] = f"min({term.y})"
    source = Select(row, rows.relation)
    (answer,) = connection.execute(Select(asked, source).sql()).fetchall()
    told = dict(zip(asked, answer, strict=True))
    told |= _rough(connection, replace(source, limit=PILOT_ROWS), asked_of, rows)
    pilot = {i.id: _shortened(told[f"pilot:{i.id}"] or 0.0) for i in asked_of if not kind_of(i.formula).summary.total}
    negative = {indicator.id: (told[f"least:{indicator.id}"] or 0.0) < 0 for indicator in asked_of}
    distinct = {key: told[f"distinct:{key}"] for key in ("_wave", *keys)}
    return _Profile(told["_rows"], distinct, pilot, negative)


def _rough(
    connection: duckdb.DuckDBPyConnection, first: Select, indicators: Sequence[Indicator], rows: SummedRows
) -> Mapping[str, float]:
    """Return the median of the first rows of each indicator that has a value there: one wild row does not move it."""
    terms = [_Term.of(indicator, rows.terms[indicator.id]) for indicator in indicators]
    if not terms:
        return {}
    medians = {
        f"pilot:{one.id}": f"median({one.y} / nullif({one.x}, 0))" if one.x else f"median({one.y})" for one in terms
    }
    (answer,) = connection.execute(Select(medians, first).sql()).fetchall()
    return {name: value for name, value in zip(medians, answer, strict=True) if value is not None}


@dataclass(frozen=True)
class _Term:
    """An indicator's own columns of a row, each NULL where the row does not count; ``x`` and ``weight`` only if not 1.

    Parameters
    ----------
    id
        The indicator.
    sql
        What it is of a row.
    weight
        The column of the weight; its number stands under ``weight:<column>``.
    stated_by
        The column that says how figures were stated.
    """

    id: str
    sql: RowSql
    weight: str | None
    stated_by: str | None

    @classmethod
    def of(cls, indicator: Indicator, sql: RowSql) -> _Term:
        return cls(indicator.id, sql, indicator.sample.weight, rows_formula(indicator).stated_by)

    @property
    def y(self) -> str:
        return ident(f"y:{self.id}")

    @property
    def x(self) -> str:
        """The denominator; empty where it is 1."""
        return "" if self.sql.x == ONE else ident(f"x:{self.id}")

    @property
    def w(self) -> str:
        """The weight; empty where it is 1."""
        return ident(f"weight:{self.weight}") if self.weight else ""

    @property
    def wx(self) -> str:
        """Weight times denominator; empty where both are 1."""
        return ident(f"wx:{self.id}") if self.w else self.x

    @property
    def inside(self) -> str:
        """Whether the filter selects the row; empty without a filter."""
        return "" if self.sql.where == EVERYWHERE else ident(f"inside:{self.id}")

    def row(self) -> dict[str, str]:
        """Write its columns of a row."""
        y, x = f"CAST({self.sql.y} AS DOUBLE)", f"CAST({self.sql.x} AS DOUBLE)"
        weight = as_number(self.weight) if self.weight else ""
        counts = [self.sql.where] if self.inside else []
        counts += [f"{self.sql.x} IS NOT NULL"] if self.x else []
        counts += [f"{weight} > 0"] if weight else []
        valued = [*counts, f"{self.sql.y} IS NOT NULL"]
        row = {f"y:{self.id}": _where(counts, y)}
        if self.x:
            row[f"x:{self.id}"] = _where(valued, x)
        if weight:
            row[f"weight:{self.weight}"] = weight
            row[f"wx:{self.id}"] = _where(valued, f"{weight} * {x}" if self.x else weight)
        if self.inside:
            row[f"inside:{self.id}"] = self.sql.where
        if self.stated_by:
            row[f"stated:{self.id}"] = as_text(self.stated_by)
        return row


def _where(conditions: Sequence[str], value: str) -> str:
    """Write a value that is NULL where a condition does not hold."""
    return f"CASE WHEN {all_of(conditions)} THEN {value} END" if conditions else value


@dataclass(frozen=True)
class _Statements:
    """What is asked of the rows of a pass."""

    rows: SummedRows
    indicators: Sequence[Indicator]
    profile: _Profile

    def take(
        self,
        connection: duckdb.DuckDBPyConnection,
        keys: Sequence[str],
        cuts: Sequence[str],
        *,
        values: bool,
        spreads: bool,
    ) -> tuple[Cells, ...]:
        """Take sums by the keys given and each of the columns that cut, as few at a time as keeps cells few."""
        distinct, rows = self.profile.distinct, self.profile.rows
        sample = self.indicators[0].sample
        within = {sample.strata} if sample.cluster else set()  # a cluster is named within its stratum
        fixed = math.prod(distinct[key] for key in ("_wave", *keys) if key not in within)
        most = min(max(FEW_CELLS, rows // ROWS_PER_CELL), MANY_CELLS) // max(fixed, 1)
        taken = []
        for together in _packed({cut: distinct[cut] for cut in cuts if cut not in keys}, most):
            by = tuple(dict.fromkeys((*keys, *together)))
            query = self._query(by, values=values, spreads=spreads)
            fetched: dict[str, Any] = connection.execute(query.sql()).fetchnumpy()
            texts = pd.DataFrame({key: _plain(fetched.pop(key), None) for key in ("_wave", *by)})
            shared = self._shared()[1]
            sums = {name: _plain(column, np.nan if name in shared else 0.0) for name, column in fetched.items()}
            taken.append(Cells(texts, sums, tuple(cut for cut in cuts if cut in by), self.profile.pilot))
        return tuple(taken)

    def _query(self, by: Sequence[str], *, values: bool, spreads: bool) -> Select:
        """Write what cells keep: of each indicator the rows that count and the sums that do not follow from others."""
        row, cell = self._shared()
        for indicator in self.indicators:
            term = _Term.of(indicator, self.rows.terms[indicator.id])
            sums = {"sx": f"fsum({term.wx})"} if term.wx else {}
            # of clusters taken whole, where a sum of weights is there is a row, and how many there are is not asked
            if values or term.x or not term.w or indicator.sample.population_within:
                sums["n"] = f"CAST(count({term.y}) AS DOUBLE)"
            if self.profile.negative.get(indicator.id):
                sums["size"] = f"sum(abs({_times(term.w, term.y)}))"
            if values:
                sums |= self._value_sums(indicator, term)
            if spreads and has_spread(indicator):
                sums |= self._spread_sums(indicator, term, values=values)
            row |= term.row()
            cell |= {f"{name}:{indicator.id}": expression for name, expression in sums.items()}
        keys = columns(("_wave", *by))
        source = Select({"_wave": f"CAST({self.rows.wave} AS VARCHAR)", **text_columns(by), **row}, self.rows.relation)
        by_keys = tuple(keys.values())
        return Select({**keys, **cell}, source, group=by_keys, order=by_keys)

    def _shared(self) -> tuple[dict[str, str], dict[str, str]]:
        """Write what cells keep whichever the indicator: rows, sizes of populations and the ends of weights."""
        sample = self.indicators[0].sample
        row = {LETTERS: self.rows.letters} if self.rows.letters else {}
        cell = {"_rows": "CAST(count(*) AS DOUBLE)"}
        if sample.weight:
            weight = ident(f"weight:{sample.weight}")
            cell["_negative"] = f"count(*) FILTER ({weight} < 0)"
            cell[f"least:{sample.weight}"] = f"min({weight}) FILTER ({weight} > 0)"
            cell[f"most:{sample.weight}"] = f"max({weight}) FILTER ({weight} > 0)"
        for name in filter(None, (sample.population, sample.population_within)):
            raw = ident(f"raw:{name}")
            row[f"raw:{name}"] = ident(name)
            cell[f"population:{name}"] = _one_size(raw)
        return row, cell

    def _value_sums(self, indicator: Indicator, term: _Term) -> Columns:
        """Write what a value is made of, and what is to be known of its rows."""
        sums = {"plain": f"fsum({_times(term.w, term.y)})"}
        if not (is_share(indicator) and not term.w):
            sums |= _ends(term)
        if term.inside:
            sums["inside"] = f"CAST(count(*) FILTER ({term.inside}) AS DOUBLE)"
        if term.w and term.inside:
            sums["negative"] = f"count(*) FILTER ({term.inside} AND {term.w} < 0)"
        if self.rows.letters:
            sums["status"] = f"string_agg(DISTINCT {ident(LETTERS)}, '') FILTER ({term.y} IS NOT NULL)"
        if term.stated_by:
            stated = ident(f"stated:{term.id}")
            inexact = f"{term.y} IS NOT NULL AND {stated} <> 'exact'"
            sums["qualifier"] = f"string_agg(DISTINCT {stated}, {literal(BETWEEN)}) FILTER ({inexact})"
        return sums

    def _spread_sums(self, indicator: Indicator, term: _Term, *, values: bool) -> Columns:
        """Write what a spread is made of, leaving out what follows from other sums."""
        sample, pilot = indicator.sample, self.profile.pilot.get(indicator.id, 0.0)
        shifted = f"({term.y} - {literal(pilot)}{f' * {term.x}' if term.x else ''})" if pilot else term.y
        scaled = _times(term.w, shifted)
        sums = {} if values and not pilot else {"sy": f"fsum({scaled})"}
        if not values and not sample.population_within:
            return sums  # clusters that were taken whole vary by their totals
        if not (is_share(indicator) and not term.w):
            sums["yy"] = f"sum({scaled} * {scaled})"
        if term.wx:
            sums["xy"] = f"sum({term.wx} * {scaled})"
            sums["xx"] = f"sum({term.wx} * {term.wx})"
        if not values:
            sums |= _ends(term)
        if term.x:
            sums["least_x"], sums["most_x"] = f"min({term.x})", f"max({term.x})"
        return sums


def _plain(values: NDArray[Any], blank: Any) -> NDArray[Any]:
    """Return a column with a value in place of NULL."""
    blanks = np.ma.getmaskarray(values)
    return np.where(blanks, blank, np.ma.getdata(values)) if blanks.any() else np.ma.getdata(values)


def _times(weight: str, value: str) -> str:
    return f"{weight} * {value}" if weight else value


def _ends(term: _Term) -> Columns:
    """Write the least and greatest value of a row.

    Where a denominator is negative, or zero below something, the value of a row says nothing: NaN, the greatest.
    """
    y, x = term.y, term.x
    value = y
    if x:
        value = f"CASE WHEN {x} > 0 THEN {y} / {x} WHEN {x} <> 0 OR {y} <> 0 THEN CAST('nan' AS DOUBLE) END"
    return {"low": f"min({value})", "high": f"max({value})"}


def _one_size(raw: str) -> str:
    """Write the one value that the rows of a cell have; -1 where they have several."""
    return f"CASE WHEN min({raw}) = max({raw}) THEN max({raw}) WHEN max({raw}) IS NOT NULL THEN -1 END"


def _packed(sizes: Mapping[str, int], most: int) -> list[list[str]]:
    """Put columns together while the product of their sizes is at most so much; at least one group, if of none.

    Examples
    --------
    >>> _packed({"sex": 2, "town": 300, "age": 5}, 100)
    [['town'], ['age', 'sex']]
    >>> _packed({}, 100)
    [[]]
    """
    groups: list[list[str]] = []
    for name in sorted(sizes, key=lambda name: -sizes[name]):
        for group in groups:
            if math.prod(sizes[member] for member in (*group, name)) <= most:
                group.append(name)
                break
        else:
            groups.append([name])
    return groups or [[]]


def _shortened(value: float) -> float:
    """Round a number to its first :data:`PILOT_BITS` bits; 0 for what is no number."""
    if not math.isfinite(value):
        return 0.0
    fraction, exponent = math.frexp(value)
    leading = round(math.ldexp(fraction, PILOT_BITS))
    return math.ldexp(leading, exponent - PILOT_BITS)
