"""Monitoring: what is due, how good the rows are, and the rows themselves."""

from impact_dashboards.pages.monitoring.page import PAGE

__all__ = ["PAGE"]
