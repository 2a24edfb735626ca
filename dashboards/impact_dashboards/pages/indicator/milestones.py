"""What was promised on the way, day by day: kept or not, on course or off, and where a straight line would lead."""

from __future__ import annotations

import pandas as pd

from impact.drawing.markup import Node
from impact.publish.rows import Record, rows_of
from impact_dashboards.page.view import Block, Column, ColumnSpec, Row, Table, View, columns_of, file_columns
from impact_dashboards.parts.marks import ends_of, known
from impact_dashboards.parts.state_marks import badge

IN_FILE = (
    *("number", "point", "of", "seen", "conf_low", "conf_high", "progress", "progress_state"),
    *("projection_low", "projection_high", "projection_n", "not_projected", "origin"),
)


def milestone_rows(view: View, row: Row) -> list[Record]:
    """Return what a finding was promised on the way, the earliest first; nothing where it is a single day's promise."""
    milestones = view.published.milestones(view.programme)
    of_finding = milestones[milestones["finding"] == row["finding"]]
    days = pd.to_datetime(of_finding["due"]).dt.strftime("%Y-%m-%d")
    return rows_of(of_finding.assign(due=days))


def milestones_block(view: View, row: Row, rows: list[Record]) -> Block:
    """Return the promises of a finding by their day."""
    columns = [*columns_of(view, NAMED), *_numbers(view, row["unit"]), *columns_of(view, STATES)]
    columns += _far(view, row["unit"])
    table = Table(columns, rows, file_columns(IN_FILE))
    return Block("milestones", view.words("milestones.title"), table, lead=view.words("milestones.lead"))


def _day(view: View, row: Row) -> str:
    return view.words.date(row["due"])


def _of(view: View, row: Row) -> str:
    """Return what a promise is: the last, one of a period, or what lies between two of them."""
    if row["point"] != "milestone":
        return view.words(f"milestones.{row['point']}")
    return view.words(f"milestones.of_{row['of']}")


def _course(view: View, row: Row) -> Node:
    return badge(str(row["course"]), view.words)


def _attainment(view: View, row: Row) -> Node:
    return badge(str(row["attainment"]), view.words)


def _number(view: View, row: Row, key: str, unit: str) -> str:
    """Write a number of a row: its value by its interval, any other without one."""
    return view.words.number(row[key], unit, ends_of(row) if key == "value" else None)


def _numbers(view: View, unit: str) -> list[Column]:
    def number(key: str, title: str) -> Column:
        return Column(key, view.words(title), lambda row: _number(view, row, key, unit), numeric=True, unit=unit)

    def interval(row: Row) -> str:
        return view.words.interval(row["conf_low"], row["conf_high"], unit) or "–"

    intervals = Column("", view.words("indicator.interval"), interval, numeric=True)
    return [number("target", "milestones.target"), number("value", "finding.value"), intervals]


def _far(view: View, unit: str) -> list[Column]:
    """Return how far a value is from its promise, and where a line would lead: in its own column, with its interval."""

    def gap(row: Row) -> str:
        return view.words.gain(row["gap"], unit) if known(row["gap"]) else "–"

    def projection(row: Row) -> str:
        if not known(row["projection"]):
            return "–"
        low, high = row["projection_low"], row["projection_high"]
        return f"{view.words.number(row['projection'], unit, (low, high))} {view.words.interval(low, high, unit)}"

    gaps = Column("gap", view.words("milestones.gap"), gap, numeric=True, unit=unit)
    return [gaps, Column("projection", view.words("milestones.projection"), projection, numeric=True, unit=unit)]


NAMED = (ColumnSpec("due", "monitoring.day", _day), ColumnSpec("", "milestones.what", _of))
STATES = (
    ColumnSpec("course", "milestones.course", _course),
    ColumnSpec("attainment", "milestones.attainment", _attainment),
)
