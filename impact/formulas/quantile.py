"""``quantile``: of a column; the median by default."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from pydantic import Field
from scipy import stats

from impact.declare.base import ColumnName, Condition
from impact.declare.contracts import Contract
from impact.formulas.base import ONE, ColumnUse, ColumnUses, CountedFormula, PublishedRows
from impact.formulas.kind import Behind, FormulaKind, Samples, Scaled, Summary, never
from impact.formulas.limits import ANYTHING, Limits, LimitsOf
from impact.formulas.measured import SMALL_N, Measured, ValueCounts
from impact.sql import as_number, literal
from impact.statistics.core import CONFIDENCE, Floats
from impact.words.said import Said

REACHED = 1 - 1e-12
"""How much of a share of weights must be reached: sums of weights are known no better."""


class Quantile(CountedFormula):
    """Quantile of a column; the median by default."""

    kind: Literal["quantile"]
    column: ColumnName
    q: float = Field(default=0.5, gt=0, lt=1)

    def columns(self) -> ColumnUses:
        """Return its column."""
        return ((self.column, ColumnUse.NUMBER),)

    def conditions(self) -> tuple[Condition, ...]:
        """Return none."""
        return ()

    def ratio_sql(self, contract: Contract) -> tuple[str, str]:
        """Write the column, over 1."""
        return as_number(self.column), ONE

    def aggregate_sql(self, y: str, weighted_y: str, weighted_x: str) -> str:
        """Write the quantile without weights."""
        return f"quantile_cont({y}, {literal(self.q)})"

    def published_query(self, rows: PublishedRows) -> str:
        """Write the query; with weights, of the smallest value whose cumulated share reaches q."""
        if not rows.indicator.sample.weight:
            return super().published_query(rows)
        share = "sum(w) OVER (PARTITION BY wave ORDER BY y) / sum(w) OVER (PARTITION BY wave)"
        ranked = f"(SELECT *, {share} AS share FROM {self.published_rows(rows)} WHERE y IS NOT NULL)"
        value = f"min(y) FILTER (share >= {literal(self.q * REACHED)})"
        return f"SELECT wave, {value} AS value, count(*) AS n FROM {ranked} GROUP BY wave ORDER BY wave"

    def value_of_counts(self, counts: ValueCounts) -> Measured:
        """Return the quantile with its interval.

        Notes
        -----
        With weights it is the smallest value whose cumulated share reaches q, without interval; without, it
        interpolates between order statistics (type 7) and the interval is distribution-free: order statistics with
        binomial ranks (Conover 1999, Practical Nonparametric Statistics, 3.2). Under strata or clusters that interval
        would be wrong, so there is none.
        """
        if len(counts.values) == 0:
            return Measured(None, method=Said("values.no_rows_value"), flags=("no_data",))
        values = counts.values.astype(np.float64)
        upto = np.cumsum(counts.counts)
        if not counts.weighted:
            return self._of_order_statistics(values, upto, designed=counts.designed)
        reached = self.q * upto[-1] * REACHED
        index = int(np.searchsorted(upto, reached))
        method = Said("values.weighted_quantile_no_interval")
        return Measured(float(values[index]), method=method, flags=("no_interval",))

    def _of_order_statistics(self, values: Floats, upto: Floats, *, designed: bool) -> Measured:
        n = int(upto[-1])
        value = self._interpolated(values, upto)
        flags = ("small_n",) if n < SMALL_N else ()
        if designed:
            method = Said("values.no_interval_under_sample_design")
            return Measured(value, method=method, flags=(*flags, "no_interval"))
        low, high = self._ranks_of_interval(n)
        if low < 0 or high > n - 1:
            return Measured(value, method=Said("values.too_few_rows_interval"), flags=(*flags, "no_interval"))
        conf_low, conf_high = _at_rank(values, upto, low), _at_rank(values, upto, high)
        return Measured(value, None, conf_low, conf_high, None, Said("values.order_statistics"), flags)

    def _interpolated(self, values: Floats, upto: Floats) -> float:
        """Return the quantile between the order statistics of the ranks around q (n − 1): type 7."""
        rank = self.q * (int(upto[-1]) - 1)
        floor = math.floor(rank)
        ceiling = math.ceil(rank)
        lower = _at_rank(values, upto, floor)
        upper = _at_rank(values, upto, ceiling)
        return lower + (rank - floor) * (upper - lower)

    def _ranks_of_interval(self, n: int) -> tuple[int, int]:
        """Return the ranks, from 0, of the order statistics that enclose the quantile with the set confidence."""
        tail = (1 - CONFIDENCE) / 2
        # how many of n values lie under the quantile is binomial with the share q
        fewest = stats.binom.ppf(tail, n, self.q)
        most = stats.binom.ppf(1 - tail, n, self.q)
        return int(fewest) - 1, int(most)

    def value_limits(self, column: LimitsOf) -> Limits:
        """Return those of the column."""
        return column(self.column)

    def row_limits(self, column: LimitsOf, *, weighted: bool) -> Limits:
        """Return none: values do not add up."""
        return ANYTHING

    def settling_columns(self) -> tuple[str, ...]:
        """Return its column."""
        return (self.column,)


def _at_rank(values: Floats, upto: Floats, rank: int) -> float:
    """Return the order statistic of a rank, counted from 0."""
    return float(values[np.searchsorted(upto, rank, side="right")])


KIND = FormulaKind(
    model=Quantile,
    summary=Summary.COUNTS,
    samples=Samples.UNCALIBRATED,
    own_cuts=True,
    unknown_waves=False,
    share=False,
    per_person=False,
    scaled=Scaled.NOTHING,
    parts_add_up=False,
    parts_overlap=False,
    of_all_units=False,
    grows=False,
    of_the_whole=never,
    behind=Behind.ROWS,
)
