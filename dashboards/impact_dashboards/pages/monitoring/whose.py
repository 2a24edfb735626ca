"""Who owes what: a row for each body that answers for something, with what was missed apart from what is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from impact.drawing.markup import Node
from impact.publish.rows import Record
from impact_dashboards.page.view import Block, ColumnSpec, Row, Table, View, columns_of, file_columns
from impact_dashboards.parts.owed import OWED
from impact_dashboards.parts.owners import Owner

SHOWN = 30
"""Bodies that the page shows; the file has all."""


def whose_block(view: View, owed: Sequence[Row]) -> Block | None:
    """Return who owes what, those first who are awaited longest; None where nothing is late."""
    if not owed:
        return None
    rows = sorted(_rows(view, owed), key=lambda row: -row["days"])
    table = Table(columns_of(view, COLUMNS), rows, file_columns(["due"]), shown=SHOWN)
    return Block("whose", view.words("owed.title"), table, lead=view.words("owed.lead"))


def _rows(view: View, owed: Sequence[Row]) -> Iterator[Record]:
    by_owner: dict[Owner, list[Row]] = {}
    for row in owed:
        by_owner.setdefault(row["owner"], []).append(row)
    for whose, rows in by_owner.items():
        counts: Counter[str] = Counter()
        for row in rows:
            counts[row["owed"]] += row["count"]
        oldest = min(row["due"] for row in rows)
        yield {name: counts[name] for name in OWED} | {
            "whose": whose,
            "owner": whose.said(view),
            "due": oldest.isoformat(),
            "days": (view.today - oldest).days,
        }


def _whose(view: View, row: Row) -> Node:
    whose: Owner = row["whose"]
    return whose.shown(view)


def _days(view: View, row: Row) -> str:
    return view.words("monitoring.days", count=row["days"])


COLUMNS = (
    ColumnSpec("owner", "owner.title", _whose),
    *(ColumnSpec(name, f"owed.{name}", numeric=True) for name in OWED),
    ColumnSpec("days", "owed.longest", _days, numeric=True, unit="d"),
)
