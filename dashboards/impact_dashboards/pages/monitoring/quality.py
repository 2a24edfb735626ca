"""How good the rows are, for those who run a programme: files, answers, persons who came back.

The limits between in order, to look at and critical stand here and nowhere else. They are conventions of this app, for
attention; no finding and no status of a promise goes by them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from impact.drawing.markup import Element, Node, h
from impact.publish.rows import rows_of
from impact_dashboards.page.view import Block, Column, Row, Table, View, nothing
from impact_dashboards.parts.findings import STALE
from impact_dashboards.parts.headings import column_title, contract_title, source_titles
from impact_dashboards.parts.marks import bar, known
from impact_dashboards.parts.state_marks import badge

LIMITS = {
    "complete": (0.90, 0.75),
    "valid": (0.95, 0.90),
    "unique": (0.99, 0.95),
    "linked": (0.95, 0.80),
}
"""Shares from which on a measure is in order, and below which it is critical; between them it is to be looked at.

``complete``: answers of those due. ``valid``: rows read that passed the contract. ``unique``: rows read that repeat no
key. ``linked``: persons of the wave before who came back; losing under 5% biases little, over 20% is a threat (Sackett
et al., 1997, "five-and-twenty").
"""
FRESH = 30
"""Days up to which a load is fresh; beyond :data:`impact_dashboards.parts.findings.STALE` it is stale."""
KEPT = ("file", "contract", "kind", "rows_good", "duplicates", "loaded")
"""What a file about files holds beside what is shown."""
KINDS = ("missing", "skipped", "not_applicable", "refused", "suppressed")
ORDER = ("bad", "warn", "good", "no_data")
SHOWN = 16
"""Rows of a list, the worst first, that the page shows; its file holds all."""
HOW = "docs/how-to/write_a_contract.md"


def share_state(measure: str, share: float | None) -> str:
    """Return the state of a share: ``good``, ``warn``, ``bad``, or ``no_data`` where there is none."""
    if share is None or not known(share):
        return "no_data"
    good, bad = LIMITS[measure]
    return "good" if share >= good else "warn" if share >= bad else "bad"


def age_state(days: int | None) -> str:
    """Return the state of data by the days since they were loaded."""
    if days is None:
        return "no_data"
    return "good" if days <= FRESH else "warn" if days <= STALE else "bad"


def said(view: View, state: str, text: str) -> Node:
    """Return a number with the shape of its state, and the state's word for those who see neither shape nor colour."""
    if state == "no_data":
        return h("span", "–", class_="muted")
    return [badge(state, view.words, text), h("span", " ", view.words(f"status.{state}"), class_="unseen")]


def share_cell(view: View, measure: str, share: float | None) -> Node:
    """Return a share with its state."""
    return said(view, share_state(measure, share), view.words.number(share, "share"))


def limits_note(view: View, *measures: str) -> Element:
    """Return the limits in words."""
    words = view.words
    told = [
        words("monitoring.limit", what=words(f"monitoring.{name}"), good=_percent(view, good), bad=_percent(view, bad))
        for name, (good, bad) in LIMITS.items()
        if name in measures
    ]
    told += [words("monitoring.limit_days", good=FRESH, bad=STALE)] if "fresh" in measures else []
    shapes = [badge(state, words) for state in ("good", "warn", "bad")]
    return h("div", h("p", shapes, class_="legend"), h("p", "; ".join(told), ".", class_="note"))


def _percent(view: View, share: float) -> str:
    return view.words.number(round(100 * share)) + view.words("monitoring.percent")


# ---- files -----------------------------------------------------------------------------------------------------------


def file_rows(view: View) -> list[dict[str, Any]]:
    """Return the files in force with what became of their rows, the worst first."""
    complete = _complete_by_contract(view)
    rows = [_file_row(view, row, complete) for row in rows_of(view.published.validity(view.programme))]
    return sorted(rows, key=lambda row: (ORDER.index(row["state"]), row["source"]))


def _file_row(view: View, row: dict[str, Any], complete: dict[str, float]) -> dict[str, Any]:
    repeated = row["share_duplicates"]
    shares = {
        "complete": complete.get(row["contract"]),
        "valid": row["share_good"],
        "unique": None if repeated is None else 1 - repeated,
    }
    days = max((view.today - row["loaded_at"].date()).days, 0)
    states = [*(share_state(measure, share) for measure, share in shares.items()), age_state(days)]
    loaded = row["loaded_at"].date().isoformat()
    return row | shares | {"days": days, "loaded": loaded, "state": min(states, key=ORDER.index)}


