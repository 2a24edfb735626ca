"""Explore: free choice of level, indicator, parts and wave, drawn by Plotly."""

from __future__ import annotations

import pandas as pd

from impact.figures import parts_figure, series_figure
from impact.publish.rows import rows_of
from impact.publish.scope import EVERY_ROLE
from impact_dashboards.page.descriptor import Page, any_programme
from impact_dashboards.page.view import Block, Choice, Column, PageContent, Row, Table, View, nothing
from impact_dashboards.parts.findings import cut_columns, drawn_unit, part_codes, unit_of, whole
from impact_dashboards.parts.values import CELL, placed, value_columns

LEVELS = ("micro", "meso", "macro")
MANY = 12
"""Lines beyond which a drawing over time says nothing; the table has them all."""


def page(view: View) -> PageContent:
    """Return the page: the values of one indicator, by part and wave."""
    words = view.words
    level = view.chosen("level", LEVELS)
    findings = whole(view.findings)
    every = {str(row["indicator"]): words.pick(row, "title") for row in rows_of(findings)}
    listed = list(dict.fromkeys(findings[findings["level"] == level]["indicator"])) if level else list(every)
    name = view.chosen("indicator", every, next(iter(listed), ""))
    measures = view.published.measures(view.programme).assign(cut=cut_columns, code=part_codes)
    own = measures[(measures["indicator"] == name) & measures["indicator"].isin(listed)]
    cuts = sorted(set(own["cut"]) - {""})
    cut = view.chosen("cut", set(measures["cut"]), "" if "" in set(own["cut"]) else next(iter(cuts), ""))
    shown = own[own["cut"] == cut]
    waves = list(dict.fromkeys(placed(view, shown).sort_values("place")["wave"]))
    wave = view.chosen("wave", set(measures["wave"]))
    titles = {one: every[one] for one in dict.fromkeys([*listed, *filter(None, [name])])}
    choices = [
        _level(view, level),
        Choice("indicator", words("filter.indicator"), titles, name),
        _cut(view, cuts, cut),
        _wave(view, waves, wave),
    ]
    if not name:
        return PageContent(words("explore.title"), head=nothing(words, "portfolio.none"), choices=choices)
    row = rows_of(findings[findings["indicator"] == name])[0]
    shown = shown[shown["wave"] == wave] if wave else shown
    block = _block(view, row, shown, cut)
    return PageContent(
        words("explore.title"),
        [block],
        lead=words("explore.lead" if len(shown) else "explore.nothing"),
        choices=choices,
        synthetic=row["data_kind"] == "synthetic",
    )


def _level(view: View, level: str) -> Choice:
    levels = {"": view.words("filters.all")} | {one: view.words(f"level.{one}") for one in LEVELS}
    return Choice("level", view.words("filter.level"), levels, level)


def _cut(view: View, cuts: list[str], cut: str) -> Choice:
    """Return the choice of a cut; what is chosen is among the options, though this indicator may not be cut by it."""
    named = view.published.cut_titles(view.words.language)
    parts = {"": view.words("finding.whole")} | {one: named.get(one, one) for one in [*cuts, cut] if one}
    return Choice("cut", view.words("filter.cut"), parts, cut)


def _wave(view: View, waves: list[str], wave: str) -> Choice:
    dated = view.published.waves(view.programme).set_index("wave")[f"title_{view.words.language}"].to_dict()
    times = {one: str(dated.get(one, one)) for one in [*waves, wave] if one}
    return Choice("wave", view.words("indicator.wave"), {"": view.words("explore.every_wave")} | times, wave)


def _block(view: View, row: Row, values: pd.DataFrame, cut: str) -> Block:
    words, unit = view.words, str(row["unit"])
    labels = view.published.label_titles(words.language)
    points = placed(view, values)
    parts = [str(labels.get((view.programme, cut, code), code)) or words("finding.whole") for code in points["code"]]
    arms = [words(f"arm.{arm or 'all'}") for arm in points["arm"]]
    armed = points["arm"].nunique() > 1
    lines = [f"{part} · {arm}" if armed else part for part, arm in zip(parts, arms, strict=True)]
    points = points.assign(part=lines, line=lines).sort_values(["line", "place"])
    table = Table(
        [
            Column("part", words("finding.part").capitalize()),
            Column("wave_title", words("indicator.wave")),
            *value_columns(view, unit),
        ],
        rows_of(points),
        [Column(key, key) for key in (*CELL, "conf_low", "conf_high", "method")],
    )
    known = points[points["value"].notna()]
    over_time = known["place"].nunique() > 1 and known["line"].nunique() <= MANY
    figure = None
    if over_time:
        figure = series_figure(known.assign(wave=known["date"]), drawn_unit(words, row), words)
    elif len(known):
        figure = parts_figure(known, drawn_unit(words, row), words)
    title = f"{words.pick(row, 'title')} · {unit_of(words, row)}"
    return Block("values", title, table, figure=figure, at_once=True)


PAGE = Page(
    name="explore",
    title="menu.explore",
    build=page,
    roles=EVERY_ROLE,
    chapter=None,
    has_content=any_programme,
    examples=("explore/wecare",),
)
