"""Portfolio: what was promised and what happened, a row per finding, for those who read across programmes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from impact.drawing.markup import Element, h
from impact.publish.rows import Record
from impact.publish.scope import EVERY_ROLE
from impact_dashboards.page.descriptor import Chapter, Page, without
from impact_dashboards.page.view import Block, ColumnSpec, PageContent, Row, Table, View, columns_of, nothing
from impact_dashboards.pages.portfolio.filters import (
    GROUPS,
    LEVELS,
    Rows,
    asked_filters,
    filter_choices,
    filtered,
    memberships,
)
from impact_dashboards.pages.portfolio.summary import headline, tiles
from impact_dashboards.parts.findings import all_rows, finding_table, title_of, widest_cut
from impact_dashboards.parts.marks import known
from impact_dashboards.parts.state_marks import badge
from impact_dashboards.parts.verdicts import decided

Key = Callable[[Row], Any]
LEGEND = (
    *("reached", "uncertain", "incomplete", "short", "wrong_way", "contradictory", "out_of_range", "not_due"),
    *("no_target", "no_data", "suppressed"),
)


def page(view: View) -> PageContent:
    """Return the page: a sentence, tiles, and every finding that the filters leave."""
    asked = asked_filters(view)
    reach = [row for row in all_rows(view) if asked["programme"] in ("", row["programme"])]
    widest = widest_cut(reach)
    cut = asked["cut"] or widest
    of_cut, of_whole = ([row for row in reach if row["cut"] == column] for column in (cut, widest))
    rows = filtered(asked, of_cut)
    empty = None if rows else nothing(view.words, "portfolio.none")
    return PageContent(
        view.words("portfolio.title"),
        [*_verdicts(view, asked["programme"]), _findings(view, rows, cut)],
        lead=headline(view, of_whole),
        choices=filter_choices(view, asked | {"cut": cut}, reach, of_cut),
        synthetic=any(row["data_kind"] == "synthetic" for row in rows),
        head=[tiles(view, of_whole), empty],
    )


def _verdicts(view: View, programme: str) -> Iterator[Block]:
    """Yield the verdicts on the programmes in reach, or on the one that is asked for, where there are any."""
    names = [name for name in view.published.programmes if programme in ("", name)]
    read = {name: decided(view, name) for name in names}
    rows = [
        {"programme": name, "verdict": view.words.said(found.verdict.said)}
        for name, found in read.items()
        if found.findings
    ]
    if rows:
        lead = view.words("portfolio.verdicts_lead")
        yield Block("verdicts", view.words("portfolio.verdicts"), Table(columns_of(view, VERDICTS), rows), lead=lead)


def _verdict_link(view: View, row: Row) -> Element:
    title = view.words.pick(view.published.titles[row["programme"]], "title")
    return h("a", title, href=view.address.to("verdict", row["programme"]))


VERDICTS = (
    ColumnSpec("programme", "filter.programme", _verdict_link),
    ColumnSpec("verdict", "verdict.title"),
)


def _findings(view: View, rows: Rows, cut: str) -> Block:
    group, order = _grouping(view, rows, cut)
    ordered = sorted(rows, key=lambda row: (order(row), *_last(row)))
    table = finding_table(view, ordered, by_part=bool(cut), group=group)
    title = view.words("portfolio.table", count=len(rows))
    return Block("findings", title, table, lead=view.words("portfolio.read"), after=_legend(view))


def _last(row: Row) -> tuple[bool, bool, bool]:
    """Order within a group: what was promised first, what is suppressed last."""
    return row["attainment"] == "suppressed", not known(row["target"]), not known(row["estimate"])


def _grouping(view: View, rows: Rows, cut: str) -> tuple[Key, Key]:
    """Return how rows are grouped, and how the groups are ordered."""
    by = view.address.get("group") or GROUPS[0]
    if by == "level":
        return _by_level(view)
    if by == "indicator" or (by == "programme" and cut):
        return _by_indicator(view)
    groups = _groups_of_parts(view, rows, cut, by)
    return _by_part(view, groups) if groups else _by_programme(view)


def _by_level(view: View) -> tuple[Key, Key]:
    return (lambda row: view.words(f"level.{row['level']}")), (lambda row: LEVELS.index(row["level"]))


def _by_indicator(view: View) -> tuple[Key, Key]:
    """Group findings by indicator, programme by programme."""
    titles, order = _programme_titles(view), _programme_order(view)

    def title(row: Row) -> str:
        programme = titles[row["programme"]]
        return f"{programme} · {title_of(view, row)}"

    def position(row: Row) -> tuple[int, str]:
        return order[row["programme"]], row["indicator"]

    return title, position


def _by_programme(view: View) -> tuple[Key, Key]:
    titles, order = _programme_titles(view), _programme_order(view)
    return (lambda row: titles[row["programme"]]), (lambda row: order[row["programme"]])


def _by_part(view: View, groups: Mapping[tuple[str, str], str]) -> tuple[Key, Key]:
    """Group parts by what they belong to, those of nothing under one heading."""
    no_group = view.words("group.none")

    def group(row: Row) -> str:
        cell = row["programme"], row["code"]
        return groups.get(cell, no_group)

    return group, group


def _programme_titles(view: View) -> dict[str, str]:
    return {name: view.words.pick(row, "title") for name, row in view.published.titles.items()}


def _programme_order(view: View) -> dict[str, int]:
    return {name: position for position, name in enumerate(view.published.titles)}


def _groups_of_parts(view: View, rows: list[Record] | Rows, cut: str, by: str) -> dict[tuple[str, str], str]:
    """Return the title of the group that each part belongs to, such as the quadrant of a project."""
    titles = view.published.label_titles(view.words.language)
    members = [member for member in memberships(view, rows, cut) if member.by == by]
    return {
        (member.programme, member.code): titles.get((member.programme, by, member.group), member.group)
        for member in members
    }


def _legend(view: View) -> Element:
    """Return what the shapes mean."""
    return h("p", [badge(state, view.words) for state in LEGEND], class_="legend")


PAGE = Page(
    name="portfolio",
    title="menu.portfolio",
    build=page,
    roles=EVERY_ROLE,
    chapter=Chapter(without("verdicts")),
    has_content=None,
    examples=(
        "portfolio?programme=wecare&status=promised",
        "portfolio?programme=wecare&cut=project_id&group=quadrant&indicator=participants_who5",
    ),
)
