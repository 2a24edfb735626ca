"""The good rows of a contract as a plain table: sorted, filtered and paged by addresses.

A page follows a row and is read by DuckDB alone, so that the last page of a million rows costs what the first does; see
:func:`impact.publish.records.page_records`.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from impact.drawing.markup import Element, Node, h
from impact.errors import UsageError
from impact.publish.rows import rows_of
from impact.words.numbers import marks
from impact_dashboards.page.view import (
    AddressError,
    Block,
    Column,
    ColumnSpec,
    PageContent,
    Row,
    Table,
    View,
    columns_of,
    nothing,
)
from impact_dashboards.pages.monitoring.quarantine import pager, way_back
from impact_dashboards.parts.headings import column_title, contract_title

SIZE = 50
FILTER = "f."
"""What the name of a column's filter begins with in the address."""
FORM = "grid"
ARROWS = {"ascending": " ▲", "descending": " ▼"}
LONGEST = 18
"""Digits of a row's number."""
NUMBERS = ("INTEGER", "BIGINT", "DOUBLE", "HUGEINT", "DECIMAL")
HOW = "docs/how-to/query_with_sql.md"


# ---- the contracts ---------------------------------------------------------------------------------------------------


def _contract_link(view: View, row: Row) -> Element:
    return h("a", row["title"], href=_address(view, row["contract"]))


CONTRACTS = (
    ColumnSpec("contract", "monitoring.contract", _contract_link),
    ColumnSpec("rows", "monitoring.rows", numeric=True),
)


def contracts_block(view: View) -> Block:
    """Return the contracts whose rows this reader may see, each leading to them."""
    title, contracts = view.words("monitoring.records"), view.published.record_contracts(view.programme)
    if not view.published.scope.opens("records"):
        return Block("records", title, body=nothing(view.words, "monitoring.records_closed"))
    if contracts.empty:
        return Block("records", title, body=nothing(view.words, "monitoring.no_records", HOW))
    titles = contract_titles(view)
    ordered = rows_of(contracts.sort_values(["rows", "contract"], ascending=[False, True]))
    rows = [row | {"title": titles[row["contract"]]} for row in ordered]
    table = Table(columns_of(view, CONTRACTS), rows)
    lead = view.words("monitoring.records_lead")
    return Block("records", title, table, lead=lead)


def _address(view: View, contract: str) -> str:
    return view.address.to("monitoring", view.programme, "records", contract)


def contract_titles(view: View) -> dict[str, str]:
    """Return the titles of the contracts that have good rows, marked where those are synthetic."""
    loads = view.published.loads(view.programme)
    good = loads[loads["current"] & (loads["rows_good"].fillna(1) > 0)]
    synthetic = set(good.loc[good["kind"] == "synthetic", "contract"])
    marks = {contract: " †" if contract in synthetic else "" for contract in sorted(set(good["contract"]))}
    return {contract: contract_title(view, contract) + mark for contract, mark in marks.items()}


def records_page(view: View) -> PageContent:
    """Return one page of a contract's rows."""
    title, over = view.words("monitoring.records"), view.words("menu.monitoring")
    if not view.published.scope.opens("records"):
        closed = nothing(view.words, "monitoring.records_closed")
        return PageContent(title, head=[way_back(view), closed], over=over)
    titles = contract_titles(view)
    contract = view.at(2) or next(iter(titles), "")
    if contract not in titles:
        raise UsageError(view.words("monitoring.no_contract", contract=contract))
    return PageContent(
        title,
        [_rows_block(view, contract, titles[contract])],
        lead=view.words("monitoring.records_lead"),
        over=over,
        head=[way_back(view), _contract_chips(view, titles, contract)],
        synthetic="†" in titles[contract],
    )


def _contract_chips(view: View, titles: Mapping[str, str], chosen: str) -> Element:
    links = [_contract_chip(view, contract, title, chosen) for contract, title in titles.items()]
    return h("nav", h("ul", links), class_="chips", aria_label=view.words("monitoring.contract"))


