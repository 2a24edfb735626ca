"""Series of the territory over the waves, with breaks, flags and sources; what the programme contributed to them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from impact.drawing.markup import Element, Node, h
from impact.figures import series_figure
from impact.publish.rows import rows_of
from impact_dashboards.page.view import Block, Column, Row, Table, View, nothing
from impact_dashboards.parts.findings import drawn_unit, link_of, part_of, remarks, title_of
from impact_dashboards.parts.marks import known, whisker
from impact_dashboards.parts.sentences import source_list
from impact_dashboards.parts.state_marks import badge
from impact_dashboards.parts.values import placed

CONTRACT = "context_series"
FAMILY = "territory"
SHARE = "share of the change"
HOW = "docs/how-to/add_context_series.md"
PART = ["scope", "scope_value", "group", "group_value"]


def series_findings(view: View, programme: str) -> pd.DataFrame:
    """Return the findings on official series, and on what an effect on persons was carried to."""
    findings, terms = view.published.findings(programme), view.published.terms(programme)
    contributed = set(terms[terms["family"] == FAMILY]["indicator"])
    contracts = findings["indicator"].map(view.published.contracts(programme))
    return findings[(contracts == CONTRACT) | findings["indicator"].isin(contributed)]


def series_blocks(view: View) -> list[Block]:
    """Return a drawing for each series with its source, and what the programme contributed where that was estimated."""
    findings = series_findings(view, view.programme)
    if findings.empty:
        body = nothing(view.words, "territory.no_series", HOW)
        return [Block("series", view.words("territory.series"), body=body)]
    terms = view.published.terms(view.programme)
    blocks = []
    for indicator, own in findings.groupby("indicator", sort=False):
        here = terms[(terms["indicator"] == indicator) & (terms["family"] == FAMILY)]
        blocks += [_series(view, own), *_contribution(view, rows_of(own)[0], rows_of(here))]
    return blocks


def _series(view: View, own: pd.DataFrame) -> Block:
    words, first = view.words, rows_of(own)[0]
    points = _points(view, own)
    valued = points[points["value"].notna()]
    figure = (
        series_figure(valued.assign(wave=valued["wave_title"]), drawn_unit(words, first), words)
        if len(valued)
        else None
    )
    link = h("a", words("territory.open_finding"), href=link_of(view, first))
    sources = view.published.sources(view.programme, str(first["indicator"]))
    return Block(
        f"series-{first['indicator']}",
        words("territory.around", title=title_of(view, first)),
        _values(view, rows_of(points), first["unit"]),
        lead=" ".join(_flagged(view, valued)) or None,
        figure=figure,
        body=None if figure is not None else h("p", words("territory.no_values"), class_="empty"),
        folded=figure is not None,
        after=[source_list(words, sources), h("p", link)],
    )


def _points(view: View, own: pd.DataFrame) -> pd.DataFrame:
    """Return the values over the waves with their places in time, those of the whole first."""
    measures = view.published.measures(view.programme)
    values = measures[measures["indicator"].isin(own["indicator"]) & (measures["arm"] == "") & (measures["wave"] != "")]
    names = {tuple(row[key] for key in PART): _line(view, row) for row in rows_of(own)}
    parts = list(values[PART].itertuples(index=False, name=None))
    lines = [names.get(part, " ".join(filter(None, (part[1], part[3])))) for part in parts]
    of_whole = [part == ("programme", "", "all", "") for part in parts]
    points = placed(view, values).assign(line=lines, whole=of_whole)
    return points.sort_values(["whole", "line", "place"], ascending=[False, True, True])


def _line(view: View, row: Row) -> str:
    """Return the name of a line: the part's, or the title of what is drawn."""
    of_part = "/" in str(row["finding"]).partition("/")[2]
    return part_of(view, row) if of_part else view.words.pick(row, "title")


def _flagged(view: View, points: pd.DataFrame) -> Iterator[str]:
    """Say at which waves values are flagged, and what a break means."""
    flags = points[["wave_title", "flags"]].explode("flags").dropna().drop_duplicates()
    for flag, some in flags.groupby("flags", sort=True):
        key = f"flag.{flag}"
        name = view.words(key) if view.words.has(key) else str(flag).replace("_", " ")
        yield view.words("territory.flagged", flag=name[0].upper() + name[1:], waves=", ".join(some["wave_title"]))
    if (flags["flags"] == "break").any():
        yield view.words("territory.at_break")


