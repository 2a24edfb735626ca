"""A made programme with money: spending of two bodies, an output, and an effect by a randomised comparison."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import impact
from impact.publish import read_table
from impact.tables.finding import Finding
from impact.tables.frames import to_records
from impact.tables.valuation import Valuation
from tests.support.programmes import contract, indicator, programme_folder

NOTE = {"note": "made for a test"}
ACCOUNTS = ("staff", "office", "equipment", "unpaid")
SPENT = (
    ("north", "2019", "Salaries", "staff", "planned", 1000.0),
    ("north", "2019", "Salaries", "staff", "incurred", 900.0),
    ("north", "2019", "Salaries", "staff", "certified", 450.0),
    ("north", "2020", "Salaries", "staff", "planned", 2000.0),
    ("north", "2020", "Salaries", "staff", "incurred", 2100.0),
    ("south", "2020", "Rent", "office", "planned", 500.0),
    ("south", "2020", "Rent", "office", "incurred", 400.0),
    ("south", "2020", "Sundries", "sundry", "incurred", 50.0),
    ("south", "2021", "Rent", "office", "certified", 300.0),
)
"""Body, year, category, account, stage, amount; certified in 2021 and planned for 2020 alone, on purpose."""


def spending(rows: tuple[tuple[Any, ...], ...] = SPENT, currency: str = "EUR", price_year: int = 2020) -> pd.DataFrame:
    """Return amounts as a frame, all in one currency and at the prices of one year."""
    frame = pd.DataFrame(rows, columns=["body", "period", "category", "chart", "stage", "amount"])
    frame.insert(0, "id", [f"r{number:02d}" for number in range(len(frame))])
    return frame.assign(currency=currency, price_year=price_year)


def people(gain: float = 2.0, n: int = 200, seed: int = 1) -> pd.DataFrame:
    """Return persons drawn by lot into two arms, with an outcome."""
    rng = np.random.default_rng(seed)
    arm = np.repeat(["T", "C"], n // 2)
    y = rng.normal(size=n) + gain * (arm == "T")
    return pd.DataFrame({"person": range(n), "arm": arm, "y": y})


DESIGN = {"kind": "randomised", "arm": "arm", "treated": "T", "comparison": "C"}
ROWS: dict[str, Any] = {
    "contract": "spending",
    "amount": "amount",
    "currency": {"column": "currency"},
    "stage": {"column": "stage"},
    "price_year": {"column": "price_year"},
    "period": {"column": "period"},
    "chart": "chart",
    "body": "body",
    "category": "category",
}
COSTS: dict[str, Any] = {
    "id": "cost",
    "title": "Costs",
    "currency": "EUR",
    "price_year": 2020,
    "perspective": "society",
    "rows": ROWS,
    "stage": "incurred",
    "discount": {"rate": 0.05, "timing": "end_of_year", "origin": NOTE},
}
REACHED = {"number": 100, "kind": "synthetic", "origin": NOTE}
PER_EFFECT = {"indicator": "score", "of": "effect", "reached": REACHED, "unit": "points"}


def made(
    folder: Path,
    value: Mapping[str, Any],
    *,
    spent: pd.DataFrame | None = None,
    persons: pd.DataFrame | None = None,
    **fields: Any,
) -> Path:
    """Write the programme; ``fields`` go to the indicator with an effect."""
    rows = spending() if spent is None else spent
    money = contract("spending", rows, key=["id"])
    money["columns"]["chart"] = {"type": "code", "codes": list(ACCOUNTS), "warn": ["codes"]}
    persons = people() if persons is None else persons
    meetings = pd.DataFrame({"meeting": ["m1", "m2", "m3"], "held": [4, 5, 11]})
    tables = {
        "money": (money, rows),
        "data": (contract("rows", persons, key=["person"], person="person"), persons),
        "counted": (contract("meetings", meetings, key=["meeting"]), meetings),
    }
    output = {"contract": "meetings", "formula": {"kind": "sum", "column": "held"}, "unit": "meetings"}
    indicators = [indicator("score", DESIGN, **fields), indicator("meetings_held", None, **output)]
    return programme_folder(folder, tables, indicators, value=dict(value))


def lines_of(result: impact.Result) -> dict[str, Valuation]:
    """Return the lines of value by their item; one entry of costs or of social return at most."""
    table = read_table(result.warehouse, Valuation, result.report.programme)
    return {line.item: line for line in to_records(Valuation, table)}


def valued(folder: Path, value: Mapping[str, Any], **fields: Any) -> dict[str, Valuation]:
    """Return the lines of a made programme by their item."""
    return lines_of(impact.run(made(folder, value, **fields)))


def finding_of(result: impact.Result, name: str) -> Finding:
    """Return the finding of the whole programme of an indicator."""
    findings = to_records(Finding, read_table(result.warehouse, Finding, result.report.programme))
    [found] = [row for row in findings if row.finding == f"made/{name}"]
    return found
