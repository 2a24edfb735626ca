"""Needs against supply: theme by territory, each cell's state as a shape and a word, before and after."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pandas as pd
from dash import html

from impact.declare.territory import MATCH
from impact.publish import contract_sources, map_table, unmapped_table, wave_days
from impact.publish.territory import SEPARATOR
from impact.render import MAP_STATES
from impact.store import Warehouse
from impact_dashboards.parts import nothing, records, source_list, table

HOW = "docs/how-to/map_needs_and_supply.md"
WHOLE = "all"


def needs_section(warehouse: Warehouse, programme: str) -> list[Any]:
    """Return the maps of needs and supply of a programme, and the categories that have no place on them."""
    cells = map_table(warehouse, programme)
    if cells.empty:
        return [nothing("This programme declares no map of needs and supply.", HOW)]
    order = list(wave_days(warehouse, programme))
    maps = [
        part
        for (contract, supply, match), group in cells.groupby(["contract", "supply", "match"])
        for part in _map(group, str(match), order, f"{contract} against {supply}")
    ]
    names = pd.unique(cells[["contract", "supply"]].to_numpy().ravel())
    sources = [source_list(contract_sources(warehouse, programme, str(name))) for name in names]
    return [*maps, *sources, *_unmapped(unmapped_table(warehouse, programme), names)]


def _map(cells: pd.DataFrame, match: str, order: list[str], words: str) -> list[Any]:
    titled = _titled(cells, match.split(", "))
    waves = sorted(titled["wave"].unique(), key=lambda wave: (order.index(wave) if wave in order else len(order), wave))
    places = list(dict.fromkeys(titled["territory_title"]))
    rows = [
        html.Tr([html.Th(str(theme), scope="row"), *(html.Td(_cell(group, place, waves) or "–") for place in places)])
        for theme, group in titled.groupby("theme_title", sort=False)
    ]
    counts = [html.P(_counts(titled[titled["wave"] == wave], wave), className="states") for wave in waves]
    return [*counts, html.Section(table(("Theme", *places), rows, f"{words}, by {match.replace('_', ' ')}"))]


def _titled(cells: pd.DataFrame, match: list[str]) -> pd.DataFrame:
    """Add the words for each column of the cell; a code whose title holds the separator stands for itself."""
    pieces = [title.split(SEPARATOR) for title in cells["title_en"]]
    titles = {}
    for place, name in enumerate(match):
        codes = zip(cells[name], pieces, strict=True)
        words = {code: split[place] for code, split in codes if len(split) == len(match)}
        titles[f"{name}_title"] = [_named(words.get(code, code)) for code in cells[name]]
    return cells.assign(**{f"{name}_title": WHOLE for name in MATCH} | titles)


def _named(words: Any) -> str:
    return "(not stated)" if pd.isna(words) or words == "" else str(words)


def _counts(cells: pd.DataFrame, wave: str) -> str:
    counts = cells["state"].value_counts()
    words = ", ".join(f"{text} {counts[state]}" for state, text in MAP_STATES.items() if state in counts)
    return f"{_wave(wave)}{words}"


def _wave(wave: str) -> str:
    return f"{wave.replace('_', ' ')}: " if wave else ""


def _cell(theme: pd.DataFrame, place: str, waves: list[str]) -> list[Any]:
    here = theme[theme["territory_title"] == place]
    return [_group(str(name), group, waves) for name, group in here.groupby("target_group_title", sort=False)]


def _group(name: str, cells: pd.DataFrame, waves: Iterable[str]) -> html.Div:
    lines = [line for wave in waves for line in _lines(cells[cells["wave"] == wave], wave)]
    quotes = [html.Li(_quote(item)) for row in records(cells) for item in json.loads(row["documents"])]
    written = html.Details([html.Summary("Where it is written"), html.Ul(quotes)])
    return html.Div([*([html.Strong(name)] if name != WHOLE else []), *lines, written], className="cell")


def _lines(cells: pd.DataFrame, wave: str) -> list[Any]:
    """Return the states of a cell at one wave; rows that belong nowhere stand beside those that do."""
    if cells.empty:
        return [html.Div(f"{_wave(wave)}– neither need nor service")]
    return [
        html.Div([_wave(wave), html.Span(MAP_STATES[row["state"]], className=row["state"]), html.Small(_numbers(row))])
        for row in records(cells)
    ]


def _numbers(row: dict[str, Any]) -> str:
    words = [_many(row["needs"], "need"), _many(row["services"], "service")]
    words += [f"{row['partial_services']} for a part"] if row["partial_services"] else []
    words += [f"{row['bodies']} bodies"] if row["bodies"] > 1 else []
    return ", ".join(words)


def _many(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def _quote(item: dict[str, Any]) -> list[Any]:
    place = ", ".join(str(item[name]) for name in ("document", "place") if item[name])
    body = f" ({item['organisation']})" if item["organisation"] else ""
    return [f"{item['part']}{body}: ", html.Q(item["quote"]), html.Small(place)]


def _unmapped(unmapped: pd.DataFrame, contracts: Iterable[Any]) -> list[Any]:
    here = unmapped[unmapped["contract"].isin(list(contracts))]
    if here.empty:
        return []
    rows = [
        html.Tr([html.Th(row["category"], scope="row"), *(html.Td(row[n]) for n in ("source", "column", "rows"))])
        for row in records(here)
    ]
    words = "Categories that no codelist has: their rows are kept and counted nowhere on the map."
    heads = ("Category", "Source", "Column", "Rows")
    return [html.Section([html.H3("Unmapped"), table(heads, rows), nothing(words, HOW)])]
