"""Project: everything that is published of one project."""

from impact_dashboards.pages.project.page import PAGE

__all__ = ["PAGE"]
