"""The pages, in the order of the menus: each a module or a folder, whose ``PAGE`` says all there is to know of it."""

from __future__ import annotations

from impact_dashboards.page.descriptor import Page
from impact_dashboards.pages import (
    catalogue,
    claims,
    compare,
    definition,
    explore,
    export,
    framework,
    home,
    indicator,
    monitoring,
    network,
    portfolio,
    project,
    territory,
    theory,
    value,
    verdict,
)

MENU = (
    home,
    portfolio,
    verdict,
    theory,
    indicator,
    network,
    territory,
    value,
    monitoring,
    claims,
    explore,
    export,
)
"""The menu above every page."""
FOOT = (project, compare, framework, catalogue, definition)
"""The menu below every page: projects, what programmes share, and what readers of files come for."""
PAGES: dict[str, Page] = {module.PAGE.name: module.PAGE for module in (*MENU, *FOOT)}
HOME = MENU[0].PAGE
"""Where the app opens."""
