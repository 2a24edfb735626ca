"""The territory of a programme: its parts and levels, the series around it, and what it needs against what it has."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from dash import html

from impact.publish import definition_kinds, findings_table, map_table
from impact.render import CONTRIBUTION, interval, stated
from impact.store import Warehouse
from impact_dashboards.needs import needs_section
from impact_dashboards.parts import (
    effect_words,
    flag_words,
    link,
    mark,
    nothing,
    records,
    synthetic_banner,
    table,
)
from impact_dashboards.series import series_findings, series_section
from impact_dashboards.whisker import whisker

HEADS = ("Territory", "Value", "Dot and interval; line: the whole", "n", "Effect", "To be known")
COLUMN = "territory"
"""The column that the shared contracts call a territory."""


def has_territory(warehouse: Warehouse, programme: str) -> bool:
    """Tell whether anything is known of a programme's territory."""
    held = (_cut(findings_table(warehouse, programme)), series_findings(warehouse, programme))
    return any(len(found) for found in (*held, map_table(warehouse, programme)))


def territory_page(warehouse: Warehouse, programme: str) -> list[Any]:
    """Return the page of one programme's territory."""
    findings = findings_table(warehouse, programme)
    cut, kinds = _cut(findings), definition_kinds(warehouse, programme)
    mapped = findings[findings["indicator"].map(kinds) == "territory_map"]
    shown = pd.concat([cut, series_findings(warehouse, programme), mapped])
    return [
        html.H1(f"Territory: {programme}"),
        *synthetic_banner(shown),
        html.H2("Parts of the territory"),
        *_parts(cut),
        html.H2("Around the programme"),
        *series_section(warehouse, programme),
        html.H2("Needs against supply"),
        *needs_section(warehouse, programme),
    ]


def _cut(findings: pd.DataFrame) -> pd.DataFrame:
    """Return the findings of every indicator that is cut by territory: the whole and its territories.

    Territories are the codes of the column of that name and of scopes with parts in parts; a column that holds no other
    codes than these is a territory too, whatever it is called.
    """
    scoped = findings["scope"] != "programme"
    column = findings["scope"].where(scoped, findings["group"])
    code = findings["scope_value"].where(scoped, findings["group_value"])
    named = (column == COLUMN) | column.isin(column[scoped & (findings["part_depth"] > 0)])
    known, titled = set(code[named & findings["part_en"].notna()]), findings["part_en"].notna()
    foreign = set(column[titled & ~code.isin(known)])
    here = named | (column.isin(column[titled & code.isin(known)]) & ~column.isin(foreign))
    whole = ~scoped & (findings["group"] == "all") & findings["indicator"].isin(findings[here]["indicator"])
    return findings[here | whole]


def _parts(cut: pd.DataFrame) -> list[Any]:
    if cut.empty:
        return [nothing("No indicator of this programme is cut by territory.", "docs/how-to/declare_territories.md")]
    return [_indicator(own) for _, own in cut.groupby("indicator", sort=False)]


def _indicator(own: pd.DataFrame) -> html.Section:
    rows = records(own)
    whole = next(row for row in rows if row["scope"] == "programme" and row["group"] == "all")
    ends = own[["value", "conf_low", "conf_high"]].to_numpy(dtype=float)
    scale = None if np.isnan(ends).all() else (float(np.nanmin(ends)), float(np.nanmax(ends)))
    title = html.H3([whole["title_en"] + mark(whole["data_kind"]), html.Small(whole["unit"])])
    return html.Section([title, table(HEADS, [_row(row, whole, scale) for row in rows])])


def _row(row: dict[str, Any], whole: dict[str, Any], scale: tuple[float, float] | None) -> html.Tr:
    of_whole = row is whole
    depth = 0 if of_whole else 1 + (0 if pd.isna(row["part_depth"]) else int(row["part_depth"]))
    code = row["group_value"] if row["scope"] == "programme" else row["scope_value"]
    name = "Whole programme" if of_whole else code if pd.isna(row["part_en"]) else row["part_en"]
    drawing = whisker(whole["value"], None, row["value"], row["conf_low"], row["conf_high"], scale=scale)
    under = "" if of_whole else row["finding"].split("/", 2)[2]
    effect = html.Td(
        [effect_words(row), html.Small("" if pd.isna(row["estimate"]) else CONTRIBUTION[row["contribution"]])]
    )
    cells = [
        html.Th(
            [link(name + mark(row["data_kind"]), f"/{row['finding']}"), html.Small(under)],
            scope="row",
            style={"paddingLeft": f"{0.6 + 1.25 * depth}rem", "fontWeight": 600 if of_whole else 400},
        ),
        html.Td([stated(row) or "no data", html.Small(interval(row["conf_low"], row["conf_high"], row["unit"]))]),
        html.Td(html.Img(src=drawing, alt="") if drawing else ""),
        html.Td(f"{row['n']:,}"),
        effect,
        html.Td(flag_words(row["flags"])),
    ]
    return html.Tr(cells)
