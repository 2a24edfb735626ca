"""Sums over the rows of a contract, many indicators at once: a GROUP BY for each few of the columns that cut.

Columns share a GROUP BY as long as its cells stay few beside the rows: so the cost grows with the sum of the cuts, not
with their product, and few passes read the rows. Where clusters were sampled, the sums that a spread is made of are
taken by cluster, those of values without.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import duckdb
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from impact.declare.indicators import Indicator, Sample
from impact.formulas.registry import kind_of
from impact.measure.formula import arm_sql, cluster_sql, is_share
from impact.measure.moments import ShiftedSums, ValueSums
from impact.measure.terms import LETTERS, SummedRows, Term, has_spread
from impact.sql import Columns, Select, columns, ident, text_columns
from impact.statistics.core import Floats
from impact.statistics.surveys.strata import Bools

FEW_CELLS, MANY_CELLS = 2_000, 20_000
"""So many cells of a GROUP BY are few beside any rows, and so many are the most."""
ROWS_PER_CELL = 20
"""Columns share a GROUP BY while cells have as many rows on average."""
PILOT_ROWS = 2_000
"""The first rows, of which a rough value is taken."""
PILOT_BITS = 30
"""Significant bits of a pilot: so few that whole numbers less it are exact."""


@dataclass(frozen=True)
class Cells:
    """The cells of one GROUP BY.

    Parameters
    ----------
    keys
        A row per cell: ``_wave`` and the columns that it is grouped by, as text.
    taken
        By name, each of shape (C,): ``_rows``, ``population:<column>``, ``least:<column>`` and ``most:<column>`` of
        weights, NaN where not known, ``_negative`` rows with a weight below zero, and ``<sum>:<indicator id>``, 0 where
        there is nothing to sum; the sums ``status`` and ``qualifier`` are text.
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
        n = self.sums("n", indicator)
        sx = self._or("sx", indicator, n)
        sy = self.sums("sy" if self.has("sy", indicator) else "plain", indicator)
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


def sum_jointly(
    connection: duckdb.DuckDBPyConnection, rows: SummedRows, indicators: Sequence[Indicator], cuts: Sequence[str]
) -> Summed:
    """Sum indicators with the same sample, with the products of what their linearisation is made of.

    Parameters
    ----------
    connection
        Holds the rows.
    rows, indicators
        The rows of a contract, and its indicators; measured without arms.
    cuts
        The columns to cut by.

    Returns
    -------
    Summed
        By sampling units, where clusters were sampled. Each of the cells has ``_any``, rows that count for any of the
        indicators, and the sums ``score:<i>`` of scores and ``score:<i>:<j>``, i ≤ j, of their products: indicator k
        has the scores 2k, ``w(y − pilot·x)``, and 2k + 1, ``wx``.
    """
    sample = indicators[0].sample
    keys = tuple(name for name in (cluster_sql(sample), sample.strata) if name)
    terms = [rows.terms[indicator.id] for indicator in indicators]
    profile = _profile(connection, rows, terms, (*keys, *cuts))
    further = _joint_sums(terms, profile.pilot)
    statements = _Statements(rows, terms, sample, profile, further)
    cells = statements.take(connection, keys, cuts, values=False, spreads=False)
    return Summed(cells, cells)


