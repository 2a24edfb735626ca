"""How rows stand once they are stored: types of columns, kinds of missing, and the lines of the file they were."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

MISSING_SUFFIX = "__missing"
"""A column ``x`` with declared missing codes has a companion ``x__missing`` that says which kind it was."""
SQL_TYPES = {
    "text": "VARCHAR",
    "code": "VARCHAR",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
}


def file_lines(ordinals: np.ndarray, offsets: Sequence[int]) -> np.ndarray:
    """Turn places among the rows (from 0) into lines of the file (header is line 1)."""
    ordered = np.asarray(sorted(offsets), dtype=np.int64)
    skipped = np.searchsorted(ordered, ordinals, side="right")
    return np.asarray(ordinals + 2 + skipped, dtype=np.int64)
