"""The rows of a frame as plain values: the one way from a table to what pages, traces and JSON are made of."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

Record = dict[str, Any]
"""A row by column; its types are those of the table it is of."""


def rows_of(frame: pd.DataFrame) -> list[Record]:
    """Return the rows of a frame, every kind of missing as None, numbers as Python's own.

    Examples
    --------
    >>> rows_of(pd.DataFrame({"n": [1, 2], "value": [0.5, float("nan")]}))
    [{'n': 1, 'value': 0.5}, {'n': 2, 'value': None}]
    """
    names = [str(name) for name in frame.columns]
    columns = [[None if _is_missing(value) else value for value in frame[name].tolist()] for name in frame.columns]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _is_missing(value: Any) -> bool:
    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and math.isnan(value))


def json_rows(frame: pd.DataFrame) -> list[Record]:
    """Return the rows of a frame as JSON holds them: moments as text, arrays as lists."""
    return [{name: json_value(value) for name, value in row.items()} for row in rows_of(frame)]


def json_value(value: Any) -> Any:
    """Turn what a frame holds into what JSON holds; every kind of missing becomes None."""
    if isinstance(value, np.ndarray | list | tuple):
        return [json_value(item) for item in value]
    if isinstance(value, np.generic):
        return json_value(value.item())
    if _is_missing(value):
        return None
    return value.isoformat() if hasattr(value, "isoformat") else value
