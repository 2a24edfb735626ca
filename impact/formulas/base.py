"""What every formula says of itself: the base of the models; text of SQL, no database.

Models (``<kind>.py`` or ``<kind>/model.py``) build on one of these; what else is true of a kind stands in its
descriptor, see :mod:`impact.formulas.kind`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from impact.declare.base import Condition, Declared
from impact.declare.conditions import filter_sql
from impact.declare.contracts import Contract
from impact.declare.declaration import Declaration
from impact.errors import Problem
from impact.formulas.limits import Limits, LimitsOf
from impact.formulas.measured import Measured, ValueCounts
from impact.sql import ident

if TYPE_CHECKING:
    from impact.declare.indicators import Indicator
    from impact.declare.load import Programme

ONE = "1.0::DOUBLE"
"""The denominator of a row whose numerator is its value."""


class ColumnUse(StrEnum):
    """What a formula takes a column for, which says what type it must have."""

    NUMBER = "number"
    DATE = "date"
    ANY = "any"


ColumnUses = tuple[tuple[str, ColumnUse], ...]
"""Columns of the indicator's contract, each with what it is taken for."""


@dataclass(frozen=True)
class PublishedRows:
    """The rows that a published query is of.

    Parameters
    ----------
    programme, indicator, contract
        Whose rows they are.
    where
        Which of them count, as SQL: the indicator's filter, and the arm that is reported.
    """

    programme: Programme
    indicator: Indicator
    contract: Contract
    where: str

    @property
    def view(self) -> str:
        """The view of good rows, quoted."""
        return ident(self.programme.id, self.contract.id)

    @property
    def wave(self) -> str:
        """The wave of a row; the empty text where rows have none."""
        return ident(self.contract.wave) if self.contract.wave else "''"

    @property
    def weight(self) -> str:
        """The weight of a row."""
        return ident(self.indicator.sample.weight) if self.indicator.sample.weight else "1"

    def of(self, name: str) -> PublishedRows:
        """Return the rows of another indicator of the programme, which is measured without arms."""
        indicator = next(indicator for indicator in self.programme.indicators if indicator.id == name)
        contract = self.programme.contracts[indicator.contract]
        return PublishedRows(
            self.programme,
            indicator,
            contract,
            filter_sql(indicator.where, contract, last_report=indicator.takes_last_report),
        )

    def query(self) -> str:
        """Write the query of the value of each wave, by the indicator's own formula."""
        return self.indicator.formula.published_query(self)


class FormulaModel(Declared, ABC):
    """What is measured; base of every model. A kind that leaves out anything abstract fails when it is described."""

    if TYPE_CHECKING:
        kind: str

    @abstractmethod
    def columns(self) -> ColumnUses:
        """Return the columns of the indicator's contract that it reads, but for those of conditions."""

    @abstractmethod
    def conditions(self) -> tuple[Condition, ...]:
        """Return its conditions on rows of the indicator's contract."""

    @abstractmethod
    def value_limits(self, column: LimitsOf) -> Limits:
        """Return the limits of the value, by those of columns."""

    @abstractmethod
    def published_query(self, rows: PublishedRows) -> str:
        """Write a query that anyone can run on the database to get the programme-wide value of each wave."""

    @property
    def at_wave(self) -> FormulaModel:
        """The formula that has a value at one wave: itself, unless it compares two."""
        return self

    @property
    def followed_since(self) -> str | None:
        """The wave from which persons are followed; None where the rows of a wave stand for themselves."""
        return None

    def contracts(self) -> tuple[str, ...]:
        """Return the contracts that it reads beside the indicator's own."""
        return ()

    def indicators(self) -> tuple[str, ...]:
        """Return the indicators of whose values it is reckoned; the first has its contract."""
        return ()

    @property
    def total_of_totals(self) -> bool:
        """Whether it is a total where the indicators that it is reckoned from are."""
        return False

    @property
    def compares_parts(self) -> bool:
        """Whether the value of a part depends on those of the others."""
        return False

    def waves(self) -> tuple[str, ...]:
        """Return the waves that it names."""
        return ()

    def has_waves(self, at: Declaration) -> bool:
        """Tell whether what it reads is told apart by wave."""
        return at.contract.wave is not None

    def problems(self, at: Declaration) -> Iterator[Problem]:
        """Yield what else is wrong with it, as far as it can be known without data."""
        yield from ()


