"""A table as the page shows it: heads, filters, groups of rows, cells.

On a telephone every row is a card: the style sheet takes the table apart, so that each cell says its column itself
(``data-label``), and each element says its role, which it would otherwise lose with its display.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from impact.drawing.markup import Element, Node, h
from impact.words import Words
from impact_dashboards.page.view import Column, Fold, Row, Table


def table_element(words: Words, table: Table, caption: str) -> Element:
    """Return a table; where it is wider than the screen it scrolls, by keyboard too; on a telephone it is cards."""
    filtered = any(column.below is not None for column in table.columns)
    if not table.rows and not filtered:
        return h("p", words("empty.rows"), class_="empty")
    if table.fold is not None:
        return h("div", list(_folded(words, table, table.fold, caption)))
    hidden = len(table.rows) - table.shown if table.shown else 0
    more = h("p", words("table.more", count=hidden), class_="note") if hidden > 0 else None
    return h("div", _region(words, table, caption), more)


def _folded(words: Words, table: Table, fold: Fold, caption: str) -> Iterator[Element]:
    """Yield the rows of the first kind open, and those of each other kind folded away."""
    kinds = [(kind, list(rows)) for kind, rows in groupby(table.rows, key=fold.kind)]
    for place, (kind, rows) in enumerate(kinds):
        title = fold.title(kind, rows)
        region = _region(words, replace(table, rows=rows), f"{caption}: {title}")
        if place:
            yield h("details", h("summary", title), region, class_="fold")
        else:
            yield region


def _region(words: Words, table: Table, caption: str) -> Element:
    filtered = any(column.below is not None for column in table.columns)
    shown = replace(table, columns=list(_filled(table)))
    heads = h("tr", list(map(_head, shown.columns)), role="row")
    filters = _filter_row(shown) if filtered else None
    body = list(_bodies(words, shown)) if shown.rows else _no_rows(words, shown)
    named = h("caption", caption, class_="unseen")
    inner = h("table", named, h("thead", heads, filters, role="rowgroup"), body, role="table", aria_label=caption)
    return h("div", inner, class_="scroll", tabindex="0", role="region", aria_label=caption)


def _filled(table: Table) -> Iterator[Column]:
    """Yield the columns in which at least one row has something."""
    for column in table.columns:
        if column.has is None or any(map(column.has, table.rows)):
            yield column


def _head(column: Column) -> Element:
    """Return the head of a column, which says how the rows are sorted by it."""
    title = column.head or column.title
    kind = "number" if column.numeric else None
    return h("th", title, scope="col", role="columnheader", class_=kind, aria_sort=column.sort or None)


def _filter_row(table: Table) -> Element:
    cells = [h("td", column.below, role="cell", data_label=column.title or None) for column in table.columns]
    return h("tr", cells, role="row")


def _no_rows(words: Words, table: Table) -> Element:
    """Return what stands below the filters of a table that leave no row."""
    cell = h("td", words("empty.rows"), colspan=len(table.columns), class_="muted", role="cell")
    return h("tbody", h("tr", cell, role="row"), role="rowgroup")


def _bodies(words: Words, table: Table) -> Iterator[Element]:
    if table.group is None:
        yield h("tbody", [_row(words, table, row) for row in table.rows[: table.shown]], role="rowgroup")
        return
    for title, rows in groupby(table.rows[: table.shown], key=table.group):
        members = list(rows)
        head = h("tr", list(_group_cells(table, title, members)), role="row", class_="group-head")
        yield h("tbody", head, [_row(words, table, row) for row in members], role="rowgroup")


def _group_cells(table: Table, title: str, rows: Sequence[Row]) -> Iterator[Element]:
    """Yield the head of a group; where its drawings share an axis, with the axis in the column of the drawings."""
    axis = table.above(rows) if table.above else None
    if axis is None:
        yield h("th", title, colspan=len(table.columns), scope="colgroup", role="columnheader", class_="group")
        return
    yield h("th", title, scope="rowgroup", role="rowheader", class_="group")
    yield h("td", axis, colspan=len(table.columns) - 1, role="cell", class_="axis-cell")


def _row(words: Words, table: Table, row: Row) -> Element:
    first, *columns = table.columns
    cells = [h("th", _cell(words, first, row), scope="row", role="rowheader")]
    cells += [_data_cell(words, column, row) for column in columns]
    return h("tr", cells, role="row", class_=table.row_class(row) if table.row_class else None)


def _data_cell(words: Words, column: Column, row: Row) -> Element:
    kind = "number" if column.numeric else None
    return h("td", _cell(words, column, row), role="cell", data_label=column.title or None, class_=kind)


def _cell(words: Words, column: Column, row: Row) -> Node:
    if column.show is not None:
        return column.show(row)
    value: Any = row.get(column.key)
    if value is None:
        return "–"
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return words.number(value, column.unit) if is_number else str(value)
