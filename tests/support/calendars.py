"""Programmes whose projects owe reports: a roster, rows with a day, and what readers see of both."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from impact.declare import load_programme
from impact.publish.published import ReaderTables
from impact.publish.scope import Scope
from impact.run.flow import run_programme
from impact.store import Warehouse
from tests.support.programmes import indicator, programme_folder

TODAY = datetime.date(2024, 5, 1)
HOURS = {"formula": {"kind": "sum", "column": "hours"}, "over_time": "flow", "scope": ["project"]}
BEDS = {"formula": {"kind": "sum", "column": "beds"}, "over_time": "stock", "scope": ["project"]}
TOTAL = {"formula": {"kind": "sum", "column": "hours"}, "over_time": "running_total", "scope": ["project"]}
SHARE = {"formula": {"kind": "ratio", "numerator": "hours", "denominator": "beds"}, "scope": ["project"]}
EVERYONE = {"all_units": True}
ROSTER = {
    "contract": "project",
    "id": "project_id",
    "opened": "opened_on",
    "closed": "closed_on",
    "successor": "merged_into",
    "predecessor": "came_of",
}
DATES = ("day", "came_on", "corrected_on", "opened_on", "closed_on")


def declared(name: str, frame: pd.DataFrame, key: list[str], **fields: Any) -> dict[str, Any]:
    """Declare a contract of a frame, whose keys and ``project`` are never missing."""
    columns = {
        str(column): {
            "type": "date" if column in DATES else "number" if frame[column].dtype.kind in "if" else "text",
            "required": column in {*key, "project"},
        }
        for column in frame.columns
    }
    return {"id": name, "title": name, "unit_of_analysis": name, "key": key, "columns": columns} | fields


def units(*rows: dict[str, str]) -> pd.DataFrame:
    """Return a roster; what is left out of a row is missing."""
    named = ["project_id", "opened_on", "closed_on", "merged_into", "came_of"]
    return pd.DataFrame([{name: row.get(name, "") for name in named} for row in rows])


def folder_of(
    folder: Path,
    rows: pd.DataFrame,
    roster: pd.DataFrame,
    due: dict[str, Any],
    indicators: list[dict[str, Any]] | None = None,
    **fields: Any,
) -> Path:
    """Write a programme whose projects owe reports."""
    clock = {"column": "day", "every": "month", "empty": "no_report", "unit": ["project"]} | fields.pop("period", {})
    promise = {"by": "project", "days_after": 15, "units": ROSTER, "received": "came_on"} | due
    promise = {name: value for name, value in promise.items() if value is not None}
    codelists = fields.pop("codelists", ())
    of_rows = declared("rows", rows, fields.pop("key", ["project", "day"]), period=clock, due=promise, **fields)
    tables = {"data": (of_rows, rows), "units": (declared("project", roster, ["project_id"]), roster)}
    measured = indicators or [indicator("hours", sample=EVERYONE, **HOURS)]
    return programme_folder(folder, tables, measured, codelists=codelists)


def run(folder: Path, scope: Scope | None = None, today: datetime.date = TODAY) -> dict[str, pd.DataFrame]:
    """Run a programme and return what readers see of its calendar."""
    with Warehouse(":memory:") as warehouse:
        run_programme(load_programme(folder), warehouse)
        tables = ReaderTables(warehouse, scope) if scope else ReaderTables(warehouse)
        return {
            "reports": tables.reports(today, "made"),
            "completeness": tables.completeness(today, "made"),
            "units": tables.reporting_units("made"),
            "values": tables.period_values("made"),
            "heirs": tables.heir_values("made"),
            "findings": tables.findings("made"),
        }


def states(reports: pd.DataFrame) -> dict[tuple[str, str], str]:
    """Return the state of each report by unit and period."""
    return {
        (code, period): state for code, period, state in reports[["code", "period", "state"]].itertuples(index=False)
    }


def of(frame: pd.DataFrame, name: str, part: str = "", every: str = "month") -> pd.DataFrame:
    """Return the values of an indicator, a part and a kind of period, by the name of the period."""
    chosen = frame[(frame["indicator"] == name) & (frame["scope_value"] == part) & (frame["every"] == every)]
    return chosen.set_index("period")


def report(project: str, day: str, came_on: str, hours: int = 1, **fields: Any) -> dict[str, Any]:
    return {"project": project, "day": day, "came_on": came_on, "hours": hours, "beds": hours * 10} | fields


ONE = units({"project_id": "A"}, {"project_id": "B"})


CHANGED = units(
    {"project_id": "A", "closed_on": "2024-02-29", "merged_into": "C"},
    {"project_id": "B", "closed_on": "2024-02-29", "merged_into": "C"},
    {"project_id": "C", "opened_on": "2024-03-01"},
    {"project_id": "S", "closed_on": "2024-02-29"},
    {"project_id": "T", "opened_on": "2024-03-01", "came_of": "S"},
    {"project_id": "U", "opened_on": "2024-03-01", "came_of": "S"},
    {"project_id": "Z", "closed_on": "2024-01-31"},
)
"""A and B became C; S became T and U; Z closed. Hours are 1, 2, 4 and so on, so that every sum tells its terms."""


def changed() -> pd.DataFrame:
    rows = [
        *[report("A", f"2024-0{month}-10", f"2024-0{month + 1}-05", 1) for month in (1, 2)],
        *[report("B", f"2024-0{month}-12", f"2024-0{month + 1}-05", 2) for month in (1, 2)],
        *[report("S", f"2024-0{month}-10", f"2024-0{month + 1}-05", 4) for month in (1, 2)],
        report("Z", "2024-01-10", "2024-02-05", 8),
        report("C", "2024-03-10", "2024-04-05", 16),
        report("T", "2024-03-10", "2024-04-05", 32),
        report("U", "2024-03-10", "2024-04-05", 64),
    ]
    return pd.DataFrame(rows)
