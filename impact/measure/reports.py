"""Which reports are owed and which came: a row for each unit and period, from the rows of a contract and its roster.

What is missing depends on the day of looking, and is not said here: see :mod:`impact.publish.report_counts`.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass

import duckdb
import pandas as pd

from impact.declare.base import last_day
from impact.declare.calendar import Due
from impact.declare.contracts import Clock, Contract
from impact.declare.load import Programme
from impact.measure.units import units_sql
from impact.periods import Every, Period, coarser, period_of, periods_between
from impact.sql import EVERY_COLUMN, Select, as_text, ident, literal, with_tables
from impact.store.clocks import step_number_sql


@dataclass(frozen=True)
class Calendar:
    """What is due of a contract, and when.

    Parameters
    ----------
    contract, due, clock
        Whose reports; ``clock`` counts the periods of which they are owed.
    owed
        The first and the last day of the time of which reports are owed.
    rows
        The days of the first and the last row; None without a row.
    """

    contract: Contract
    due: Due
    clock: Clock
    owed: tuple[datetime.date, datetime.date]
    rows: tuple[datetime.date, datetime.date] | None

    @property
    def steps(self) -> Iterator[tuple[Period, bool]]:
        """The periods that are owed or have rows, in order, each with whether it is owed."""
        first, last = self.owed
        days = (*self.owed, *(self.rows or ()))
        for period in periods_between(min(days), max(days), self.clock.every, self.clock.year_starts):
            yield period, period.last >= first and period.first <= last


def contract_calendar(
    connection: duckdb.DuckDBPyConnection, programme: Programme, contract: Contract
) -> Calendar | None:
    """Return what is due of a contract.

    None where nothing is, or where nobody can say since when: without a row and without a first day that is declared.
    """
    due, every, clock = contract.due, contract.due_every, contract.period
    if due is None or every is None or clock is None:
        return None
    day = ident(clock.column)
    query = Select({"first": f"min({day})", "last": f"max({day})"}, ident(programme.id, contract.id))
    ((begin, end),) = connection.execute(query.sql()).fetchall()
    first = _first_day(due.first) if due.first else begin
    if first is None:
        return None
    last = _last_day(due.last) if due.last else max(end or first, _last_day(programme.header.period.end))
    rows = None if begin is None else (begin, end)
    return Calendar(contract, due, clock.model_copy(update={"every": every}), (first, last), rows)


def _first_day(date: str) -> datetime.date:
    return datetime.date.fromisoformat(f"{date}-01-01"[:10])


def _last_day(date: str) -> datetime.date:
    return datetime.date.fromisoformat(last_day(date))


def report_rows(connection: duckdb.DuckDBPyConnection, programme: Programme, calendar: Calendar) -> pd.DataFrame:
    """Return the reports that are owed or came, by unit and period.

    Returns
    -------
    DataFrame
        ``unit``, ``period``, ``first``, ``last``, ``deadline`` (the last day on which it is on time), ``owed``, whether
        it is; ``reports``, on how many days it came (1 where no day is known); ``received``, the first of them, missing
        where a row without a day may have come before it; ``corrected``, the last day on which it was corrected.
    """
    due = calendar.due
    owed = Select(
        {"unit": "u.unit", "number": "s.number"},
        "unit u JOIN step s ON coalesce(u.opened <= s.first, TRUE) AND coalesce(u.closed >= s.last, TRUE)",
        where=("s.is_owed",),
    )
    # what came on time stays so, whatever came beside it without a day
    unsure = "c.undated AND c.arrived > s.deadline"
    reports = {
        "unit": "unit",
        **{name: f"s.{name}" for name in ("period", "first", "last", "deadline")},
        "owed": "o.unit IS NOT NULL",
        "reports": "coalesce(c.reports, 0)",
        "received": f"if({unsure}, NULL, c.arrived)",
        "corrected": "c.corrected",
    }
    joined = "(FROM owed) o FULL JOIN came c USING (unit, number) JOIN step s USING (number)"
    tables = {
        "unit": units_sql(programme, calendar.contract, due),
        "step": _steps_sql(calendar),
        "owed": owed,
        "came": _came_sql(programme.id, calendar),
    }
    query = with_tables(tables, Select(reports, joined, order=("unit", "s.first")))
    return connection.execute(query).df()


def _steps_sql(calendar: Calendar) -> Select:
    """Write the periods with their number and deadline."""
    days_after = datetime.timedelta(days=calendar.due.days_after)
    rows = []
    for period, is_owed in calendar.steps:
        number = step_number_sql(calendar.clock, f"DATE '{period.first}'")
        dates = ", ".join(f"DATE '{day}'" for day in (period.first, period.last, period.last + days_after))
        rows.append(f"({number}, {literal(period.label)}, {dates}, {literal(is_owed)})")
    return Select(EVERY_COLUMN, f"(VALUES {', '.join(rows)}) v(number, period, first, last, deadline, is_owed)")


def _came_sql(programme: str, calendar: Calendar) -> Select:
    """Write the reports that came: the rows of one unit in one period are one."""
    due, clock = calendar.due, calendar.clock
    received = ident(due.received) if due.received else "CAST(NULL AS DATE)"
    came = {
        "unit": as_text(due.by),
        "number": step_number_sql(clock, ident(clock.column)),
        "reports": f"greatest(count(DISTINCT {received}), 1)",
        "arrived": f"min({received})",
        "undated": f"count({received}) < count(*)",
        "corrected": f"max({ident(due.corrected)})" if due.corrected else "CAST(NULL AS DATE)",
    }
    return Select(came, ident(programme, calendar.contract.id), group=("1", "2"))


def report_counts(reports: pd.DataFrame, every: Every, year_starts: int) -> pd.DataFrame:
    """Count the reports of each period: those owed, those of them that came, all that came, those that came twice.

    Parameters
    ----------
    reports
        As :func:`report_rows` returns them; ``unit`` may be that of who has taken over.
    every, year_starts
        How long their periods are, and with which month years start.

    Returns
    -------
    DataFrame
        ``code`` of the unit, empty for all of them, ``every``, ``period``, ``reports_due``, ``reports_received``,
        ``reports_came`` and ``reports_double``, by periods of the same length and longer.
    """
    came = reports["reports"] > 0
    counted = pd.DataFrame(
        {
            "code": reports["unit"],
            "first": reports["first"],
            "reports_due": reports["owed"].astype("int64"),
            "reports_received": (reports["owed"] & came).astype("int64"),
            "reports_came": came.astype("int64"),
            "reports_double": (reports["reports"] > 1).astype("int64"),
        }
    )
    both = pd.concat([counted, counted.assign(code="")])
    frames = [
        both.assign(every=longer, period=both["first"].map(_labels(both["first"], longer, year_starts)))
        for longer in coarser(every)
    ]
    return pd.concat(frames).drop(columns="first").groupby(["code", "every", "period"], as_index=False).sum()


def _labels(days: pd.Series, every: Every, year_starts: int) -> dict[datetime.date, str]:
    return {day: period_of(day, every, year_starts).label for day in days.unique()}
