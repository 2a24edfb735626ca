"""The rows set aside or warned about: how many by file, column and rule; then each, with what was expected."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pandas as pd

from impact.drawing.markup import Element, Node, h
from impact.publish.rows import rows_of
from impact_dashboards.page.view import Block, Choice, Column, PageContent, Row, Table, View, nothing
from impact_dashboards.pages.monitoring.quality import SHOWN
from impact_dashboards.parts.headings import column_title, source_contracts, source_titles
from impact_dashboards.parts.state_marks import badge

SIZE = 50
"""Rows on a page; a file holds all of them."""
STATES = {"error": "bad", "warning": "warn"}
BY = ("source", "column", "rule", "severity")
HOW = "docs/how-to/load_a_messy_file.md"


def counts_block(view: View) -> Block:
    """Return the reasons with how often each was found, the most frequent first, each leading to its rows."""
    words, reasons = view.words, view.published.quarantine(view.programme)
    title, titles = words("monitoring.quarantine"), source_titles(view)
    if not view.published.scope.opens("quarantine"):
        return Block("quarantine", title, body=nothing(words, "monitoring.quarantine_closed"))
    if reasons.empty:
        return Block("quarantine", title, body=nothing(words, "monitoring.no_quarantine"))
    found = reasons.groupby(list(BY), dropna=False, as_index=False)
    counted = found.agg(count=("rule", "size"), expected=("expected", "first"))
    rows = rows_of(counted.sort_values(["count", *BY], ascending=[False, True, True, True, True]))
    table = Table(
        [
            Column("rule", words("monitoring.reason"), lambda row: _reason(view, row)),
            Column(
                "column", words("monitoring.column"), lambda row: h("code", row["column"]) if row["column"] else "–"
            ),
            Column("source", words("monitoring.source"), lambda row: titles.get(row["source"], row["source"])),
            Column("severity", words("monitoring.severity"), lambda row: _severity(view, row)),
            Column("count", words("monitoring.rows"), lambda row: _link(view, row), numeric=True),
        ],
        rows,
        [Column("expected", words("monitoring.expected_rule"))],
        shown=SHOWN,
    )
    lead = [
        words("monitoring.quarantine_lead", count=len(reasons)), " ",
        h("a", words("monitoring.quarantine_all"), href=view.address.to("monitoring", view.programme, "quarantine")),
    ]  # fmt: skip
    return Block("quarantine", title, table, lead=lead)


def _reason(view: View, row: Row) -> Node:
    return [_rule(view, row["rule"]), h("small", view.words.said(row["expected"]))]


def rule_words(view: View, rule: str) -> str:
    """Return a rule in words: the engine's own by its title, a declared one by its name as it stands."""
    return view.words(f"rule.{rule}") if view.words.has(f"rule.{rule}") else rule


def _rule(view: View, rule: str) -> Node:
    """Return a rule in words, or as the code it is."""
    return rule_words(view, rule) if view.words.has(f"rule.{rule}") else h("code", rule)


def _severity(view: View, row: Row) -> Element:
    return badge(STATES[row["severity"]], view.words, view.words(f"monitoring.{row['severity']}"))


def _link(view: View, row: Row) -> Element:
    asked = {name: row[name] or "" for name in ("source", "column", "rule")}
    where = f"{rule_words(view, row['rule'])}, {row['column'] or row['source']}"
    label = view.words("monitoring.rows_of", count=row["count"], where=where)
    href = view.address.to("monitoring", view.programme, "quarantine", **asked)
    return h("a", view.words.number(row["count"]), href=href, aria_label=label)


