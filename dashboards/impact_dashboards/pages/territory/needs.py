"""Needs against supply: theme by territory, each cell's state as a shape and a word, before and after."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from impact.drawing.markup import Element, Node, h
from impact.formulas.territory_map.match import MATCH
from impact.publish.rows import rows_of
from impact.publish.territory import SEPARATOR
from impact_dashboards.page.view import Block, Column, ColumnSpec, Row, Table, View, columns_of, file_columns, nothing
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
    cells = view.published.map(view.programme)
    if cells.empty:
        title = view.words("needs.heading")
        empty = nothing(view.words, "needs.none", HOW)
        return [Block("needs", title, body=empty)]
    groups = cells.groupby(["contract", "supply", "match"])
    maps = [_map_block(view, number, group) for number, (_, group) in enumerate(groups, 1)]
    contracts = {*cells["contract"], *cells["supply"]}
    return [*maps, *_unmapped(view, contracts)]


@dataclass(frozen=True)
class _Map:
    """One contract of needs against one of supply.

    Parameters
    ----------
    contract, supply
        The contracts of the rows of needs and of services, by their names in the declarations.
    match
        The columns by which they are matched.
    cells
        With the words for each column of the match.
    waves
        In order of time, with their titles.
    """

    contract: str
    supply: str
    match: Sequence[str]
    cells: pd.DataFrame
    waves: Mapping[str, str]


def _read_map(view: View, cells: pd.DataFrame) -> _Map:
    contract, supply, match = (str(cells[name].iloc[0]) for name in ("contract", "supply", "match"))
    columns = match.split(", ")
    return _Map(contract, supply, columns, _titled(view, cells, columns), _waves(view, set(cells["wave"])))


def _map_block(view: View, number: int, cells: pd.DataFrame) -> Block:
    needs = _read_map(view, cells)
    title = _title(view, needs)
    contracts = (needs.contract, needs.supply)
    sources = [source_list(view.words, view.published.contract_sources(view.programme, name)) for name in contracts]
    return Block(
        f"needs-{number}",
        title,
        _table(view, needs),
        lead=view.words("needs.lead"),
        body=[_counts(view, needs), _matrix(view, needs, view.words("needs.matrix", title=title))],
        folded=True,
        after=sources,
    )


def _title(view: View, needs: _Map) -> str:
    """Return the title of a map; where both contracts are the shared ones, it needs no names."""
    if (needs.contract, needs.supply) == ("need", "supply"):
        return view.words("needs.heading")
    contract = contract_title(view, needs.contract)
    supply = contract_title(view, needs.supply)
    return view.words("needs.title", contract=contract, supply=supply)


def _titled(view: View, cells: pd.DataFrame, match: Sequence[str]) -> pd.DataFrame:
    """Add the words for each column of the cell; a code whose title holds the separator stands for itself."""
    pieces = [title.split(SEPARATOR) for title in cells[f"title_{view.words.declared}"]]
    titles: dict[str, str | list[str]] = {f"{name}_title": WHOLE for name in MATCH}
    for position, name in enumerate(match):
        codes = zip(cells[name], pieces, strict=True)
        by_code = {code: split[position] for code, split in codes if len(split) == len(match)}
        titles[f"{name}_title"] = [_code_title(view, by_code.get(code, code)) for code in cells[name]]
    return cells.astype(object).where(cells.notna(), None).assign(**titles)


def _code_title(view: View, title: Any) -> str:
    return view.words("needs.unstated") if pd.isna(title) or title == "" else str(title)


def _waves(view: View, waves: set[str]) -> dict[str, str]:
    """Return waves in order of time, with their titles."""
    titled = view.published.waves(view.programme)
    declared = dict(zip(titled["wave"], view.words.picked(titled), strict=True))
    order = [*(wave for wave in declared if wave in waves), *sorted(waves - declared.keys())]
    return {wave: str(declared.get(wave, wave.replace("_", " "))) for wave in order}


# ---- the matrix ------------------------------------------------------------------------------------------------------


def _counts(view: View, needs: _Map) -> list[Element]:
    """Return how many cells are in each state, wave by wave: the legend of the matrix at once."""
    return [_wave_counts(view, needs.cells[needs.cells["wave"] == wave], title) for wave, title in needs.waves.items()]


def _wave_counts(view: View, cells: pd.DataFrame, title: str) -> Element:
    counts = cells["state"].value_counts()
    heading = h("strong", view.words("needs.counts", wave=title)) if title else None
    states = [[badge(state, view.words), " ", h("b", int(counts[state])), " "] for state in STATES if state in counts]
    return h("p", heading, states, class_="legend states")


def _matrix(view: View, needs: _Map, caption: str) -> Element:
    """Return themes by territories."""
    themes = needs.cells.groupby("theme_title", sort=False)
    rows = [{"theme": theme or view.words("needs.every_theme"), "cells": cells} for theme, cells in themes]
    territories = dict.fromkeys(needs.cells["territory_title"])
    columns = [Column("theme", view.words("needs.theme")), *(_territory(view, needs, name) for name in territories)]
    table = Table(columns, rows, row_class=lambda row: "theme")
    return table_element(view.words, table, caption)


def _territory(view: View, needs: _Map, title: str) -> Column:
    """Return the column of a territory."""

    def show(row: Row) -> Node:
        cells = row["cells"]
        at_territory = cells[cells["territory_title"] == title]
        return _cell(view, needs, at_territory) or "–"

    heading = title or view.words("needs.everywhere")
    return Column(f"at {title}", heading, show)


def _cell(view: View, needs: _Map, cells: pd.DataFrame) -> list[Element]:
    groups = cells.groupby("target_group_title", sort=False)
    return [_group(view, needs, str(title), group) for title, group in groups]


def _group(view: View, needs: _Map, title: str, cells: pd.DataFrame) -> Element:
    """Return what is known of a theme at a territory for one group of people."""
    heading = h("span", title, class_="group-name") if title else None
    waves = [_lines(view, cells[cells["wave"] == wave], name) for wave, name in needs.waves.items()]
    return h("div", heading, waves, _quotes(view, cells), class_="cell")


def _quotes(view: View, cells: pd.DataFrame) -> Element:
    """Return what the documents say, folded away."""
    items = [item for row in rows_of(cells) for item in json.loads(row["documents"])]
    quotes = h("ul", [h("li", _quote(view, item)) for item in items], class_="quotes")
    return h("details", h("summary", view.words("needs.written")), quotes)


def _quote(view: View, item: Row) -> Node:
    """Return the words of a document, whose they are and where they stand."""
    organisation = item["organisation"]
    body = [" (", h("code", organisation), ")"] if organisation else []
    role = view.words("needs.part." + item["part"])
    quote = h("q", item["quote"])
    stated = [str(item[name]) for name in ("document", "place") if item[name]]
    location = h("small", ", ".join(stated))
    return [role, *body, ": ", quote, location]


def _lines(view: View, cells: pd.DataFrame, wave: str) -> list[Element]:
    """Return the states of a cell at one wave; rows that belong nowhere stand beside those that do."""
    label = h("small", wave) if wave else None
    if cells.empty:
        return [h("div", label, h("span", view.words("needs.neither"), class_="muted"))]
    return [h("div", label, _state(view, row), h("small", _numbers(view, row))) for row in rows_of(cells)]


def _numbers(view: View, row: Row) -> str:
    return ", ".join(_number_words(view, row))


def _number_words(view: View, row: Row) -> Iterator[str]:
    """Yield how many needs and services there are, and of how many bodies where of several."""
    yield view.words("needs.needs", count=int(row["needs"]))
    yield view.words("needs.services", count=int(row["services"]))
    partial, bodies = int(row["partial_services"]), int(row["bodies"])
    if partial:
        yield view.words("needs.partial", count=partial)
    if bodies > 1:
        yield view.words("needs.bodies", count=bodies)


# ---- its twin, and what has no place on it ---------------------------------------------------------------------------


def _state(view: View, row: Row) -> Element:
    return badge(row["state"], view.words)


MATCHED = {
    "theme": ColumnSpec("theme_title", "needs.theme"),
    "territory": ColumnSpec("territory_title", "needs.territory"),
    "target_group": ColumnSpec("target_group_title", "needs.group"),
}
WAVE = ColumnSpec("wave", "needs.wave")
CELLS = (
    ColumnSpec("state", "needs.state", _state),
    ColumnSpec("needs", "needs.number_needs", numeric=True),
    ColumnSpec("services", "needs.number_services", numeric=True),
    ColumnSpec("partial_services", "needs.number_partial", numeric=True),
    ColumnSpec("bodies", "needs.number_bodies", numeric=True),
)
CELLS_IN_FILE = ("voices", "severity", "capacity", "users", "documents")
UNMAPPED = (
    ColumnSpec("category", "needs.category"),
    ColumnSpec("source", "needs.source"),
    ColumnSpec("column", "needs.column"),
    ColumnSpec("rows", "needs.rows", numeric=True),
)


def _table(view: View, needs: _Map) -> Table:
    """Return the same cells as rows: the twin of the matrix, and its file."""
    matched = [spec for name, spec in MATCHED.items() if name in needs.match]
    wave = [WAVE] if any(needs.cells["wave"]) else []
    columns = columns_of(view, [*matched, *wave, *CELLS])
    return Table(columns, rows_of(needs.cells), file_columns((*needs.match, *CELLS_IN_FILE)))


def _unmapped(view: View, contracts: set[str]) -> list[Block]:
    """Return the categories that stand in rows and in no codelist."""
    unmapped = view.published.unmapped(view.programme)
    of_contracts = unmapped[unmapped["contract"].isin(list(contracts))]
    if of_contracts.empty:
        return []
    columns = columns_of(view, UNMAPPED)
    table = Table(columns, rows_of(of_contracts), file_columns(["contract"]))
    how = h("code", HOW)
    lead = [view.words("needs.unmapped_lead"), " ", view.words("empty.how"), " ", how, "."]
    title = view.words("needs.unmapped")
    return [Block("unmapped", title, table, lead=lead)]
