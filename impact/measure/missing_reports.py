"""Values for which reports are missing: of a total of rows with reports due, what lacks is known by who owes it.

After the passes of :mod:`impact.measure.engine`, from :mod:`impact.measure.reports`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import pandas as pd

from impact.declare.contracts import Contract
from impact.declare.indicators import Indicator
from impact.declare.load import Programme
from impact.formulas.registry import kind_of
from impact.measure.measurement import INCOMPLETE, Measurement
from impact.measure.reports import contract_calendar, report_rows
from impact.periods import period_of


@dataclass(frozen=True)
class MissingReports:
    """Who owes a report that has not come, of the periods up to the one with the last row.

    Parameters
    ----------
    column
        The column that says whose report a row is.
    ever, last
        The units that lack one of any period, and of the last.
    """

    column: str
    ever: frozenset[str]
    last: frozenset[str]

    def flagged(self, indicator: Indicator, measured: Sequence[Measurement]) -> list[Measurement]:
        """Return values, flagged as incomplete where units lack what adds to them.

        A stock and a running total stand on the last report: an earlier one that never came is made up for.
        """
        if not kind_of(indicator.formula).of_all_units:
            return list(measured)
        lacking = self.last if indicator.takes_last_report else self.ever
        return [row.flagged(INCOMPLETE) if self._lacks(row, lacking) else row for row in measured]

    def _lacks(self, row: Measurement, lacking: frozenset[str]) -> bool:
        part = row.domain.part
        return part.code in lacking if part.column == self.column else bool(lacking)


def missing_reports(
    connection: duckdb.DuckDBPyConnection, programme: Programme, contract: Contract
) -> MissingReports | None:
    """Return who lacks reports of a contract; None where nobody owes any, or no row has come.

    Parameters
    ----------
    connection
        Holds the views of the programme's good rows.
    programme, contract
        Whose reports are due.
    """
    calendar = contract_calendar(connection, programme, contract)
    if calendar is None or calendar.rows is None:
        return None
    clock = calendar.clock
    until = pd.Timestamp(period_of(calendar.rows[1], clock.every, clock.year_starts).last)
    reports = report_rows(connection, programme, calendar)
    missing = reports[reports["owed"] & (reports["reports"] == 0) & (reports["last"] <= until)]
    of_last = missing[missing["last"] == until]
    return MissingReports(calendar.due.by, frozenset(missing["unit"]), frozenset(of_last["unit"]))
