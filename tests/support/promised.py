"""Programmes whose rows have a date and whose parts may have targets of their own, written around frames."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from impact.declare import load_programme
from impact.publish.published import ReaderTables
from impact.run.flow import run_programme
from impact.store import Warehouse
from tests.support.programmes import programme_folder

NOTE = {"note": "Made for a test"}
TARGET_COLUMNS = {
    "indicator": {"type": "text", "required": True},
    "part": {"type": "text", "required": True},
    "due": {"type": "date", "required": True},
    "value": {"type": "number", "required": True},
    "baseline": {"type": "number"},
    "document": {"type": "text"},
    "place": {"type": "text"},
    "quote": {"type": "text"},
}


def reports(values: dict[str, Sequence[float | None]], year: int = 2024) -> pd.DataFrame:
    """Return a row for each project and month from January with a value: ``project, day, hours``."""
    rows = [
        (project, f"{year}-{month:02}-10", hours)
        for project, of_months in values.items()
        for month, hours in enumerate(of_months, start=1)
        if hours is not None
    ]
    return pd.DataFrame(rows, columns=["project", "day", "hours"])


def steps(*dated: tuple[str, float], **rules: Any) -> dict[str, Any]:
    """Declare a path of dated values."""
    return {"milestones": [{"due": due, "value": value, "origin": NOTE} for due, value in dated], **rules}


def target(value: float, due: str) -> dict[str, Any]:
    """Declare a target on one day."""
    return {"value": value, "due": due, "origin": NOTE}


def promised(
    folder: Path,
    frame: pd.DataFrame,
    indicators: list[dict[str, Any]],
    targets: pd.DataFrame | None = None,
    *,
    clock: dict[str, Any] | None = None,
    **fields: Any,
) -> Path:
    """Write a programme of dated reports by project; ``targets`` are those of parts, ``fields`` add to the contract."""
    columns = {str(name): {"type": "number" if frame[name].dtype.kind in "if" else "text"} for name in frame.columns}
    columns |= {"day": {"type": "date", "required": True}, "project": {"type": "text", "required": True}}
    period = {"column": "day", "every": "month", "empty": "no_report"} | (clock or {})
    declared = {"id": "rows", "title": "Rows", "unit_of_analysis": "report", "key": ["project", "day"]}
    declared |= {"columns": columns, "period": period} | fields
    tables = {"data": (declared, frame)}
    if targets is not None:
        kept = {name: column for name, column in TARGET_COLUMNS.items() if name in targets}
        contract = {"id": "target", "title": "Targets", "unit_of_analysis": "promise"}
        tables["promises"] = (contract | {"key": ["indicator", "part", "due"], "columns": kept}, targets)
    return programme_folder(folder, tables, indicators)


def read(folder: Path, *names: str) -> list[pd.DataFrame]:
    """Run a programme and return tables of it, as readers see them."""
    programme = load_programme(folder)
    with Warehouse(":memory:") as warehouse:
        run_programme(programme, warehouse)
        published = ReaderTables(warehouse)
        return [getattr(published, name)(programme.id) for name in names]


def redeclared(folder: Path, **changes: Any) -> None:
    """Change fields of the first indicator of a programme that was written."""
    path = folder / "indicators.yaml"
    declared = yaml.safe_load(path.read_text(encoding="utf-8"))
    declared["indicators"][0] |= changes
    path.write_text(yaml.safe_dump(declared, sort_keys=False), encoding="utf-8")
