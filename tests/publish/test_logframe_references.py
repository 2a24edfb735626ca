"""What tools for logframes got wrong, by published issue: each right value from a declaration run through the engine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.support.programmes import indicator
from tests.support.promised import NOTE, promised, read, reports, steps, target
from tests.support.references import MONITORING_FIGURES, monitoring_reference, references

FAMILY = "logframe."
Read = Callable[[Path], float]
READ: dict[str, Read] = {}


def of(name: str) -> Callable[[Read], Read]:
    """Register what reads the value of a record."""

    def register(function: Read) -> Read:
        READ[FAMILY + name] = function
        return function

    return register


def hours(ex_ante: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    rule = {"formula": {"kind": "sum", "column": "hours"}, "over_time": "flow", "ex_post": {"period": "2024-12"}}
    return indicator("hours", ex_ante=ex_ante or {}, **(rule | fields))


def finding(folder: Path, frame: pd.DataFrame, declared: dict[str, Any], **more: Any) -> pd.Series:
    (found,) = read(promised(folder / "p", frame, [declared], **more), "findings")
    row: pd.Series = found.iloc[0]
    return row


@of("cumulative_last")
def _(folder: Path) -> float:
    """Running totals 10, 25, 40, and a fourth period without any; their sum would be 75."""
    return float(finding(folder, reports({"a": [10, 25, 40, None]}), hours(over_time="running_total"))["value"])


@of("non_cumulative_sum")
def _(folder: Path) -> float:
    return float(finding(folder, reports({"a": [10, 15, 15]}), hours())["value"])


@of("percent_parts")
def _(folder: Path) -> float:
    """30 of 60 and 10 of 40; the mean of the two shares would be 37.5."""
    frame = reports({"a": [30, 10]}).assign(asked=[60, 40])
    ratio = {"kind": "ratio", "numerator": "hours", "denominator": "asked"}
    return 100 * float(finding(folder, frame, hours(formula=ratio))["value"])


@of("overall_target")
def _(folder: Path) -> float:
    """Ten monthly targets of 10, eight of them reported: the target of the end is that of all ten."""
    months = [(f"2024-{month:02}", 10.0) for month in range(1, 11)]
    path = steps(*months, of="period", every="month")
    row = finding(folder, reports({"a": [10] * 8}), hours({"target": path}))
    assert (row["value"], row["attainment"]) == (80, "not_due")
    return float(row["target"])


@of("target_not_per_entry")
def _(folder: Path) -> float:
    frame = pd.DataFrame({"project": "a", "day": ["2024-01-05", "2024-01-20"], "hours": [1, 1]})
    path = steps(("2024-01", 2), of="period", every="month")
    (found,) = read(promised(folder / "p", frame, [hours({"target": path})]), "milestones")
    assert found["value"].tolist() == [2, 2]
    (one,) = found.loc[found["of"] == "period", "target"]
    return float(one)


@of("status_published")
def _(folder: Path) -> float:
    """From 0, with 700,000 of 1,000,000."""
    declared = hours({"baseline": {"value": 0, "origin": NOTE}, "target": target(1_000_000, "2024-01")})
    row = finding(folder, reports({"a": [700_000]}), declared)
    assert row["attainment"] == "short"
    return 100 * float(row["progress"])


@pytest.mark.parametrize("name", [name for name in references(MONITORING_FIGURES) if name.startswith(FAMILY)])
def test_logframes_are_read_as_their_issues_ask(name: str, tmp_path: Path) -> None:
    record = monitoring_reference(name)
    assert READ[name](tmp_path) == pytest.approx(record["value"], abs=record["tolerance"] or 1e-12)
    wrong = {value for key, value in record["extra"].items() if key.startswith("wrong")}
    assert record["value"] not in wrong
