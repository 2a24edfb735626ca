"""Pieces that several pages share: a table of findings, a banner over synthetic data, an empty state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import pandas as pd
from dash import dcc, html

from impact.render import ATTAINMENT, CONTRIBUTION, NOTES, QUALIFIERS, bounds, gain, interval, number, stated
from impact_dashboards.whisker import whisker

HEADS = ("Finding", "Before", "Promised", "After", "", "Promise", "Effect", "Contribution", "Evidence")


def link(text: str, address: str) -> dcc.Link:
    """Return a link within the app; any sign may stand in the address."""
    return dcc.Link(text, href=quote(address, safe="/="))


def nothing(words: str, where: str) -> html.P:
    """Return what stands where there is nothing to show, with where to read how to change that."""
    return html.P([words, " How: ", html.Code(where), "."], className="nothing")


def synthetic_banner(findings: pd.DataFrame) -> list[Any]:
    """Return a banner where any of the findings rests on synthetic data."""
    if not (findings["data_kind"] == "synthetic").any():
        return []
    return [html.P("† marks synthetic data: a demonstration, not a result about anybody", className="synthetic")]


def table(heads: Sequence[str], rows: Sequence[html.Tr], caption: str = "") -> html.Table:
    """Return a table with a head for each column and, if given, a caption."""
    head = html.Thead(html.Tr([html.Th(text, scope="col") for text in heads]))
    return html.Table([*([html.Caption(caption)] if caption else []), head, html.Tbody(list(rows))])


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a frame as dicts."""
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def finding_table(findings: pd.DataFrame) -> html.Table:
    """Return findings as a table: ex ante beside ex post, promise, effect and evidence."""
    return table(HEADS, [finding_row(row) for row in records(findings)])


def mark(kind: str) -> str:
    """Return the sign that stands behind a name that rests on synthetic data."""
    return " †" if kind == "synthetic" else ""


def part_name(row: dict[str, Any]) -> str:
    """Return the name of the part a finding is of, or the indicator's title where it is of the whole."""
    part = row["finding"].split("/", 2)[2:]
    if not part:
        return str(row["title_en"])
    titled = row.get("part_en")
    return part[0] if titled is None or pd.isna(titled) else str(titled)


def effect_words(row: dict[str, Any]) -> str:
    """Return an effect with its interval, or a dash."""
    if pd.isna(row["estimate"]):
        return "–"
    return f"{gain(row['estimate'], row['unit'])} {bounds(row['effect_low'], row['effect_high'], row['unit'])}"


def flag_words(flags: Sequence[str]) -> str:
    """Return the flags of a value in words, but for those that are part of how it was stated."""
    return "; ".join(NOTES.get(flag, flag.replace("_", " ")) for flag in flags if flag not in QUALIFIERS)


def source_list(sources: pd.DataFrame) -> html.Ul:
    """Return where rows come from: title, publisher, document, licence, day of retrieval and address."""
    return html.Ul([_source(row) for row in records(sources)], className="sources")


def _source(row: dict[str, Any]) -> html.Li:
    words = [row["title"] + mark(row["kind"]), row["publisher"], row["document"]]
    words += [f"licence: {row['licence'] or 'not stated'}"]
    words += [f"retrieved {row['retrieved']}"] if row["retrieved"] else []
    words += [f"made by {row['generator']}"] if row["generator"] else []
    web = row["url"].startswith(("https://", "http://"))
    address = html.A(row["url"], href=row["url"]) if web else row["url"]
    return html.Li(["Source: ", " · ".join(filter(None, words)), *([" · ", address] if row["url"] else [])])


def finding_row(row: dict[str, Any]) -> html.Tr:
    """Return one finding as a row."""
    unit = row["unit"]
    part = row["finding"].split("/", 2)[2:]
    name = part_name(row)
    under = unit if name in (row["title_en"], *part) else f"{unit} · {part[0]}"
    evidence = "–" if pd.isna(row["evidence_level"]) else f"{int(row['evidence_level'])} of 5"
    drawing = whisker(row["baseline"], row["target"], row["value"], row["conf_low"], row["conf_high"])
    cells = [
        html.Th([link(name + mark(row["data_kind"]), f"/{row['finding']}"), html.Small(under)], scope="row"),
        html.Td(number(row["baseline"], unit)),
        html.Td(number(row["target"], unit)),
        html.Td([stated(row), html.Small(interval(row["conf_low"], row["conf_high"], unit))]),
        html.Td(html.Img(src=drawing, alt="") if drawing else ""),
        html.Td(ATTAINMENT[row["attainment"]], className=row["attainment"]),
        html.Td(
            [effect_words(row), html.Small(row["estimand"] if row["estimand"] in ("change", "association") else "")]
        ),
        html.Td(CONTRIBUTION[row["contribution"]], className=row["contribution"]),
        html.Td(evidence),
    ]
    return html.Tr(cells, className="part" if part else "whole")
