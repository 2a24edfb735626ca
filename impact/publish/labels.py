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
from impact.declare.contracts import Codelist, Contract
from impact.declare.hierarchy import column_codelist
from impact.measure.parts import cut_columns
from impact.sql import Select, as_text, ident

TERRITORY = "territory"
"""The column that the shared contracts call a territory."""
NAMES = ("name", "title", "label")
"""Text columns in which a registry names its rows, the first that it has."""
_YES_NO: dict[str, Text] = {"true": {"en": "Yes", "it": "Sì"}, "false": {"en": "No", "it": "No"}}
_SEPARATOR = " / "


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
        return f"{type(owner).__name__} {owner.id}"

    @property
    def title(self) -> Text:
        """The column's title: that of the registry's key, its own, the codelist's, or else its name in words."""
        key = self.registry.columns[self.registry.key[0]].title if self.registry else None
        listed = self.codelist.title if self.codelist else None
        words = self.name.replace("_", " ").capitalize()
        return key or self.contract.columns[self.name].title or listed or {"en": words, "it": words}


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
    columns = [
        (owner, name) for indicator in programme.indicators for name, owner in cut_columns(programme, indicator).items()
    ]
    cuts = {column: _cut(programme, *column) for column in columns}
    sides = [side for cut in cuts.values() if cut.registry for side in _sides(programme, cut.registry)]
    members = [row for cut in cuts.values() for row in _memberships(programme, connection, cut)]
    titled = cuts | {side: _cut(programme, *side) for side in sides}
    return {
        "label": _labels(programme, connection, titled),
        "membership": pd.DataFrame(members, columns=["column", "code", "by", "of"]).drop_duplicates(),
        "cut": _titles(titled),
        "heading": _headings(programme),
    }


def _cut(programme: Programme, contract: str, name: str) -> Cut:
    owner = programme.contracts[contract]
    return Cut(owner, name, column_codelist(programme, contract, name), _registry(programme, owner, name))


def _registry(programme: Programme, owner: Contract, name: str) -> Contract | None:
    """Return the contract whose one-column key the codes of a column are; one that names its rows before others.

    A foreign key leads to it, or its key has the same name.
    """
    led = (programme.contracts[key.references] for key in owner.foreign_keys if key.columns == (name,))
    same = (other for other in programme.contracts.values() if other.key == (name,))
    keyed = [contract for contract in (*led, *same) if len(contract.key) == 1]
    return min(keyed, key=lambda contract: _name_column(contract) is None, default=None)


def _name_column(registry: Contract) -> str | None:
    return next((name for name in NAMES if name in registry.columns and registry.columns[name].type == "text"), None)


def _sides(programme: Programme, registry: Contract) -> list[tuple[str, str]]:
    """Return the columns, each with its contract, that say what the rows of a registry belong to.

    They are its own columns with a codelist, and the other half of the key of contracts that only link it to one.
    """
    key = registry.key[0]
    listed = [(registry.id, name) for name, column in registry.columns.items() if column.codelist and name != key]
    links = (link for link in programme.contracts.values() if len(link.key) == 2 and key in link.key)
    halves = ((link.id, name) for link in links for name in link.key if name != key)
    return [*listed, *((link, name) for link, name in halves if programme.contracts[link].columns[name].codelist)]


def _memberships(
    programme: Programme, connection: duckdb.DuckDBPyConnection, cut: Cut
) -> Iterator[tuple[str, str, str, str]]:
    """Yield column, code, the column it belongs by and the code there."""
    if cut.registry is None:
        return
    code = as_text(cut.registry.key[0])
    for contract, by in _sides(programme, cut.registry):
        query = Select(
            {"code": code, "of": as_text(by)},
            ident(programme.id, contract),
            where=(f"{ident(by)} IS NOT NULL",),
            distinct=True,
        )
        pairs = connection.execute(query.sql()).fetchall()
        yield from ((cut.name, member, by, of) for member, of in pairs)


def _labels(programme: Programme, connection: duckdb.DuckDBPyConnection, cuts: Cuts) -> pd.DataFrame:
    """Return the titles of codes; a code that one contract leaves without a title has none, as it may mean another."""
    titles_of: dict[tuple[str, str], list[Text | None]] = {}
    for cut in cuts.values():
        for code, title in _code_titles(programme, connection, cut).items():
            titles_of.setdefault((cut.name, code), []).append(title)
    rows: list[dict[str, str | None]] = []
    trees = _trees(cuts)
    for (name, code), titles in titles_of.items():
        titled = [title for title in titles if title is not None]
        if len(titled) == len(titles):
            rows.append({"column": name, "code": code, **_joined(titled), **trees.get((name, code), {})})
    frame = pd.DataFrame(rows, columns=["column", "code", "title_en", "title_it", "level", "parent"])
    return frame.assign(place=frame.groupby("column").cumcount())


