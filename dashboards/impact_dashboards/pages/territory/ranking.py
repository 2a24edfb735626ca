"""Values of places in order, on one scale, with what is known of the order; and the same values on a map."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from impact.drawing.markup import Node, h
from impact.figures.map import map_drawing
from impact.words import Words
from impact_dashboards.page.view import Block, Column, Row, Table, View
from impact_dashboards.parts.findings import (
    KEPT,
    drawn_unit,
    effect_cell,
    in_words,
    link_of,
    part_of,
    remarks,
    value_cell,
)
from impact_dashboards.parts.marks import known, whisker
from impact_dashboards.parts.order import order_words
from impact_dashboards.parts.places import Places, level_title
from impact_dashboards.parts.state_marks import badge

PROMISE = ("baseline", "target")


def ranking_block(view: View, rows: Sequence[Row], whole: Row | None, places: Places, *, half: bool) -> Block:
    """Return the ranking, below the value of the whole programme where that is known.

    Parameters
    ----------
    view
        What was asked for.
    rows
        Of places of one level, ranked.
    whole
        Of the whole programme.
    places
        For the place above each.
    half
        Whether a map stands beside it.
    """
    words = view.words
    shown = [*([whole] if whole else []), *rows]
    scale = _scale(shown)
    above = {places.parents.get(str(row["code"])) for row in rows}
    columns = [
        Column("finding", words("territory.name"), lambda row: _name(view, row, places if len(above) > 1 else None)),
        Column("", words("territory.drawing"), lambda row: _drawing(view, row, scale)),
        Column(
            "value", words("finding.value"), lambda row: _value(view, row), numeric=True, meaning=words("meaning.value")
        ),
    ]
    if any(known(row["estimate"]) for row in shown):
        columns.append(
            Column(
                "estimate",
                words("finding.effect"),
                lambda row: _effect(view, row),
                numeric=True,
                meaning=words("meaning.estimate"),
            )
        )
    extra = [Column(f"part_{words.language}", words("finding.part")), Column("place_level", words("territory.level"))]
    extra += [Column(key, key.replace("_", " ")) for key in KEPT]
    table = Table(columns, shown, extra, row_class=lambda row: "of-whole" if row is whole else "")
    said = [order_words(words, rows), words("territory.ranking_read")]
    said += [words("territory.ranking_lines")] if any(known(row[name]) for row in shown for name in PROMISE) else []
    lead = " ".join(filter(None, said))
    return Block("ranking", words("territory.ranking"), table, lead=lead, half=half)


def _scale(rows: Sequence[Row]) -> tuple[float, float]:
    """Return the ends of a scale that holds all that the rows' drawings show."""
    names = ("value", "conf_low", "conf_high", *PROMISE)
    ends = [row[name] for row in rows for name in names if known(row[name])] or [0.0]
    room = 0.03 * (max(ends) - min(ends)) or 1.0
    return min(ends) - room, max(ends) + room


def _name(view: View, row: Row, places: Places | None) -> Node:
    above = places.parents.get(str(row.get("code")), "") if places else ""
    said = [places.titles[above]] if places and above in places.titles else []
    said += remarks(view, row)
    return [h("a", part_of(view, row), href=link_of(view, row)), h("small", " · ".join(said)) if said else None]


def _drawing(view: View, row: Row, scale: tuple[float, float]) -> Node:
    if row["attainment"] == "suppressed":
        return badge("suppressed", view.words, view.words(f"disclosure.{row['suppressed']}"))
    return whisker(row, in_words(view, row), scale=scale) or badge("no_data", view.words)


def _value(view: View, row: Row) -> Node:
    n = h("small", view.words("territory.n", count=int(row["n"]))) if known(row["n"]) else None
    return [value_cell(view, row), n]


def _effect(view: View, row: Row) -> Node:
    """Return the effect and what it says of the programme; the badge without an effect says nothing more."""
    said = badge(row["contribution"], view.words) if known(row["estimate"]) else None
    return [effect_cell(view, row), h("small", said) if said else None]


# ---- the map ---------------------------------------------------------------------------------------------------------


def map_block(view: View, rows: Sequence[Row], places: Places) -> Block | None:
    """Return the map of the same values, or None where the places have no boundaries.

    A place above the areas, such as a quadrant, gives all of them its value.
    """
    words = view.words
    drawn = places.mapped(str(row["code"]) for row in rows)
    if not drawn:
        return None
    by_code = {str(row["code"]): row for row in rows}
    areas = [
        _area(view, area, next((by_code[code] for code in places.above(area) if code in by_code), None), places)
        for area in drawn
    ]
    outlines = places.outlines(drawn)
    unit = str(rows[0]["unit"])
    drawing = map_drawing(
        pd.DataFrame(areas), words, unit=drawn_unit(words, rows[0]), outlines=outlines if len(outlines) > 1 else None
    )
    columns = [
        Column("name", words("territory.area")),
        Column("of", words("territory.of")),
        Column(
            "value", words("finding.value"), lambda area: words.number(area["value"], unit), numeric=True, unit=unit
        ),
        Column("state", words("territory.state"), lambda area: _state(words, area["state"])),
    ]
    table = Table(columns, areas, [Column("code", "code"), Column("suppressed", "suppressed")])
    said = [words("territory.map_shared")] if set(by_code) - set(drawn) else []
    levels = dict.fromkeys(
        level_title(view, places.levels[above]) for area in drawn if (above := places.parents.get(area))
    )
    said += [words("territory.map_lead", level=", ".join(levels))] if len(outlines) > 1 else []
    return Block(
        "map", words("territory.map"), table, lead=" ".join(said) or None, drawing=drawing, folded=True, half=True
    )


def _area(view: View, area: str, row: Row | None, places: Places) -> dict[str, object]:
    named = {"code": area, "name": places.titles[area]}
    if row is None:
        return named | {"value": None, "state": "no_data", "href": None, "of": None, "suppressed": ""}
    state = "suppressed" if row["attainment"] == "suppressed" else "" if known(row["value"]) else "no_data"
    return named | {
        "value": row["value"],
        "state": state,
        "href": link_of(view, row),
        "of": part_of(view, row),
        "suppressed": row["suppressed"],
    }


def _state(words: Words, state: str) -> Node:
    return badge(state, words) if state else "–"
