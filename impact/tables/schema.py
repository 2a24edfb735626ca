"""A JSON Schema of each table, for whoever reads the tables elsewhere; generated from them, never written by hand.

``python -m impact.tables.schema FOLDER`` writes them into one file, each under its name in ``$defs``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from pydantic import JsonValue

from impact.files import make_folder, write_file
from impact.tables.columns import Column, Table
from impact.tables.registry import TABLES

FILE = "tables.schema.json"
Schema = dict[str, JsonValue]
TYPES: dict[str, Schema] = {
    "VARCHAR": {"type": "string"},
    "JSON": {"type": "string", "contentMediaType": "application/json"},
    "BIGINT": {"type": "integer"},
    "INTEGER": {"type": "integer"},
    "DOUBLE": {"type": "number"},
    "BOOLEAN": {"type": "boolean"},
    "TIMESTAMP": {"type": "string", "format": "date-time"},
    "DATE": {"type": "string", "format": "date"},
}
"""What a value of an SQL type is in JSON."""


def table_schema(table: Table) -> Schema:
    """Return the JSON Schema of a row of a table.

    Beside the words of JSON Schema a column has ``unit``, what its numbers count or are measured in, ``missing``, what
    null means, and ``holds``, by which it is protected.
    """
    columns: Schema = {column.name: _column_schema(column) for column in table.columns.values()}
    required: list[JsonValue] = [*table.columns]
    described: Schema = {"type": "object", "description": table.meaning["en"], "properties": columns}
    return {**described, "required": required, "additionalProperties": False}


def _column_schema(column: Column) -> Schema:
    kind = TYPES[column.sql.removesuffix("[]")]
    shape: Schema = {"type": "array", "items": kind} if column.is_list else dict(kind)
    states: list[JsonValue] = [*map(str, column.states)]
    if column.nullable:
        shape["type"] = [shape["type"], "null"]
        states.append(None)
    if column.states:
        shape["enum"] = states
    schema: Schema = {"description": column.meaning["en"], **shape}
    terms = {"unit": column.unit, "missing": column.missing, "holds": column.holds}
    for term, value in terms.items():
        if value is not None:
            schema[term] = str(value)
    return schema


def tables_schema() -> Schema:
    """Return the JSON Schema of all tables, each under its name in ``$defs``."""
    head: Schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Result tables"}
    tables: Schema = {name: table_schema(table) for name, table in TABLES.items()}
    return {**head, "$defs": tables}


def write_schema(folder: Path) -> Path:
    """Write the schema into a folder and return the file."""
    make_folder(folder)
    path = folder / FILE
    write_file(path, json.dumps(tables_schema(), indent=2, ensure_ascii=False) + "\n")
    return path


if __name__ == "__main__":
    write_schema(Path(sys.argv[1]))