def _joint_sums(terms: Sequence[Term], pilot: Mapping[str, float]) -> Columns:
    """Write the rows that count for any term, the sums of scores, and of their products."""
    scores = [score for term in terms for score in term.scores(pilot.get(term.id, 0.0))]
    counts = " OR ".join(f"{term.y} IS NOT NULL" for term in terms)
    sums = {"_any": f"CAST(count(*) FILTER ({counts}) AS DOUBLE)"}
    for i, score in enumerate(scores):
        sums[f"score:{i}"] = f"fsum({score})"
        sums |= {f"score:{i}:{j}": f"sum({score} * {scores[j]})" for j in range(i, len(scores))}
    return sums


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
    terms = [rows.terms[indicator.id] for indicator in indicators]
    profile = _profile(connection, rows, terms, (*arms, *drawn, *cuts))
    statements = _Statements(rows, terms, sample, profile)
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
    connection: duckdb.DuckDBPyConnection, rows: SummedRows, terms: Sequence[Term], keys: Sequence[str]
) -> _Profile:
    """Read the rows before they are summed; of shares nothing is asked, which are between 0 and 1."""
    row = {"_wave": rows.wave, **columns(keys)}
    asked = {"_rows": "count(*)"} | {f"distinct:{key}": f"approx_count_distinct({ident(key)})" for key in row}
    numbers = [term for term in terms if not is_share(term.indicator)]
    for term in numbers:
        row |= term.row()
        asked[f"rough:{term.id}"] = f"favg({term.rough})"
        asked[f"least:{term.id}"] = f"min({term.y})"
    source = Select(row, rows.relation)
    told = _answer(connection, asked, source)
    # one wild row among many does not move the median of the first, which are few
    medians = {f"rough:{term.id}": f"median({term.rough})" for term in numbers}
    first = _answer(connection, medians, replace(source, limit=PILOT_ROWS)) if medians else {}
    told |= {name: value for name, value in first.items() if value is not None}
    shifted = [term.id for term in numbers if not kind_of(term.indicator.formula).summary.total]
    pilot = {name: _shortened(told[f"rough:{name}"] or 0.0) for name in shifted}
    negative = {term.id: (told[f"least:{term.id}"] or 0.0) < 0 for term in numbers}
    distinct = {key: told[f"distinct:{key}"] for key in ("_wave", *keys)}
    return _Profile(told["_rows"], distinct, pilot, negative)


def _answer(connection: duckdb.DuckDBPyConnection, asked: Mapping[str, str], source: Select) -> dict[str, Any]:
    """Return what a query of one row answers, by name."""
    (answer,) = connection.execute(Select(asked, source).sql()).fetchall()
    return dict(zip(asked, answer, strict=True))


@dataclass(frozen=True)
class _Statements:
    """What is asked of the rows of a pass; ``further`` are sums over several of its terms."""

    rows: SummedRows
    terms: Sequence[Term]
    sample: Sample
    profile: _Profile
    further: Columns = field(default_factory=dict)

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
        within = {self.sample.strata} if self.sample.cluster else set()  # a cluster is named within its stratum
        fixed = math.prod(distinct[key] for key in ("_wave", *keys) if key not in within)
        most = min(max(FEW_CELLS, rows // ROWS_PER_CELL), MANY_CELLS) // max(fixed, 1)
        _, shared = self._shared()
        taken = []
        for together in _packed({cut: distinct[cut] for cut in cuts if cut not in keys}, most):
            by = tuple(dict.fromkeys((*keys, *together)))
            query = self._query(by, values=values, spreads=spreads)
            fetched: dict[str, Any] = connection.execute(query.sql()).fetchnumpy()
            texts = pd.DataFrame({key: _plain(fetched.pop(key), None) for key in ("_wave", *by)})
            sums = {name: _plain(column, np.nan if name in shared else 0.0) for name, column in fetched.items()}
            taken.append(Cells(texts, sums, tuple(cut for cut in cuts if cut in by), self.profile.pilot))
        return tuple(taken)

    def _query(self, by: Sequence[str], *, values: bool, spreads: bool) -> Select:
        """Write what cells keep: of each indicator the rows that count and the sums that do not follow from others."""
        row, cell = self._shared()
        for term in self.terms:
            sums = term.sums(negative=self.profile.negative.get(term.id, False))
            if values:
                sums |= term.value_sums(letters=self.rows.letters is not None)
            if spreads and has_spread(term.indicator):
                sums |= term.spread_sums(self.profile.pilot.get(term.id, 0.0), values=values)
            row |= term.row()
            cell |= {f"{name}:{term.id}": expression for name, expression in sums.items()}
        cell |= self.further
        keys = columns(("_wave", *by))
        source = Select({"_wave": f"CAST({self.rows.wave} AS VARCHAR)", **text_columns(by), **row}, self.rows.relation)
        by_keys = tuple(keys.values())
        return Select({**keys, **cell}, source, group=by_keys, order=by_keys)

    def _shared(self) -> tuple[dict[str, str], dict[str, str]]:
        """Write what cells keep whichever the indicator: rows, sizes of populations and the ends of weights."""
        sample = self.sample
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


def _plain(values: NDArray[Any], blank: Any) -> NDArray[Any]:
    """Return a column with a value in place of NULL."""
    blanks = np.ma.getmaskarray(values)
    return np.where(blanks, blank, np.ma.getdata(values)) if blanks.any() else np.ma.getdata(values)


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