def _complete_by_contract(view: View) -> dict[str, float]:
    """Return the answers of each contract as a share of those due, columns that no row fills left out."""
    told = view.published.quality(view.programme).dropna(subset=["answered"])
    counted = told.groupby(["contract", "column"])[["rows", "answered", "not_applicable"]].sum()
    used = counted[counted["answered"] > 0].groupby("contract").sum()
    shares = used["answered"] / (used["rows"] - used["not_applicable"])
    return {str(contract): float(share) for contract, share in shares.items()}


def files_block(view: View, rows: Sequence[Row]) -> Block:
    """Return completeness, validity, uniqueness and freshness of each file."""
    words, titles = view.words, source_titles(view)

    def share(measure: str) -> Column:
        title, meaning = words(f"monitoring.{measure}"), words(f"monitoring.{measure}_meaning")
        return Column(
            measure, title, lambda row: share_cell(view, measure, row[measure]), meaning=meaning, unit="share"
        )

    def count(key: str) -> Column:
        return Column(key, words(f"monitoring.{key}"), numeric=True)

    table = Table(
        [
            Column("source", words("monitoring.source"), lambda row: _file_name(titles, row)),
            *map(count, ("rows_read", "rows_bad", "rows_warned")),
            *map(share, ("complete", "valid", "unique")),
            Column("days", words("monitoring.fresh"), lambda row: said(view, age_state(row["days"]), _days(view, row))),
        ],
        rows,
        [Column(key, key.replace("_", " ")) for key in KEPT],
    )
    note = limits_note(view, "complete", "valid", "unique", "fresh")
    return Block("quality", words("monitoring.quality"), table, lead=words("monitoring.quality_lead"), after=note)


def _file_name(titles: Mapping[str, str], row: Row) -> Node:
    sign = " †" if row["kind"] == "synthetic" else ""
    return [titles.get(row["source"], str(row["source"])) + sign, h("small", str(row["file"]))]


def _days(view: View, row: Row) -> str:
    return view.words("finding.today") if row["days"] == 0 else view.words("monitoring.days", count=row["days"])


# ---- persons ---------------------------------------------------------------------------------------------------------


def response_block(view: View) -> Block:
    """Return how many persons each wave has, and how many of the wave before came back."""
    words = view.words
    rows = _response_rows(view)
    title = words("monitoring.response")
    if not rows:
        return Block("response", title, body=_nothing(view, "monitoring.no_response"))

    def count(key: str) -> Column:
        return Column(key, words(f"monitoring.{key}"), numeric=True)

    def back(row: Row) -> Node:
        return share_cell(view, "linked", row["share_linked"])

    table = Table(
        [
            Column("wave_title", words("monitoring.wave")),
            count("persons"),
            Column("", words("monitoring.came_back"), lambda row: _back_drawing(view, row)),
            Column("share_linked", words("monitoring.share_linked"), back, unit="share",
                   meaning=words("monitoring.linked_meaning")),
            *map(count, ("linked", "lost", "new")),
            Column("share_lost", words("monitoring.attrition"), lambda row: words.number(row["share_lost"], "share"),
                   numeric=True, meaning=words("monitoring.attrition_meaning"), unit="share"),
        ],
        rows,
        [Column(key, key) for key in ("contract", "wave", "since")],
        group=lambda row: contract_title(view, row["contract"]),
    )  # fmt: skip
    return Block("response", title, table, lead=words("monitoring.response_lead"), after=limits_note(view, "linked"))


def _nothing(view: View, key: str) -> Element:
    """Return what stands in place of counts over the whole, which readers of parts do not see."""
    return nothing(view.words, "monitoring.whole_only") if view.published.scope.parts else nothing(view.words, key, HOW)


def _response_rows(view: View) -> list[dict[str, Any]]:
    titles = wave_titles(view)
    rows = []
    for row in rows_of(view.published.response(view.programme)):
        followed = row["linked"] is not None and row["linked"] + row["lost"] > 0
        share = row["linked"] / (row["linked"] + row["lost"]) if followed else None
        shares = {"share_linked": share, "share_lost": None if share is None else 1 - share}
        rows.append(row | shares | {"wave_title": titles.get(row["wave"], row["wave"])})
    return rows


