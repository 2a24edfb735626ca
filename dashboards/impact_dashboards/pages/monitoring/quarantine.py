"""The rows set aside or warned about: how many by file, column and rule; then each, with what was expected."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pandas as pd

from impact.drawing.markup import Element, Node, h
from impact.publish.rows import Record, rows_of
from impact_dashboards.page.view import (
    Block,
    Choice,
    ColumnSpec,
    PageContent,
    Row,
    Table,
    View,
    columns_of,
    file_columns,
    nothing,
)
from impact_dashboards.pages.monitoring.quality import SHOWN
from impact_dashboards.parts.facts import Fact, fact_grid
from impact_dashboards.parts.headings import column_title, source_contracts, source_titles
from impact_dashboards.parts.state_marks import badge

SIZE = 50
"""Rows on a page; a file holds all of them."""
STATES = {"error": "bad", "warning": "warn"}
BY = ("source", "column", "rule", "severity")
HOW = "docs/how-to/load_a_messy_file.md"


# ---- reasons ---------------------------------------------------------------------------------------------------------


def rule_words(view: View, rule: str) -> str:
    """Return a rule in words: the engine's own by its title, a declared one by its name as it stands."""
    key = f"rule.{rule}"
    return view.words(key) if view.words.has(key) else rule


def _rule(view: View, rule: str) -> Node:
    """Return a rule in words, or as the code it is."""
    has_title = view.words.has(f"rule.{rule}")
    if not has_title:
        return h("code", rule)
    return rule_words(view, rule)


def _reason(view: View, row: Row) -> Node:
    return [_rule(view, row["rule"]), h("small", view.words.said(row["expected"]))]


def _column(view: View, row: Row) -> Node:
    return h("code", row["column"]) if row["column"] else "–"


def _source(view: View, row: Row) -> str:
    source = str(row["source"])
    return source_titles(view).get(source, source)


def _severity(view: View, row: Row) -> Element:
    text = view.words(f"monitoring.{row['severity']}")
    return badge(STATES[row["severity"]], view.words, text)


def _count(view: View, row: Row) -> Element:
    """Return how often a reason was found, as the link to its rows."""
    filters = {name: row[name] or "" for name in ("source", "column", "rule")}
    subject = f"{rule_words(view, row['rule'])}, {row['column'] or row['source']}"
    label = view.words("monitoring.rows_of", count=row["count"], where=subject)
    href = view.address.to("monitoring", view.programme, "quarantine", **filters)
    return h("a", view.words.number(row["count"]), href=href, aria_label=label)


REASONS = (
    ColumnSpec("rule", "monitoring.reason", _reason),
    ColumnSpec("column", "monitoring.column", _column),
    ColumnSpec("source", "monitoring.source", _source),
    ColumnSpec("severity", "monitoring.severity", _severity),
    ColumnSpec("count", "monitoring.rows", _count, numeric=True),
)
EXPECTED = ColumnSpec("expected", "monitoring.expected_rule")


def counts_block(view: View) -> Block:
    """Return the reasons with how often each was found, the most frequent first, each leading to its rows."""
    title, reasons = view.words("monitoring.quarantine"), view.published.quarantine(view.programme)
    if not view.published.scope.opens("quarantine"):
        closed = nothing(view.words, "monitoring.quarantine_closed")
        return Block("quarantine", title, body=closed)
    if reasons.empty:
        empty = nothing(view.words, "monitoring.no_quarantine")
        return Block("quarantine", title, body=empty)
    columns, rows = columns_of(view, REASONS), _counted(reasons)
    table = Table(columns, rows, [EXPECTED.column(view)], shown=SHOWN)
    lead = _lead(view, len(reasons))
    return Block("quarantine", title, table, lead=lead)


def _counted(reasons: pd.DataFrame) -> list[Record]:
    """Return the reasons, the most frequent first, each with what was expected where it was found first."""
    groups = reasons.groupby(list(BY), dropna=False, as_index=False)
    counts = groups.agg(count=("rule", "size"), expected=("expected", "first"))
    upwards = [False, *(True for _ in BY)]
    ordered = counts.sort_values(["count", *BY], ascending=upwards)
    return rows_of(ordered)


def _lead(view: View, count: int) -> list[Node]:
    """Say how many reasons there are, with the link to all of their rows."""
    href = view.address.to("monitoring", view.programme, "quarantine")
    link = h("a", view.words("monitoring.quarantine_all"), href=href)
    text = view.words("monitoring.quarantine_lead", count=count)
    return [text, " ", link]


# ---- rows ------------------------------------------------------------------------------------------------------------


def quarantine_page(view: View) -> PageContent:
    """Return the rows set aside, a page of them, with line, expected and found."""
    title, back, over = view.words("monitoring.quarantine"), way_back(view), view.words("menu.monitoring")
    if not view.published.scope.opens("quarantine"):
        return PageContent(title, head=[back, nothing(view.words, "monitoring.quarantine_closed")], over=over)
    reasons = view.published.quarantine(view.programme)
    chosen = _filtered(view, reasons)
    return PageContent(
        title,
        [_rows_block(view, chosen)],
        lead=view.words("monitoring.quarantine_lead", count=len(reasons)),
        over=over,
        choices=_choices(view, reasons),
        head=back,
        synthetic=_is_synthetic(view, chosen),
    )


