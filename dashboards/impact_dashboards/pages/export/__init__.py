"""Export: what a statistics office takes away."""

from impact_dashboards.pages.export.page import PAGE

__all__ = ["PAGE"]
