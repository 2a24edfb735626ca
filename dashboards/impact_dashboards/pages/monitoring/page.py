"""Monitoring: what is late and what is stale, how good the rows are, and the rows themselves. The page of coordinators.

``/monitoring/<programme>`` is the overview, ``…/quarantine`` the rows set aside, ``…/records/<contract>`` the others.
"""

from __future__ import annotations

from collections.abc import Sequence

from impact.drawing.markup import Node, h
from impact.errors import UsageError
from impact.publish.scope import EVERY_ROLE
from impact_dashboards.page.descriptor import Chapter, Page, any_programme, without
from impact_dashboards.page.view import PageContent, Row, View
from impact_dashboards.pages.monitoring.due import due_block, due_rows
from impact_dashboards.pages.monitoring.grid import contracts_block, records_page
from impact_dashboards.pages.monitoring.journeys import journeys_block, process_block
from impact_dashboards.pages.monitoring.phases import phases_block
from impact_dashboards.pages.monitoring.planned import deliveries_block, delivery_rows
from impact_dashboards.pages.monitoring.quality import age_state, answers_block, file_rows, files_block, response_block
from impact_dashboards.pages.monitoring.quarantine import counts_block, quarantine_page
from impact_dashboards.parts.findings import STALE

PARTS = {"quarantine": quarantine_page, "records": records_page}


def page(view: View) -> PageContent:
    """Return the page of a programme, or of its rows."""
    part = view.at(1)
    if part:
        if part not in PARTS:
            raise UsageError(view.words("monitoring.no_part", part=part))
        return PARTS[part](view)
    return _overview(view)


def _overview(view: View) -> PageContent:
    planned, due, files = delivery_rows(view), due_rows(view), file_rows(view)
    blocks = [
        deliveries_block(view, planned),
        phases_block(view),
        due_block(view, due),
        files_block(view, files),
        response_block(view),
        answers_block(view),
        counts_block(view),
        contracts_block(view),
        journeys_block(view),
        process_block(view),
    ]
    return PageContent(
        view.words("menu.monitoring"),
        [block for block in blocks if block is not None],
        lead=headline(view, planned, due, files),
        synthetic=any(row["kind"] == "synthetic" for row in files),
    )


def headline(view: View, planned: Sequence[Row], due: Sequence[Row], files: Sequence[Row]) -> Node:
    """Return the sentence: what is late, what lies behind its plan, what nobody has loaded again."""
    words = view.words
    late = sum(row["state"] == "late" for row in due)
    behind = sum(row["state"] == "bad" for row in planned)
    stale = sum(age_state(row["days"]) == "bad" for row in files)
    counts = [("late", late), ("behind", behind), ("stale", stale)]
    if not any(count for _, count in counts):
        return words("monitoring.head_quiet", days=STALE)
    told = [h("strong", words(f"monitoring.head_{name}", count=count)) for name, count in counts if count]
    quiet = [words(f"monitoring.head_no_{name}") for name, count in counts if not count]
    parts = [part for piece in [*told, *quiet] for part in ("; ", piece)][1:]
    return [*parts, words("monitoring.head_end", days=STALE)]


PAGE = Page(
    name="monitoring",
    title="menu.monitoring",
    build=page,
    roles=EVERY_ROLE,
    chapter=Chapter(without("records", "quarantine")),
    has_content=any_programme,
    examples=(
        "monitoring/wecare",
        "monitoring/talents4coop",
    ),
)
