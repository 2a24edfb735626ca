"""Indicator: one number from promise to effect, with everything it rests on. The page of evaluators."""

from __future__ import annotations

import datetime
from dataclasses import replace
from typing import Any

import pandas as pd

from impact.declare import last_day
from impact.drawing.markup import Element, Node, h
from impact.errors import UsageError
from impact.figures import Point, waves_figure
from impact.publish.rows import rows_of
from impact.publish.scope import EVERY_ROLE
from impact_dashboards.page.choose import choose
from impact_dashboards.page.descriptor import Chapter, Page, any_programme
from impact_dashboards.page.view import Block, Choice, Column, PageContent, Row, Table, View
from impact_dashboards.pages.indicator.effect import effect_blocks
from impact_dashboards.pages.indicator.lineage import definition_block, plan_block, rows_block
from impact_dashboards.parts.findings import (
    NO_PATH,
    cut_columns,
    drawn_unit,
    effect_cell,
    finding_rows,
    finding_table,
    link_of,
    part_of,
    remarks,
    state_badge,
    title_of,
    unit_of,
    unit_words,
    value_cell,
    whole,
)
from impact_dashboards.parts.marks import known
from impact_dashboards.parts.order import order_words, ranked
from impact_dashboards.parts.state_marks import badge, evidence
from impact_dashboards.parts.values import placed, value_columns

LEVELS = ("micro", "meso", "macro")
REPORTED = ("waves", "effect", "terms", "definition", "plan")
"""Blocks that stand in the report."""


def page(view: View) -> PageContent:
    """Return the page of one indicator, or of the first of a programme where none is named."""
    findings = view.findings
    if findings.empty:
        return choose(view, "menu.indicator", any_programme)
    name, part = view.at(1) or _first(whole(findings)), view.given("part")
    own = findings[findings["indicator"] == name]
    finding = "/".join(filter(None, (view.programme, name, part)))
    if not part:
        finding = next(iter(whole(own)["finding"]), finding)
    if finding not in set(own["finding"]):
        raise UsageError(view.words("indicator.missing", finding=finding))
    row = next(row for row in finding_rows(view, own) if row["finding"] == finding)
    trace = view.published.trace(finding)
    blocks = [
        _waves(view, row),
        *effect_blocks(view, row, trace),
        *_parts(view, own),
        definition_block(view, row, trace),
    ]
    blocks += [rows_block(view, row, trace), plan_block(view, row, trace)]
    of_part = "" if finding.count("/") == 1 else f" · {part_of(view, row)}"
    return PageContent(
        title_of(view, row) + of_part,
        [block for block in blocks if block is not None],
        lead=_lead(view, row),
        over=f"{view.words('level.' + row['level'])} · {view.words('stage.' + row['stage'])}",
        choices=_choices(view, own, row),
        aside=_aside(view, whole(findings), name),
        synthetic=row["data_kind"] == "synthetic",
    )


def _first(findings: pd.DataFrame) -> str:
    """Return the indicator that says most: one with an effect, else with a target, else any."""
    for said in ("estimate", "target", "value"):
        some = findings[findings[said].notna()]
        if len(some):
            return str(some["indicator"].iloc[0])
    return str(findings["indicator"].iloc[0])


def _lead(view: View, row: Row) -> Node:
    """Return the finding as a sentence; a change is a change, an effect has a design."""
    words, unit = view.words, row["unit"]
    if row["attainment"] == "suppressed":
        return words(f"disclosure.{row['suppressed']}")
    if not known(row["value"]):
        return words("indicator.no_value")
    value = h("strong", words.number(row["value"], unit))
    start = [words("indicator.from", value=words.number(row["baseline"], unit)), " "] if known(row["baseline"]) else []
    ends = words.interval(row["conf_low"], row["conf_high"], unit)
    promised = (
        words("indicator.target", value=words.number(row["target"], unit), due=words.date(row["due"]))
        if known(row["target"])
        else words("indicator.no_target")
    )
    counts = unit_words(view, row)
    return [
        *start,
        words("indicator.to") if start else words("indicator.is"),
        " ",
        value,
        f" {ends}; " if ends else "; ",
        promised,
        f" {words('indicator.incomplete', units=counts)}" if counts else None,
    ]


def _aside(view: View, findings: pd.DataFrame, current: str) -> Element:
    """Return the list of the programme's indicators, level by level."""
    parts = []
    for level in LEVELS:
        rows = rows_of(findings[findings["level"] == level])
        links = [
            h(
                "li",
                h(
                    "a",
                    h("span", view.words.pick(row, "title")),
                    badge(row["attainment"], view.words),
                    href=link_of(view, row),
                    aria_current="page" if row["indicator"] == current else None,
                ),
            )
            for row in rows
        ]
        parts += [h("h2", view.words(f"level.{level}")), h("ul", links)] if rows else []
    body = h("details", h("summary", view.words("indicator.list", count=len(findings))), parts, open=True)
    return h("nav", body, class_="card aside", aria_label=view.words("menu.indicator"))


def _choices(view: View, own: pd.DataFrame, row: Row) -> list[Choice]:
    parts = finding_rows(view, own)
    if len(parts) < 2:
        return []
    options = {
        "" if "/" not in part["finding"].partition("/")[2] else part["finding"].split("/", 2)[2]: part_of(view, part)
        for part in parts
    }
    return [Choice("part", view.words("filter.part"), options, view.given("part"))]


