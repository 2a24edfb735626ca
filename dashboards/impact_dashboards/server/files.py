"""A block as a file: its rows, what they mean, its drawing, its figure; or several tables as a ZIP.

What is served under an ending is written by :mod:`impact.publish.export`, as the command line writes it.
"""

from __future__ import annotations

from collections import Counter

from impact.publish.export import ExportColumn, ExportTable, Origin, Takes, zipped
from impact.publish.export.table import in_language
from impact.words import Words
from impact_dashboards.page.address import ENDINGS
from impact_dashboards.page.view import Block, Column, PageContent, Table, View
from impact_dashboards.parts.drawings import drawing_of
from impact_dashboards.parts.findings import column_meaning


def block_file(view: View, page: PageContent, version: str) -> bytes | None:
    """Return the file that an address asks for; None where the page has no such block or the block no such file."""
    block, ending = page.block(view.address.block), ENDINGS[view.address.form]
    if block is None:
        return None
    if ending.packed:
        return zipped(ending.form.files(block.tables(version))) if block.tables is not None else None
    source = _source(view, page, block, version, ending.form.takes)
    return None if source is None else ending.form.write(source)


def _source(view: View, page: PageContent, block: Block, version: str, takes: Takes) -> object | None:
    """Return what a format takes of a block."""
    if takes is Takes.FIGURE:
        return block.figure
    if takes is Takes.DRAWING:
        return drawing_of(view.words, block)
    return exported(view, page, block, block.table, version) if block.table is not None else None


def exported(view: View, page: PageContent, block: Block, table: Table, version: str) -> ExportTable:
    """Return a table of a page as it leaves: values as they are, sentences in the reader's language."""
    address, words = view.address, view.words
    title = f"{page.title}: {block.title}"
    columns = tuple(_described(words, column) for column in table.file_columns)
    frame = in_language(table.frame(), words)
    origin = Origin(words.language, version, address.with_(), view.today, page.synthetic)
    url = address.file(block.id, ".csv")
    reasons = [str(row["suppressed"]) for row in table.rows if row.get("suppressed")]
    suppressed = Counter(sorted(reasons))
    return ExportTable(block.id, title, columns, frame, origin, url, suppressed)


def _described(words: Words, column: Column) -> ExportColumn:
    """Describe a column: by its title, where that is more than its name, and by what it means."""
    title = column.title if column.title.replace(" ", "_") != column.key else ""
    meaning = column.meaning or column_meaning(words, column.key)
    return ExportColumn(column.key, title=title, meaning=meaning, unit=column.unit)
