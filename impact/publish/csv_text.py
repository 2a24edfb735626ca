"""Text that leaves in a CSV file: a cell that a spreadsheet would run as a formula is made harmless."""

from __future__ import annotations

from typing import TypeVar

Value = TypeVar("Value")
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a cell begins with that a spreadsheet takes for a formula."""


def safe_cell(value: Value) -> Value | str:
    """Return a value as it may stand in a cell: text that begins like a formula gets an apostrophe, the rest stays.

    Examples
    --------
    >>> safe_cell("=1+1"), safe_cell("a=b"), safe_cell(-1.5)
    ("'=1+1", 'a=b', -1.5)
    """
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
