"""Reports that are due: how many have come, on time or late, period by period."""

from __future__ import annotations

from impact.publish.rows import rows_of
from impact_dashboards.page.view import Block, ColumnSpec, Row, Table, View, columns_of, file_columns

SHOWN = 12
"""Periods that the page shows; the file has all, the longer ones too."""
IN_FILE = ("contract", "every", "first", "last", "open", "dhis2_rate")


def reports_block(view: View) -> Block | None:
    """Return how complete reports are, the latest period first; None where nobody owes any."""
    counted = view.published.completeness(view.today, view.programme)
    due = counted[counted["due"] > 0]
    if due.empty:
        return None
    shortest = due["dhis2_rate"].notna()  # DHIS2's own figure is given of these alone
    latest = due.assign(shortest=shortest).sort_values(["shortest", "first"], ascending=False, kind="stable")
    table = Table(columns_of(view, PERIODS), rows_of(latest), file_columns(IN_FILE), shown=SHOWN)
    return Block("reports", view.words("reports.title"), table, lead=view.words("reports.lead"))


def _share(view: View, row: Row) -> str:
    return view.words.number(row["share"], "share")


def _on_time(view: View, row: Row) -> str:
    return view.words.number(row["share_on_time"], "share") or "–"


PERIODS = (
    ColumnSpec("period", "periods.period"),
    ColumnSpec("due", "reports.due", numeric=True),
    ColumnSpec("received", "reports.received", numeric=True),
    ColumnSpec("share", "reports.share", _share, numeric=True, unit="share"),
    ColumnSpec("share_on_time", "reports.share_on_time", _on_time, numeric=True, unit="share"),
    ColumnSpec("on_time", "reports.on_time", numeric=True),
    ColumnSpec("late", "reports.late", numeric=True),
    ColumnSpec("missing", "reports.missing", numeric=True),
    ColumnSpec("unexpected", "reports.unexpected", numeric=True),
    ColumnSpec("double", "reports.double", numeric=True),
    ColumnSpec("corrected", "reports.corrected", numeric=True),
)
