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
from impact_dashboards.pages.monitoring.first import first_block
from impact_dashboards.pages.monitoring.grid import contracts_block, records_page
from impact_dashboards.pages.monitoring.journeys import journeys_block, process_block
from impact_dashboards.pages.monitoring.phases import phases_block
from impact_dashboards.pages.monitoring.quality import age_state, answers_block, file_rows, files_block, response_block
from impact_dashboards.pages.monitoring.quarantine import counts_block, quarantine_page
from impact_dashboards.pages.monitoring.reports import reports_block
from impact_dashboards.pages.monitoring.whose import whose_block
from impact_dashboards.parts.findings import STALE
from impact_dashboards.parts.owed import MISSING_REPORT, OWED, owed_rows
from impact_dashboards.parts.planned import deliveries_block, delivery_rows

ROW_PAGES = {"quarantine": quarantine_page, "records": records_page}


def page(view: View) -> PageContent:
    """Return the page of a programme, or of its rows."""
    name = view.at(1)
    if not name:
        return _overview(view)
    if name not in ROW_PAGES:
        raise UsageError(view.words("monitoring.no_part", part=name))
    return ROW_PAGES[name](view)


def _overview(view: View) -> PageContent:
    planned, files = delivery_rows(view), file_rows(view)
    due, owed = due_rows(view), owed_rows(view, view.programme)
    of_time = [whose_block(view, owed), first_block(view), reports_block(view)]
    of_plan = [deliveries_block(view, planned), phases_block(view), due_block(view, due)]
    of_rows = [files_block(view, files), response_block(view), answers_block(view), counts_block(view)]
    of_process = [contracts_block(view), journeys_block(view), process_block(view)]
    blocks = [block for block in (*of_time, *of_plan, *of_rows, *of_process) if block is not None]
    synthetic = any(row["kind"] == "synthetic" for row in files)
    lead = headline(view, planned, owed, files)
    return PageContent(view.words("menu.monitoring"), blocks, lead=lead, synthetic=synthetic)


def headline(view: View, planned: Sequence[Row], owed: Sequence[Row], files: Sequence[Row]) -> Node:
    """Return the sentence: what was missed, what is missing, what lies behind its plan, what is not loaded again."""
    counts = {
        **{name: sum(row["count"] for row in owed if row["owed"] == name) for name in OWED},
        "behind": sum(row["state"] == "bad" for row in planned),
        "stale": sum(age_state(row["days"]) == "bad" for row in files),
    }
    if not any(counts.values()):
        return view.words("monitoring.head_quiet", days=STALE)
    clauses = [*_alarms(view, counts), *_quiet(view, counts)]
    pieces = [piece for clause in clauses for piece in ("; ", clause)][1:]
    return [*pieces, view.words("monitoring.head_end", days=STALE)]


def _alarms(view: View, counts: dict[str, int]) -> list[Node]:
    alarms = {name: count for name, count in counts.items() if count}
    return [h("strong", view.words(f"monitoring.head_{name}", count=count)) for name, count in alarms.items()]


def _quiet(view: View, counts: dict[str, int]) -> list[Node]:
    """Say what is in order; of reports nothing, as they may be owed by nobody."""
    quiet = [name for name, count in counts.items() if not count and name != MISSING_REPORT]
    return [view.words(f"monitoring.head_no_{name}") for name in quiet]


PAGE = Page(
    name="monitoring",
    title="menu.monitoring",
    build=page,
    roles=EVERY_ROLE,
    chapter=Chapter(block=without("records", "quarantine"), body=("first", "due")),
    has_content=any_programme,
    examples=(
        "monitoring/wecare",
        "monitoring/talents4coop",
    ),
)
