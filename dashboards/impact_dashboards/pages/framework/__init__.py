"""Frameworks: every programme beside every indicator that is shared, and what each says to a checklist."""

from impact_dashboards.pages.framework.page import PAGE

__all__ = ["PAGE"]
