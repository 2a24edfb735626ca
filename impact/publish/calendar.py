"""Reports as readers see them: who owed which, what came when, and what became of the units that owe them.

From :mod:`impact.measure.reports`, in a run's transaction; on which of them somebody waits in vain is said by
:mod:`impact.publish.report_counts`, on the day of looking.
"""

from __future__ import annotations

import duckdb
import pandas as pd

from impact.declare import Programme
from impact.declare.contracts import Contract
from impact.measure.reports import Calendar, contract_calendar, report_rows
from impact.measure.units import unit_rows
from impact.tables.monitoring import Report, ReportingUnit


def make_calendar(programme: Programme, connection: duckdb.DuckDBPyConnection) -> dict[str, pd.DataFrame]:
    """List the reports of every contract that has some due, and the units that owe them.

    Parameters
    ----------
    programme
        As declared.
    connection
        In the run's transaction, with the views of good rows in place.
    """
    reports, units = [], []
    for contract in programme.contracts.values():
        units += _units(programme, connection, contract)
        calendar = contract_calendar(connection, programme, contract)
        if calendar is not None:
            reports.append(_reports(calendar, report_rows(connection, programme, calendar)))
    return {
        record.TABLE.name: pd.concat(frames, ignore_index=True)
        for record, frames in ((Report, reports), (ReportingUnit, units))
        if frames
    }


def _reports(calendar: Calendar, rows: pd.DataFrame) -> pd.DataFrame:
    return rows.rename(columns={"unit": "code"}).assign(
        contract=calendar.contract.id,
        column=calendar.due.by,
        every=calendar.clock.every,
        year_starts=calendar.clock.year_starts,
    )


def _units(programme: Programme, connection: duckdb.DuckDBPyConnection, contract: Contract) -> list[pd.DataFrame]:
    if contract.due is None:
        return []
    rows = unit_rows(connection, programme, contract, contract.due)
    return [rows.rename(columns={"unit": "code"}).assign(contract=contract.id, column=contract.due.by)]
