"""Needs against supply: theme by territory, each cell's state as a shape and a word, before and after."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pandas as pd

from impact.declare.territory import MATCH
from impact.drawing.markup import Element, Node, h
from impact.publish.rows import rows_of
from impact.publish.territory import SEPARATOR
from impact_dashboards.page.view import Block, Column, Row, Table, View, nothing
from impact_dashboards.parts.headings import contract_title
from impact_dashboards.parts.sentences import source_list
from impact_dashboards.parts.state_marks import badge
from impact_dashboards.parts.tables import table_element

HOW = "docs/how-to/map_needs_and_supply.md"
STATES = ("overlap", "covered", "partial", "gap", "supply_only", "unmapped")
WHOLE = ""
"""The title of what a map is not matched by."""


def needs_blocks(view: View) -> list[Block]:
    """Return the maps of needs and supply, and the categories that have no place on them."""
    cells, words = view.published.map(view.programme), view.words
    if cells.empty:
        return [Block("needs", words("needs.heading"), body=nothing(words, "needs.none", HOW))]
    maps = [
        _map(view, group, place) for place, (_, group) in enumerate(cells.groupby(["contract", "supply", "match"]), 1)
    ]
    contracts = {*cells["contract"], *cells["supply"]}
    return [*maps, *_unmapped(view, contracts)]


def _map(view: View, cells: pd.DataFrame, place: int) -> Block:
    """Return the map of one contract of needs and one of supply."""
    words = view.words
    contract, supply = (str(cells[name].iloc[0]) for name in ("contract", "supply"))
    match = str(cells["match"].iloc[0]).split(", ")
    titled = _titled(view, cells, match)
    waves = _waves(view, titled)
    plain = {"contract": contract_title(view, contract), "supply": contract_title(view, supply)}
    shared = (contract, supply) == ("need", "supply")
    title = words("needs.heading") if shared else words("needs.title", **plain)
    sources = [source_list(words, view.published.contract_sources(view.programme, name)) for name in (contract, supply)]
    return Block(
        f"needs-{place}",
        title,
        _cells(view, titled, match),
        lead=words("needs.lead"),
        body=[_counts(view, titled, waves), _matrix(view, titled, waves, words("needs.matrix", title=title))],
        folded=True,
        after=sources,
    )


def _titled(view: View, cells: pd.DataFrame, match: Sequence[str]) -> pd.DataFrame:
    """Add the words for each column of the cell; a code whose title holds the separator stands for itself."""
    pieces = [title.split(SEPARATOR) for title in cells[f"title_{view.words.language}"]]
    titles = {}
    for place, name in enumerate(match):
        codes = zip(cells[name], pieces, strict=True)
        known = {code: split[place] for code, split in codes if len(split) == len(match)}
        titles[f"{name}_title"] = [_named(view, known.get(code, code)) for code in cells[name]]
    plain = cells.astype(object).where(cells.notna(), None)
    return plain.assign(**{f"{name}_title": WHOLE for name in MATCH} | titles)


def _named(view: View, title: Any) -> str:
    return view.words("needs.unstated") if pd.isna(title) or title == "" else str(title)


def _waves(view: View, cells: pd.DataFrame) -> dict[str, str]:
    """Return the waves in order of time, with their titles."""
    declared = view.published.waves(view.programme).set_index("wave")[f"title_{view.words.language}"]
    found = set(cells["wave"])
    order = [*(wave for wave in declared.index if wave in found), *sorted(found - set(declared.index))]
    return {wave: str(declared.get(wave, wave.replace("_", " "))) for wave in order}


def _counts(view: View, cells: pd.DataFrame, waves: dict[str, str]) -> list[Element]:
    """Return how many cells are in each state, wave by wave: the legend of the matrix at once."""
    counts = {wave: cells.loc[cells["wave"] == wave, "state"].value_counts() for wave in waves}
    return [
        h(
            "p",
            h("strong", view.words("needs.counts", wave=waves[wave])) if waves[wave] else None,
            [[badge(state, view.words), " ", h("b", int(count[state])), " "] for state in STATES if state in count],
            class_="legend states",
        )
        for wave, count in counts.items()
    ]


def _matrix(view: View, cells: pd.DataFrame, waves: dict[str, str], caption: str) -> Element:
    """Return themes by territories."""
    words = view.words
    places = list(dict.fromkeys(cells["territory_title"]))
    rows = [
        {"theme": theme or words("needs.every_theme"), "cells": some}
        for theme, some in cells.groupby("theme_title", sort=False)
    ]

    def column(place: str) -> Column:
        return Column(
            f"at {place}",
            place or words("needs.everywhere"),
            lambda row: _cell(view, row["cells"], place, waves) or "–",
        )

    return table_element(
        words,
        Table([Column("theme", words("needs.theme")), *map(column, places)], rows, row_class=lambda row: "theme"),
        caption,
    )


def _cell(view: View, theme: pd.DataFrame, place: str, waves: dict[str, str]) -> list[Element]:
    here = theme[theme["territory_title"] == place]
    return [_group(view, str(name), some, waves) for name, some in here.groupby("target_group_title", sort=False)]


def _group(view: View, name: str, cells: pd.DataFrame, waves: dict[str, str]) -> Element:
    lines = [line for wave, title in waves.items() for line in _lines(view, cells[cells["wave"] == wave], title)]
    quotes = [h("li", _quote(view, item)) for row in rows_of(cells) for item in json.loads(row["documents"])]
    written = h("details", h("summary", view.words("needs.written")), h("ul", quotes, class_="quotes"))
    return h("div", h("span", name, class_="group-name") if name else None, lines, written, class_="cell")


def _lines(view: View, cells: pd.DataFrame, wave: str) -> list[Element]:
    """Return the states of a cell at one wave; rows that belong nowhere stand beside those that do."""
    before = h("small", wave) if wave else None
    if cells.empty:
        return [h("div", before, h("span", view.words("needs.neither"), class_="muted"))]
    return [
        h("div", before, badge(row["state"], view.words), h("small", _numbers(view, row))) for row in rows_of(cells)
    ]


def _numbers(view: View, row: Row) -> str:
    words = view.words
    said = [words("needs.needs", count=int(row["needs"])), words("needs.services", count=int(row["services"]))]
    said += [words("needs.partial", count=int(row["partial_services"]))] if row["partial_services"] else []
    said += [words("needs.bodies", count=int(row["bodies"]))] if row["bodies"] > 1 else []
    return ", ".join(said)


def _quote(view: View, item: dict[str, Any]) -> Node:
    place = ", ".join(str(item[name]) for name in ("document", "place") if item[name])
    body = [" (", h("code", item["organisation"]), ")"] if item["organisation"] else []
    return [view.words("needs.part." + item["part"]), *body, ": ", h("q", item["quote"]), h("small", place)]


def _cells(view: View, cells: pd.DataFrame, match: Sequence[str]) -> Table:
    """Return the same cells as rows: the twin of the matrix, and its file."""
    words = view.words
    heads = {"theme": "needs.theme", "territory": "needs.territory", "target_group": "needs.group"}
    columns = [Column(f"{name}_title", words(heads[name])) for name in heads if name in match]
    columns += [Column("wave", words("needs.wave"))] if any(cells["wave"]) else []
    columns += [Column("state", words("needs.state"), lambda row: badge(row["state"], words))]
    numbers = {"needs": "needs", "services": "services", "partial_services": "partial", "bodies": "bodies"}
    columns += [Column(key, words(f"needs.number_{name}"), numeric=True) for key, name in numbers.items()]
    extra = (*match, "voices", "severity", "capacity", "users", "documents")
    return Table(columns, rows_of(cells), [Column(key, key.replace("_", " ")) for key in extra])


def _unmapped(view: View, contracts: set[str]) -> list[Block]:
    words = view.words
    found = view.published.unmapped(view.programme)
    here = found[found["contract"].isin(list(contracts))]
    if here.empty:
        return []
    columns = [Column("category", words("needs.category")), Column("source", words("needs.source"))]
    columns += [Column("column", words("needs.column")), Column("rows", words("needs.rows"), numeric=True)]
    table = Table(columns, rows_of(here), [Column("contract", "contract")])
    lead = [words("needs.unmapped_lead"), " ", words("empty.how"), " ", h("code", HOW), "."]
    return [Block("unmapped", words("needs.unmapped"), table, lead=lead)]
