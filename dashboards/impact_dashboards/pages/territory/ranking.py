"""Values of territories in order, on one scale, with what is known of the order; and the same values on a map."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from impact.drawing.markup import Node, h
from impact.figures.map import map_drawing
from impact.publish.rows import Record
from impact_dashboards.page.view import Block, Column, ColumnSpec, Row, Table, View, columns_of, file_columns
from impact_dashboards.parts.findings import (
    KEPT,
    drawn_unit,
    effect_cell,
    in_words,
    link_of,
    part_of,
    remarks,
    text_columns,
    value_cell,
)
from impact_dashboards.parts.marks import known, whisker
from impact_dashboards.parts.order import order_words
from impact_dashboards.parts.state_marks import badge
from impact_dashboards.parts.territories import Territories, level_title

PROMISE = ("baseline", "target")
DRAWN = ("value", "conf_low", "conf_high", *PROMISE)


# ---- the ranking -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ranking:
    """Values of territories of one level in order.

    Parameters
    ----------
    rows
        Of the territories, ranked.
    whole
        Of the whole programme, where the reader may see it.
    territories
        For the territory above each.
    """

    rows: Sequence[Row]
    whole: Row | None
    territories: Territories

    @property
    def rows_below_whole(self) -> list[Row]:
        """The rows below that of the whole programme."""
        return [*([self.whole] if self.whole else []), *self.rows]

    def has(self, *names: str) -> bool:
        """Tell whether any row has one of some values."""
        return any(known(row[name]) for row in self.rows_below_whole for name in names)

    def above(self, row: Row) -> str:
        """Return the title of the territory above a row's, where they lie in several."""
        parents = {self.territories.parents.get(str(row["code"])) for row in self.rows}
        parent = self.territories.parents.get(str(row.get("code")), "") if len(parents) > 1 else ""
        return self.territories.titles.get(parent, "")

    def scale(self) -> tuple[float, float]:
        """Return the ends of a scale that holds all that the rows' drawings show."""
        ends = [row[name] for row in self.rows_below_whole for name in DRAWN if known(row[name])] or [0.0]
        low, high = min(ends), max(ends)
        room = 0.03 * (high - low) or 1.0
        return low - room, high + room


def ranking_block(view: View, ranking: Ranking, *, half: bool) -> Block:
    """Return the ranking, below the value of the whole programme where that is known.

    Parameters
    ----------
    view
        What was asked for.
    ranking
        Values of territories in order.
    half
        Whether a map stands beside it.
    """

    def row_class(row: Row) -> str:
        return "of-whole" if row is ranking.whole else ""

    _, part_title = text_columns(view)
    extra = [part_title, LEVEL.column(view), *file_columns(KEPT)]
    columns = _columns(view, ranking)
    table = Table(columns, ranking.rows_below_whole, extra, row_class=row_class)
    title = view.words("territory.ranking")
    lead = " ".join(filter(None, _lead(view, ranking)))
    return Block("ranking", title, table, lead=lead, half=half)


def _lead(view: View, ranking: Ranking) -> Iterator[str]:
    """Yield how far the order can be trusted, and how the drawings are read."""
    yield order_words(view.words, ranking.rows)
    yield view.words("territory.ranking_read")
    if ranking.has(*PROMISE):
        yield view.words("territory.ranking_lines")


def _columns(view: View, ranking: Ranking) -> list[Column]:
    """Return the columns; those of effects only where there is one."""
    scale = ranking.scale()

    def name(row: Row) -> Node:
        return _name(view, row, ranking.above(row))

    def drawing(row: Row) -> Node:
        return _drawing(view, row, scale)

    names = Column("finding", view.words("territory.name"), name)
    drawn = Column("", view.words("territory.drawing"), drawing)
    effect = [EFFECT] if ranking.has("estimate") else []
    return [names, drawn, *columns_of(view, [VALUE, *effect])]


def _name(view: View, row: Row, above: str) -> Node:
    notes = " · ".join(filter(None, [above, *remarks(view, row)]))
    link = h("a", part_of(view, row), href=link_of(view, row))
    return [link, h("small", notes) if notes else None]


