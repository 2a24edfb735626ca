"""Portfolio: what was promised and what happened, a row per finding, for those who read across programmes."""

from __future__ import annotations

from typing import Any

import pandas as pd

from impact.markup import Content, Element, h
from impact_dashboards.findings import (
    STALE,
    age,
    cut_columns,
    finding_rows,
    finding_table,
    part_codes,
    title_of,
    whole,
)
from impact_dashboards.marks import known
from impact_dashboards.status import badge
from impact_dashboards.view import Block, Choice, Page, Row, View, nothing

LEVELS = ("micro", "meso", "macro")
PROMISED = "promised"
GROUPS = ("programme", "level", "indicator")


def portfolio(view: View) -> Page:
    """Return the page: a sentence, tiles, and every finding that the filters leave."""
    words, everything = view.words, view.findings
    programme = view.chosen("programme", list(view.published.titles))
    within = everything[everything["programme"] == programme] if programme else everything
    cut = view.chosen("cut", sorted(set(cut_columns(within)) - {""}))
    chosen = _filtered(view, within, cut)
    rows = finding_rows(view, chosen)
    group, order = _grouping(view, rows, cut)
    rows = sorted(
        rows,
        key=lambda row: (
            order(row),
            row["attainment"] == "suppressed",
            not known(row["target"]),
            not known(row["estimate"]),
        ),
    )
    table = finding_table(view, rows, parts=bool(cut), group=group)
    block = Block(
        "findings", words("portfolio.table", count=len(rows)), table, lead=words("portfolio.read"), after=legend(view)
    )
    empty = None if rows else nothing(words, "portfolio.none")
    return Page(
        words("portfolio.title"),
        [block],
        lead=headline(view, whole(within), finding_rows(view, whole(within))),
        choices=_choices(view, within, programme, cut),
        synthetic=bool((chosen["data_kind"] == "synthetic").any()),
        head=[_tiles(view, whole(within)), empty],
    )


def _filtered(view: View, findings: pd.DataFrame, cut: str) -> pd.DataFrame:
    shown = findings[cut_columns(findings) == cut]
    indicator = view.chosen("indicator", list(shown["indicator"].unique()))
    level = view.chosen("level", LEVELS)
    status = view.chosen("status", [PROMISED, *shown["attainment"].unique()])
    kind = view.chosen("data", ("real", "synthetic"))
    for column, value in (("indicator", indicator), ("level", level), ("data_kind", kind)):
        shown = shown[shown[column] == value] if value else shown
    if status == PROMISED:
        return shown[shown["target"].notna()]
    return shown[shown["attainment"] == status] if status else shown


def _choices(view: View, findings: pd.DataFrame, programme: str, cut: str) -> list[Choice]:
    words, all_ = view.words, {"": view.words("filters.all")}
    here = findings[cut_columns(findings) == cut]
    titles = here.drop_duplicates("indicator")
    indicators = {str(row["indicator"]): words.pick(row, "title") for _, row in titles.iterrows()}
    cuts = view.published.cut_titles(words.language)
    parts = {name: cuts.get(name, name) for name in sorted(set(cut_columns(findings)) - {""})}
    states = {state: words(f"status.{state}") for state in dict.fromkeys(here["attainment"])}
    programmes = {name: words.pick(row, "title") for name, row in view.published.titles.items()}
    groups = {name: words(f"group.{name}") for name in GROUPS} | {
        by: cuts.get(by, by) for by in _memberships(view, here, cut)["by"].unique()
    }
    kinds = {kind: words(f"data.{kind}") for kind in ("real", "synthetic")}
    levels = {level: words(f"level.{level}") for level in LEVELS}
    filters: list[tuple[str, dict[str, str]]] = [
        ("programme", all_ | programmes),
        ("cut", {"": words("finding.whole")} | parts),
        ("indicator", all_ | indicators),
        ("level", all_ | levels),
        ("status", all_ | {PROMISED: words("portfolio.promised")} | states),
        ("data", all_ | kinds),
        ("group", groups),
    ]
    given = {"programme": programme, "cut": cut, "group": view.chosen("group", list(groups), GROUPS[0])}
    return [
        Choice(name, words(f"filter.{name}"), options, given.get(name, view.chosen(name, list(options))))
        for name, options in filters
    ]


def _memberships(view: View, findings: pd.DataFrame, cut: str) -> pd.DataFrame:
    """Return what the parts shown belong to: the quadrant of a project, its themes."""
    every = [view.published.memberships(str(name)) for name in findings["programme"].unique()]
    found = pd.concat(every) if every else pd.DataFrame(columns=["programme", "column", "code", "by", "of"])
    return found[found["column"] == cut]


