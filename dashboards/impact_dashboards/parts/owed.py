"""What somebody waits for: promises that were missed, data that are missing, reports that have not come; each apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from impact.drawing.markup import Node, h
from impact.publish.attention import Followed, attention
from impact.publish.rows import Record, rows_of
from impact.states import AttentionKind
from impact.tables.part import Part, read_finding
from impact_dashboards.page.view import Block, ColumnSpec, Row, Table, View, columns_of, file_columns
from impact_dashboards.parts.owners import Owner, owner, owner_of
from impact_dashboards.parts.projects import project_link, projects
from impact_dashboards.parts.promises import MISSED

LATE = "late"
MISSED_PROMISE, MISSING_DATA, MISSING_REPORT = "missed", "missing", "reports"
OWED = (MISSED_PROMISE, MISSING_DATA, MISSING_REPORT)
"""What is owed, by what is lacking: the promised result, the data that would tell, the report."""


def followed(view: View, programme: str) -> Followed:
    """Return what is followed of a programme, as far as the reader sees it."""
    published = view.published
    return Followed(
        published.chart_points(programme), published.milestones(programme), published.reports(view.today, programme)
    )


def to_look_at(view: View, programme: str) -> pd.DataFrame:
    """Return what to look at first of a programme; see :func:`impact.publish.attention.attention`."""
    name = f"attention of {programme} on {view.today}"
    return view.published.cached_value(name, lambda: attention(followed(view, programme), view.today))


def lacking(row: Row) -> str:
    """Return what is lacking of a row that is late: what was promised, or the data that would tell."""
    return MISSED_PROMISE if row["attainment"] in MISSED else MISSING_DATA


def owed_rows(view: View, programme: str) -> list[Record]:
    """Return everything that is owed, the oldest first, each with whose it is; made once for the data as they are."""
    name = f"owed of {programme} on {view.today} in {view.words.language}"
    return view.published.cached_value(name, lambda: _owed(view, programme))


def _owed(view: View, programme: str) -> list[Record]:
    rows = [*_late(view, programme), *_reports(view, programme)]
    return sorted(rows, key=lambda row: (row["due"], row["title"]))


def _late(view: View, programme: str) -> Iterator[Record]:
    for row in rows_of(view.published.due(view.today, programme)):
        if row["state"] != LATE:
            continue
        is_finding = row["kind"] in ("target", "milestone")
        part = read_finding(str(row["id"]))[2] if is_finding else Part()
        yield {
            "programme": programme,
            "owed": lacking(row),
            "title": view.words.pick(row, "title").removesuffix(f" · {part_name(view, programme, part)}"),
            "due": pd.Timestamp(row["due"]).date(),
            "part": part,
            "count": 1,
            "owner": owner_of(view, row),
        }


def _reports(view: View, programme: str) -> Iterator[Record]:
    """Yield the reports that are missing, a row for each unit and contract."""
    for line in rows_of(to_look_at(view, programme)):
        if line["kind"] != AttentionKind.REPORT:
            continue
        part = Part(str(line["column"]), str(line["code"]))
        contract = str(line["subject"])
        titles = view.published.headings(programme, view.words.declared)
        yield {
            "programme": programme,
            "owed": MISSING_REPORT,
            "title": titles.get((contract, ""), contract),
            "due": pd.Timestamp(line["day"]).date(),
            "part": part,
            "count": int(line["expected"]),
            "owner": owner(view, programme, part, contract=contract),
        }


def part_name(view: View, programme: str, part: Part) -> str:
    """Return what a part is called; nothing for the whole."""
    if part.is_whole:
        return ""
    project = projects(view).get((programme, part.column, part.code))
    if project is not None:
        return view.words.pick(project, "title")
    titles = view.published.label_titles(view.words.declared)
    return titles.get((programme, part.column, part.code), part.code)


# ---- the table -------------------------------------------------------------------------------------------------------


def owed_block(view: View, rows: Sequence[Record], title: str, name: str = "owed") -> Block:
    """Return what is owed as a table, what was missed apart from what is missing."""
    ordered = sorted(rows, key=lambda row: OWED.index(row["owed"]))
    listed = [_owed_row(view, row) for row in ordered]
    table = Table(columns_of(view, COLUMNS), listed, file_columns(["part"]), group=lambda row: row["group"])
    return Block(name, title, table, lead=view.words("owed.lead"))


def _owed_row(view: View, row: Row) -> Record:
    return {
        "group": view.words(f"owed.{row['owed']}"),
        "title": row["title"],
        "part": str(row["part"]),
        "of": part_name(view, row["programme"], row["part"]),
        "project": projects(view).get((row["programme"], row["part"].column, row["part"].code)),
        "owner": row["owner"].said(view),
        "whose": row["owner"],
        "due": row["due"].isoformat(),
        "days": (view.today - row["due"]).days,
        "count": row["count"],
    }


def _what(view: View, row: Row) -> Node:
    of = project_link(view, row["project"], row["of"]) if row["project"] else row["of"]
    return [row["title"], h("small", of) if of else None]


def _whose(view: View, row: Row) -> Node:
    whose: Owner = row["whose"]
    return whose.shown(view)


def _due(view: View, row: Row) -> str:
    return view.words.date(row["due"])


def _days(view: View, row: Row) -> str:
    return view.words("monitoring.days", count=row["days"])


COLUMNS = (
    ColumnSpec("title", "owed.what", _what),
    ColumnSpec("owner", "owner.title", _whose),
    ColumnSpec("due", "monitoring.day", _due),
    ColumnSpec("days", "monitoring.since", _days, numeric=True, unit="d"),
    ColumnSpec("count", "owed.count", numeric=True),
)
