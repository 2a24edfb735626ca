"""Which parts of a programme are territories, at which level each stands, and where it lies on a map."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from impact.figures.boundaries import boundaries, has_geometry
from impact.publish.rows import Record, rows_of
from impact.tables.part import cut_columns, part_codes
from impact_dashboards.page.view import View


@dataclass(frozen=True)
class Territories:
    """The codes of a programme's territories.

    Parameters
    ----------
    columns
        That hold such codes, whatever they are called.
    titles, levels, parents
        By code, as far as a codelist gives them.
    """

    columns: frozenset[str]
    titles: dict[str, str]
    levels: dict[str, str]
    parents: dict[str, str]

    def ancestry(self, code: str) -> list[str]:
        """Return a code and those above it, the nearest first."""
        codes = [code]
        while (parent := self.parents.get(codes[-1])) is not None and parent not in codes:
            codes.append(parent)
        return codes

    def areas(self, code: str) -> list[str]:
        """Return the areas that a code stands for, of which boundaries are shipped."""
        return [area for area in boundaries() if code in self.ancestry(area)]

    def mapped(self, codes: Iterable[str]) -> list[str]:
        """Return every area of the map on which codes lie, or none if one of them cannot be drawn."""
        distinct = set(codes)
        if not distinct or not all(map(self.areas, distinct)):
            return []
        areas = [area for area in boundaries() if area in self.titles]
        return areas if has_geometry(areas) else []

    def outlines(self, areas: Iterable[str]) -> dict[str, frozenset[str]]:
        """Return the groups of areas with one code above them, by the title of that code."""
        groups: dict[str, set[str]] = {}
        for area in areas:
            parent = self.parents.get(area)
            if parent is not None:
                title = self.titles.get(parent, parent)
                group = groups.setdefault(title, set())
                group.add(area)
        return {title: frozenset(codes) for title, codes in groups.items()}


def territories_of(view: View, programme: str) -> Territories:
    """Return the territories of a programme; in a tree without names for its levels, a code's depth is its level."""
    cuts = view.published.cuts(programme)
    of_territories = cuts[cuts["is_territory"]]
    columns = frozenset(of_territories["column"])
    rows = _labels(view, programme, columns)
    titles = {row["code"]: view.words.pick(row, "title") for row in rows}
    parents = {row["code"]: row["parent"] for row in rows if row["parent"]}
    unlevelled = Territories(columns, titles, {}, parents)
    levels = _levels(unlevelled, rows)
    return replace(unlevelled, levels=levels)


def _labels(view: View, programme: str, columns: frozenset[str]) -> list[Record]:
    """Return each code once: where it stands in a tree, if it stands in one."""
    every = view.published.labels(programme)
    labels = every[every["column"].isin(columns)]
    is_bare = labels["level"].isna() & labels["parent"].isna()
    is_repeated = is_bare & labels["code"].isin(labels[~is_bare]["code"])
    return rows_of(labels[~is_repeated].drop_duplicates("code"))


def _levels(territories: Territories, rows: Sequence[Record]) -> dict[str, str]:
    """Return the level of each code that stands in a tree."""
    trees = {row["column"] for row in rows if row["parent"]}
    in_trees = [row for row in rows if row["column"] in trees]
    return {row["code"]: row["level"] or str(len(territories.ancestry(row["code"]))) for row in in_trees}


def territory_findings(findings: pd.DataFrame, territories: Territories) -> pd.DataFrame:
    """Return the findings of territories with ``code`` and ``place_level``, the column where there is none."""
    columns = cut_columns(findings)
    coded = findings.assign(code=part_codes(findings), column=columns)
    cells = coded[columns.isin(territories.columns)]
    pairs = zip(cells["code"], cells["column"], strict=True)
    levels = [territories.levels.get(code, column) for code, column in pairs]
    return cells.assign(place_level=levels)


def level_title(view: View, level: str) -> str:
    """Return the word for a level, or for the column that stands for one; else as it is written in the programme."""
    if level.isdigit():
        return view.words("territory.depth", depth=level)
    key = f"territory.level.{level}"
    if view.words.has(key):
        return view.words(key)
    return view.published.cut_titles(view.words.language).get(level, level.replace("_", " "))
