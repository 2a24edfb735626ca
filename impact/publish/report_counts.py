"""What became of reports as of a day, and how complete they are: counted over the smallest periods, cut nowhere.

From the table ``report``, for readers; the day is theirs.
"""

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd

from impact.periods import MONTHS, Every, coarser, period_of
from impact.states import ReportState

COUNTS = ("due", "received", "on_time", "late", "missing", "double", "corrected", "unexpected", "open")
"""What is counted of reports; all but the last two of those whose last day has passed."""
_CAME = (ReportState.ON_TIME, ReportState.LATE, ReportState.RECEIVED)


def report_states(reports: pd.DataFrame, today: datetime.date) -> pd.DataFrame:
    """Say what became of each report; those of periods that have not begun are left out.

    Parameters
    ----------
    reports
        Rows of :class:`impact.tables.monitoring.Report`.
    today
        The day to look from. It decides what is missing, and nothing of what came.

    Returns
    -------
    DataFrame
        The rows with ``state``, one of :class:`impact.states.ReportState`, and ``double``: whether it came on several
        days.
    """
    begun = reports[(reports["first"] <= pd.Timestamp(today)) | (reports["reports"] > 0)].reset_index(drop=True)
    came, deadline = begun["reports"] > 0, begun["deadline"]
    known = [
        (came & ~begun["owed"].astype(bool), ReportState.UNEXPECTED),
        (came & begun["received"].isna(), ReportState.RECEIVED),
        (came & (begun["received"] <= deadline), ReportState.ON_TIME),
        (came, ReportState.LATE),
        (deadline < pd.Timestamp(today), ReportState.MISSING),
    ]
    conditions, states = zip(*known, strict=True)
    state = np.select(list(conditions), list(states), ReportState.OPEN)
    return begun.assign(state=state, double=begun["reports"] > 1)


def completeness(reports: pd.DataFrame, today: datetime.date) -> pd.DataFrame:
    """Count reports by period: those due by a day, and what came of them.

    A quarter is the sum of its months, so that a unit which opened or closed within it counts for the months that it
    was open. A report counts once, however often it came. What came from units that owed nothing is counted beside, and
    not in: it cannot stand for one that is missing, and no share has to be cut at 1.

    Parameters
    ----------
    reports
        Rows of :class:`impact.tables.monitoring.Report`.
    today
        The day to look from: only reports whose last day has passed are due.

    Returns
    -------
    DataFrame
        By ``programme``, ``contract`` and period (``every``, ``period``, ``first``, ``last``), the shortest first, the
        counts of :data:`COUNTS`; ``share``, received by due; ``share_on_time``, missing where a day of arrival is not
        known; ``dhis2_rate`` of the shortest periods, see :func:`reporting_rate`. Shares are missing where nothing is
        due.
    """
    counted = _counted(report_states(reports, today), today)
    frames = [_by_period(rows, str(every)) for every, rows in counted.groupby("every", sort=False)]
    if not frames:
        return counted.reindex(columns=["programme", "contract", *_PERIOD, *COUNTS, *_SHARES])
    table = pd.concat(frames, ignore_index=True)
    order = table.assign(months=table["every"].map(MONTHS)).sort_values(["programme", "contract", "months", "first"])
    table = table.loc[order.index].reset_index(drop=True)
    due = table["due"].where(table["due"] > 0)
    dated = table["received"] == table["on_time"] + table["late"]
    capped = [reporting_rate(*row) for row in zip(table["received"] + table["unexpected"], table["due"], strict=True)]
    return table.assign(
        share=table["received"] / due,
        share_on_time=(table["on_time"] / due).where(dated),
        dhis2_rate=pd.Series(capped, index=table.index, dtype="float64").where(table["smallest"]),
    ).drop(columns="smallest")


_PERIOD = ("every", "period", "first", "last")
_SHARES = ("share", "share_on_time", "dhis2_rate")


def _counted(reports: pd.DataFrame, today: datetime.date) -> pd.DataFrame:
    """Return for each report what it counts for."""
    state, owed = reports["state"], reports["owed"].astype(bool)
    due = owed & (reports["deadline"] < pd.Timestamp(today))
    return reports.assign(
        due=due,
        received=due & state.isin(_CAME),
        on_time=due & (state == ReportState.ON_TIME),
        late=due & (state == ReportState.LATE),
        missing=state == ReportState.MISSING,
        double=due & reports["double"],
        corrected=due & reports["corrected"].notna(),
        unexpected=state == ReportState.UNEXPECTED,
        open=state == ReportState.OPEN,
    )


def _by_period(counted: pd.DataFrame, every: str) -> pd.DataFrame:
    """Sum what reports of periods of one length count for, by these and by every longer one."""
    kinds = coarser(every)  # type: ignore[arg-type]  # the table holds no other
    frames = [_summed(counted, longer).assign(smallest=longer == every) for longer in kinds]
    return pd.concat(frames, ignore_index=True)


def _summed(counted: pd.DataFrame, every: Every) -> pd.DataFrame:
    days = counted[["first", "year_starts"]].drop_duplicates()
    periods = [period_of(first.date(), every, month) for first, month in days.itertuples(index=False)]
    named = days.assign(
        every=every,
        period=[period.label for period in periods],
        begin=pd.to_datetime([period.first for period in periods]),
        last=pd.to_datetime([period.last for period in periods]),
    )
    rows = counted.drop(columns=["every", "period", "last"]).merge(named, on=["first", "year_starts"])
    rows = rows.drop(columns="first").rename(columns={"begin": "first"})
    return rows.groupby(["programme", "contract", *_PERIOD], as_index=False)[list(COUNTS)].sum()


def reporting_rate(received: int, expected: int) -> float:
    """Return the share of expected reports that came as DHIS2 gives it: cut at 1, and 0 where none are expected.

    Beside the share that is not cut, for who compares with a DHIS2. Of a longer period DHIS2 divides by the units that
    were open through all of it, times the shorter periods that fit in its days: a unit that opened or closed within
    reports and is not expected, and the cut hides it. That figure is not given here.

    Parameters
    ----------
    received
        All reports that came, each once.
    expected
        Those that were expected.

    Examples
    --------
    >>> reporting_rate(3, 4), reporting_rate(8, 6), reporting_rate(2, 0)
    (0.75, 1.0, 0.0)
    """
    return min(received / expected, 1.0) if expected else 0.0