def _drawing(view: View, row: Row, scale: tuple[float, float]) -> Node:
    if row["attainment"] == "suppressed":
        return badge("suppressed", view.words, view.words(f"disclosure.{row['suppressed']}"))
    return whisker(row, in_words(view, row), scale=scale) or badge("no_data", view.words)


def _value(view: View, row: Row) -> Node:
    """Return a value with how many it rests on, where that is known."""
    value = value_cell(view, row)
    if not known(row["n"]):
        return [value, None]
    return [value, h("small", view.words("territory.n", count=int(row["n"])))]


def _effect(view: View, row: Row) -> Node:
    """Return the effect and what it says of the programme; the badge without an effect says nothing more."""
    effect = effect_cell(view, row)
    if not known(row["estimate"]):
        return [effect, None]
    return [effect, h("small", badge(row["contribution"], view.words))]


VALUE = ColumnSpec("value", "finding.value", _value, numeric=True, meaning="meaning.value")
EFFECT = ColumnSpec("estimate", "finding.effect", _effect, numeric=True, meaning="meaning.estimate")
LEVEL = ColumnSpec("place_level", "territory.level")


# ---- the map ---------------------------------------------------------------------------------------------------------


def _area_value(view: View, area: Row) -> str:
    return view.words.number(area["value"], area["unit"])


def _area_state(view: View, area: Row) -> Node:
    return badge(area["state"], view.words) if area["state"] else "–"


AREAS = (
    ColumnSpec("name", "territory.area"),
    ColumnSpec("of", "territory.of"),
    ColumnSpec("value", "finding.value", _area_value, numeric=True),
    ColumnSpec("state", "territory.state", _area_state),
)


def map_block(view: View, rows: Sequence[Row], territories: Territories) -> Block | None:
    """Return the map of the same values, or None where the territories have no boundaries.

    A territory above the areas, such as a quadrant, gives all of them its value.
    """
    drawn = territories.mapped(str(row["code"]) for row in rows)
    if not drawn:
        return None
    by_code = {str(row["code"]): row for row in rows}
    areas = [_area(view, area, by_code, territories) | {"unit": str(rows[0]["unit"])} for area in drawn]
    outlines = territories.outlines(drawn)
    several = outlines if len(outlines) > 1 else None
    drawing = map_drawing(pd.DataFrame(areas), view.words, unit=drawn_unit(view.words, rows[0]), outlines=several)
    lead = " ".join(_map_lead(view, drawn, by_code, territories)) or None
    title, table = view.words("territory.map"), _area_table(view, areas)
    return Block("map", title, table, lead=lead, drawing=drawing, folded=True, half=True)


def _area_table(view: View, areas: Sequence[Record]) -> Table:
    """Return the areas as rows; the metadata say the unit of their values."""
    unit = areas[0]["unit"]
    columns = columns_of(view, AREAS)
    with_unit = [replace(column, unit=unit) if column.key == "value" else column for column in columns]
    extra = file_columns(["code", "suppressed"])
    return Table(with_unit, areas, extra)


def _map_lead(view: View, drawn: Sequence[str], by_code: Mapping[str, Row], territories: Territories) -> Iterator[str]:
    """Yield that areas share a value, and what the thick borders are of."""
    if set(by_code) - set(drawn):
        yield view.words("territory.map_shared")
    if len(territories.outlines(drawn)) > 1:
        parents = filter(None, map(territories.parents.get, drawn))
        levels = dict.fromkeys(level_title(view, territories.levels[parent]) for parent in parents)
        yield view.words("territory.map_lead", level=", ".join(levels))


def _area(view: View, area: str, by_code: Mapping[str, Row], territories: Territories) -> Record:
    """Return an area with the value of its territory, or of the nearest above it that has one."""
    row = next((by_code[code] for code in territories.ancestry(area) if code in by_code), None)
    title = {"code": area, "name": territories.titles[area]}
    if row is None:
        return title | {"value": None, "state": "no_data", "href": None, "of": None, "suppressed": ""}
    value = {"value": row["value"], "state": _value_state(row), "suppressed": row["suppressed"]}
    return title | value | {"href": link_of(view, row), "of": part_of(view, row)}


def _value_state(row: Row) -> str:
    if row["attainment"] == "suppressed":
        return "suppressed"
    return "" if known(row["value"]) else "no_data"
