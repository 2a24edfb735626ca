"""Which parts of a programme are places, at which level each stands, and where it lies on a map."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import pandas as pd

from impact.figures.boundaries import boundaries, has_geometry
from impact.publish.rows import rows_of
from impact_dashboards.page.view import View
from impact_dashboards.parts.findings import cut_columns, part_codes


@dataclass(frozen=True)
class Places:
    """The codes of a programme's territories.

    Parameters
    ----------
    columns
        That hold such codes, whatever they are called.
    titles, levels, parents
        Of the codes, as far as a codelist gives them.
    """

    columns: frozenset[str]
    titles: dict[str, str]
    levels: dict[str, str]
    parents: dict[str, str]

    def above(self, code: str) -> list[str]:
        """Return a code and those above it, the nearest first."""
        way = [code]
        while (parent := self.parents.get(way[-1])) is not None and parent not in way:
            way.append(parent)
        return way

    def areas(self, code: str) -> list[str]:
        """Return the areas that a code stands for, of which boundaries are shipped."""
        return [area for area in boundaries() if code in self.above(area)]

    def mapped(self, codes: Iterable[str]) -> list[str]:
        """Return every area of the map on which codes lie, or none if one of them cannot be drawn."""
        given = set(codes)
        if not given or not all(self.areas(code) for code in given):
            return []
        known = [area for area in boundaries() if area in self.titles]
        return known if has_geometry(known) else []

    def outlines(self, areas: Iterable[str]) -> dict[str, frozenset[str]]:
        """Return the groups of areas with one code above them, by the title of that code."""
        groups: dict[str, set[str]] = {}
        for area in areas:
            above = self.parents.get(area)
            if above is not None:
                groups.setdefault(self.titles.get(above, above), set()).add(area)
        return {title: frozenset(codes) for title, codes in groups.items()}


def places_of(view: View, programme: str) -> Places:
    """Return the places of a programme; in a tree without names for its levels, the depth of a code is its level."""
    labels, cuts = view.published.labels(programme), view.published.cuts(programme)
    columns = frozenset(cuts[cuts["is_territory"]]["column"])
    own = labels[labels["column"].isin(columns)]
    bare = own["level"].isna() & own["parent"].isna()
    elsewhere = bare & own["code"].isin(own[~bare]["code"])
    rows = rows_of(own[~elsewhere].drop_duplicates("code"))
    parents = {row["code"]: row["parent"] for row in rows if row["parent"]}
    trees = {row["column"] for row in rows if row["parent"]}
    titles = {row["code"]: str(row[f"title_{view.words.language}"]) for row in rows}
    places = Places(columns, titles, {}, parents)
    named = {row["code"]: row["level"] or str(len(places.above(row["code"]))) for row in rows if row["column"] in trees}
    return replace(places, levels=named)


def place_findings(findings: pd.DataFrame, places: Places) -> pd.DataFrame:
    """Return the findings of places, each with its ``code`` and its ``place_level``: the codelist's, or the column."""
    column = cut_columns(findings)
    found = findings.assign(code=part_codes(findings), column=column)[column.isin(places.columns)]
    levels = [places.levels.get(code, name) for code, name in zip(found["code"], found["column"], strict=True)]
    return found.assign(place_level=levels)


def level_title(view: View, level: str) -> str:
    """Return the word for a level, or for the column that stands for one; else as it is written in the programme."""
    if level.isdigit():
        return view.words("territory.depth", depth=level)
    key = f"territory.level.{level}"
    if view.words.has(key):
        return view.words(key)
    return view.published.cut_titles(view.words.language).get(level, level.replace("_", " "))
