"""A block as a file: its rows as CSV, what they mean as metadata, its drawing as SVG, its figure as JSON."""

from __future__ import annotations

import json
from typing import Any

from impact.drawing.markup import svg_file
from impact.publish.csv_text import safe_cell
from impact.sql import fingerprint
from impact.words import Words
from impact_dashboards.page.view import Block, Column, PageContent, Table, View
from impact_dashboards.parts.drawings import drawing_of

TYPES = {
    ".csv": "text/csv",
    ".metadata.json": "application/json",
    ".figure.json": "application/json",
    ".svg": "image/svg+xml",
}


SAID = ("adjustment", "check", "design", "detail", "estimand", "expected", "inference", "method", "not_estimable")
"""Columns that hold the engine's sentences: in a file in Italian they are in Italian."""


def csv_text(table: Table, words: Words) -> str:
    """Write the rows of a table as CSV: values as they are, sentences in the reader's language, nothing to be run."""
    frame = table.frame()
    for name in frame.columns.intersection(list(SAID)):
        frame[name] = [words.said(value) if isinstance(value, str) else value for value in frame[name]]
    return frame.map(safe_cell).to_csv(index=False, lineterminator="\n")


def metadata(view: View, page: PageContent, block: Block, table: Table, version: str) -> dict[str, Any]:
    """Describe a CSV file as CSV on the Web (W3C, 2015): address, columns, meaning, version and what was suppressed."""
    words, address = view.words, view.address
    columns = [_described(words, column) for column in table.file_columns]
    hidden = [str(row["suppressed"]) for row in table.rows if row.get("suppressed")]
    return {
        "@context": ["http://www.w3.org/ns/csvw", {"@language": words.language}],
        "url": address.file(block.id, ".csv"),
        "dc:title": f"{page.title}: {block.title}",
        "dc:language": words.language,
        "dc:hasVersion": version,
        "dc:identifier": fingerprint(csv_text(table, words)),
        "dc:isPartOf": address.with_(),
        "dc:date": view.today.isoformat(),
        "impact:synthetic": page.synthetic,
        "impact:suppressed": {reason: hidden.count(reason) for reason in sorted(set(hidden))},
        "impact:rows": len(table.rows),
        "tableSchema": {"columns": columns},
    }


def _described(words: Words, column: Column) -> dict[str, Any]:
    """Describe a column: by its title, where that is more than its name, and by what it means."""
    titled = column.title.replace(" ", "_") != column.key
    known = f"column.{column.key}"
    meaning = column.meaning or (words(known) if words.has(known) else "")
    return (
        {"name": column.key}
        | ({"titles": {words.language: column.title}} if titled else {})
        | ({"dc:description": meaning} if meaning else {})
        | ({"schema:unitText": column.unit} if column.unit else {})
    )


def block_file(view: View, page: PageContent, version: str) -> str | None:
    """Return the file that an address asks for; None where the page has no such block or the block no such file."""
    block, form = page.block(view.address.block), view.address.form
    if block is None:
        return None
    if form == ".figure.json":
        return str(block.figure.to_json()) if block.figure is not None else None
    if form == ".svg":
        drawing = drawing_of(view.words, block)
        return svg_file(drawing) if drawing is not None else None
    if block.table is None:
        return None
    if form == ".csv":
        return csv_text(block.table, view.words)
    return json.dumps(metadata(view, page, block, block.table, version), ensure_ascii=False, indent=2)