def _values(view: View, rows: Sequence[Row], unit: str) -> Table:
    words = view.words
    columns = [
        Column("wave_title", words("territory.wave")),
        Column("line", words("territory.line")),
        Column("value", words("territory.value"), lambda row: _value(view, row, unit), numeric=True, unit=unit),
        Column("", words("territory.interval"), lambda row: _interval(view, row, unit), numeric=True),
        Column("", words("territory.remarks"), lambda row: "; ".join(remarks(view, row)) or "–"),
    ]
    extra = ("wave", *PART, "flagged", "conf_low", "conf_high", "std_error", "n", "n_missing", "method", "suppressed")
    shown = [dict(row) | {"flagged": "; ".join(row["flags"])} for row in rows]
    return Table(columns, shown, [Column(key, key.replace("_", " ")) for key in extra])


def _interval(view: View, row: Row, unit: str) -> str:
    return view.words.interval(row["conf_low"], row["conf_high"], unit) or "–"


def _value(view: View, row: Row, unit: str) -> Node:
    return badge("suppressed", view.words) if row["suppressed"] else view.words.number(row["value"], unit)


# ---- what the programme contributed ----------------------------------------------------------------------------------


def _contribution(view: View, row: Row, terms: Sequence[Row]) -> list[Block]:
    """Return the territory's own change, the programme's contribution and its share, with the sentence on them."""
    if not terms:
        return []
    words, unit = view.words, row["unit"]
    ends = [
        term[key]
        for term in terms
        if term["term"] != SHARE
        for key in ("estimate", "conf_low", "conf_high")
        if known(term[key])
    ]
    scale = (min(0.0, *ends), max(0.0, *ends))
    columns = [
        Column("term", words("territory.moved"), lambda term: _sentence_case(words.said(term["term"]))),
        Column("", words("territory.common"), lambda term: _bar(view, term, unit, scale)),
        Column("estimate", words("territory.estimate"), lambda term: _amount(view, term, unit), numeric=True),
        Column("", words("territory.interval"), lambda term: _ends(view, term, unit), numeric=True),
        Column("detail", words("territory.how"), lambda term: "" if _is_sentence(term) else words.said(term["detail"])),
    ]
    extra = [Column(key, key.replace("_", " ")) for key in ("conf_low", "conf_high", "std_error", "p_value", "n_obs")]
    said = [_sentence_case(words.said(term["detail"])) + "." for term in terms if _is_sentence(term)]
    title = words("territory.contribution", title=title_of(view, row))
    lead = h("strong", " ".join(said)) if said else None
    return [Block(f"contribution-{row['indicator']}", title, Table(columns, terms, extra), lead=lead)]


def _is_sentence(term: Row) -> bool:
    """Tell whether the engine wrote a sentence in both languages."""
    return str(term["detail"]).startswith("en: ")


def _sentence_case(text: str) -> str:
    return text[:1].upper() + text[1:]


def _bar(view: View, term: Row, unit: str, scale: tuple[float, float]) -> Element | None:
    """Draw a term on its interval, from zero; a share has another unit and no place on this scale."""
    if term["term"] == SHARE:
        return None
    said = f"{view.words.said(term['term'])}: {_amount(view, term, unit)} {_ends(view, term, unit)}"
    drawn: dict[str, Any] = {"value": term["estimate"], "baseline": 0.0, "target": None, "attainment": "no_target"}
    return whisker(drawn | {name: term[name] for name in ("conf_low", "conf_high")}, said, scale=scale)


def _amount(view: View, term: Row, unit: str) -> str:
    words = view.words
    return words.number(term["estimate"], "share") if term["term"] == SHARE else words.gain(term["estimate"], unit)


def _ends(view: View, term: Row, unit: str) -> str:
    low, high = term["conf_low"], term["conf_high"]
    if not (known(low) and known(high)) or low == high:
        return "–"
    share = term["term"] == SHARE
    return view.words.interval(low, high, "share" if share else unit, gain=not share)
