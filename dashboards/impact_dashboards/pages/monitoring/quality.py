"""How good the rows are, for those who run a programme: files, answers, persons who came back.

The limits between in order, to look at and critical stand here and nowhere else. They are conventions of this app, for
attention; no finding and no status of a promise goes by them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from impact.drawing.markup import Element, Node, h
from impact.publish.rows import Record, rows_of
from impact_dashboards.page.view import Block, ColumnSpec, Row, Table, View, columns_of, file_columns, nothing
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
FILES_IN_FILE = ("file", "contract", "kind", "rows_good", "duplicates", "loaded")
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


def state_cell(view: View, state: str, text: str) -> Node:
    """Return a number with the shape of its state, and the state's word for those who see neither shape nor colour."""
    if state == "no_data":
        return h("span", "–", class_="muted")
    spoken = h("span", " ", view.words(f"status.{state}"), class_="unseen")
    return [badge(state, view.words, text), spoken]


def share_cell(view: View, measure: str, share: float | None) -> Node:
    """Return a share with its state."""
    return state_cell(view, share_state(measure, share), view.words.number(share, "share"))


def limits_note(view: View, *measures: str) -> Element:
    """Return the limits in words."""
    limits = [_limit(view, measure) for measure in LIMITS if measure in measures]
    if "fresh" in measures:
        limits.append(view.words("monitoring.limit_days", good=FRESH, bad=STALE))
    badges = [badge(state, view.words) for state in ("good", "warn", "bad")]
    legend = h("p", badges, class_="legend")
    text = "; ".join(limits)
    note = h("p", text, ".", class_="note")
    return h("div", legend, note)


def _limit(view: View, measure: str) -> str:
    good, bad = (_percent(view, share) for share in LIMITS[measure])
    return view.words("monitoring.limit", what=view.words(f"monitoring.{measure}"), good=good, bad=bad)


def _percent(view: View, share: float) -> str:
    return view.words.number(round(100 * share)) + view.words("monitoring.percent")


# ---- files -----------------------------------------------------------------------------------------------------------


def file_rows(view: View) -> list[Record]:
    """Return the files in force with what became of their rows, the worst first."""
    complete = _complete_by_contract(view)
    files = rows_of(view.published.validity(view.programme))
    rows = [_file_row(view, file, complete.get(file["contract"])) for file in files]
    return sorted(rows, key=_worst_file_first)


def _worst_file_first(row: Row) -> tuple[int, str]:
    return ORDER.index(row["state"]), row["source"]


def _file_row(view: View, file: Record, complete: float | None) -> Record:
    """Return a file with its shares, its age and the worst state of all of these."""
    shares = {"complete": complete, "valid": file["share_good"], "unique": _complement(file["share_duplicates"])}
    loaded = file["loaded_at"].date()
    days = max((view.today - loaded).days, 0)
    states = [share_state(measure, share) for measure, share in shares.items()]
    worst = min([*states, age_state(days)], key=ORDER.index)
    return file | shares | {"days": days, "loaded": loaded.isoformat(), "state": worst}


def _complement(share: float | None) -> float | None:
    return None if share is None else 1 - share


def _complete_by_contract(view: View) -> dict[str, float]:
    """Return the answers of each contract as a share of those due, columns that no row fills left out."""
    quality = view.published.quality(view.programme).dropna(subset=["answered"])
    counts = quality.groupby(["contract", "column"])[["rows", "answered", "not_applicable"]].sum()
    used = counts[counts["answered"] > 0].groupby("contract").sum()
    shares = used["answered"] / (used["rows"] - used["not_applicable"])
    return {str(contract): float(share) for contract, share in shares.items()}


def _file_name(view: View, row: Row) -> Node:
    mark = " †" if row["kind"] == "synthetic" else ""
    title = source_titles(view).get(row["source"], str(row["source"]))
    return [title + mark, h("small", str(row["file"]))]


def _complete(view: View, row: Row) -> Node:
    return share_cell(view, "complete", row["complete"])


def _valid(view: View, row: Row) -> Node:
    return share_cell(view, "valid", row["valid"])


def _unique(view: View, row: Row) -> Node:
    return share_cell(view, "unique", row["unique"])