def _contract_chip(view: View, contract: str, title: str, chosen: str) -> Element:
    current = "true" if contract == chosen else None
    return h("li", h("a", title, href=_address(view, contract), aria_current=current))


# ---- one page of rows ------------------------------------------------------------------------------------------------

Place = tuple[str, int]
"""The place of a row: its source and its number there."""


@dataclass(frozen=True)
class _Request:
    """What the address asks for of a contract's rows.

    Parameters
    ----------
    contract, columns
        Whose rows, and their columns with their SQL types.
    filters
        What is looked for in columns, as readers write it.
    sort
        The column that sorts, with ``-`` before it for the way down; empty for the order of the files.
    after, before, last
        Where the page begins or ends; one of them at most.
    """

    contract: str
    columns: Mapping[str, str]
    filters: Mapping[str, str]
    sort: str
    after: Place | None
    before: Place | None
    last: bool

    @property
    def is_backward(self) -> bool:
        """Whether the page is read from its end."""
        return self.before is not None or self.last


def _request(view: View, contract: str) -> _Request:
    columns = view.published.record_columns(view.programme, contract)
    return _Request(
        contract,
        columns,
        filters={name: value for name in columns if (value := view.given(FILTER + name))},
        sort=view.chosen("sort", [way + name for name in columns for way in ("", "-")]),
        after=_place(view, "after"),
        before=_place(view, "before"),
        last=view.chosen("last", ["1"]) == "1",
    )


def _place(view: View, name: str) -> Place | None:
    """Read the place of a row from the address."""
    text = view.given(name)
    if not text:
        return None
    source, _, row = text.rpartition(":")
    if not (source and row.isascii() and row.isdigit() and len(row) <= LONGEST):
        raise view.not_offered(name)
    return source, int(row)


def _rows_block(view: View, contract: str, title: str) -> Block:
    request = _request(view, contract)
    filters = {name: _as_stored(view, request.columns[name], value) for name, value in request.filters.items()}
    rows = _read_rows(view, request, filters)
    shown = rows.iloc[-SIZE:] if request.is_backward else rows.iloc[:SIZE]
    total = view.published.count_records(view.programme, contract, filters)
    count = view.words("monitoring.rows_count", count=total)
    ways = pager(
        view,
        _ways(view, request, shown, more=len(rows) > SIZE),
        view.words("monitoring.rows_here", count=len(shown), total=total),
    )
    lead, form = view.words("monitoring.records_read"), _form(view, bool(filters))
    return Block("records", f"{title} · {count}", _table(view, request, shown), lead=lead, body=form, after=ways)


def _read_rows(view: View, request: _Request, filters: Mapping[str, str]) -> pd.DataFrame:
    """Return the rows of a page, and one more where there are more."""
    if [request.after is not None, request.before is not None, request.last].count(True) > 1:
        raise AddressError(view.words("missing.filter"), view.words("missing.places"))
    try:
        return view.published.records(
            view.programme,
            request.contract,
            order=request.sort.removeprefix("-") or None,
            descending=request.sort.startswith("-"),
            after=request.after,
            before=request.before,
            last=request.last,
            filters=filters,
            size=SIZE + 1,
        )
    except UsageError:  # the row to go on from is not there, or not any more
        raise view.not_offered("after" if request.after else "before") from None


def _as_stored(view: View, kind: str, value: str) -> str:
    """Return what is looked for as the data hold it: a number as the page writes it has a decimal comma in Italian."""
    return value.replace(marks(view.words.language)[1], ".") if kind.startswith(NUMBERS) else value


