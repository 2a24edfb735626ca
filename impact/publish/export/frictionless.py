"""Data Package 2.0 with Table Schema (Frictionless): ``datapackage.json`` beside the CSV files it describes.

What a column may hold is said by ``constraints``, which readers check; ``categories`` and ``uniqueKeys`` they do not.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from typing import Any

from impact.publish.export.csv import SEPARATOR, write_csv
from impact.publish.export.csvw import Description, has_empty_texts
from impact.publish.export.format import Format, Takes
from impact.publish.export.table import ExportColumn, ExportTable, Kind
from impact.publish.origin import Origin

PACKAGE = "datapackage.json"
PROFILE = "https://datapackage.org/profiles/2.0"
_TYPES: dict[Kind, Description] = {
    Kind.TEXT: {"type": "string"},
    Kind.NUMBER: {"type": "number"},
    Kind.INTEGER: {"type": "integer"},
    Kind.BOOLEAN: {"type": "boolean", "trueValues": ["True"], "falseValues": ["False"]},
    Kind.DATE: {"type": "date"},
    Kind.MOMENT: {"type": "datetime"},
    Kind.CODES: {"type": "list", "delimiter": SEPARATOR},
    Kind.ANY: {"type": "any"},
}


def write_package(table: ExportTable) -> bytes:
    """Write the description of one CSV file, which stands beside it."""
    return _text(_package([table]))


def pack(tables: Sequence[ExportTable]) -> dict[str, bytes]:
    """Return the CSV files of tables and the package that describes them all."""
    files = {f"{table.name}.csv": write_csv(table) for table in tables}
    return files | {PACKAGE: _text(_package(tables))}


def _package(tables: Sequence[ExportTable]) -> Description:
    origin = tables[0].origin
    package: Description = {
        "$schema": f"{PROFILE}/datapackage.json",
        "name": re.sub(r"[^a-z0-9._-]+", "-", origin.part_of.lower()).strip("-") or "tables",
        "title": origin.part_of,
        "version": origin.version,
        "impact:synthetic": origin.synthetic,
    }
    if origin.licence:
        package["licenses"] = [_licence(origin.licence)]
    if origin.publisher:
        package["contributors"] = [{"title": origin.publisher, "roles": ["publisher"]}]
    if sources := _sources(origin):
        package["sources"] = sources
    package["resources"] = [_resource(table) for table in tables]
    return package


def _licence(licence: str) -> Description:
    """Return a licence: by its address, by its short name, or by its words."""
    if re.match("https?://", licence):
        return {"path": licence}
    return {"name": licence} if re.fullmatch(r"[\w.-]+", licence, re.ASCII) else {"name": "other", "title": licence}


def _sources(origin: Origin) -> list[Description]:
    return [{"title": title} | ({"path": url} if url else {}) for title, url in origin.sources]


def _resource(table: ExportTable) -> Description:
    content = write_csv(table)
    resource: Description = {
        "name": table.name.lower(),
        "type": "table",
        "path": f"{table.name}.csv",
        "title": table.title,
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "bytes": len(content),
        "hash": f"sha256:{hashlib.sha256(content).hexdigest()}",
        "impact:rows": len(table.frame),
        "impact:suppressed": dict(table.suppressed),
        "schema": _schema(table),
    }
    return resource


def _schema(table: ExportTable) -> Description:
    schema: Description = {
        "$schema": f"{PROFILE}/tableschema.json",
        "fields": [_field(table, column) for column in table.columns],
        "missingValues": [""],
    }
    if table.key:
        schema["primaryKey"] = list(table.key)
    return schema


def _field(table: ExportTable, column: ExportColumn) -> Description:
    """Describe a column; where an empty text is a value, an empty cell is not a missing one."""
    described: Description = {"name": column.name} | _TYPES[column.kind]
    if column.title:
        described["title"] = column.title
    if column.meaning:
        described["description"] = column.meaning
    if column.unit:
        described["impact:unit"] = column.unit
    if has_empty_texts(table, column):
        described["missingValues"] = []
    if constraints := _constraints(table, column):
        described["constraints"] = constraints
    return described


def _constraints(table: ExportTable, column: ExportColumn) -> dict[str, Any]:
    constraints: dict[str, Any] = {}
    if column.required or column.name in table.key:
        constraints["required"] = True
    if column.codes:
        constraints["enum"] = list(column.codes)
    return constraints


def _text(description: Description) -> bytes:
    return json.dumps(description, ensure_ascii=False, indent=2).encode("utf-8")


FORMAT = Format(".datapackage.json", "application/json", Takes.TABLE, write_package, pack)
