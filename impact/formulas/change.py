"""``change``: of linked persons between two waves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from impact.declare.base import Code, Condition
from impact.declare.contracts import Contract
from impact.declare.declaration import Declaration
from impact.errors import Problem
from impact.formulas.base import ColumnUses, FormulaModel, PublishedRows, RowsFormula, mean_sql
from impact.formulas.kind import Behind, FormulaKind, Samples, Scaled, Summary, never
from impact.formulas.limits import Limits, LimitsOf
from impact.formulas.rows import PerRow
from impact.sql import ident, literal


class Change(RowsFormula):
    """Mean change per linked person between two waves; a change, never an effect."""

    kind: Literal["change"]
    of: PerRow
    since: Code

    @property
    def at_wave(self) -> FormulaModel:
        """The formula that changes."""
        return self.of

    @property
    def followed_since(self) -> str | None:
        """The earlier wave."""
        return self.since

    def waves(self) -> tuple[str, ...]:
        """Return the earlier wave."""
        return (self.since,)

    def columns(self) -> ColumnUses:
        """Return those of the formula that changes."""
        return self.of.columns()

    def conditions(self) -> tuple[Condition, ...]:
        """Return those of the formula that changes."""
        return self.of.conditions()

    def problems(self, at: Declaration) -> Iterator[Problem]:
        """Yield what keeps persons from being followed, and a baseline, which is zero."""
        yield from self.of.problems(at)
        yield from self._followed(at)
        name, baseline = at.indicator.id, at.indicator.ex_ante.baseline
        if baseline and baseline.wave:
            what = f"'{name}' is a change: its baseline is zero, not a wave"
            fix = "Remove the baseline, or measure the level instead of the change."
            yield at.place.at("ex_ante.baseline").problem(what, fix=fix)

    def _followed(self, at: Declaration) -> Iterator[Problem]:
        name, contract = at.indicator.id, at.contract
        if contract.person is None:
            what = f"'{name}' follows persons, but contract '{contract.id}' names no person column"
            yield at.place.at("formula").problem(what)
        if set(contract.key) != {contract.person, contract.wave}:
            what = f"'{name}' is a change, but contract '{contract.id}' may have several rows per person and wave"
            expected = f"key: [{contract.person}, {contract.wave}]"
            declared = ", ".join(contract.key)
            yield at.problem(what, "formula", expected, f"key: [{declared}]")

    def ratio_sql(self, contract: Contract) -> tuple[str, str]:
        """Write the value of one row at its own wave."""
        return self.of.ratio_sql(contract)

    def aggregate_sql(self, y: str, weighted_y: str, weighted_x: str) -> str:
        """Write the mean."""
        return mean_sql(weighted_y, weighted_x)

    def value_limits(self, column: LimitsOf) -> Limits:
        """Return those of differences."""
        return self.of.value_limits(column).of_differences()

    def row_limits(self, column: LimitsOf, *, weighted: bool) -> Limits:
        """Return those of the difference of two rows."""
        return self.of.row_limits(column, weighted=weighted).of_differences()

    def settling_columns(self) -> tuple[str, ...]:
        """Return none."""
        return ()

    def published_query(self, rows: PublishedRows) -> str:
        """Write the mean change of linked persons; filter, arm and weight are those of the earlier wave."""
        person, wave = ident(rows.contract.person or ""), ident(rows.contract.wave or "")
        later_wave, earlier_wave = literal(rows.indicator.ex_post.wave or ""), literal(self.since)
        columns = f"{person} AS person, {self.of.value_sql(rows.contract)} AS y"
        weight = f"CAST({rows.weight} AS DOUBLE) AS w"
        earlier = f"(SELECT {columns}, {weight} FROM {rows.view} WHERE {rows.where} AND {wave} = {earlier_wave})"
        later = f"(SELECT {columns} FROM {rows.view} WHERE {wave} = {later_wave})"
        return (
            f"SELECT {later_wave} AS wave, sum(a.w * (b.y - a.y)) / sum(a.w) AS value, count(*) AS n"
            f" FROM {earlier} a JOIN {later} b USING (person)"
            " WHERE a.y IS NOT NULL AND b.y IS NOT NULL AND a.w IS NOT NULL"
        )


KIND = FormulaKind(
    model=Change,
    summary=Summary.CHANGES,
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
    behind=Behind.SUMMED_ROWS,
)