def _ways(view: View, request: _Request, shown: pd.DataFrame, *, more: bool) -> dict[str, str | None]:
    """Return where the pages before and after lead; None where there is none."""
    earlier = more if request.is_backward else request.after is not None
    later = request.before is not None if request.is_backward else more
    beyond = len(shown) > 0
    return {
        "first": _way(view) if earlier else None,
        "previous": _way(view, before=_place_of(shown, 0)) if earlier and beyond else None,
        "next": _way(view, after=_place_of(shown, -1)) if later and beyond else None,
        "last": _way(view, last="1") if later else None,
    }


def _way(view: View, **place: str) -> str:
    return view.address.with_(**({"after": "", "before": "", "last": ""} | place))


def _place_of(rows: pd.DataFrame, number: int) -> str:
    row = rows.iloc[number]
    return f"{row['_source']}:{row['_row']}"


def _form(view: View, filtered: bool) -> Element:
    """Return the form that the filters in the heads belong to; to filter is to begin with the first page."""
    sort = view.given("sort")
    hidden = h("input", type="hidden", name="sort", value=sort) if sort else None
    button = h("button", view.words("filters.show"), type="submit", class_="go")
    return h(
        "form",
        hidden,
        button,
        _clear_link(view) if filtered else None,
        id=FORM,
        action=view.address.bare,
        method="get",
        data_live=True,
        class_="grid-form",
        aria_label=view.words("filters.title"),
    )


def _clear_link(view: View) -> Element:
    """Return the link to the rows without filters, from their first page."""
    names = [name for name, _ in view.address.query]
    cleared = [name for name in names if name.startswith((FILTER, "after", "before", "last"))]
    href = view.address.with_(**dict.fromkeys(cleared, ""))
    return h("a", view.words("monitoring.clear"), href=href, data_live=True)


# ---- the table -------------------------------------------------------------------------------------------------------


def _table(view: View, request: _Request, shown: pd.DataFrame) -> Table:
    columns = [_column(view, request, name) for name in request.columns]
    source, row = view.words("monitoring.source"), view.words("monitoring.row")
    rows = [{name: _day(value) for name, value in record.items()} for record in rows_of(shown)]
    return Table(columns, rows, [Column("_source", source), Column("_row", row)])


def _day(value: Any) -> Any:
    """Write a date as its day: no contract holds hours."""
    return value.strftime("%Y-%m-%d") if isinstance(value, datetime.date) else value


def _column(view: View, request: _Request, name: str) -> Column:
    """Return a column with the link that sorts by it in its head, and its filter below."""
    title = column_title(view, request.contract, name)
    direction = {name: "ascending", f"-{name}": "descending"}.get(request.sort, "none")

    def show(row: Row) -> Node:
        return _cell(view, row[name])

    return Column(
        name,
        title,
        show,
        numeric=request.columns[name].startswith(NUMBERS),
        head=_head(view, name, title, direction),
        sort=direction,
        below=_filter(view, name, title, request.filters.get(name, "")),
    )


def _cell(view: View, value: Any) -> Node:
    """Write a value as it stands in the data; a number of a row is no number of a finding, and is not rounded."""
    if value is None:
        return h("span", "–", class_="muted")
    if isinstance(value, bool):
        return view.words(f"answer.{str(value).lower()}")
    return view.words.exact(value) if isinstance(value, float) else str(value)


def _head(view: View, name: str, title: str, direction: str) -> Element:
    """Return the head of a column as the link that sorts by it, or turns the order."""
    sort = f"-{name}" if direction == "ascending" else name
    href = view.address.with_(sort=sort, after="", before="", last="")
    arrow = h("span", ARROWS.get(direction, ""), aria_hidden="true")
    return h("a", title, arrow, href=href, data_live=True)


def _filter(view: View, name: str, title: str, value: str) -> Element:
    return h(
        "input",
        type="search",
        form=FORM,
        id=f"filter-{name}",
        name=FILTER + name,
        value=value,
        aria_label=view.words("monitoring.filter", column=title),
        autocomplete="off",
        maxlength="200",
    )
