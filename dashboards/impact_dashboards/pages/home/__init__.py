"""Home: what was promised, what was caused, what is unknown; then what needs a decision."""

from impact_dashboards.pages.home.page import PAGE

__all__ = ["PAGE"]
