"""The pages, in the order of the menu; each is a function from a view to a page."""

from __future__ import annotations

from collections.abc import Callable

from impact_dashboards.page.view import PageContent, View
from impact_dashboards.pages.claims import claims
from impact_dashboards.pages.explore import explore
from impact_dashboards.pages.export import export
from impact_dashboards.pages.indicator.page import indicator
from impact_dashboards.pages.monitoring.page import monitoring
from impact_dashboards.pages.network.page import network
from impact_dashboards.pages.portfolio import portfolio
from impact_dashboards.pages.territory.page import territory
from impact_dashboards.pages.theory.page import theory

PAGES: dict[str, Callable[[View], PageContent]] = {
    "portfolio": portfolio,
    "theory": theory,
    "indicator": indicator,
    "network": network,
    "territory": territory,
    "monitoring": monitoring,
    "claims": claims,
    "explore": explore,
    "export": export,
}
