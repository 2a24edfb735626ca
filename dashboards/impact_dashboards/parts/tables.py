"""A table as the page shows it: heads, filters, groups of rows, cells."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from impact.drawing.markup import Element, Node, h
from impact.words import Words
from impact_dashboards.page.view import Column, Row, Table


def table_element(words: Words, table: Table, caption: str) -> Element:
    """Return a table; where it is wider than the screen it scrolls, by keyboard too."""
    filtered = any(column.below is not None for column in table.columns)
    if not table.rows and not filtered:
        return h("p", words("empty.rows"), class_="empty")
    heads = list(map(_head, table.columns))
    filters = h("tr", [h("td", column.below) for column in table.columns]) if filtered else None
    body = list(_bodies(words, table)) if table.rows else _no_rows(words, table)
    hidden = len(table.rows) - table.shown if table.shown else 0
    more = h("p", words("table.more", count=hidden), class_="note") if hidden > 0 else None
    inner = h("table", h("caption", caption, class_="unseen"), h("thead", h("tr", heads), filters), body)
    return h("div", h("div", inner, class_="scroll", tabindex="0", role="region", aria_label=caption), more)


def _head(column: Column) -> Element:
    """Return the head of a column, which says how the rows are sorted by it."""
    title = column.head or column.title
    kind = "number" if column.numeric else None
    return h("th", title, scope="col", class_=kind, aria_sort=column.sort or None)


def _no_rows(words: Words, table: Table) -> Element:
    """Return what stands below the filters of a table that leave no row."""
    return h("tbody", h("tr", h("td", words("empty.rows"), colspan=len(table.columns), class_="muted")))


def _bodies(words: Words, table: Table) -> Iterator[Element]:
    if table.group is None:
        yield h("tbody", [_row(words, table, row) for row in table.rows[: table.shown]])
        return
    for title, rows in groupby(table.rows[: table.shown], key=table.group):
        head = h("tr", h("th", title, colspan=len(table.columns), scope="colgroup", class_="group"))
        yield h("tbody", head, [_row(words, table, row) for row in rows])


def _row(words: Words, table: Table, row: Row) -> Element:
    first, *columns = table.columns
    cells = [h("th", _cell(words, first, row), scope="row")]
    cells += [h("td", _cell(words, column, row), class_="number" if column.numeric else None) for column in columns]
    return h("tr", cells, class_=table.row_class(row) if table.row_class else None)


def _cell(words: Words, column: Column, row: Row) -> Node:
    if column.show is not None:
        return column.show(row)
    value: Any = row.get(column.key)
    if value is None:
        return "–"
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return words.number(value, column.unit) if is_number else str(value)
