"""Territory: its parts on a map and in order, series, needs against supply."""

from impact_dashboards.pages.territory.page import PAGE

__all__ = ["PAGE"]
