"""Portfolio: what was promised and what happened, a row per finding, for those who read across programmes."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from impact.drawing.markup import Element, Node, h
from impact.publish.published import WORST_FIRST
from impact.publish.scope import EVERY_ROLE
from impact_dashboards.page.descriptor import Chapter, Page
from impact_dashboards.page.view import Block, Choice, PageContent, Row, View, nothing
from impact_dashboards.parts.findings import OLD, age, all_rows, finding_table, title_of, widest_cut
from impact_dashboards.parts.marks import known
from impact_dashboards.parts.state_marks import badge

Rows = Sequence[Row]
Group = Callable[[Row], Any]
NO_EFFECT = ("change", "association")
"""What an estimate may be without being an effect."""
LEVELS = ("micro", "meso", "macro")
PROMISED, EFFECT = "promised", "effect"
STAGES = {"results": ("outcome", "impact"), "work": ("input", "activity", "output")}
"""What changed for somebody, and what was done: a promise of the one says nothing of the other."""
DATA = ("real", "synthetic")
GROUPS = ("programme", "level", "indicator")


def _promised(row: Row) -> bool:
    return known(row["target"])


def page(view: View) -> PageContent:
    """Return the page: a sentence, tiles, and every finding that the filters leave."""
    words, asked = view.words, _asked(view)
    within = [row for row in all_rows(view) if asked["programme"] in ("", row["programme"])]
    widest = widest_cut(within)
    cut = asked["cut"] or widest
    here, wholes = ([row for row in within if row["cut"] == one] for one in (cut, widest))
    chosen = _filtered(asked, here)
    group, order = _grouping(view, chosen, cut)
    rows = sorted(chosen, key=lambda row: (order(row), *_last(row)))
    table = finding_table(view, rows, parts=bool(cut), group=group)
    title = words("portfolio.table", count=len(rows))
    return PageContent(
        words("portfolio.title"),
        [Block("findings", title, table, lead=words("portfolio.read"), after=legend(view))],
        lead=headline(view, wholes),
        choices=_choices(view, asked | {"cut": cut}, within, here),
        synthetic=any(row["data_kind"] == "synthetic" for row in chosen),
        head=[_tiles(view, wholes), None if rows else nothing(words, "portfolio.none")],
    )


def _cuts(rows: Rows) -> list[str]:
    return sorted({row["cut"] for row in rows} - {""})


def _last(row: Row) -> tuple[bool, bool, bool]:
    """Order within a group: what was promised first, what is suppressed last."""
    return row["attainment"] == "suppressed", not known(row["target"]), not known(row["estimate"])


def _asked(view: View) -> dict[str, str]:
    """Return what each filter asks for: anything in reach, though other filters may leave nothing of it."""
    rows = all_rows(view)
    offered: dict[str, Collection[str]] = {
        "programme": view.published.titles,
        "cut": _cuts(rows),
        "indicator": {row["indicator"] for row in rows},
        "level": LEVELS,
        "stage": STAGES,
        "status": {*TAKEN, *WORST_FIRST, *(row["attainment"] for row in rows)},
        "data": DATA,
        "group": {*GROUPS, *view.published.memberships()["by"]},
    }
    return {name: view.chosen(name, choices) for name, choices in offered.items()}


def _filtered(asked: Mapping[str, str], rows: Rows) -> list[Row]:
    equal = {"indicator": asked["indicator"], "level": asked["level"], "data_kind": asked["data"]}
    status = asked["status"]
    equal |= {"attainment": status} if status not in TAKEN else {}
    stages = STAGES.get(asked["stage"], tuple(row["stage"] for row in rows))
    within = [row for row in rows if row["stage"] in stages]
    shown = [row for row in within if all(value in ("", row[name]) for name, value in equal.items())]
    return [row for row in shown if TAKEN[status](row)] if status in TAKEN else shown


def _choices(view: View, asked: Mapping[str, str], within: Rows, here: Rows) -> list[Choice]:
    """Return the filters; what is asked for is among their options, even where other filters leave nothing of it."""
    words, all_ = view.words, {"": view.words("filters.all")}
    cuts = view.published.cut_titles(words.language)
    rows = [*here, *(row for row in all_rows(view) if row["indicator"] == asked["indicator"])]
    indicators = {row["indicator"]: words.pick(row, "title") for row in rows}
    programmes = {name: words.pick(row, "title") for name, row in view.published.titles.items()}
    groups = {name: words(f"group.{name}") for name in GROUPS}
    groups |= {by: cuts.get(by, by) for _, _, by, _ in _memberships(view, here, asked["cut"])}
    states = dict.fromkeys([*(row["attainment"] for row in here), asked["status"]])
    said = {state: words(f"status.{state}") for state in states if state and state not in TAKEN}
    named = {name: cuts.get(name, name) for name in [*_cuts(within), asked["cut"]] if name}
    filters: dict[str, dict[str, str]] = {
        "programme": all_ | programmes,
        "cut": {"": words("finding.whole")} | named,
        "indicator": all_ | indicators,
        "level": all_ | {level: words(f"level.{level}") for level in LEVELS},
        "stage": all_ | {name: words(f"portfolio.{name}") for name in STAGES},
        "status": all_ | {name: words(f"portfolio.{name}") for name in TAKEN} | said,
        "data": all_ | {kind: words(f"data.{kind}") for kind in DATA},
        "group": groups,
    }
    values = {**asked, "group": asked["group"] if asked["group"] in groups else GROUPS[0]}
    return [Choice(name, words(f"filter.{name}"), options, values[name]) for name, options in filters.items()]


def _memberships(view: View, rows: Rows, cut: str) -> list[tuple[str, str, str, str]]:
    """Return what the parts shown belong to, such as the quadrant of a project: programme, code, by what, of which."""
    found: list[tuple[str, str, str, str]] = []
    for name in dict.fromkeys(row["programme"] for row in rows) if cut else ():
        table = view.published.memberships(name)
        own = table.loc[table["column"] == cut, ["programme", "code", "by", "of"]].astype(str)
        found += own.itertuples(index=False, name=None)
    return found


def _grouping(view: View, rows: Rows, cut: str) -> tuple[Group, Group]:
    """Return how rows are grouped, and how the groups are ordered."""
    words = view.words
    by = view.address.get("group") or GROUPS[0]
    titles = {name: words.pick(row, "title") for name, row in view.published.titles.items()}
    place = {name: number for number, name in enumerate(titles)}
    if by == "level":
        return (lambda row: words(f"level.{row['level']}")), (lambda row: LEVELS.index(row["level"]))
    if by == "indicator" or (by == "programme" and cut):
        return _by_indicator(view, titles), (lambda row: (place[row["programme"]], row["indicator"]))
    labels = view.published.label_titles(words.language)
    of = {
        (programme, code): labels.get((programme, kind, other), other)
        for programme, code, kind, other in _memberships(view, rows, cut)
        if kind == by
    }
    if not of:
        return (lambda row: titles[row["programme"]]), (lambda row: place[row["programme"]])
    none = words("group.none")
    return (lambda row: of.get((row["programme"], row["code"]), none),) * 2


def _by_indicator(view: View, titles: Mapping[str, str]) -> Group:
    return lambda row: f"{titles[row['programme']]} · {title_of(view, row)}"


def headline(view: View, rows: Rows) -> Node:
    """Return the sentence: promises of outcomes, promises of activities, effects; invented data apart, and old data."""
    words = view.words
    old = sum((age(view, row) or 0) > OLD for row in rows)
    told = [_told(view, kind, of_kind) for kind, of_kind in _kinds(rows).items() if of_kind]
    return [
        [[sentence, " "] for sentence in told] or words("headline.nothing"),
        words("headline.old", count=old) if old else None,
    ]


def _kinds(rows: Rows) -> dict[str, Rows]:
    """Return the rows that say something, real ones apart from synthetic ones."""
    said = [row for row in rows if known(row["target"]) or known(row["estimate"])]
    return {kind: [row for row in said if row["data_kind"] == kind] for kind in ("real", "synthetic")}


def _told(view: View, kind: str, rows: Rows) -> Node:
    """Return what data of one kind say."""
    words, effects = view.words, [row for row in rows if _has_effect(row)]
    better = sum(row["contribution"] == "improved" for row in effects)
    caused = words("headline.effects", count=better, of=len(effects))
    parts = [*(_reached(view, name, rows) for name in STAGES), h("strong", caused) if effects else None]
    told = [part for part in parts if part] + ([] if effects else [words("headline.no_effects")])
    return [words(f"headline.{kind}"), " ", [[", " if place else "", part] for place, part in enumerate(told)], "."]


def _reached(view: View, name: str, rows: Rows) -> Node:
    """Return how many promises of results, or of work, were reached; a count without interval is beyond no doubt."""
    words = view.words
    promised = [row for row in rows if known(row["target"]) and row["stage"] in STAGES[name]]
    if not promised:
        return None
    reached = [row for row in promised if row["attainment"] == "reached"]
    said = h("strong", words(f"headline.{name}", count=len(reached), of=len(promised)))
    certain = sum(known(row["conf_low"]) for row in reached)
    return [said, f" {words('headline.certain', count=certain)}" if certain else None]


def _counted(rows: Rows) -> tuple[Rows, str]:
    """Return the rows that tiles count: the real ones, or the synthetic ones where no real one says anything."""
    kinds = _kinds(rows)
    kind = "real" if kinds["real"] else "synthetic"
    return kinds[kind], kind


def _has_effect(row: Row) -> bool:
    return known(row["estimate"]) and row["estimand"] not in NO_EFFECT


TAKEN: dict[str, Callable[[Row], bool]] = {PROMISED: _promised, EFFECT: _has_effect}
"""Choices of the filter of states that are no states."""


def _tiles(view: View, rows: Rows) -> Element:
    """Return the counts at the top, each leading to the rows it counts."""
    words, address = view.words, view.address
    counted, kind = _counted(rows)
    bare = {"level": "", "indicator": "", "cut": "", "data": kind}
    rows_at = address.to("monitoring", *filter(None, [address.get("programme")]))
    promises = [
        (name, _share_reached(counted, name), address.with_(**bare, stage=name, status="reached")) for name in STAGES
    ]
    tiles = [
        *promises,
        ("effects", words.number(sum(map(_has_effect, counted))), address.with_(**bare, stage="", status=EFFECT)),
        ("rows", words.number(_good(view, rows), "share"), rows_at),
    ]
    note = h("p", words("tile.synthetic"), class_="note") if kind == "synthetic" and counted else None
    return h("div", h("div", [_tile(view, *tile) for tile in tiles], class_="tiles"), note)


def _share_reached(rows: Rows, name: str) -> str:
    states = [row["attainment"] for row in rows if known(row["target"]) and row["stage"] in STAGES[name]]
    return f"{states.count('reached')}/{len(states)}" if states else "–"


def _tile(view: View, name: str, value: str, href: str) -> Element:
    title, note = view.words(f"tile.{name}"), view.words(f"tile.{name}_note")
    return h("a", h("span", title, class_="tile-name"), h("strong", value), h("small", note), href=href, class_="tile")


def _good(view: View, rows: Rows) -> float:
    """Return the share of all rows read that are in order."""
    files = [view.published.validity(name) for name in dict.fromkeys(row["programme"] for row in rows)]
    read, good = (sum(float(file[name].sum()) for file in files) for name in ("rows_read", "rows_good"))
    return good / read if read else math.nan


def legend(view: View) -> Element:
    """Return what the shapes mean."""
    states = (
        "reached", "uncertain", "incomplete", "short", "wrong_way", "contradictory", "out_of_range", "not_due",
        "no_target", "no_data", "suppressed",
    )  # fmt: skip
    return h("p", [badge(state, view.words) for state in states], class_="legend")


PAGE = Page(
    name="portfolio",
    title="menu.portfolio",
    build=page,
    roles=EVERY_ROLE,
    chapter=Chapter(),
    has_content=None,
    examples=(
        "portfolio?programme=wecare&status=promised",
        "portfolio?programme=wecare&cut=project_id&group=quadrant&indicator=participants_who5",
    ),
)
