"""JSON: a list of records, one a row; what is missing is null, dates are text as ISO 8601 has them."""

from __future__ import annotations

import json
import math
from typing import Any

from impact.publish.export.format import Format, Takes
from impact.publish.export.table import ExportTable
from impact.publish.rows import json_value


def write_json(table: ExportTable) -> bytes:
    """Write the rows of a table as records; numbers have all their digits."""
    names = [column.name for column in table.columns]
    records = []
    for row in table.frame.itertuples(index=False):
        values = map(_plain, row)
        records.append(dict(zip(names, values, strict=True)))
    text = json.dumps(records, ensure_ascii=False, indent=1)
    return text.encode("utf-8")


def _plain(value: Any) -> Any:
    """Return a value as JSON has it; it has no infinity, which is written as its name."""
    plain = json_value(value)
    if isinstance(plain, float) and math.isinf(plain):
        return str(plain)
    return plain


FORMAT = Format(".json", "application/json", Takes.TABLE, write_json)
