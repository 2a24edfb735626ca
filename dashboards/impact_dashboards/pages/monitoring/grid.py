"""The good rows of a contract as a plain table: sorted, filtered and paged by addresses.

A page follows a row and is read by DuckDB alone, so that the last page of a million rows costs what the first does; see
:func:`impact.publish.records.page_records`.
"""

from __future__ import annotations

import datetime
from typing import Any

import pandas as pd

from impact.drawing.markup import Element, Node, h
from impact.errors import UsageError
from impact.publish.rows import rows_of
from impact_dashboards.page.view import AddressError, Block, Column, PageContent, Row, Table, View, nothing
from impact_dashboards.pages.monitoring.quarantine import pager, way_back
from impact_dashboards.parts.headings import column_title, contract_title

SIZE = 50
FILTER = "f."
"""What the name of a column's filter begins with in the address."""
FORM = "grid"
LONGEST = 18
"""Digits of a row's number."""
NUMBERS = ("INTEGER", "BIGINT", "DOUBLE", "HUGEINT", "DECIMAL")
HOW = "docs/how-to/query_with_sql.md"


def contracts_block(view: View) -> Block:
    """Return the contracts whose rows this reader may see, each leading to them."""
    words, found = view.words, view.published.record_contracts(view.programme)
    title = words("monitoring.records")
    if not view.published.scope.opens("records"):
        return Block("records", title, body=nothing(words, "monitoring.records_closed"))
    if found.empty:
        return Block("records", title, body=nothing(words, "monitoring.no_records", HOW))
    rows = rows_of(found.sort_values(["rows", "contract"], ascending=[False, True]))
    names = contract_names(view)

    def link(row: Row) -> Node:
        return h("a", names[row["contract"]], href=_link(view, row["contract"]))

    heads = [
        Column("contract", words("monitoring.contract"), link),
        Column("rows", words("monitoring.rows"), numeric=True),
    ]
    return Block("records", title, Table(heads, rows), lead=words("monitoring.records_lead"))


def _link(view: View, contract: str) -> str:
    return view.address.to("monitoring", view.programme, "records", contract)


def contract_names(view: View) -> dict[str, str]:
    """Return the names of the contracts that have good rows, marked where those are synthetic."""
    loads = view.published.loads(view.programme)
    loads = loads[loads["current"] & (loads["rows_good"].fillna(1) > 0)]
    synthetic = set(loads.loc[loads["kind"] == "synthetic", "contract"])
    return {
        name: contract_title(view, name) + (" †" if name in synthetic else "")
        for name in sorted(set(loads["contract"]))
    }


def records_page(view: View) -> PageContent:
    """Return one page of a contract's rows."""
    words = view.words
    title, back = words("monitoring.records"), way_back(view)
    if not view.published.scope.opens("records"):
        return PageContent(
            title, head=[back, nothing(words, "monitoring.records_closed")], over=words("menu.monitoring")
        )
    names = contract_names(view)
    contract = view.at(2) or next(iter(names), "")
    if contract not in names:
        raise UsageError(words("monitoring.no_contract", contract=contract))
    links = [
        h("li", h("a", title, href=_link(view, name), aria_current="true" if name == contract else None))
        for name, title in names.items()
    ]
    choice = h("nav", h("ul", links), class_="chips", aria_label=words("monitoring.contract"))
    block = _rows_block(view, contract, names[contract])
    lead, over = words("monitoring.records_lead"), words("menu.monitoring")
    return PageContent(title, [block], lead=lead, over=over, head=[back, choice], synthetic="†" in names[contract])


def _rows_block(view: View, contract: str, name: str) -> Block:
    words, columns = view.words, view.published.record_columns(view.programme, contract)
    asked = {column: value for column in columns if (value := view.given(FILTER + column))}
    filters = {column: _as_stored(view, columns[column], value) for column, value in asked.items()}
    order, descending = _order(view, list(columns))
    after, before = _place(view, "after"), _place(view, "before")
    last = view.chosen("last", ["1"]) == "1"
    if [after is not None, before is not None, last].count(True) > 1:
        raise AddressError(words("missing.filter"), words("missing.places"))
    try:
        found = view.published.records(
            view.programme, contract, order=order, descending=descending, after=after, before=before, last=last,
            filters=filters, size=SIZE + 1,
        )  # fmt: skip
    except UsageError:  # the row to go on from is not there, or not any more
        raise view.not_offered("after" if after else "before") from None
    backward = before is not None or last
    more = len(found) > SIZE
    shown = found.iloc[-SIZE:] if backward else found.iloc[:SIZE]
    total = view.published.count_records(view.programme, contract, filters)
    sort = view.given("sort")
    table = _table(view, contract, columns, _plain(shown), sort=sort, filters=asked)
    ways = _ways(view, shown, earlier=more if backward else after is not None,
                 later=before is not None if backward else more)  # fmt: skip
    title = f"{name} · {words('monitoring.rows_count', count=total)}"
    return Block("records", title, table, lead=words("monitoring.records_read"), body=_form(view, bool(filters)),
                 after=pager(view, ways, words("monitoring.rows_here", count=len(shown), total=total)))  # fmt: skip


