"""Rows with a clock stand in windows of time: every period, and everything up to the end of each of the shortest.

A view beside that of the good rows, with a row for each window that a row falls in; the passes of
:mod:`impact.measure.engine` take the window for the wave. Before :mod:`impact.measure.period_values`.
"""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

import duckdb

from impact.declare.contracts import Clock, Contract
from impact.periods import LAST_REPORT, MONTHS, PERIOD, Period, period_number, periods_between, stretch
from impact.sql import ALL, Select, columns, ident, literal, relation

if TYPE_CHECKING:
    from impact.declare.indicators import Indicator
    from impact.declare.load import Programme

VIEW = "{} by period"
"""What the view of a contract's windows is called; no contract can be called so."""
TO_DATE = "to_date"
"""The kind of window that reaches back to the first row."""


class Of(Enum):
    """What is measured in the windows, by which a row stands in more or fewer of them."""

    ROWS = "rows"
    """Sums of all rows."""
    COUNTED = "counted"
    """How often each value stands, which does not add up: everything so far is known at the ends of longer periods."""
    LAST = "last"
    """The last report of each unit."""


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

    def values_sql(self, of: Of) -> str:
        """Write the windows as rows of a name and the number of a shortest period in them."""
        pairs = [(window_name(period), number) for period in self.periods for number in self._numbers(period)]
        numbers = [self._number(step.first) for step in self.steps]
        for end in self.ends(of):
            pairs += [(to_date_name(end), number) for number in numbers if number <= self._number(end.first)]
        return ", ".join(f"({literal(name)}, {number})" for name, number in pairs)

    def ends(self, of: Of) -> tuple[Period, ...]:
        """Return the shortest periods up to whose end there is a window."""
        if of is Of.COUNTED:
            closing = {period.last for period in self.periods if period.every != self.clock.every}
            return tuple(step for step in self.steps if step.last in closing or step == self.steps[-1])
        return self.steps

    def number_sql(self, day: str) -> str:
        """Write the number of the shortest period that a day is in; see :func:`impact.periods.period_number`."""
        months = MONTHS[self.clock.every]
        return f"(year({day}) * 12 + month({day}) - {self.clock.year_starts}) // {months}"

    def _numbers(self, period: Period) -> range:
        return range(self._number(period.first), self._number(period.last) + 1)

    def _number(self, day: datetime.date) -> int:
        return period_number(day, self.clock.every, self.clock.year_starts)


def to_date_name(step: Period) -> str:
    """Return what the window of everything up to the end of a shortest period is called."""
    return f"{TO_DATE} {step.label}"


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
    of: Of,
) -> Iterator[Programme]:
    """Let rows stand in windows as long as they are measured.

    Yields
    ------
    Programme
        With a further contract, whose waves are the windows, and the indicators of the contract moved to that.
    """
    windowed = contract.model_copy(update={"id": VIEW.format(contract.id), "wave": PERIOD})
    contracts = {**programme.contracts, windowed.id: windowed}
    view = ident(programme.id, windowed.id)
    rows = _last_sql if of is Of.LAST else _all_sql
    connection.execute(f"CREATE VIEW {view} AS {rows(programme.id, contract, windows, of).sql()}")
    yield replace(programme, contracts=contracts, indicators=_moved(programme, contract.id, windowed.id))
    connection.execute(f"DROP VIEW {view}")


def _moved(programme: Programme, contract: str, windowed: str) -> tuple[Indicator, ...]:
    """Return the indicators, those of a contract as if they were of another."""
    update = {"contract": windowed}
    return tuple(
        indicator.model_copy(update=update) if indicator.contract == contract else indicator
        for indicator in programme.indicators
    )


def _all_sql(programme: str, contract: Contract, windows: Windows, of: Of) -> Select:
    """Write the rows, each once for every window that it falls in."""
    number = windows.number_sql(f"r.{ident(windows.clock.column)}")
    joined = f"{ident(programme, contract.id)} r JOIN {_listed(windows, of)} ON {number} = w.number"
    return Select({"*": f"r.* EXCLUDE ({ident(LAST_REPORT)})", LAST_REPORT: "FALSE", PERIOD: "w.name"}, joined)


def _last_sql(programme: str, contract: Contract, windows: Windows, of: Of) -> Select:
    """Write the rows of the last report of each unit in each window: looked for among the last of each step."""
    rows, day = ident(programme, contract.id), ident(windows.clock.column)
    units = columns(contract.reporting_unit)
    of_step = {**units, "number": windows.number_sql(day), "day": f"max({day})"}
    steps = Select(of_step, rows, group=ALL)
    listed = f"{relation(steps)} s JOIN {_listed(windows, of)} ON s.number = w.number"
    last = Select({**units, "name": "w.name", "day": "max(day)"}, listed, group=ALL)
    alike = " AND ".join(
        [f"r.{day} = l.day", *(f"r.{ident(name)} = l.{ident(name)}" for name in contract.reporting_unit)]
    )
    joined = f"{rows} r JOIN {relation(last)} l ON {alike}"
    return Select({"*": f"r.* EXCLUDE ({ident(LAST_REPORT)})", LAST_REPORT: "TRUE", PERIOD: "l.name"}, joined)


def _listed(windows: Windows, of: Of) -> str:
    return f"(VALUES {windows.values_sql(of)}) w(name, number)"
