"""A block as a file: its rows, what they mean, its drawing, its figure; or several tables as a ZIP.

What is served under an ending is written by :mod:`impact.publish.export`, as the command line writes it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from impact.publish.export import ExportColumn, ExportTable, Format, Origin, Takes, zipped
from impact.publish.export.format import whole
from impact.publish.export.table import in_language
from impact.words import Words
from impact_dashboards.page.address import ENDINGS
from impact_dashboards.page.view import Block, Column, PageContent, Table, View
from impact_dashboards.parts.drawings import drawing_of
from impact_dashboards.parts.findings import column_meaning


def block_file(view: View, page: PageContent, version: str) -> bytes | None:
    """Return the file that an address asks for; None where the page has no such block or the block no such file."""
    block = page.block(view.address.block)
    if block is None:
        return None
    ending = ENDINGS[view.address.form]
    if ending.form.together and block.tables is not None and not ending.packed:
        return _together(block.tables(version), ending.form)
    if ending.packed:
        return _packed(block, version, ending.form)
    own = block.file(ending.form, version) if block.file is not None else None
    if own is not None:
        return own
    source = _source(view, page, block, version, ending.form.takes)
    return None if source is None else whole(ending.form.write(source))


def _packed(block: Block, version: str, form: Format) -> bytes | None:
    """Return the tables of a block as a ZIP; None where it has none to give."""
    if block.tables is None:
        return None
    files = form.files(block.tables(version))
    return zipped(files)


def _together(tables: Sequence[ExportTable], form: Format) -> bytes:
    """Return the one file that holds all tables of a block."""
    (content,) = form.files(tables).values()
    return whole(content)


def _source(view: View, page: PageContent, block: Block, version: str, takes: Takes) -> object | None:
    """Return what a format takes of a block."""
    if takes is Takes.FIGURE:
        return block.figure
    if takes is Takes.DRAWING:
        return drawing_of(view.words, block)
    if takes is Takes.DOSSIER or block.table is None:
        return None
    return exported(view, page, block, block.table, version)


def exported(view: View, page: PageContent, block: Block, table: Table, version: str) -> ExportTable:
    """Return a table of a page as it leaves: values as they are, sentences in the reader's language."""
    title = f"{page.title}: {block.title}"
    columns = tuple(_described(view.words, column) for column in table.file_columns)
    frame = in_language(table.frame(), view.words)
    origin = Origin(view.words.language, version, view.address.with_(), view.today, page.synthetic)
    url = view.address.file(block.id, ".csv")
    reasons = [str(row["suppressed"]) for row in table.rows if row.get("suppressed")]
    suppressed = Counter(sorted(reasons))
    return ExportTable(block.id, title, columns, frame, origin, url, suppressed)


def _described(words: Words, column: Column) -> ExportColumn:
    """Describe a column: by its title, where that is more than its name, and by what it means."""
    is_key = column.title.replace(" ", "_") == column.key
    title = "" if is_key else column.title
    meaning = column.meaning or column_meaning(words, column.key)
    return ExportColumn(column.key, title=title, meaning=meaning, unit=column.unit)
