"""Explore: free choice of level, indicator, parts and wave, drawn by Plotly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
import plotly.graph_objects as go

from impact.drawing.markup import Element, h
from impact.figures import parts_figure, series_figure
from impact.publish.rows import rows_of
from impact.publish.scope import EVERY_ROLE
from impact.tables.part import cut_columns, part_codes
from impact_dashboards.page.descriptor import Page, any_programme
from impact_dashboards.page.view import (
    Block,
    Choice,
    Column,
    ColumnSpec,
    PageContent,
    Row,
    Table,
    View,
    file_columns,
    nothing,
)
from impact_dashboards.parts.findings import drawn_unit, title_of, unit_of, whole
from impact_dashboards.parts.values import CELL, placed, value_columns

LEVELS = ("micro", "meso", "macro")
MANY = 12
"""Lines beyond which a drawing over time says nothing; the table has them all."""
WAVE = ColumnSpec("wave_title", "indicator.wave")
IN_FILE = (*CELL, "conf_low", "conf_high", "method")


@dataclass(frozen=True)
class _Chosen:
    """What the filters choose.

    Parameters
    ----------
    level, indicator, cut, wave
        Values of the filters; nothing is all, or the whole.
    titles
        The indicators that can be chosen, with their titles.
    values
        Measured values of the indicator, by whatever they are cut.
    """

    level: str
    indicator: str
    cut: str
    wave: str
    titles: Mapping[str, str]
    values: pd.DataFrame

    @property
    def cuts(self) -> list[str]:
        """Columns that the indicator is cut by."""
        return sorted(set(self.values["cut"]) - {""})

    @property
    def of_cut(self) -> pd.DataFrame:
        """The values of the parts that are chosen."""
        return self.values[self.values["cut"] == self.cut]


def page(view: View) -> PageContent:
    """Return the page: the values of one indicator, by part and wave."""
    title, findings = view.words("explore.title"), whole(view.findings)
    chosen = _chosen(view, findings)
    choices = _choices(view, chosen)
    if not chosen.indicator:
        return PageContent(title, head=nothing(view.words, "portfolio.none"), choices=choices)
    of_indicator = findings[findings["indicator"] == chosen.indicator]
    row = rows_of(of_indicator)[0]
    values = chosen.of_cut
    if chosen.wave:
        values = values[values["wave"] == chosen.wave]
    lead = view.words("explore.lead" if len(values) else "explore.nothing")
    block = _block(view, row, values, chosen.cut)
    synthetic = row["data_kind"] == "synthetic"
    return PageContent(title, [block], lead=lead, choices=choices, synthetic=synthetic)


# ---- the filters -----------------------------------------------------------------------------------------------------


def _chosen(view: View, findings: pd.DataFrame) -> _Chosen:
    """Return what the filters choose; without, the first indicator of the level, and the whole where it is measured."""
    level = view.chosen("level", LEVELS)
    titles = {str(row["indicator"]): view.words.pick(row, "title") for row in rows_of(findings)}
    of_level = findings[findings["level"] == level]["indicator"] if level else titles
    listed = list(dict.fromkeys(of_level))
    indicator = view.chosen("indicator", titles, next(iter(listed), ""))
    measures = view.published.measures(view.programme).assign(cut=cut_columns, code=part_codes)
    values = measures[(measures["indicator"] == indicator) & measures["indicator"].isin(listed)]
    offered = dict.fromkeys([*listed, *filter(None, [indicator])])
    return _Chosen(
        level,
        indicator,
        cut=view.chosen("cut", set(measures["cut"]), _first_cut(values)),
        wave=view.chosen("wave", set(measures["wave"])),
        titles={name: titles[name] for name in offered},
        values=values,
    )


def _first_cut(values: pd.DataFrame) -> str:
    """Return the whole where it is measured, else the first column that cuts."""
    return min(map(str, values["cut"]), default="")


def _choices(view: View, chosen: _Chosen) -> list[Choice]:
    indicator = Choice("indicator", view.words("filter.indicator"), chosen.titles, chosen.indicator)
    return [_level(view, chosen.level), indicator, _cut(view, chosen), _wave(view, chosen)]


def _level(view: View, level: str) -> Choice:
    options = {"": view.words("filters.all")}
    for name in LEVELS:
        options[name] = view.words(f"level.{name}")
    label = view.words("filter.level")
    return Choice("level", label, options, level)


def _cut(view: View, chosen: _Chosen) -> Choice:
    """Return the choice of a cut; what is chosen is among the options, though this indicator may not be cut by it."""
    titles = view.published.cut_titles(view.words.declared)
    options = {"": view.words("finding.whole")}
    for cut in filter(None, [*chosen.cuts, chosen.cut]):
        options[cut] = titles.get(cut, cut)
    label = view.words("filter.cut")
    return Choice("cut", label, options, chosen.cut)


def _wave(view: View, chosen: _Chosen) -> Choice:
    """Return the choice of a wave, in order of time."""
    declared = view.published.waves(view.programme)
    titles = dict(zip(declared["wave"], declared[f"title_{view.words.declared}"], strict=True))
    ordered = dict.fromkeys(placed(view, chosen.of_cut).sort_values("place")["wave"])
    options = {"": view.words("explore.every_wave")}
    for wave in filter(None, [*ordered, chosen.wave]):
        options[wave] = str(titles.get(wave, wave))
    return Choice("wave", view.words("indicator.wave"), options, chosen.wave)


# ---- the values ------------------------------------------------------------------------------------------------------


def _block(view: View, row: Row, values: pd.DataFrame, cut: str) -> Block:
    """Return the values as a drawing and a table."""
    lines = _lines(view, values, cut)
    points = placed(view, values).assign(part=lines, line=lines).sort_values(["line", "place"])
    first = Column("part", view.words("finding.part").capitalize())
    columns = [first, WAVE.column(view), *value_columns(view, str(row["unit"]))]
    table = Table(columns, rows_of(points), file_columns(IN_FILE))
    title = f"{view.words.pick(row, 'title')} · {unit_of(view.words, row)}"
    return Block("values", title, table, figure=_figure(view, row, points), after=_citation(view, row), at_once=True)


def _citation(view: View, row: Row) -> Element:
    """Return how the values that are chosen are cited, and the address under which they are had again."""
    said = view.words(
        "explore.citation",
        programme=view.words.pick(view.published.titles[view.programme], "title"),
        indicator=title_of(view, row),
        version=view.version,
        date=view.words.date(view.today),
        address=view.address.with_(),
    )
    return h("p", h("strong", view.words("export.cite")), f": {said}", class_="note citation")


def _lines(view: View, values: pd.DataFrame, cut: str) -> list[str]:
    """Return what each value is of: its part, and its arm where there are several."""
    titles = view.published.label_titles(view.words.declared)
    codes = [str(titles.get((view.programme, cut, code), code)) for code in values["code"]]
    names = [code or view.words("finding.whole") for code in codes]
    if values["arm"].nunique() <= 1:
        return names
    arms = [view.words(f"arm.{arm or 'all'}") for arm in values["arm"]]
    return [f"{name} · {arm}" for name, arm in zip(names, arms, strict=True)]


def _figure(view: View, row: Row, points: pd.DataFrame) -> go.Figure | None:
    """Return lines over time where there are some waves and few lines, else the values below one another."""
    valued, unit = points[points["value"].notna()], drawn_unit(view.words, row)
    if valued["place"].nunique() > 1 and valued["line"].nunique() <= MANY:
        return series_figure(valued.assign(wave=valued["date"]), unit, view.words)
    return parts_figure(valued, unit, view.words) if len(valued) else None


PAGE = Page(
    name="explore",
    title="menu.explore",
    build=page,
    roles=EVERY_ROLE,
    chapter=None,
    has_content=any_programme,
    examples=("explore/wecare",),
)
