"""Pieces that several pages share: a table of findings, a banner over synthetic data, an empty state."""

from __future__ import annotations

from typing import Any

import pandas as pd
from dash import dcc, html

from impact.render import ATTAINMENT, CONTRIBUTION, bounds, gain, interval, number, stated
from impact_dashboards.whisker import whisker

HEADS = ("Finding", "Before", "Promised", "After", "", "Promise", "Effect", "Contribution", "Evidence")


def link(text: str, address: str) -> dcc.Link:
    """Return a link within the app."""
    return dcc.Link(text, href=address)


def nothing(words: str, where: str) -> html.P:
    """Return what stands where there is nothing to show, with where to read how to change that."""
    return html.P([words, " How: ", html.Code(where), "."], className="nothing")


def synthetic_banner(findings: pd.DataFrame) -> list[Any]:
    """Return a banner where any of the findings rests on synthetic data."""
    if not (findings["data_kind"] == "synthetic").any():
        return []
    return [html.P("† marks synthetic data: a demonstration, not a result about anybody", className="synthetic")]


def finding_table(findings: pd.DataFrame) -> html.Table:
    """Return findings as a table: ex ante beside ex post, promise, effect and evidence."""
    head = html.Thead(html.Tr([html.Th(text, scope="col") for text in HEADS]))
    rows = [finding_row({str(k): v for k, v in row.items()}) for row in findings.to_dict("records")]
    return html.Table([head, html.Tbody(rows)])


def finding_row(row: dict[str, Any]) -> html.Tr:
    """Return one finding as a row."""
    unit, estimated = row["unit"], not pd.isna(row["estimate"])
    part = row["finding"].split("/", 2)[2:]
    name = (part[0] if part else row["title_en"]) + (" †" if row["data_kind"] == "synthetic" else "")
    effect = (
        f"{gain(row['estimate'], unit)} {bounds(row['effect_low'], row['effect_high'], unit)}" if estimated else "–"
    )
    evidence = "–" if pd.isna(row["evidence_level"]) else f"{int(row['evidence_level'])} of 5"
    drawing = whisker(row["baseline"], row["target"], row["value"], row["conf_low"], row["conf_high"])
    cells = [
        html.Th([link(name, f"/{row['finding']}"), html.Small(unit)], scope="row"),
        html.Td(number(row["baseline"], unit)),
        html.Td(number(row["target"], unit)),
        html.Td([stated(row), html.Small(interval(row["conf_low"], row["conf_high"], unit))]),
        html.Td(html.Img(src=drawing, alt="") if drawing else ""),
        html.Td(ATTAINMENT[row["attainment"]], className=row["attainment"]),
        html.Td([effect, html.Small(row["estimand"] if row["estimand"] in ("change", "association") else "")]),
        html.Td(CONTRIBUTION[row["contribution"]], className=row["contribution"]),
        html.Td(evidence),
    ]
    return html.Tr(cells, className="part" if part else "whole")
