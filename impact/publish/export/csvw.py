"""CSV on the Web (W3C, 2015): what describes CSV files, column by column, in JSON-LD; in a folder with the files."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from impact.publish.export.csv import SEPARATOR, write_csv
from impact.publish.export.format import Format, Takes
from impact.publish.export.table import ExportColumn, ExportTable, Kind
from impact.publish.origin import Origin
from impact.sql import fingerprint

GROUP = "csv-metadata.json"
"""Where readers of CSV on the Web look for the description of the files of a folder."""
Description = dict[str, Any]
"""An object of JSON-LD."""
_DATATYPES: dict[Kind, Description] = {
    Kind.TEXT: {"datatype": "string"},
    Kind.NUMBER: {"datatype": "number"},
    Kind.INTEGER: {"datatype": "integer"},
    Kind.BOOLEAN: {"datatype": {"base": "boolean", "format": "True|False"}},
    Kind.DATE: {"datatype": "date"},
    Kind.MOMENT: {"datatype": "dateTime"},
    Kind.CODES: {"datatype": "string", "separator": SEPARATOR},
    Kind.ANY: {},
}


def facts(table: ExportTable) -> Description:
    """Return what is said of a table as a whole: title, version, what was suppressed, whether it is synthetic."""
    origin = table.origin
    return {
        "dc:title": table.title,
        "dc:language": origin.language,
        "dc:hasVersion": origin.version,
        "dc:identifier": fingerprint(write_csv(table).decode("utf-8")),
        "dc:isPartOf": origin.part_of,
        "dc:date": origin.date.isoformat(),
        "impact:synthetic": origin.synthetic,
        "impact:suppressed": dict(table.suppressed),
        "impact:rows": len(table.frame),
    } | _rights(origin)


def _rights(origin: Origin) -> Description:
    """Return who gives it out, under which licence, and what it rests on, as far as that is declared."""
    sources = [f"{title} {url}".strip() for title, url in origin.sources]
    rights = {"dc:publisher": origin.publisher, "dc:license": origin.licence, "dc:source": sources}
    return {name: value for name, value in rights.items() if value}


def described(column: ExportColumn, language: str) -> Description:
    """Return what is said of a column: its title, where that is more than its name, and what it means."""
    description: Description = {}
    if column.title:
        description["titles"] = {language: column.title}
    if column.meaning:
        description["dc:description"] = column.meaning
    if column.unit:
        description["schema:unitText"] = column.unit
    return description


def write_description(table: ExportTable) -> bytes:
    """Write the description of a CSV file."""
    return _text({"@context": _context(table.origin.language)} | _description(table))


def pack(tables: Sequence[ExportTable]) -> dict[str, bytes]:
    """Return the CSV files of tables and one description of them all, where readers look for it."""
    (language,) = {table.origin.language for table in tables}
    descriptions = [_description(table) for table in tables]
    group = {"@context": _context(language), "tables": descriptions}
    files = {f"{table.name}.csv": write_csv(table) for table in tables}
    files[GROUP] = _text(group)
    return files


def _context(language: str) -> list[Any]:
    return ["http://www.w3.org/ns/csvw", {"@language": language}]


def _description(table: ExportTable) -> Description:
    columns = [_column(table, column) for column in table.columns]
    description: Description = {"url": table.url or f"{table.name}.csv"}
    description |= facts(table)
    schema: Description = {"columns": columns}
    if table.key:
        schema["primaryKey"] = list(table.key)
    description["tableSchema"] = schema
    return description


def _column(table: ExportTable, column: ExportColumn) -> Description:
    """Describe a column with its type; where an empty text is a value, an empty cell is not a missing one."""
    description: Description = {"name": column.name}
    description |= described(column, table.origin.language)
    description |= _DATATYPES[column.kind]
    if column.codes:
        description["datatype"] = {"base": "string", "format": "|".join(map(re.escape, column.codes))}
    if column.required or column.name in table.key:
        description["required"] = True
    if has_empty_texts(table, column):
        description["null"] = []
    return description


def has_empty_texts(table: ExportTable, column: ExportColumn) -> bool:
    """Tell whether an empty text is a value of a column, and none is missing: of keys, and by what stands in it."""
    is_value = column.name in table.key or "" in column.codes or (table.frame[column.name] == "").any()
    return column.kind is Kind.TEXT and bool(is_value)


def _text(description: Description) -> bytes:
    return json.dumps(description, ensure_ascii=False, indent=2).encode("utf-8")


FORMAT = Format(".metadata.json", "application/json", Takes.TABLE, write_description, pack)
