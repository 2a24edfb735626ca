"""Portfolio: what was promised and what happened, a row per finding, for those who read across programmes."""

from __future__ import annotations

import functools
from collections import Counter
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
    asked_filters,
    filter_choices,
    filtered,
    memberships,
)
from impact_dashboards.pages.portfolio.order import folded, kind_position, sort_key
from impact_dashboards.pages.portfolio.summary import headline, tiles
from impact_dashboards.parts.findings import all_rows, finding_table, title_of, widest_cut
from impact_dashboards.parts.panels import axis_of, with_panels
from impact_dashboards.parts.promises import Rows
from impact_dashboards.parts.state_marks import badge, evidence
from impact_dashboards.parts.verdicts import decided

Key = Callable[[Row], Any]
LEGEND = (
    *("reached", "uncertain", "incomplete", "short", "wrong_way", "contradictory", "out_of_range", "not_due"),
    *("no_target", "no_data", "suppressed"),
)

EVIDENCE = {
    "evidence.0": None,
    "evidence.1": 1,
    "evidence.2": 2,
    "evidence.3": 3,
    "evidence.4": 4,
    "evidence.5": 5,
}
"""What the dots of evidence mean, from none to five."""


def page(view: View) -> PageContent:
    """Return the page: a sentence, tiles, and every finding that the filters leave."""
    asked = asked_filters(view)
    reach = [row for row in all_rows(view) if asked["programme"] in ("", row["programme"])]
    cut = asked["cut"] or widest_cut(reach)
    of_cut = [row for row in reach if row["cut"] == cut]
    rows = filtered(asked, of_cut)
    counted = filtered(asked | {"status": "", "stage": ""}, of_cut)
    empty = None if rows else nothing(view.words, "portfolio.none")
    return PageContent(
        view.words("portfolio.title"),
        [_findings(view, rows, cut, asked["sort"]), *_verdicts(view, asked["programme"])],
        lead=headline(view, counted),
        choices=filter_choices(view, asked | {"cut": cut}, reach, of_cut),
        synthetic=any(row["data_kind"] == "synthetic" for row in rows),
        head=[tiles(view, counted), empty],
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


def _findings(view: View, rows: Rows, cut: str, sort: str) -> Block:
    group, position = _grouping(view, rows, cut)
    ordered = _ordered(rows, position, sort)
    shown: Rows = with_panels(ordered) if cut else _with_parts(view, ordered)
    above = functools.partial(axis_of, view) if cut else None
    table = finding_table(view, shown, by_part=bool(cut), group=group, fold=folded(view), above=above)
    title = view.words("portfolio.table", count=len(rows))
    lead = view.words("portfolio.read_parts" if cut else "portfolio.read")
    return Block("findings", title, table, lead=lead, after=_legend(view))


def _ordered(rows: Rows, position: Key, sort: str) -> list[Row]:
    """Return rows by kind, by group, and as asked; in an order asked for, the group that holds the first is first."""
    key = sort_key(rows, sort)
    places = {id(row): (kind_position(row), position(row)) for row in rows}
    first = {place: min(map(key, of_place)) for place, of_place in _by_place(rows, places).items()}

    def order(row: Row) -> tuple[Any, ...]:
        place = places[id(row)]
        kind, group = place
        return (kind, first[place], group, key(row)) if sort else (kind, group, key(row))

    return sorted(rows, key=order)


def _with_parts(view: View, rows: Rows) -> list[Row]:
    """Return findings of wholes with what leads to their parts, where there are several to compare."""
    counts: dict[tuple[str, str], Counter[str]] = {}
    for row in all_rows(view):
        counts.setdefault((row["programme"], row["indicator"]), Counter())[row["cut"]] += 1
    titles = view.published.cut_titles(view.words.declared)

    def links(row: Row) -> list[Element]:
        of_row = counts[row["programme"], row["indicator"]]
        asked = {"programme": row["programme"], "indicator": row["indicator"], "status": "", "group": ""}
        return [
            h("a", f"{titles.get(cut, cut)} {count}", href=view.address.with_(**asked, cut=cut))
            for cut, count in of_row.items()
            if cut and count > 1
        ]

    return [{**row, "parts": links(row)} for row in rows]


def _by_place(rows: Rows, places: Mapping[int, tuple[int, Any]]) -> dict[tuple[int, Any], list[Row]]:
    found: dict[tuple[int, Any], list[Row]] = {}
    for row in rows:
        found.setdefault(places[id(row)], []).append(row)
    return found


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
    titles = view.published.label_titles(view.words.declared)
    members = [member for member in memberships(view, rows, cut) if member.by == by]
    return {
        (member.programme, member.code): titles.get((member.programme, by, member.group), member.group)
        for member in members
    }


def _legend(view: View) -> Element:
    """Return what the shapes mean, and the dots of evidence."""
    states = h("p", [badge(state, view.words) for state in LEGEND], class_="legend")
    levels = [h("li", evidence(level, view.words), view.words(key)) for key, level in EVIDENCE.items()]
    return h("div", states, h("p", view.words("evidence.legend"), class_="note"), h("ul", levels, class_="levels"))


PAGE = Page(
    name="portfolio",
    title="menu.portfolio",
    build=page,
    roles=EVERY_ROLE,
    chapter=Chapter(block=without("verdicts"), body=("findings",)),
    has_content=None,
    examples=(
        "portfolio?programme=wecare&status=promised",
        "portfolio?programme=wecare&cut=project_id&group=quadrant&indicator=participants_who5",
    ),
)
