"""A synthetic programme to monitor: 22 projects, 24 months, 30 indicators, with all that goes wrong in reports.

``python -m tests.support.monitored FOLDER`` writes it. Every number comes of the seed; nothing in it is about anybody.

- ``p03`` reports 40 days late from 2024 on; ``p05`` never sent March and April 2024; ``p17`` corrected May 2023.
- ``p07`` sent October 2023 twice, on two days.
- ``p09`` closed at the end of June 2024; ``p11`` merged into ``p12`` on 1 January 2024; ``p13`` was split into ``p21``
  and ``p22`` on 1 July 2024, when these opened.
- ``p15`` gives 30 hours less each month from January 2024 on: a shift; all else varies as it always did.
"""

from __future__ import annotations

import calendar
import datetime
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tests.support.programmes import indicator, programme_folder

SEED = 20241231
PROJECTS = [f"p{number:02}" for number in range(1, 23)]
MONTHS = [datetime.date(2023 + number // 12, number % 12 + 1, 1) for number in range(24)]
ROSTER = {
    "p09": {"closed_on": "2024-06-30"},
    "p11": {"closed_on": "2023-12-31", "merged_into": "p12"},
    "p13": {"closed_on": "2024-06-30"},
    "p21": {"opened_on": "2024-07-01", "came_of": "p13"},
    "p22": {"opened_on": "2024-07-01", "came_of": "p13"},
}
"""What became of projects; all others stand from the start."""
MISSING = {("p05", "2024-03"), ("p05", "2024-04")}
SHIFTED, SHIFT, SHIFTED_FROM = "p15", 30, datetime.date(2024, 1, 1)
FLOWS = ("hours", "visits", "courses", "calls", "meals", "trips", "meetings", "referrals", "leaflets", "interviews")
STOCKS = ("beds", "members", "volunteers", "open_cases", "rooms", "partners")
TOTALS = ("spent", "trained", "planted")
"""Reported as they stand since the start."""
ASKED = ("satisfied", "employed", "enrolled", "informed", "reached_in_time")
"""Of how many were asked, how many said yes."""
MEANS = ("waiting_days", "score", "age", "distance")
ALL = {"all_units": True}


def last_day(month: datetime.date) -> datetime.date:
    """Return the last day of a month."""
    return month.replace(day=calendar.monthrange(month.year, month.month)[1])


def is_open(project: str, month: datetime.date) -> bool:
    """Tell whether a project is open through a month."""
    fate = ROSTER.get(project, {})
    opened, closed = fate.get("opened_on", "0001-01-01"), fate.get("closed_on", "9999-12-31")
    return opened <= month.isoformat() and closed >= last_day(month).isoformat()


def reports() -> pd.DataFrame:
    """Return the monthly reports, a row each; the one that came twice has two."""
    draw = np.random.default_rng(SEED)
    rows: list[dict[str, Any]] = []
    standing: dict[str, int] = {}
    for project in PROJECTS:
        standing = dict.fromkeys(TOTALS, 0)
        for month in MONTHS:
            row = _report(draw, project, month, standing)
            if is_open(project, month) and (project, f"{month:%Y-%m}") not in MISSING:
                rows.append(row)
                if (project, month) == ("p07", datetime.date(2023, 10, 1)):
                    rows.append(row | {"day": "2023-10-30", "came_on": "2023-11-09"})
    return pd.DataFrame(rows)


def _report(draw: np.random.Generator, project: str, month: datetime.date, standing: dict[str, int]) -> dict[str, Any]:
    """Return one report; draws are taken for months without one too, so that none moves the others."""
    flows = {name: int(draw.integers(40, 61)) for name in FLOWS}
    if project == SHIFTED and month >= SHIFTED_FROM:
        flows["hours"] -= SHIFT
    stocks = {name: int(draw.integers(20, 31)) for name in STOCKS}
    for name in TOTALS:
        standing[name] += int(draw.integers(1, 10))
    asked = int(draw.integers(50, 81))
    answers = {name: int(draw.binomial(asked, 0.6)) for name in ASKED}
    means = {name: float(draw.integers(10, 40)) for name in MEANS}
    came = last_day(month) + datetime.timedelta(days=40 if project == "p03" and month.year == 2024 else 10)
    corrected = "2023-07-01" if (project, month) == ("p17", datetime.date(2023, 5, 1)) else ""
    named = {"project": project, "day": month.replace(day=28).isoformat(), "came_on": came.isoformat()}
    return named | {"corrected_on": corrected, "asked": asked} | flows | stocks | standing | answers | means


def roster() -> pd.DataFrame:
    """Return the projects, with what became of them."""
    blank = dict.fromkeys(("opened_on", "closed_on", "merged_into", "came_of"), "")
    return pd.DataFrame([{"project_id": name} | blank | ROSTER.get(name, {}) for name in PROJECTS])


def targets() -> pd.DataFrame:
    """Return what each project promised: 600 hours by the end of 2023, 1,200 by the end of 2024; ``p20`` nothing."""
    promises = {"2023-12-31": 600, "2024-12-31": 1200}
    rows = [
        ("hours", project, due, value, "Invented promises", "row", f"{value} hours")
        for project in PROJECTS
        if project != "p20"
        for due, value in promises.items()
    ]
    return pd.DataFrame(rows, columns=["indicator", "part", "due", "value", "document", "place", "quote"])


def indicators() -> list[dict[str, Any]]:
    """Return the thirty indicators, each cut by project."""
    cut = {"scope": ["project"], "contract": "rows", "sample": ALL, "ex_post": {"period": "2024-12"}}

    def summed(name: str, rule: str) -> dict[str, Any]:
        return indicator(name, formula={"kind": "sum", "column": name}, over_time=rule, **cut)

    declared = [summed(name, "flow") for name in FLOWS]
    declared += [summed(name, "stock") for name in STOCKS]
    declared += [summed(name, "running_total") for name in TOTALS]
    for name in ASKED:
        formula = {"kind": "ratio", "numerator": name, "denominator": "asked"}
        declared.append(indicator(name, formula=formula, **cut))
    declared += [indicator(name, formula={"kind": "mean", "column": name}, **cut) for name in MEANS]
    for name, operands in {"hours_a_visit": ["hours", "visits"], "calls_a_meeting": ["calls", "meetings"]}.items():
        reckoned = indicator(name, formula={"kind": "derived", "operation": "ratio", "operands": operands})
        declared.append(reckoned | {name: field for name, field in cut.items() if name != "sample"})
    origin = {"note": "invented for the test"}
    steps = [
        {"due": f"{year}-12-31", "value": value, "origin": origin} for year, value in ((2023, 12500), (2024, 25000))
    ]
    declared[0]["ex_ante"] = {
        "target": {"milestones": steps, "of": "to_date"},
        "targets": {"by": "project", "of": "to_date", "contract": "promises"},
    }
    return declared


def _contract(name: str, frame: pd.DataFrame, key: list[str], dates: tuple[str, ...], **fields: Any) -> dict[str, Any]:
    columns = {
        str(column): {
            "type": "date" if column in dates else "number" if frame[column].dtype.kind in "if" else "text",
            "required": column in (*key, "project", "value", "document", "quote"),
        }
        for column in frame.columns
    }
    return {"id": name, "title": name, "unit_of_analysis": name, "key": key, "columns": columns} | fields


def write(folder: Path) -> Path:
    """Write the programme into a folder that is not there yet."""
    units = {"contract": "project", "id": "project_id", "opened": "opened_on", "closed": "closed_on"}
    units |= {"successor": "merged_into", "predecessor": "came_of"}
    due = {"by": "project", "days_after": 15, "received": "came_on", "corrected": "corrected_on", "units": units}
    due |= {"last": "2024-12"}
    clock = {"column": "day", "every": "month", "empty": "no_report", "unit": ["project"]}
    dates = ("day", "came_on", "corrected_on", "opened_on", "closed_on", "due")
    tables = {
        "reports": (_contract("rows", reports(), ["project", "day"], dates, period=clock, due=due), reports()),
        "projects": (_contract("project", roster(), ["project_id"], dates), roster()),
        "promised": (_contract("promises", targets(), ["indicator", "part", "due"], dates), targets()),
    }
    return programme_folder(folder, tables, indicators())


PROJECTS_AND_CONTACTS = """
projects: {column: project, contract: project}
stakeholders:
  - {id: office, name: Invented office, role: lead}
  - {id: agency, name: Invented agency, role: supporter}
contacts:
  - {id: desk, role: {en: Reports desk, it: Ufficio rapporti}, body: agency, answers_for: {contracts: [rows]}}
  - {id: hours, role: {en: Keeper of hours, it: Responsabile delle ore}, name: Invented person, reach: hours@example.org,
     answers_for: {indicators: [hours]}}
"""
"""Of the programme, which says no more of itself: its roster lists its projects, two contacts answer for something."""


def write_with_contacts(folder: Path) -> Path:
    """Write the programme with its projects, and with who answers for what."""
    write(folder)
    with (folder / "programme.yaml").open("a", encoding="utf-8") as file:
        file.write(PROJECTS_AND_CONTACTS)
    return folder


if __name__ == "__main__":
    write(Path(sys.argv[1]))
