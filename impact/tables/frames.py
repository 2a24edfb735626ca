"""Records become frames: the columns of a table, in its order."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from impact.tables.columns import Record


def to_frame(record: type[Record], rows: Sequence[Record]) -> pd.DataFrame:
    """Return records as a frame with the columns of their table, without rows too."""
    values = [[_plain(getattr(row, name)) for name in record.TABLE.columns] for row in rows]
    return pd.DataFrame(values, columns=list(record.TABLE.columns))


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value
