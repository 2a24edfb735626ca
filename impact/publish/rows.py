"""The rows of a frame as plain values: the one way from a table to what pages, traces and JSON are made of."""

from __future__ import annotations

from typing import Any

import pandas as pd

from impact.tables.frames import to_json, to_python

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
    columns = [map(to_python, frame[name].tolist()) for name in frame.columns]
    rows = zip(*columns, strict=True)
    return [dict(zip(names, row, strict=True)) for row in rows]


def json_rows(frame: pd.DataFrame) -> list[Record]:
    """Return the rows of a frame as JSON holds them: moments as text, arrays as lists."""
    return [{name: to_json(value) for name, value in row.items()} for row in rows_of(frame)]


def json_value(value: Any) -> Any:
    """Turn what a frame holds into what JSON holds; every kind of missing becomes None."""
    return to_json(to_python(value))