def _back_drawing(view: View, row: Row) -> Element | None:
    share = row["share_linked"]
    if share is None:
        return None
    return bar(share, share_state("linked", share), view.words.number(share, "share"))


def wave_titles(view: View) -> dict[str, str]:
    """Return the title of each wave."""
    return {row["wave"]: view.words.pick(row, "title") for row in rows_of(view.published.waves(view.programme))}


# ---- answers ---------------------------------------------------------------------------------------------------------


def answers_block(view: View) -> Block:
    """Return what is not answered in one contract, the worst column first, the five kinds of missing apart."""
    words, counted = view.words, view.published.quality(view.programme)
    title = words("monitoring.answers")
    if counted.empty:
        return Block("answers", title, body=_nothing(view, "monitoring.no_answers"))
    contracts = _by_missing(counted)
    chosen = view.chosen("answers", contracts, contracts[0])
    rows = _answer_rows(view, counted[counted["contract"] == chosen])
    short = [row for row in rows if row["answered"] is None or row["answered"] < row["rows"]]
    columns = len({row["column"] for row in rows}), len({row["column"] for row in short})
    lead = words("monitoring.answers_lead", count=columns[1], of=columns[0])
    table = _answers_table(view, short)
    choice = chips(view, "answers", {name: contract_title(view, name) for name in contracts}, chosen, "answers")
    return Block("answers", title, table, lead=lead, body=choice, after=limits_note(view, "complete"))


def _by_missing(counted: pd.DataFrame) -> list[str]:
    """Return the contracts, first the one that lacks most answers."""
    lacking = (counted["rows"] - counted["answered"]).groupby(counted["contract"]).sum()
    return [str(name) for name in lacking.sort_values(ascending=False, kind="stable").index]


def _answer_rows(view: View, counted: pd.DataFrame) -> list[dict[str, Any]]:
    waves = wave_titles(view)
    rows = []
    for row in rows_of(counted):
        due = 0 if row["answered"] is None else row["rows"] - row["not_applicable"]
        share = row["answered"] / due if due else None
        title = column_title(view, row["contract"], row["column"])
        named = {
            "column_title": "" if title == row["column"] else title,
            "wave_title": waves.get(row["wave"], row["wave"]),
        }
        rows.append(row | named | {"share": share})
    worst: dict[str, float] = {}
    for row in rows:
        worst[row["column"]] = min(worst.get(row["column"], 1.0), 1.0 if row["share"] is None else row["share"])
    return sorted(rows, key=lambda row: (worst[row["column"]], row["column"]))


def _answers_table(view: View, rows: list[dict[str, Any]]) -> Table:
    words = view.words

    def name(row: Row) -> Node:
        return (
            [row["column_title"], h("small", h("code", row["column"]))]
            if row["column_title"]
            else h("code", row["column"])
        )

    return Table(
        [
            Column("column", words("monitoring.column"), name),
            Column("wave_title", words("monitoring.wave"), lambda row: row["wave_title"] or "–"),
            Column("share", words("monitoring.complete"), lambda row: _answered_cell(view, row), unit="share",
                   meaning=words("monitoring.complete_meaning")),
            Column("rows", words("monitoring.rows"), numeric=True),
            Column("answered", words("monitoring.answered"), numeric=True),
            *(Column(kind, words(f"monitoring.kind_{kind}"), numeric=True) for kind in KINDS),
        ],
        rows,
        [Column("contract", "contract"), Column("wave", "wave"), Column("required", "required")],
        shown=SHOWN,
    )  # fmt: skip


def _answered_cell(view: View, row: Row) -> Node:
    """Return the share of answers; a column that no row fills is not in use, which is no defect of a row."""
    if row["answered"] is None:
        return badge("suppressed", view.words)
    if row["answered"] == 0:
        return badge("no_data", view.words, view.words("monitoring.unused"))
    return share_cell(view, "complete", row["share"])


def chips(view: View, name: str, options: dict[str, str], chosen: str, block: str) -> Element:
    """Return a choice inside a block as links, each of which is an address."""
    links = [
        h("li", h("a", text, href=view.address.with_(**{name: value}), data_live=True,
                  aria_current="true" if value == chosen else None))
        for value, text in options.items()
    ]  # fmt: skip
    return h("nav", h("ul", links), class_="chips", aria_label=view.words(f"monitoring.{block}_choice"))