class RowsFormula(FormulaModel):
    """A formula of the rows of the indicator's contract: each has a numerator and a denominator."""

    @abstractmethod
    def ratio_sql(self, contract: Contract) -> tuple[str, str]:
        """Write numerator and denominator of one row; a row counts where neither is NULL."""

    @abstractmethod
    def aggregate_sql(self, y: str, weighted_y: str, weighted_x: str) -> str:
        """Write the value of many rows, of numerator and denominator (``x``) as they are called there.

        Parameters
        ----------
        y
            The numerator of a row.
        weighted_y, weighted_x
            Numerator and denominator times the weight of the row.
        """

    @abstractmethod
    def row_limits(self, column: LimitsOf, *, weighted: bool) -> Limits:
        """Return the limits of what one row adds; ``weighted`` where it is multiplied by a weight nobody knows."""

    @abstractmethod
    def settling_columns(self) -> tuple[str, ...]:
        """Return the columns of which a "not applicable" settles that a unit has no value, so that none is missing."""

    @property
    def stated_by(self) -> str | None:
        """The column that says how each figure was stated, exactly or about."""
        return None

    def counts_presence(self, units: tuple[str, ...]) -> bool:
        """Tell whether it counts that units are there, so that none is missing; ``units`` tell them apart."""
        return False

    def published_query(self, rows: PublishedRows) -> str:
        """Write the query of the value of each wave."""
        value = self.aggregate_sql("y", "w * y", "w * x")
        counted = "y IS NOT NULL AND x IS NOT NULL AND w IS NOT NULL"
        return (
            f"SELECT wave, {value} AS value, count(*) AS n FROM {self.published_rows(rows)}"
            f" WHERE {counted} GROUP BY wave ORDER BY wave"
        )

    def published_rows(self, rows: PublishedRows) -> str:
        """Write what is read of each row: ``wave``, ``y``, ``x`` and ``w``."""
        numerator, denominator = self.ratio_sql(rows.contract)
        weight = f"CAST({rows.weight} AS DOUBLE)"
        columns = f"{rows.wave} AS wave, {numerator} AS y, {denominator} AS x, {weight} AS w"
        return f"(SELECT {columns} FROM {rows.view} WHERE {rows.where})"


class RowFormula(RowsFormula):
    """A formula that gives each row a value; that of many rows is their mean."""

    @abstractmethod
    def value_sql(self, contract: Contract) -> str:
        """Write the value of one row as a DOUBLE; NULL where it is missing."""

    def ratio_sql(self, contract: Contract) -> tuple[str, str]:
        """Write the value of one row, over 1."""
        return self.value_sql(contract), ONE

    def aggregate_sql(self, y: str, weighted_y: str, weighted_x: str) -> str:
        """Write the mean."""
        return mean_sql(weighted_y, weighted_x)

    def value_limits(self, column: LimitsOf) -> Limits:
        """Return the limits of a row, between which a mean lies too."""
        return self.row_limits(column, weighted=False)


class CountedFormula(RowsFormula):
    """A formula that needs every value of the rows, not their sum."""

    @abstractmethod
    def value_of_counts(self, counts: ValueCounts) -> Measured:
        """Return the value, of how often each value of a row stands."""


def mean_sql(numerator: str, denominator: str) -> str:
    """Write a ratio of two sums; NULL where there is nothing below."""
    return f"sum({numerator}) / nullif(sum({denominator}), 0)"
