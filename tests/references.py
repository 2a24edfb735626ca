"""Reference values (R, published figures) by id, and the public datasets behind them."""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

FOLDER = os.environ.get("IMPACT_REFERENCE_DATA", "")


@cache
def references() -> dict[str, dict[str, Any]]:
    """Return all reference values by id."""
    text = (Path(__file__).parent / "reference" / "values.json").read_text(encoding="utf-8")
    found: dict[str, dict[str, Any]] = json.loads(text)["references"]
    return found


def reference(name: str) -> dict[str, Any]:
    """Return one reference: value, se, extra, tolerance, spec, source."""
    return references()[name]


def dataset(name: str, **options: Any) -> pd.DataFrame:
    """Read a public dataset from the folder of reference data, or skip the test and say what is missing."""
    path = Path(FOLDER) / name
    if not FOLDER or not path.is_file():
        pytest.skip(f"set IMPACT_REFERENCE_DATA to a folder with {name} (public data, not all of it ours to ship)")
    return pd.read_csv(path, **options)
