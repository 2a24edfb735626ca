"""Records become frames, and rows of frames become records: the columns of a table, in its order."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import TypeVar

import numpy as np
import pandas as pd

from impact.tables.columns import Column, Record
from impact.words.said import Said

Row = TypeVar("Row", bound=Record)


def to_frame(record: type[Record], rows: Sequence[Record]) -> pd.DataFrame:
    """Return records as a frame with the columns of their table, without rows too."""
    names = list(record.TABLE.columns)
    values = [[_cell(getattr(row, name)) for name in names] for row in rows]
    return pd.DataFrame(values, columns=names)


def _cell(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def to_records(record: type[Row], frame: pd.DataFrame) -> list[Row]:
    """Return the rows of a frame as records.

    Parameters
    ----------
    record
        The class of the table whose rows the frame holds; its columns are read.
    frame
        With its columns, and perhaps others. A column that is not there is None in every record, as readers' frames
        leave out what gives an order only.
    """
    columns = record.TABLE.columns
    values = [_values(column, frame) for column in columns.values()]
    records: list[Row] = []
    for row in zip(*values, strict=True):
        fields = dict(zip(columns, row, strict=True))
        records.append(record(**fields))
    return records


def _values(column: Column, frame: pd.DataFrame) -> list[object]:
    """Return a column's values as Python has them: every kind of missing is None, a state is one of its list."""
    if column.name not in frame:
        return [None] * len(frame)
    values = list(map(to_python, frame[column.name].tolist()))
    if not column.states:
        return values
    states = {str(state): state for state in column.states}
    return [states.get(value, value) if isinstance(value, str) else value for value in values]


def to_python(value: object) -> object:
    """Return a value of a frame as Python has it; every kind of missing is None, a list a tuple.

    Examples
    --------
    >>> to_python(np.float64("nan")), to_python(np.int64(3)), to_python(np.array(["a", "b"]))
    (None, 3, ('a', 'b'))
    """
    if isinstance(value, np.ndarray | list | tuple):
        return tuple(map(to_python, value))
    if _is_missing(value):
        return None
    if isinstance(value, pd.Timestamp):
        return value.to_pydatetime()
    return value.item() if isinstance(value, np.generic) else value


def _is_missing(value: object) -> bool:
    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and np.isnan(value))


def to_json(value: object) -> object:
    """Return a value as plain JSON: days and moments as ISO text, tuples as lists, sentences in English."""
    if isinstance(value, tuple):
        return list(map(to_json, value))
    if isinstance(value, Said):
        return str(value)
    return value.isoformat() if isinstance(value, datetime.date) else value