def _trees(cuts: Cuts) -> dict[tuple[str, str], dict[str, str | None]]:
    """Return the level and the parent of each code, as far as the codelists of its column agree."""
    positions: dict[tuple[str, str], set[tuple[str | None, str | None]]] = {}
    for cut in cuts.values():
        for item in cut.codelist.codes if cut.codelist else ():
            positions.setdefault((cut.name, item.code), set()).add((item.level, item.parent))
    agreed = {place: next(iter(agreed_on)) for place, agreed_on in positions.items() if len(agreed_on) == 1}
    return {place: {"level": level, "parent": parent} for place, (level, parent) in agreed.items()}


def _code_titles(programme: Programme, connection: duckdb.DuckDBPyConnection, cut: Cut) -> Mapping[str, Text | None]:
    """Return the codes of a column that are known before its rows are read, in their order, with their titles."""
    column = cut.contract.columns[cut.name]
    if cut.codelist:
        return {item.code: item.title for item in cut.codelist.codes}
    if column.type == "boolean":
        return _YES_NO
    if cut.registry and _name_column(cut.registry):
        return _names(programme, connection, cut.registry)
    return dict.fromkeys(column.codes or ())


def _names(programme: Programme, connection: duckdb.DuckDBPyConnection, registry: Contract) -> dict[str, Text]:
    """Return the names that a registry's good rows give, in the order of its files."""
    name = ident(_name_column(registry) or "")
    query = Select(
        {"code": as_text(registry.key[0]), "title": name},
        ident(programme.id, registry.id),
        where=(f"{name} IS NOT NULL",),
        order=("list_position(?, _source)", "_row"),
    )
    rows = connection.execute(query.sql(), [[source.id for source in programme.sources]]).fetchall()
    return {code: {"en": title, "it": title} for code, title in rows}


def _titles(cuts: Cuts) -> pd.DataFrame:
    """Return the titles of columns; one that stands for two things in two contracts is called both."""
    titles_of: dict[str, dict[str, Text]] = {}
    for cut in cuts.values():
        titles_of.setdefault(cut.name, {}).setdefault(cut.codes_of, cut.title)
    territories = _territories(cuts)
    rows = [
        {"column": name, **_joined(titles_of[name].values()), "is_territory": name in territories} for name in titles_of
    ]
    return pd.DataFrame(rows, columns=["column", "title_en", "title_it", "is_territory"])


def _headings(programme: Programme) -> pd.DataFrame:
    """Return the titles of contracts, and of those of their columns that have one."""
    titled: list[tuple[str, str, Text]] = []
    for contract in programme.contracts.values():
        titled.append((contract.id, "", contract.title))
        for name, column in contract.columns.items():
            listed = programme.codelists.get(column.codelist or "")
            title = column.title or (listed.title if listed else None)
            titled += [(contract.id, name, title)] if title else []
    rows = [{"contract": contract, "column": name, **_joined([title])} for contract, name, title in titled]
    return pd.DataFrame(rows, columns=["contract", "column", "title_en", "title_it"])


def _territories(cuts: Cuts) -> set[str]:
    """Return the columns whose codes are territories, whatever they are called.

    They are the column of that name, those with a codelist that has levels, and those that hold no codes but such.
    """
    lists = {name: [cut.codelist for cut in cuts.values() if cut.name == name] for _, name in cuts}
    trees = [each for found in lists.values() for each in found if each and any(i.level for i in each.codes)]
    known = {item.code for tree in trees for item in tree.codes}
    held = {
        name for name, found in lists.items() if all(each and {i.code for i in each.codes} <= known for each in found)
    }
    return {TERRITORY} & lists.keys() | held


def _joined(titles: Iterable[Text]) -> dict[str, str]:
    said = list(titles)
    return {
        "title_en": _SEPARATOR.join(dict.fromkeys(in_language(title, "en") for title in said)),
        "title_it": _SEPARATOR.join(dict.fromkeys(in_language(title, "it") for title in said)),
    }