def quarantine_page(view: View) -> PageContent:
    """Return the rows set aside, a page of them, with line, expected and found."""
    words, reasons = view.words, view.published.quarantine(view.programme)
    title, back = words("monitoring.quarantine"), way_back(view)
    if not view.published.scope.opens("quarantine"):
        return PageContent(
            title, head=[back, nothing(words, "monitoring.quarantine_closed")], over=words("menu.monitoring")
        )
    chosen = _filtered(view, reasons)
    pages = max(-(-len(chosen) // SIZE), 1)
    number = _number(view, pages)
    shown = chosen if view.address.form else chosen.iloc[(number - 1) * SIZE : number * SIZE]
    block = Block("reasons", words("monitoring.quarantine_rows", count=len(chosen)), _table(view, rows_of(shown)),
                  lead=words("monitoring.quarantine_read"), after=_pager(view, number, pages))  # fmt: skip
    kinds = view.published.loads(view.programme)
    synthetic = kinds.loc[kinds["current"] & kinds["source"].isin(set(chosen["source"])), "kind"] == "synthetic"
    lead = words("monitoring.quarantine_lead", count=len(reasons))
    return PageContent(
        title,
        [block],
        lead=lead,
        over=words("menu.monitoring"),
        choices=_choices(view, reasons),
        head=back,
        synthetic=bool(synthetic.any()),
    )


def way_back(view: View) -> Element:
    """Return the link to the page of the programme."""
    title = view.words.pick(view.published.titles[view.programme], "title")
    href = view.address.to("monitoring", view.programme)
    return h("p", h("a", view.words("monitoring.back", programme=title), href=href), class_="back")


def _options(reasons: pd.DataFrame, name: str) -> list[str]:
    return sorted(set(reasons[name].dropna()) - {""})


def _filtered(view: View, reasons: pd.DataFrame) -> pd.DataFrame:
    for name in BY:
        value = view.chosen(name, _options(reasons, name))
        reasons = reasons[reasons[name] == value] if value else reasons
    return reasons


def _choices(view: View, reasons: pd.DataFrame) -> list[Choice]:
    words = view.words
    said: dict[str, Callable[[str], str]] = {
        "source": lambda name: source_titles(view).get(name, name),
        "column": str,
        "rule": lambda name: rule_words(view, name),
        "severity": lambda name: words(f"monitoring.{name}"),
    }
    return [
        Choice(name, words(f"monitoring.{name}"),
               {"": words("filters.all")} | {value: said[name](value) for value in _options(reasons, name)},
               view.chosen(name, _options(reasons, name)))
        for name in BY
    ]  # fmt: skip


def _number(view: View, pages: int) -> int:
    return int(view.chosen("page", [str(number + 1) for number in range(pages)], "1"))


def _table(view: View, rows: list[dict[str, Any]]) -> Table:
    words, titles = view.words, source_titles(view)

    def source(row: Row) -> Node:
        return [titles.get(row["source"], row["source"]), h("small", row["file"])]

    def rule(row: Row) -> Node:
        return [_rule(view, row["rule"]), h("small", h("code", row["column"] or ""))]

    return Table(
        [
            Column("source", words("monitoring.source"), source),
            Column("line", words("monitoring.line_of"), lambda row: str(row["line"] or "–"), numeric=True),
            Column("rule", words("monitoring.reason"), rule),
            Column("severity", words("monitoring.severity"), lambda row: _severity(view, row)),
            Column("expected", words("monitoring.expected_rule"), lambda row: words.said(row["expected"])),
            Column("value", words("monitoring.found"), lambda row: _found(view, row)),
        ],
        rows,
        [Column(key, key) for key in ("file", "column", "payload")],
    )


def _found(view: View, row: Row) -> Node:
    found = h("code", row["value"]) if row["value"] else h("span", view.words("monitoring.blank"), class_="muted")
    payload = json.loads(row["payload"]) if row["payload"] else {}
    if not isinstance(payload, dict) or not payload:
        return found
    contract = source_contracts(view).get(row["source"], "")
    pairs = [
        h("div", h("dt", column_title(view, contract, name)), h("dd", "–" if value is None else h("code", str(value))))
        for name, value in payload.items()
    ]
    return [found, h("details", h("summary", view.words("monitoring.whole_row")), h("dl", pairs, class_="facts"))]


def _pager(view: View, number: int, pages: int) -> Element | None:
    if pages == 1:
        return None
    steps = {"first": 1, "previous": number - 1, "next": number + 1, "last": pages}
    here = {"first": number == 1, "previous": number == 1, "next": number == pages, "last": number == pages}
    links = {
        name: None if here[name] else view.address.with_(page=str(to) if to > 1 else "") for name, to in steps.items()
    }
    return pager(view, links, view.words("monitoring.page_of", number=number, pages=pages))


def pager(view: View, links: dict[str, str | None], said: str) -> Element:
    """Return the ways to other pages of rows; one that leads nowhere is said to, and keeps its place."""
    steps = [
        h("li", h("a", view.words(f"monitoring.{name}"), href=href, data_live=True) if href
          else h("span", view.words(f"monitoring.{name}"), aria_disabled="true"))
        for name, href in links.items()
    ]  # fmt: skip
    label = view.words("monitoring.pages")
    return h("nav", h("ul", steps), h("p", said, class_="note"), class_="pager", aria_label=label)
