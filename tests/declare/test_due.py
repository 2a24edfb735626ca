"""What is due is refused where it cannot be followed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from impact.declare import load_programme
from impact.declare.check import check_programme
from impact.errors import DeclarationError
from tests.support.calendars import (
    ONE,
    ROSTER,
    folder_of,
    report,
)

# ---- what is refused -------------------------------------------------------------------------------------------------


def problems(folder: Path) -> str:
    """Return what is wrong with a programme, in words."""
    try:
        return "\n".join(map(str, check_programme(load_programme(folder))))
    except DeclarationError as error:
        return str(error)


PROBLEMS: dict[str, dict[str, Any]] = {
    "more often than the clock counts": {"every": "month"},
    "names column 'nobody'": {"by": "nobody"},
    "says whose report a row is, and is no name": {"by": "hours"},
    "says whose report a row is, and may be missing": {"by": "note"},
    "says when a report came, and is no date": {"received": "project"},
    "the last report is due before the first": {"first": "2024-05", "last": "2024-02"},
    "nobody says which units owe reports": {"units": None},
    "there is no contract 'nothing'": {"units": {**ROSTER, "contract": "nothing"}},
    "may have several rows for a unit": {"units": {**ROSTER, "id": "merged_into"}},
    "has no column 'nowhere'": {"units": {**ROSTER, "opened": "nowhere"}},
    "is of another kind": {"units": {**ROSTER, "closed": "came_of"}},
    "no column says when": {"units": {"contract": "project", "id": "project_id", "successor": "merged_into"}},
    "cannot be the roster of": {"units": {"contract": "rows", "id": "project"}},
    "greater than or equal to 0": {"days_after": -1},
}


@pytest.mark.parametrize("what", PROBLEMS)
def test_a_calendar_that_cannot_be_followed_is_refused(tmp_path: Path, what: str) -> None:
    rows = pd.DataFrame([report("A", "2024-01-10", "2024-02-01", note="x")])
    folder = folder_of(tmp_path / "p", rows, ONE, PROBLEMS[what], period={"every": "quarter"})
    assert what in problems(folder)


def test_what_is_due_needs_a_clock(tmp_path: Path) -> None:
    rows = pd.DataFrame([report("A", "2024-01-10", "2024-02-01")])
    folder = folder_of(tmp_path / "p", rows, ONE, {})
    declared = yaml.safe_load((folder / "contracts.yaml").read_text(encoding="utf-8"))
    declared["contracts"][0].pop("period")
    (folder / "contracts.yaml").write_text(yaml.safe_dump(declared), encoding="utf-8")
    assert "due counts the periods of a clock" in problems(folder)
