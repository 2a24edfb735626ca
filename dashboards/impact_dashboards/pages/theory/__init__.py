"""Theory of change: what is meant to lead to what, with the state of every step."""

from impact_dashboards.pages.theory.page import PAGE

__all__ = ["PAGE"]