def _waves(view: View, row: Row) -> Block:
    """Return baseline, target, forecast and estimates over the waves, and the value beside them."""
    words, unit = view.words, row["unit"]
    measures = view.published.measures(view.programme)
    keys = ["indicator", "scope", "scope_value", "group", "group_value"]
    own = measures[(measures[keys] == [row[key] or "" for key in keys]).all(axis=1) & (measures["wave"] != "")]
    points = placed(view, own.assign(line=own["arm"])).sort_values(["line", "place"])
    figure = _figure(view, row, points) if points["value"].notna().any() or known(row["value"]) else None
    table = Table(
        [
            Column("wave_title", words("indicator.wave")),
            Column("line", words("indicator.arm"), lambda point: words(f"arm.{point['line'] or 'all'}")),
            *value_columns(view, unit),
        ],
        rows_of(points),
        [Column(key, key) for key in ("wave", "conf_low", "conf_high", "std_error", "method")],
    )
    return Block(
        "waves", words("indicator.waves"), table, figure=figure, body=_facts(view, row), folded=figure is not None
    )


def _figure(view: View, row: Row, points: pd.DataFrame) -> Any:
    drawn = points[points["value"].notna()]
    after = drawn["place"].max() if len(drawn) else 0
    start = drawn["place"].min() if len(drawn) else 0
    dated = len(drawn) and after > 10_000
    end = datetime.date.fromisoformat(last_day(row["due"])).toordinal() if row["due"] and dated else after

    def value(name: str, place: float) -> Point | None:
        return Point(float(place), float(row[name])) if known(row[name]) else None

    forecast = None
    if known(row["forecast"]) and row["forecast_of"] == "value":
        ends = [float(row[name]) if known(row[name]) else float("nan") for name in ("forecast_low", "forecast_high")]
        forecast = Point(float(end), float(row["forecast"]), *ends)
    target = value("target", end)
    if target is None and len(drawn) < 2:
        return None
    return waves_figure(
        points.assign(wave=points["date"]),
        drawn_unit(view.words, row),
        view.words,
        baseline=value("baseline", start) if target else None,
        target=target,
        due=row["due"] or "",
        forecast=forecast,
    )


def _facts(view: View, row: Row) -> Element:
    words, unit = view.words, row["unit"]
    both = known(row["value"]) and known(row["target"]) and row["attainment"] not in NO_PATH
    gap = row["value"] - row["target"] if both else None
    facts: list[tuple[str, Node]] = [
        (words("finding.value"), [value_cell(view, row), state_badge(view, row)]),
        (words("finding.baseline").capitalize(), words.number(row["baseline"], unit)),
        (words("finding.target").capitalize(), words.number(row["target"], unit)),
        (words("indicator.gap"), words.gain(gap, unit)),
        (
            words("indicator.progress"),
            words.number(row["progress"], "share")
            if known(row["progress"])
            else words(f"progress.{row['progress_state']}"),
        ),
        (words("indicator.comparison"), words.number(row["comparison"], unit)),
        (words("finding.effect"), [effect_cell(view, row), badge(row["contribution"], words)]),
        (words("finding.evidence"), evidence(row["evidence_level"], words)),
        ("n", words.number(row["n"])),
        (words("indicator.unit"), unit_of(words, row)),
        *_forecast(view, row),
    ]
    notes = remarks(view, row)
    listed = [h("div", h("dt", name), h("dd", value)) for name, value in facts]
    return h(
        "div",
        h("dl", listed, class_="facts"),
        h("p", "; ".join(notes), class_="note") if notes else None,
    )


def _forecast(view: View, row: Row) -> list[tuple[str, Node]]:
    """Return what was forecast, of the value or of the effect, and whether it held."""
    words, unit, effect = view.words, row["unit"], row["forecast_of"] == "effect"
    if not known(row["forecast"]):
        return []
    said = words.gain(row["forecast"], unit) if effect else words.number(row["forecast"], unit)
    ends = words.interval(row["forecast_low"], row["forecast_high"], unit, gain=effect)
    hit = {True: "held", False: "missed", None: "open"}[row["forecast_hit"]]
    title = words(f"indicator.forecast_{row['forecast_of']}")
    return [(title, [said, h("small", ends), h("small", words(f"forecast.{hit}"))])]


def _parts(view: View, own: pd.DataFrame) -> list[Block]:
    """Return a block for each column that the indicator is cut by."""
    cuts = cut_columns(own)
    titles = view.published.cut_titles(view.words.language)
    blocks = []
    for cut in dict.fromkeys(cuts):
        if cut:
            rows = finding_rows(view, own[cuts == cut])
            title = view.words("indicator.by", what=titles.get(cut, cut.replace("_", " ")))
            blocks.append(
                Block(
                    f"by-{cut}",
                    title,
                    finding_table(view, rows, parts=True),
                    lead=order_words(view.words, ranked(rows)),
                )
            )
    return blocks


def _reported(block: Block) -> Block | None:
    """Return a block as it stands in the report: there a drawing that writes its values itself has no table."""
    if block.id not in REPORTED:
        return None
    return replace(block, table=None) if block.id == "terms" and block.figure is not None else block


def _with_promise_or_effect(view: View, programme: str) -> list[str]:
    """Return the indicators of the whole that have a chapter each in the report."""
    findings = whole(view.published.findings(programme))
    chosen = findings[findings["target"].notna() | findings["estimate"].notna()]
    return list(map(str, chosen["indicator"]))


PAGE = Page(
    name="indicator",
    title="menu.indicator",
    build=page,
    roles=EVERY_ROLE,
    chapter=Chapter(_reported, _with_promise_or_effect),
    has_content=any_programme,
    examples=(
        "indicator/wecare/loneliness",
        "indicator/nsw/earnings",
        "indicator/milano_sei_laltro/cross_sector_ties",
    ),
)
