"""Indicator: one number from promise to effect, with everything it rests on. The page of evaluators."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pandas as pd

from impact.drawing.markup import Element, Node, h
from impact.errors import UsageError
from impact.publish.rows import Record, rows_of
from impact.publish.scope import EVERY_ROLE
from impact.publish.trace import Trace
from impact.states import AttainmentState, ValueSection
from impact.tables.part import cut_columns
from impact_dashboards.page.choose import choose
from impact_dashboards.page.descriptor import Chapter, Page, any_programme
from impact_dashboards.page.view import Block, Choice, PageContent, Row, View
from impact_dashboards.pages.indicator.conclusion import conclusion_block
from impact_dashboards.pages.indicator.effect import effect_blocks, heterogeneity, terms_blocks
from impact_dashboards.pages.indicator.lineage import definition_block, plan_block, rows_block
from impact_dashboards.pages.indicator.milestones import milestone_rows, milestones_block
from impact_dashboards.pages.indicator.periods import every_choice, period_rows, periods_block
from impact_dashboards.pages.indicator.waves import waves_block
from impact_dashboards.parts.findings import (
    finding_rows,
    finding_table,
    link_of,
    part_of,
    part_path,
    title_of,
    unit_words,
    whole,
)
from impact_dashboards.parts.marks import ends_of, known
from impact_dashboards.parts.order import order_words, ranked
from impact_dashboards.parts.projects import project_link, project_of
from impact_dashboards.parts.state_marks import badge
from impact_dashboards.parts.valued import line_table
from impact_dashboards.parts.verdicts import decided

LEVELS = ("micro", "meso", "macro")
SAYS_MOST = ("estimate", "target", "value")
"""Columns of a finding: the first indicator that has one, in this order, is shown where none is named."""
REPORTED = ("conclusion", "waves", "milestones", "periods", "effect", "terms", "definition", "plan")
"""Blocks that stand in the report."""


def page(view: View) -> PageContent:
    """Return the page of one indicator, or of the first of a programme where none is named."""
    if view.findings.empty:
        return choose(view, PAGE.title, any_programme)
    indicator = view.at(1) or _first(whole(view.findings))
    findings = view.findings[view.findings["indicator"] == indicator]
    row = _asked(view, indicator, findings)
    periods = period_rows(view, row)
    return PageContent(
        _title(view, row),
        list(_blocks(view, row, findings, periods)),
        lead=_lead(view, row),
        over=_over(view, row),
        choices=[*_choices(view, findings), *every_choice(view, periods)],
        aside=_aside(view, indicator),
        synthetic=row["data_kind"] == "synthetic",
        head=_project(view, row),
    )


def _project(view: View, row: Row) -> Element | None:
    """Return the link to the page of the project that the finding is of; None where it is of none."""
    project = project_of(view, row)
    return None if project is None else h("p", view.words("indicator.of_project"), " ", project_link(view, project))


def _first(findings: pd.DataFrame) -> str:
    """Return the indicator that says most: one with an effect, else with a target, else any."""
    for column in SAYS_MOST:
        valued = findings[findings[column].notna()]
        if len(valued):
            return str(valued["indicator"].iloc[0])
    return str(findings["indicator"].iloc[0])


def _asked(view: View, indicator: str, findings: pd.DataFrame) -> Record:
    """Return the finding that the address names: of a part, or of the whole."""
    name = _name(view, indicator, findings)
    rows = finding_rows(view, findings)
    row = next((row for row in rows if row["finding"] == name), None)
    if row is None:
        raise UsageError(view.words("indicator.missing", finding=name))
    return row


def _name(view: View, indicator: str, findings: pd.DataFrame) -> str:
    """Return the name of the finding: of the part that is chosen, else of the whole or of the first part in reach."""
    name = f"{view.programme}/{indicator}"
    path = view.given("part")
    if path:
        return f"{name}/{path}"
    names = whole(findings)["finding"]
    return next(iter(names), name)


def _blocks(view: View, row: Row, findings: pd.DataFrame, periods: pd.DataFrame) -> Iterator[Block]:
    trace = view.published.trace(row["finding"])
    yield conclusion_block(view, row, trace)
    yield waves_block(view, row)
    if milestones := milestone_rows(view, row):
        yield milestones_block(view, row, milestones)
    if len(periods):
        yield periods_block(view, row, periods)
    yield from effect_blocks(view, row, trace)
    yield from _parts(view, row, findings, trace)
    yield from _value(view, row)
    yield from terms_blocks(view, row, trace)
    yield definition_block(view, row, trace)
    yield rows_block(view, row, trace)
    yield plan_block(view, row, trace)


def _value(view: View, row: Row) -> Iterator[Block]:
    """Yield the indicator as an outcome to decide on, where it is one and all of it is looked at."""
    valuations = view.published.valuations(view.programme)
    is_outcome = valuations["section"] == ValueSection.OUTCOMES
    lines = rows_of(valuations[is_outcome & (valuations["subject"] == row["indicator"])])
    if lines and not part_path(row):
        link = h("p", h("a", view.words("indicator.value_page"), href=view.address.to("value", view.programme)))
        title, lead = view.words("indicator.value"), view.words("value.section.outcomes")
        yield Block("value", title, line_table(view, lines), lead=lead, after=link)


# ---- above the blocks ------------------------------------------------------------------------------------------------


def _title(view: View, row: Row) -> str:
    title = title_of(view, row)
    return f"{title} · {part_of(view, row)}" if part_path(row) else title


def _over(view: View, row: Row) -> str:
    level, stage = view.words(f"level.{row['level']}"), view.words(f"stage.{row['stage']}")
    return f"{level} · {stage}"


def _lead(view: View, row: Row) -> Node:
    """Return the finding as a sentence; a change is a change, an effect has a design."""
    if row["attainment"] == AttainmentState.SUPPRESSED:
        return view.words(f"disclosure.{row['suppressed']}")
    if not known(row["value"]):
        return view.words("indicator.no_value")
    moved = _moved(view, row)
    return [*moved, _promised(view, row), _incomplete(view, row)]


def _moved(view: View, row: Row) -> Iterator[Node]:
    """Yield from where the value came, where that is known, and where it is."""
    words, unit = view.words, row["unit"]
    moved = known(row["baseline"])
    if moved:
        yield words("indicator.from", value=words.number(row["baseline"], unit))
        yield " "
    interval = words.interval(row["conf_low"], row["conf_high"], unit)
    yield words("indicator.to") if moved else words("indicator.is")
    yield " "
    yield h("strong", words.number(row["value"], unit, ends_of(row)))
    yield f" {interval}; " if interval else "; "


def _promised(view: View, row: Row) -> str:
    """Say what was promised by when, or that nothing was."""
    if not known(row["target"]):
        return view.words("indicator.no_target")
    target = view.words.number(row["target"], row["unit"])
    due = view.words.date(row["due"])
    return view.words("indicator.target", value=target, due=due)


def _incomplete(view: View, row: Row) -> str | None:
    units = unit_words(view, row)
    return f" {view.words('indicator.incomplete', units=units)}" if units else None


def _choices(view: View, findings: pd.DataFrame) -> list[Choice]:
    """Return the choice of a part, where the indicator is cut."""
    rows = finding_rows(view, findings)
    if len(rows) < 2:
        return []
    options = {part_path(row): part_of(view, row) for row in rows}
    return [Choice("part", view.words("filter.part"), options, view.given("part"))]


# ---- beside the blocks -----------------------------------------------------------------------------------------------


def _aside(view: View, current: str) -> Element:
    """Return the list of the programme's indicators, level by level."""
    findings = whole(view.findings)
    levels = {level: findings[findings["level"] == level] for level in LEVELS}
    lists = [_level_list(view, level, of_level, current) for level, of_level in levels.items()]
    title = view.words("indicator.list", count=len(findings))
    folded = h("details", h("summary", title), lists, open=True)
    label = view.words(PAGE.title)
    return h("nav", folded, class_="card aside", aria_label=label)


