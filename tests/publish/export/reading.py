"""Exported files read back by the rules of their formats, as a stranger would: the rows as Python values."""

from __future__ import annotations

import csv
import datetime
import io
import json
from collections.abc import Callable, Mapping
from typing import Any

import pyarrow.parquet

PARSED: Mapping[str, Callable[[str], Any]] = {
    "string": str,
    "number": float,
    "integer": int,
    "boolean": {"True": True, "False": False}.__getitem__,
    "date": datetime.date.fromisoformat,
    "dateTime": datetime.datetime.fromisoformat,
}
Rows = list[dict[str, Any]]


def described_csv(files: Mapping[str, bytes]) -> dict[str, Rows]:
    """Read CSV files by the description that lies beside them (W3C, Model for Tabular Data, 6.4 Parsing cells)."""
    group = json.loads(files["csv-metadata.json"])
    assert group["@context"][0] == "http://www.w3.org/ns/csvw"
    return {table["url"]: _described(files[table["url"]], table["tableSchema"]["columns"]) for table in group["tables"]}


def _described(content: bytes, columns: list[dict[str, Any]]) -> Rows:
    head, *rows = csv.reader(io.StringIO(content.decode("utf-8"), newline=""))
    assert head == [column["name"] for column in columns]
    return [{column["name"]: _cell(text, column) for text, column in zip(row, columns, strict=True)} for row in rows]


def _cell(text: str, column: Mapping[str, Any]) -> Any:
    if "separator" in column:
        return text.split(column["separator"]) if text else []
    if text in column.get("null", [""]):
        return None
    datatype = column["datatype"]
    return PARSED[datatype if isinstance(datatype, str) else datatype["base"]](text)


def records(content: bytes) -> Rows:
    """Read JSON, which has no dates: they stay text."""
    read: Rows = json.loads(content)
    return read


def arrow_rows(content: bytes) -> Rows:
    """Read Parquet."""
    rows: Rows = pyarrow.parquet.read_table(io.BytesIO(content)).to_pylist()
    return rows