def _grouping(view: View, rows: list[dict[str, Any]], cut: str) -> tuple[Any, Any]:
    """Return how rows are grouped, and how the groups are ordered."""
    words = view.words
    by = view.address.get("group") or GROUPS[0]
    titles = {name: words.pick(row, "title") for name, row in view.published.titles.items()}
    if by == "level":
        return (lambda row: words(f"level.{row['level']}")), (lambda row: LEVELS.index(row["level"]))
    if by == "indicator" or (by == "programme" and cut):
        return (lambda row: f"{titles[row['programme']]} · {title_of(view, row)}"), (
            lambda row: f"{row['programme']}/{row['indicator']}"
        )
    frame = pd.DataFrame(rows)
    member = _memberships(view, frame, cut) if len(frame) else pd.DataFrame(columns=["by"])
    member = member[member["by"] == by]
    if member.empty:
        return (lambda row: titles[row["programme"]]), (lambda row: list(titles).index(row["programme"]))
    labels = view.published.label_titles(words.language)
    held = member[["programme", "code", "of"]].astype(str).itertuples(index=False, name=None)
    of = {(programme, code): labels.get((programme, by, other), other) for programme, code, other in held}
    code = dict(zip(frame["finding"], part_codes(frame), strict=True))

    def group(row: Row) -> str:
        return str(of.get((row["programme"], code[row["finding"]]), words("group.none")))

    return group, group


def headline(view: View, findings: pd.DataFrame, rows: list[dict[str, Any]]) -> Content:
    """Return the sentence: promises reached, effects that are improvements, data that nobody renews."""
    words = view.words
    real = findings[findings["data_kind"] == "real"]
    counted, kind = (
        (real, "real")
        if len(real) and (real["target"].notna() | real["estimate"].notna()).any()
        else (findings, "every")
    )
    promised = counted[counted["target"].notna()]
    effects = counted[counted["estimate"].notna() & ~counted["estimand"].isin(["change", "association"])]
    reached, better = (promised["attainment"] == "reached").sum(), (effects["contribution"] == "improved").sum()
    stale = sum((age(view, row) or 0) > STALE for row in rows)
    caused = [
        h("strong", words("headline.effects", count=int(better), of=len(effects))),
        " ",
        words("headline.better"),
        " ",
    ]
    return [
        h("strong", words("headline.promises", count=int(reached), of=len(promised))),
        " ",
        words("headline.reached"),
        " ",
        caused if len(effects) else [words(f"headline.no_effect_{kind}"), " "],
        words(f"headline.{kind}") if (findings["data_kind"] == "synthetic").any() else None,
        [" ", words("headline.stale", count=stale)] if stale else None,
    ]


def _tiles(view: View, findings: pd.DataFrame) -> Element:
    """Return the four counts at the top, each leading to the rows it counts."""
    words = view.words
    promised = findings[findings["target"].notna()]
    loads = [view.published.loads(str(name)) for name in findings["programme"].unique()]
    current = pd.concat(loads) if loads else pd.DataFrame({"rows_read": [], "rows_good": [], "current": []})
    current = current[current["current"].astype(bool)]
    good = current["rows_good"].sum() / current["rows_read"].sum() if current["rows_read"].sum() else float("nan")
    effects = findings[findings["estimate"].notna()]
    tiles = [
        (
            "reached",
            f"{(promised['attainment'] == 'reached').sum()}/{len(promised)}",
            view.address.with_(status="reached", cut=""),
        ),
        (
            "uncertain",
            f"{(promised['attainment'] == 'uncertain').sum()}/{len(promised)}",
            view.address.with_(status="uncertain", cut=""),
        ),
        ("effects", words.number(len(effects)), view.address.with_(status="", cut="")),
        (
            "rows",
            words.number(float(good), "share"),
            view.address.to("monitoring", *filter(None, [view.address.get("programme")])),
        ),
    ]
    cards = [
        h(
            "a",
            h("span", words(f"tile.{name}"), class_="tile-name"),
            h("strong", value),
            h("small", words(f"tile.{name}_note")),
            href=href,
            class_="tile",
        )
        for name, value, href in tiles
    ]
    return h("div", cards, class_="tiles")


def legend(view: View) -> Element:
    """Return what the shapes mean."""
    states = ("reached", "uncertain", "short", "wrong_way", "not_due", "no_target", "no_data", "suppressed")
    return h("p", [badge(state, view.words) for state in states], class_="legend")
