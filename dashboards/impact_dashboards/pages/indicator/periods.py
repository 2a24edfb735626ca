"""Values by month, quarter or year: the control chart of the shortest periods, and the numbers behind it."""

from __future__ import annotations

import datetime

import pandas as pd
import plotly.graph_objects as go

from impact.drawing.markup import Node
from impact.figures import control_figure
from impact.periods import MONTHS
from impact.publish.rows import rows_of
from impact.states import Arm, PeriodState, Reading
from impact_dashboards.page.view import Block, Choice, Column, ColumnSpec, Row, Table, View, columns_of, file_columns
from impact_dashboards.parts.findings import drawn_unit
from impact_dashboards.parts.marks import ends_of
from impact_dashboards.parts.state_marks import badge

CELL = ["indicator", "scope", "scope_value", "group", "group_value"]
"""What a value by period shares with its finding."""
POINT = ["arm", "every", "period"]
IN_FILE = (
    *(*POINT, "first", "last", "partial", "std_error", "conf_low", "conf_high"),
    *("to_date_low", "to_date_high", "center", "lower", "upper", "rules"),
)
SIGNALS = (Reading.CONCERN, Reading.CHANGE, Reading.IMPROVEMENT)
SHOWN = 36
"""Periods that are listed; the file has all."""


def period_rows(view: View, row: Row) -> pd.DataFrame:
    """Return the values by period of a finding, with what its control chart says of them.

    Of a design with arms, those of the treated, whose value the finding is.
    """
    values = view.published.period_values(view.programme)
    cell = [row[key] or "" for key in CELL]
    rows = values[(values[CELL] == cell).all(axis=1) & (values["arm"] != Arm.COMPARISON)]
    if rows.empty:
        return rows
    points = view.published.chart_points(view.programme)
    of_chart = points[[*CELL, *POINT, "center", "lower", "upper", "rules", "reading"]]
    return rows.merge(of_chart, on=[*CELL, *POINT], how="left")


def every_choice(view: View, rows: pd.DataFrame) -> list[Choice]:
    """Return the choice of how long the periods are, where there are any."""
    if rows.empty:
        return []
    options = {every: view.words(f"every.{every}") for every in _kinds(rows)}
    return [Choice("every", view.words("periods.every"), options, _chosen(view, rows))]


def _kinds(rows: pd.DataFrame) -> list[str]:
    return sorted(set(rows["every"]), key=lambda every: MONTHS[every])


def _chosen(view: View, rows: pd.DataFrame) -> str:
    kinds = _kinds(rows)
    return view.chosen("every", kinds, kinds[0])


def periods_block(view: View, row: Row, rows: pd.DataFrame) -> Block:
    """Return the values of the chosen kind of period, drawn with their limits where they have a chart."""
    chosen = rows[rows["every"] == _chosen(view, rows)].sort_values("first")
    listed = [row | {"rules": "; ".join(row["rules"] or ())} for row in rows_of(chosen.iloc[::-1])]
    table = Table(_columns(view, row["unit"]), listed, file_columns(IN_FILE), shown=SHOWN)
    drawable = chosen["value"].notna().sum() > 1
    figure = _figure(view, row, chosen) if drawable else None
    title, lead = view.words("periods.title"), _lead(view, chosen)
    return Block("periods", title, table, lead=lead, figure=figure, folded=figure is not None)


def _figure(view: View, row: Row, rows: pd.DataFrame) -> go.Figure:
    places = [_ordinal(day) for day in rows["first"]]
    return control_figure(rows.assign(wave=rows["period"], place=places), drawn_unit(view.words, row), view.words)


def _ordinal(day: datetime.date | pd.Timestamp) -> int:
    return pd.Timestamp(day).toordinal()


def _lead(view: View, rows: pd.DataFrame) -> Node:
    """Say what the limits are for, and how many periods are signals; or why there are no limits."""
    if rows["center"].isna().all():
        return view.words("periods.no_chart")
    signals = int(rows["reading"].isin(SIGNALS).sum())
    return view.words("periods.lead", count=signals)


def _number(view: View, row: Row, key: str, unit: str) -> str:
    """Write a number of a row: its value by its interval, any other without one."""
    return view.words.number(row[key], unit, ends_of(row) if key == "value" else None)


def _columns(view: View, unit: str) -> list[Column]:
    def number(key: str) -> Column:
        title = view.words("finding.value" if key == "value" else "periods.to_date")
        return Column(key, title, lambda row: _number(view, row, key, unit), numeric=True, unit=unit)

    def interval(row: Row) -> str:
        return view.words.interval(row["conf_low"], row["conf_high"], unit) or "–"

    intervals = Column("", view.words("indicator.interval"), interval, numeric=True)
    return [*columns_of(view, NAMED), number("value"), intervals, number("to_date"), *columns_of(view, BASIS)]


def _period(view: View, row: Row) -> str:
    return view.words("periods.partial", period=row["period"]) if row["partial"] else str(row["period"])


def _state(view: View, row: Row) -> Node:
    if row["state"] == PeriodState.SUPPRESSED:
        return view.words(f"disclosure.{row['suppressed']}")
    return view.words(f"period_state.{row['state']}")


def _reading(view: View, row: Row) -> Node:
    """Return what the chart says of a period: of common variation nothing."""
    signal = isinstance(row["reading"], str) and row["reading"] in SIGNALS
    return badge(str(row["reading"]), view.words) if signal else "–"


NAMED = (ColumnSpec("period", "periods.period", _period),)
BASIS = (
    ColumnSpec("n", "n", numeric=True),
    ColumnSpec("state", "periods.state", _state),
    ColumnSpec("reading", "periods.reading", _reading),
)
