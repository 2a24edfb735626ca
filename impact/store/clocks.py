"""What the views of good rows add to contracts with a clock: the last report of each unit, and who is open at its end.

SQL text, read by :mod:`impact.store.warehouse` and :mod:`impact.measure.windows`.
"""

from __future__ import annotations

from impact.declare.contracts import Clock, Contract
from impact.periods import LAST_REPORT, MONTHS, UNIT_OPEN
from impact.sql import EVERY_COLUMN, Select, as_text, ident, relation


def step_number_sql(clock: Clock, day: str) -> str:
    """Write the number of the shortest period that a day is in; see :func:`impact.periods.period_number`."""
    return f"(year({day}) * 12 + month({day}) - {clock.year_starts}) // {MONTHS[clock.every]}"


def step_end_sql(clock: Clock, day: str) -> str:
    """Write the last day of the shortest period that a day is in."""
    following = f"({step_number_sql(clock, day)} + 1) * {MONTHS[clock.every]}"
    since_year_1 = f"CAST({following} + {clock.year_starts - 1 - 12} AS INTEGER)"
    return f"CAST(DATE '0001-01-01' + to_months({since_year_1}) AS DATE) - 1"


def with_last_report(rows: str, programme: str, contract: Contract) -> str:
    """Add, to a query of rows with a clock, whether each row is of the last day on which its unit reported.

    Parameters
    ----------
    rows
        The query.
    programme, contract
        Whose rows they are. Where a roster says when units close, it is also added whether the unit of each row is
        open at the end of the last period that has a row.
    """
    if contract.period is None:
        return rows
    day = f"r.{ident(contract.period.column)}"
    units = ", ".join(f"r.{ident(name)}" for name in contract.reporting_unit)
    by_unit = f"PARTITION BY {units}" if units else ""
    last = f"coalesce({day} = max({day}) OVER ({by_unit}), FALSE)"
    added = {**EVERY_COLUMN, LAST_REPORT: last}
    if not contract.units_close:
        return Select(added, f"({rows}) r").sql()
    is_open = open_sql(step_end_sql(contract.period, f"max({day}) OVER ()"))
    joined = with_closing(programme, contract, f"({rows})")
    return Select({"*": "r.*", LAST_REPORT: last, UNIT_OPEN: is_open}, joined).sql()


def with_closing(programme: str, contract: Contract, rows: str) -> str:
    """Join to rows, called ``r``, the day on which the unit of each was closed, for :func:`open_sql`."""
    due = contract.due
    if due is None or due.units is None or due.units.closed is None:
        return f"{rows} r"
    closing = {"closing_unit": as_text(due.units.id), "closing_day": ident(due.units.closed)}
    listed = relation(Select(closing, ident(programme, due.units.contract)))
    return f"{rows} r LEFT JOIN {listed} c ON CAST(r.{ident(due.by)} AS VARCHAR) = c.closing_unit"


def open_sql(day: str) -> str:
    """Write whether the unit of a row of :func:`with_closing` is open on a day: the day it closes is its last."""
    return f"coalesce(c.closing_day >= {day}, TRUE)"
