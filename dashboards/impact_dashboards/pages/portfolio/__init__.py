"""Portfolio: all programmes beside one another, a row per finding."""

from impact_dashboards.pages.portfolio.page import PAGE

__all__ = ["PAGE"]