def _as_stored(view: View, kind: str, value: str) -> str:
    """Return what is looked for as the data hold it: a number as the page writes it has a decimal comma in Italian."""
    return value.replace(",", ".") if view.words.language == "it" and kind.startswith(NUMBERS) else value


def _order(view: View, columns: list[str]) -> tuple[str | None, bool]:
    asked = view.chosen("sort", [way + name for name in columns for way in ("", "-")])
    return asked.removeprefix("-") or None, asked.startswith("-")


def _place(view: View, name: str) -> tuple[str, int] | None:
    """Read the place of a row from the address: its source and its number there."""
    asked = view.given(name)
    if not asked:
        return None
    source, _, row = asked.rpartition(":")
    if not (source and row.isascii() and row.isdigit() and len(row) <= LONGEST):
        raise view.not_offered(name)
    return source, int(row)


def _plain(found: pd.DataFrame) -> list[dict[str, Any]]:
    return [{name: _day(value) for name, value in row.items()} for row in rows_of(found)]


def _day(value: Any) -> Any:
    """Write a date as its day: no contract holds hours."""
    return value.strftime("%Y-%m-%d") if isinstance(value, datetime.date) else value


def _ways(view: View, shown: pd.DataFrame, *, earlier: bool, later: bool) -> dict[str, str | None]:
    """Return where the pages before and after lead; None where there is none."""
    off = {"after": "", "before": "", "last": ""}

    def to(**place: str) -> str:
        return view.address.with_(**(off | place))

    def at(number: int) -> str:
        row = shown.iloc[number]
        return f"{row['_source']}:{row['_row']}"

    return {
        "first": to() if earlier else None,
        "previous": to(before=at(0)) if earlier and len(shown) else None,
        "next": to(after=at(-1)) if later and len(shown) else None,
        "last": to(last="1") if later else None,
    }


def _form(view: View, filtered: bool) -> Element:
    """Return the form that the filters in the heads belong to; to filter is to begin with the first page."""
    words = view.words
    sort = view.given("sort")
    off = {name: "" for name, _ in view.address.query if name.startswith((FILTER, "after", "before", "last"))}
    clear = h("a", words("monitoring.clear"), href=view.address.with_(**off), data_live=True) if filtered else None
    return h("form", h("input", type="hidden", name="sort", value=sort) if sort else None,
             h("button", words("filters.show"), type="submit", class_="go"), clear, id=FORM, action=view.address.bare,
             method="get", data_live=True, class_="grid-form", aria_label=words("filters.title"))  # fmt: skip


def _table(
    view: View,
    contract: str,
    columns: dict[str, str],
    rows: list[dict[str, Any]],
    *,
    sort: str,
    filters: dict[str, str],
) -> Table:
    def column(name: str, kind: str) -> Column:
        title = column_title(view, contract, name)
        way = {name: "ascending", f"-{name}": "descending"}.get(sort, "none")
        head, below = _head(view, name, title, way), _filter(view, name, title, filters.get(name, ""))
        numeric = kind.startswith(NUMBERS)
        return Column(
            name, title, lambda row: _cell(view, row[name]), numeric=numeric, head=head, sort=way, below=below
        )

    extra = [Column("_source", view.words("monitoring.source")), Column("_row", view.words("monitoring.row"))]
    return Table([column(name, kind) for name, kind in columns.items()], rows, extra)


def _cell(view: View, value: Any) -> Node:
    """Write a value as it stands in the data; a number of a row is no number of a finding, and is not rounded."""
    if value is None:
        return h("span", "–", class_="muted")
    if isinstance(value, bool):
        return view.words(f"answer.{str(value).lower()}")
    return view.words.exact(value) if isinstance(value, float) else str(value)


def _head(view: View, name: str, title: str, way: str) -> Element:
    """Return the head of a column as the link that sorts by it, or turns the order."""
    asked = f"-{name}" if way == "ascending" else name
    href = view.address.with_(sort=asked, after="", before="", last="")
    arrow = {"ascending": " ▲", "descending": " ▼"}.get(way, "")
    return h("a", title, h("span", arrow, aria_hidden="true"), href=href, data_live=True)


def _filter(view: View, name: str, title: str, value: str) -> Element:
    label = view.words("monitoring.filter", column=title)
    return h("input", type="search", form=FORM, id=f"filter-{name}", name=FILTER + name, value=value, aria_label=label,
             autocomplete="off", maxlength="200")  # fmt: skip