def _level_list(view: View, level: str, findings: pd.DataFrame, current: str) -> Node:
    """Return the indicators of a level under its heading; nothing where there are none."""
    if findings.empty:
        return None
    entries = [_entry(view, row, current) for row in rows_of(findings)]
    heading = h("h2", view.words(f"level.{level}"))
    return [heading, h("ul", entries)]


def _entry(view: View, row: Row, current: str) -> Element:
    title = h("span", view.words.pick(row, "title"))
    state = badge(row["attainment"], view.words)
    here = "page" if row["indicator"] == current else None
    return h("li", h("a", title, state, href=link_of(view, row), aria_current=here))


# ---- the parts -------------------------------------------------------------------------------------------------------


def _parts(view: View, row: Row, findings: pd.DataFrame, trace: Trace) -> Iterator[Block]:
    """Yield a block for each column that the indicator is cut by, with the test of its difference."""
    cuts = cut_columns(findings)
    columns = filter(None, dict.fromkeys(cuts))
    for cut in columns:
        of_cut = findings[cuts == cut]
        rows = finding_rows(view, of_cut)
        tested = None if part_path(row) else heterogeneity(view, str(cut), rows, trace)
        yield _part_block(view, str(cut), rows, tested)


def _part_block(view: View, cut: str, rows: list[Record], tested: Node) -> Block:
    titles = view.published.cut_titles(view.words.language)
    heading = view.words("indicator.by", what=titles.get(cut, cut.replace("_", " ")))
    table = finding_table(view, rows, by_part=True)
    return Block(f"by-{cut}", heading, table, lead=order_words(view.words, ranked(rows)), body=tested)


# ---- in the report ---------------------------------------------------------------------------------------------------


def _reported(block: Block) -> Block | None:
    """Return a block as it stands in the report: there a drawing that writes its values itself has no table."""
    if block.id not in REPORTED:
        return None
    return replace(block, table=None) if block.id == "terms" and block.figure is not None else block


def _with_promise_or_effect(view: View, programme: str) -> list[str]:
    """Return the indicators of the whole that have a chapter each in the report."""
    findings = whole(view.published.findings(programme))
    is_promised = findings["target"].notna()
    has_effect = findings["estimate"].notna()
    reported = findings[is_promised | has_effect]
    return list(map(str, reported["indicator"]))


def _that_decide(view: View, programme: str) -> list[str]:
    """Return the indicators whose findings matter most, which the verdict rests on."""
    return [finding.indicator for finding in decided(view, programme).findings]


PAGE = Page(
    name="indicator",
    title="menu.indicator",
    build=page,
    roles=EVERY_ROLE,
    chapter=Chapter(
        block=_reported,
        items=_with_promise_or_effect,
        body=("conclusion", "waves", "milestones"),
        body_items=_that_decide,
    ),
    has_content=any_programme,
    examples=(
        "indicator/wecare/loneliness",
        "indicator/nsw/earnings",
        "indicator/milano_sei_laltro/cross_sector_ties",
    ),
)
