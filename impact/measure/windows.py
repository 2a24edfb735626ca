"""Rows with a clock stand in windows of time: every period, and everything up to the end of each of the shortest.

A view beside that of the good rows, with a row for each window that a row falls in; the passes of
:mod:`impact.measure.engine` take the window for the wave. Before :mod:`impact.measure.period_values`.
"""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import duckdb

from impact.declare.contracts import Clock, Contract
from impact.declare.indicators import Indicator
from impact.periods import LAST_REPORT, MONTHS, PERIOD, Period, numbered_period, period_number, periods_between, stretch
from impact.sql import Select, ident, literal

if TYPE_CHECKING:
    from impact.declare.load import Programme

VIEW = "{} by period"
"""What the view of a contract's windows is called; no contract can be called so."""
TO_DATE = "to_date"
"""The kind of window that reaches back to the first row."""


@dataclass(frozen=True)
class Windows:
    """The windows of the rows of a contract, from the first row to the last.

    Parameters
    ----------
    clock
        Of the contract.
    first, last
        The days of the first and the last row.
    """

    clock: Clock
    first: datetime.date
    last: datetime.date

    @property
    def steps(self) -> tuple[Period, ...]:
        """The shortest periods, in order."""
        return periods_between(self.first, self.last, self.clock.every, self.clock.year_starts)

    @property
    def periods(self) -> tuple[Period, ...]:
        """Every period, the shortest first."""
        return tuple(stretch(self.first, self.last, self.clock.every, self.clock.year_starts))

    def values_sql(self) -> str:
        """Write the windows as rows of a name and the number of a shortest period in them."""
        pairs = [(window_name(period), number) for period in self.periods for number in self._numbers(period)]
        numbers = [self._number(step.first) for step in self.steps]
        pairs += [(f"{TO_DATE} {self._label(end)}", number) for end in numbers for number in numbers if number <= end]
        return ", ".join(f"({literal(name)}, {number})" for name, number in pairs)

    def number_sql(self, day: str) -> str:
        """Write the number of the shortest period that a day is in; see :func:`impact.periods.period_number`."""
        months = MONTHS[self.clock.every]
        return f"(year({day}) * 12 + month({day}) - {self.clock.year_starts}) // {months}"

    def _numbers(self, period: Period) -> range:
        return range(self._number(period.first), self._number(period.last) + 1)

    def _number(self, day: datetime.date) -> int:
        return period_number(day, self.clock.every, self.clock.year_starts)

    def _label(self, number: int) -> str:
        return numbered_period(number, self.clock.every, self.clock.year_starts).label


def window_name(period: Period) -> str:
    """Return what the window of a period is called."""
    return f"{period.every} {period.label}"


def contract_windows(connection: duckdb.DuckDBPyConnection, programme: str, contract: Contract) -> Windows | None:
    """Return the windows of a contract; None where it has no clock or no row."""
    if contract.period is None:
        return None
    day = ident(contract.period.column)
    query = Select({"first": f"min({day})", "last": f"max({day})"}, ident(programme, contract.id))
    ((first, last),) = connection.execute(query.sql()).fetchall()
    return None if first is None else Windows(contract.period, first, last)


@contextlib.contextmanager
def rows_by_window(
    connection: duckdb.DuckDBPyConnection,
    programme: Programme,
    contract: Contract,
    windows: Windows,
    indicators: Sequence[Indicator],
) -> Iterator[tuple[Programme, list[Indicator]]]:
    """Let rows stand in windows as long as they are measured.

    Yields
    ------
    tuple
        The programme with a contract whose waves are the windows, and the indicators of that contract.
    """
    windowed = contract.model_copy(update={"id": VIEW.format(contract.id), "wave": PERIOD})
    contracts = {**programme.contracts, windowed.id: windowed}
    view = ident(programme.id, windowed.id)
    connection.execute(f"CREATE VIEW {view} AS {_windowed_sql(programme.id, contract, windows)}")
    moved = [indicator.model_copy(update={"contract": windowed.id}) for indicator in indicators]
    yield replace(programme, contracts=contracts), moved
    connection.execute(f"DROP VIEW {view}")


def _windowed_sql(programme: str, contract: Contract, windows: Windows) -> str:
    """Write the rows, each once for every window, and whether it is of its unit's last report there."""
    day = f"r.{ident(windows.clock.column)}"
    units = [f"r.{ident(name)}" for name in contract.reporting_unit]
    in_window = ", ".join([*units, "w.name"])
    last = f"{day} = max({day}) OVER (PARTITION BY {in_window})"
    joined = (
        f"{ident(programme, contract.id)} r JOIN (VALUES {windows.values_sql()}) w(name, number)"
        f" ON {windows.number_sql(day)} = w.number"
    )
    row = {"*": f"r.* EXCLUDE ({ident(LAST_REPORT)})", LAST_REPORT: last, PERIOD: "w.name"}
    return Select(row, joined).sql()