def way_back(view: View) -> Element:
    """Return the link to the page of the programme."""
    programme = view.published.titles[view.programme]
    title = view.words.pick(programme, "title")
    href = view.address.to("monitoring", view.programme)
    link = h("a", view.words("monitoring.back", programme=title), href=href)
    return h("p", link, class_="back")


def _rows_block(view: View, chosen: pd.DataFrame) -> Block:
    """Return one page of the rows; a file holds all of them."""
    pages = max(-(-len(chosen) // SIZE), 1)
    number = int(view.chosen("page", [str(page + 1) for page in range(pages)], "1"))
    shown = chosen if view.address.form else chosen.iloc[(number - 1) * SIZE : number * SIZE]
    table = Table(columns_of(view, ROWS), rows_of(shown), file_columns(ROWS_IN_FILE))
    title, lead = view.words("monitoring.quarantine_rows", count=len(chosen)), view.words("monitoring.quarantine_read")
    return Block("reasons", title, table, lead=lead, after=_page_links(view, number, pages))


def _is_synthetic(view: View, chosen: pd.DataFrame) -> bool:
    loads = view.published.loads(view.programme)
    kinds = loads.loc[loads["current"] & loads["source"].isin(set(chosen["source"])), "kind"]
    return bool((kinds == "synthetic").any())


def _filtered(view: View, reasons: pd.DataFrame) -> pd.DataFrame:
    for name in BY:
        value = view.chosen(name, _values(reasons, name))
        reasons = reasons[reasons[name] == value] if value else reasons
    return reasons


def _values(reasons: pd.DataFrame, name: str) -> list[str]:
    return sorted(set(reasons[name].dropna()) - {""})


def _choices(view: View, reasons: pd.DataFrame) -> list[Choice]:
    return [_choice(view, name, _values(reasons, name)) for name in BY]


def _choice(view: View, name: str, values: list[str]) -> Choice:
    options = {"": view.words("filters.all")} | {value: _value_words(view, name, value) for value in values}
    return Choice(name, view.words(f"monitoring.{name}"), options, view.chosen(name, values))


def _value_words(view: View, name: str, value: str) -> str:
    """Return the words for a value of a filter."""
    if name == "source":
        return source_titles(view).get(value, value)
    if name == "rule":
        return rule_words(view, value)
    return view.words(f"monitoring.{value}") if name == "severity" else value


# ---- the table of rows -----------------------------------------------------------------------------------------------


def _file(view: View, row: Row) -> Node:
    return [_source(view, row), h("small", row["file"])]


def _line(view: View, row: Row) -> str:
    return str(row["line"] or "–")


def _rule_and_column(view: View, row: Row) -> Node:
    return [_rule(view, row["rule"]), h("small", h("code", row["column"] or ""))]


def _expected(view: View, row: Row) -> str:
    return view.words.said(row["expected"])


def _value(view: View, row: Row) -> Node:
    """Return what stood there, with the whole row folded away where it is known."""
    text = row["value"]
    blank = h("span", view.words("monitoring.blank"), class_="muted")
    value = h("code", text) if text else blank
    stored = row["payload"]
    payload = json.loads(stored) if stored else {}
    if not isinstance(payload, dict) or not payload:
        return value
    return [value, _whole_row(view, row["source"], payload)]


def _whole_row(view: View, source: str, payload: Record) -> Element:
    contract = source_contracts(view).get(source, "")
    facts = [Fact(column_title(view, contract, name), _raw(value)) for name, value in payload.items()]
    return h("details", h("summary", view.words("monitoring.whole_row")), fact_grid(*facts))


def _raw(value: object) -> Node:
    return "–" if value is None else h("code", str(value))


ROWS = (
    ColumnSpec("source", "monitoring.source", _file),
    ColumnSpec("line", "monitoring.line_of", _line, numeric=True),
    ColumnSpec("rule", "monitoring.reason", _rule_and_column),
    ColumnSpec("severity", "monitoring.severity", _severity),
    ColumnSpec("expected", "monitoring.expected_rule", _expected),
    ColumnSpec("value", "monitoring.found", _value),
)
ROWS_IN_FILE = ("file", "column", "payload")


# ---- other pages of rows ---------------------------------------------------------------------------------------------


def _page_links(view: View, number: int, pages: int) -> Element | None:
    if pages == 1:
        return None
    earlier = {"first": 1, "previous": number - 1} if number > 1 else {}
    later = {"next": number + 1, "last": pages} if number < pages else {}
    targets = earlier | later
    links = {name: _page_link(view, targets.get(name)) for name in ("first", "previous", "next", "last")}
    return pager(view, links, view.words("monitoring.page_of", number=number, pages=pages))


def _page_link(view: View, number: int | None) -> str | None:
    """Return the address of a page of rows; the first is the one without a number."""
    if number is None:
        return None
    return view.address.with_(page=str(number) if number > 1 else "")


def pager(view: View, links: Mapping[str, str | None], text: str) -> Element:
    """Return the ways to other pages of rows; one that leads nowhere is said to, and keeps its place."""
    steps = [h("li", _step(view.words(f"monitoring.{name}"), href)) for name, href in links.items()]
    label = view.words("monitoring.pages")
    return h("nav", h("ul", steps), h("p", text, class_="note"), class_="pager", aria_label=label)


def _step(text: str, href: str | None) -> Element:
    if href:
        return h("a", text, href=href, data_live=True)
    return h("span", text, aria_disabled="true")