def _age(view: View, row: Row) -> Node:
    text = view.words("monitoring.days", count=row["days"]) if row["days"] else view.words("finding.today")
    return state_cell(view, age_state(row["days"]), text)


FILES = (
    ColumnSpec("source", "monitoring.source", _file_name),
    ColumnSpec("rows_read", "monitoring.rows_read", numeric=True),
    ColumnSpec("rows_bad", "monitoring.rows_bad", numeric=True),
    ColumnSpec("rows_warned", "monitoring.rows_warned", numeric=True),
    ColumnSpec("complete", "monitoring.complete", _complete, meaning="monitoring.complete_meaning", unit="share"),
    ColumnSpec("valid", "monitoring.valid", _valid, meaning="monitoring.valid_meaning", unit="share"),
    ColumnSpec("unique", "monitoring.unique", _unique, meaning="monitoring.unique_meaning", unit="share"),
    ColumnSpec("days", "monitoring.fresh", _age),
)


def files_block(view: View, rows: Sequence[Row]) -> Block:
    """Return completeness, validity, uniqueness and freshness of each file."""
    columns = columns_of(view, FILES)
    table = Table(columns, rows, file_columns(FILES_IN_FILE))
    title = view.words("monitoring.quality")
    lead = view.words("monitoring.quality_lead")
    note = limits_note(view, "complete", "valid", "unique", "fresh")
    return Block("quality", title, table, lead=lead, after=note)


# ---- persons ---------------------------------------------------------------------------------------------------------


def _came_back(view: View, row: Row) -> Element | None:
    share = row["share_linked"]
    if share is None:
        return None
    return bar(share, share_state("linked", share), view.words.number(share, "share"))


def _share_linked(view: View, row: Row) -> Node:
    return share_cell(view, "linked", row["share_linked"])


def _share_lost(view: View, row: Row) -> str:
    return view.words.number(row["share_lost"], "share")


RESPONSE = (
    ColumnSpec("wave_title", "monitoring.wave"),
    ColumnSpec("persons", "monitoring.persons", numeric=True),
    ColumnSpec("", "monitoring.came_back", _came_back),
    ColumnSpec(
        "share_linked", "monitoring.share_linked", _share_linked, meaning="monitoring.linked_meaning", unit="share"
    ),
    ColumnSpec("linked", "monitoring.linked", numeric=True),
    ColumnSpec("lost", "monitoring.lost", numeric=True),
    ColumnSpec("new", "monitoring.new", numeric=True),
    ColumnSpec(
        "share_lost",
        "monitoring.attrition",
        _share_lost,
        numeric=True,
        meaning="monitoring.attrition_meaning",
        unit="share",
    ),
)


def response_block(view: View) -> Block:
    """Return how many persons each wave has, and how many of the wave before came back."""
    title, rows = view.words("monitoring.response"), _response_rows(view)
    if not rows:
        return Block("response", title, body=_nothing(view, "monitoring.no_response"))

    def group(row: Row) -> str:
        return contract_title(view, row["contract"])

    columns, extra = columns_of(view, RESPONSE), file_columns(("contract", "wave", "since"))
    table = Table(columns, rows, extra, group=group)
    lead, note = view.words("monitoring.response_lead"), limits_note(view, "linked")
    return Block("response", title, table, lead=lead, after=note)


def _nothing(view: View, key: str) -> Element:
    """Return what stands in place of counts over the whole, which readers of parts do not see."""
    return nothing(view.words, "monitoring.whole_only") if view.published.scope.parts else nothing(view.words, key, HOW)


def _response_rows(view: View) -> list[Record]:
    titles = wave_titles(view)
    return [_response_row(row, titles) for row in rows_of(view.published.response(view.programme))]


def _response_row(row: Record, titles: Mapping[str, str]) -> Record:
    """Return the persons of a wave with the share of those before who came back."""
    followed = 0 if row["linked"] is None else row["linked"] + row["lost"]
    share = row["linked"] / followed if followed > 0 else None
    shares = {"share_linked": share, "share_lost": _complement(share)}
    return row | shares | {"wave_title": titles.get(row["wave"], row["wave"])}


def wave_titles(view: View) -> dict[str, str]:
    """Return the title of each wave."""
    return {row["wave"]: view.words.pick(row, "title") for row in rows_of(view.published.waves(view.programme))}


