"""What coordinators look at first: signals, promises that are behind, reports that have not come; each as one line.

From tables of a reader, as of a day of theirs; the terminal and the page of coordinators show the same lines.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from impact.publish.report_counts import report_states
from impact.states import AttentionKind, CourseState, Reading, ReportState
from impact.tables.part import COLUMNS, cut_columns, part_codes

CHART = ["indicator", "arm", *COLUMNS]
LINES = ["kind", "subject", "column", "code", "period", "day", "state", "value", "expected", "gap", "days", "rules"]
"""Columns of what is to be looked at; see :func:`attention`."""
FEWEST_PERIODS = 12
"""Periods with a value, below which a chart says nothing; see :mod:`impact.statistics.control_charts`."""
_OFF_COURSE = (CourseState.BEHIND, CourseState.OFF_COURSE)
_WORRYING = (Reading.CONCERN, Reading.CHANGE)


@dataclass(frozen=True)
class Followed:
    """What is followed of one programme over time, as a reader sees it.

    Parameters
    ----------
    points, milestones, reports
        Rows of :class:`impact.tables.charts.ChartPoint`, :class:`impact.tables.milestones.Milestone` and
        :class:`impact.tables.monitoring.Report`.
    """

    points: pd.DataFrame
    milestones: pd.DataFrame
    reports: pd.DataFrame

    def latest(self, today: datetime.date) -> pd.DataFrame:
        """Return the last point with a value of each chart that had enough of them by that day.

        Limits are those of all periods that there are, later ones too.
        """
        ended = self.points[self.points["value"].notna() & (self.points["last"] < pd.Timestamp(today))]
        valued = ended[ended.groupby(CHART)["value"].transform("size") >= FEWEST_PERIODS]
        return valued.sort_values("first").drop_duplicates(CHART, keep="last").sort_values(CHART)

    def promises(self, today: datetime.date) -> pd.DataFrame:
        """Return of each promise the last milestone that is due."""
        due = self.milestones[(self.milestones["due"] <= pd.Timestamp(today)) & (self.milestones["point"] != "now")]
        # the end may be due on the day of the last period: it comes after
        return due.sort_values(["due", "number"]).drop_duplicates("finding", keep="last")


def attention(followed: Followed, today: datetime.date) -> pd.DataFrame:
    """Return what to look at first.

    Parameters
    ----------
    followed
        What is followed of a programme.
    today
        The day to look from.

    Returns
    -------
    DataFrame
        ``kind`` (:class:`impact.states.AttentionKind`), ``subject`` (an indicator, or the contract of a report),
        ``column`` and ``code`` of the part, ``period`` and ``day`` (last of a signal, due of a promise, deadline of
        the oldest report that is missing), ``state``, ``value`` and ``expected`` (the middle of the chart, the promise,
        how many reports are missing), ``gap`` (in widths from the middle to the limit, or as a share of the way that
        was promised), ``days`` since the day, ``rules`` of a signal. Signals first, the farthest from the middle
        before; then promises, the largest gap before; then reports, those missing longest before.

    Notes
    -----
    A chart counts where its latest value is marked: what was a signal a year ago has been looked at. Of each promise
    the last milestone that is due counts.
    """
    latest, promises = followed.latest(today), followed.promises(today)
    frames = [_signals(latest), _promises(promises), _reports(followed.reports, today)]
    lines = pd.concat([frame for frame in frames if len(frame)] or [pd.DataFrame(columns=LINES)], ignore_index=True)
    day = pd.to_datetime(lines["day"])
    return lines.assign(day=day, days=(pd.Timestamp(today) - day).dt.days)[LINES]


def _signals(latest: pd.DataFrame) -> pd.DataFrame:
    """Return the charts whose latest value is marked to the side that worries."""
    marked = latest[latest["reading"].isin(_WORRYING)]
    # of a share one of the limits may be cut at 0 or 1, which brings no value farther out
    widths = pd.concat([marked["upper"] - marked["center"], marked["center"] - marked["lower"]], axis=1)
    half = widths.max(axis=1).where(lambda width: width > 0)
    lines = marked.assign(
        kind=AttentionKind.SIGNAL,
        subject=marked["indicator"],
        column=cut_columns(marked),
        code=part_codes(marked),
        day=marked["last"],
        state=marked["reading"],
        expected=marked["center"],
        gap=(marked["value"] - marked["center"]) / half,
    )
    farthest = lines["gap"].abs().sort_values(ascending=False, kind="stable").index
    return lines.loc[farthest].reindex(columns=LINES)


def _promises(promises: pd.DataFrame) -> pd.DataFrame:
    """Return the promises that are off course."""
    behind = promises[promises["course"].isin(_OFF_COURSE)]
    start = behind["baseline"].fillna(0.0)
    way = (behind["target"] - start).abs()
    way = way.where(way > 0, behind["target"].abs()).where(lambda length: length > 0)
    lines = behind.assign(
        kind=AttentionKind.PROMISE,
        subject=behind["indicator"],
        column=cut_columns(behind),
        code=part_codes(behind),
        period=behind["seen"],
        day=behind["due"],
        state=behind["course"],
        expected=behind["target"],
        gap=behind["gap"] / way,
    )
    largest = lines["gap"].abs().fillna(np.inf).sort_values(ascending=False, kind="stable").index
    return lines.loc[largest].reindex(columns=LINES)


def _reports(reports: pd.DataFrame, today: datetime.date) -> pd.DataFrame:
    """Return who owes reports whose last day has passed: one line for each unit, with the oldest."""
    states = report_states(reports, today)
    missing = states[states["state"] == ReportState.MISSING].sort_values("deadline")
    lines = missing.groupby(["contract", "column", "code"], as_index=False).agg(
        period=("period", "first"), day=("deadline", "first"), expected=("period", "size")
    )
    lines = lines.assign(kind=AttentionKind.REPORT, subject=lines["contract"], state=ReportState.MISSING)
    longest = lines.sort_values(["day", "expected"], ascending=[True, False], kind="stable")
    return longest.reindex(columns=LINES)


@dataclass(frozen=True)
class Charts:
    """How many charts there are, how many are marked at their latest value, and how many chance alone would mark.

    Parameters
    ----------
    charts, marked
        Charts, and those whose latest value is a signal, for the better or the worse.
    expected
        Of so many charts in which nothing changed, those that would be marked at their latest value.
    """

    charts: int
    marked: int
    expected: float


def count_charts(followed: Followed, today: datetime.date) -> Charts:
    """Count charts, those that are marked at their latest value, and those that chance alone would mark."""
    latest = followed.latest(today)
    marked = int((latest["reading"] != Reading.COMMON).sum())
    return Charts(len(latest), marked, float(latest["chance"].sum()))


def count_courses(followed: Followed, today: datetime.date) -> Mapping[str, int]:
    """Count promises by how they stand at the last of their milestones that is due."""
    courses = followed.promises(today)["course"].value_counts()
    return {str(state): int(count) for state, count in courses.items()}
