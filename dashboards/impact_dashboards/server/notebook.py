"""Figures of findings for notebooks: those of the app's pages, of the numbers that readers see."""

from __future__ import annotations

import plotly.graph_objects as go

from impact.errors import UsageError
from impact.publish.published import ReaderTables
from impact.store.warehouse import Warehouse
from impact.tables.part import read_finding
from impact.words.languages import Language
from impact_dashboards.page.address import Address
from impact_dashboards.page.view import View
from impact_dashboards.pages import PAGES
from impact_dashboards.server.app import today

DRAWN = "waves"
"""The block of the page of an indicator that draws promise and value."""


def finding_figure(warehouse: Warehouse, finding: str, language: Language) -> go.Figure:
    """Return the figure of a finding: baseline, promise, values with their intervals, comparison.

    Parameters
    ----------
    warehouse
        A database with published findings.
    finding
        Its name, such as ``nsw/earnings`` or ``wecare/who5/project_id=draios``.
    language
        Of its texts and numbers.

    Raises
    ------
    UsageError
        If there is no such finding, or nothing of it can be drawn.
    """
    programme, indicator, part = read_finding(finding)
    query = (("part", str(part)),) if str(part) else ()
    address = Address(language, "indicator", (programme, indicator), query)
    published = ReaderTables(warehouse)
    if finding not in set(published.findings(programme)["finding"]):
        raise UsageError(f"there is no finding '{finding}'; `impact findings --all` lists them")
    block = PAGES["indicator"].content(View(published, published.words(language), address, today())).block(DRAWN)
    if block is None or block.figure is None:
        raise UsageError(f"nothing of '{finding}' can be drawn: it has no value, or it is suppressed")
    return block.figure
