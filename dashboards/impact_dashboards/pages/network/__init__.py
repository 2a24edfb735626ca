"""Network: bodies and ties before and after, with every measure."""

from impact_dashboards.pages.network.page import PAGE

__all__ = ["PAGE"]
