"""The map of needs and supply leaves as a table, cell by cell; so do the categories that no codelist has."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce

import duckdb
import pandas as pd

from impact.declare import Programme, in_language
from impact.declare.contracts import Contract
from impact.formulas.registry import kind_of
from impact.formulas.territory_map.match import MATCH, wave_column
from impact.formulas.territory_map.model import TerritoryMap
from impact.formulas.territory_map.relations import cells_sql, named_waves
from impact.sql import ALL, Select, as_text, ident
from impact.words.languages import Language

SEPARATOR = " · "


def make_maps(programme: Programme, connection: duckdb.DuckDBPyConnection) -> dict[str, pd.DataFrame]:
    """Return the cells of every map that is declared.

    Parameters
    ----------
    programme
        As declared.
    connection
        In the run's transaction, with the views of good rows in place.
    """
    maps = []
    for (name, supply, match), waves in _maps(programme).items():
        declared = {"kind": "territory_map", "measure": "coverage", "supply": supply, "match": match}
        formula = TerritoryMap.model_validate(declared)
        need = programme.contracts[name]
        cells = connection.execute(cells_sql(programme, formula, need, waves)).df()
        titles = _titles(programme, need, cells, match)
        maps.append(cells.assign(contract=name, supply=supply, match=", ".join(match), **titles))
    return {"map_cell": pd.concat(maps)} if maps else {}


def make_unmapped(programme: Programme, connection: duckdb.DuckDBPyConnection) -> dict[str, pd.DataFrame]:
    """Return the categories that stand in good rows and in no codelist, with the rows they stand in.

    Parameters
    ----------
    programme, connection
        As for :func:`make_maps`.
    """
    unmapped = list[pd.DataFrame]()
    for contract in programme.contracts.values():
        for column, codes in _closed(programme, contract):
            categories = _unmapped(connection, programme, contract, column, codes)
            unmapped.append(categories)
    if not unmapped:
        return {}
    return {"unmapped": pd.concat(unmapped)}


def _maps(programme: Programme) -> dict[tuple[str, str, tuple[str, ...]], list[str]]:
    """Return each pair of contracts and the columns they are matched by, with the waves that indicators name."""
    maps: dict[tuple[str, str, tuple[str, ...]], list[str]] = {}
    for indicator in programme.indicators:
        formula = indicator.formula
        if isinstance(formula, TerritoryMap):
            match = tuple(name for name in MATCH if name in formula.match)
            waves = maps.setdefault((indicator.contract, formula.supply, match), [])
            waves += [wave for wave in named_waves(indicator) if wave not in waves]
    return maps


def _titles(programme: Programme, need: Contract, cells: pd.DataFrame, match: tuple[str, ...]) -> dict[str, pd.Series]:
    """Return the words for each cell in both languages; a code without a title stands for itself."""
    languages: tuple[Language, ...] = ("en", "it")
    titles = {}
    for language in languages:
        columns = []
        for name in match:
            codelist = programme.codelists[need.columns[name].codelist or ""]
            title_of = {item.code: in_language(item.title, language) for item in codelist.codes}
            titled = cells[name].map(title_of)
            columns.append(titled.fillna(cells[name]).fillna(""))
        titles[f"title_{language}"] = reduce(lambda text, title: text + SEPARATOR + title, columns)
    return titles


def _closed(programme: Programme, contract: Contract) -> Iterator[tuple[str, list[str]]]:
    """Yield the columns whose categories may be unknown without the row being set aside, with the known ones."""
    for name, column in contract.columns.items():
        if column.type == "code" and "codes" in column.warn:
            yield name, list(programme.column_codes(column))
    wave = wave_column(contract)
    if wave and contract.id in _mapped(programme):
        yield wave, [declared.id for declared in programme.header.waves]


def _mapped(programme: Programme) -> set[str]:
    """Return the contracts of which rows of a wave that nobody declared stay."""
    contracts = set[str]()
    for indicator in programme.indicators:
        if kind_of(indicator.formula).unknown_waves:
            contracts.update(indicator.reads)
    return contracts


def _unmapped(
    connection: duckdb.DuckDBPyConnection, programme: Programme, contract: Contract, column: str, codes: list[str]
) -> pd.DataFrame:
    category = as_text(column)
    counted = {"source": "_source", "category": category, "rows": "count(*)"}
    unknown = (f"{ident(column)} IS NOT NULL", f"NOT list_contains(?::VARCHAR[], {category})")
    view = ident(programme.id, contract.id)
    query = Select(counted, view, where=unknown, group=ALL, order=ALL)
    categories = connection.execute(query.sql(), [codes]).df()
    return categories.assign(contract=contract.id, column=column)