# ---- answers ---------------------------------------------------------------------------------------------------------


def _column_name(view: View, row: Row) -> Node:
    code = h("code", row["column"])
    return [row["column_title"], h("small", code)] if row["column_title"] else code


def _wave(view: View, row: Row) -> str:
    return row["wave_title"] or "–"


def _answered(view: View, row: Row) -> Node:
    """Return the share of answers; a column that no row fills is not in use, which is no defect of a row."""
    if row["answered"] is None:
        return badge("suppressed", view.words)
    if row["answered"] == 0:
        return badge("no_data", view.words, view.words("monitoring.unused"))
    return share_cell(view, "complete", row["share"])


ANSWERS = (
    ColumnSpec("column", "monitoring.column", _column_name),
    ColumnSpec("wave_title", "monitoring.wave", _wave),
    ColumnSpec("share", "monitoring.complete", _answered, meaning="monitoring.complete_meaning", unit="share"),
    ColumnSpec("rows", "monitoring.rows", numeric=True),
    ColumnSpec("answered", "monitoring.answered", numeric=True),
    *(ColumnSpec(kind, f"monitoring.kind_{kind}", numeric=True) for kind in KINDS),
)


def answers_block(view: View) -> Block:
    """Return what is not answered in one contract, the worst column first, the five kinds of missing apart."""
    title, quality = view.words("monitoring.answers"), view.published.quality(view.programme)
    if quality.empty:
        return Block("answers", title, body=_nothing(view, "monitoring.no_answers"))
    contracts = _by_missing(quality)
    chosen = view.chosen("answers", contracts, contracts[0])
    rows = _answer_rows(view, quality[quality["contract"] == chosen])
    short = [row for row in rows if row["answered"] is None or row["answered"] < row["rows"]]
    table = Table(columns_of(view, ANSWERS), short, file_columns(("contract", "wave", "required")), shown=SHOWN)
    lead = view.words("monitoring.answers_lead", count=_columns_in(short), of=_columns_in(rows))
    choice = chips(view, "answers", {name: contract_title(view, name) for name in contracts}, chosen, "answers")
    return Block("answers", title, table, lead=lead, body=choice, after=limits_note(view, "complete"))


def _columns_in(rows: Sequence[Row]) -> int:
    return len({row["column"] for row in rows})


def _by_missing(quality: pd.DataFrame) -> list[str]:
    """Return the contracts, first the one that lacks most answers."""
    missing = quality["rows"] - quality["answered"]
    contracts = missing.groupby(quality["contract"])
    totals = contracts.sum()
    ordered = totals.sort_values(ascending=False, kind="stable")
    return list(map(str, ordered.index))


def _answer_rows(view: View, quality: pd.DataFrame) -> list[Record]:
    """Return the answers column by column, the column with the fewest answers in any wave first."""
    waves = wave_titles(view)
    rows = [_answer_row(view, row, waves) for row in rows_of(quality)]
    worst: dict[str, float] = {}
    for row in rows:
        column, share = row["column"], row["share"]
        if share is not None:
            worst[column] = min(worst.get(column, 1.0), share)

    def order(row: Row) -> tuple[float, str]:
        column = row["column"]
        return worst.get(column, 1.0), column

    return sorted(rows, key=order)


def _answer_row(view: View, row: Record, waves: Mapping[str, str]) -> Record:
    due = 0 if row["answered"] is None else row["rows"] - row["not_applicable"]
    title = column_title(view, row["contract"], row["column"])
    return row | {
        "column_title": "" if title == row["column"] else title,
        "wave_title": waves.get(row["wave"], row["wave"]),
        "share": row["answered"] / due if due else None,
    }


def chips(view: View, name: str, options: Mapping[str, str], chosen: str, block: str) -> Element:
    """Return a choice inside a block as links, each of which is an address."""
    links = [_chip(view.address.with_(**{name: value}), text, value == chosen) for value, text in options.items()]
    label = view.words(f"monitoring.{block}_choice")
    return h("nav", h("ul", links), class_="chips", aria_label=label)


def _chip(href: str, text: str, current: bool) -> Element:
    return h("li", h("a", text, href=href, data_live=True, aria_current="true" if current else None))
