"""Run one of the case programmes in ``tests/cases/bugs`` in a database of its own, and look up what came out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

import impact

BUGS = Path(__file__).parent / "bugs"
SERIES = Path(__file__).parent / "series"


def run_case(name: str, folder: Path) -> impact.Result:
    """Run the case whose folder begins with ``name_`` (or is called so)."""
    (case,) = [path for path in BUGS.iterdir() if path.name == name or path.name.startswith(f"{name}_")]
    return impact.run(impact.load(case), folder / f"{name}.duckdb")


def finding(result: impact.Result, name: str) -> dict[str, Any]:
    """Return the one finding that ends in ``name`` (``indicator`` or ``indicator/column=code``)."""
    findings = result.findings()
    (row,) = findings[findings["finding"].str.split("/", n=1).str[1] == name].to_dict("records")
    return {str(key): None if _is_missing(value) else value for key, value in row.items()}


def _is_missing(value: Any) -> bool:
    return pd.api.types.is_scalar(value) and bool(pd.isna(value))
