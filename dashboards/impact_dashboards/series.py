"""Series of the territory over the waves, with breaks and sources, and what the programme contributed to them."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
from dash import dcc, html

from impact.figures import series_figure
from impact.publish import (
    definition_contracts,
    findings_table,
    indicator_sources,
    measure_table,
    terms_table,
    wave_days,
)
from impact.render import bounds, gain, interval, number
from impact.store import Warehouse
from impact.words import words_in
from impact_dashboards.parts import flag_words, link, mark, nothing, part_name, records, source_list, table

CONTRACT = "context_series"
FAMILY = "territory"
HOW = "docs/how-to/add_context_series.md"


def series_findings(warehouse: Warehouse, programme: str) -> pd.DataFrame:
    """Return the findings on official series, and on what an effect on persons was carried to."""
    findings = findings_table(warehouse, programme)
    terms = terms_table(warehouse, programme)
    contributed = set(terms[terms["family"] == FAMILY]["indicator"])
    contracts = findings["indicator"].map(definition_contracts(warehouse, programme))
    return findings[(contracts == CONTRACT) | findings["indicator"].isin(contributed)]


def series_section(warehouse: Warehouse, programme: str) -> list[Any]:
    """Return a drawing for each series of the territory, with its source."""
    findings = series_findings(warehouse, programme)
    if findings.empty:
        return [nothing("This programme declares no series of its territory.", HOW)]
    days, terms = wave_days(warehouse, programme), terms_table(warehouse, programme)
    measures = measure_table(warehouse, programme)
    parts = []
    for indicator, own in findings.groupby("indicator", sort=False):
        values = measures[(measures["indicator"] == indicator) & (measures["arm"] == "") & (measures["wave"] != "")]
        sources = indicator_sources(warehouse, programme, str(indicator))
        here = terms[(terms["indicator"] == indicator) & (terms["family"] == FAMILY)]
        parts.append(_series(own, _points(values, own, days), sources, here))
    return parts


def _series(own: pd.DataFrame, points: pd.DataFrame, sources: pd.DataFrame, terms: pd.DataFrame) -> html.Section:
    whole = records(own)[0]
    title = html.H3(
        [link(whole["title_en"] + mark(whole["data_kind"]), f"/{whole['finding']}"), html.Small(whole["unit"])]
    )
    body: list[Any] = [html.P("No wave of it has a value.", className="nothing")]
    if len(points):
        figure = series_figure(points, whole["unit"], words_in("en"))
        graph = dcc.Graph(figure=figure, config={"displaylogo": False})
        body = [html.Figure([graph, html.Figcaption(_flagged(points))]), _values(points, whole["unit"])]
    return html.Section([title, *body, source_list(sources), *_contribution(terms, whole["unit"])])


def _points(values: pd.DataFrame, own: pd.DataFrame, days: dict[str, str]) -> pd.DataFrame:
    """Place the values in time, in days where every wave is dated, else in steps."""
    keys = ["scope", "scope_value", "group", "group_value"]
    names = {tuple(row[key] for key in keys): part_name(row) for row in records(own)}
    order = {wave: place for place, wave in enumerate([*days, *sorted(set(values["wave"]) - set(days))])}
    dated = values["wave"].isin(list(days)).all()
    places = [pd.Timestamp(days[wave]).toordinal() if dated else order[wave] for wave in values["wave"]]
    lines = [
        names.get(tuple(row[key] for key in keys), " ".join(filter(None, (row["scope_value"], row["group_value"]))))
        for row in records(values)
    ]
    known = values.assign(place=places, line=lines, whole=(values["scope"] == "programme") & (values["group"] == "all"))
    return known.sort_values(["whole", "line", "place"], ascending=[False, True, True]).dropna(subset="value")


def _flagged(points: pd.DataFrame) -> str:
    """Say in words at which waves values are flagged, and what a break means."""
    flags = points[["wave", "flags"]].explode("flags").dropna().drop_duplicates()
    words = [
        f"{flag_words([str(flag)])}: {', '.join(group['wave'])}" for flag, group in flags.groupby("flags", sort=True)
    ]
    if (flags["flags"] == "break").any():
        words.append("the line is interrupted at a break, because values on its two sides do not compare")
    return ". ".join(text[0].upper() + text[1:] for text in words) + ("." if words else "")


def _values(points: pd.DataFrame, unit: str) -> html.Details:
    rows = [
        html.Tr(
            [
                html.Th(row["wave"].replace("_", " "), scope="row"),
                html.Td(row["line"]),
                html.Td([number(row["value"], unit), html.Small(interval(row["conf_low"], row["conf_high"], unit))]),
                html.Td(flag_words(row["flags"])),
            ]
        )
        for row in records(points)
    ]
    return html.Details([html.Summary("Values as a table"), table(("Wave", "Of", "Value", "Flags"), rows)])


def _contribution(terms: pd.DataFrame, unit: str) -> list[Any]:
    """Return what the programme contributed: the territory's own change, the contribution, its share, the sentence."""
    said, rows = [], []
    for term in records(terms):
        share = term["term"] == "share of the change"
        note = term["detail"]
        if note.startswith("en: "):
            said, note = [html.P(_sentence(note), className="headline")], ""
        cells = [_amount(term["estimate"], unit, share=share), _ends(term, unit, share=share), note]
        rows.append(html.Tr([html.Th(term["term"].capitalize(), scope="row"), *map(html.Td, cells)]))
    if not rows:
        return []
    heads = ("What moved the territory", "Estimate", "Interval", "How")
    return [html.H4("What the programme contributed"), *said, table(heads, rows)]


def _sentence(detail: str) -> str:
    words = detail.removeprefix("en: ").partition("; it: ")[0]
    return words[0].upper() + words[1:] + "."


def _amount(value: float, unit: str, *, share: bool) -> str:
    return number(value, "share") if share else gain(value, unit)


def _ends(term: dict[str, Any], unit: str, *, share: bool) -> str:
    low, high = term["conf_low"], term["conf_high"]
    if low is None or high is None or not (math.isfinite(low) and math.isfinite(high)) or low == high:
        return "–"
    return interval(low, high, "share") if share else bounds(low, high, unit)
