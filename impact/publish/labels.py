"""Titles of codes, and of the columns that cut, leave as tables; and what each code belongs to, to group by.

A code has its title from a codelist, or its name from the registry (the contract of projects, of bodies, …) whose rows
the codes stand for. The last of what a run publishes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import duckdb
import pandas as pd

from impact.declare import Programme, in_language
from impact.declare.base import Text
from impact.declare.contracts import Codelist, Column, Contract
from impact.declare.hierarchy import column_codelist
from impact.measure.breakdown import cut_columns
from impact.sql import Select, as_text, ident
from impact.words.languages import Language

TERRITORY = "territory"
"""The column that the shared contracts call a territory."""
NAMES = ("name", "title", "label")
"""Text columns in which a registry names its rows, the first that it has."""
YES_NO: dict[str, Text] = {"true": {"en": "Yes", "it": "Sì"}, "false": {"en": "No", "it": "No"}}
_SEPARATOR = " / "
_LANGUAGES: tuple[Language, ...] = ("en", "it")


@dataclass(frozen=True)
class Cut:
    """A column that cuts, with what its codes stand for: an item of a codelist, or a row of a registry."""

    contract: Contract
    name: str
    codelist: Codelist | None
    registry: Contract | None

    @property
    def codes_of(self) -> str:
        """Whose codes they are: the same in every contract that takes them from one codelist or registry."""
        owner = self.codelist or self.registry or self.contract
        kind = type(owner).__name__
        return f"{kind} {owner.id}"

    @property
    def title(self) -> Text:
        """The column's title: that of the registry's key, its own, the codelist's, or else its name in words."""
        registry = self.registry
        key = registry.columns[registry.key[0]] if registry else None
        for titled in (key, self.contract.columns[self.name], self.codelist):
            if titled and titled.title:
                return titled.title
        name = self.name.replace("_", " ").capitalize()
        return {"en": name, "it": name}


Cuts = Mapping[tuple[str, str], Cut]
"""By contract and column."""


def make_labels(programme: Programme, connection: duckdb.DuckDBPyConnection) -> dict[str, pd.DataFrame]:
    """Return the titles of codes, of columns and of contracts, and what each code belongs to.

    Parameters
    ----------
    programme
        As declared.
    connection
        In the run's transaction, with the views of good rows in place.
    """
    cuts = _cuts(programme)
    titled = dict(cuts)
    members: list[tuple[str, str, str, str]] = []
    for cut in cuts.values():
        members += _memberships(programme, connection, cut)
        if cut.registry:
            titled |= {side: _cut(programme, *side) for side in _sides(programme, cut.registry)}
    memberships = pd.DataFrame(members, columns=["column", "code", "by", "of"])
    return {
        "label": _labels(programme, connection, titled),
        "membership": memberships.drop_duplicates(),
        "cut": _titles(titled),
        "heading": _headings(programme),
    }


def _cuts(programme: Programme) -> dict[tuple[str, str], Cut]:
    """Return the columns by which indicators are cut."""
    cuts: dict[tuple[str, str], Cut] = {}
    for indicator in programme.indicators:
        columns = cut_columns(programme, indicator)
        for name, owner in columns.items():
            cuts[owner, name] = _cut(programme, owner, name)
    return cuts


def _cut(programme: Programme, contract: str, name: str) -> Cut:
    owner = programme.contracts[contract]
    return Cut(owner, name, column_codelist(programme, contract, name), _registry(programme, owner, name))


def _registry(programme: Programme, owner: Contract, name: str) -> Contract | None:
    """Return the contract whose one-column key the codes of a column are; one that names its rows before others.

    A foreign key leads to it, or its key has the same name.
    """
    led = (programme.contracts[key.references] for key in owner.foreign_keys if key.columns == (name,))
    same = (contract for contract in programme.contracts.values() if contract.key == (name,))
    keyed = [contract for contract in (*led, *same) if len(contract.key) == 1]
    return min(keyed, key=lambda contract: name_column(contract) is None, default=None)


def name_column(registry: Contract) -> str | None:
    """Return the column in which a registry names its rows; None where it has none."""
    return next((name for name in NAMES if name in registry.columns and registry.columns[name].type == "text"), None)


def _sides(programme: Programme, registry: Contract) -> list[tuple[str, str]]:
    """Return the columns, each with its contract, that say what the rows of a registry belong to.

    They are its own columns with a codelist, and the other half of the key of contracts that only link it to one.
    """
    key = registry.key[0]
    sides = [(registry.id, name) for name, column in registry.columns.items() if column.codelist and name != key]
    for link in programme.contracts.values():
        if len(link.key) == 2 and key in link.key:
            sides += [(link.id, name) for name in link.key if name != key and link.columns[name].codelist]
    return sides


def _memberships(
    programme: Programme, connection: duckdb.DuckDBPyConnection, cut: Cut
) -> Iterator[tuple[str, str, str, str]]:
    """Yield column, code, the column it belongs by and the code there."""
    registry = cut.registry
    if registry is None:
        return
    code = as_text(registry.key[0])
    for contract, by in _sides(programme, registry):
        pair = {"code": code, "of": as_text(by)}
        linked = (f"{ident(by)} IS NOT NULL",)
        view = ident(programme.id, contract)
        query = Select(pair, view, where=linked, distinct=True)
        rows = connection.execute(query.sql()).fetchall()
        for member, of in rows:
            yield cut.name, member, by, of


