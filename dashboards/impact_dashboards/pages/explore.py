"""Explore: free choice of level, indicator, parts and wave, drawn by Plotly."""

from __future__ import annotations

import pandas as pd

from impact.figures import parts_figure, series_figure
from impact_dashboards.findings import cut_columns, drawn_unit, part_codes, unit_of, whole
from impact_dashboards.pages.choose import choose
from impact_dashboards.values import CELL, placed, value_columns
from impact_dashboards.view import Block, Choice, Column, Page, Row, Table, View, nothing, records

LEVELS = ("micro", "meso", "macro")
MANY = 12
"""Lines beyond which a drawing over time says nothing; the table has them all."""


def explore(view: View) -> Page:
    """Return the page: the values of one indicator, by part and wave."""
    words = view.words
    if not view.programme:
        return choose(view, lambda name: True)
    level = view.chosen("level", LEVELS)
    findings = whole(view.findings)
    listed = findings[findings["level"] == level] if level else findings
    titles = {str(row["indicator"]): words.pick(row, "title") for row in records(listed)}
    name = view.chosen("indicator", list(titles), next(iter(titles), ""))
    if not name:
        return Page(
            words("explore.title"), head=nothing(words, "portfolio.none"), choices=_choices(view, titles, name, [], [])
        )
    measures = view.published.measures(view.programme)
    own = measures[measures["indicator"] == name].assign(cut=cut_columns, code=part_codes)
    cuts = sorted(set(own["cut"]) - {""})
    cut = view.chosen("cut", cuts, "" if "" in set(own["cut"]) else next(iter(cuts), ""))
    shown = own[own["cut"] == cut]
    waves = list(dict.fromkeys(placed(view, shown).sort_values("place")["wave"]))
    wave = view.chosen("wave", waves)
    row = records(findings[findings["indicator"] == name])[0]
    block = _block(view, row, shown[shown["wave"] == wave] if wave else shown, cut)
    return Page(
        words("explore.title"),
        [block],
        lead=words("explore.lead"),
        choices=_choices(view, titles, name, cuts, waves),
        synthetic=row["data_kind"] == "synthetic",
    )


def _choices(view: View, titles: dict[str, str], name: str, cuts: list[str], waves: list[str]) -> list[Choice]:
    words = view.words
    named = view.published.cut_titles(words.language)
    dated = view.published.waves(view.programme).set_index("wave")[f"title_{words.language}"].to_dict()
    levels = {"": words("filters.all")} | {level: words(f"level.{level}") for level in LEVELS}
    parts = {"": words("finding.whole")} | {cut: named.get(cut, cut) for cut in cuts}
    times = {"": words("explore.every_wave")} | {wave: str(dated.get(wave, wave)) for wave in waves if wave}
    return [
        Choice("level", words("filter.level"), levels, view.chosen("level", LEVELS)),
        Choice("indicator", words("filter.indicator"), titles, name),
        Choice("cut", words("filter.cut"), parts, view.chosen("cut", cuts)),
        Choice("wave", words("indicator.wave"), times, view.chosen("wave", waves)),
    ]


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
        records(points),
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
