"""Text that leaves in a CSV file: a cell that a spreadsheet would run as a formula is made harmless.

Spreadsheets set to another country split at semicolons or tabs, and know no quotes then: what begins after such a
mark is made harmless too.
"""

from __future__ import annotations

import re
from typing import TypeVar

Value = TypeVar("Value")
_FORMULA = re.compile(r"(^(?=[\t\r])|(?:^|[;|\t\r\n]\"*)(?=[=+\-@＝＋－＠]))")
"""Where a spreadsheet may take what follows for a formula: at the start, and after what may part cells or lines."""


def safe_cell(value: Value) -> Value | str:
    """Return a value as it may stand in a cell: an apostrophe goes before what reads like a formula, the rest stays.

    Examples
    --------
    >>> safe_cell("=1+1"), safe_cell("note;=1+1"), safe_cell("a=b"), safe_cell(-1.5)
    ("'=1+1", "note;'=1+1", 'a=b', -1.5)
    """
    return _FORMULA.sub(r"\1'", value) if isinstance(value, str) else value