def _labels(programme: Programme, connection: duckdb.DuckDBPyConnection, cuts: Cuts) -> pd.DataFrame:
    """Return the titles of codes; a code that one contract leaves without a title has none, as it may mean another."""
    titles_of: dict[tuple[str, str], list[Text | None]] = {}
    for cut in cuts.values():
        for code, title in _code_titles(programme, connection, cut).items():
            titles_of.setdefault((cut.name, code), []).append(title)
    trees = _trees(cuts)
    rows: list[dict[str, str | None]] = []
    for (name, code), titles in titles_of.items():
        titled = [title for title in titles if title is not None]
        if len(titled) == len(titles):
            position = trees.get((name, code), {})
            rows.append({"column": name, "code": code, **_joined(titled), **position})
    frame = pd.DataFrame(rows, columns=["column", "code", "title_en", "title_it", "level", "parent"])
    return frame.assign(place=frame.groupby("column").cumcount())


def _trees(cuts: Cuts) -> dict[tuple[str, str], dict[str, str | None]]:
    """Return the level and the parent of each code, as far as the codelists of its column agree."""
    positions: dict[tuple[str, str], set[tuple[str | None, str | None]]] = {}
    for cut in cuts.values():
        for item in cut.codelist.codes if cut.codelist else ():
            of_code = positions.setdefault((cut.name, item.code), set())
            of_code.add((item.level, item.parent))
    trees: dict[tuple[str, str], dict[str, str | None]] = {}
    for code, of_code in positions.items():
        if len(of_code) == 1:
            ((level, parent),) = of_code
            trees[code] = {"level": level, "parent": parent}
    return trees


def _code_titles(programme: Programme, connection: duckdb.DuckDBPyConnection, cut: Cut) -> Mapping[str, Text | None]:
    """Return the codes of a column that are known before its rows are read, in their order, with their titles."""
    column = cut.contract.columns[cut.name]
    if cut.codelist:
        return {item.code: item.title for item in cut.codelist.codes}
    if column.type == "boolean":
        return YES_NO
    if cut.registry and name_column(cut.registry):
        return registry_names(programme, connection, cut.registry)
    return dict.fromkeys(column.codes or ())


def registry_names(programme: Programme, connection: duckdb.DuckDBPyConnection, registry: Contract) -> dict[str, Text]:
    """Return the names that a registry's good rows give, in the order of its files."""
    name = ident(name_column(registry) or "")
    titled = {"code": as_text(registry.key[0]), "title": name}
    order = ("list_position(?, _source)", "_row")
    query = Select(titled, ident(programme.id, registry.id), where=(f"{name} IS NOT NULL",), order=order)
    sources = [source.id for source in programme.sources]
    rows = connection.execute(query.sql(), [sources]).fetchall()
    return {code: {"en": title, "it": title} for code, title in rows}


def _titles(cuts: Cuts) -> pd.DataFrame:
    """Return the titles of columns; one that stands for two things in two contracts is called both."""
    titles_of: dict[str, dict[str, Text]] = {}
    for cut in cuts.values():
        by_meaning = titles_of.setdefault(cut.name, {})
        by_meaning.setdefault(cut.codes_of, cut.title)
    territories = _territories(cuts)
    rows = []
    for name, titles in titles_of.items():
        joined = _joined(titles.values())
        rows.append({"column": name, **joined, "is_territory": name in territories})
    return pd.DataFrame(rows, columns=["column", "title_en", "title_it", "is_territory"])


def _headings(programme: Programme) -> pd.DataFrame:
    """Return the titles of contracts, and of those of their columns that have one."""
    rows = []
    for contract in programme.contracts.values():
        titles = {"": contract.title}
        for name, column in contract.columns.items():
            if title := column_title(programme, column):
                titles[name] = title
        for name, title in titles.items():
            heading = {"contract": contract.id, "column": name}
            rows.append(heading | _joined([title]))
    return pd.DataFrame(rows, columns=["contract", "column", "title_en", "title_it"])


def column_title(programme: Programme, column: Column) -> Text | None:
    """Return a column's own title, or else that of its codelist."""
    if column.title:
        return column.title
    codelist = programme.codelists.get(column.codelist or "")
    return codelist.title if codelist else None


def _territories(cuts: Cuts) -> set[str]:
    """Return the columns whose codes are territories, whatever they are called.

    They are the column of that name, those with a codelist that has levels, and those that hold no codes but such.
    """
    codelists = [cut.codelist for cut in cuts.values() if cut.codelist]
    hierarchies = (codelist for codelist in codelists if any(item.level for item in codelist.codes))
    territories = {item.code for hierarchy in hierarchies for item in hierarchy.codes}
    mixed = {cut.name for cut in cuts.values() if not _is_within(cut.codelist, territories)}
    names = {cut.name for cut in cuts.values()}
    return (names - mixed) | ({TERRITORY} & names)


def _is_within(codelist: Codelist | None, codes: set[str]) -> bool:
    return codelist is not None and all(item.code in codes for item in codelist.codes)


def _joined(titles: Iterable[Text]) -> dict[str, str]:
    titled = list(titles)
    joined = {}
    for language in _LANGUAGES:
        different = dict.fromkeys(in_language(title, language) for title in titled)
        joined[f"title_{language}"] = _SEPARATOR.join(different)
    return joined
